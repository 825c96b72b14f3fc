//! From draft to binding and back: confirmation with credit check and reservation, hold, release, cancel, close.

use chrono::NaiveDate;
use domain::directory::companies::{Company, OrderClosing};
use domain::directory::parties::Party;
use domain::ids::{DeliveryId, ProductId, SalesOrderId, SalesOrderLineId};
use domain::inventory::warehouses::Warehouse;
use domain::kernel::{Decimals, round};
use domain::sales::credit::CreditExposure;
use domain::sales::deliveries::{Delivery, ship_lines};
use domain::sales::orders::*;
use persistence::Statement;
use persistence::sales::{deliveries, orders};
use platform::prelude::*;

use super::books;
use crate::inventory::shelves::{Promises, Shelves};

/// The draft becomes binding.
pub fn confirm(cx: &mut Cx, id: SalesOrderId, how: ConfirmSalesOrder) -> Result<SalesOrder> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    before.must_be_confirmable()?;
    if how.override_credit {
        cx.require("sales.orders.override_credit")?;
    }
    let company = cx.find::<Company>(before.company_id)?;
    // The credit of a customer is one sum over all orders: orders of the same customer are judged one after the other.
    let customer = match cx.find::<Party>(before.customer_id)? {
        p if p.customer_terms.credit_limit.is_some() => cx.load_for_update::<Party>(before.customer_id)?,
        p => p,
    };
    customer.check_orderable("")?;
    let credit = match customer.customer_terms.credit_limit {
        None => CreditStatus::Passed,
        Some(_) => {
            let amount = Amount::exact(round(before.total.get() * before.exchange_rate.get(), company.minor_units()))?;
            let exposure = exposure(cx, &company, &customer, before.order_date)?;
            exposure.check(amount, company.credit_policy, how.override_credit)?
        }
    };
    let partial = how.allow_backorder.unwrap_or(before.allow_backorder);
    let reserved = reserve(cx, &company, &before, partial)?;
    let after = before.clone().confirm(&reserved, credit, cx.now)?;
    orders::store_progress(cx.db(), &after.lines)?;
    cx.save_numbered(&before, after, "confirmed", (company.id, "SO", before.order_date), |_, after, number| {
        after.number = Some(number);
        Ok(())
    })
}

/// Holds stock back for the goods of an order; by line, how many in the line's unit.
fn reserve(cx: &mut Cx, company: &Company, order: &SalesOrder, partial: bool) -> Result<Vec<Quantity>> {
    let mut demands: Vec<(usize, SalesOrderLineId, ProductId, Quantity)> = Vec::new();
    for (i, l) in order.lines.iter().enumerate() {
        if let (true, Some(product)) = (l.is_stocked, l.product_id) {
            demands.push((i, l.id, product, l.in_stock_unit(l.quantity)?));
        }
    }
    let mut reserved = vec![Quantity::ZERO; order.lines.len()];
    if demands.is_empty() {
        return Ok(reserved);
    }
    let Some(warehouse) = order.warehouse_id else { return Err(ORDER_NO_WAREHOUSE.with("Give the order a warehouse first.")) };
    let warehouse = cx.find::<Warehouse>(warehouse)?;
    let products: Vec<ProductId> = demands.iter().map(|d| d.2).collect();
    let open = Shelves::below_zero(company, &warehouse, &products);
    let mut shelves = Shelves::lock(cx, company, &products, &open)?;
    let wanted: Vec<_> = demands.iter().map(|d| (d.1, d.2, d.3)).collect();
    let short = shelves.reserve(cx, &warehouse, order.id, &wanted)?;
    let mut errors = Vec::new();
    for ((i, _, _, quantity), short) in demands.iter().zip(&short) {
        reserved[*i] = order.lines[*i].from_stock_unit(*quantity - *short);
        if !short.is_zero() {
            let message = format!("{short} of {quantity} are missing.");
            errors.push(FieldError::body(format!("/lines/{i}/quantity"), ORDER_NOT_ENOUGH_STOCK.code, message));
        }
    }
    if !errors.is_empty() && !partial {
        return Err(ORDER_NOT_ENOUGH_STOCK.at(errors));
    }
    shelves.store(cx)?;
    Ok(reserved)
}

/// What a customer owes and will owe a company. A limit in another currency is taken at the rate of the day.
pub fn exposure(cx: &mut Cx, company: &Company, customer: &Party, date: NaiveDate) -> Result<CreditExposure> {
    let terms = &customer.customer_terms;
    let limit = match (terms.credit_limit, terms.currency.as_deref()) {
        (Some(limit), Some(currency)) if currency != company.currency => {
            let rate = books::exchange_rate(cx, company, currency, date)?;
            Some(Amount::exact(round(limit.get() * rate.get(), company.minor_units()))?)
        }
        (limit, _) => limit,
    };
    let receivables = books::open_receivables(cx, company.id, customer.id)?;
    let (unbilled, unshipped) = orders::exposure(cx.db(), company.id, customer.id)?;
    Ok(CreditExposure::of(customer.id, receivables, unbilled, unshipped, limit))
}

/// Stops an order for now.
pub fn hold(cx: &mut Cx, id: SalesOrderId, why: SalesOrderReason) -> Result<SalesOrder> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    let after = before.clone().hold(why.reason, cx.now)?;
    cx.save(&before, after, "held")
}

/// Lets it go on.
pub fn release(cx: &mut Cx, id: SalesOrderId) -> Result<SalesOrder> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    let after = before.clone().release(cx.now)?;
    save_and_finish(cx, &before, (after, "released"), Vec::new(), None)
}

/// Gives up what was not shipped, or so many of some lines.
pub fn cancel(cx: &mut Cx, id: SalesOrderId, what: CancelSalesOrder) -> Result<SalesOrder> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    let mut after = before.clone().cancel(what, cx.now)?;
    let products: Vec<ProductId> = before.lines.iter().filter(|l| l.is_stocked).filter_map(|l| l.product_id).collect();
    if before.status == SalesOrderStatus::Confirmed && !products.is_empty() {
        let company = cx.find::<Company>(before.company_id)?;
        let mut shelves = Shelves::lock(cx, &company, &products, &[])?;
        let mut promises = Promises::of(cx, id)?;
        for line in &mut after.lines {
            let left = promises.trim(&mut shelves, line.id, line.in_stock_unit(line.open_to_ship())?)?;
            line.quantity_reserved = line.from_stock_unit(left);
        }
        shelves.store_with(cx, promises)?;
    }
    let lines = orders::progress(&after.lines);
    let order = save_and_finish(cx, &before, (after, "cancelled"), lines, None)?;
    drop_drafts(cx, &order, None)?;
    Ok(order)
}

/// Cancels the draft deliveries of an order that ship what it has given up; not one that is about to ship.
fn drop_drafts(cx: &mut Cx, order: &SalesOrder, shipping: Option<DeliveryId>) -> Result<()> {
    let binds = order.status == SalesOrderStatus::Confirmed;
    for draft in deliveries::drafts_of(cx.db(), order.id.uuid())? {
        if shipping != Some(draft.id) && (!binds || ship_lines(&mut order.clone(), &draft.lines).is_err()) {
            let before = cx.load_late::<Delivery>(draft.id)?;
            let after = before.clone().cancel(cx.now)?;
            cx.save(&before, after, "cancelled")?;
        }
    }
    Ok(())
}

/// An order that has nothing left to do closes by itself where the company wants it so, and one that was closed goes on when
/// something of it is to be invoiced again: what becomes of it, and the word for it.
fn next(cx: &mut Cx, order: &SalesOrder) -> Result<Option<(SalesOrder, &'static str)>> {
    Ok(match (order.status, order.is_finished()) {
        (SalesOrderStatus::Confirmed, true) if !order.is_on_hold => {
            if cx.find::<Company>(order.company_id)?.order_closing == OrderClosing::Manual {
                return Ok(None);
            }
            Some((order.clone().close(cx.now)?, "closed"))
        }
        (SalesOrderStatus::Closed, false) => Some((order.clone().reopen(cx.now), "reopened")),
        _ => None,
    })
}

/// Saves an order together with its lines, and lets it close or go on, when it is to. `shipping` is a draft that leaves with it.
pub fn save_and_finish(
    cx: &mut Cx,
    before: &SalesOrder,
    (after, verb): (SalesOrder, &str),
    lines: Vec<Statement>,
    shipping: Option<DeliveryId>,
) -> Result<SalesOrder> {
    let Some((last, end)) = next(cx, &after)? else { return cx.save_with(before, after, verb, lines) };
    let order = cx.save_both(before, (after, verb), (last, end), lines)?;
    if order.status == SalesOrderStatus::Closed {
        drop_drafts(cx, &order, shipping)?;
    }
    Ok(order)
}

/// Done with.
pub fn close(cx: &mut Cx, id: SalesOrderId) -> Result<SalesOrder> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    let after = before.clone().close(cx.now)?;
    let closed = cx.save(&before, after, "closed")?;
    drop_drafts(cx, &closed, None)?;
    Ok(closed)
}
