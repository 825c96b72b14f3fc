//! Operations of the front office, and what it hears and answers.

pub mod activities;
pub mod case_clocks;
pub mod case_context;
pub mod case_steps;
pub mod cases;
pub mod competitors;
pub mod entitlements;
pub mod forecast_snapshots;
pub mod forecast_submissions;
pub mod forecasts;
pub mod lead_conversion;
pub mod leads;
pub mod loss_reasons;
pub mod opportunities;
pub mod opportunity_lines;
pub mod opportunity_team;
pub mod overview;
pub mod pipelines;
pub mod queues;
pub mod quotas;
pub mod reports;
pub mod sla_policies;
pub mod stages;
pub mod stalling;
pub mod timeline;
pub mod verification;
