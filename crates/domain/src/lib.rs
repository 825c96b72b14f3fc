//! What is true of the business: types, rules and facts. No input or output, no Diesel, no HTTP, no clock;
//! a rule takes what it needs as arguments and answers with a value or a [`Problem`].

pub mod accounting;
pub mod banking;
pub mod crm;
pub mod directory;
pub mod entity;
pub mod event;
pub mod fact_text;
pub mod facts;
pub mod identity;
pub mod ids;
pub mod insight;
pub mod inventory;
pub mod kernel;
pub mod marketing;
pub mod platform;
pub mod receivables;
pub mod sales;
pub mod service;
pub mod tax;

pub use entity::{Archivable, Entity};
pub use event::Event;
pub use kernel::{Code, FieldError, Problem, Result};
