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
pub mod overview;
pub mod pipelines;
pub mod quotas;
pub mod quotes;
pub mod reports;
