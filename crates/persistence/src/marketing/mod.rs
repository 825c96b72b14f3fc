//! Marketing: capture forms, touches, segments, campaigns, journeys, consent and attribution.

pub mod attribution_credits;
pub mod attribution_models;
pub mod campaigns;
pub mod consent_confirmations;
pub mod consents;
pub mod journey_enrollments;
pub mod journeys;
pub mod lead_form_submissions;
pub mod lead_forms;
pub mod segments;
pub mod suppressions;
pub mod templates;
pub mod touchpoints;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[
    &lead_form_submissions::PERSONAL,
    &touchpoints::PERSONAL,
    &touchpoints::VISITORS,
    &consents::PERSONAL,
    &consents::EVIDENCE,
    &consent_confirmations::PERSONAL,
    &suppressions::PERSONAL,
    &campaigns::MEMBERS,
];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("attribution_credits", &["basis", "campaign", "channel", "source", "medium"]),
    ("attribution_days", &["basis"]),
    ("attribution_deals", &["status"]),
    ("attribution_documents", &["document_id"]),
    ("attribution_figures", &["document_id", "basis"]),
    ("attribution_models", &["name", "kind", "weights", "effects"]),
    ("attribution_restatements", &["basis", "reason", "cause_id"]),
    ("attribution_shares", &["basis"]),
    ("campaign_codes", &["code"]),
    ("campaign_variants", &["name"]),
    ("campaigns", &["name", "status", "topic", "from_name", "reply_to", "variables", "quiet_hours", "frequency_cap", "search"]),
    ("consent_addresses", &["address_hash", "channel", "topic", "status"]),
    ("consent_states", &["channel", "topic", "status"]),
    ("journey_enrollments", &["entered_by", "status", "outcome", "step"]),
    ("journey_versions", &["entry", "reentry", "goal", "steps", "topic", "messages", "entry_fact", "goal_fact"]),
    ("journey_visits", &["step", "result"]),
    (
        "journeys",
        &[
            "name",
            "description",
            "status",
            "entry",
            "reentry",
            "goal",
            "steps",
            "topic",
            "from_name",
            "reply_to",
            "quiet_hours",
            "frequency_cap",
            "search",
        ],
    ),
    ("lead_form_wordings", &["text", "topic", "channel"]),
    ("lead_forms", &["name", "key", "fields", "consent", "honeypot_field", "source"]),
    ("mailbox_turns", &["address_hash"]),
    ("segments", &["name", "kind", "audience", "filter", "search"]),
    ("template_revisions", &["subject", "html", "text"]),
    ("templates", &["name", "subject", "html", "text", "variables", "search"]),
];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] =
    &[attribution_credits::REFERENCES, consent_confirmations::REFERENCES, consents::REFERENCES, touchpoints::REFERENCES];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[consents::LEDGERS, lead_form_submissions::LEDGERS];
