//! The front office: leads, pipelines, opportunities, service and what people do about them. Orders, stock and books are not
//! known here; they hear of a won deal as a fact.

pub mod activities;
pub mod assignment_rules;
pub mod campaign_names;
pub mod competitors;
pub mod figures;
pub mod forecast_snapshots;
pub mod forecast_submissions;
pub mod forecasts;
pub mod lead_scoring_models;
pub mod leads;
pub mod loss_reasons;
pub mod opportunities;
pub mod percentages;
pub mod pipelines;
pub mod quotas;
pub mod quotes;
pub mod reports;
