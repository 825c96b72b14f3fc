//! Rows of roles.

use domain::identity::roles::Role;
use domain::ids::{RoleId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

crate::record! {
    roles: Role {
        id: uid, version: int, code: text, name: text, description: text, permissions: json, ready_made: bool,
        created_at: instant, updated_at: instant,
    }
}

/// The role with this code.
pub fn by_code(db: &mut Conn, code: &str) -> Result<Option<Role>> {
    let Some((id,)) = sql!("SELECT id FROM roles WHERE code = {}", code).first::<(Uuid,)>(db)? else { return Ok(None) };
    record::find(db, id)
}

/// The roles of a user, by code.
pub fn of_user(db: &mut Conn, user: UserId) -> Result<Vec<Role>> {
    let ids = sql!("SELECT role_id FROM role_assignments WHERE user_id = {}", user.uuid()).load::<(Uuid,)>(db)?;
    let ids: Vec<Uuid> = ids.into_iter().map(|r| r.0).collect();
    let mut roles = record::find_all::<Role>(db, &ids)?;
    roles.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(roles)
}

/// All roles.
pub fn all(db: &mut Conn) -> Result<Vec<Role>> {
    let ids = sql!("SELECT id FROM roles ORDER BY code").load::<(Uuid,)>(db)?;
    let ids: Vec<Uuid> = ids.into_iter().map(|r| r.0).collect();
    record::find_all(db, &ids)
}

/// Whether anybody has the role.
pub fn is_assigned(db: &mut Conn, role: RoleId) -> Result<bool> {
    Ok(sql!("SELECT id FROM role_assignments WHERE role_id = {} LIMIT 1", role.uuid()).first::<(Uuid,)>(db)?.is_some())
}
