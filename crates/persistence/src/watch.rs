//! What happened to the statements of the transaction that runs on this thread. The code above a transaction may turn an
//! error into something else or swallow it; whether to repeat, commit or give up is judged by what the database said.

use std::cell::Cell;
use std::time::{Duration, Instant};

use diesel::connection::{DebugQuery, InstrumentationEvent};
use diesel::result::Error as DieselError;

use crate::error::Error;

/// A statement that takes longer is named in the log.
const SLOW: Duration = Duration::from_secs(1);

/// How the last statement that failed has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// None did.
    No,
    /// A deadlock or a serialization failure: the same work may succeed when repeated.
    Conflict,
    /// The connection is gone.
    Lost,
    /// Another error.
    Other,
}

/// Diesel keeps every statement it has prepared, by its text, and callers choose the texts of lists (filters, order); a
/// connection that has so many begins anew.
const STATEMENTS: u32 = 500;

thread_local! {
    static FULL: Cell<bool> = const { Cell::new(false) };
    static FAILED: Cell<Failed> = const { Cell::new(Failed::No) };
    static STARTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Writes down which statements run on a thread, in debug builds: how many an operation takes is held by tests.
#[cfg(debug_assertions)]
mod recording {
    use std::cell::RefCell;

    thread_local! {
        static TEXTS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
    }

    /// What `f` answers, and the statements that it ran on this thread, without their values.
    pub fn record_statements<T>(f: impl FnOnce() -> T) -> (T, Vec<String>) {
        let outer = TEXTS.replace(Some(Vec::new()));
        let done = f();
        (done, TEXTS.replace(outer).unwrap_or_default())
    }

    pub(super) fn note(text: impl FnOnce() -> String) {
        TEXTS.with_borrow_mut(|texts| {
            if let Some(texts) = texts {
                texts.push(text());
            }
        });
    }
}

#[cfg(debug_assertions)]
pub use recording::record_statements;

/// The state of this thread's transaction.
pub(crate) fn failed() -> Failed {
    FAILED.get()
}

/// Sets the state: at the beginning of a transaction, and when a savepoint was rolled back.
pub(crate) fn set(state: Failed) {
    FAILED.set(state);
}

/// Puts the state back when it is dropped: a transaction may run inside another one on the same thread, on a connection
/// of its own.
pub(crate) struct Restore(Failed);

pub(crate) fn restore() -> Restore {
    Restore(failed())
}

impl Drop for Restore {
    fn drop(&mut self) {
        set(self.0);
    }
}

/// What a connection is given to hear its statements with.
pub(crate) fn instrumentation() -> impl FnMut(InstrumentationEvent<'_>) + Send + 'static {
    let mut kept = 0;
    move |event| {
        if let InstrumentationEvent::CacheQuery { .. } = event {
            kept += 1;
            if kept >= STATEMENTS {
                kept = 0;
                FULL.set(true);
            }
        }
        on_event(event);
    }
}

/// Whether the connection that was used last on this thread keeps too many statements. Says it once.
pub(crate) fn take_full() -> bool {
    FULL.take()
}

fn on_event(event: InstrumentationEvent<'_>) {
    match event {
        InstrumentationEvent::StartQuery { .. } => STARTED.set(Some(Instant::now())),
        InstrumentationEvent::FinishQuery { query, error, .. } => {
            #[cfg(debug_assertions)]
            recording::note(|| text(query));
            if let Some(e) = error {
                FAILED.set(of(e));
            }
            if let Some(took) = STARTED.take().map(|t| t.elapsed()).filter(|t| *t > SLOW) {
                log::warn!("slow statement, {} ms: {}", took.as_millis(), text(query));
            }
        }
        _ => {}
    }
}

/// What an error means for the transaction.
pub(crate) fn of(e: &DieselError) -> Failed {
    use diesel::result::DatabaseErrorKind as Kind;
    match e {
        DieselError::DatabaseError(Kind::SerializationFailure, _) => Failed::Conflict,
        DieselError::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, _) => Failed::Lost,
        DieselError::BrokenTransactionManager => Failed::Lost,
        DieselError::DatabaseError(Kind::Unknown, info) => {
            let text = info.message();
            match () {
                _ if DEADLOCK.iter().any(|words| text.contains(words)) => Failed::Conflict,
                _ if text.contains("server closed the connection") || text.contains("terminating connection") => Failed::Lost,
                _ => Failed::Other,
            }
        }
        _ => Failed::Other,
    }
}

/// Diesel has no code for SQLSTATE 40P01, and the words depend on the language of the server.
const DEADLOCK: &[&str] = &["deadlock", "Deadlock", "Verklemmung", "Bloquage mortel", "взаимоблокировка", "デッドロック", "死锁", "교착"];

/// The statement without the values bound to it, which may be personal.
fn text(query: &dyn DebugQuery) -> String {
    let text = query.to_string();
    text.split("-- binds").next().unwrap_or_default().trim().to_string()
}

/// The error that tells the caller to come again.
pub(crate) fn exhausted(tries: u32) -> Error {
    Error::Unavailable(format!("other transactions were in the way {tries} times"))
}

/// A job kept its work although a statement failed outside of a savepoint. PostgreSQL would answer the COMMIT with a
/// silent rollback, SQLite would keep the rest; both are refused alike.
pub(crate) fn swallowed() -> Error {
    Error::Broken("a statement failed and its job went on; use a savepoint".into())
}
