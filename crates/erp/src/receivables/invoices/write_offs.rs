//! Giving up what is open of an invoice, and taking that back when it is paid after all.

use chrono::NaiveDate;
use domain::accounting::journal_entries::JournalEntry;
use domain::accounting::posting::{AccountRef, Journal, ModuleClass, Posting, PostingLine, Role};
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::ids::InvoiceId;
use domain::receivables::allocations::{Allocation, OVER_ALLOCATED, TOO_EARLY, standing};
use domain::receivables::invoices::{Invoice, ReverseWriteOff, WriteOffInvoice, tax_account};
use domain::receivables::open_items::EntryCause;
use domain::receivables::parts::TaxPart;
use domain::receivables::settlement::{Change, by_account, take};
use persistence::receivables::open_items as stored;

use crate::accounting::posting;
use crate::receivables::invoices::taxes;
use crate::receivables::open_items::ledger;
use crate::receivables::settlement;
use platform::prelude::*;

/// What is given up, and how.
struct Loss {
    amount: Amount,
    date: NaiveDate,
    /// Where the caller said the date.
    stated: Option<&'static str>,
    from_allowance: bool,
    tax_relief: bool,
    reason: String,
}

/// `POST /v1/receivables/invoices/{id}/write-off`
pub fn write_off(cx: &mut Cx, id: InvoiceId, how: WriteOffInvoice) -> Result<Invoice> {
    let before = cx.load_for_update::<Invoice>(id)?;
    before.must_be_open()?;
    let company = cx.company(before.company_id)?;
    let date = how.posting_date.unwrap_or_else(|| cx.today(&company).max(before.booked_date()));
    if date < before.booked_date() {
        return Err(problems::invalid_body.field("/posting_date", format!("The invoice is of {}.", before.booked_date())));
    }
    let loss = Loss {
        amount: before.outstanding,
        date,
        stated: how.posting_date.map(|_| "/posting_date"),
        from_allowance: how.from_allowance,
        tax_relief: how.tax_relief,
        reason: how.reason,
    };
    give_up(cx, &before, &company, loss)
}

/// `POST /v1/receivables/invoices/{id}/reverse-write-off`. The latest write-off goes first; one that is taken back in part is
/// taken back whole and written for the rest, with the tax of the rest.
pub fn reverse_write_off(cx: &mut Cx, id: InvoiceId, how: ReverseWriteOff) -> Result<Invoice> {
    let before = cx.load_for_update::<Invoice>(id)?;
    before.must_be_written_off()?;
    let company = cx.company(before.company_id)?;
    let amount = how.amount.unwrap_or(before.written_off);
    currencies::check_money(amount, &before.currency, "/amount")?;
    if !amount.is_positive() || amount > before.written_off {
        return Err(OVER_ALLOCATED.field("/amount", format!("Between zero and {} were given up.", before.written_off)));
    }
    let all = cx.by::<Allocation>("invoice_id", id.uuid())?;
    let mut lost: Vec<Allocation> = standing(&all).filter(|a| a.is_write_off()).cloned().collect();
    lost.sort_by_key(|a| (a.effective_date, a.id));
    let mut left = amount;
    for row in lost.into_iter().rev() {
        if left.is_zero() {
            break;
        }
        let date = how.posting_date.unwrap_or_else(|| cx.today(&company).max(row.effective_date));
        if date < row.effective_date {
            return Err(TOO_EARLY.field("/posting_date", format!("It was written off on {}.", row.effective_date)));
        }
        settlement::turn_back(cx, &company, &id.to_string(), &row, date)?;
        let back = left.min(row.write_off);
        left -= back;
        if back < row.write_off {
            let entry = row.journal_entry_id.map(|e| cx.find::<JournalEntry>(e)).transpose()?;
            let rest = Loss {
                amount: row.write_off - back,
                date,
                stated: how.posting_date.map(|_| "/posting_date"),
                from_allowance: entry.as_ref().is_some_and(from_allowance),
                tax_relief: !row.taxes.is_empty(),
                reason: "the rest of what was taken back in part".into(),
            };
            let now = cx.load_for_update::<Invoice>(id)?;
            give_up(cx, &now, &company, rest)?;
        }
    }
    let now = cx.load_for_update::<Invoice>(id)?;
    cx.save(&now.clone(), now, "write_off_reversed")
}

/// Whether a loss was taken from the allowance: then nothing went into the allowance before it went out.
fn from_allowance(entry: &JournalEntry) -> bool {
    let goes_in = |account| entry.lines.iter().any(|l| l.account_id == account && l.credit.is_positive());
    !entry.lines.iter().any(|l| l.debit.is_positive() && goes_in(l.account_id))
}

/// Writes an amount of an invoice off.
fn give_up(cx: &mut Cx, before: &Invoice, company: &Company, loss: Loss) -> Result<Invoice> {
    let mut open = stored::lock_of(cx.db(), &before.id.to_string())?;
    let changes = take(&mut open, loss.amount, EntryCause::WriteOff, company.minor_units())?;
    let date = settlement::open_day(cx, loss.date, loss.stated, open.iter(), &changes)?;
    let places = settlement::places(&before.currency, company)?;
    let taxes = match loss.tax_relief {
        true => settlement::composition(cx, before, company)?.tax_in(loss.amount, places)?,
        false => Vec::new(),
    };
    let posting = Posting {
        company_id: company.id,
        journal: Journal::Sales,
        class: ModuleClass::Ar,
        posting_date: date,
        source: Some(before.id.to_string()),
        description: format!("Write-off: {}", loss.reason),
        currency: None,
        lines: lines(cx, before, &changes, settlement::booked_on(&open), &taxes, loss.from_allowance)?,
    };
    let entry = posting::post(cx, posting)?;
    let row = Allocation {
        id: cx.new_id(),
        company_id: company.id,
        party_id: before.customer_id,
        payment_id: None,
        credit_note_id: None,
        invoice_id: Some(before.id),
        refunded_payment_id: None,
        effective_date: date,
        amount: Amount::ZERO,
        discount: Amount::ZERO,
        discount_company: Amount::ZERO,
        taxes,
        write_off: loss.amount,
        overpaid: Amount::ZERO,
        exchange_gain: Amount::ZERO,
        journal_entry_id: entry.map(|e| e.id),
        reverses_id: None,
        version: 1,
        created_at: cx.now,
    };
    cx.insert_all(std::slice::from_ref(&row))?;
    ledger::change(cx, company.id, Some(row.id), date, &changes)?;
    let mut after = before.clone();
    after.written_off += loss.amount;
    let after = after.settled(before.outstanding - loss.amount, before.credited);
    cx.save(before, after, "written_off")
}

/// The expense goes through the allowance, so that the allowance shows every loss; with relief, the tax in what is lost comes
/// back.
fn lines(
    cx: &mut Cx,
    invoice: &Invoice,
    changes: &[Change],
    booked_on: impl Fn(domain::ids::OpenItemId) -> AccountRef,
    taxes: &[TaxPart],
    from_allowance: bool,
) -> Result<Vec<PostingLine>> {
    let role = |r| AccountRef::Role(r, None);
    let mut out: Vec<PostingLine> =
        by_account(changes, booked_on).into_iter().map(|(at, amount)| PostingLine::signed(at, amount)).collect();
    let mut net: Amount = changes.iter().map(|c| -c.amount_company).sum();
    if !taxes.is_empty() {
        let codes = taxes::codes(cx, invoice, false)?;
        for t in taxes {
            net -= t.amount_company;
            out.push(PostingLine::signed(tax_account(&codes, t.tax_code_id), t.amount_company).tax_code(t.tax_code_id));
        }
    }
    if !from_allowance {
        out.push(PostingLine::debit(role(Role::BadDebts), net));
        out.push(PostingLine::credit(role(Role::DoubtfulAllowance), net));
    }
    out.push(PostingLine::debit(role(Role::DoubtfulAllowance), net));
    Ok(out.into_iter().map(|l| l.party(invoice.customer_id)).collect())
}
