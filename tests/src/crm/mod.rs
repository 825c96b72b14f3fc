//! Features of the area `crm`, one file for each noun.

mod activities;
mod common;
mod competitors;
mod customer_metrics;
mod forecast_snapshots;
mod forecast_submissions;
mod forecasts;
mod lead_conversion;
mod leads;
mod loss_reasons;
mod metrics;
mod opportunities;
mod opportunity_lines;
mod opportunity_team;
mod pipelines;
mod quotas;
mod reports;
mod stages;
mod timeline;
