//! The receivables subledger as services use it: opening items for a document, and changing them by dated rows. Nothing
//! else writes open items.

use chrono::NaiveDate;
use domain::banking::payments::{Payment, PaymentDirection};
use domain::directory::companies::Company;
use domain::ids::{AccountId, AllocationId, CompanyId, PartyId};
use domain::kernel::{Decimals, allocate};
use domain::receivables::credit_notes::CreditNote;
use domain::receivables::invoices::Invoice;
use domain::receivables::open_items::{EntryCause, ItemEntry, ItemKind, OpenItem};
use domain::receivables::settlement::Change;
use persistence::RETRY;
use persistence::receivables::open_items as stored;

use platform::prelude::*;

/// What a document opens: one item for each part. Amounts are signed, positive when the customer owes.
pub struct Opening {
    company_id: CompanyId,
    party_id: PartyId,
    kind: ItemKind,
    document_id: String,
    document_number: String,
    /// The account it is booked on.
    account_id: AccountId,
    date: NaiveDate,
    booked: NaiveDate,
    currency: String,
    rate: Rate,
    parts: Vec<(NaiveDate, Amount)>,
    total_company: Amount,
}

impl Opening {
    pub fn invoice(i: &Invoice, number: &str, account_id: AccountId) -> Self {
        Self {
            company_id: i.company_id,
            party_id: i.customer_id,
            kind: ItemKind::Invoice,
            document_id: i.id.to_string(),
            document_number: number.into(),
            account_id,
            date: i.invoice_date,
            booked: i.booked_date(),
            currency: i.currency.clone(),
            rate: i.exchange_rate,
            parts: i.instalments.iter().map(|p| (p.due_date, p.amount)).collect(),
            total_company: i.total_company,
        }
    }
    pub fn credit_note(c: &CreditNote, number: &str, account_id: AccountId) -> Self {
        Self {
            company_id: c.company_id,
            party_id: c.customer_id,
            kind: ItemKind::CreditNote,
            document_id: c.id.to_string(),
            document_number: number.into(),
            account_id,
            date: c.credit_date,
            booked: c.credit_date,
            currency: c.currency.clone(),
            rate: c.exchange_rate,
            parts: vec![(c.credit_date, -c.total)],
            total_company: -c.total_company,
        }
    }
    pub fn payment(p: &Payment, number: &str, account_id: AccountId) -> Self {
        let sign = |a: Amount| if p.direction == PaymentDirection::In { -a } else { a };
        Self {
            company_id: p.company_id,
            party_id: p.party_id,
            kind: if p.direction == PaymentDirection::In { ItemKind::Payment } else { ItemKind::Refund },
            document_id: p.id.to_string(),
            document_number: number.into(),
            account_id,
            date: p.payment_date,
            booked: p.payment_date,
            currency: p.currency.clone(),
            rate: p.exchange_rate,
            parts: vec![(p.payment_date, sign(p.amount))],
            total_company: sign(p.amount_company),
        }
    }
}

/// Opens the items of a document that has just been posted.
pub fn open(cx: &mut Cx, o: &Opening, company: &Company) -> Result<()> {
    let weights: Vec<_> = o.parts.iter().map(|p| p.1.abs().get()).collect();
    let shares = allocate(o.total_company.get(), &weights, company.minor_units());
    let mut items = Vec::with_capacity(o.parts.len());
    let mut entries = Vec::with_capacity(o.parts.len());
    for (position, ((due_date, amount), share)) in (1..).zip(o.parts.iter().zip(shares)) {
        if amount.is_zero() {
            continue;
        }
        let item = OpenItem {
            id: cx.new_id(),
            company_id: o.company_id,
            party_id: o.party_id,
            kind: o.kind,
            document_id: o.document_id.clone(),
            document_number: o.document_number.clone(),
            position,
            account_id: Some(o.account_id),
            document_date: o.date,
            due_date: *due_date,
            currency: o.currency.clone(),
            exchange_rate: o.rate,
            amount: *amount,
            outstanding: *amount,
            outstanding_company: Amount::exact(share)?,
            last_entry_date: o.booked,
            version: 1,
            created_at: cx.now,
            updated_at: cx.now,
        };
        entries.push(ItemEntry {
            id: cx.new_id(),
            company_id: o.company_id,
            item_id: item.id,
            allocation_id: None,
            cause: EntryCause::Document,
            effective_date: o.booked,
            amount: item.amount,
            amount_company: item.outstanding_company,
            created_at: cx.now,
        });
        items.push(item);
    }
    cx.insert_both(&items, &entries)
}

/// Writes changes of open items as dated rows. They are guarded by their statement: when somebody settled the item in
/// between, the whole transaction is tried again.
pub fn change(cx: &mut Cx, company: CompanyId, allocation: Option<AllocationId>, on: NaiveDate, changes: &[Change]) -> Result<()> {
    let mut ordered: Vec<&Change> = changes.iter().filter(|c| !c.amount.is_zero() || !c.amount_company.is_zero()).collect();
    ordered.sort_by_key(|c| c.item_id);
    let mut sums: Vec<stored::ItemChange> = Vec::with_capacity(ordered.len());
    let mut entries = Vec::with_capacity(ordered.len());
    for c in ordered {
        match sums.last_mut().filter(|s| s.item == c.item_id.uuid()) {
            Some(sum) => (sum.by, sum.by_company) = (sum.by + c.amount, sum.by_company + c.amount_company),
            None => sums.push(stored::ItemChange { item: c.item_id.uuid(), by: c.amount, by_company: c.amount_company }),
        }
        entries.push(ItemEntry {
            id: cx.new_id(),
            company_id: company,
            item_id: c.item_id,
            allocation_id: allocation,
            cause: c.cause,
            effective_date: on,
            amount: c.amount,
            amount_company: c.amount_company,
            created_at: cx.now,
        });
    }
    let now = cx.now;
    if !stored::change(cx.db(), &sums, on, now)? {
        return Err(RETRY.with("The open item was settled at the same time."));
    }
    cx.insert_all(&entries)
}
