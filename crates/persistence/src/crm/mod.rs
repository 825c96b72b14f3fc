//! Rows and named queries of the front office. No rule is decided here.

pub mod activities;
pub mod assignment_rules;
pub mod front_office;
pub mod lead_form_submissions;
pub mod lead_forms;
pub mod lead_scoring_models;
pub mod leads;
pub mod opportunities;
pub mod opportunity_changes;
pub mod opportunity_lines;
pub mod pipelines;
pub mod reports;
pub mod stages;
pub mod touchpoints;
