//! Rows of suppressed addresses.

use std::collections::HashSet;

use domain::kernel::{Id, StringEnum};
use domain::marketing::consents::ConsentChannel;
use domain::marketing::suppressions::Suppression;

use crate::personal::{Personal, To, by, null};
use crate::{Conn, Result, list, record, sql};

record! {
    suppressions: Suppression {
        id: uid, channel: word, address: opt(text), address_hash: text, reason: word, note: opt(text), version: int, created_at: instant, updated_at: instant,
    }
}

/// Suppresses an address, unless it is; whether it was not.
pub fn add(db: &mut Conn, row: &Suppression) -> Result<bool> {
    let inserted = sql!(
        "INSERT INTO suppressions (id, channel, address, address_hash, reason, note, version, created_at, updated_at) \
         VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}) \
         ON CONFLICT (address_hash, channel) DO NOTHING",
        row.id.uuid(),
        row.channel.as_str(),
        row.address.clone(),
        &row.address_hash,
        row.reason.as_str(),
        row.note.clone(),
        row.version,
        row.created_at,
        row.updated_at
    );
    Ok(inserted.execute(db)? == 1)
}

/// Those of these hashes of addresses that are suppressed on a channel.
pub fn among(db: &mut Conn, channel: ConsentChannel, hashes: &[String]) -> Result<HashSet<String>> {
    let mut out = HashSet::new();
    for chunk in hashes.chunks(500) {
        let found =
            sql!("SELECT address_hash FROM suppressions WHERE channel = {} AND address_hash IN ({})", channel.as_str(), list(chunk));
        out.extend(found.load::<(String,)>(db)?.into_iter().map(|r| r.0));
    }
    Ok(out)
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Suppression>()
    .ways(&[by("address", To::Hash).where_is("address_hash IN ({})")])
    .columns(&[null("address"), null("note")])
    .plain(&["channel", "reason", "address_hash"]);
