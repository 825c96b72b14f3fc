//! Features of the area `directory`, one file for each noun.

mod big_parties;
mod companies;
mod contact_merges;
mod contact_preferences;
mod contacts;
mod currencies;
mod exchange_rates;
mod matching;
mod merge_races;
mod one_person;
mod overview;
mod parties;
mod party_hierarchy;
mod party_merges;
mod personal_data;
mod products;
pub mod references;
mod relationships;
pub(crate) mod teams;
pub(crate) mod territories;
mod units;
