//! Rows and queries of the books.

pub mod account_determinations;
pub mod accounts;
pub mod acquisition_costs;
pub mod balances;
pub mod campaign_costs;
pub mod integrity;
pub mod journal_entries;
pub mod periods;
pub mod setup;
