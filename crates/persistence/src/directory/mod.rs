//! Rows and named queries of companies, parties, contacts, products, units, currencies and rates. No rule is decided here.

pub mod companies;
pub mod contact_merges;
pub mod contact_preferences;
pub mod contacts;
pub mod currencies;
pub mod exchange_rates;
pub mod lookups;
mod merging;
pub mod parties;
pub mod party_merges;
pub mod personal_data;
pub mod products;
pub mod relationships;
pub mod teams;
pub mod territories;
pub mod units;

use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[
    &parties::PERSONAL,
    &parties::EMAILS,
    &parties::PHONES,
    &parties::EXTERNAL_IDS,
    &parties::MATCH_KEYS,
    &contacts::PERSONAL,
    &contacts::EMAILS,
    &contacts::PHONES,
    &contacts::EXTERNAL_IDS,
    &contacts::MATCH_KEYS,
    &contact_preferences::PERSONAL,
    &relationships::PERSONAL,
    &party_merges::MOVES,
    &party_merges::PERSONAL,
    &contact_merges::MOVES,
    &contact_merges::PERSONAL,
];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    (
        "companies",
        &[
            "code",
            "name",
            "legal_name",
            "currency",
            "time_zone",
            "rounding",
            "negative_stock",
            "order_closing",
            "credit_policy",
            "tax_id",
            "address",
            "metadata",
            "search",
        ],
    ),
    ("currencies", &["numeric_code", "name"]),
    ("exchange_rates", &["from_currency", "to_currency", "kind", "source"]),
    (
        "products",
        &[
            "sku",
            "name",
            "description",
            "kind",
            "currency",
            "tax_class",
            "posting_class",
            "category",
            "barcode",
            "tags",
            "metadata",
            "search",
            "tracking",
        ],
    ),
    ("teams", &["name", "name_key"]),
    ("territories", &["name", "countries", "name_key"]),
    ("territory_countries", &["country"]),
    ("units", &["code", "name", "category"]),
];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[
    contact_merges::REFERENCES,
    contact_preferences::REFERENCES,
    contacts::REFERENCES,
    parties::REFERENCES,
    party_merges::REFERENCES,
    relationships::REFERENCES,
];
