//! Features of the area `crm`, one file for each noun.

mod activities;
mod assignment_rules;
mod common;
mod competitors;
mod forecast_snapshots;
mod forecast_submissions;
mod forecasts;
mod lead_scoring_models;
mod leads;
mod loss_reasons;
mod opportunities;
mod pipelines;
mod quotas;
mod quote_links;
mod quotes;
mod reports;
mod timeline;
