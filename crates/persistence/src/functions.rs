//! Functions that SQL calls on both engines. On SQLite they are those of the domain, made known to each connection; on
//! PostgreSQL they are made by a migration and say the same, which a test compares.

use diesel::sql_types::{Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::directory::address_keys::hash_of;
use domain::kernel::text;

diesel::define_sql_function! {
    /// The form in which texts are searched.
    fn fold(given: Nullable<Text>) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// SHA-256 of an address and its kind, in hexadecimal.
    fn address_hash(given: Nullable<Text>) -> Nullable<Text>;
}

/// Makes the functions known to a connection.
pub(crate) fn register(conn: &mut SqliteConnection) -> diesel::QueryResult<()> {
    fold_utils::register_impl(conn, |given: Option<String>| given.map(|t| text::fold(&t)))?;
    address_hash_utils::register_impl(conn, |given: Option<String>| given.map(|t| hash_of(&t)))
}
