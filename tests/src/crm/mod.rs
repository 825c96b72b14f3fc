//! Features of the area `crm`, one file for each noun.

mod activities;
mod assignment_rules;
mod common;
mod lead_conversion;
mod lead_form_submissions;
mod lead_forms;
mod lead_response;
mod lead_scoring_models;
mod leads;
mod opportunities;
mod opportunity_lines;
mod pipelines;
mod reports;
mod stages;
mod timeline;
mod touchpoints;
