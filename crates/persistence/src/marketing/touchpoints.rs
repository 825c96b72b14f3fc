//! Rows of touchpoints, and who their anonymous visitors are.

use chrono::{DateTime, Utc};
use domain::ids::{CompanyId, LeadId};
use domain::kernel::Id;
use domain::marketing::touchpoints::{Subject, Touchpoint};
use uuid::Uuid;

use crate::personal::{Personal, To, by, kept, null, object};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, record, sql};

crate::record! {
    touchpoints: Touchpoint {
        id: uid, company_id: uid, kind: word, occurred_at: instant, anonymous_id: opt(text), lead_id: opt(uid),
        contact_id: opt(uid), party_id: opt(uid), opportunity_id: opt(uid), channel: word, utm: json, source: opt(text),
        medium: opt(text), campaign: opt(text), campaign_id: opt(uid), referrer: opt(text), referrer_host: opt(text), landing_page: opt(text),
        landing_path: opt(text), click_id: opt(text), click_id_kind: opt(word), created_at: instant, version: int,
    }
}

/// The earliest and the latest touch of a lead, by the time of the event.
pub fn ends(db: &mut Conn, lead: LeadId) -> Result<Option<(Touchpoint, Touchpoint)>> {
    let one = |order: &'static str| {
        let mut s = record::select::<Touchpoint>();
        s.append(sql!(" WHERE lead_id = {} ORDER BY ", lead.uuid())).sql(order);
        s
    };
    let first = record::load::<Touchpoint>(db, &one("occurred_at, id LIMIT 1"))?.pop();
    let last = record::load::<Touchpoint>(db, &one("occurred_at DESC, id DESC LIMIT 1"))?.pop();
    Ok(first.zip(last))
}

type Ids = (Option<Uuid>, Option<Uuid>, Option<Uuid>, Option<Uuid>);

fn ids(s: Subject) -> Ids {
    (s.lead.map(|i| i.uuid()), s.contact.map(|i| i.uuid()), s.party.map(|i| i.uuid()), s.opportunity.map(|i| i.uuid()))
}

/// Who an anonymous id was last said to be. What is gone is left out, and who was merged away stands for the one that stays.
pub fn identity(db: &mut Conn, company: CompanyId, anonymous_id: &str) -> Result<Option<Subject>> {
    let row = sql!(
        "SELECT v.lead_id, COALESCE(c.merged_into, c.id), COALESCE(p.merged_into, p.id), v.opportunity_id FROM visitor_identities v \
         LEFT JOIN contacts c ON c.id = v.contact_id LEFT JOIN parties p ON p.id = v.party_id \
         WHERE v.company_id = {} AND v.anonymous_id = {}",
        company.uuid(),
        anonymous_id
    )
    .first::<Ids>(db)?;
    Ok(row.map(|(lead, contact, party, opportunity)| Subject {
        lead: lead.map(Id::from_uuid),
        contact: contact.map(Id::from_uuid),
        party: party.map(Id::from_uuid),
        opportunity: opportunity.map(Id::from_uuid),
    }))
}

/// Remembers who an anonymous id is, and links its touches that are nobody's yet; how many.
pub fn identify(db: &mut Conn, company: CompanyId, anonymous_id: &str, subject: Subject, now: DateTime<Utc>) -> Result<usize> {
    let (lead, contact, party, opportunity) = ids(subject);
    sql!(
        "INSERT INTO visitor_identities (company_id, anonymous_id, lead_id, contact_id, party_id, opportunity_id, identified_at) \
         VALUES ({}, {}, {}, {}, {}, {}, {}) ON CONFLICT (company_id, anonymous_id) DO UPDATE SET lead_id = excluded.lead_id, \
         contact_id = excluded.contact_id, party_id = excluded.party_id, opportunity_id = excluded.opportunity_id, \
         identified_at = excluded.identified_at",
        company.uuid(),
        anonymous_id,
        lead,
        contact,
        party,
        opportunity,
        now
    )
    .execute(db)?;
    sql!(
        "UPDATE touchpoints SET lead_id = {}, contact_id = {}, party_id = {}, opportunity_id = {}, version = version + 1 \
         WHERE company_id = {} AND anonymous_id = {} AND lead_id IS NULL AND contact_id IS NULL AND party_id IS NULL",
        lead,
        contact,
        party,
        opportunity,
        company.uuid(),
        anonymous_id
    )
    .execute(db)
}

/// The touches of a lead that goes are nobody's, and say nothing of who it was; its visitors are not known any more.
pub fn leave(db: &mut Conn, lead: LeadId) -> Result<()> {
    sql!("DELETE FROM visitor_identities WHERE lead_id = {}", lead.uuid()).execute(db)?;
    sql!(
        "UPDATE touchpoints SET lead_id = NULL, anonymous_id = NULL, click_id = NULL, version = version + 1 WHERE lead_id = {}",
        lead.uuid()
    )
    .execute(db)?;
    Ok(())
}

/// The touches and visitors of a lead are now also those of what it became.
pub fn carry(db: &mut Conn, lead: LeadId, became: Subject) -> Result<()> {
    let (_, contact, party, opportunity) = ids(became);
    for (table, version) in [("touchpoints", ", version = version + 1"), ("visitor_identities", "")] {
        let mut s = crate::Statement::new(format!("UPDATE {table} SET "));
        s.append(sql!("contact_id = {}, party_id = {}, opportunity_id = {}", contact, party, opportunity)).sql(version);
        s.append(sql!(" WHERE lead_id = {}", lead.uuid()));
        s.execute(db)?;
    }
    Ok(())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Touchpoint>()
    .ways(&[by("lead_id", To::Lead), by("contact_id", To::Contact), by("party_id", To::Party)])
    .columns(&[null("anonymous_id"), null("referrer"), null("landing_page"), null("landing_path"), null("click_id"), object("utm")])
    .plain(&["kind", "channel", "source", "medium", "campaign", "referrer_host", "click_id_kind"]);

/// What `visitor_identities` holds of a person.
pub const VISITORS: Personal = Personal::table("visitor_identities")
    .ways(&[by("lead_id", To::Lead), by("contact_id", To::Contact), by("party_id", To::Party)])
    .columns(&[kept("anonymous_id")])
    .deleted();

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_party::<Touchpoint>("party_id", OnMerge::Follow), Reference::to_contact::<Touchpoint>("contact_id", OnMerge::Follow)];
