//! Customer invoices: drafting from lines, posting, giving up.

pub mod taxes;
pub mod write_offs;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::accounting::posting::{ItemClass, Journal, ModuleClass, Posting, Role};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::{NO_RATE, RateKind, RateQuestion};
use domain::directory::parties::{AddressPurpose, Party};
use domain::directory::products::{self, Product, TaxClass};
use domain::directory::timeline::TimelineEntry;
use domain::directory::units::Unit;
use domain::directory::{currencies, parties};
use domain::ids::{CompanyId, InvoiceId, InvoiceLineId, PartyId};
use domain::receivables::allocations::{OVER_ALLOCATED, TOO_EARLY};
use domain::receivables::invoices::lines::{InvoiceLine, InvoiceLinePatch, NewInvoiceLine};
use domain::receivables::invoices::{DraftInvoice, Invoice, InvoicePatch, InvoiceStatus, NewInvoice};
use domain::receivables::payment_terms::{PaymentTerm, TermInstalment, schedule};
use domain::receivables::{invoices as rules, payment_terms};
use domain::sales::orders::{ORDER_NOT_CONFIRMED, ORDER_ON_HOLD, ORDER_OVER_INVOICED, SalesOrder};
use platform::directory::exchange_rates::rate_at;
use platform::directory::timeline;

use self::taxes::assess;
use super::credit_notes;
use crate::accounting::posting;
use crate::receivables::open_items::ledger;
use crate::receivables::open_items::ledger::Opening;
use crate::tax::calculations;
use crate::tax::calculations::Determination;
use platform::prelude::*;

/// What drafting can be refused with.
pub const REFUSALS: &[Code] = &[
    rules::NO_PRICE,
    rules::NO_DESCRIPTION,
    payment_terms::TERM_ARCHIVED,
    currencies::UNKNOWN_CURRENCY,
    NO_RATE,
    parties::NOT_A_CUSTOMER,
    parties::ARCHIVED,
    parties::BLOCKED,
    products::ARCHIVED,
];

const TIMELINE: &str =
    "List what happened to an invoice and to what came from it, newest first. Kinds that the caller may not read are left out.";

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Invoice>("receivables/invoices", "What customers are asked to pay.");
    n.takes_tags();
    n.searched(Words::titled("customer_name").codes(&["number", "reference"]).details(&["customer_tax_id"]));
    n.list("List invoices.")
        .filter(&["status", "customer_id", "number", "invoice_date", "due_date", "order_id", "total"])
        .search(&["number", "customer_name", "reference"])
        .sort(&["invoice_date", "due_date", "number", "total"])
        .expand::<Party>("customer", "customer_id")
        .expand::<Product>("lines.product", "lines.product_id")
        .figures(
            Figures::by(&["status", "customer_id", "currency", "company_id"])
                .money("currency", &["net", "tax", "total", "outstanding", "credited", "written_off"])
                .company_money(&["total_company"])
                .dates(&["invoice_date", "due_date", "created_at", "posted_at"]),
        );
    n.create(create, "Create an invoice. It starts as a draft without a number; taxes are determined where lines name none.")
        .fails(REFUSALS)
        .fails(calculations::REFUSALS);
    n.bulk(create);
    n.read("Get an invoice.").expand::<Party>("customer", "customer_id").expand::<Product>("lines.product", "lines.product_id");
    n.update(update, "Change a draft invoice. Lines, when given, are replaced whole.")
        .fails(REFUSALS)
        .fails(calculations::REFUSALS)
        .fails(&[rules::NOT_A_DRAFT]);
    n.delete(delete, "Delete a draft invoice.").fails(&[rules::NOT_A_DRAFT]);
    n.action("post", post, "Post an invoice. It takes its legal number, is due by its payment terms, and never changes again.")
        .fails(&[rules::NOT_A_DRAFT, rules::EMPTY, ORDER_NOT_CONFIRMED, ORDER_ON_HOLD, ORDER_OVER_INVOICED])
        .fails(posting::REFUSALS);
    n.command_on(
        "credit",
        credit_notes::credit_invoice,
        "Credit an invoice. Answers a draft credit note for the lines, quantities or amounts given, or for everything left.",
    )
    .fails(credit_notes::REFUSALS);
    n.action_with(
        "write-off",
        write_offs::write_off,
        "Give up what is open of an invoice. The loss goes to bad debts through the allowance.",
    )
    .fails(&[rules::NOT_OPEN, TOO_EARLY])
    .fails(posting::REFUSALS);
    n.action_with(
        "reverse-write-off",
        write_offs::reverse_write_off,
        "Take a write-off back, wholly or in part, as when the customer pays after all. The loss is undone with its tax and the amount is open again.",
    )
    .fails(&[rules::NOTHING_WRITTEN_OFF, OVER_ALLOCATED, TOO_EARLY])
    .fails(posting::REFUSALS);

    n.page_of::<TimelineEntry>("timeline", timeline::of_document::<Invoice>, TIMELINE)
        .filter_as("occurred_at", "at")
        .filter(&["kind", "subject"]);
    let mut p = n.part::<InvoiceLine>("lines");
    p.list_with(list_lines, "List the lines of an invoice.");
    p.create(create_line, "Add a line to a draft invoice.").fails(REFUSALS).fails(calculations::REFUSALS).fails(&[rules::NOT_A_DRAFT]);
    p.read_with(line, "Get a line of an invoice.");
    p.update(update_line, "Change a line of a draft invoice.").fails(calculations::REFUSALS).fails(&[rules::NOT_A_DRAFT]);
    p.delete(delete_line, "Delete a line of a draft invoice.").fails(calculations::REFUSALS).fails(&[rules::NOT_A_DRAFT]);
}

/// Company currency for one unit of `currency` on `date`.
pub(crate) fn exchange_rate(cx: &mut Cx, company: &Company, currency: &str, date: NaiveDate, given: Option<Rate>) -> Result<Rate> {
    if currency == company.currency {
        return match given {
            Some(r) if r != Rate::ONE => {
                Err(problems::invalid_body.field("/exchange_rate", "The rate of the company's own currency is 1."))
            }
            _ => Ok(Rate::ONE),
        };
    }
    currencies::minor_units(currency).map_err(|p| p.under("/currency"))?;
    if let Some(rate) = given {
        return match rate.is_positive() {
            true => Ok(rate),
            false => Err(problems::invalid_body.field("/exchange_rate", "A rate is above zero.")),
        };
    }
    let question = RateQuestion { from: currency.to_string(), to: company.currency.clone(), kind: RateKind::Spot, date };
    Ok(rate_at(cx, question, None, None)?.rate)
}

/// Drafts what a caller writes down.
fn create(cx: &mut Cx, mut new: NewInvoice) -> Result<Invoice> {
    let of = OrderOfInvoice { company_id: new.company_id, customer_id: new.customer_id, order_id: new.order_id.as_deref() };
    if let Some(order) = of.check(cx, &new.lines, "/lines")? {
        let agreed = order.agreed_rate();
        let currency = new.currency.get_or_insert(order.currency.clone());
        new.exchange_rate = new.exchange_rate.or(agreed.filter(|_| *currency == order.currency));
    }
    draft(cx, new)
}

/// The order that an invoice says it is for: one of the same company and customer, with the lines that are named.
struct OrderOfInvoice<'a> {
    company_id: CompanyId,
    customer_id: PartyId,
    order_id: Option<&'a str>,
}

impl<'a> OrderOfInvoice<'a> {
    fn of(invoice: &'a Invoice) -> Self {
        Self { company_id: invoice.company_id, customer_id: invoice.customer_id, order_id: invoice.order_id.as_deref() }
    }

    /// The order. `at` is where the list of lines is in the body; nothing when the body is the line itself.
    fn check(&self, cx: &mut Cx, lines: &[NewInvoiceLine], at: &str) -> Result<Option<SalesOrder>> {
        let order = match self.order_id {
            None => None,
            Some(id) => {
                let unknown = || problems::unknown_reference.field("/order_id", format!("The customer has no order {id} in the company."));
                let order = cx.refer::<SalesOrder>("/order_id", id.parse().map_err(|_| unknown())?)?;
                if order.company_id != self.company_id || order.customer_id != self.customer_id {
                    return Err(unknown());
                }
                Some(order)
            }
        };
        for (i, line) in lines.iter().enumerate() {
            let Some(id) = &line.order_line_id else { continue };
            if !order.as_ref().is_some_and(|o| o.lines.iter().any(|l| l.id.to_string() == *id)) {
                let at = if at.is_empty() { String::new() } else { format!("{at}/{i}") };
                let message = format!("The order of the invoice has no line {id}.");
                return Err(problems::unknown_reference.field(format!("{at}/order_line_id"), message));
            }
        }
        Ok(order)
    }
}

/// Drafts an invoice. Other services call this too, with lines that refer to an order.
pub fn draft(cx: &mut Cx, new: NewInvoice) -> Result<Invoice> {
    let company = cx.company(new.company_id)?;
    let customer = cx.refer_itself::<Party>("/customer_id", new.customer_id)?;
    if new.order_id.is_none() {
        // what was agreed and delivered is billed, whatever became of customer and product since
        customer.check_customer("/customer_id")?;
    }
    customer.check_invoiceable("/customer_id")?;
    let date = new.invoice_date.unwrap_or_else(|| cx.today(&company));
    let currency = new.currency.or_else(|| customer.customer_terms.currency.clone()).unwrap_or_else(|| company.currency.clone());
    let rate = exchange_rate(cx, &company, &currency, date, new.exchange_rate)?;
    check_opening(new.opening_date, date)?;
    let mut invoice = Invoice {
        id: cx.new_id(),
        company_id: company.id,
        number: None,
        status: InvoiceStatus::Draft,
        customer_id: customer.id,
        customer_name: customer.legal_name.clone().unwrap_or_else(|| customer.name.clone()),
        customer_tax_id: customer.tax_id.clone(),
        billing_address: customer.address_for(AddressPurpose::Billing).cloned(),
        reference: new.reference,
        order_id: new.order_id,
        currency,
        exchange_rate: rate,
        exchange_rate_agreed: new.exchange_rate.is_some(),
        invoice_date: date,
        opening_date: new.opening_date,
        payment_term_id: new.payment_term_id,
        payment_terms_days: new.payment_terms_days,
        due_date: None,
        discount_until_date: None,
        discount_percent: Rate::ZERO,
        tolerance: Amount::ZERO,
        rounding: company.rounding,
        prices_include_tax: new.prices_include_tax.unwrap_or(company.prices_include_tax),
        lines: Vec::new(),
        taxes: Vec::new(),
        instalments: Vec::new(),
        net: Amount::ZERO,
        tax: Amount::ZERO,
        total: Amount::ZERO,
        total_company: Amount::ZERO,
        outstanding: Amount::ZERO,
        credited: Amount::ZERO,
        written_off: Amount::ZERO,
        journal_entry_id: None,
        created_by: cx.caller.user_id,
        posted_at: None,
        metadata: new.metadata,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    term_of(cx, &invoice)?;
    invoice.lines = build_lines(cx, &invoice, &customer, new.lines, 1)?;
    assess(cx, &company, &mut invoice, true)?;
    let lines = invoice.lines.clone();
    cx.create_with(invoice, &lines)
}

/// An invoice of earlier books is taken over on its own day or later.
fn check_opening(opening: Option<NaiveDate>, date: NaiveDate) -> Result<()> {
    match opening {
        Some(day) if day < date => Err(problems::invalid_body.field("/opening_date", format!("The invoice is of {date}."))),
        _ => Ok(()),
    }
}

/// The payment term that the invoice names.
fn term_of(cx: &mut Cx, invoice: &Invoice) -> Result<Option<PaymentTerm>> {
    let Some(id) = invoice.payment_term_id else { return Ok(None) };
    let term = cx.refer::<PaymentTerm>("/payment_term_id", id)?;
    if term.company_id != invoice.company_id {
        return Err(problems::unknown_reference.field("/payment_term_id", "The payment term belongs to another company."));
    }
    if term.archived && invoice.status == InvoiceStatus::Draft && invoice.version == 1 {
        return Err(payment_terms::TERM_ARCHIVED.field("/payment_term_id", format!("Payment term {} is archived.", term.code)));
    }
    Ok(Some(term))
}

/// Lines with product, price and taxes filled in where they were left out; products and tax rules are read once.
fn build_lines(cx: &mut Cx, invoice: &Invoice, customer: &Party, new: Vec<NewInvoiceLine>, first: i32) -> Result<Vec<InvoiceLine>> {
    let wanted: Vec<_> = new.iter().filter_map(|l| l.product_id).collect();
    let known: BTreeMap<_, _> = cx.find_all::<Product>(&wanted)?.into_iter().map(|p| (p.id, p)).collect();
    // the tax of an invoice of earlier books was declared there
    let determination = match invoice.opening_date.is_none() && new.iter().any(|l| l.tax_code_ids.is_none()) {
        true => Some(Determination::new(cx, invoice.company_id, customer.customer_terms.tax_status, invoice.invoice_date)?),
        false => None,
    };
    let mut out = Vec::with_capacity(new.len());
    for (i, line) in new.into_iter().enumerate() {
        let at = |field: &str| format!("/lines/{i}/{field}");
        let product = match line.product_id {
            None => None,
            Some(id) => {
                let product =
                    known.get(&id).ok_or_else(|| problems::unknown_reference.field(at("product_id"), "There is no such product."))?;
                if line.order_line_id.is_none() {
                    product.check_usable(&at("product_id"))?;
                }
                Some(product)
            }
        };
        let class = product.map_or(ItemClass::Service, |p| p.posting_class.into());
        let own_unit = product.map(|p| p.unit_id);
        if let Some(unit) = line.unit_id.filter(|u| Some(*u) != own_unit) {
            cx.refer::<Unit>(&at("unit_id"), unit)?;
        }
        let listed = product.filter(|p| p.currency.as_deref() == Some(&*invoice.currency)).and_then(|p| p.sales_price);
        // a list price is that of the product's own unit
        let price = line
            .unit_price
            .or(listed.filter(|_| line.unit_id.is_none() || line.unit_id == own_unit))
            .ok_or_else(|| rules::NO_PRICE.field(at("unit_price"), "Say the price; the product has none in this currency."))?;
        let description = line.description.or_else(|| product.map(|p| p.name.clone()));
        let tax_code_ids = match (line.tax_code_ids, &determination) {
            (Some(given), _) => given,
            (None, Some(d)) => d.of(product.map_or(TaxClass::Standard, |p| p.tax_class), i)?,
            (None, None) => Vec::new(),
        };
        out.push(InvoiceLine {
            id: cx.new_id(),
            company_id: invoice.company_id,
            invoice_id: invoice.id,
            position: first + i as i32,
            product_id: line.product_id,
            item_class: line.item_class.unwrap_or(class),
            description: description.ok_or_else(|| rules::NO_DESCRIPTION.field(at("description"), rules::NO_DESCRIPTION.title))?,
            quantity: line.quantity,
            unit_id: line.unit_id.or(own_unit),
            unit_price: price,
            discount_percent: line.discount_percent,
            tax_code_ids,
            taxes: Vec::new(),
            net: Amount::ZERO,
            tax: Amount::ZERO,
            gross: Amount::ZERO,
            order_line_id: line.order_line_id,
            version: 1,
            created_at: cx.now,
        });
    }
    Ok(out)
}

/// Writes the lines of a draft anew.
fn store_lines(cx: &mut Cx, invoice: &Invoice) -> Result<()> {
    cx.delete_by::<InvoiceLine>("invoice_id", invoice.id.uuid())?;
    cx.insert_all(&invoice.lines)
}

fn update(cx: &mut Cx, id: InvoiceId, patch: InvoicePatch) -> Result<Invoice> {
    let before = cx.load_for_update::<Invoice>(id)?;
    before.must_be_draft()?;
    let company = cx.company(before.company_id)?;
    let (relined, rerated, redated) = (patch.lines.is_some(), patch.exchange_rate, patch.invoice_date.is_some());
    let mut draft = DraftInvoice {
        invoice_date: before.invoice_date,
        payment_term_id: before.payment_term_id,
        payment_terms_days: before.payment_terms_days,
        reference: before.reference.clone(),
        billing_address: before.billing_address.clone(),
        exchange_rate: before.exchange_rate,
        lines: Vec::new(),
        metadata: before.metadata.clone(),
    };
    patch.apply(&mut draft);
    let mut after = Invoice {
        invoice_date: draft.invoice_date,
        payment_term_id: draft.payment_term_id,
        payment_terms_days: draft.payment_terms_days,
        reference: draft.reference,
        billing_address: draft.billing_address,
        metadata: draft.metadata,
        ..before.clone()
    };
    check_opening(after.opening_date, after.invoice_date)?;
    if rerated.is_some() || (redated && !before.exchange_rate_agreed) {
        after.exchange_rate = exchange_rate(cx, &company, &after.currency, after.invoice_date, rerated)?;
        after.exchange_rate_agreed = rerated.is_some();
    }
    if let Some(address) = &after.billing_address {
        address.check().map_err(|p| p.under("/billing_address"))?;
    }
    term_of(cx, &after)?;
    if relined {
        OrderOfInvoice::of(&after).check(cx, &draft.lines, "/lines")?;
        let customer = cx.find::<Party>(after.customer_id)?;
        after.lines = build_lines(cx, &after, &customer, draft.lines, 1)?;
    }
    assess(cx, &company, &mut after, relined)?;
    store_lines(cx, &after)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: InvoiceId) -> Result<()> {
    let invoice = cx.load_for_update::<Invoice>(id)?;
    invoice.must_be_draft()?;
    cx.delete_by::<InvoiceLine>("invoice_id", id.uuid())?;
    cx.remove(invoice)
}

/// Posts a draft: due schedule, entry, open items, and last the legal number. Other services call this too.
pub fn post(cx: &mut Cx, id: InvoiceId) -> Result<Invoice> {
    let before = cx.load_for_update::<Invoice>(id)?;
    before.must_be_draft()?;
    cx.ensure(!before.lines.is_empty(), rules::EMPTY, || "The invoice has no lines.".into())?;
    let company = cx.company(before.company_id)?;
    let places = currencies::minor_units(&before.currency)?;
    let mut after = before.clone();
    match term_of(cx, &before)? {
        Some(term) => {
            after.instalments = schedule(&term.instalments, after.invoice_date, after.total, places)?;
            after.discount_until_date = term.discount_until(after.invoice_date);
            (after.discount_percent, after.tolerance) = (term.discount_percent, term.tolerance);
        }
        None => {
            let customer = cx.find::<Party>(after.customer_id)?;
            let days = after.payment_terms_days.unwrap_or_else(|| customer.customer_days(&company));
            after.instalments = schedule(&[TermInstalment::net(days)], after.invoice_date, after.total, places)?;
        }
    }
    after.due_date = after.instalments.last().map(|i| i.due_date);
    let codes = taxes::codes(cx, &after, false)?;
    let booked = after.booked_date();
    let receivable = posting::account_of(cx, &company, Role::Receivable, booked)?;
    let lines = after.posting_lines(&codes, company.minor_units())?.into_iter().map(|l| l.booked(Role::Receivable, receivable));
    let entry = posting::post(cx, posting_of(&after, &company, lines.collect()))?;
    after.journal_entry_id = entry.map(|e| e.id);
    let series = if after.opening_date.is_some() { rules::OPENING_SERIES } else { rules::SERIES };
    after.posted_at = Some(cx.now);
    let total = after.total;
    let after = after.settled(total, Amount::ZERO);
    if let Some(order) = &after.order_id {
        cx.link(order, after.id, "invoiced_by")?;
    }
    cx.save_numbered(&before, after, "posted", (company.id, series, booked), |cx, after, number| {
        ledger::open(cx, &Opening::invoice(after, &number, receivable), &company)?;
        after.number = Some(number);
        Ok(())
    })
}

fn posting_of(invoice: &Invoice, company: &Company, lines: Vec<domain::accounting::posting::PostingLine>) -> Posting {
    Posting {
        company_id: company.id,
        journal: Journal::Sales,
        class: ModuleClass::Ar,
        posting_date: invoice.booked_date(),
        source: Some(invoice.id.to_string()),
        description: format!("Invoice to {}", invoice.customer_name),
        currency: (invoice.currency != company.currency).then(|| (invoice.currency.clone(), invoice.exchange_rate)),
        lines,
    }
}

fn list_lines(cx: &mut Cx, id: InvoiceId, mut list: List) -> Result<Page<InvoiceLine>> {
    cx.find::<Invoice>(id)?;
    list.only("invoice_id", id.uuid());
    cx.page::<InvoiceLine>(list)
}

fn line(cx: &mut Cx, invoice: InvoiceId, id: InvoiceLineId) -> Result<InvoiceLine> {
    let found = cx.find::<InvoiceLine>(id)?;
    cx.ensure(found.invoice_id == invoice, problems::not_found, || format!("Invoice {invoice} has no line {id}."))?;
    Ok(found)
}

/// Changes the lines of a draft: counts a version of the invoice and taxes it anew.
fn relined(cx: &mut Cx, id: InvoiceId, f: impl FnOnce(&mut Cx, &mut Invoice) -> Result<()>) -> Result<Invoice> {
    let before = cx.load_for_update::<Invoice>(id)?;
    before.must_be_draft()?;
    let company = cx.company(before.company_id)?;
    let mut after = before.clone();
    f(cx, &mut after)?;
    assess(cx, &company, &mut after, false)?;
    store_lines(cx, &after)?;
    cx.save(&before, after, "updated")
}

fn create_line(cx: &mut Cx, id: InvoiceId, new: NewInvoiceLine) -> Result<InvoiceLine> {
    let after = relined(cx, id, |cx, invoice| {
        let customer = cx.find::<Party>(invoice.customer_id)?;
        let position = invoice.lines.iter().map(|l| l.position).max().unwrap_or(0) + 1;
        OrderOfInvoice::of(invoice).check(cx, std::slice::from_ref(&new), "")?;
        let made = build_lines(cx, invoice, &customer, vec![new], position)?;
        calculations::codes(cx, invoice.company_id, &made.iter().map(|l| &*l.tax_code_ids).collect::<Vec<_>>(), true)?;
        invoice.lines.extend(made);
        Ok(())
    })?;
    after.lines.last().cloned().ok_or_else(|| problems::internal.into())
}

fn update_line(cx: &mut Cx, id: InvoiceId, line: InvoiceLineId, patch: InvoiceLinePatch) -> Result<InvoiceLine> {
    let after = relined(cx, id, |cx, invoice| {
        let found = invoice.lines.iter_mut().find(|l| l.id == line);
        let found = found.ok_or_else(|| problems::not_found.with(format!("The invoice has no line {line}.")))?;
        patch.apply(found);
        found.bump(cx.now);
        Ok(())
    })?;
    after.lines.into_iter().find(|l| l.id == line).ok_or_else(|| problems::internal.into())
}

fn delete_line(cx: &mut Cx, id: InvoiceId, line: InvoiceLineId) -> Result<()> {
    relined(cx, id, |_, invoice| {
        let count = invoice.lines.len();
        invoice.lines.retain(|l| l.id != line);
        match invoice.lines.len() < count {
            true => Ok(()),
            false => Err(problems::not_found.with(format!("The invoice has no line {line}."))),
        }
    })?;
    Ok(())
}
