//! Rows of service level policies and of the versions of their terms, which the database keeps as they are.

use domain::ids::{CalendarId, CompanyId, SlaPolicyId, SlaPolicyVersionId};
use domain::kernel::Id;
use domain::service::sla_policies::{SlaPolicy, SlaPolicyVersion};
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::{Conn, Result, record, sql};

crate::record! {
    sla_policies: SlaPolicy {
        id: uid, company_id: uid, name: text, is_default: bool, terms_version: small, calendar_id: uid, targets: json,
        hold_behaviour: word, warn_percent: small, reopen_days: small, archived_at: opt(instant), created_at: instant,
        updated_at: instant, version: int,
    }
}
crate::record! {
    sla_policy_versions: SlaPolicyVersion {
        id: uid, sla_policy_id: uid, terms_version: small, calendar_id: uid, targets: json, hold_behaviour: word,
        warn_percent: small, reopen_days: small, created_at: instant,
    }
}

/// The policy of a company for cases without an entitlement.
pub fn default_of(db: &mut Conn, company: CompanyId) -> Result<Option<SlaPolicyId>> {
    let found = sql!("SELECT id FROM sla_policies WHERE company_id = {} AND is_default = {}", company.uuid(), true);
    Ok(found.first::<(Uuid,)>(db)?.map(|r| SlaPolicyId::from_uuid(r.0)))
}

/// A version of the terms of some policy.
pub fn version(db: &mut Conn, id: SlaPolicyVersionId) -> Result<Option<SlaPolicyVersion>> {
    record::find::<SlaPolicyVersion>(db, id.uuid())
}

/// The terms that count by a calendar, of all policies.
pub fn counting_by(db: &mut Conn, calendar: CalendarId) -> Result<Vec<SlaPolicyVersionId>> {
    let found = sql!("SELECT id FROM sla_policy_versions WHERE calendar_id = {} ORDER BY id", calendar.uuid());
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| SlaPolicyVersionId::from_uuid(r.0)).collect())
}

/// The latest version of the terms of a policy.
pub fn latest_version(db: &mut Conn, policy: SlaPolicyId) -> Result<Option<SlaPolicyVersion>> {
    let mut found = record::select::<SlaPolicyVersion>();
    found.append(sql!(" WHERE sla_policy_id = {} ORDER BY terms_version DESC LIMIT 1", policy.uuid()));
    Ok(record::load(db, &found)?.pop())
}

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "sla_policy_versions", columns: &[] }];
