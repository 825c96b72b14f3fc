//! Where transactions begin and end: the only file that says BEGIN, COMMIT, ROLLBACK or SAVEPOINT, through Diesel's
//! transaction manager. What happens inside a transaction is not known here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager as Manager, CacheSize, Connection, SimpleConnection, TransactionManager};
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection};
use diesel::result::Error as DieselError;
use diesel::{PgConnection, SqliteConnection};

use crate::error::{Error, Retryable};
use crate::watch::{self, Failed};
use crate::{Conn, deadline, lock_ranks, on};

pub(crate) type PgPool = Pool<ConnectionManager<PgConnection>>;
pub(crate) type SqlitePool = Pool<ConnectionManager<SqliteConnection>>;
type PgPooled = PooledConnection<ConnectionManager<PgConnection>>;

/// What a job answers, and whether its effects stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Commit, then answer.
    Keep(T),
    /// Roll back, and answer all the same: a dry run, or a rejection whose answer is still returned.
    Discard(T),
}

/// Work for one write transaction. It may be called several times, each time on an untouched database: when another
/// transaction was in the way, when the connection was lost before the commit, when a neighbour spoiled the group.
pub type Job<T, E> = Box<dyn FnMut(&mut Conn<'_>) -> Result<Outcome<T>, E> + Send>;

/// How often a job is repeated after a deadlock or a serialization failure.
const REPEATS: u32 = 5;
/// No repetition begins later than this after the first try.
const PATIENCE: Duration = Duration::from_secs(8);

const SQLITE_READ: &str = "BEGIN DEFERRED";
const SQLITE_WRITE: &str = "BEGIN IMMEDIATE";
const PG_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const PG_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

impl Conn<'_> {
    /// Runs `f` in a savepoint: an error rolls back what `f` did and leaves the rest of the transaction usable.
    pub fn savepoint<T, E: From<Error>>(&mut self, f: impl FnOnce(&mut Conn<'_>) -> Result<T, E>) -> Result<T, E> {
        let before = watch::failed();
        on!(&mut *self, |c| Manager::begin_transaction(c)).map_err(Error::from)?;
        match f(self) {
            Ok(value) => {
                on!(self, |c| Manager::commit_transaction(c)).map_err(Error::from)?;
                Ok(value)
            }
            Err(e) => {
                on!(self, |c| Manager::rollback_transaction(c)).map_err(Error::from)?;
                watch::set(before);
                Err(e)
            }
        }
    }
}

fn begin(conn: &mut Conn<'_>, sql: &str) -> Result<(), DieselError> {
    watch::set(Failed::No);
    lock_ranks::begin();
    on!(conn, |c| Manager::begin_transaction_sql(c, sql))
}

fn commit(conn: &mut Conn<'_>) -> Result<(), DieselError> {
    on!(conn, |c| Manager::commit_transaction(c))
}

/// Ends the transaction without effect. A connection that cannot even do that is marked broken by Diesel and leaves its pool.
fn rollback(conn: &mut Conn<'_>) {
    if let Err(e) = on!(conn, |c| Manager::rollback_transaction(c)) {
        log::warn!("rollback: {e}");
    }
}

fn no_connection(e: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("no connection within the time limit: {e}"))
}

/// A connection with an open transaction. BEGIN shows whether the connection still lives, so a separate ping is not
/// needed; dead ones leave the pool here, all of them if the server was restarted.
fn pg_begin(pool: &PgPool, sql: &str) -> Result<PgPooled, Error> {
    let mut dead = 0;
    loop {
        let mut c = pool.get().map_err(no_connection)?;
        match begin(&mut Conn::Pg(&mut c), sql) {
            Ok(()) => return Ok(c),
            Err(e) if dead <= pool.max_size() && watch::of(&e) == Failed::Lost => dead += 1,
            Err(e) => return Err(e.into()),
        }
    }
}

/// Lets a connection that keeps too many statements forget them, here and in the server. One that cannot leaves its pool.
fn forget_pg(c: &mut PgConnection) {
    if !watch::take_full() {
        return;
    }
    if let Err(e) = c.batch_execute("DEALLOCATE ALL") {
        log::warn!("prepared statements could not be deallocated: {e}");
        Manager::transaction_manager_status_mut(c).set_in_error();
    }
    c.set_prepared_statement_cache_size(CacheSize::Disabled);
    c.set_prepared_statement_cache_size(CacheSize::Unbounded);
}

/// Lets a connection that keeps too many statements forget them.
fn forget(c: &mut SqliteConnection) {
    if watch::take_full() {
        c.set_prepared_statement_cache_size(CacheSize::Disabled);
        c.set_prepared_statement_cache_size(CacheSize::Unbounded);
    }
}

/// One snapshot on PostgreSQL.
pub(crate) fn pg_read<T, E: From<Error>>(pool: &PgPool, usual: Duration, f: impl FnOnce(&mut Conn<'_>) -> Result<T, E>) -> Result<T, E> {
    let _outer = watch::restore();
    let mut c = pg_begin(pool, PG_READ)?;
    if let Some(left) = deadline::left().filter(|left| *left > usual) {
        c.batch_execute(&format!("SET LOCAL statement_timeout = {}", left.as_millis())).map_err(Error::from)?;
    }
    let conn = &mut Conn::Pg(&mut c);
    let answer = f(conn);
    rollback(conn);
    forget_pg(&mut c);
    answer
}

/// One snapshot on SQLite: of the moment of the first statement. A short read that finds all readers busy has a connection
/// of its own to wait for, so that long reports never keep anybody from logging in.
pub(crate) fn sqlite_read<T, E: From<Error>>(
    pool: &SqlitePool,
    reserve: Option<&SqlitePool>,
    f: impl FnOnce(&mut Conn<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let _outer = watch::restore();
    let mut c = match reserve {
        Some(reserve) => pool.try_get().map_or_else(|| reserve.get(), Ok),
        None => pool.get(),
    }
    .map_err(no_connection)?;
    let conn = &mut Conn::Sqlite(&mut c);
    begin(conn, SQLITE_READ).map_err(Error::from)?;
    let answer = f(conn);
    rollback(conn);
    forget(&mut c);
    answer
}

/// How one try of a job ended.
enum Try<T, E> {
    Kept(T),
    Discarded(T),
    Failed(E, Failed),
}

/// A write transaction on PostgreSQL, repeated while others are in the way. `Ok((answer, kept))`.
pub(crate) fn pg_write<T, E: From<Error> + Retryable>(pool: &PgPool, job: &mut Job<T, E>) -> Result<(T, bool), E> {
    let _outer = watch::restore();
    let began = Instant::now();
    let (mut conflicts, mut lost) = (0, 0);
    loop {
        match pg_try(pool, job)? {
            Try::Kept(v) => return Ok((v, true)),
            Try::Discarded(v) => return Ok((v, false)),
            Try::Failed(_, Failed::Conflict) if conflicts < REPEATS && began.elapsed() < PATIENCE => {
                conflicts += 1;
                std::thread::sleep(pause(conflicts));
            }
            Try::Failed(e, Failed::Conflict) if e.may_retry() => return Err(e),
            Try::Failed(_, Failed::Conflict) => return Err(watch::exhausted(conflicts + 1).into()),
            Try::Failed(_, Failed::Lost) if lost == 0 && began.elapsed() < PATIENCE => lost += 1,
            Try::Failed(e, _) => return Err(e),
        }
    }
}

/// Doubles from about 5 ms, with a random part so that two rivals do not meet again.
fn pause(conflicts: u32) -> Duration {
    Duration::from_micros(rand::random_range(1_000..5_000u64 << conflicts.min(6)))
}

fn pg_try<T, E: From<Error> + Retryable>(pool: &PgPool, job: &mut Job<T, E>) -> Result<Try<T, E>, E> {
    let mut c = pg_begin(pool, PG_WRITE)?;
    match catch_unwind(AssertUnwindSafe(|| pg_end(&mut Conn::Pg(&mut c), job))) {
        Ok(tried) => {
            forget_pg(&mut c);
            tried
        }
        Err(panic) => {
            // savepoints may be open; the connection leaves its pool, and the server rolls everything back
            Manager::transaction_manager_status_mut(&mut *c).set_in_error();
            Ok(Try::Failed(Error::Broken(format!("a job panicked: {}", crate::error::panic_message(&*panic))).into(), Failed::Other))
        }
    }
}

/// Runs the job in the open transaction and ends it.
fn pg_end<T, E: From<Error> + Retryable>(conn: &mut Conn<'_>, job: &mut Job<T, E>) -> Result<Try<T, E>, E> {
    match job(conn) {
        Ok(Outcome::Keep(_)) if watch::failed() != Failed::No => {
            let failed = watch::failed();
            rollback(conn);
            Ok(Try::Failed(watch::swallowed().into(), failed))
        }
        Ok(Outcome::Keep(v)) => match commit(conn) {
            Ok(()) => Ok(Try::Kept(v)),
            Err(e) => match watch::of(&e) {
                Failed::Lost => {
                    Err(Error::Unavailable(format!("the connection was lost during the commit, which may have happened: {e}")).into())
                }
                failed => Ok(Try::Failed(Error::from(e).into(), failed)),
            },
        },
        Ok(Outcome::Discard(v)) => {
            rollback(conn);
            Ok(Try::Discarded(v))
        }
        Err(e) => {
            let failed = if e.may_retry() { Failed::Conflict } else { watch::failed() };
            rollback(conn);
            Ok(Try::Failed(e, failed))
        }
    }
}

/// The transaction that a group of SQLite jobs shares.
pub(crate) struct Group<'a> {
    conn: &'a mut SqliteConnection,
}

/// How the savepoint of one job ended.
pub(crate) enum Step {
    /// Its effects are part of the group.
    Kept,
    /// Its effects are gone, the rest of the group is whole.
    Undone,
    /// SQLite gave up the whole transaction (disk full, input or output error); nobody's effects are left.
    Lost(Error),
}

impl<'a> Group<'a> {
    pub(crate) fn begin(conn: &'a mut SqliteConnection) -> Result<Self, Error> {
        begin(&mut Conn::Sqlite(conn), SQLITE_WRITE)?;
        Ok(Self { conn })
    }

    /// Runs a job in a savepoint; `work` says whether its effects stay.
    pub(crate) fn step(&mut self, work: impl FnOnce(&mut Conn<'_>) -> bool) -> Step {
        watch::set(Failed::No);
        lock_ranks::begin();
        if let Err(e) = Manager::begin_transaction(self.conn) {
            return Step::Lost(e.into());
        }
        let keep = work(&mut Conn::Sqlite(self.conn));
        match self.leave(keep) {
            Ok(()) if keep => Step::Kept,
            Ok(()) => Step::Undone,
            Err(e) => Step::Lost(e.into()),
        }
    }

    /// Closes all savepoints above the group's transaction; a panic may have left inner ones open.
    fn leave(&mut self, keep: bool) -> Result<(), DieselError> {
        loop {
            match self.depth()? {
                0 => return Err(DieselError::NotInTransaction),
                1 => return Ok(()),
                2 if keep => Manager::commit_transaction(self.conn)?,
                _ => Manager::rollback_transaction(self.conn)?,
            }
        }
    }

    fn depth(&mut self) -> Result<u32, DieselError> {
        Ok(Manager::transaction_manager_status_mut(self.conn).transaction_depth()?.map_or(0, |d| d.get()))
    }

    /// Makes the group durable. After an error nothing of it is left.
    pub(crate) fn commit(self) -> Result<(), DieselError> {
        let done = Manager::commit_transaction(self.conn);
        forget(self.conn);
        done
    }

    pub(crate) fn rollback(mut self) {
        if self.depth().is_ok_and(|d| d > 0) {
            rollback(&mut Conn::Sqlite(self.conn));
        }
    }
}

/// Runs migrations of SQLite as one transaction that excludes every other process.
pub(crate) fn sqlite_exclusive<T>(
    conn: &mut SqliteConnection,
    f: impl FnOnce(&mut SqliteConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    conn.exclusive_transaction(f)
}
