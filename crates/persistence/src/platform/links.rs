//! The document flow: which document came from which.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Conn, Result, sql};

/// Remembers that `to` came from `from`; remembering it twice changes nothing.
pub fn insert(db: &mut Conn, from: &str, to: &str, kind: &str, now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO links (id, from_id, to_id, kind, created_at) VALUES ({}, {}, {}, {}, {}) ON CONFLICT (from_id, to_id, kind) DO NOTHING",
        Uuid::now_v7(),
        from,
        to,
        kind,
        now
    )
    .execute(db)?;
    Ok(())
}

/// The edges that touch one of these documents, as (from, to, kind); at most `limit`.
pub fn around(db: &mut Conn, ids: &[String], limit: i64) -> Result<Vec<(String, String, String)>> {
    sql!(
        "SELECT from_id, to_id, kind FROM links WHERE from_id IN ({}) OR to_id IN ({}) ORDER BY id LIMIT {}",
        crate::list(ids),
        crate::list(ids),
        limit
    )
    .load(db)
}
