//! Rows of leads.

use chrono::{DateTime, NaiveDate, Utc};
use domain::crm::leads::Lead;
use domain::crm::leads::response::Wait;
use domain::directory::matching::tax_key;
use domain::ids::{CompanyId, LeadId, PartyId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::directory::relationships;
use crate::personal::{Personal, To, blank, by, null, object, word};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Engine, Result, Scalar, Statement, sql};

crate::record! {
    leads: Lead {
        id: uid, company_id: uid, status: word, name: text, first_name: opt(text), last_name: opt(text), job_title: opt(text),
        organisation_name: opt(text), tax_id: opt(text), email: opt(text), phone: opt(text), phone_normalised: opt(text),
        website: opt(text), address: opt(json), external_id: opt(json), source: opt(text), utm: json, campaign: opt(text),
        first_touch: opt(json), last_touch: opt(json), description: opt(text), owner_id: opt(uid), assigned_at: opt(instant),
        assignment_rule_id: opt(uid), score: opt(rate), grade: opt(text), scored_at: opt(instant), scoring_model_version: opt(int),
        grade_changes: int, first_response_at: opt(instant), qualified_at: opt(instant), disqualified_at: opt(instant),
        disqualification_reason: opt(text), converted_at: opt(instant), converted_party_id: opt(uid),
        converted_party_origin: opt(word), converted_contact_id: opt(uid), converted_opportunity_id: opt(uid), erasure_job_id: opt(uid),
        metadata: json,
        version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |l| search(l) }
}

fn search(lead: &Lead) -> String {
    let or = |t: &Option<String>| t.clone().unwrap_or_default();
    crate::search_text(&[&lead.name, &or(&lead.email), &or(&lead.phone_normalised), &or(&lead.tax_id), &or(&lead.job_title)])
}

/// Leads that were answered, or that still wait.
pub fn has_response(_: DateTime<Utc>, wanted: bool) -> crate::Condition {
    crate::Condition::Null("first_response_at", !wanted)
}

/// Lets transactions about leads that may be the same person or organisation go one after the other, until their end.
/// SQLite has one writer and needs no lock.
pub fn take_turns(db: &mut Conn, lead: &Lead) -> Result<()> {
    let external = lead.external_id.as_ref().map(|e| format!("{}:{}", e.system, e.id));
    let domain = lead.own_domain().map(|d| format!("@{d}"));
    let keys = [lead.email.as_deref().map(str::to_lowercase), domain, lead.tax_id.as_deref().and_then(tax_key), external];
    take_turns_on(db, keys.into_iter().flatten().collect())
}

/// Lets transactions that share one of these keys go one after the other.
pub fn take_turns_on(db: &mut Conn, mut keys: Vec<String>) -> Result<()> {
    if db.engine() == Engine::Sqlite {
        return Ok(());
    }
    // One order for all, so that two never wait for each other.
    keys.sort_unstable();
    for key in keys {
        sql!(postgres: "SELECT pg_advisory_xact_lock(hashtextextended({}, 6361))", key).execute(db)?;
    }
    Ok(())
}

/// The newest open lead of a company with this e-mail address, whatever its letter case.
pub fn open_by_email(db: &mut Conn, company: CompanyId, email: &str) -> Result<Option<LeadId>> {
    let row = sql!(
        "SELECT id FROM leads WHERE company_id = {} AND lower(email) = lower({}) AND status IN ('new', 'working', 'qualified') \
         ORDER BY id DESC LIMIT 1",
        company.uuid(),
        email
    )
    .first::<(Uuid,)>(db)?;
    Ok(row.map(|r| LeadId::from_uuid(r.0)))
}

/// The first organisations with an e-mail address of this domain, of their own or of a person who works there today.
pub fn organisations_of_domain(db: &mut Conn, domain: &str, today: NaiveDate, limit: i64) -> Result<Vec<PartyId>> {
    let position = match db.engine() {
        Engine::Sqlite => "instr",
        Engine::Postgres => "strpos",
    };
    // Written as in the indexes on it.
    let of = |table: &str| format!("substr({table}.address, {position}({table}.address, '@') + 1) = ");
    let mut s = crate::Statement::new(
        "SELECT p.id FROM parties p WHERE p.kind = 'organisation' AND p.id IN (SELECT e.party_id FROM party_emails e WHERE ",
    );
    s.sql(of("e")).push(domain.to_string().put());
    s.sql(" UNION SELECT r.party_id FROM contact_emails c JOIN relationships r ON r.contact_id = c.contact_id WHERE ");
    s.sql(of("c")).push(domain.to_string().put());
    s.append(sql!(" AND {}) ORDER BY p.id LIMIT {}", relationships::holds_on(today), limit));
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| PartyId::from_uuid(r.0)).collect())
}

/// The leads of a company created in `[from, to)`, as far as their answer is concerned.
pub fn waits(db: &mut Conn, seen: &Statement, company: CompanyId, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Wait>> {
    type Row = (Option<Uuid>, DateTime<Utc>, Option<DateTime<Utc>>);
    let rows = sql!(
        "SELECT owner_id, created_at, first_response_at FROM leads WHERE company_id = {} AND created_at >= {} AND created_at < {} AND {} ORDER BY id",
        company.uuid(),
        from,
        to,
        seen.clone()
    )
    .load::<Row>(db)?;
    let wait = |(owner, created_at, answered_at): Row| Wait { owner: owner.map(Id::from_uuid), created_at, answered_at };
    Ok(rows.into_iter().map(wait).collect())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Lead>()
    .ways(&[by("id", To::Lead)])
    .columns(&[
        word("name"),
        word("last_name"),
        null("first_name"),
        null("job_title"),
        null("organisation_name"),
        null("tax_id"),
        null("email"),
        null("phone"),
        null("phone_normalised"),
        null("website"),
        null("address"),
        null("external_id"),
        object("utm"),
        null("campaign"),
        null("first_touch"),
        null("last_touch"),
        null("description"),
        null("disqualification_reason"),
        object("metadata"),
        blank("search"),
    ])
    .plain(&["status", "source", "converted_party_origin", "grade"]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[
    Reference::to_party::<Lead>("converted_party_id", OnMerge::Follow),
    Reference::to_contact::<Lead>("converted_contact_id", OnMerge::Follow),
];
