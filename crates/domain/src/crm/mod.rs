//! The front office: leads, pipelines, opportunities and what people do about them. Orders, stock and books are not
//! known here; they hear of a won deal as a fact.

pub mod activities;
pub mod lead_steps;
pub mod leads;
pub mod opportunities;
pub mod opportunity_changes;
pub mod opportunity_lines;
pub mod opportunity_steps;
pub mod pipelines;
pub mod quote_answers;
pub mod quote_lines;
pub mod quote_steps;
pub mod quotes;
pub mod reports;
pub mod stages;
mod text;
