//! What the front office has to say about a party: counts, sums and the first few of each list, of the companies that
//! the caller may see.

use chrono::{DateTime, Utc};
use domain::crm::activities::Activity;
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::ids::PartyId;
use domain::kernel::{Amount, Id};

use crate::companies::and_of;
use crate::{Conn, Result, Statement, record, sql};

fn count(db: &mut Conn, mut statement: Statement, seen: &Statement) -> Result<i64> {
    statement.append(and_of(seen));
    Ok(statement.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Deals of a party with this status.
pub fn deal_count(db: &mut Conn, party: PartyId, status: &str, seen: &Statement) -> Result<i64> {
    count(db, sql!("SELECT COUNT(*) FROM opportunities WHERE party_id = {} AND status = {}", party.uuid(), status), seen)
}

/// What the open deals of a party are worth, by currency: amount and weighted amount.
pub fn open_values(db: &mut Conn, party: PartyId, seen: &Statement) -> Result<Vec<(String, Amount, Amount)>> {
    let mut s =
        sql!("SELECT currency, SUM(amount), SUM(weighted_amount) FROM opportunities WHERE party_id = {} AND status = 'open'", party.uuid());
    s.append(and_of(seen)).sql(" GROUP BY currency ORDER BY currency");
    s.load(db)
}

/// The open deals of a party, the next expected to close first.
pub fn open_deals(db: &mut Conn, party: PartyId, seen: &Statement, limit: i64) -> Result<Vec<Opportunity>> {
    let mut s = record::select::<Opportunity>();
    s.append(sql!(" WHERE party_id = {} AND status = 'open'", party.uuid())).append(and_of(seen));
    s.append(sql!(" ORDER BY expected_close_date ASC NULLS LAST, id LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// The won deals of a party, the latest first.
pub fn won_deals(db: &mut Conn, party: PartyId, seen: &Statement, limit: i64) -> Result<Vec<Opportunity>> {
    let mut s = record::select::<Opportunity>();
    s.append(sql!(" WHERE party_id = {} AND status = 'won'", party.uuid())).append(and_of(seen));
    s.append(sql!(" ORDER BY closed_at DESC NULLS LAST, id DESC LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// Leads that belong to a party: those whose e-mail address is one of its own or of its people, and are still open.
fn of_party(party: PartyId) -> Statement {
    sql!(
        " status IN ('new', 'working', 'qualified') AND lower(email) IN (SELECT address FROM party_emails WHERE party_id = {} \
         UNION SELECT e.address FROM contact_emails e JOIN relationships r ON r.contact_id = e.contact_id WHERE r.party_id = {})",
        party.uuid(),
        party.uuid()
    )
}

/// How many open leads belong to a party.
pub fn lead_count(db: &mut Conn, party: PartyId, seen: &Statement) -> Result<i64> {
    let mut s = Statement::new("SELECT COUNT(*) FROM leads WHERE");
    s.append(of_party(party));
    count(db, s, seen)
}

/// The open leads that belong to a party, newest first.
pub fn open_leads(db: &mut Conn, party: PartyId, seen: &Statement, limit: i64) -> Result<Vec<Lead>> {
    let mut s = record::select::<Lead>();
    s.sql(" WHERE").append(of_party(party)).append(and_of(seen)).append(sql!(" ORDER BY id DESC LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// How many activities about a party are still to be done.
pub fn open_activity_count(db: &mut Conn, party: PartyId, seen: &Statement) -> Result<i64> {
    let s = sql!("SELECT COUNT(*) FROM activities WHERE party_id = {} AND status IN ('planned', 'in_progress')", party.uuid());
    count(db, s, seen)
}

/// The activities about a party that are still to be done, the next due first.
pub fn next_activities(db: &mut Conn, party: PartyId, seen: &Statement, limit: i64) -> Result<Vec<Activity>> {
    let mut s = record::select::<Activity>();
    s.append(sql!(" WHERE party_id = {} AND status IN ('planned', 'in_progress')", party.uuid())).append(and_of(seen));
    s.append(sql!(" ORDER BY due_at ASC NULLS LAST, id LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// When an activity about a party was last done.
pub fn last_touch(db: &mut Conn, party: PartyId, seen: &Statement) -> Result<Option<DateTime<Utc>>> {
    let mut s = sql!("SELECT MAX(completed_at) FROM activities WHERE party_id = {} AND status = 'done'", party.uuid());
    s.append(and_of(seen));
    Ok(s.first::<(Option<DateTime<Utc>>,)>(db)?.and_then(|r| r.0))
}
