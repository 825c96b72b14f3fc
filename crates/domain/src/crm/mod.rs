//! The front office: leads, pipelines, opportunities, service and what people do about them. Orders, stock and books are not
//! known here; they hear of a won deal as a fact.

pub mod activities;
pub mod case_context;
pub mod case_messages;
pub mod case_steps;
pub mod cases;
pub mod competitors;
pub mod customer_metrics;
pub mod entitlements;
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
pub mod queues;
pub mod quotas;
pub mod quote_answers;
pub mod quote_lines;
pub mod quote_steps;
pub mod quotes;
pub mod reports;
pub mod sla_clocks;
pub mod sla_policies;
pub mod stages;
mod text;
