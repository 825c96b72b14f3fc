//! The books: accounts, periods, journal entries, taxes, and what customers owe and pay. Rules only; what is stored
//! where, and who may ask, is decided elsewhere.

pub mod accounts;
pub mod allocations;
pub mod chart;
pub mod credit_notes;
pub mod determinations;
pub mod fiscal_years;
pub mod invoice_lines;
pub mod invoices;
pub mod journal_entries;
pub mod open_items;
pub mod payment_terms;
pub mod payments;
pub mod periods;
pub mod policies;
pub mod posting;

pub mod reports;
pub mod settlement;
pub mod tax;
pub mod tax_calculations;
pub mod tax_codes;
pub mod tax_rules;
