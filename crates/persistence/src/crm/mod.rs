//! Rows and named queries of the front office. No rule is decided here.

pub mod activities;
pub mod front_office;
pub mod leads;
pub mod opportunities;
pub mod opportunity_changes;
pub mod opportunity_lines;
pub mod pipelines;
pub mod quote_lines;
pub mod quotes;
pub mod reports;
pub mod stages;
