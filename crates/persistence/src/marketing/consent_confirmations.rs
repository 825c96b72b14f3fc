//! Rows of messages that ask for a confirmation, and the way of each to the mail server.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{ConsentConfirmationId, JobId};
use domain::kernel::{Id, StringEnum};
use domain::marketing::consent_confirmations::{ConfirmationStatus, ConsentConfirmation, TRIES};
use uuid::Uuid;

use crate::personal::{Personal, To, by, null};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, record, sql};

record! {
    consent_confirmations: ConsentConfirmation {
        id: uid, company_id: uid, party_id: opt(uid), contact_id: opt(uid), lead_id: opt(uid), topic: opt(text), email: opt(text),
        status: word, wording_version: text, wording: opt(text), source: text, confirm_url: opt(text), pending_consent_id: uid,
        granted_consent_id: opt(uid), expires_at: instant, sent_at: opt(instant), confirmed_at: opt(instant), note: opt(text),
        version: int, created_at: instant, updated_at: instant,
    }
}

/// Puts a new one into the queue.
pub fn queue(db: &mut Conn, c: &ConsentConfirmation, subject: Uuid) -> Result<usize> {
    sql!(
        "INSERT INTO consent_confirmations (id, company_id, party_id, contact_id, lead_id, subject, topic, email, status, wording_version, \
         wording, source, confirm_url, pending_consent_id, expires_at, due_at, attempts, version, created_at, updated_at) \
         VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, 0, 1, {}, {})",
        c.id.uuid(),
        c.company_id.uuid(),
        c.party_id.map(Id::uuid),
        c.contact_id.map(Id::uuid),
        c.lead_id.map(Id::uuid),
        subject,
        c.topic.clone(),
        c.email.clone(),
        c.status.as_str(),
        &c.wording_version,
        c.wording.clone(),
        &c.source,
        c.confirm_url.clone(),
        c.pending_consent_id.uuid(),
        c.expires_at,
        c.created_at,
        c.created_at,
        c.updated_at
    )
    .execute(db)
}

/// Whether somebody was asked for the same at the same address since a moment.
pub fn asked_since(db: &mut Conn, subject: Uuid, topic: Option<&str>, email: &str, since: DateTime<Utc>) -> Result<bool> {
    let found = sql!(
        "SELECT id FROM consent_confirmations WHERE subject = {} AND created_at > {} AND topic IS NOT DISTINCT FROM {} \
         AND lower(email) = lower({}) AND status IN ('queued', 'sending', 'sent', 'unknown') LIMIT 1",
        subject,
        since,
        topic.map(str::to_string),
        email
    );
    Ok(found.first::<(Uuid,)>(db)?.is_some())
}

/// The e-mail address that each party, contact or lead is written to first.
pub fn primary_address(db: &mut Conn, subject: Uuid) -> Result<Option<String>> {
    let found = sql!("SELECT email FROM audience WHERE id = {} AND email IS NOT NULL", subject);
    Ok(found.first::<(String,)>(db)?.map(|r| r.0))
}

/// Up to `limit` messages that no job works for although they are due or on their way.
pub fn idle(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<ConsentConfirmationId>> {
    let found = sql!(
        "SELECT c.id FROM consent_confirmations c WHERE c.due_at <= {} AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = c.job_id \
         AND j.status IN ('queued', 'running')) ORDER BY c.due_at, c.id LIMIT {}",
        now,
        limit
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| ConsentConfirmationId::from_uuid(r.0)).collect())
}

/// Notes which job works for a message. A note of ours: it does not count as a change.
pub fn set_job(db: &mut Conn, id: ConsentConfirmationId, job: JobId) -> Result<usize> {
    sql!("UPDATE consent_confirmations SET job_id = {} WHERE id = {}", job.uuid(), id.uuid()).execute(db)
}

/// Marks a message as on its way, unless it was: whether it is to be sent. From here on nobody sends it again.
pub fn take(db: &mut Conn, id: ConsentConfirmationId) -> Result<bool> {
    Ok(sql!("UPDATE consent_confirmations SET status = 'sending' WHERE id = {} AND status = 'queued'", id.uuid()).execute(db)? == 1)
}

/// Writes down what became of a message that was on its way, or did not go out. Who has confirmed meanwhile stays so.
pub fn settle(
    db: &mut Conn,
    id: ConsentConfirmationId,
    status: ConfirmationStatus,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<usize> {
    let sent_at = Some(now).filter(|_| status == ConfirmationStatus::Sent);
    sql!(
        "UPDATE consent_confirmations SET status = {}, sent_at = {}, note = {}, due_at = NULL, version = version + 1, updated_at = {} \
         WHERE id = {} AND status IN ('queued', 'sending')",
        status.as_str(),
        sent_at,
        note,
        now,
        id.uuid()
    )
    .execute(db)
}

/// Puts a message back that the mail server does not take now, or gives it up.
pub fn try_later(db: &mut Conn, id: ConsentConfirmationId, note: &str, now: DateTime<Utc>) -> Result<usize> {
    sql!(
        "UPDATE consent_confirmations SET status = CASE WHEN attempts + 1 >= {} THEN 'failed' ELSE 'queued' END, \
         due_at = CASE WHEN attempts + 1 >= {} THEN NULL ELSE {} END, attempts = attempts + 1, note = {} \
         WHERE id = {} AND status = 'sending'",
        TRIES,
        TRIES,
        now + TimeDelta::minutes(5),
        note,
        id.uuid()
    )
    .execute(db)
}

/// The message behind a link, locked until the transaction ends.
pub fn find_to_change(db: &mut Conn, id: ConsentConfirmationId) -> Result<Option<ConsentConfirmation>> {
    record::find_to_change(db, id.uuid())
}

/// Stores a message that was confirmed; it is not sent any more.
pub fn store(db: &mut Conn, row: &ConsentConfirmation) -> Result<bool> {
    sql!("UPDATE consent_confirmations SET due_at = NULL WHERE id = {}", row.id.uuid()).execute(db)?;
    record::update(db, row, None)
}

/// The topics that a company has written about, up to `limit`.
pub fn topics_of(db: &mut Conn, company: Uuid, limit: i64) -> Result<Vec<String>> {
    let found = sql!(
        "SELECT DISTINCT topic FROM campaigns WHERE company_id = {} AND topic IS NOT NULL AND status <> 'draft' ORDER BY topic LIMIT {}",
        company,
        limit
    );
    Ok(found.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<ConsentConfirmation>()
    .ways(&[
        by("party_id", To::Party),
        by("contact_id", To::Contact),
        by("lead_id", To::Lead),
        by("email", To::Mailbox).where_is("lower(email) IN ({})"),
    ])
    .columns(&[null("email"), null("note")])
    .plain(&["topic", "status", "wording_version", "wording", "source", "confirm_url"])
    .also(", due_at = NULL, status = CASE WHEN status = 'queued' THEN 'failed' ELSE status END");

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[
    Reference::to_party::<ConsentConfirmation>("party_id", OnMerge::Follow),
    Reference::to_contact::<ConsentConfirmation>("contact_id", OnMerge::Follow),
];
