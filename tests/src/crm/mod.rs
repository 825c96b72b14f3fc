//! Features of the area `crm`, one file for each noun.

mod activities;
mod cases;
mod common;
mod entitlements;
mod lead_conversion;
mod leads;
mod opportunities;
mod opportunity_lines;
mod pipelines;
mod queues;
mod reports;
mod service;
mod sla_policies;
mod stages;
mod timeline;
