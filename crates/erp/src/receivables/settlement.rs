//! Settling: uses a payment or credit note for an invoice, or a refund for a credit note, and takes that back again. Documents are locked source first, then target, so that two settlements never wait for each other crosswise.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::accounting::journal_entries::JournalEntry;
use domain::accounting::posting::{AccountRef, Journal, ModuleClass, Posting, PostingLine, Role};
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::ids::{AllocationId, CreditNoteId, InvoiceId, OpenItemId, PartyId, PaymentId};
use domain::kernel::Rate;
use domain::receivables::allocations::{
    ALREADY_UNDONE, Allocation, NewAllocation, OTHER_CURRENCY, OTHER_PARTY, OVER_ALLOCATED, TOO_EARLY, Unallocate,
};
use domain::receivables::composition::Composition;
use domain::receivables::credit_notes::{CreditNote, CreditNoteStatus, NOT_POSTED as NOTE_NOT_POSTED};
use domain::receivables::invoices::{Invoice, InvoiceStatus, NOT_OPEN, tax_account};
use domain::receivables::open_items::{EntryCause, OpenItem};
use domain::receivables::parts::{Parts, Places, TaxPart};
use domain::receivables::settlement::{
    Change, Discount, Effect, Means, discount_undone, early_discount, effect, in_time, least, open_since, plan, take, turned,
};
use persistence::receivables::open_items as stored;

use super::invoices::taxes;
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
    /// What of it is promised to others, by stated amounts.
    pub promised: Amount,
    /// What of it others need to be settled.
    pub wanted: Amount,
    /// A refund pays out a credit note or an unused payment; everything else settles invoices.
    pub refund: bool,
    /// Invoices that were locked and read to find out what settles them, until they change.
    pub(crate) targets: RefCell<BTreeMap<InvoiceId, Invoice>>,
}

impl Source {
    /// The day of its money, when it is money and may take early-payment discount.
    fn paid_on(&self, asked: &NewAllocation) -> Option<NaiveDate> {
        self.payment.filter(|_| asked.take_discount).map(|_| self.date)
    }
}

/// What became of an invoice: credited, discounted, given up.
pub(crate) fn composition(cx: &mut Cx, invoice: &Invoice, company: &Company) -> Result<Composition> {
    let notes = posted_notes(cx, invoice.id)?;
    let allocations = cx.by::<Allocation>("invoice_id", invoice.id.uuid())?;
    Composition::of(invoice, &notes, &allocations, places(&invoice.currency, company)?)
}

/// The posted credit notes of an invoice.
pub(crate) fn posted_notes(cx: &mut Cx, invoice: InvoiceId) -> Result<Vec<CreditNote>> {
    let mut notes = cx.by::<CreditNote>("invoice_id", invoice.uuid())?;
    notes.retain(|n| n.status == CreditNoteStatus::Posted);
    Ok(notes)
}

pub(crate) fn places(currency: &str, company: &Company) -> Result<Places> {
    Ok(Places { document: currencies::minor_units(currency)?, company: company.minor_units() })
}

/// The early-payment discount that a payment of this day may take.
fn granted(cx: &mut Cx, invoice: &Invoice, company: &Company, paid_on: Option<NaiveDate>) -> Result<Discount> {
    if !in_time(invoice, paid_on) {
        return Ok(Discount::default());
    }
    let of = composition(cx, invoice, company)?;
    early_discount(invoice, &of, currencies::minor_units(&invoice.currency)?)
}

/// What settles an invoice with this source: what is open of it, less the early-payment discount that may be taken. The
/// invoice is locked.
pub fn settles(cx: &mut Cx, source: &Source, asked: &NewAllocation, id: InvoiceId) -> Result<Amount> {
    let invoice = target::<Invoice>(cx, "/invoice_id", id)?;
    let granted = granted(cx, &invoice, &source.company, source.paid_on(asked))?;
    let least = least(&invoice, &granted);
    source.targets.borrow_mut().insert(id, invoice);
    Ok(least)
}

/// The account each of these items is booked on. Items of before they knew it are on the one that is determined.
pub(crate) fn booked_on(items: &[OpenItem]) -> impl Fn(OpenItemId) -> AccountRef {
    let known: BTreeMap<_, _> = items.iter().filter_map(|i| i.account_id.map(|a| (i.id, a))).collect();
    move |id| known.get(&id).map_or(AccountRef::Role(Role::Receivable, None), |a| AccountRef::Id(*a))
}

/// Settles as asked; the allocation, and how much of the source it used.
pub fn allocate(cx: &mut Cx, source: &Source, asked: &NewAllocation) -> Result<(Allocation, Amount)> {
    match (asked.invoice_id, asked.credit_note_id, asked.payment_id) {
        (Some(id), None, None) if !source.refund => settle_invoice(cx, source, asked, id),
        (None, Some(id), None) if source.refund => pay_out(cx, source, asked, id),
        _ => Err(names_another(source.refund)),
    }
}

/// Refuses what names no document that a payment or a refund can settle, or several.
pub fn check_named(asked: &NewAllocation, refund: bool) -> Result<()> {
    match (asked.invoice_id, asked.credit_note_id, asked.payment_id) {
        (Some(_), None, None) if !refund => Ok(()),
        (None, Some(_), None) | (None, None, Some(_)) if refund => Ok(()),
        _ => Err(names_another(refund)),
    }
}

fn names_another(refund: bool) -> Problem {
    let (field, rule) = match refund {
        true => ("/credit_note_id", "A refund names the credit note or the payment that it pays back, and nothing else."),
        false => ("/invoice_id", "Name the invoice that is settled, and nothing else."),
    };
    problems::invalid_body.field(field, rule)
}

/// Loads the target for change; one that is not there is a wrong reference.
pub(crate) fn target<T: Entity + Record>(cx: &mut Cx, pointer: &str, id: T::Id) -> Result<T> {
    cx.load_for_update::<T>(id).map_err(|p| match p.code() == problems::not_found {
        true => problems::unknown_reference.field(pointer, p.to_string()),
        false => p,
    })
}

/// Refuses what settles and what is settled when they are of different customers or currencies.
pub fn same(source: (PartyId, &str), target: (PartyId, &str)) -> Result<()> {
    if source.0 != target.0 {
        return Err(OTHER_PARTY.into());
    }
    if source.1 != target.1 {
        return Err(OTHER_CURRENCY.with(format!("One is in {}, the other in {}.", source.1, target.1)));
    }
    Ok(())
}

/// Refuses a target of another customer or currency, and a day before either document; the day it counts for.
fn fits(source: &Source, target: (PartyId, &str, NaiveDate), asked: &NewAllocation) -> Result<NaiveDate> {
    let (party, currency, date) = target;
    same((source.party, &source.currency), (party, currency))?;
    let first = date.max(source.date);
    let day = asked.effective_date.unwrap_or(first);
    if day < first {
        return Err(TOO_EARLY.field("/effective_date", format!("The documents are of {first}.")));
    }
    Ok(day)
}

/// The day a change counts for: as asked, or else the first day since which so much of the documents is open. What was
/// settled and taken back later was not open in between, and a report of those days must not count it twice. `stated` is
/// where the caller said the day.
pub(crate) fn open_day<'a>(
    cx: &mut Cx,
    first: NaiveDate,
    stated: Option<&str>,
    items: impl Iterator<Item = &'a OpenItem>,
    changes: &[Change],
) -> Result<NaiveDate> {
    let mut day = first;
    for item in items.filter(|i| i.last_entry_date > first) {
        let taken: Amount = changes.iter().filter(|c| c.item_id == item.id).map(|c| c.amount).sum();
        if taken.is_zero() || open_since(&stored::by_day(cx.db(), item.id.uuid())?, first, taken) {
            continue;
        }
        if let Some(pointer) = stated {
            return Err(TOO_EARLY.field(pointer, format!("Less than {} was open between then and now.", taken.abs())));
        }
        day = day.max(item.last_entry_date);
    }
    Ok(day)
}

fn stated(asked: &NewAllocation) -> Option<&'static str> {
    asked.effective_date.map(|_| "/effective_date")
}

fn settle_invoice(cx: &mut Cx, source: &Source, asked: &NewAllocation, id: InvoiceId) -> Result<(Allocation, Amount)> {
    let known = source.targets.borrow_mut().remove(&id);
    let before = known.map_or_else(|| target::<Invoice>(cx, "/invoice_id", id), Ok)?;
    cx.ensure(before.company_id == source.company.id, problems::unknown_reference, || "The invoice belongs to another company.".into())?;
    let first = fits(source, (before.customer_id, &before.currency, before.booked_date()), asked)?;
    before.must_be_open()?;
    let places = currencies::minor_units(&source.currency)?;
    let company_places = source.company.minor_units();
    let granted = granted(cx, &before, &source.company, source.paid_on(asked))?;
    let money = source.payment.is_some() && asked.take_discount;
    let last = money && before.tolerance.is_positive() && source.available > before.outstanding && {
        let (company, party) = (source.company.id.uuid(), source.party.uuid());
        !stored::owes_more(cx.db(), company, party, &source.currency, &[before.id.to_string()])?
    };
    let means = Means { available: source.available, promised: source.promised, wanted: source.wanted, money, last };
    let plan = plan(&before, asked.amount, &means, &granted, places)?;
    let both = stored::lock_of_all(cx.db(), &[source.document.clone(), before.id.to_string()])?;
    let (mut own, mut theirs): (Vec<_>, Vec<_>) = both.into_iter().partition(|i| i.document_id == source.document);
    let mut changes = take(&mut own, plan.amount, EntryCause::Allocation, company_places)?;
    changes.extend(take(&mut own, plan.overpaid, EntryCause::Tolerance, company_places)?);
    changes.extend(take(&mut theirs, plan.amount, EntryCause::Allocation, company_places)?);
    changes.extend(take(&mut theirs, plan.discount.total(), EntryCause::Discount, company_places)?);
    changes.extend(take(&mut theirs, plan.write_off, EntryCause::Tolerance, company_places)?);
    let day = open_day(cx, first, stated(asked), own.iter().chain(&theirs), &changes)?;
    admit(cx, source.company.id, day, ModuleClass::Ar)?;
    let codes = match plan.discount.taxes.is_empty() {
        true => Default::default(),
        false => taxes::codes(cx, &before, false)?,
    };
    let same_rate = source.rate == before.exchange_rate;
    own.extend(theirs);
    let on = booked_on(&own);
    let effect = effect(&changes, &plan.discount, on, |code| tax_account(&codes, code), same_rate, source.party, company_places)?;
    let row = Allocation {
        invoice_id: Some(id),
        amount: plan.amount,
        discount: plan.discount.total(),
        discount_company: effect.discount.total().company,
        taxes: effect.discount.tax_parts(),
        write_off: plan.write_off,
        overpaid: plan.overpaid,
        ..blank(cx, source, day)
    };
    let title = format!("Settlement of {}", before.number.clone().unwrap_or_default());
    let allocation = settle(cx, source, row, effect, &changes, title)?;
    cx.link(&source.document, id, "settles")?;
    let settled = plan.amount + plan.discount.total() + plan.write_off;
    let after = before.clone().settled(before.outstanding - settled, before.credited);
    let verb = if after.status == InvoiceStatus::PartiallyPaid { "partially_paid" } else { "paid" };
    cx.save(&before, after, verb)?;
    Ok((allocation, plan.amount + plan.overpaid))
}

/// An allocation of a source that does nothing yet.
pub(crate) fn blank(cx: &mut Cx, source: &Source, day: NaiveDate) -> Allocation {
    Allocation {
        id: cx.new_id(),
        company_id: source.company.id,
        party_id: source.party,
        payment_id: source.payment,
        credit_note_id: source.credit_note,
        invoice_id: None,
        refunded_payment_id: None,
        effective_date: day,
        amount: Amount::ZERO,
        discount: Amount::ZERO,
        discount_company: Amount::ZERO,
        taxes: Vec::new(),
        write_off: Amount::ZERO,
        overpaid: Amount::ZERO,
        exchange_gain: Amount::ZERO,
        journal_entry_id: None,
        reverses_id: None,
        version: 1,
        created_at: cx.now,
    }
}

/// Posts what a settlement means, and writes its row and the entries of the items.
fn settle(cx: &mut Cx, source: &Source, row: Allocation, effect: Effect, changes: &[Change], title: String) -> Result<Allocation> {
    let day = row.effective_date;
    let entry = post_effect(cx, &source.company, &source.document, day, effect.lines, title)?;
    let row = Allocation { exchange_gain: effect.exchange_gain, journal_entry_id: entry.map(|e| e.id), ..row };
    cx.insert_all(std::slice::from_ref(&row))?;
    ledger::change(cx, source.company.id, Some(row.id), day, changes)?;
    Ok(row)
}

fn post_effect(
    cx: &mut Cx,
    company: &Company,
    document: &str,
    day: NaiveDate,
    lines: Vec<PostingLine>,
    description: String,
) -> Result<Option<JournalEntry>> {
    let posting = Posting {
        company_id: company.id,
        journal: Journal::Cash,
        class: ModuleClass::Ar,
        posting_date: day,
        source: Some(document.to_owned()),
        description,
        currency: None,
        lines,
    };
    posting::post(cx, posting)
}

/// What a refund pays back: a credit note or an incoming payment with something left.
pub(crate) struct Credit {
    pub document: String,
    pub number: String,
    pub party: PartyId,
    pub currency: String,
    pub rate: Rate,
    pub date: NaiveDate,
    pub left: Amount,
}

/// Settles a refund with a credit of the customer; `row` says which.
pub(crate) fn refund(cx: &mut Cx, source: &Source, asked: &NewAllocation, credit: &Credit, row: Allocation) -> Result<Allocation> {
    let first = fits(source, (credit.party, &credit.currency, credit.date), asked)?;
    let most = source.available.min(credit.left);
    let amount = asked.amount.unwrap_or_else(|| (source.available - source.promised).min(credit.left));
    if !amount.is_positive() || amount > most {
        return Err(OVER_ALLOCATED.field("/amount", format!("Between zero and {most} can be paid out.")));
    }
    let places = source.company.minor_units();
    let both = stored::lock_of_all(cx.db(), &[source.document.clone(), credit.document.clone()])?;
    let (mut own, mut theirs): (Vec<_>, Vec<_>) = both.into_iter().partition(|i| i.document_id == source.document);
    let mut changes = take(&mut own, amount, EntryCause::Allocation, places)?;
    changes.extend(take(&mut theirs, amount, EntryCause::Allocation, places)?);
    let day = open_day(cx, first, stated(asked), own.iter().chain(&theirs), &changes)?;
    admit(cx, source.company.id, day, ModuleClass::Ar)?;
    own.extend(theirs);
    let none = |_| AccountRef::Role(Role::OutputTax, None);
    let same_rate = source.rate == credit.rate;
    let effect = effect(&changes, &Discount::default(), booked_on(&own), none, same_rate, source.party, places)?;
    let row = Allocation { amount, effective_date: day, ..row };
    let made = settle(cx, source, row, effect, &changes, format!("Refund of {}", credit.number))?;
    cx.link(&source.document, &credit.document, "refunds")?;
    Ok(made)
}

fn pay_out(cx: &mut Cx, source: &Source, asked: &NewAllocation, id: CreditNoteId) -> Result<(Allocation, Amount)> {
    let before = target::<CreditNote>(cx, "/credit_note_id", id)?;
    cx.ensure(before.company_id == source.company.id, problems::unknown_reference, || {
        "The credit note belongs to another company.".into()
    })?;
    before.must_be_posted()?;
    let credit = Credit {
        document: id.to_string(),
        number: before.number.clone().unwrap_or_default(),
        party: before.customer_id,
        currency: before.currency.clone(),
        rate: before.exchange_rate,
        date: before.credit_date,
        left: before.unallocated,
    };
    let row = Allocation { credit_note_id: Some(id), ..blank(cx, source, source.date) };
    let made = refund(cx, source, asked, &credit, row)?;
    let mut after = before.clone();
    after.unallocated -= made.amount;
    after.allocations.push(made.clone());
    cx.save(&before, after, "refunded")?;
    let amount = made.amount;
    Ok((made, amount))
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
    let row = turn_back(cx, &source.company, &source.document, &original, day)?;
    Ok((row, original.amount + original.overpaid))
}

/// Writes the rows that undo an allocation from a day on, which is not before it: the entry with its sides exchanged, the
/// items and the target as they were. Early-payment discount that credit notes took back since does not come back again.
pub(crate) fn turn_back(cx: &mut Cx, company: &Company, document: &str, original: &Allocation, day: NaiveDate) -> Result<Allocation> {
    admit(cx, company.id, day, ModuleClass::Ar)?;
    let (given, undone) = match original.invoice_id {
        Some(id) if !original.discount.is_zero() => {
            let invoice = cx.load_for_update::<Invoice>(id)?;
            (original.discount_parts(), discount_undone(original, &composition(cx, &invoice, company)?))
        }
        _ => (Parts::default(), Parts::default()),
    };
    release_target(cx, original, undone.total().amount)?;
    let entry = match original.journal_entry_id {
        None => None,
        Some(id) => {
            let entry = cx.find::<JournalEntry>(id)?;
            let mut lines: Vec<PostingLine> = entry
                .lines
                .iter()
                .map(|l| PostingLine::signed(AccountRef::Id(l.account_id), l.credit - l.debit).tax_code(l.tax_code_id))
                .collect();
            lines.extend(staying(cx, original, &entry, &given.clone().minus(&undone))?);
            let lines = lines.into_iter().map(|l| l.party(original.party_id)).collect();
            post_effect(cx, company, document, day, lines, format!("Undoing {}", entry.number.clone().unwrap_or_default()))?
        }
    };
    let taxes = if original.is_write_off() { original.taxes.clone() } else { undone.tax_parts() };
    let row = Allocation {
        id: cx.new_id::<AllocationId>(),
        effective_date: day,
        amount: -original.amount,
        discount: -undone.total().amount,
        discount_company: -undone.total().company,
        taxes: taxes.into_iter().map(|t| TaxPart { amount: -t.amount, amount_company: -t.amount_company, ..t }).collect(),
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
    let changes = entries.iter().map(|e| Change { item_id: e.item_id, cause: e.cause, amount: e.amount, amount_company: e.amount_company });
    let changes = turned(changes.collect(), &given, &undone);
    cx.insert_all(std::slice::from_ref(&row))?;
    ledger::change(cx, company.id, Some(row.id), day, &changes)?;
    Ok(row)
}

/// The lines of the discount that stays given when its allocation is undone.
fn staying(cx: &mut Cx, original: &Allocation, entry: &JournalEntry, stays: &Parts) -> Result<Vec<PostingLine>> {
    let (Some(invoice), false) = (original.invoice_id, stays.total().company.is_zero()) else { return Ok(Vec::new()) };
    let items = stored::lock_of(cx.db(), &invoice.to_string())?;
    let receivable = items.first().and_then(|i| i.account_id).map_or(AccountRef::Role(Role::Receivable, None), AccountRef::Id);
    let mut out = vec![
        PostingLine::signed(AccountRef::Role(Role::CashDiscounts, None), stays.net.company),
        PostingLine::signed(receivable, -stays.total().company),
    ];
    for (code, tax) in &stays.taxes {
        let line = entry.lines.iter().find(|l| l.tax_code_id == Some(*code));
        let account = line.map_or(AccountRef::Role(Role::OutputTax, None), |l| AccountRef::Id(l.account_id));
        out.push(PostingLine::signed(account, tax.company).tax_code(*code));
    }
    Ok(out)
}

/// Gives the invoice or credit note that was settled back what the allocation took, of its discount this much.
fn release_target(cx: &mut Cx, original: &Allocation, discount: Amount) -> Result<()> {
    if let Some(id) = original.invoice_id {
        let before = cx.load_for_update::<Invoice>(id)?;
        let open = before.outstanding + original.amount + discount + original.write_off;
        let mut after = before.clone();
        if original.is_write_off() {
            after.written_off -= original.write_off;
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
