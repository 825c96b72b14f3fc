//! Rows of API keys, and their secrets as hashes.

use chrono::{DateTime, Utc};
use domain::identity::api_keys::ApiKey;
use domain::identity::authority::Companies;
use domain::ids::{ApiKeyId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Condition, Conn, Result, Statement, Value, record, sql};

crate::record! {
    api_keys: ApiKey {
        id: uid, version: int, user_id: uid, parent_id: opt(uid), name: text, ends_with: text, permissions: json, company_ids: opt(json), status: word,
        expires_at: instant, last_used_at: opt(instant), created_at: instant, updated_at: instant,
    }
    unstored { key }
}

/// The key whose secret has this hash, while the secret is good.
pub fn by_secret(db: &mut Conn, hash: &[u8], now: DateTime<Utc>) -> Result<Option<ApiKey>> {
    let found = sql!(
        "SELECT api_key_id FROM api_key_secrets WHERE secret_hash = {} AND (expires_at IS NULL OR expires_at > {})",
        hash.to_vec(),
        now
    );
    let Some((id,)) = found.first::<(Uuid,)>(db)? else { return Ok(None) };
    record::find(db, id)
}

/// The keys that a key created, and those that they created, the oldest first.
pub fn descendants(db: &mut Conn, key: ApiKeyId) -> Result<Vec<ApiKeyId>> {
    let rows = sql!(
        "WITH RECURSIVE below(id) AS (SELECT id FROM api_keys WHERE parent_id = {} \
         UNION SELECT k.id FROM api_keys k JOIN below b ON k.parent_id = b.id) SELECT id FROM below ORDER BY id",
        key.uuid()
    );
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| ApiKeyId::from_uuid(r.0)).collect())
}

/// Keys that somebody with these companies may know of: those of users who have no other companies, the caller's own, and
/// those that the key which the caller uses has created.
pub fn known_to(companies: &Companies, user: Option<UserId>, key: Option<ApiKeyId>) -> Option<Condition> {
    let mut either = super::company_grants::users_within(companies, "api_keys.user_id")?;
    // a key knows itself and what it created, not the other keys of its user
    match (user, key) {
        (_, Some(key)) => {
            either.sql(" OR id = ").push(Value::Uid(key.uuid())).sql(" OR parent_id = ").push(Value::Uid(key.uuid()));
        }
        (Some(user), None) => {
            either.sql(" OR user_id = ").push(Value::Uid(user.uuid()));
        }
        (None, None) => {}
    }
    Some(Condition::Other(in_brackets(either)))
}

/// As one condition among others.
pub(super) fn in_brackets(inner: Statement) -> Statement {
    let mut out = Statement::new("(");
    out.append(inner);
    out.sql(")");
    out
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
    sql!(
        "UPDATE api_key_secrets SET expires_at = {} WHERE api_key_id = {} AND (expires_at IS NULL OR expires_at > {})",
        at,
        key.uuid(),
        at
    )
    .execute(db)?;
    Ok(())
}

/// Notes that a key was used, unless that was noted after `limit`.
pub fn touch(db: &mut Conn, key: ApiKeyId, now: DateTime<Utc>, limit: DateTime<Utc>) -> Result<()> {
    sql!("UPDATE api_keys SET last_used_at = {} WHERE id = {} AND (last_used_at IS NULL OR last_used_at < {})", now, key.uuid(), limit)
        .execute(db)?;
    Ok(())
}
