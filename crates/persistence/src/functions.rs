//! Functions that SQL calls on both engines. On SQLite they are those of the domain, made known to each connection; on
//! PostgreSQL they are made by a migration and say the same, which a test compares; spans of the calendar are its own there.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::directory::address_keys::hash_of;
use domain::kernel::text;

use crate::aggregate;

diesel::define_sql_function! {
    /// The form in which texts are searched.
    fn fold(given: Nullable<Text>) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// SHA-256 of an address and its kind, in hexadecimal.
    fn address_hash(given: Nullable<Text>) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// The first day of the span of the calendar that a day is in.
    fn period_of(day: Nullable<Text>, interval: Text) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// The first day of the span of the calendar that an instant is in, in a time zone.
    fn period_at(at: Nullable<BigInt>, zone: Text, interval: Text) -> Nullable<Text>;
}

/// Makes the functions known to a connection.
pub(crate) fn register(conn: &mut SqliteConnection) -> diesel::QueryResult<()> {
    fold_utils::register_impl(conn, |given: Option<String>| given.map(|t| text::fold(&t)))?;
    address_hash_utils::register_impl(conn, |given: Option<String>| given.map(|t| hash_of(&t)))?;
    period_of_utils::register_impl(conn, |day: Option<String>, interval: String| day.and_then(|d| aggregate::period_of(&d, &interval)))?;
    period_at_utils::register_impl(conn, |at: Option<i64>, zone: String, interval: String| {
        at.and_then(|at| aggregate::period_at(at, &zone, &interval))
    })
}
