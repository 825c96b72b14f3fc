//! Rows of competitors.

use domain::crm::competitors::Competitor;
use domain::ids::CompanyId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, sql};

crate::record! {
    competitors: Competitor {
        id: uid, company_id: uid, name: text, website: opt(text), strengths: opt(text), weaknesses: opt(text), metadata: json,
        archived_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    derived { name_key: text = |c| c.name.to_lowercase() }
}

/// The competitor of a company with this name, whatever the case.
pub fn named(db: &mut Conn, company: CompanyId, name: &str) -> Result<Option<Uuid>> {
    let found = sql!("SELECT id FROM competitors WHERE company_id = {} AND name_key = {}", company.uuid(), name.to_lowercase());
    Ok(found.first::<(Uuid,)>(db)?.map(|r| r.0))
}
