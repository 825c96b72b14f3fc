//! Rows of jobs, and the lease by which one worker has a job for itself.

use chrono::{DateTime, TimeDelta, Utc};
use domain::platform::jobs::{Job, JobProgress};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{Condition, Conn, Engine, Result, Statement, sql};

crate::record! {
    jobs: Job {
        id: uid, kind: text, status: word, input: json, state: json, progress: json, result: opt(json),
        result_url: opt(text), error: opt(json), cancel_requested: bool, owner: text, caller: json, attempts: int,
        lease: opt(text), leased_until: opt(instant), version: int, created_at: instant, updated_at: instant,
        finished_at: opt(instant),
    }
}

/// Jobs of this caller.
pub fn of_owner(owner: &str) -> Condition {
    Condition::Other(sql!("jobs.owner = {}", owner))
}

/// The database's clock, inside a statement.
fn clock(db: &Conn) -> Statement {
    match db.engine() {
        Engine::Postgres => Statement::new("clock_timestamp()"),
        Engine::Sqlite => sql!(sqlite: "{}", Utc::now()),
    }
}

/// The oldest job that waits, or whose worker lost its lease, of these kinds. It stays locked on PostgreSQL, so that
/// two workers never get the same one.
pub fn next(db: &mut Conn, kinds: &[String]) -> Result<Option<Uuid>> {
    let mut statement = sql!(
        "SELECT id FROM jobs WHERE status IN ('queued', 'running') AND (leased_until IS NULL OR leased_until < {}) AND kind IN ({}) ORDER BY id LIMIT 1",
        clock(db),
        crate::list(kinds)
    );
    if db.engine() == Engine::Postgres {
        statement.sql(" FOR NO KEY UPDATE SKIP LOCKED");
    }
    Ok(statement.first::<(Uuid,)>(db)?.map(|r| r.0))
}

/// Whether [`next`] would find one. Takes no lock.
pub fn waiting(db: &mut Conn, kinds: &[String]) -> Result<bool> {
    let found = sql!(
        "SELECT id FROM jobs WHERE status IN ('queued', 'running') AND (leased_until IS NULL OR leased_until < {}) AND kind IN ({}) LIMIT 1",
        clock(db),
        crate::list(kinds)
    );
    Ok(found.first::<(Uuid,)>(db)?.is_some())
}

/// A sign of life: the lease is good for so long from now on, by the database's clock. `None` when the lease is no longer ours,
/// else whether the job shall end.
pub fn renew(db: &mut Conn, id: Uuid, lease: &str, good_for: TimeDelta) -> Result<Option<bool>> {
    let until = crate::now(db)? + good_for;
    let renewed = sql!("UPDATE jobs SET leased_until = {} WHERE id = {} AND lease = {} RETURNING cancel_requested", until, id, lease);
    Ok(renewed.first::<(bool,)>(db)?.map(|r| r.0))
}

/// Notes how far the job is; as [`renew`]. Counts the version, because the resource looks different afterwards.
pub fn note(db: &mut Conn, id: Uuid, lease: &str, progress: JobProgress, state: &Json, good_for: TimeDelta) -> Result<Option<bool>> {
    let now = crate::now(db)?;
    let progress = serde_json::json!(progress);
    let noted = sql!(
        "UPDATE jobs SET progress = {}, state = {}, leased_until = {}, updated_at = {}, version = version + 1 \
         WHERE id = {} AND lease = {} RETURNING cancel_requested",
        progress,
        state.clone(),
        now + good_for,
        now,
        id,
        lease
    );
    Ok(noted.first::<(bool,)>(db)?.map(|r| r.0))
}

/// How many jobs there are of each kind in each state.
pub fn counts(db: &mut Conn) -> Result<Vec<(String, String, i64)>> {
    sql!("SELECT kind, status, COUNT(*) FROM jobs GROUP BY kind, status ORDER BY kind, status").load(db)
}

/// Forgets jobs that ended before a moment, at most `limit`; how many.
pub fn forget(db: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    sql!("DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at < {} ORDER BY finished_at, id LIMIT {})", before, limit)
        .execute(db)
}
