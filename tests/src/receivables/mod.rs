//! Features of the area `receivables`, one file for each noun.

mod booked_accounts;
mod credit_notes;
mod invoices;
mod open_items;
mod opening_invoices;
mod parts;
mod payment_terms;
mod write_offs;
