//! Rows of grants on companies.

use domain::identity::company_grants::CompanyGrant;
use domain::ids::{CompanyId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, sql};

crate::record! {
    company_grants: CompanyGrant { id: uid, version: int, user_id: uid, company_id: opt(uid), all_companies: bool, created_at: instant }
}

/// The companies of a user: whether all, and those granted one by one.
pub fn of_user(db: &mut Conn, user: UserId) -> Result<(bool, Vec<CompanyId>)> {
    let rows = sql!("SELECT company_id FROM company_grants WHERE user_id = {}", user.uuid()).load::<(Option<Uuid>,)>(db)?;
    let all = rows.iter().any(|r| r.0.is_none());
    Ok((all, rows.into_iter().filter_map(|r| r.0).map(CompanyId::from_uuid).collect()))
}
