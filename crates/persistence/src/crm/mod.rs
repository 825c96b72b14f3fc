//! Rows and named queries of the front office. No rule is decided here.

pub mod activities;
pub mod assignment_rules;
pub mod cases;
pub mod competitors;
pub mod entitlements;
pub mod forecast_snapshots;
pub mod forecast_submissions;
pub mod forecasts;
pub mod front_office;
pub mod lead_form_submissions;
pub mod lead_forms;
pub mod lead_scoring_models;
pub mod leads;
pub mod loss_reasons;
pub mod metrics;
pub mod opportunities;
pub mod opportunity_changes;
pub mod opportunity_lines;
pub mod opportunity_team;
pub mod pipelines;
pub mod queues;
pub mod quotas;
pub mod reports;
pub mod sla_policies;
pub mod stages;
pub mod touchpoints;
