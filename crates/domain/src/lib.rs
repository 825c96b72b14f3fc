//! What is true of the business: types, rules and facts. No input or output, no Diesel, no HTTP, no clock;
//! a rule takes what it needs as arguments and answers with a value or a [`Problem`].

pub mod accounting;
pub mod crm;
pub mod directory;
pub mod entity;
pub mod event;
pub mod identity;
pub mod inventory;
pub mod kernel;
pub mod platform;
pub mod sales;

pub use entity::{Archivable, Entity};
pub use event::Event;
pub use kernel::{Code, FieldError, Problem, Result};
