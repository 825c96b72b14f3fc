//! Receivables: what customers owe, from invoice to settlement.

pub mod credit_notes;
pub mod integrity;
pub mod invoices;
pub mod open_items;
pub mod payment_terms;

use crate::personal::{Personal, Plain};

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
