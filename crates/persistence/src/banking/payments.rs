//! Rows of payments and allocations.

use std::collections::HashMap;

use domain::banking::payments::{Payment, PaymentStatus};
use domain::ids::PaymentId;
use domain::kernel::Id;
use domain::receivables::allocations::Allocation;
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::personal::{Personal, To, by, kept, object};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, record};

crate::record! {
    payments: Payment {
        id: uid, company_id: uid, number: opt(text), status: word, direction: word, party_id: uid, payment_date: date,
        method: word, reference: opt(text), currency: text, exchange_rate: rate, exchange_rate_agreed: bool, amount: amount, fee: amount,
        amount_company: amount, unallocated: amount, allocate_to: json, journal_entry_id: opt(uid), reversal_date: opt(date),
        reversal_reason: opt(text), reversal_entry_id: opt(uid), created_by: opt(uid), authors: json,
        posted_at: opt(instant), metadata: json, version: int, created_at: instant, updated_at: instant,
    }
    unstored { allocations }
    complete = complete
}

crate::record! {
    allocations: Allocation {
        id: uid, company_id: uid, party_id: uid, payment_id: opt(uid), credit_note_id: opt(uid), invoice_id: opt(uid),
        refunded_payment_id: opt(uid), effective_date: date, amount: amount, discount: amount, discount_company: amount, taxes: json, write_off: amount, overpaid: amount, exchange_gain: amount,
        journal_entry_id: opt(uid), reverses_id: opt(uid), version: int, created_at: instant,
    }
}

fn complete(db: &mut Conn, rows: &mut [Payment]) -> Result<()> {
    // a draft has settled nothing
    let ids: Vec<Uuid> = rows.iter().filter(|p| p.status != PaymentStatus::Draft).map(|p| p.id.uuid()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut used: HashMap<PaymentId, Vec<Allocation>> = HashMap::new();
    for a in record::by::<Allocation>(db, "payment_id", &ids)? {
        if let Some(id) = a.payment_id {
            used.entry(id).or_default().push(a);
        }
    }
    for a in record::by::<Allocation>(db, "refunded_payment_id", &ids)? {
        if let Some(id) = a.refunded_payment_id {
            used.entry(id).or_default().push(a);
        }
    }
    for payment in rows {
        payment.allocations = used.remove(&payment.id).unwrap_or_default();
    }
    Ok(())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Payment>()
    .ways(&[by("party_id", To::Party)])
    .columns(&[kept("reference"), kept("reversal_reason"), object("metadata")])
    .plain(&["number", "status", "direction", "method", "currency", "allocate_to", "authors"]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_party::<Allocation>("party_id", OnMerge::FollowUnchanged), Reference::to_party::<Payment>("party_id", OnMerge::Follow)];

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "allocations", columns: &["party_id"] }];
