//! Features of the area `platform`, one file for each noun, and the ground below the API that the area stands on:
//! the database engine, the chain of facts, the migrations. No API reaches those, so they are tested directly.

/// `each_database! { fn this_holds(d) { … } }` makes a test for each engine; `d` is a [`Ground`]: an empty database with
/// the whole schema.
macro_rules! each_database {
    ($($(#[$m:meta])* fn $name:ident($d:ident) $body:block)*) => { $(
        $(#[$m])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            fn story($d: &crate::platform::Ground) $body
            #[test]
            fn sqlite() {
                crate::platform::ground(crate::harness::Engine::Sqlite, story);
            }
            #[test]
            fn postgres() {
                crate::platform::ground(crate::harness::Engine::Postgres, story);
            }
        }
    )* };
}

mod aggregates;
mod attachments;
mod audit_log;
mod budgets;
mod bulk;
mod calendars;
mod chain;
mod command_line;
mod comments;
mod crash;
mod engine;
mod event_stream;
mod events;
mod fact_sizes;
mod faults;
mod files;
mod followers;
mod forms;
mod integrity;
mod jobs;
mod link_keys;
mod migrations;
mod notifications;
mod number_series;
mod online_migrations;
mod record_tags;
mod records;
mod reminders;
mod repetition;
mod saved_views;
mod search;
mod timer_failures;
mod timers;
mod trace;
mod upgrade;
mod watchers;

pub use integrity::{broken, tamper};

use persistence::{Conn, Database, DatabaseConfig, Error, Job, Outcome, Statement};

use crate::harness::{self, Engine};

/// A migrated database without a server.
pub struct Ground {
    pub db: Database,
    pub url: String,
    _place: harness::Database,
}

impl Ground {
    /// A second connection of its own, as another replica has.
    pub fn replica(&self) -> Database {
        Database::open(&DatabaseConfig::new(&self.url)).unwrap()
    }
    /// Runs one statement and keeps it.
    pub fn run(&self, statement: Statement) -> Result<usize, Error> {
        self.db.write(keep(move |c| statement.execute(c)))
    }
}

/// A job that keeps what it does.
pub fn keep<T: Send + 'static>(mut f: impl FnMut(&mut Conn<'_>) -> Result<T, Error> + Send + 'static) -> Job<T, Error> {
    Box::new(move |c| f(c).map(Outcome::Keep))
}

pub fn ground(engine: Engine, story: fn(&Ground)) {
    if !engine.available() {
        return;
    }
    let place = harness::Database::empty(engine);
    let db = Database::open(&DatabaseConfig::new(&place.url)).unwrap();
    db.migrate().unwrap();
    story(&Ground { db, url: place.url.clone(), _place: place });
}
