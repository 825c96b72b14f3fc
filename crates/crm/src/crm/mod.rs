//! Operations of the front office, and what it hears and answers.

pub mod activities;
pub mod case_clocks;
pub mod case_context;
pub mod case_steps;
pub mod cases;
pub mod entitlements;
pub mod lead_conversion;
pub mod leads;
pub mod opportunities;
pub mod opportunity_lines;
pub mod overview;
pub mod pipelines;
pub mod queues;
pub mod reports;
pub mod sla_policies;
pub mod stages;
pub mod timeline;
pub mod verification;
