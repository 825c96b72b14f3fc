//! Rows of activities. Overdue is not kept; it is asked for with the time.

use chrono::{DateTime, Utc};
use domain::crm::activities::Activity;
use domain::ids::{ActivityId, LeadId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::personal::{Personal, To, array, blank, by, kept, null, object, word};
use crate::reference::{OnMerge, Reference};
use crate::{Condition, Conn, Result, sql};

crate::record! {
    activities: Activity {
        id: uid, company_id: uid, kind: word, subject: text, body: opt(text), regarding_id: text, regarding_kind: text,
        lead_id: opt(uid), opportunity_id: opt(uid), party_id: opt(uid), participants: json, owner_id: opt(uid),
        priority: word, status: word, due_at: opt(instant), time_zone: text, started_at: opt(instant),
        completed_at: opt(instant), outcome: opt(text), cancelled_at: opt(instant), postponements: small, metadata: json,
        version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |a| crate::search_text(&[&a.subject, a.body.as_deref().unwrap_or_default()]) }
    unstored { is_overdue }
}

/// Activities that are due and neither done nor cancelled, or all others.
pub fn overdue(now: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Other(match wanted {
        true => sql!("(status IN ('planned', 'in_progress') AND due_at < {})", now),
        false => sql!("(status NOT IN ('planned', 'in_progress') OR due_at IS NULL OR due_at >= {})", now),
    })
}

/// Activities in which a contact takes part, or that are about it.
pub fn with_contact(contact: Uuid) -> Condition {
    let id = domain::ids::ContactId::from_uuid(contact).to_string();
    Condition::Other(sql!("(regarding_id = {} OR id IN (SELECT activity_id FROM activity_participants WHERE key = {}))", &id, &id))
}

/// Activities in which somebody with this e-mail address takes part.
pub fn with_mailbox(address: &str) -> Condition {
    let key = domain::directory::emails::key(address);
    Condition::Other(sql!("id IN (SELECT activity_id FROM activity_participants WHERE key = {})", key))
}

/// Activities about a case.
pub fn about_case(case: Uuid) -> Condition {
    Condition::Other(sql!("regarding_id = {}", domain::ids::CaseId::from_uuid(case).to_string()))
}

/// The activities about a lead, the oldest first.
pub fn of_lead(db: &mut Conn, lead: LeadId) -> Result<Vec<ActivityId>> {
    let rows = sql!("SELECT id FROM activities WHERE lead_id = {} ORDER BY id", lead.uuid()).load::<(Uuid,)>(db)?;
    Ok(rows.into_iter().map(|r| ActivityId::from_uuid(r.0)).collect())
}

/// What an id was last told to be: its company and its party. `None` when nothing was ever told of it, or last that it
/// was deleted. This is how the front office knows of documents without reading their tables.
pub fn last_told(db: &mut Conn, subject: &str) -> Result<Option<(Option<Uuid>, Option<Uuid>)>> {
    let row = sql!("SELECT kind, company_id, party_id FROM events WHERE subject = {} ORDER BY id DESC LIMIT 1", subject).first::<(
        String,
        Option<Uuid>,
        Option<Uuid>,
    )>(db)?;
    Ok(row.filter(|r| !r.0.ends_with(".deleted")).map(|r| (r.1, r.2)))
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Activity>()
    .ways(&[
        by("party_id", To::Party),
        by("lead_id", To::Lead),
        by("regarding_id", To::Name),
        by("participants", To::Name).where_is("id IN (SELECT activity_id FROM activity_participants WHERE key IN ({}))"),
    ])
    .columns(&[word("subject"), null("body"), null("outcome"), array("participants"), object("metadata"), blank("search")])
    .plain(&["kind", "regarding_id", "regarding_kind", "priority", "status", "time_zone"]);

/// What `activity_participants` holds of a person.
pub const PARTICIPANTS: Personal = Personal::owned("activity_participants", &[kept("key")]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<Activity>("party_id", OnMerge::Follow)];
