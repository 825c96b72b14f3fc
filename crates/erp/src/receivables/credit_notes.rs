//! Credit notes: drafting from an invoice, posting, settling with them.

use std::collections::BTreeMap;

use domain::accounting::posting::{Journal, ModuleClass, Posting, Role};
use domain::directory::currencies;
use domain::directory::parties::Party;
use domain::ids::{CreditNoteId, InvoiceId, InvoiceLineId};
use domain::receivables::allocations::{NewAllocation, Unallocate};
use domain::receivables::credit_notes as rules;
use domain::receivables::credit_notes::{
    CreditInvoice, CreditNote, CreditNoteLine, CreditNoteStatus, Credited, NewCreditNote, NewCreditNoteLine, check_total, credit_line,
};
use domain::receivables::invoices::{Invoice, InvoiceStatus};

use persistence::receivables::open_items;

use super::invoices::taxes;
use super::settlement;
use crate::accounting::posting;
use crate::receivables::open_items::ledger;
use crate::receivables::open_items::ledger::Opening;
use crate::receivables::settlement::Source;
use platform::prelude::*;

/// What drafting a credit note can be refused with.
pub const REFUSALS: &[Code] = &[rules::TOO_MUCH, rules::NOTHING_LEFT, rules::QUANTITY_OR_NET];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<CreditNote>("receivables/credit-notes", "What is taken back of posted invoices.");
    n.takes_tags();
    n.searched(Words::titled("customer_name").codes(&["number"]).details(&["reason"]));
    n.list("List credit notes.")
        .filter(&["status", "customer_id", "invoice_id", "number", "credit_date"])
        .search(&["number", "customer_name", "reason"])
        .sort(&["credit_date"])
        .expand::<Party>("customer", "customer_id")
        .figures(
            Figures::by(&["status", "customer_id", "currency", "company_id"])
                .money("currency", &["net", "tax", "total", "unallocated"])
                .company_money(&["total_company"])
                .dates(&["credit_date", "created_at", "posted_at"]),
        );
    n.create(draft, "Create a credit note for a posted invoice, by line, quantity or amount. It starts as a draft.").fails(REFUSALS);
    n.read("Get a credit note.").expand::<Party>("customer", "customer_id");
    n.delete(delete, "Delete a draft credit note.").fails(&[rules::NOT_A_DRAFT]);
    n.action(
        "post",
        post,
        "Post a credit note. It takes its legal number, posts at the invoice's rates and settles the invoice as far as it is open.",
    )
    .fails(&[rules::NOT_A_DRAFT])
    .fails(REFUSALS)
    .fails(posting::REFUSALS)
    .fails(settlement::REFUSALS);
    n.action_with("allocate", allocate, "Use a credit note for an invoice of the same customer.")
        .fails(&[rules::USED_UP])
        .fails(posting::REFUSALS)
        .fails(settlement::REFUSALS);
    n.action_with("unallocate", unallocate, "Take an allocation of a credit note back.")
        .fails(posting::REFUSALS)
        .fails(settlement::REFUSALS);
}

/// `POST /v1/receivables/invoices/{id}/credit`
pub fn credit_invoice(cx: &mut Cx, id: InvoiceId, how: CreditInvoice) -> Result<CreditNote> {
    cx.load_for_update::<Invoice>(id)?;
    let CreditInvoice { reason, credit_date, lines, apply_to_invoice } = how;
    draft(cx, NewCreditNote { invoice_id: id, reason, credit_date, lines, apply_to_invoice, metadata: BTreeMap::new() })
}

/// What these credit notes have taken of each line of the invoice.
fn credited<'a>(notes: impl IntoIterator<Item = &'a CreditNote>) -> BTreeMap<InvoiceLineId, Credited> {
    let mut out: BTreeMap<InvoiceLineId, Credited> = BTreeMap::new();
    for line in notes.into_iter().flat_map(|n| &n.lines) {
        out.entry(line.invoice_line_id).or_default().add(line.quantity, line.net, &line.taxes);
    }
    out
}

/// Takes the parts of the lines of a draft anew, after whatever was credited since it was made, so that the last part of a
/// line takes what rounding left; whether anything changed.
fn refresh(note: &mut CreditNote, invoice: &Invoice, posted: &[CreditNote], places: u32) -> Result<bool> {
    let mut before = credited(posted);
    let mut changed = false;
    for line in &mut note.lines {
        let unknown = || problems::unknown_reference.with("The invoice has no such line.");
        let of = invoice.lines.iter().find(|l| l.id == line.invoice_line_id).ok_or_else(unknown)?;
        let by_quantity = line.quantity.is_positive();
        let asked = NewCreditNoteLine {
            invoice_line_id: of.id,
            quantity: by_quantity.then_some(line.quantity),
            net: (!by_quantity).then_some(line.net),
        };
        let taken = before.entry(of.id).or_default();
        // there is no body to point into
        let part = credit_line(of, taken, &asked, places).map_err(|p| rules::TOO_MUCH.with(p.to_string()))?;
        let Some(part) = part else { continue };
        taken.add(part.quantity, part.net, &part.taxes);
        changed |= part.net != line.net || part.taxes != line.taxes;
        line.tax = part.taxes.iter().map(|t| t.amount).sum();
        line.gross = part.net + line.tax;
        (line.net, line.taxes) = (part.net, part.taxes);
    }
    Ok(changed)
}

/// The lines of a credit note for what was asked, everything left when nothing was.
fn build(cx: &mut Cx, id: CreditNoteId, invoice: &Invoice, asked: &[NewCreditNoteLine]) -> Result<Vec<CreditNoteLine>> {
    let mut before = credited(&settlement::posted_notes(cx, invoice.id)?);
    let places = currencies::minor_units(&invoice.currency)?;
    let everything: Vec<NewCreditNoteLine> =
        invoice.lines.iter().map(|l| NewCreditNoteLine { invoice_line_id: l.id, quantity: None, net: None }).collect();
    let wanted = if asked.is_empty() { &everything[..] } else { asked };
    let mut out = Vec::with_capacity(wanted.len());
    for (i, want) in wanted.iter().enumerate() {
        let unknown = || problems::unknown_reference.field(format!("/lines/{i}/invoice_line_id"), "The invoice has no such line.");
        let line = invoice.lines.iter().find(|l| l.id == want.invoice_line_id).ok_or_else(unknown)?;
        if let Some(net) = want.net {
            currencies::check_money(net, &invoice.currency, &format!("/lines/{i}/net"))?;
        }
        let taken = before.entry(line.id).or_default();
        let Some(part) = credit_line(line, taken, want, places).map_err(|p| p.under(&format!("/lines/{i}")))? else { continue };
        // two parts of one line in one note count together
        taken.add(part.quantity, part.net, &part.taxes);
        let tax = part.taxes.iter().map(|t| t.amount).sum();
        out.push(CreditNoteLine {
            id: cx.new_id(),
            company_id: invoice.company_id,
            credit_note_id: id,
            position: i as i32 + 1,
            invoice_line_id: line.id,
            product_id: line.product_id,
            item_class: line.item_class,
            description: line.description.clone(),
            quantity: part.quantity,
            taxes: part.taxes,
            net: part.net,
            tax,
            gross: part.net + tax,
            version: 1,
            created_at: cx.now,
        });
    }
    cx.ensure(!out.is_empty(), rules::NOTHING_LEFT, || "Everything on the invoice has been credited.".into())?;
    Ok(out)
}

/// Drafts a credit note. Other services call this too, as for goods that came back.
pub fn draft(cx: &mut Cx, new: NewCreditNote) -> Result<CreditNote> {
    let invoice = cx.refer::<Invoice>("/invoice_id", new.invoice_id)?;
    invoice.must_be_creditable()?;
    let company = cx.company(invoice.company_id)?;
    let date = new.credit_date.unwrap_or_else(|| cx.today(&company).max(invoice.invoice_date));
    if date < invoice.invoice_date {
        return Err(problems::invalid_body.field("/credit_date", format!("The invoice is of {}.", invoice.invoice_date)));
    }
    let id = cx.new_id();
    let mut note = CreditNote {
        id,
        company_id: company.id,
        number: None,
        status: CreditNoteStatus::Draft,
        invoice_id: invoice.id,
        customer_id: invoice.customer_id,
        customer_name: invoice.customer_name.clone(),
        reason: new.reason,
        credit_date: date,
        currency: invoice.currency.clone(),
        exchange_rate: invoice.exchange_rate,
        apply_to_invoice: new.apply_to_invoice,
        lines: build(cx, id, &invoice, &new.lines)?,
        taxes: Vec::new(),
        net: Amount::ZERO,
        tax: Amount::ZERO,
        total: Amount::ZERO,
        total_company: Amount::ZERO,
        discount: Amount::ZERO,
        discount_company: Amount::ZERO,
        discount_taxes: Vec::new(),
        unallocated: Amount::ZERO,
        allocations: Vec::new(),
        journal_entry_id: None,
        created_by: cx.caller.user_id,
        posted_at: None,
        metadata: new.metadata,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let of = settlement::composition(cx, &invoice, &company)?;
    note.sum(&of.sold, &of.given, invoice.credited, settlement::places(&invoice.currency, &company)?)?;
    check_total(&invoice, note.lines_total())?;
    let note = cx.create(note)?;
    cx.insert_all(&note.lines)?;
    Ok(note)
}

fn delete(cx: &mut Cx, id: CreditNoteId) -> Result<()> {
    let note = cx.load_for_update::<CreditNote>(id)?;
    note.must_be_draft()?;
    cx.delete_by::<CreditNoteLine>("credit_note_id", id.uuid())?;
    cx.remove(note)
}

/// Posts a draft credit note. Other services call this too.
pub fn post(cx: &mut Cx, id: CreditNoteId) -> Result<CreditNote> {
    let before = cx.load_for_update::<CreditNote>(id)?;
    before.must_be_draft()?;
    let invoice = cx.load_for_update::<Invoice>(before.invoice_id)?;
    invoice.must_be_creditable()?;
    let company = cx.company(before.company_id)?;
    let places = settlement::places(&invoice.currency, &company)?;
    let posted = settlement::posted_notes(cx, invoice.id)?;
    let mut after = before.clone();
    if refresh(&mut after, &invoice, &posted, places.document)? {
        cx.delete_by::<CreditNoteLine>("credit_note_id", id.uuid())?;
        cx.insert_all(&after.lines)?;
    }
    let of = settlement::composition(cx, &invoice, &company)?;
    after.sum(&of.sold, &of.given, invoice.credited, places)?;
    check_total(&invoice, after.lines_total())?;
    let gone: Vec<CreditNoteLine> = posted.iter().flat_map(|n| n.lines.iter().cloned()).collect();
    let receivable = posting::account_of(cx, &company, Role::Receivable, before.credit_date)?;
    let codes = taxes::codes(cx, &invoice, false)?;
    let posting = Posting {
        company_id: company.id,
        journal: Journal::Sales,
        class: ModuleClass::Ar,
        posting_date: before.credit_date,
        source: Some(id.to_string()),
        description: format!("Credit note to {}", before.customer_name),
        currency: (before.currency != company.currency).then(|| (before.currency.clone(), before.exchange_rate)),
        lines: after
            .posting_lines(&gone, &codes, company.minor_units())?
            .into_iter()
            .map(|l| l.booked(Role::Receivable, receivable))
            .collect(),
    };
    let entry = posting::post(cx, posting)?;
    after.journal_entry_id = entry.map(|e| e.id);
    // settling needs the items, and the number comes last
    ledger::open(cx, &Opening::credit_note(&after, "", receivable), &company)?;
    after.posted_at = Some(cx.now);
    after.status = CreditNoteStatus::Posted;
    after.unallocated = after.total;
    cx.link(invoice.id, id, "credited_by")?;
    if after.apply_to_invoice && after.total.is_positive() && invoice.outstanding.is_positive() {
        let source = source(cx, &after, after.total)?;
        let asked = NewAllocation {
            invoice_id: Some(invoice.id),
            credit_note_id: None,
            payment_id: None,
            amount: None,
            effective_date: None,
            take_discount: false,
        };
        let (made, used) = settlement::allocate(cx, &source, &asked)?;
        after.allocations.push(made);
        after.unallocated -= used;
    }
    // the settlement may have changed the invoice; its credited total comes last
    let open = cx.load_for_update::<Invoice>(before.invoice_id)?;
    let mut now = open.clone().settled(open.outstanding, open.credited + after.lines_total());
    let whole = now.credited >= now.total && (now.total.is_positive() || nothing_left(&invoice, posted.iter().chain([&after])));
    if whole && now.outstanding.is_zero() && !now.written_off.is_positive() {
        // an invoice over nothing is credited when all goods are back
        now.status = InvoiceStatus::Credited;
    }
    cx.save(&open, now, if whole { "credited" } else { "partially_credited" })?;
    cx.save_numbered(&before, after, "posted", (company.id, "CN", before.credit_date), |cx, after, number| {
        open_items::set_number(cx.db(), &id.to_string(), &number)?;
        after.number = Some(number);
        Ok(())
    })
}

/// Whether these credit notes take back all there is of the invoice.
fn nothing_left<'a>(invoice: &Invoice, notes: impl IntoIterator<Item = &'a CreditNote>) -> bool {
    let gone = credited(notes);
    invoice.lines.iter().all(|l| gone.get(&l.id).is_some_and(|g| g.quantity >= l.quantity && g.net >= l.net) || l.quantity.is_zero())
}

fn source(cx: &mut Cx, note: &CreditNote, available: Amount) -> Result<Source> {
    Ok(Source {
        company: cx.company(note.company_id)?,
        party: note.customer_id,
        document: note.id.to_string(),
        payment: None,
        credit_note: Some(note.id),
        currency: note.currency.clone(),
        rate: note.exchange_rate,
        date: note.credit_date,
        available,
        promised: Amount::ZERO,
        wanted: Amount::ZERO,
        refund: false,
        targets: Default::default(),
    })
}

fn allocate(cx: &mut Cx, id: CreditNoteId, asked: NewAllocation) -> Result<CreditNote> {
    let before = cx.load_for_update::<CreditNote>(id)?;
    before.must_have_left()?;
    if let Some(amount) = asked.amount {
        currencies::check_money(amount, &before.currency, "/amount")?;
    }
    let source = source(cx, &before, before.unallocated)?;
    let (made, used) = settlement::allocate(cx, &source, &asked)?;
    let mut after = before.clone();
    after.allocations.push(made);
    after.unallocated -= used;
    cx.save(&before, after, "allocated")
}

fn unallocate(cx: &mut Cx, id: CreditNoteId, asked: Unallocate) -> Result<CreditNote> {
    let before = cx.load_for_update::<CreditNote>(id)?;
    before.must_be_posted()?;
    let source = source(cx, &before, before.unallocated)?;
    let (made, freed) = settlement::undo(cx, &source, &asked)?;
    let mut after = before.clone();
    after.allocations.push(made);
    after.unallocated += freed;
    cx.save(&before, after, "unallocated")
}
