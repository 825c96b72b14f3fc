//! Rows of suppressed addresses.

use std::collections::HashSet;

use domain::kernel::{Id, Word};
use domain::marketing::suppressions::Suppression;

use crate::value::Scalar;
use crate::{Conn, Result, list, record, sql};

record! {
    suppressions: Suppression {
        id: uid, channel: word, address: text, reason: word, note: opt(text), version: int, created_at: instant, updated_at: instant,
    }
}

/// Suppresses an address, unless it is; whether it was not.
pub fn add(db: &mut Conn, row: &Suppression) -> Result<bool> {
    let inserted = sql!(
        "INSERT INTO suppressions (id, channel, address, reason, note, version, created_at, updated_at) \
         VALUES ({}, {}, {}, {}, {}, {}, {}, {}) \
         ON CONFLICT (channel, address) DO NOTHING",
        row.id.uuid(),
        row.channel.as_str(),
        &row.address,
        row.reason.as_str(),
        row.note.clone(),
        row.version,
        row.created_at,
        row.updated_at
    );
    Ok(inserted.execute(db)? == 1)
}

/// Those of these addresses that are suppressed.
pub fn among(db: &mut Conn, channel: &str, addresses: &[String]) -> Result<HashSet<String>> {
    let found = sql!("SELECT address FROM suppressions WHERE channel = {} AND address IN ({})", channel.to_string().put(), list(addresses));
    Ok(found.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}
