//! Features of the area `crm`, one file for each noun.

mod activities;
mod cases;
mod common;
mod competitors;
mod customer_metrics;
mod entitlements;
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
mod queues;
mod quotas;
mod reports;
mod service;
mod sla_policies;
mod stages;
mod timeline;
