//! Rows of users.

use domain::identity::authority::Companies;
use domain::identity::users::User;
use domain::ids::UserId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, record, search_text, sql};

crate::record! {
    users: User {
        id: uid, version: int, email: text, name: text, locale: text, time_zone: opt(text), picture_id: opt(uid), status: word,
        must_change_password: bool, second_factor_enabled: bool,
        metadata: json, created_at: instant, updated_at: instant,
    }
    derived { search: text = |u| search_text(&[&u.name, &u.email]) }
}

/// The user with this normalised address.
pub fn by_email(db: &mut Conn, email: &str) -> Result<Option<User>> {
    let Some((id,)) = sql!("SELECT id FROM users WHERE email = {}", email).first::<(Uuid,)>(db)? else { return Ok(None) };
    record::find(db, id)
}

/// Whether a file is the picture of a user.
pub fn shows(db: &mut Conn, file: Uuid) -> Result<bool> {
    Ok(sql!("SELECT id FROM users WHERE picture_id = {} LIMIT 1", file).first::<(Uuid,)>(db)?.is_some())
}

/// Whether there is any user yet.
pub fn any(db: &mut Conn) -> Result<bool> {
    Ok(sql!("SELECT id FROM users LIMIT 1").first::<(Uuid,)>(db)?.is_some())
}

/// All users, by address.
pub fn all(db: &mut Conn) -> Result<Vec<User>> {
    let ids = sql!("SELECT id FROM users").load::<(Uuid,)>(db)?;
    let ids: Vec<Uuid> = ids.into_iter().map(|r| r.0).collect();
    let mut users = Vec::with_capacity(ids.len());
    for part in ids.chunks(500) {
        users.extend(record::find_all::<User>(db, part)?);
    }
    users.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(users)
}

/// The ids of the active users who have no company beyond these, by name.
pub fn active(db: &mut Conn, companies: &Companies) -> Result<Vec<(UserId, String)>> {
    let mut users = sql!("SELECT id, name FROM users WHERE status = 'active'");
    if let Some(within) = super::company_grants::users_within(companies, "users.id") {
        users.sql(" AND ").append(within);
    }
    users.sql(" ORDER BY name, id");
    let rows = users.load::<(Uuid, String)>(db)?;
    Ok(rows.into_iter().map(|(id, name)| (UserId::from_uuid(id), name)).collect())
}
