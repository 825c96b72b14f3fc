//! Idempotency keys: claimed first, answered last, in the transaction of the effect itself.

use chrono::{DateTime, Utc};

use crate::personal::{Personal, kept};
use crate::{Conn, Result, sql};

/// What was found under a key.
#[derive(Debug, PartialEq)]
pub enum Claim {
    /// The key is new and now ours.
    New,
    /// An earlier request with the same content has this answer.
    Answered(String),
    /// An earlier request had another content.
    Reused,
    /// An earlier request has not finished.
    Running,
}

/// Claims a key. On PostgreSQL a claim of the same key waits for the other transaction to end, so that equal keys at
/// once have one effect.
pub fn claim(db: &mut Conn, scope: &str, fingerprint: &str, now: DateTime<Utc>) -> Result<Claim> {
    let new = sql!(
        "INSERT INTO idempotency_keys (scope, fingerprint, created_at) VALUES ({}, {}, {}) ON CONFLICT (scope) DO NOTHING",
        scope,
        fingerprint,
        now
    )
    .execute(db)?;
    if new == 1 {
        return Ok(Claim::New);
    }
    let found = sql!("SELECT fingerprint, answer FROM idempotency_keys WHERE scope = {}", scope).first::<(String, Option<String>)>(db)?;
    Ok(match found {
        Some((f, _)) if f != fingerprint => Claim::Reused,
        Some((_, Some(answer))) => Claim::Answered(answer),
        _ => Claim::Running,
    })
}

/// Keeps the answer under a claimed key.
pub fn answer(db: &mut Conn, scope: &str, answer: &str) -> Result<()> {
    sql!("UPDATE idempotency_keys SET answer = {} WHERE scope = {}", answer, scope).execute(db)?;
    Ok(())
}

/// Forgets keys made before a moment, at most `limit`; how many.
pub fn forget(db: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    sql!(
        "DELETE FROM idempotency_keys WHERE scope IN (SELECT scope FROM idempotency_keys WHERE created_at < {} ORDER BY created_at LIMIT {})",
        before,
        limit
    )
    .execute(db)
}

/// What `idempotency_keys` holds of a person.
pub const KEYS: Personal = Personal::owned("idempotency_keys", &[kept("answer")]).plain(&["scope", "fingerprint"]);
