//! Rows and queries of the books.

pub mod account_determinations;
pub mod accounts;
pub mod acquisition_costs;
pub mod balances;
pub mod campaign_costs;
pub mod integrity;
pub mod journal_entries;
pub mod periods;
pub mod policies;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[&journal_entries::PERSONAL];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("account_determinations", &["role", "item_class", "party_class"]),
    ("accounts", &["code", "name", "account_type", "normal_side", "currency"]),
    ("fiscal_years", &["name"]),
    ("journal_lines", &["currency", "dimensions", "description", "source"]),
    ("periods", &["gl", "ar", "ap", "inventory", "payroll", "tax"]),
];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[journal_entries::REFERENCES];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[journal_entries::LEDGERS];
