//! What of an order is billed: drafting its invoice, and following invoices and credit notes as they are posted.

use chrono::NaiveDate;
use domain::accounting::posting::ItemClass;
use domain::ids::{InvoiceId, SalesOrderId};
use domain::receivables::invoices::lines::{InvoiceLine, NewInvoiceLine};
use domain::receivables::invoices::{Invoice, NewInvoice};
use domain::sales::orders::*;
use persistence::sales::orders;
use platform::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;

use super::confirmation;
use crate::receivables::invoices;

/// What drafting an invoice may answer.
pub const REFUSALS: &[Code] = invoices::REFUSALS;

/// How an order is invoiced.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "invoice_date": "2026-03-31" })))]
pub struct InvoiceSalesOrder {
    /// The date of the invoice; today when left out.
    #[serde(default)]
    pub invoice_date: Option<NaiveDate>,
    /// Company currency for one unit of the invoice's currency. When left out, the rate that was agreed for the order, or else that of
    /// the day of the invoice.
    #[serde(default)]
    pub exchange_rate: Option<Rate>,
}

/// Drafts an invoice of everything that can be billed now and stands on no other draft.
pub fn invoice(cx: &mut Cx, id: SalesOrderId, how: InvoiceSalesOrder) -> Result<Invoice> {
    let order = cx.load_for_update::<SalesOrder>(id)?;
    order.must_be_active()?;
    cx.require("receivables.invoices.create")?;
    let mut lines = Vec::new();
    for l in order.lines.iter().filter(|l| l.open_to_draft().is_positive()) {
        lines.push(NewInvoiceLine {
            product_id: l.product_id,
            item_class: None,
            description: Some(l.description.clone()),
            quantity: l.open_to_draft(),
            unit_id: l.unit_id,
            unit_price: Some(l.unit_price),
            discount_percent: l.discount_percent,
            tax_code_ids: Some(l.tax_code_ids.clone()),
            order_line_id: Some(l.id.to_string()),
        });
    }
    let freight = order.freight_to_draft();
    if freight.is_positive() {
        lines.push(freight_line(cx, &order, freight)?);
    }
    if lines.is_empty() {
        return Err(order.refuse(ORDER_NOTHING_TO_INVOICE, "Nothing was shipped that is not on an invoice already."));
    }
    let new = NewInvoice {
        company_id: order.company_id,
        customer_id: order.customer_id,
        invoice_date: how.invoice_date,
        opening_date: None,
        currency: Some(order.currency.clone()),
        exchange_rate: how.exchange_rate.or(order.agreed_rate()),
        payment_term_id: None,
        payment_terms_days: order.payment_terms_days,
        reference: order.customer_reference.clone().or(order.number.clone()),
        order_id: Some(id.to_string()),
        prices_include_tax: Some(order.prices_include_tax),
        lines,
        metadata: Default::default(),
    };
    invoices::draft(cx, new)
}

fn freight_line(cx: &mut Cx, order: &SalesOrder, due: Amount) -> Result<NewInvoiceLine> {
    let customer = cx.find(order.customer_id)?;
    let taxes = super::books::Taxes::of(cx, order, &customer)?;
    Ok(NewInvoiceLine {
        product_id: None,
        item_class: Some(ItemClass::Freight),
        description: Some("Freight".into()),
        quantity: Quantity::ONE,
        unit_id: None,
        unit_price: Some(UnitPrice::try_from(due.get())?),
        discount_percent: Rate::ZERO,
        tax_code_ids: Some(taxes.of_class(order.freight_tax_class, "/freight_tax_class")?.to_vec()),
        order_line_id: None,
    })
}

/// What an invoice says about an order, read from its event.
#[derive(Deserialize)]
struct Billed {
    order_id: Option<String>,
    lines: Vec<BilledLine>,
}

#[derive(Deserialize)]
struct BilledLine {
    order_line_id: Option<String>,
    item_class: ItemClass,
    quantity: Quantity,
    unit_price: UnitPrice,
}

fn read<T: serde::de::DeserializeOwned>(event: &Event) -> Result<T> {
    serde_json::from_value(event.data.clone()).map_err(|e| {
        log::error!("{} cannot be read: {e}", event.kind);
        problems::internal.into()
    })
}

/// An invoice was posted: its order counts what was billed.
pub fn follow_invoice(cx: &mut Cx, event: &Event) -> Result<()> {
    let billed: Billed = read(event)?;
    let Some(id) = billed.order_id.as_deref().and_then(|id| id.parse::<SalesOrderId>().ok()) else { return Ok(()) };
    let before = cx.load_for_update::<SalesOrder>(id)?;
    before.must_be_billable()?;
    let mut after = before.clone();
    for l in billed.lines {
        match l.order_line_id {
            Some(line) => after.bill(&line, l.quantity)?,
            None if l.item_class == ItemClass::Freight => {
                let freight = Amount::try_from(domain::kernel::round_to(l.unit_price.get() * l.quantity.get(), 4))?;
                after.freight_invoiced += freight;
                after.freight_drafted -= freight.min(after.freight_drafted);
            }
            None => {}
        }
    }
    follow(cx, before, after, "billed")
}

/// A credit note was posted: what it takes back by quantity is no longer billed.
pub fn follow_credit_note(cx: &mut Cx, event: &Event) -> Result<()> {
    #[derive(Deserialize)]
    struct Credited {
        invoice_id: InvoiceId,
        lines: Vec<CreditedLine>,
    }
    #[derive(Deserialize)]
    struct CreditedLine {
        invoice_line_id: domain::ids::InvoiceLineId,
        quantity: Quantity,
    }
    let credited: Credited = read(event)?;
    let invoice = cx.find::<Invoice>(credited.invoice_id)?;
    let Some(id) = invoice.order_id.as_deref().and_then(|id| id.parse::<SalesOrderId>().ok()) else { return Ok(()) };
    let before = cx.load_for_update::<SalesOrder>(id)?;
    let mut after = before.clone();
    for l in credited.lines {
        let of = invoice.lines.iter().find(|i: &&InvoiceLine| i.id == l.invoice_line_id).and_then(|i| i.order_line_id.clone());
        if let Some(of) = of.and_then(|id| after.lines.iter_mut().find(|o| o.id.to_string() == id)) {
            of.quantity_invoiced = if l.quantity > of.quantity_invoiced { Quantity::ZERO } else { of.quantity_invoiced - l.quantity };
        }
    }
    follow(cx, before, after, "credited")
}

fn follow(cx: &mut Cx, before: SalesOrder, after: SalesOrder, verb: &str) -> Result<()> {
    orders::store_progress(cx.db(), &after.lines)?;
    let after = after.settle(cx.now);
    confirmation::save_and_finish(cx, &before, after, verb).map(drop)
}
