//! Who and what everybody deals with: companies, parties, contacts, products, units, currencies and their rates.
//! Shared by front and back office; no document lives here.

pub mod address_keys;
pub mod addresses;
pub mod companies;
pub mod contact_merges;
pub mod contact_preferences;
pub mod contacts;
pub mod currencies;
pub mod emails;
pub mod erasure;
pub mod exchange_rates;
pub mod external_ids;
pub mod matching;
pub mod merging;
pub mod overview;
pub mod parties;
pub mod party_hierarchy;
pub mod party_merges;
pub mod personal_data;
pub mod phones;
pub mod products;
pub mod relationships;
pub mod search;
pub mod tags;
pub mod teams;
pub mod terms;
pub mod territories;
pub mod timeline;
pub mod units;
