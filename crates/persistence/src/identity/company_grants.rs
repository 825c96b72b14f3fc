//! Rows of grants on companies.

use domain::identity::authority::Companies;
use domain::identity::company_grants::CompanyGrant;
use domain::ids::{CompanyId, RoleId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, Statement, Value, sql};

crate::record! {
    company_grants: CompanyGrant { id: uid, version: int, user_id: uid, company_id: opt(uid), all_companies: bool, created_at: instant }
}

/// The companies of a user: whether all, and those granted one by one.
pub fn of_user(db: &mut Conn, user: UserId) -> Result<(bool, Vec<CompanyId>)> {
    let rows = sql!("SELECT company_id FROM company_grants WHERE user_id = {}", user.uuid()).load::<(Option<Uuid>,)>(db)?;
    let all = rows.iter().any(|r| r.0.is_none());
    Ok((all, rows.into_iter().filter_map(|r| r.0).map(CompanyId::from_uuid).collect()))
}

/// The companies of all users who have a role, active or not.
pub fn of_holders(db: &mut Conn, role: RoleId) -> Result<Companies> {
    let rows = sql!(
        "SELECT DISTINCT g.company_id FROM company_grants g JOIN role_assignments a ON a.user_id = g.user_id WHERE a.role_id = {}",
        role.uuid()
    )
    .load::<(Option<Uuid>,)>(db)?;
    let ids: Option<_> = rows.into_iter().map(|r| r.0.map(CompanyId::from_uuid)).collect();
    Ok(ids.map_or(Companies::All, Companies::These))
}

/// That the user in a column (`table.column`) has no company beyond these; nothing when these are all.
pub(super) fn users_within(companies: &Companies, column: &'static str) -> Option<Statement> {
    let Companies::These(ids) = companies else { return None };
    let mut s = Statement::new("NOT EXISTS (SELECT 1 FROM company_grants g WHERE g.user_id = ");
    s.sql(column);
    if !ids.is_empty() {
        s.sql(" AND (g.company_id IS NULL OR g.company_id NOT IN (").values(ids.iter().map(|c| Value::Uid(c.uuid()))).sql("))");
    }
    s.sql(")");
    Some(s)
}
