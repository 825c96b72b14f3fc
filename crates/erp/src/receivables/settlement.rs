//! Settling: uses a payment or credit note for an invoice, or a refund for a credit note, and takes that back again.
//! Documents are locked source first, then target, so that two settlements never wait for each other crosswise.

use chrono::NaiveDate;
use domain::accounting::journal_entries::JournalEntry;
use domain::accounting::posting::{AccountRef, Journal, ModuleClass, Posting, PostingLine};
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::ids::{AllocationId, CreditNoteId, PartyId, PaymentId};
use domain::kernel::Rate;
use domain::receivables::allocations::{
    ALREADY_UNDONE, Allocation, NewAllocation, OTHER_CURRENCY, OTHER_PARTY, OVER_ALLOCATED, TOO_EARLY, Unallocate,
};
use domain::receivables::credit_notes::{CreditNote, NOT_POSTED as NOTE_NOT_POSTED};
use domain::receivables::invoices::{Invoice, InvoiceStatus, NOT_OPEN, tax_account};
use domain::receivables::open_items::{EntryCause, OpenItem};
use domain::receivables::settlement::{Change, Discount, effect, open_since, plan, take};
use persistence::receivables::open_items as stored;

use super::invoices;
use crate::accounting::periods::admit;
use crate::accounting::posting;
use crate::receivables::open_items::ledger;
use platform::prelude::*;

/// What settling can be refused with, beyond what posting can.
pub const REFUSALS: &[Code] = &[OVER_ALLOCATED, OTHER_CURRENCY, OTHER_PARTY, TOO_EARLY, ALREADY_UNDONE, NOT_OPEN, NOTE_NOT_POSTED];

/// What settles: a posted payment or credit note, locked by its caller.
pub struct Source {
    pub company: Company,
    pub party: PartyId,
    pub document: String,
    pub payment: Option<PaymentId>,
    pub credit_note: Option<CreditNoteId>,
    pub currency: String,
    pub rate: Rate,
    pub date: NaiveDate,
    /// What is left of it.
    pub available: Amount,
    /// A refund pays a credit note out; everything else settles invoices.
    pub refund: bool,
}

/// Settles as asked; the allocation, and how much of the source it used.
pub fn allocate(cx: &mut Cx, source: &Source, asked: &NewAllocation) -> Result<(Allocation, Amount)> {
    match (asked.invoice_id, asked.credit_note_id) {
        (Some(_), None) if !source.refund => settle_invoice(cx, source, asked),
        (None, Some(_)) if source.refund => pay_out(cx, source, asked),
        _ if source.refund => Err(problems::invalid_body.field("/credit_note_id", "A refund names the credit note that it pays out.")),
        _ => Err(problems::invalid_body.field("/invoice_id", "Name the invoice that is settled, and nothing else.")),
    }
}

/// Loads the target for change; one that is not there is a wrong reference.
fn target<T: Entity + Record>(cx: &mut Cx, pointer: &str, id: T::Id) -> Result<T> {
    cx.load_for_update::<T>(id).map_err(|p| match p.code() == problems::not_found {
        true => problems::unknown_reference.field(pointer, p.to_string()),
        false => p,
    })
}

/// Refuses a target of another customer or currency, and a day before either document; the day it counts for.
fn fits(source: &Source, target: (PartyId, &str, NaiveDate), asked: &NewAllocation) -> Result<NaiveDate> {
    let (party, currency, date) = target;
    if party != source.party {
        return Err(OTHER_PARTY.into());
    }
    if currency != source.currency {
        return Err(OTHER_CURRENCY.with(format!("One is in {}, the other in {currency}.", source.currency)));
    }
    let first = date.max(source.date);
    let day = asked.effective_date.unwrap_or(first);
    if day < first {
        return Err(TOO_EARLY.field("/effective_date", format!("The documents are of {first}.")));
    }
    Ok(day)
}

/// The day a settlement counts for: as asked, or else the first day since which so much of both documents is open. What was
/// settled and taken back later was not open in between, and a report of those days must not count it twice.
fn open_day<'a>(
    cx: &mut Cx,
    first: NaiveDate,
    asked: &NewAllocation,
    items: impl Iterator<Item = &'a OpenItem>,
    changes: &[Change],
) -> Result<NaiveDate> {
    let mut day = first;
    for item in items.filter(|i| i.last_entry_date > first) {
        let taken: Amount = changes.iter().filter(|c| c.item_id == item.id).map(|c| c.amount).sum();
        if taken.is_zero() || open_since(&stored::by_day(cx.db(), item.id.uuid())?, first, taken) {
            continue;
        }
        if asked.effective_date.is_some() {
            return Err(TOO_EARLY.field("/effective_date", format!("Less than {} was open between then and now.", taken.abs())));
        }
        day = day.max(item.last_entry_date);
    }
    Ok(day)
}

fn settle_invoice(cx: &mut Cx, source: &Source, asked: &NewAllocation) -> Result<(Allocation, Amount)> {
    let Some(id) = asked.invoice_id else { return Err(problems::internal.into()) };
    let before = target::<Invoice>(cx, "/invoice_id", id)?;
    cx.ensure(before.company_id == source.company.id, problems::unknown_reference, || "The invoice belongs to another company.".into())?;
    let first = fits(source, (before.customer_id, &before.currency, before.invoice_date), asked)?;
    before.must_be_open()?;
    let places = currencies::minor_units(&source.currency)?;
    let company_places = source.company.minor_units();
    let paid_on = source.payment.filter(|_| asked.take_discount).map(|_| source.date);
    let plan = plan(&before, asked.amount, source.available, paid_on, places)?;
    let mut own = stored::lock_of(cx.db(), &source.document)?;
    let mut theirs = stored::lock_of(cx.db(), &before.id.to_string())?;
    let mut changes = take(&mut own, plan.amount, EntryCause::Allocation, company_places)?;
    changes.extend(take(&mut own, plan.overpaid, EntryCause::Tolerance, company_places)?);
    changes.extend(take(&mut theirs, plan.amount, EntryCause::Allocation, company_places)?);
    changes.extend(take(&mut theirs, plan.discount.total(), EntryCause::Discount, company_places)?);
    changes.extend(take(&mut theirs, plan.write_off, EntryCause::Tolerance, company_places)?);
    let day = open_day(cx, first, asked, own.iter().chain(&theirs), &changes)?;
    admit(cx, source.company.id, day, ModuleClass::Ar)?;
    let codes = match plan.discount.taxes.is_empty() {
        true => Default::default(),
        false => invoices::tax_codes(cx, &before, false)?,
    };
    let same_rate = source.rate == before.exchange_rate;
    let effect = effect(&changes, &plan.discount, |code| tax_account(&codes, code), same_rate, source.party, company_places)?;
    let title = format!("Settlement of {}", before.number.clone().unwrap_or_default());
    let entry = post_effect(cx, source, day, effect.lines, title)?;
    let allocation = Allocation {
        id: cx.new_id(),
        company_id: source.company.id,
        party_id: source.party,
        payment_id: source.payment,
        credit_note_id: source.credit_note,
        invoice_id: Some(id),
        effective_date: day,
        amount: plan.amount,
        discount: plan.discount.total(),
        write_off: plan.write_off,
        overpaid: plan.overpaid,
        exchange_gain: effect.exchange_gain,
        journal_entry_id: entry.map(|e| e.id),
        reverses_id: None,
        version: 1,
        created_at: cx.now,
    };
    cx.insert_all(std::slice::from_ref(&allocation))?;
    ledger::change(cx, source.company.id, Some(allocation.id), day, &changes)?;
    cx.link(&source.document, id, "settles")?;
    let settled = plan.amount + plan.discount.total() + plan.write_off;
    let after = before.clone().settled(before.outstanding - settled, before.credited);
    let verb = if after.status == InvoiceStatus::PartiallyPaid { "partially_paid" } else { "paid" };
    cx.save(&before, after, verb)?;
    Ok((allocation, plan.amount + plan.overpaid))
}

fn post_effect(cx: &mut Cx, source: &Source, day: NaiveDate, lines: Vec<PostingLine>, description: String) -> Result<Option<JournalEntry>> {
    let posting = Posting {
        company_id: source.company.id,
        journal: Journal::Cash,
        class: ModuleClass::Ar,
        posting_date: day,
        source: Some(source.document.clone()),
        description,
        currency: None,
        lines,
    };
    posting::post(cx, posting)
}

fn pay_out(cx: &mut Cx, source: &Source, asked: &NewAllocation) -> Result<(Allocation, Amount)> {
    let Some(id) = asked.credit_note_id else { return Err(problems::internal.into()) };
    let before = target::<CreditNote>(cx, "/credit_note_id", id)?;
    cx.ensure(before.company_id == source.company.id, problems::unknown_reference, || {
        "The credit note belongs to another company.".into()
    })?;
    before.must_be_posted()?;
    let first = fits(source, (before.customer_id, &before.currency, before.credit_date), asked)?;
    let most = source.available.min(before.unallocated);
    let amount = asked.amount.unwrap_or(most);
    if !amount.is_positive() || amount > most {
        return Err(OVER_ALLOCATED.field("/amount", format!("Between zero and {most} can be paid out.")));
    }
    let places = source.company.minor_units();
    let mut own = stored::lock_of(cx.db(), &source.document)?;
    let mut theirs = stored::lock_of(cx.db(), &before.id.to_string())?;
    let mut changes = take(&mut own, amount, EntryCause::Allocation, places)?;
    changes.extend(take(&mut theirs, amount, EntryCause::Allocation, places)?);
    let day = open_day(cx, first, asked, own.iter().chain(&theirs), &changes)?;
    admit(cx, source.company.id, day, ModuleClass::Ar)?;
    let same_rate = source.rate == before.exchange_rate;
    let none = |_| AccountRef::Role(domain::accounting::posting::Role::OutputTax, None);
    let effect = effect(&changes, &Discount::default(), none, same_rate, source.party, places)?;
    let entry = post_effect(cx, source, day, effect.lines, format!("Refund of {}", before.number.clone().unwrap_or_default()))?;
    let allocation = Allocation {
        id: cx.new_id(),
        company_id: source.company.id,
        party_id: source.party,
        payment_id: source.payment,
        credit_note_id: Some(id),
        invoice_id: None,
        effective_date: day,
        amount,
        discount: Amount::ZERO,
        write_off: Amount::ZERO,
        overpaid: Amount::ZERO,
        exchange_gain: effect.exchange_gain,
        journal_entry_id: entry.map(|e| e.id),
        reverses_id: None,
        version: 1,
        created_at: cx.now,
    };
    cx.insert_all(std::slice::from_ref(&allocation))?;
    ledger::change(cx, source.company.id, Some(allocation.id), day, &changes)?;
    cx.link(&source.document, id, "refunds")?;
    let mut after = before.clone();
    after.unallocated -= amount;
    after.allocations.push(allocation.clone());
    cx.save(&before, after, "refunded")?;
    Ok((allocation, amount))
}

/// Takes an allocation of the source back by rows with the opposite signs; the new row, and how much of the source is free
/// again.
pub fn undo(cx: &mut Cx, source: &Source, asked: &Unallocate) -> Result<(Allocation, Amount)> {
    let original = cx.refer::<Allocation>("/allocation_id", asked.allocation_id)?;
    let ours = match source.payment {
        Some(id) => original.payment_id == Some(id),
        None => original.payment_id.is_none() && original.credit_note_id == source.credit_note,
    };
    cx.ensure(ours, problems::unknown_reference, || "The allocation belongs to another document.".into())?;
    let undone = original.reverses_id.is_some() || !cx.by::<Allocation>("reverses_id", original.id.uuid())?.is_empty();
    cx.ensure(!undone, ALREADY_UNDONE, || format!("Allocation {} has been undone, or undoes another.", original.id))?;
    let day = asked.effective_date.unwrap_or(original.effective_date);
    if day < original.effective_date {
        return Err(TOO_EARLY.field("/effective_date", format!("The allocation is of {}.", original.effective_date)));
    }
    admit(cx, source.company.id, day, ModuleClass::Ar)?;
    release_target(cx, &original)?;
    let entry = match original.journal_entry_id {
        None => None,
        Some(id) => {
            let entry = cx.find::<JournalEntry>(id)?;
            let turned = entry.lines.iter().map(|l| PostingLine::signed(AccountRef::Id(l.account_id), l.credit - l.debit));
            let turned = turned.map(|l| l.party(source.party)).collect();
            post_effect(cx, source, day, turned, format!("Undoing {}", entry.number.unwrap_or_default()))?
        }
    };
    let row = Allocation {
        id: cx.new_id::<AllocationId>(),
        effective_date: day,
        amount: -original.amount,
        discount: -original.discount,
        write_off: -original.write_off,
        overpaid: -original.overpaid,
        exchange_gain: -original.exchange_gain,
        journal_entry_id: entry.map(|e| e.id),
        reverses_id: Some(original.id),
        version: 1,
        created_at: cx.now,
        ..original.clone()
    };
    let entries = stored::entries_of(cx.db(), original.id.uuid())?;
    let changes: Vec<Change> = entries
        .iter()
        .map(|e| Change { item_id: e.item_id, cause: e.cause, amount: -e.amount, amount_company: -e.amount_company })
        .collect();
    cx.insert_all(std::slice::from_ref(&row))?;
    ledger::change(cx, source.company.id, Some(row.id), day, &changes)?;
    Ok((row, original.amount + original.overpaid))
}

/// Gives the invoice or credit note that was settled back what the allocation took.
fn release_target(cx: &mut Cx, original: &Allocation) -> Result<()> {
    if let Some(id) = original.invoice_id {
        let before = cx.load_for_update::<Invoice>(id)?;
        let open = before.outstanding + original.amount + original.discount + original.write_off;
        let mut after = before.clone();
        if after.status == InvoiceStatus::WrittenOff {
            after.status = InvoiceStatus::Posted;
        }
        let after = after.settled(open, before.credited);
        cx.save(&before, after, "reopened")?;
    } else if let Some(id) = original.credit_note_id {
        let before = cx.load_for_update::<CreditNote>(id)?;
        let mut after = before.clone();
        after.unallocated += original.amount;
        cx.save(&before, after, "reopened")?;
    }
    Ok(())
}
