//! Rows of users.

use domain::identity::users::User;
use domain::ids::UserId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, record, search_text, sql};

crate::record! {
    users: User {
        id: uid, version: int, email: text, name: text, locale: text, status: word, must_change_password: bool,
        metadata: json, created_at: instant, updated_at: instant,
    }
    derived { search: text = |u| search_text(&[&u.name, &u.email]) }
}

/// The user with this normalised address.
pub fn by_email(db: &mut Conn, email: &str) -> Result<Option<User>> {
    let Some((id,)) = sql!("SELECT id FROM users WHERE email = {}", email).first::<(Uuid,)>(db)? else { return Ok(None) };
    record::find(db, id)
}

/// Whether there is any user yet.
pub fn any(db: &mut Conn) -> Result<bool> {
    Ok(sql!("SELECT id FROM users LIMIT 1").first::<(Uuid,)>(db)?.is_some())
}

/// The ids of all active users, by name.
pub fn active(db: &mut Conn) -> Result<Vec<(UserId, String)>> {
    let rows = sql!("SELECT id, name FROM users WHERE status = 'active' ORDER BY name, id").load::<(Uuid, String)>(db)?;
    Ok(rows.into_iter().map(|(id, name)| (UserId::from_uuid(id), name)).collect())
}
