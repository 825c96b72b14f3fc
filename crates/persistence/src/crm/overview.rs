//! What the front office has to say about a party: counts, sums and the first few of each list, of the companies that
//! the caller may see.

use chrono::{DateTime, Utc};
use domain::crm::activities::Activity;
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::ids::PartyId;
use domain::kernel::{Amount, Id};
use uuid::Uuid;

use crate::{Conn, Result, Statement, Value, record, sql};

/// The companies to look at; `None` for all.
pub type Companies = Option<Vec<Uuid>>;

/// `AND` of these companies, or nothing.
pub(crate) fn and_of(companies: &Companies) -> Statement {
    match companies {
        None => Statement::default(),
        Some(ids) => {
            let mut s = Statement::new(" AND company_id IN (");
            if ids.is_empty() {
                s.sql("NULL")
            } else {
                s.values(ids.iter().copied().map(Value::Uid))
            };
            s.sql(")");
            s
        }
    }
}

fn count(db: &mut Conn, mut statement: Statement, companies: &Companies) -> Result<i64> {
    statement.append(and_of(companies));
    Ok(statement.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Deals of a party with this status.
pub fn deal_count(db: &mut Conn, party: PartyId, status: &str, companies: &Companies) -> Result<i64> {
    count(db, sql!("SELECT COUNT(*) FROM opportunities WHERE party_id = {} AND status = {}", party.uuid(), status), companies)
}

/// What the open deals of a party are worth, by currency: amount and weighted amount.
pub fn open_values(db: &mut Conn, party: PartyId, companies: &Companies) -> Result<Vec<(String, Amount, Amount)>> {
    let mut s =
        sql!("SELECT currency, SUM(amount), SUM(weighted_amount) FROM opportunities WHERE party_id = {} AND status = 'open'", party.uuid());
    s.append(and_of(companies)).sql(" GROUP BY currency ORDER BY currency");
    s.load(db)
}

/// The open deals of a party, the next expected to close first.
pub fn open_deals(db: &mut Conn, party: PartyId, companies: &Companies, limit: i64) -> Result<Vec<Opportunity>> {
    let mut s = record::select::<Opportunity>();
    s.append(sql!(" WHERE party_id = {} AND status = 'open'", party.uuid())).append(and_of(companies));
    s.append(sql!(" ORDER BY expected_close_date ASC NULLS LAST, id LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// The won deals of a party, the latest first.
pub fn won_deals(db: &mut Conn, party: PartyId, companies: &Companies, limit: i64) -> Result<Vec<Opportunity>> {
    let mut s = record::select::<Opportunity>();
    s.append(sql!(" WHERE party_id = {} AND status = 'won'", party.uuid())).append(and_of(companies));
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
pub fn lead_count(db: &mut Conn, party: PartyId, companies: &Companies) -> Result<i64> {
    let mut s = Statement::new("SELECT COUNT(*) FROM leads WHERE");
    s.append(of_party(party));
    count(db, s, companies)
}

/// The open leads that belong to a party, newest first.
pub fn open_leads(db: &mut Conn, party: PartyId, companies: &Companies, limit: i64) -> Result<Vec<Lead>> {
    let mut s = record::select::<Lead>();
    s.sql(" WHERE").append(of_party(party)).append(and_of(companies)).append(sql!(" ORDER BY id DESC LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// How many activities about a party are still to be done.
pub fn open_activity_count(db: &mut Conn, party: PartyId, companies: &Companies) -> Result<i64> {
    let s = sql!("SELECT COUNT(*) FROM activities WHERE party_id = {} AND status IN ('planned', 'in_progress')", party.uuid());
    count(db, s, companies)
}

/// The activities about a party that are still to be done, the next due first.
pub fn next_activities(db: &mut Conn, party: PartyId, companies: &Companies, limit: i64) -> Result<Vec<Activity>> {
    let mut s = record::select::<Activity>();
    s.append(sql!(" WHERE party_id = {} AND status IN ('planned', 'in_progress')", party.uuid())).append(and_of(companies));
    s.append(sql!(" ORDER BY due_at ASC NULLS LAST, id LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// When an activity about a party was last done.
pub fn last_touch(db: &mut Conn, party: PartyId, companies: &Companies) -> Result<Option<DateTime<Utc>>> {
    let mut s = sql!("SELECT MAX(completed_at) FROM activities WHERE party_id = {} AND status = 'done'", party.uuid());
    s.append(and_of(companies));
    Ok(s.first::<(Option<DateTime<Utc>>,)>(db)?.and_then(|r| r.0))
}
