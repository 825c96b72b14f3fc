//! Rows of what belongs to no business area: facts, keys, numbers, links.

pub mod attachments;
pub mod calendars;
pub mod comments;
pub mod event_days;
pub mod events;
pub mod files;
pub mod followers;
pub mod idempotency;
pub mod jobs;
pub mod links;
pub mod notifications;
pub mod numbers;
pub mod record_tags;
pub mod records;
pub mod redactions;
pub mod reminders;
pub mod saved_views;
pub mod search;
pub mod sequence;
pub mod settings;
pub mod timer_failures;
pub mod watchers;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[
    &comments::PERSONAL,
    &attachments::CONTENTS,
    &attachments::PERSONAL,
    &reminders::PERSONAL,
    &record_tags::PERSONAL,
    &redactions::EVENTS,
    &idempotency::KEYS,
    &timer_failures::PERSONAL,
    &followers::FAILURES,
    &search::DOCUMENTS,
    &search::POSTINGS,
    &search::WORDS,
    &search::GRAMS,
];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("calendars", &["name", "time_zone", "working_hours", "holidays"]),
    ("event_redactions", &["subject"]),
    ("followers", &["name", "status"]),
    ("idempotency_subjects", &["scope", "subject"]),
    ("jobs", &["kind", "status", "input", "state", "progress", "result", "result_url", "error", "owner", "caller", "lease"]),
    ("links", &["from_id", "to_id", "kind"]),
    ("notification_settings", &["channels", "digest", "digest_time"]),
    ("notifications", &["kind", "record_id", "record_kind", "event_kind", "old_value", "new_value"]),
    ("number_series", &["code"]),
    ("saved_views", &["noun", "name", "scope", "filters", "sort", "columns", "groups"]),
    ("settings", &["id", "value"]),
    ("stored_files", &["name", "media_type", "sha256", "uploaded_by"]),
    ("watchers", &["record_id", "record_kind", "reason"]),
];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[attachments::REFERENCES, comments::REFERENCES];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[events::LEDGERS, redactions::LEDGERS];
