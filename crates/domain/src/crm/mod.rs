//! The front office: leads, pipelines, opportunities and what people do about them. Orders, stock and books are not
//! known here; they hear of a won deal as a fact.

pub mod activities;
pub mod competitors;
pub mod customer_metrics;
pub mod forecast_snapshots;
pub mod forecast_submissions;
pub mod forecasts;
pub mod lead_steps;
pub mod leads;
pub mod loss_reasons;
pub mod metrics;
pub mod opportunities;
pub mod opportunity_changes;
pub mod opportunity_lines;
pub mod opportunity_steps;
pub mod opportunity_team;
pub mod pipelines;
pub mod quotas;
pub mod reports;
pub mod stages;
mod text;
