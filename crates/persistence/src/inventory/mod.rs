//! Rows and queries of stock: two ledgers that are only ever added to, and the running figures kept beside them.

pub mod adjustments;
pub mod checks;
pub mod locations;
pub mod moves;
pub mod reservations;
pub mod serials;
pub mod stock;
pub mod valuation;
pub mod warehouses;

use crate::ledger::Ledger;
use crate::personal::Plain;
use crate::reference::Reference;
use crate::{Conn, Engine, Statement};

/// Ends a `SELECT` whose rows are going to change: they stay locked until the transaction ends (SQLite has one writer).
pub(crate) fn for_change(db: &Conn, statement: &mut Statement) {
    if db.engine() == Engine::Postgres {
        statement.sql(" FOR NO KEY UPDATE");
    }
}

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("locations", &["kind", "code", "name"]),
    ("reservations", &["kind", "note"]),
    ("serials", &["number", "status"]),
    ("stock_adjustments", &["number", "status", "reason", "note", "metadata"]),
    ("stock_moves", &["source_id", "source_line_id"]),
    ("value_entries", &["kind", "source_id", "source_line_id"]),
    ("warehouses", &["code", "name", "metadata"]),
];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[moves::LEDGERS, valuation::LEDGERS];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[serials::REFERENCES];
