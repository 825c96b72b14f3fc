//! Features of the area `receivables`, one file for each noun.

mod credit_notes;
mod invoices;
mod open_items;
mod payment_terms;
