//! Rows of credit notes and their lines, and what posted ones have taken back.

use std::collections::HashMap;

use domain::ids::CreditNoteId;
use domain::kernel::Id;
use domain::receivables::allocations::Allocation;
use domain::receivables::credit_notes::{CreditNote, CreditNoteLine};
use uuid::Uuid;

use crate::personal::{Personal, To, by, kept, object};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, record};

crate::record! {
    credit_notes: CreditNote {
        id: uid, company_id: uid, number: opt(text), status: word, invoice_id: uid, customer_id: uid, customer_name: text,
        reason: text, credit_date: date, currency: text, exchange_rate: rate, apply_to_invoice: bool, taxes: json, net: amount,
        tax: amount, total: amount, total_company: amount, discount: amount, discount_company: amount, discount_taxes: json, unallocated: amount, journal_entry_id: opt(uid),
        created_by: opt(uid), posted_at: opt(instant), metadata: json, version: int, created_at: instant, updated_at: instant,
    }
    unstored { lines, allocations }
    complete = complete
}

crate::record! {
    credit_note_lines: CreditNoteLine {
        id: uid, company_id: uid, credit_note_id: uid, position: small, invoice_line_id: uid, product_id: opt(uid),
        item_class: word, description: text, quantity: quantity, taxes: json, net: amount, tax: amount, gross: amount,
        version: int, created_at: instant,
    }
}

fn complete(db: &mut Conn, rows: &mut [CreditNote]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|c| c.id.uuid()).collect();
    let mut lines: HashMap<CreditNoteId, Vec<CreditNoteLine>> = HashMap::new();
    for line in record::by::<CreditNoteLine>(db, "credit_note_id", &ids)? {
        lines.entry(line.credit_note_id).or_default().push(line);
    }
    let mut used: HashMap<CreditNoteId, Vec<Allocation>> = HashMap::new();
    for a in record::by::<Allocation>(db, "credit_note_id", &ids)? {
        if let Some(id) = a.credit_note_id {
            used.entry(id).or_default().push(a);
        }
    }
    for note in rows {
        note.lines = lines.remove(&note.id).unwrap_or_default();
        note.allocations = used.remove(&note.id).unwrap_or_default();
    }
    Ok(())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<CreditNote>()
    .ways(&[by("customer_id", To::Party)])
    .columns(&[kept("customer_name"), kept("reason"), object("metadata")])
    .plain(&["number", "status", "currency", "taxes", "discount_taxes"]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<CreditNote>("customer_id", OnMerge::Follow)];
