//! Operations of the front office, and what it hears and answers.

pub mod activities;
pub mod assignment_rules;
pub mod competitors;
pub mod forecast_snapshots;
pub mod forecast_submissions;
pub mod forecasts;
pub mod integrity;
pub mod lead_scoring_models;
pub mod leads;
pub mod loss_reasons;
pub mod opportunities;
pub mod overview;
pub mod pipelines;
pub mod quotas;
pub mod quote_links;
pub mod quotes;
pub mod reports;
pub mod timeline;
