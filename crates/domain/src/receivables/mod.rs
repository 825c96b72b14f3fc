//! Receivables: what customers owe, from invoice to settlement.

pub mod allocations;
pub mod composition;
pub mod credit_notes;
pub mod invoices;
pub mod open_items;
pub mod parts;
pub mod payment_terms;
#[cfg(test)]
pub mod samples;
pub mod settlement;
