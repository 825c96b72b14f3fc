//! Failed log-ins and the places that users logged in from. Only hashes are kept, and not for long.

use chrono::{DateTime, Utc};

use crate::{Conn, Result, sql};

/// How often one source has failed, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    pub failures: i64,
    pub last: DateTime<Utc>,
}

/// What is known of a source.
pub fn failures(db: &mut Conn, source: &[u8]) -> Result<Option<Failures>> {
    let found = sql!("SELECT failures, last_at FROM login_failures WHERE source = {}", source.to_vec());
    Ok(found.first::<(i64, DateTime<Utc>)>(db)?.map(|(failures, last)| Failures { failures, last }))
}

/// Counts one failure more; one that comes after the last was forgotten (`before`) is the first again.
pub fn fail(db: &mut Conn, source: &[u8], now: DateTime<Utc>, before: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO login_failures (source, failures, last_at) VALUES ({}, 1, {}) ON CONFLICT (source) DO UPDATE SET \
         failures = CASE WHEN login_failures.last_at <= {} THEN 1 ELSE login_failures.failures + 1 END, last_at = excluded.last_at",
        source.to_vec(),
        now,
        before
    )
    .execute(db)?;
    Ok(())
}

/// When somebody logged in from this place last.
pub fn place(db: &mut Conn, place: &[u8]) -> Result<Option<DateTime<Utc>>> {
    let found = sql!("SELECT last_at FROM login_places WHERE place = {}", place.to_vec());
    Ok(found.first::<(DateTime<Utc>,)>(db)?.map(|r| r.0))
}

/// Remembers a place.
pub fn keep_place(db: &mut Conn, place: &[u8], now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO login_places (place, last_at) VALUES ({}, {}) ON CONFLICT (place) DO UPDATE SET last_at = excluded.last_at",
        place.to_vec(),
        now
    )
    .execute(db)?;
    Ok(())
}

/// Forgets the oldest failures and places before these moments, a batch of each; how many.
pub fn forget(db: &mut Conn, failures: DateTime<Utc>, places: DateTime<Utc>, batch: i64) -> Result<usize> {
    let old = sql!("SELECT source FROM login_failures WHERE last_at < {} ORDER BY last_at LIMIT {}", failures, batch);
    let gone = sql!("DELETE FROM login_failures WHERE source IN ({}) AND last_at < {}", old, failures).execute(db)?;
    let old = sql!("SELECT place FROM login_places WHERE last_at < {} ORDER BY last_at LIMIT {}", places, batch);
    Ok(gone + sql!("DELETE FROM login_places WHERE place IN ({}) AND last_at < {}", old, places).execute(db)?)
}
