//! Service: cases, the queues they wait in, what was promised about them, articles and surveys.

pub mod cases;
pub mod entitlements;
pub mod kb_articles;
pub mod queues;
pub mod sla_policies;
pub mod surveys;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[&cases::PERSONAL, &cases::MESSAGES, &surveys::RESPONSES, &entitlements::PERSONAL];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("kb_article_versions", &["title", "body"]),
    ("kb_articles", &["status", "title", "body", "category", "visibility", "metadata", "search"]),
    ("queues", &["name", "description", "assignment", "metadata"]),
    ("sla_policies", &["name", "targets", "hold_behaviour"]),
    ("sla_policy_versions", &["targets", "hold_behaviour"]),
    ("surveys", &["kind", "name", "question"]),
];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[cases::REFERENCES, entitlements::REFERENCES, surveys::REFERENCES];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[cases::LEDGERS, kb_articles::LEDGERS, sla_policies::LEDGERS];
