//! Returns: goods come back at the cost at which they left, to the shelf or to scrap, and what was billed of them can be
//! credited.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::accounting::posting::Role;
use domain::directory::companies::Company;
use domain::directory::parties::Party;
use domain::identity::visibility::FieldClass;
use domain::ids::{CustomerReturnId, InvoiceId, InvoiceLineId, ProductId, SalesOrderLineId, ValueEntryId};
use domain::inventory::locations::LocationKind;
use domain::inventory::stock::DATE_IN_FUTURE;
use domain::inventory::warehouses::Warehouse;
use domain::receivables::credit_notes::{CreditNote, NewCreditNote, NewCreditNoteLine};
use domain::sales::deliveries::*;
use domain::sales::orders::*;
use domain::sales::returns::*;
use persistence::inventory::valuation;
use persistence::sales::{deliveries, orders, returns};
use platform::directory::units::check_whole;
use platform::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::confirmation;
use crate::accounting::posting;
use crate::inventory::adjustments::products;
use crate::inventory::ledger::{Change, Ledger, item_class, not_in_future};
use crate::inventory::serials;
use crate::inventory::shelves::{Shelves, Source};
use crate::inventory::warehouses::virtual_location;
use crate::receivables::credit_notes;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<CustomerReturn>("sales/returns", "Goods that customers send back.");
    n.takes_tags();
    n.searched(Words::numbered(&["number"]));
    n.masked(FieldClass::Cost, &["cost_total", "lines.cost_amount"]);
    n.list("List returns.")
        .filter(&["company_id", "status", "delivery_id", "order_id", "customer_id", "warehouse_id", "number", "return_date"])
        .search(&["number"])
        .sort(&["return_date", "number"])
        .expand::<Party>("customer", "customer_id")
        .expand::<SalesOrder>("order", "order_id")
        .expand::<Delivery>("delivery", "delivery_id");
    n.create(create, "Request a return of goods that were delivered.").fails(&[
        RETURN_EMPTY,
        RETURN_LINE,
        RETURN_TOO_MUCH,
        RETURN_STATE,
        RETURN_BEFORE_DELIVERY,
    ]);
    n.read("Get a return.")
        .expand::<Party>("customer", "customer_id")
        .expand::<SalesOrder>("order", "order_id")
        .expand::<Delivery>("delivery", "delivery_id");
    n.action("authorize", authorize, "Authorise a return. Takes a number; the customer may send the goods.").fails(&[RETURN_STATE]);
    n.action_with("reject", reject, "Reject a return of which nothing came in.").fails(&[RETURN_STATE]);
    n.action_with(
        "receive",
        receive,
        "Receive returned goods, wholly or in part. They come back at the cost at which they left; what cannot be sold again is scrapped.",
    )
    .fails(&[RETURN_STATE, RETURN_LINE, RETURN_TOO_MUCH, RETURN_NOTHING_TO_CREDIT, RETURN_BEFORE_DELIVERY, DATE_IN_FUTURE])
    .fails(&[domain::inventory::serials::SERIALS_WRONG, domain::inventory::serials::SERIALS_MISSING])
    .fails(posting::REFUSALS)
    .fails(credit_notes::REFUSALS);
    n.command_on::<CreditCustomerReturn, ReturnCredit>(
        "credit",
        credit,
        "Draft credit notes for what came back and was invoiced. One for each invoice; they count when they are posted.",
    )
    .fails(&[RETURN_STATE, RETURN_NOTHING_TO_CREDIT])
    .fails(credit_notes::REFUSALS);
}

/// How a return is credited.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditCustomerReturn {
    /// Why; the reason of the return when left out.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// The credit notes that were drafted for a return.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReturnCredit {
    /// One for each invoice.
    #[schema(max_items = 1000)]
    pub credit_notes: Vec<CreditNote>,
}

fn create(cx: &mut Cx, new: NewCustomerReturn) -> Result<CustomerReturn> {
    if new.lines.is_empty() {
        return Err(RETURN_EMPTY.field("/lines", "Say what comes back."));
    }
    let delivery = cx.refer::<Delivery>("/delivery_id", new.delivery_id)?;
    if delivery.status != DeliveryStatus::Shipped {
        return Err(RETURN_STATE.field("/delivery_id", format!("The delivery is {}.", delivery.status)));
    }
    let company = cx.find::<Company>(delivery.company_id)?;
    let warehouse = cx.refer::<Warehouse>("/warehouse_id", new.warehouse_id.unwrap_or(delivery.warehouse_id))?;
    if warehouse.company_id != company.id {
        return Err(problems::unknown_reference.field("/warehouse_id", "The warehouse belongs to another company."));
    }
    if let Some(date) = new.return_date {
        not_before(&delivery, date)?;
    }
    let id: CustomerReturnId = cx.new_id();
    let mut lines: Vec<CustomerReturnLine> = Vec::with_capacity(new.lines.len());
    for (i, l) in new.lines.iter().enumerate() {
        let Some(of) = delivery.lines.iter().find(|d| d.id == l.delivery_line_id) else {
            return Err(RETURN_LINE.field(format!("/lines/{i}/delivery_line_id"), "The delivery has no such line."));
        };
        if !l.quantity.is_positive() || lines.iter().any(|o| o.delivery_line_id == of.id) {
            return Err(RETURN_LINE.field(format!("/lines/{i}/quantity"), "Each line once, with more than zero."));
        }
        if l.quantity > of.quantity - of.quantity_returned {
            let message = format!("{} of {} came back already.", of.quantity_returned, of.quantity);
            return Err(RETURN_TOO_MUCH.field(format!("/lines/{i}/quantity"), message));
        }
        lines.push(CustomerReturnLine {
            id: cx.new_id(),
            return_id: id,
            position: i as i32 + 1,
            delivery_line_id: of.id,
            order_line_id: of.order_line_id,
            product_id: of.product_id,
            quantity: l.quantity,
            unit_id: of.unit_id,
            quantity_received: Quantity::ZERO,
            quantity_restocked: Quantity::ZERO,
            quantity_credited: Quantity::ZERO,
            quantity_creditable: Quantity::ZERO,
            cost_amount: Amount::ZERO,
        });
    }
    let parts = lines.iter().enumerate().filter_map(|(i, l)| {
        let of = delivery.lines.iter().find(|d| d.id == l.delivery_line_id)?;
        Some((format!("/lines/{i}/quantity"), l.product_id, of.in_stock_unit(l.quantity)?))
    });
    check_whole(cx, parts.collect::<Vec<_>>())?;
    let made = cx.create(CustomerReturn {
        id,
        company_id: company.id,
        number: None,
        status: ReturnStatus::Requested,
        delivery_id: delivery.id,
        order_id: delivery.order_id,
        customer_id: delivery.customer_id,
        warehouse_id: warehouse.id,
        return_date: new.return_date.unwrap_or_else(|| cx.today(&company)),
        reason: new.reason,
        cost_total: Amount::ZERO,
        journal_entry_id: None,
        lines,
        metadata: new.metadata,
        authorized_at: None,
        received_at: None,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    })?;
    cx.insert_all(&made.lines)?;
    cx.link(delivery.id, id, "returns")?;
    Ok(made)
}

/// Refuses a return before its delivery.
fn not_before(delivery: &Delivery, date: NaiveDate) -> Result<()> {
    if date >= delivery.delivery_date {
        return Ok(());
    }
    Err(RETURN_BEFORE_DELIVERY.field("/return_date", format!("The goods left on {}.", delivery.delivery_date)))
}

fn authorize(cx: &mut Cx, id: CustomerReturnId) -> Result<CustomerReturn> {
    let before = cx.load_for_update::<CustomerReturn>(id)?;
    let after = before.clone().authorize(cx.now)?;
    cx.save_numbered(&before, after, "authorized", (before.company_id, "RET", before.return_date), |_, after, number| {
        after.number = Some(number);
        Ok(())
    })
}

fn reject(cx: &mut Cx, id: CustomerReturnId, why: RejectCustomerReturn) -> Result<CustomerReturn> {
    let before = cx.load_for_update::<CustomerReturn>(id)?;
    let after = before.clone().reject(why.reason, cx.now)?;
    cx.save(&before, after, "rejected")
}

fn receive(cx: &mut Cx, id: CustomerReturnId, what: ReceiveCustomerReturn) -> Result<CustomerReturn> {
    if what.credit {
        cx.require("receivables.credit_notes.create")?;
    }
    let before = cx.load_for_update::<CustomerReturn>(id)?;
    before.must_be_receivable()?;
    let mut delivery = cx.load_for_update::<Delivery>(before.delivery_id)?;
    let delivered = delivery.clone();
    let ordered = cx.load_for_update::<SalesOrder>(before.order_id)?;
    let mut order = ordered.clone();
    let company = cx.find::<Company>(before.company_id)?;
    let date = what.return_date.unwrap_or_else(|| cx.today(&company));
    not_in_future(cx, &company, date, "/return_date")?;
    not_before(&delivery, date)?;
    let came: Vec<ReceivedReturnLine> = what.lines.unwrap_or_else(|| {
        let open = before.lines.iter().filter(|l| l.quantity > l.quantity_received);
        open.map(|l| ReceivedReturnLine {
            return_line_id: l.id,
            quantity: l.quantity - l.quantity_received,
            serial_numbers: Vec::new(),
            resaleable: true,
        })
        .collect()
    });
    let warehouse = cx.find::<Warehouse>(before.warehouse_id)?;
    let ids: Vec<ProductId> = before.lines.iter().map(|l| l.product_id).collect();
    let products = products(cx, ids.iter().copied())?;
    let places: Vec<_> = ids.iter().map(|p| (*p, warehouse.id, warehouse.stock_location_id)).collect();
    let mut shelves = Shelves::lock(cx, &company, &ids, &places)?;
    let (customer, loss) =
        (virtual_location(cx, company.id, LocationKind::Customer)?, virtual_location(cx, company.id, LocationKind::Loss)?);
    let mut ledger = Ledger::lock(cx, &company, &ids, date)?;
    let (document, left_with) = (id.to_string(), delivery.id.to_string());
    let parts = came.iter().enumerate().filter_map(|(i, c)| {
        let line = before.lines.iter().find(|l| l.id == c.return_line_id)?;
        let of = delivery.lines.iter().find(|d| d.id == line.delivery_line_id)?;
        Some((format!("/lines/{i}/quantity"), line.product_id, of.in_stock_unit(c.quantity)?))
    });
    check_whole(cx, parts.collect::<Vec<_>>())?;
    let mut after = before.clone();
    for (i, came) in came.into_iter().enumerate() {
        let wrong = |field: &str, message: String| RETURN_LINE.field(format!("/lines/{i}/{field}"), message);
        let Some(line) = after.lines.iter_mut().find(|l| l.id == came.return_line_id) else {
            return Err(wrong("return_line_id", "The return has no such line.".into()));
        };
        let of = delivery.lines.iter_mut().find(|d| d.id == line.delivery_line_id);
        let billed = order.lines.iter_mut().find(|o| o.id == line.order_line_id);
        let (Some(of), Some(billed), Some(product)) = (of, billed, products.get(&line.product_id)) else {
            return Err(problems::in_use.into());
        };
        if !came.quantity.is_positive() {
            return Err(wrong("quantity", "The quantity must be more than zero.".into()));
        }
        if came.quantity > line.quantity - line.quantity_received || came.quantity > of.quantity - of.quantity_returned {
            return Err(RETURN_TOO_MUCH.field(format!("/lines/{i}/quantity"), "More than announced or delivered would come back."));
        }
        let stock_quantity = billed.in_stock_unit(came.quantity)?;
        serials::take_back(cx, of.id, came.serial_numbers, stock_quantity, &format!("/lines/{i}/serial_numbers"))?;
        let line_id = line.id.to_string();
        let source = Source { document: &document, line: Some(&line_id), date };
        let cogs = (Role::CostOfSales, Some(item_class(product.posting_class)));
        let Some(issue) = valuation::issue_of(cx.db(), &left_with, &of.id.to_string())? else { return Err(problems::in_use.into()) };
        let issue = ValueEntryId::from_uuid(issue);
        let (place, change) = match came.resaleable {
            true => (warehouse.stock_location_id, Change::Back { of: issue }),
            false => (loss, Change::Scrapped { of: issue }),
        };
        if came.resaleable {
            shelves.adjust(product.id, place, stock_quantity)?;
            line.quantity_restocked += came.quantity;
        }
        shelves.note(cx, &company, source, product.id, (customer, place), stock_quantity);
        let cost = ledger.apply(cx, source, product, cogs, change, stock_quantity)?;
        line.quantity_received += came.quantity;
        line.cost_amount += cost;
        of.quantity_returned += came.quantity;
        of.cost_returned += cost;
        billed.quantity_returned += came.quantity;
    }
    shelves.store(cx)?;
    let source = Source { document: &document, line: None, date };
    let entry = ledger.store(cx, source, "Goods returned by a customer".into(), Some(before.customer_id))?;
    if let Some(entry) = entry {
        cx.link(id, entry, "posts")?;
    }
    deliveries::store_returns(cx.db(), &delivery.lines)?;
    cx.save(&delivered, delivery, "returned")?;
    let lines = orders::progress(&order.lines);
    confirmation::save_and_finish(cx, &ordered, (order.settle(cx.now), "returned"), lines, None)?;
    let mut after = after.receive(entry, date, cx.now)?;
    returns::store_progress(cx.db(), &after.lines)?;
    // what can be credited follows from what came in
    after.lines = cx.find::<CustomerReturn>(id)?.lines;
    if what.credit {
        draft_credits(cx, &mut after, None)?;
        returns::store_progress(cx.db(), &after.lines)?;
    }
    cx.save(&before, after, "received")
}

/// A draft credit note was deleted: what stood on it of a return can be credited again.
pub fn follow_deleted_note(cx: &mut Cx, event: &Event) -> Result<()> {
    #[derive(Deserialize)]
    struct Note {
        lines: Vec<NoteLine>,
    }
    #[derive(Deserialize)]
    struct NoteLine {
        invoice_line_id: InvoiceLineId,
        quantity: Quantity,
    }
    let note: Note = serde_json::from_value(event.data.clone()).map_err(|e| {
        log::error!("a deleted credit note cannot be read: {e}");
        problems::internal
    })?;
    let lines: Vec<_> = note.lines.iter().map(|l| l.invoice_line_id.uuid()).collect();
    let (of, order_lines) = returns::credited_by(cx.db(), &event.subject, &lines)?;
    let Some(id) = of.and_then(|id| id.parse::<CustomerReturnId>().ok()) else { return Ok(()) };
    let quantities: Vec<(SalesOrderLineId, Quantity)> =
        note.lines.iter().filter_map(|l| Some((order_lines.get(&l.invoice_line_id.uuid())?.parse().ok()?, l.quantity))).collect();
    let before = cx.load_late::<CustomerReturn>(id)?;
    let mut after = before.clone().uncredit(&quantities, cx.now);
    returns::store_progress(cx.db(), &after.lines)?;
    after.lines = cx.find::<CustomerReturn>(id)?.lines;
    cx.save(&before, after, "uncredited")?;
    Ok(())
}

fn credit(cx: &mut Cx, id: CustomerReturnId, how: CreditCustomerReturn) -> Result<ReturnCredit> {
    cx.require("receivables.credit_notes.create")?;
    let before = cx.load_for_update::<CustomerReturn>(id)?;
    before.must_be_creditable()?;
    let mut after = before.clone();
    let credit_notes = draft_credits(cx, &mut after, how.reason)?;
    returns::store_progress(cx.db(), &after.lines)?;
    after.updated_at = cx.now;
    cx.save(&before, after, "credited")?;
    Ok(ReturnCredit { credit_notes })
}

/// Drafts credit notes for what came back, was invoiced and is not credited yet; the newest invoice first.
fn draft_credits(cx: &mut Cx, of: &mut CustomerReturn, reason: Option<String>) -> Result<Vec<CreditNote>> {
    let wanted: Vec<String> = of.lines.iter().map(|l| l.order_line_id.to_string()).collect();
    let mut billed = orders::invoice_lines_of(cx.db(), &wanted)?;
    let mut by_invoice: BTreeMap<InvoiceId, Vec<NewCreditNoteLine>> = BTreeMap::new();
    for line in &mut of.lines {
        let own = line.order_line_id.to_string();
        for (invoice, invoice_line, _, open) in billed.iter_mut().filter(|b| b.2 == own) {
            let part = if *open < line.quantity_creditable { *open } else { line.quantity_creditable };
            if !part.is_positive() {
                continue;
            }
            by_invoice.entry(InvoiceId::from_uuid(*invoice)).or_default().push(NewCreditNoteLine {
                invoice_line_id: InvoiceLineId::from_uuid(*invoice_line),
                quantity: Some(part),
                net: None,
            });
            *open -= part;
            line.quantity_credited += part;
            line.quantity_creditable -= part;
        }
    }
    if by_invoice.is_empty() {
        of.must_be_creditable()?;
        return Err(RETURN_NOTHING_TO_CREDIT.with("The invoices have nothing left to credit."));
    }
    let reason = reason.or_else(|| of.reason.clone()).unwrap_or_else(|| "Goods returned".into());
    let mut made = Vec::new();
    for (invoice_id, lines) in by_invoice {
        let (reason, credit_date, metadata) = (reason.clone(), None, Default::default());
        let note = credit_notes::draft(cx, NewCreditNote { invoice_id, reason, credit_date, lines, apply_to_invoice: true, metadata })?;
        cx.link(of.id, note.id, "credits")?;
        made.push(note);
    }
    Ok(made)
}
