//! Values of the deployment that are kept in the database: keys and switches.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{Conn, Result, sql};

pub fn get(db: &mut Conn, id: &str) -> Result<Option<Value>> {
    Ok(sql!("SELECT value FROM settings WHERE id = {}", id).first::<(Value,)>(db)?.map(|r| r.0))
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
