//! Giving up what is open of an invoice.

use domain::accounting::posting::{AccountRef, Journal, ModuleClass, Posting, PostingLine, Role};
use domain::directory::companies::Company;
use domain::ids::InvoiceId;
use domain::kernel::{Decimals, round};
use domain::receivables::allocations::Allocation;
use domain::receivables::invoices::{Invoice, InvoiceStatus, WriteOffInvoice, tax_account};
use domain::receivables::open_items::EntryCause;
use domain::receivables::settlement::take;
use persistence::receivables::open_items as stored;

use crate::accounting::posting;
use crate::receivables::invoices;
use crate::receivables::open_items::ledger;
use platform::prelude::*;

/// `POST /v1/receivables/invoices/{id}/write-off`
pub fn write_off(cx: &mut Cx, id: InvoiceId, how: WriteOffInvoice) -> Result<Invoice> {
    let before = cx.load_for_update::<Invoice>(id)?;
    before.must_be_open()?;
    let company = cx.company(before.company_id)?;
    let date = how.posting_date.unwrap_or_else(|| cx.today(&company));
    if date < before.invoice_date {
        return Err(problems::invalid_body.field("/posting_date", format!("The invoice is of {}.", before.invoice_date)));
    }
    let mut open = stored::lock_of(cx.db(), &id.to_string())?;
    let changes = take(&mut open, before.outstanding, EntryCause::WriteOff, company.minor_units())?;
    let lost: Amount = changes.iter().map(|c| -c.amount_company).sum();
    let lines = lines(cx, &before, &company, lost, &how)?;
    let posting = Posting {
        company_id: company.id,
        journal: Journal::Sales,
        class: ModuleClass::Ar,
        posting_date: date,
        source: Some(id.to_string()),
        description: format!("Write-off: {}", how.reason),
        currency: None,
        lines,
    };
    let entry = posting::post(cx, posting)?;
    let row = Allocation {
        id: cx.new_id(),
        company_id: company.id,
        party_id: before.customer_id,
        payment_id: None,
        credit_note_id: None,
        invoice_id: Some(id),
        effective_date: date,
        amount: Amount::ZERO,
        discount: Amount::ZERO,
        write_off: before.outstanding,
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
    after.status = InvoiceStatus::WrittenOff;
    let after = after.settled(Amount::ZERO, before.credited);
    cx.save(&before, after, "written_off")
}

/// The expense goes through the allowance, so that the allowance shows every loss; with relief, the tax in it comes back.
fn lines(cx: &mut Cx, invoice: &Invoice, company: &Company, lost: Amount, how: &WriteOffInvoice) -> Result<Vec<PostingLine>> {
    let role = |r| AccountRef::Role(r, None);
    let mut out = vec![PostingLine::credit(role(Role::Receivable), lost)];
    let mut net = lost;
    if how.tax_relief && !invoice.total.is_zero() {
        let codes = invoices::tax_codes(cx, invoice, false)?;
        for t in &invoice.taxes {
            let part = Amount::exact(round(lost.get() * t.amount.get() / invoice.total.get(), company.minor_units()))?;
            net -= part;
            out.push(PostingLine::debit(tax_account(&codes, t.tax_code_id), part).tax_code(t.tax_code_id));
        }
    }
    if !how.from_allowance {
        out.push(PostingLine::debit(role(Role::BadDebts), net));
        out.push(PostingLine::credit(role(Role::DoubtfulAllowance), net));
    }
    out.push(PostingLine::debit(role(Role::DoubtfulAllowance), net));
    Ok(out.into_iter().map(|l| l.party(invoice.customer_id)).collect())
}
