//! Features of the area `crm`, one file for each noun.

mod activities;
mod common;
mod lead_conversion;
mod leads;
mod opportunities;
mod opportunity_lines;
mod pipelines;
mod quote_lines;
mod quote_links;
mod quotes;
mod reports;
mod stages;
mod timeline;
