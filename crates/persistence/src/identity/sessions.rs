//! Rows of sessions, and the refresh tokens of each, as hashes.

use chrono::{DateTime, Utc};
use domain::identity::authority::Companies;
use domain::identity::sessions::{RevocationReason, Session};
use domain::ids::{SessionId, UserId};
use domain::kernel::{Id, StringEnum};
use uuid::Uuid;

use super::api_keys::in_brackets;
use crate::{Condition, Conn, Result, Value, sql};

crate::record! {
    sessions: Session {
        id: uid, version: int, user_id: uid, status: word, address: opt(text), refreshed_at: instant, expires_at: instant,
        revoked_at: opt(instant), revocation_reason: opt(word), created_at: instant,
    }
}

/// Ends all living sessions of a user but `except`; how many.
pub fn revoke_all(db: &mut Conn, user: UserId, except: Option<SessionId>, reason: RevocationReason, now: DateTime<Utc>) -> Result<usize> {
    let except = except.map_or(Uuid::nil(), Id::uuid);
    sql!(
        "UPDATE sessions SET status = 'revoked', revoked_at = {}, revocation_reason = {}, version = version + 1 \
         WHERE user_id = {} AND status = 'active' AND id <> {}",
        now,
        reason.as_str(),
        user.uuid(),
        except
    )
    .execute(db)
}

/// Sessions that somebody with these companies may know of: those of users who have no other companies, and the own.
pub fn known_to(companies: &Companies, user: Option<UserId>) -> Option<Condition> {
    let mut either = super::company_grants::users_within(companies, "sessions.user_id")?;
    if let Some(user) = user {
        either.sql(" OR user_id = ").push(Value::Uid(user.uuid()));
    }
    Some(Condition::Other(in_brackets(either)))
}

/// A refresh token, known by its hash.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    pub id: Uuid,
    pub session_id: SessionId,
    /// When it was used, and by which client.
    pub used_at: Option<DateTime<Utc>>,
    pub used_by: Option<Vec<u8>>,
    /// How many exchanges after the log-in it was handed out.
    pub generation: i64,
    pub expires_at: DateTime<Utc>,
}

/// The refresh token with this hash.
pub fn refresh_token(db: &mut Conn, hash: &[u8]) -> Result<Option<RefreshToken>> {
    let found =
        sql!("SELECT id, session_id, used_at, used_by, generation, expires_at FROM refresh_tokens WHERE token_hash = {}", hash.to_vec());
    let found = found.first::<(Uuid, Uuid, Option<DateTime<Utc>>, Option<Vec<u8>>, i64, DateTime<Utc>)>(db)?;
    Ok(found.map(|(id, session, used_at, used_by, generation, expires_at)| RefreshToken {
        id,
        session_id: SessionId::from_uuid(session),
        used_at,
        used_by,
        generation,
        expires_at,
    }))
}

/// Marks a token as used by a client; false when somebody was faster.
pub fn use_refresh_token(db: &mut Conn, id: Uuid, client: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let used = sql!("UPDATE refresh_tokens SET used_at = {}, used_by = {} WHERE id = {} AND used_at IS NULL", now, client.to_vec(), id);
    Ok(used.execute(db)? == 1)
}

/// Whether a token of the session that was handed out after this generation has been used.
pub fn later_token_used(db: &mut Conn, session: SessionId, generation: i64) -> Result<bool> {
    let found = sql!(
        "SELECT id FROM refresh_tokens WHERE session_id = {} AND generation > {} AND used_at IS NOT NULL LIMIT 1",
        session.uuid(),
        generation
    );
    Ok(found.first::<(Uuid,)>(db)?.is_some())
}

/// Keeps the hash of a token that was just handed out.
pub fn add_refresh_token(
    db: &mut Conn,
    id: Uuid,
    session: SessionId,
    generation: i64,
    hash: &[u8],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sql!(
        "INSERT INTO refresh_tokens (id, session_id, generation, token_hash, expires_at, created_at) VALUES ({}, {}, {}, {}, {}, {})",
        id,
        session.uuid(),
        generation,
        hash.to_vec(),
        expires_at,
        now
    )
    .execute(db)?;
    Ok(())
}

/// Forgets tokens that expired before `limit`.
pub fn forget_refresh_tokens(db: &mut Conn, limit: DateTime<Utc>) -> Result<usize> {
    sql!("DELETE FROM refresh_tokens WHERE expires_at < {}", limit).execute(db)
}
