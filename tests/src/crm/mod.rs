//! Features of the area `crm`, one file for each noun.

mod activities;
mod assignment_rules;
pub(crate) mod common;
mod competitors;
mod forecast_snapshots;
mod forecast_submissions;
pub(crate) mod forecasts;
mod lead_scoring_models;
mod leads;
mod loss_reasons;
mod opportunities;
mod pipelines;
mod quotas;
mod quote_links;
pub mod quotes;
mod reports;
mod timeline;
