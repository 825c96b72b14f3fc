//! Operations on companies, parties, contacts, products, units, currencies and rates.

pub mod companies;
pub mod contact_merges;
mod contact_preferences;
pub mod contacts;
pub mod currencies;
pub mod exchange_rates;
pub mod matching;
mod merging;
pub mod overview;
pub mod parties;
pub mod party_hierarchy;
pub mod party_merges;
pub mod personal_data;
pub mod products;
pub mod relationships;
pub mod teams;
pub mod territories;
pub mod timeline;
pub mod units;

use crate::prelude::*;

/// All operations of the area.
pub fn operations(t: &mut Table) {
    companies::operations(t);
    parties::operations(t);
    personal_data::operations(t);
    party_merges::operations(t);
    contacts::operations(t);
    contact_merges::operations(t);
    relationships::operations(t);
    products::operations(t);
    units::operations(t);
    currencies::operations(t);
    exchange_rates::operations(t);
    teams::operations(t);
    territories::operations(t);
}
