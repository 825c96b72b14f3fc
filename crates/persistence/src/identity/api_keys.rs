//! Rows of API keys, and their secrets as hashes.

use chrono::{DateTime, Utc};
use domain::identity::api_keys::ApiKey;
use domain::ids::ApiKeyId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

crate::record! {
    api_keys: ApiKey {
        id: uid, version: int, user_id: uid, name: text, ends_with: text, permissions: json, company_ids: opt(json), status: word,
        expires_at: instant, last_used_at: opt(instant), created_at: instant, updated_at: instant,
    }
    unstored { key }
}

/// The key whose secret has this hash, while the secret is good.
pub fn by_secret(db: &mut Conn, hash: &[u8], now: DateTime<Utc>) -> Result<Option<ApiKey>> {
    let found =
        sql!("SELECT api_key_id FROM api_key_secrets WHERE secret_hash = {} AND (dies_at IS NULL OR dies_at > {})", hash.to_vec(), now);
    let Some((id,)) = found.first::<(Uuid,)>(db)? else { return Ok(None) };
    record::find(db, id)
}

/// Keeps the hash of a secret that was just handed out.
pub fn add_secret(db: &mut Conn, id: Uuid, key: ApiKeyId, hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO api_key_secrets (id, api_key_id, secret_hash, created_at) VALUES ({}, {}, {}, {})",
        id,
        key.uuid(),
        hash.to_vec(),
        now
    )
    .execute(db)?;
    Ok(())
}

/// Lets the secrets of a key die at `at`, unless they die earlier anyway.
pub fn end_secrets(db: &mut Conn, key: ApiKeyId, at: DateTime<Utc>) -> Result<()> {
    sql!("UPDATE api_key_secrets SET dies_at = {} WHERE api_key_id = {} AND (dies_at IS NULL OR dies_at > {})", at, key.uuid(), at)
        .execute(db)?;
    Ok(())
}

/// Notes that a key was used, unless that was noted after `limit`.
pub fn touch(db: &mut Conn, key: ApiKeyId, now: DateTime<Utc>, limit: DateTime<Utc>) -> Result<()> {
    sql!("UPDATE api_keys SET last_used_at = {} WHERE id = {} AND (last_used_at IS NULL OR last_used_at < {})", now, key.uuid(), limit)
        .execute(db)?;
    Ok(())
}
