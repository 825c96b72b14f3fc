//! Rows and named queries of the front office. No rule is decided here.

pub mod activities;
pub mod assignment_rules;
pub mod competitors;
pub mod forecast_snapshots;
pub mod forecast_submissions;
pub mod forecasts;
pub mod lead_scoring_models;
pub mod leads;
pub mod loss_reasons;
pub mod opportunities;
pub mod pipelines;
pub mod quotas;
pub mod quotes;
pub mod reports;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[
    &leads::PERSONAL,
    &opportunities::PERSONAL,
    &opportunities::CHANGES,
    &opportunities::LINES,
    &activities::PERSONAL,
    &activities::PARTICIPANTS,
    &quotes::PERSONAL,
    &quotes::LINES,
];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("assignment_rules", &["name", "conditions", "method", "members"]),
    ("competitors", &["name", "website", "strengths", "weaknesses", "metadata", "name_key"]),
    ("forecast_snapshots", &["period", "currency", "rows", "rates"]),
    ("forecast_submissions", &["period", "method", "note"]),
    ("lead_grade_changes", &["from_grade", "to_grade"]),
    ("lead_scoring_models", &["name", "status", "fit_rules", "engagement_rules", "grades"]),
    ("loss_reasons", &["name", "name_key"]),
    ("opportunity_contact_roles", &["role"]),
    ("pipelines", &["name", "metadata"]),
    ("quotas", &["period", "metadata"]),
    ("stages", &["name", "forecast_category", "required_fields"]),
];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] =
    &[activities::REFERENCES, leads::REFERENCES, opportunities::REFERENCES, opportunities::team::REFERENCES, quotes::REFERENCES];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[forecast_snapshots::LEDGERS, forecast_submissions::LEDGERS, opportunities::changes::LEDGERS];
