//! What the nouns declare beside their rows, collected over all areas.

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::{Reference, Target};

/// What tables hold of a person, those that others lead through first.
pub fn personal() -> impl Iterator<Item = &'static Personal> {
    [
        crate::directory::PERSONAL,
        crate::crm::PERSONAL,
        crate::sales::PERSONAL,
        crate::service::PERSONAL,
        crate::marketing::PERSONAL,
        crate::receivables::PERSONAL,
        crate::banking::PERSONAL,
        crate::accounting::PERSONAL,
        crate::platform::PERSONAL,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The tables without anything of a person.
pub fn plain() -> impl Iterator<Item = &'static Plain> {
    [
        crate::directory::PLAIN,
        crate::identity::PLAIN,
        crate::platform::PLAIN,
        crate::crm::PLAIN,
        crate::service::PLAIN,
        crate::marketing::PLAIN,
        crate::insight::PLAIN,
        crate::accounting::PLAIN,
        crate::tax::PLAIN,
        crate::receivables::PLAIN,
        crate::banking::PLAIN,
        crate::inventory::PLAIN,
        crate::sales::PLAIN,
    ]
    .into_iter()
    .flatten()
}

/// Foreign keys that lead to parties, or to contacts.
pub fn references(to: Target) -> impl Iterator<Item = &'static Reference> {
    [
        crate::directory::REFERENCES,
        crate::platform::REFERENCES,
        crate::accounting::REFERENCES,
        crate::receivables::REFERENCES,
        crate::banking::REFERENCES,
        crate::inventory::REFERENCES,
        crate::sales::REFERENCES,
        crate::crm::REFERENCES,
        crate::service::REFERENCES,
        crate::marketing::REFERENCES,
    ]
    .into_iter()
    .flatten()
    .copied()
    .flatten()
    .filter(move |r| r.to == to)
}

/// Tables whose rows stay as they were written.
pub fn ledgers() -> impl Iterator<Item = &'static Ledger> {
    [
        crate::platform::LEDGERS,
        crate::accounting::LEDGERS,
        crate::receivables::LEDGERS,
        crate::banking::LEDGERS,
        crate::inventory::LEDGERS,
        crate::crm::LEDGERS,
        crate::service::LEDGERS,
        crate::marketing::LEDGERS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .flatten()
}
