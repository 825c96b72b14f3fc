//! Receivables: what customers owe, from invoice to settlement.

pub mod credit_notes;
pub mod integrity;
pub mod invoices;
pub mod open_items;
pub mod payment_terms;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[&invoices::PERSONAL, &credit_notes::PERSONAL];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("allocations", &["taxes"]),
    ("credit_note_lines", &["item_class", "description", "taxes"]),
    ("invoice_lines", &["item_class", "description", "tax_code_ids", "taxes", "order_line_id"]),
    ("item_entries", &["cause"]),
    ("open_items", &["kind", "document_id", "document_number", "currency"]),
    ("payment_terms", &["code", "name", "instalments"]),
];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[credit_notes::REFERENCES, invoices::REFERENCES, open_items::REFERENCES];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[open_items::LEDGERS];
