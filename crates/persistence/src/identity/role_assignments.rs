//! Rows of who has which role.

use domain::identity::role_assignments::RoleAssignment;
use domain::ids::{RoleId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, sql};

crate::record! {
    role_assignments: RoleAssignment { id: uid, version: int, user_id: uid, role_id: uid, created_at: instant }
    unstored { sod_conflicts }
}

/// Whether the user has the role.
pub fn exists(db: &mut Conn, user: UserId, role: RoleId) -> Result<bool> {
    let found = sql!("SELECT id FROM role_assignments WHERE user_id = {} AND role_id = {}", user.uuid(), role.uuid());
    Ok(found.first::<(Uuid,)>(db)?.is_some())
}

/// Who has which role, among active users.
pub fn of_active_users(db: &mut Conn) -> Result<Vec<(UserId, RoleId)>> {
    let rows = sql!("SELECT a.user_id, a.role_id FROM role_assignments a JOIN users u ON u.id = a.user_id WHERE u.status = 'active'");
    let rows = rows.load::<(Uuid, Uuid)>(db)?;
    Ok(rows.into_iter().map(|(u, r)| (UserId::from_uuid(u), RoleId::from_uuid(r))).collect())
}
