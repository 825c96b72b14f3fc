//! Rows and named queries of companies, parties, contacts, products, units, currencies and rates. No rule is decided here.

pub mod companies;
pub mod contact_merges;
pub mod contact_preferences;
pub mod contacts;
pub mod currencies;
pub mod exchange_rates;
mod lookups;
mod merging;
pub mod parties;
pub mod party_merges;
pub mod personal_data;
pub mod products;
pub mod references;
pub mod relationships;
pub mod teams;
pub mod territories;
pub mod units;
