//! The only crate that knows Diesel: connections, value types, rows and named queries on SQLite and PostgreSQL.

mod conn;

pub use conn::{Conn, Engine};
