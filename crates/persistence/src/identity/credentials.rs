//! Password hashes. They are read at log-in and written when a password is set, and nowhere else.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use domain::kernel::Id;

use crate::{Conn, Result, sql};

/// The hash of a user's password in the PHC form; `None` when the user has no password.
pub fn hash_of(db: &mut Conn, user: UserId) -> Result<Option<String>> {
    Ok(sql!("SELECT password_hash FROM user_credentials WHERE id = {}", user.uuid()).first::<(String,)>(db)?.map(|r| r.0))
}

/// Sets the hash of a user's password.
pub fn set(db: &mut Conn, user: UserId, hash: &str, now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO user_credentials (id, password_hash, changed_at) VALUES ({}, {}, {}) \
         ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at",
        user.uuid(),
        hash,
        now
    )
    .execute(db)?;
    Ok(())
}
