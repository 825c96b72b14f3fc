//! One connection of either engine, its clock, and the macro that writes a query once for both.

use chrono::{DateTime, SubsecRound, Utc};

use crate::error::Result;

/// A borrowed connection of either kind: what every query takes.
pub enum Conn<'a> {
    Pg(&'a mut diesel::PgConnection),
    Sqlite(&'a mut diesel::SqliteConnection),
}

/// Which database is behind a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    Postgres,
    Sqlite,
}

impl Conn<'_> {
    /// The same connection for a shorter time.
    pub fn reborrow(&mut self) -> Conn<'_> {
        match self {
            Conn::Pg(c) => Conn::Pg(c),
            Conn::Sqlite(c) => Conn::Sqlite(c),
        }
    }
    pub fn engine(&self) -> Engine {
        match self {
            Conn::Pg(_) => Engine::Postgres,
            Conn::Sqlite(_) => Engine::Sqlite,
        }
    }
}

/// The time by the clock that all replicas share: that of the database server. A SQLite file belongs to one machine, whose
/// clock is ours.
pub fn now(db: &mut Conn) -> Result<DateTime<Utc>> {
    match db.engine() {
        Engine::Sqlite => Ok(Utc::now().trunc_subsecs(6)),
        Engine::Postgres => {
            let read = crate::sql!(postgres: "SELECT clock_timestamp()").first::<(DateTime<Utc>,)>(db)?;
            read.map(|r| r.0).ok_or_else(|| crate::Error::Broken("the database told no time".into()))
        }
    }
}

/// Expands one Diesel expression for each concrete connection, or takes two where the engines must differ:
/// `on!(conn, |c| query.load(c))`, `on!(conn, pg |c| …, sqlite |c| …)`.
#[macro_export]
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::Conn::Pg($c) => {
                let $c: &mut diesel::PgConnection = $c;
                $body
            }
            $crate::Conn::Sqlite($c) => {
                let $c: &mut diesel::SqliteConnection = $c;
                $body
            }
        }
    };
    ($conn:expr, pg |$p:ident| $pg:expr, sqlite |$s:ident| $sq:expr) => {
        match $conn {
            $crate::Conn::Pg($p) => {
                let $p: &mut diesel::PgConnection = $p;
                $pg
            }
            $crate::Conn::Sqlite($s) => {
                let $s: &mut diesel::SqliteConnection = $s;
                $sq
            }
        }
    };
}

/// The first day of the month of a day, in the words of the engine.
pub fn month_of(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => format!("substr({column}, 1, 7) || '-01'"),
        Engine::Postgres => format!("CAST(date_trunc('month', {column}) AS DATE)"),
    }
}
