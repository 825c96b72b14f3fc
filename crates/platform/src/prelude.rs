//! The words that every file of operations uses.

pub use domain::kernel::{Amount, Id, Problem, Quantity, Rate, UnitPrice, problems};
pub use domain::{Archivable, Code, Entity, Event, FieldError, Result};
pub use persistence::{Compare, Condition, Conn, Record};

pub use crate::app::App;
pub use crate::caller::Caller;
pub use crate::cx::Cx;
pub use crate::reactions::Reactions;
pub use crate::search::Words;
pub use crate::table::{Figures, Filter, List, NoFilter, Origin, Page, Table};
