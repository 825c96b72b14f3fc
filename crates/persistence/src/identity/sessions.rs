//! Rows of sessions, and the refresh tokens of each, as hashes.

use chrono::{DateTime, Utc};
use domain::identity::sessions::{RevocationReason, Session};
use domain::ids::{SessionId, UserId};
use domain::kernel::{Id, Word};
use uuid::Uuid;

use crate::{Conn, Result, sql};

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

/// A refresh token, known by its hash.
#[derive(Debug, Clone, Copy)]
pub struct RefreshToken {
    pub id: Uuid,
    pub session_id: SessionId,
    pub used: bool,
    pub expires_at: DateTime<Utc>,
}

/// The refresh token with this hash.
pub fn refresh_token(db: &mut Conn, hash: &[u8]) -> Result<Option<RefreshToken>> {
    let found = sql!("SELECT id, session_id, used_at, expires_at FROM refresh_tokens WHERE token_hash = {}", hash.to_vec()).first::<(
        Uuid,
        Uuid,
        Option<DateTime<Utc>>,
        DateTime<Utc>,
    )>(db)?;
    Ok(found.map(|(id, session, used_at, expires_at)| RefreshToken {
        id,
        session_id: SessionId::from_uuid(session),
        used: used_at.is_some(),
        expires_at,
    }))
}

/// Marks a token as used; false when somebody was faster.
pub fn use_refresh_token(db: &mut Conn, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    Ok(sql!("UPDATE refresh_tokens SET used_at = {} WHERE id = {} AND used_at IS NULL", now, id).execute(db)? == 1)
}

/// Keeps the hash of a token that was just handed out.
pub fn add_refresh_token(
    db: &mut Conn,
    id: Uuid,
    session: SessionId,
    hash: &[u8],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sql!(
        "INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at, created_at) VALUES ({}, {}, {}, {}, {})",
        id,
        session.uuid(),
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
