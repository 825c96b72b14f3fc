//! Rows and queries of the books.

pub mod accounts;
pub mod acquisition_costs;
pub mod balances;
pub mod campaign_costs;
pub mod checks;
pub mod credit_notes;
pub mod determinations;
pub mod invoices;
pub mod journal_entries;
pub mod open_items;
pub mod payments;
pub mod periods;
pub mod setup;
