//! Receivables: what customers owe, from invoice to settlement.

pub(crate) mod credit_notes;
pub(crate) mod invoices;
pub(crate) mod open_items;
