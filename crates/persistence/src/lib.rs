//! The only crate that knows Diesel and SQL: connections, value types, rows and named queries on SQLite and PostgreSQL.
//! No rule of the business is decided here.

pub mod accounting;
pub mod aggregate;
pub mod banking;
mod beside;
mod commit_signal;
mod companies;
mod conn;
pub mod crm;
mod database;
mod deadline;
pub mod declarations;
pub mod directory;
mod error;
pub mod found;
mod functions;
mod grants;
pub mod identity;
pub mod insight;
pub mod inventory;
pub mod kind;
mod ledger;
mod lock_ranks;
pub mod marketing;
mod migrate;
pub mod personal;
pub mod platform;
mod query;
pub mod receivables;
pub mod record;
pub mod reference;
mod restore;
pub mod revenue;
pub mod sales;
pub mod service;
mod statement;
pub mod statement_log;
pub mod tax;
mod tx;
mod value;
mod watch;
mod writer;

pub use companies::Only;
pub use conn::{Conn, Engine, now};
pub use database::{Database, DatabaseConfig, Load, OpenError};
pub use deadline::within;
pub use error::{Error, RETRY, Result, Retryable};
pub use ledger::Ledger;
pub use migrate::MigrateError;
pub use query::{Compare, Condition, Order, Query, in_time, is_ordered, search_text};
pub use record::Record;
pub use restore::restore;
#[doc(hidden)]
pub use statement::places_for_values;
pub use statement::{Bind, FromCells, List, Statement, Tuple, list, write_together};
pub use tx::{Job, Outcome};
pub use uuid::Uuid;
pub use value::{Cells, Column, Fail, JsonText, Kind, Scalar, Value};
#[cfg(debug_assertions)]
pub use watch::record_statements;
pub use writer::Hook;

/// Re-exported for the macros of this crate.
#[doc(hidden)]
pub mod reexport {
    pub use domain::kernel::Id;
    pub use uuid::Uuid;
}
