//! What the database may answer instead of rows, in words that do not depend on the engine. SQL text never leaves here.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use domain::kernel::{Code, Failure, Problem, problems};

/// Why a statement failed.
#[derive(Debug)]
pub enum Error {
    /// A unique index refused the row; the name of the constraint or of the columns.
    Unique(String),
    /// A reference leads to nothing, or something still refers to the row.
    ForeignKey(String),
    /// A check, a trigger or a NOT NULL refused the row: the database guards the books itself.
    Guard(String),
    /// A number does not fit its column.
    OutOfRange,
    /// Another transaction was in the way; the same work may succeed when repeated.
    Retry(String),
    /// A time limit of the statement, of a lock or of the whole request ran out.
    Timeout(String),
    /// The database cannot be reached, or is too busy to take the work.
    Unavailable(String),
    /// Everything else: a fault of ours.
    Broken(String),
}

/// The answer of every query.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The same work may be repeated; answered as `unavailable` when repeating did not help.
pub const RETRY: Code = Code::new(Failure::Unavailable, "unavailable", "The database was too busy with the same records.");

/// Errors that know whether the transaction may be repeated.
pub trait Retryable {
    fn may_retry(&self) -> bool;
}

impl Retryable for Error {
    fn may_retry(&self) -> bool {
        matches!(self, Error::Retry(_))
    }
}

impl Retryable for Problem {
    fn may_retry(&self) -> bool {
        self.code() == RETRY
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Unique(what) => write!(f, "not unique: {what}"),
            Error::ForeignKey(what) => write!(f, "reference: {what}"),
            Error::Guard(what) => write!(f, "refused by the database: {what}"),
            Error::OutOfRange => f.write_str("number out of range"),
            Error::Retry(what) => write!(f, "conflict: {what}"),
            Error::Timeout(what) => write!(f, "time-out: {what}"),
            Error::Unavailable(what) => write!(f, "unavailable: {what}"),
            Error::Broken(what) => write!(f, "database: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<DieselError> for Error {
    fn from(e: DieselError) -> Self {
        match e {
            DieselError::DatabaseError(kind, info) => {
                let text = info.message().to_string();
                // without the name of its table a constraint is named as its columns are
                let plain = |name: &str| match info.table_name().and_then(|t| name.strip_prefix(t)) {
                    Some(rest) => rest.trim_start_matches('_').to_string(),
                    None => name.to_string(),
                };
                let name = info.constraint_name().map(plain);
                match kind {
                    DatabaseErrorKind::UniqueViolation => Error::Unique(name.unwrap_or(text)),
                    DatabaseErrorKind::ForeignKeyViolation => Error::ForeignKey(name.unwrap_or(text)),
                    DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => Error::Guard(name.unwrap_or(text)),
                    DatabaseErrorKind::SerializationFailure => Error::Retry(text),
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Error::Unavailable(text),
                    _ => by_text(text),
                }
            }
            DieselError::SerializationError(e) | DieselError::QueryBuilderError(e) if e.is::<TooLarge>() => Error::OutOfRange,
            DieselError::DeserializationError(e) if e.is::<Late>() => Error::Timeout(e.to_string()),
            DieselError::BrokenTransactionManager => Error::Unavailable("the connection is broken".into()),
            other => Error::Broken(other.to_string()),
        }
    }
}

const CONFLICT: &[&str] = &["deadlock detected", "could not serialize", "database is locked", "database table is locked"];
const TIMEOUT: &[&str] = &["canceling statement due to lock timeout", "canceling statement due to statement timeout", "interrupted"];
/// What our own triggers say begins with this.
const GUARD: &[&str] = &["tandem:"];
/// SQLite turns a sum of whole numbers that overflows into a REAL, which a STRICT table refuses.
const RANGE: &[&str] = &["numeric field overflow", "out of range", "integer overflow", "cannot store REAL value in INTEGER column"];
const AWAY: &[&str] = &[
    "server closed the connection",
    "terminating connection",
    "connection to server",
    "no connection to the server",
    "database or disk is full",
    "No space left",
    "could not extend file",
    "disk I/O error",
    "starting up",
    "shutting down",
    "too many clients",
    "recovery mode",
    "read-only transaction",
];

/// Neither engine gives Diesel a code for these, only words.
fn by_text(text: String) -> Error {
    let says = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if says(CONFLICT) {
        Error::Retry(text)
    } else if says(TIMEOUT) {
        Error::Timeout(text)
    } else if says(GUARD) {
        Error::Guard(text)
    } else if says(RANGE) {
        Error::OutOfRange
    } else if says(AWAY) {
        Error::Unavailable(text)
    } else {
        Error::Broken(text)
    }
}

impl From<Error> for Problem {
    fn from(e: Error) -> Self {
        match e {
            Error::Unique(what) => problems::already_exists.with(format!("There is one with the same {}.", columns_of(&what))),
            Error::ForeignKey(_) => problems::in_use.with("Another record refers to this one, or a reference leads to nothing."),
            Error::Guard(what) => {
                log::error!("the database refused a row: {what}");
                problems::invalid_state.with("The database refused this: it would break a rule of the books.")
            }
            Error::OutOfRange => problems::amount_out_of_range.into(),
            Error::Retry(_) => Problem::from(RETRY).after_seconds(1),
            Error::Timeout(what) => {
                log::warn!("time-out: {what}");
                Problem::from(problems::unavailable).after_seconds(1)
            }
            Error::Unavailable(what) => {
                log::warn!("database unavailable: {what}");
                Problem::from(problems::unavailable).after_seconds(1)
            }
            Error::Broken(what) => {
                log::error!("database: {what}");
                problems::internal.into()
            }
        }
    }
}

/// `email_key` or `UNIQUE constraint failed: parties.email` as words for people.
fn columns_of(constraint: &str) -> String {
    match constraint.split_once("failed: ") {
        Some((_, columns)) => {
            columns.split(", ").map(|c| c.rsplit('.').next().unwrap_or(c)).collect::<Vec<_>>().join(" ").replace('_', " ")
        }
        None => constraint.trim_end_matches("_key").replace('_', " "),
    }
}

/// A number that does not fit its column.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number does not fit its column")
    }
}

impl std::error::Error for TooLarge {}

/// What a statement says that came too late; [`Error::Timeout`] is known by these words.
pub(crate) const LATE: &str = "interrupted: the time for this is over";

/// A row that came too late.
#[derive(Debug)]
pub(crate) struct Late;

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(LATE)
    }
}

impl std::error::Error for Late {}

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
