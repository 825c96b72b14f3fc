//! Rows of cases and of their messages, which the database keeps as they are.

use chrono::{DateTime, Utc};
use domain::ids::{CaseId, SlaPolicyVersionId};
use domain::kernel::Id;
use domain::service::cases::Case;
use domain::service::cases::messages::CaseMessage;
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::personal::{Personal, To, blank, by, names, null, object, word};
use crate::reference::{OnMerge, Reference};
use crate::{Condition, Conn, Result, list, sql};

crate::record! {
    cases: Case {
        id: uid, company_id: uid, number: text, status: word, subject: text, channel: word, category: opt(text), impact: word,
        urgency: word, priority: word, party_id: opt(uid), contact_id: opt(uid), requester_name: opt(text), requester_email: opt(text),
        product_id: opt(uid), order_id: opt(uid), serial_number: opt(text), queue_id: opt(uid), assignee_id: opt(uid),
        escalation_level: small, escalated_at: opt(instant), follows_case_id: opt(uid), merged_into_id: opt(uid),
        entitlement_id: opt(uid), sla_policy_id: opt(uid), sla_policy_version_id: opt(uid), sla_state: word,
        first_response_due_at: opt(instant), next_response_due_at: opt(instant), resolution_due_at: opt(instant), clocks: json,
        first_response_at: opt(instant), awaiting_response_since: opt(instant), held_since: opt(instant), hold_reason: opt(text),
        resolution: opt(text), resolved_at: opt(instant), reopen_until: opt(instant), closed_at: opt(instant), reopen_count: small,
        spent_minutes: small, metadata: json, pauses: json, sla_look_at: opt(instant), version: int, created_at: instant,
        updated_at: instant,
    }
    derived { search: text = |c| search(c) }
    late { priority_rank: int = |c| c.priority as i64, due_at: instant = |c| due_at(c) }
    unstored { kb_article_ids }
    complete = crate::service::kb_articles::complete_cases
}
crate::record! {
    case_messages: CaseMessage {
        id: uid, case_id: uid, company_id: uid, author: word, visibility: word, body: text, channel: word, author_user_id: opt(uid),
        author_contact_id: opt(uid), spent_minutes: small, created_at: instant,
    }
}

fn search(case: &Case) -> String {
    let or = |t: &Option<String>| t.clone().unwrap_or_default();
    let (name, email, serial) = (or(&case.requester_name), or(&case.requester_email), or(&case.serial_number));
    crate::search_text(&[&case.number, &case.subject, &name, &email, &serial])
}

/// The earliest time at which a running clock is missed; cases without one come last.
fn due_at(case: &Case) -> DateTime<Utc> {
    let clocks = [case.first_response_due_at, case.next_response_due_at, case.resolution_due_at];
    clocks.into_iter().flatten().min().unwrap_or_else(never)
}

/// Later than every time that is stored.
fn never() -> DateTime<Utc> {
    DateTime::from_timestamp(253_370_764_800, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Fills in by what cases are sorted, of cases from before it was kept, at most `limit`; how many there were.
pub fn fill_order(db: &mut Conn, limit: i64) -> Result<usize> {
    sql!(
        "UPDATE cases SET priority_rank = CASE priority WHEN 'low' THEN 0 WHEN 'normal' THEN 1 WHEN 'high' THEN 2 ELSE 3 END, \
         due_at = COALESCE((SELECT MIN(d.due) FROM (SELECT cases.first_response_due_at AS due UNION ALL SELECT cases.next_response_due_at \
         UNION ALL SELECT cases.resolution_due_at) d), {}) \
         WHERE id IN (SELECT id FROM cases WHERE priority_rank IS NULL ORDER BY id LIMIT {})",
        never(),
        limit
    )
    .execute(db)
}

/// Cases that are neither resolved nor closed, or all others.
pub fn is_open(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Other(match wanted {
        true => sql!("status IN ('new', 'open', 'pending')"),
        false => sql!("status IN ('resolved', 'closed')"),
    })
}

/// Cases without an assignee, or with one.
pub fn is_unassigned(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("assignee_id", wanted)
}

fn ids(rows: Vec<(Uuid,)>) -> Vec<CaseId> {
    rows.into_iter().map(|r| CaseId::from_uuid(r.0)).collect()
}

/// Cases whose clocks have something to raise by now, the longest due first, at most `limit`.
pub fn to_look_at(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<CaseId>> {
    Ok(ids(sql!("SELECT id FROM cases WHERE sla_look_at <= {} ORDER BY sla_look_at, id LIMIT {}", now, limit).load(db)?))
}

/// The next cases after one that are not closed and began with these terms, at most `limit`.
pub fn running_under(db: &mut Conn, terms: SlaPolicyVersionId, after: Uuid, limit: i64) -> Result<Vec<CaseId>> {
    let found = sql!(
        "SELECT id FROM cases WHERE sla_policy_version_id = {} AND status <> 'closed' AND id > {} ORDER BY id LIMIT {}",
        terms.uuid(),
        after,
        limit
    );
    Ok(ids(found.load(db)?))
}

/// Resolved cases whose window for reopening is over, at most `limit`.
pub fn to_close(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<CaseId>> {
    let found = sql!("SELECT id FROM cases WHERE status = 'resolved' AND reopen_until < {} ORDER BY reopen_until, id LIMIT {}", now, limit);
    Ok(ids(found.load(db)?))
}

/// The latest case that follows this one and was not merged into another.
pub fn follow_up(db: &mut Conn, case: CaseId) -> Result<Option<CaseId>> {
    let found = sql!("SELECT id FROM cases WHERE follows_case_id = {} AND merged_into_id IS NULL ORDER BY id DESC LIMIT 1", case.uuid());
    Ok(ids(found.load(db)?).pop())
}

/// The cases that were merged into this one, at most `limit`.
pub fn merged_into(db: &mut Conn, case: CaseId, limit: i64) -> Result<Vec<CaseId>> {
    Ok(ids(sql!("SELECT id FROM cases WHERE merged_into_id = {} ORDER BY id LIMIT {}", case.uuid(), limit).load(db)?))
}

/// When the public messages of these cases were written and by whom, the oldest first: the time, and whether it was an
/// agent or the customer.
pub fn said(db: &mut Conn, cases: &[CaseId], limit: i64) -> Result<Vec<(DateTime<Utc>, String)>> {
    let keys: Vec<Uuid> = cases.iter().map(|c| c.uuid()).collect();
    let found = sql!(
        "SELECT created_at, author FROM case_messages WHERE case_id IN ({}) AND visibility = 'public' ORDER BY created_at, id LIMIT {}",
        list(&keys),
        limit
    );
    found.load(db)
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Case>()
    .ways(&[
        by("party_id", To::Party),
        by("contact_id", To::Contact).where_is("party_id IS NULL AND contact_id IN ({})"),
        // the case of a firm is the firm's, whoever of it asked
        names("contact_id", To::Contact),
        by("requester_email", To::Mailbox).where_is("party_id IS NULL AND contact_id IS NULL AND lower(requester_email) IN ({})"),
        names("requester_email", To::Mailbox).where_is("lower(requester_email) IN ({})"),
    ])
    .columns(&[
        word("subject"),
        null("requester_name").identity(),
        null("requester_email").identity(),
        null("hold_reason"),
        null("resolution"),
        object("metadata"),
        blank("search"),
    ])
    .plain(&["number", "status", "channel", "category", "impact", "urgency", "priority", "serial_number", "sla_state", "clocks", "pauses"]);

/// What `case_messages` holds of a person.
pub const MESSAGES: Personal = Personal::of::<CaseMessage>()
    .ways(&[by("case_id", To::Row("cases")), by("author_contact_id", To::Contact)])
    .columns(&[word("body")])
    .plain(&["author", "visibility", "channel"]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[
    Reference::to_party::<Case>("party_id", OnMerge::Follow),
    Reference::to_contact::<Case>("contact_id", OnMerge::Follow),
    Reference::to_contact::<CaseMessage>("author_contact_id", OnMerge::Stay),
];

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "case_messages", columns: &["body"] }];
