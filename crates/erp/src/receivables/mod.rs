//! Receivables: what customers owe, from invoice to settlement.

pub mod credit_notes;
pub mod invoices;
pub mod open_items;
pub mod settlement;
