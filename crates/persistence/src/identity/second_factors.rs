//! Secrets of second factors and hashes of recovery codes. They are read at log-in and when a factor is changed, and nowhere else.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, sql};

/// A second factor as it is kept.
pub struct Factor {
    pub secret: Vec<u8>,
    /// The step of the last code that was accepted.
    pub last_step: i64,
    /// Null while it waits for its first code.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// The second factor of a user, confirmed or not.
pub fn of_user(db: &mut Conn, user: UserId) -> Result<Option<Factor>> {
    let found = sql!("SELECT secret, last_step, confirmed_at FROM second_factors WHERE id = {}", user.uuid());
    let found = found.first::<(Vec<u8>, i64, Option<DateTime<Utc>>)>(db)?;
    Ok(found.map(|(secret, last_step, confirmed_at)| Factor { secret, last_step, confirmed_at }))
}

/// Keeps a secret that waits for its first code, in place of one that waited before.
pub fn begin(db: &mut Conn, user: UserId, secret: &[u8], now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO second_factors (id, secret, last_step, created_at) VALUES ({}, {}, 0, {}) \
         ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, last_step = 0, confirmed_at = NULL, created_at = excluded.created_at",
        user.uuid(),
        secret.to_vec(),
        now
    )
    .execute(db)?;
    Ok(())
}

/// Keeps that the first code was right.
pub fn confirm(db: &mut Conn, user: UserId, now: DateTime<Utc>) -> Result<usize> {
    sql!("UPDATE second_factors SET confirmed_at = {} WHERE id = {} AND confirmed_at IS NULL", now, user.uuid()).execute(db)
}

/// Uses up the code of a step; false when it, or a later one, was used before.
pub fn use_step(db: &mut Conn, user: UserId, step: i64) -> Result<bool> {
    let used = sql!("UPDATE second_factors SET last_step = {} WHERE id = {} AND last_step < {}", step, user.uuid(), step);
    Ok(used.execute(db)? == 1)
}

/// Forgets the second factor of a user, and the recovery codes.
pub fn remove(db: &mut Conn, user: UserId) -> Result<()> {
    sql!("DELETE FROM recovery_codes WHERE user_id = {}", user.uuid()).execute(db)?;
    sql!("DELETE FROM second_factors WHERE id = {}", user.uuid()).execute(db)?;
    Ok(())
}

/// Replaces the recovery codes of a user.
pub fn set_recovery_codes(db: &mut Conn, user: UserId, hashes: &[[u8; 32]]) -> Result<()> {
    sql!("DELETE FROM recovery_codes WHERE user_id = {}", user.uuid()).execute(db)?;
    for hash in hashes {
        let id = Uuid::now_v7();
        sql!("INSERT INTO recovery_codes (id, user_id, code_hash) VALUES ({}, {}, {})", id, user.uuid(), hash.to_vec()).execute(db)?;
    }
    Ok(())
}

/// Uses up a recovery code; false when there is no such unused one.
pub fn use_recovery_code(db: &mut Conn, user: UserId, hash: &[u8; 32], now: DateTime<Utc>) -> Result<bool> {
    let used = sql!(
        "UPDATE recovery_codes SET used_at = {} WHERE user_id = {} AND code_hash = {} AND used_at IS NULL",
        now,
        user.uuid(),
        hash.to_vec()
    );
    Ok(used.execute(db)? == 1)
}

/// How many recovery codes of a user are unused.
pub fn recovery_codes_left(db: &mut Conn, user: UserId) -> Result<i64> {
    let left = sql!("SELECT COUNT(*) FROM recovery_codes WHERE user_id = {} AND used_at IS NULL", user.uuid());
    Ok(left.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}
