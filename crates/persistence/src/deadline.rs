//! Until when the work of this thread is worth anything. PostgreSQL ends a statement by itself. Diesel offers no way to
//! interrupt one of SQLite (its `on_progress` is not released yet), so there the time is looked at before each statement,
//! while rows are read, and for each row that a list examines: its condition asks the function `in_time()`, which fails
//! when the time is over.

use std::cell::Cell;
use std::time::{Duration, Instant};

use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Bool;
use diesel::sqlite::{Sqlite, SqliteConnection};

use crate::error::{Error, LATE};
use crate::watch::{self, Failed};

thread_local! {
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

/// Runs `f` on this thread with a deadline: statements after it fail with a time-out, and long ones are ended where the
/// engine can. `None` lifts the one that holds.
pub fn within<T>(deadline: Option<Instant>, f: impl FnOnce() -> T) -> T {
    let _outer = Restore(DEADLINE.replace(deadline));
    f()
}

/// Puts the deadline back that held before, also after a panic.
struct Restore(Option<Instant>);

impl Drop for Restore {
    fn drop(&mut self) {
        DEADLINE.set(self.0);
    }
}

/// How long there is still time; `None` when there is no deadline.
pub(crate) fn left() -> Option<Duration> {
    DEADLINE.get().map(|d| d.saturating_duration_since(Instant::now()))
}

fn is_over() -> bool {
    DEADLINE.get().is_some_and(|d| Instant::now() >= d)
}

/// Whether the time is over, looked at now and then.
pub(crate) fn is_over_at_a_row() -> bool {
    let asked = ASKED.get().wrapping_add(1);
    ASKED.set(asked);
    asked.is_multiple_of(64) && is_over()
}

/// Refuses a statement that comes too late. Whoever swallows that has his transaction refused.
pub(crate) fn check() -> Result<(), Error> {
    if !is_over() {
        return Ok(());
    }
    watch::set(Failed::Other);
    Err(Error::Timeout(LATE.into()))
}

/// The answer of `in_time()`: true, or a failure.
#[derive(Debug)]
struct InTime;

impl ToSql<Bool, Sqlite> for InTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> diesel::serialize::Result {
        if is_over_at_a_row() {
            return Err(LATE.into());
        }
        out.set_value(1_i32);
        Ok(IsNull::No)
    }
}

/// Makes `in_time()` and the functions of the domain known to a connection.
pub(crate) fn register_functions(conn: &mut SqliteConnection) -> diesel::QueryResult<()> {
    conn.register_noarg_sql_function::<Bool, _, _>("in_time", false, || InTime)?;
    crate::functions::register(conn)
}
