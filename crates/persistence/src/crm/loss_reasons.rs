//! Rows of loss reasons.

use domain::crm::loss_reasons::LossReason;
use domain::ids::CompanyId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, sql};

crate::record! {
    loss_reasons: LossReason {
        id: uid, company_id: uid, name: text, requires_competitor: bool, archived_at: opt(instant), version: int,
        created_at: instant, updated_at: instant,
    }
    derived { name_key: text = |r| r.name.to_lowercase() }
}

/// The loss reason of a company with this name, whatever the case.
pub fn named(db: &mut Conn, company: CompanyId, name: &str) -> Result<Option<Uuid>> {
    let found = sql!("SELECT id FROM loss_reasons WHERE company_id = {} AND name_key = {}", company.uuid(), name.to_lowercase());
    Ok(found.first::<(Uuid,)>(db)?.map(|r| r.0))
}
