//! Rows of what was sent to capture forms. The database refuses to change them.

use chrono::{DateTime, Utc};
use domain::ids::LeadFormId;
use domain::kernel::Id;
use domain::marketing::lead_form_submissions::LeadFormSubmission;

use crate::ledger::Ledger;
use crate::personal::{Personal, To, by, null, object};
use crate::{Conn, Result, record, sql};

crate::record! {
    lead_form_submissions: LeadFormSubmission {
        id: uid, form_id: uid, company_id: uid, status: word, reason: opt(text), detail: opt(text), token: text, fields: json,
        origin: json, anonymous_id: opt(text), email: opt(text), occurred_at: instant, received_at: instant,
        ip_address: opt(text), consent: bool, consent_version: opt(small), consent_text: opt(text), consent_topic: opt(text),
        consent_channel: opt(word), lead_id: opt(uid), touchpoint_id: opt(uid),
    }
}

/// What was sent to a form under a token and not refused.
pub fn by_token(db: &mut Conn, form: LeadFormId, token: &str) -> Result<Option<LeadFormSubmission>> {
    let mut s = record::select::<LeadFormSubmission>();
    s.append(sql!(" WHERE form_id = {} AND token = {} AND status <> 'refused'", form.uuid(), token));
    Ok(record::load(db, &s)?.pop())
}

/// How many submissions of a form are kept since a moment: all, and those from one address.
pub fn since(db: &mut Conn, form: LeadFormId, address: Option<&str>, since: DateTime<Utc>) -> Result<(i64, i64)> {
    let all = sql!("SELECT COUNT(*) FROM lead_form_submissions WHERE form_id = {} AND received_at > {}", form.uuid(), since);
    let all = all.first::<(i64,)>(db)?.map_or(0, |r| r.0);
    let Some(address) = address else { return Ok((all, 0)) };
    let own = sql!(
        "SELECT COUNT(*) FROM lead_form_submissions WHERE form_id = {} AND ip_address = {} AND received_at > {}",
        form.uuid(),
        address,
        since
    );
    Ok((all, own.first::<(i64,)>(db)?.map_or(0, |r| r.0)))
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<LeadFormSubmission>()
    .ways(&[by("lead_id", To::Lead), by("email", To::Mailbox).where_is("lower(email) IN ({})")])
    .columns(&[object("fields"), object("origin"), null("email"), null("ip_address"), null("anonymous_id"), null("detail")])
    .plain(&["status", "reason", "token", "consent_text", "consent_topic", "consent_channel"]);

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] =
    &[Ledger { table: "lead_form_submissions", columns: &["fields", "origin", "email", "ip_address", "anonymous_id", "detail"] }];
