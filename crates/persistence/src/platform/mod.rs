//! Rows of what belongs to no business area: facts, keys, numbers, links.

pub mod calendars;
pub mod event_days;
pub mod events;
pub mod files;
pub mod followers;
pub mod idempotency;
pub mod jobs;
pub mod links;
pub mod numbers;
pub mod redactions;
pub mod saved_views;
pub mod search;
pub mod sequence;
pub mod settings;
pub mod timer_failures;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[
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
    ("number_series", &["code"]),
    ("saved_views", &["noun", "name", "scope", "filters", "sort", "columns", "groups"]),
    ("settings", &["id", "value"]),
    ("stored_files", &["name", "media_type", "sha256", "uploaded_by"]),
];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[events::LEDGERS, redactions::LEDGERS];
