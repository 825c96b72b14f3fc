//! Rows of the keys that sign access tokens, and their private halves.

use chrono::{DateTime, Utc};
use domain::identity::signing_keys::SigningKey;
use domain::ids::SigningKeyId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

crate::record! {
    signing_keys: SigningKey {
        id: uid, version: int, kid: text, public_key: text, signs_from_at: instant, expires_at: opt(instant), created_at: instant,
    }
}

/// The keys that are still believed, the oldest first.
pub fn alive(db: &mut Conn, now: DateTime<Utc>) -> Result<Vec<SigningKey>> {
    let ids = sql!("SELECT id FROM signing_keys WHERE expires_at IS NULL OR expires_at > {} ORDER BY id", now).load::<(Uuid,)>(db)?;
    let ids: Vec<Uuid> = ids.into_iter().map(|r| r.0).collect();
    record::find_all(db, &ids)
}

/// Whether there is a key of this name that is still believed.
pub fn is_alive(db: &mut Conn, kid: &str, now: DateTime<Utc>) -> Result<bool> {
    let found =
        sql!("SELECT id FROM signing_keys WHERE kid = {} AND (expires_at IS NULL OR expires_at > {})", kid, now).first::<(Uuid,)>(db)?;
    Ok(found.is_some())
}

/// The private half of a key: 32 bytes.
pub fn seed(db: &mut Conn, key: SigningKeyId) -> Result<Option<Vec<u8>>> {
    Ok(sql!("SELECT seed FROM signing_key_secrets WHERE id = {}", key.uuid()).first::<(Vec<u8>,)>(db)?.map(|r| r.0))
}

/// Keeps the private half of a key.
pub fn add_seed(db: &mut Conn, key: SigningKeyId, seed: &[u8]) -> Result<()> {
    sql!("INSERT INTO signing_key_secrets (id, seed) VALUES ({}, {})", key.uuid(), seed.to_vec()).execute(db)?;
    Ok(())
}

/// Destroys the private halves of keys that died before now.
pub fn forget_dead(db: &mut Conn, now: DateTime<Utc>) -> Result<usize> {
    sql!("DELETE FROM signing_key_secrets WHERE id IN (SELECT id FROM signing_keys WHERE expires_at < {})", now).execute(db)
}
