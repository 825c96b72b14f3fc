//! Operations of the front office, and what it hears and answers.

pub mod activities;
pub mod assignment_rules;
pub mod lead_conversion;
pub mod lead_form_submissions;
pub mod lead_forms;
pub mod lead_response;
pub mod lead_scores;
pub mod lead_scoring_models;
pub mod leads;
pub mod opportunities;
pub mod opportunity_lines;
pub mod overview;
pub mod pipelines;
pub mod reports;
pub mod stages;
pub mod timeline;
pub mod touchpoints;
pub mod verification;
