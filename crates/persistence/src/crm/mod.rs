//! Rows and named queries of the front office. No rule is decided here.

pub mod activities;
pub mod cases;
pub mod entitlements;
pub mod front_office;
pub mod leads;
pub mod opportunities;
pub mod opportunity_changes;
pub mod opportunity_lines;
pub mod pipelines;
pub mod queues;
pub mod reports;
pub mod sla_policies;
pub mod stages;
