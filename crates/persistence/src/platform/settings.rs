//! Values of the deployment that are kept in the database: keys and switches.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::{Conn, Engine, Result, sql};

pub fn get(db: &mut Conn, id: &str) -> Result<Option<Value>> {
    Ok(sql!("SELECT value FROM settings WHERE id = {}", id).first::<(Value,)>(db)?.map(|r| r.0))
}

/// As [`get`], locked until the transaction ends.
pub fn get_to_change(db: &mut Conn, id: &str) -> Result<Option<Value>> {
    let mut statement = sql!("SELECT value FROM settings WHERE id = {}", id);
    if db.engine() == Engine::Postgres {
        statement.sql(" FOR NO KEY UPDATE");
    }
    Ok(statement.first::<(Value,)>(db)?.map(|r| r.0))
}

/// Keeps a value unless there is one already; the value that counts.
pub fn get_or_insert(db: &mut Conn, id: &str, value: Value, now: DateTime<Utc>) -> Result<Value> {
    sql!("INSERT INTO settings (id, value, updated_at) VALUES ({}, {}, {}) ON CONFLICT (id) DO NOTHING", id, value.clone(), now)
        .execute(db)?;
    Ok(get(db, id)?.unwrap_or(value))
}

pub fn set(db: &mut Conn, id: &str, value: Value, now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO settings (id, value, updated_at) VALUES ({}, {}, {}) ON CONFLICT (id) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        id,
        value,
        now
    )
    .execute(db)?;
    Ok(())
}

/// When each turn whose id begins so was last taken.
pub fn turns(db: &mut Conn, beginning: &str) -> Result<Vec<(String, DateTime<Utc>)>> {
    sql!("SELECT id, updated_at FROM settings WHERE id LIKE {} ORDER BY id", format!("{beginning}%")).load(db)
}

/// Takes the turn `id` when a period has passed since it was last taken, or the clock was set back since. `None` when it is
/// taken, else the moment from which the period counts. Whoever holds the turn in an open transaction keeps others from
/// taking it; they do not wait.
pub fn claim_turn(db: &mut Conn, id: &str, now: DateTime<Utc>, period: TimeDelta) -> Result<Option<DateTime<Utc>>> {
    let kept = Value::from("turn");
    let first = sql!("INSERT INTO settings (id, value, updated_at) VALUES ({}, {}, {}) ON CONFLICT (id) DO NOTHING", id, kept, now);
    if first.execute(db)? == 1 {
        return Ok(None);
    }
    let mut turn = sql!("SELECT updated_at FROM settings WHERE id = {}", id);
    if db.engine() == Engine::Postgres {
        turn.sql(" FOR NO KEY UPDATE SKIP LOCKED");
    }
    match turn.first::<(DateTime<Utc>,)>(db)? {
        None => Ok(Some(now)), // somebody else is at it
        Some((last,)) if last <= now && last + period > now => Ok(Some(last)),
        Some(_) => {
            sql!("UPDATE settings SET updated_at = {} WHERE id = {}", now, id).execute(db)?;
            Ok(None)
        }
    }
}
