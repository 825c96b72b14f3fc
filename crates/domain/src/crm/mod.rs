//! The front office: leads, pipelines, opportunities and what people do about them. Orders, stock and books are not
//! known here; they hear of a won deal as a fact.

pub mod activities;
pub mod assignment_rules;
pub mod lead_conditions;
pub mod lead_form_submissions;
pub mod lead_forms;
pub mod lead_prediction;
pub mod lead_response;
pub mod lead_scores;
pub mod lead_scoring_models;
pub mod lead_steps;
pub mod leads;
pub mod opportunities;
pub mod opportunity_changes;
pub mod opportunity_lines;
pub mod opportunity_steps;
pub mod pipelines;
pub mod reports;
pub mod stages;
mod text;
pub mod touchpoints;
