//! Service: cases, the queues they wait in, what was promised about them, articles and surveys.

pub mod cases;
pub mod entitlements;
pub mod kb_articles;
pub mod queues;
pub mod sla_policies;
pub mod surveys;

use crate::personal::{Personal, Plain};

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
