//! Rows of what was learnt of customers, and what customers are grouped by.

use std::collections::BTreeMap;

use domain::ids::{CompanyId, PartyId, UserId};
use domain::insight::clv_fits::ClvFit;
use domain::kernel::Id;
use domain::marketing::segments::Segment;
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

crate::record! {
    clv_fits: ClvFit {
        id: uid, company_id: uid, as_of_date: date, customers: int, repeat_customers: int, purchases: json, margins: opt(json),
        created_at: instant, version: int,
    }
}

/// The latest fit of a company.
pub fn latest(db: &mut Conn, company: CompanyId) -> Result<Option<ClvFit>> {
    let mut s = record::select::<ClvFit>();
    s.append(sql!(" WHERE company_id = {} ORDER BY as_of_date DESC, id DESC LIMIT 1", company.uuid()));
    Ok(record::load(db, &s)?.pop())
}

/// Who looks after each customer that somebody looks after.
pub fn owners(db: &mut Conn) -> Result<BTreeMap<PartyId, UserId>> {
    let rows = sql!("SELECT id, owner_id FROM parties WHERE is_customer = {} AND owner_id IS NOT NULL", true).load::<(Uuid, Uuid)>(db)?;
    Ok(rows.into_iter().map(|(party, owner)| (PartyId::from_uuid(party), UserId::from_uuid(owner))).collect())
}

/// The campaign of the first touch of each party that has a touch with one.
pub fn first_campaigns(db: &mut Conn, company: CompanyId) -> Result<BTreeMap<PartyId, String>> {
    let rows = sql!(
        "SELECT party_id, campaign FROM (SELECT party_id, campaign, ROW_NUMBER() OVER (PARTITION BY party_id ORDER BY occurred_at, id) AS n \
         FROM touchpoints WHERE company_id = {} AND party_id IS NOT NULL AND campaign IS NOT NULL) t WHERE n = 1",
        company.uuid()
    )
    .load::<(Uuid, String)>(db)?;
    Ok(rows.into_iter().map(|(party, campaign)| (PartyId::from_uuid(party), campaign)).collect())
}

/// The segments of parties of a company, by name, at most so many.
pub fn segments(db: &mut Conn, company: CompanyId, limit: i64) -> Result<Vec<Segment>> {
    let mut s = record::select::<Segment>();
    s.append(sql!(" WHERE company_id = {} AND audience = 'parties' ORDER BY name, id LIMIT {}", company.uuid(), limit));
    record::load(db, &s)
}
