//! Operations of the front office, and what it hears and answers.

pub mod activities;
pub mod lead_conversion;
pub mod leads;
pub mod opportunities;
pub mod opportunity_lines;
pub mod overview;
pub mod pipelines;
pub mod quote_lines;
pub mod quote_links;
pub mod quote_pdf;
pub mod quote_steps;
pub mod quotes;
pub mod reports;
pub mod stages;
pub mod timeline;
pub mod verification;
