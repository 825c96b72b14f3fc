//! Goods leave: stock is taken off the shelves, valued at the moving average and posted as cost of sales.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::accounting::posting::Role;
use domain::directory::companies::Company;
use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::ids::{DeliveryId, ProductId, SalesOrderId};
use domain::inventory::costing::ValueKind;
use domain::inventory::locations::LocationKind;
use domain::inventory::warehouses::Warehouse;
use domain::sales::deliveries::*;
use domain::sales::orders::*;
use persistence::sales::{deliveries, orders};
use platform::directory::units::check_whole;
use platform::prelude::*;

use super::confirmation;
use crate::inventory::adjustments::products;
use crate::inventory::ledger::{Change, Ledger, item_class, not_in_future};
use crate::inventory::serials;
use crate::inventory::shelves::{Promises, Shelves, Source};
use crate::inventory::warehouses::virtual_location;

/// The series of the numbers of deliveries.
const SERIES: &str = "DLV";

/// Everything that is open on an order as one delivery, shipped at once if asked.
pub fn deliver(cx: &mut Cx, id: SalesOrderId, how: DeliverSalesOrder) -> Result<Delivery> {
    let order = cx.load_for_update::<SalesOrder>(id)?;
    let new = NewDelivery {
        order_id: id,
        warehouse_id: None,
        delivery_date: how.delivery_date,
        carrier: how.carrier,
        tracking_number: how.tracking_number,
        note: None,
        lines: None,
        metadata: Default::default(),
    };
    if how.ship {
        cx.require("sales.deliveries.ship")?;
    }
    if !how.ship {
        return draft(cx, &order, new);
    }
    let delivery = compose(cx, &order, new)?;
    cx.link(id, delivery.id, "delivers")?;
    // stored as it leaves: nothing reads it before
    ship_draft(cx, delivery, order, how.delivery_date, |cx, delivery, after| {
        let (lines, numbering) = (after.lines.clone(), (after.company_id, SERIES, after.delivery_date));
        cx.create_changed(delivery, (after, "shipped"), &lines, numbering, |after, number| after.number = Some(number))
    })
}

/// Drafts a delivery of an order. Quantities are checked again when it ships.
pub fn draft(cx: &mut Cx, order: &SalesOrder, new: NewDelivery) -> Result<Delivery> {
    let delivery = compose(cx, order, new)?;
    let lines = delivery.lines.clone();
    let made = cx.create_with(delivery, &lines)?;
    cx.link(order.id, made.id, "delivers")?;
    Ok(made)
}

/// A draft of a delivery, not stored.
fn compose(cx: &mut Cx, order: &SalesOrder, new: NewDelivery) -> Result<Delivery> {
    order.must_be_active()?;
    let company = cx.find::<Company>(order.company_id)?;
    let Some(warehouse) = new.warehouse_id.or(order.warehouse_id) else {
        return Err(ORDER_NO_WAREHOUSE.with("Say which warehouse the goods come from."));
    };
    let warehouse = cx.refer::<Warehouse>("/warehouse_id", warehouse)?;
    if warehouse.company_id != company.id {
        return Err(problems::unknown_reference.field("/warehouse_id", "The warehouse belongs to another company."));
    }
    let wanted: Vec<NewDeliveryLine> = new.lines.unwrap_or_else(|| {
        let open = order.lines.iter().filter(|l| l.open_to_ship().is_positive());
        open.map(|l| NewDeliveryLine { order_line_id: l.id, quantity: l.open_to_ship(), serial_numbers: Vec::new() }).collect()
    });
    if wanted.is_empty() {
        return Err(order.refuse(ORDER_NOTHING_TO_SHIP, "Nothing is left to ship."));
    }
    let id = cx.new_id();
    let lines = lines(cx, id, order, &wanted)?;
    ship_lines(&mut order.clone(), &lines)?;
    if lines.iter().any(|l| !l.serial_numbers.is_empty()) {
        let products = products(cx, lines.iter().map(|l| l.product_id))?;
        domain::inventory::serials::check(lines.iter().map(DeliveryLine::pieces), serials::tracked(&products))?;
    }
    Ok(Delivery {
        id,
        company_id: company.id,
        number: None,
        status: DeliveryStatus::Draft,
        order_id: order.id,
        customer_id: order.customer_id,
        warehouse_id: warehouse.id,
        delivery_date: new.delivery_date.unwrap_or_else(|| cx.today(&company)),
        ship_to: order.ship_to.clone(),
        carrier: new.carrier,
        tracking_number: new.tracking_number,
        order_is_on_hold: false,
        cost_total: Amount::ZERO,
        journal_entry_id: None,
        note: new.note,
        lines,
        metadata: new.metadata,
        shipped_at: None,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    })
}

fn lines(cx: &mut Cx, delivery: DeliveryId, order: &SalesOrder, wanted: &[NewDeliveryLine]) -> Result<Vec<DeliveryLine>> {
    let mut errors = Vec::new();
    let mut out: Vec<DeliveryLine> = Vec::with_capacity(wanted.len());
    for (i, NewDeliveryLine { order_line_id: id, quantity, serial_numbers }) in wanted.iter().enumerate() {
        let serial_numbers = domain::inventory::serials::tidied(serial_numbers.clone(), &format!("/lines/{i}/serial_numbers"))?;
        let mut wrong =
            |field: &str, message: &str| errors.push(FieldError::body(format!("/lines/{i}/{field}"), DELIVERY_LINE.code, message));
        let Some((of, product)) = order.lines.iter().find(|l| l.id == *id).and_then(|l| Some((l, l.product_id.filter(|_| l.is_stocked)?)))
        else {
            wrong("order_line_id", "The order has no goods on such a line.");
            continue;
        };
        if out.iter().any(|l| l.order_line_id == *id) {
            wrong("order_line_id", "The line stands twice.");
        }
        if !quantity.is_positive() {
            wrong("quantity", "The quantity must be more than zero.");
        }
        let Ok(stock_quantity) = of.in_stock_unit(*quantity) else {
            wrong("quantity", "The quantity does not convert exactly into the product's unit.");
            continue;
        };
        out.push(DeliveryLine {
            id: cx.new_id(),
            delivery_id: delivery,
            position: i as i32 + 1,
            order_line_id: *id,
            product_id: product,
            description: of.description.clone(),
            quantity: *quantity,
            unit_id: of.unit_id,
            stock_quantity,
            unit_cost: None,
            cost_amount: Amount::ZERO,
            quantity_returned: Quantity::ZERO,
            cost_returned: Amount::ZERO,
            serial_numbers,
        });
    }
    if !errors.is_empty() {
        return Err(DELIVERY_LINE.at(errors));
    }
    check_whole(cx, out.iter().enumerate().map(|(i, l)| (format!("/lines/{i}/quantity"), l.product_id, l.stock_quantity)))?;
    Ok(out)
}

/// A draft leaves.
pub fn ship(cx: &mut Cx, id: DeliveryId, how: ShipDelivery) -> Result<Delivery> {
    let delivery = cx.load_for_update::<Delivery>(id)?;
    delivery.must_be_draft()?;
    let order = cx.load_for_update::<SalesOrder>(delivery.order_id)?;
    ship_draft(cx, delivery, order, how.delivery_date, |cx, delivery, after| {
        deliveries::store_costs(cx.db(), &after.lines)?;
        let numbering = (after.company_id, SERIES, after.delivery_date);
        cx.save_numbered(delivery, after, "shipped", numbering, |_, after, number| {
            after.number = Some(number);
            Ok(())
        })
    })
}

/// Ships a draft of a locked order: stock, value, books, then the two documents. A date that is not given is the planned one, or
/// today when that is still to come. `store` keeps what became of the draft.
fn ship_draft(
    cx: &mut Cx,
    delivery: Delivery,
    order: SalesOrder,
    given: Option<NaiveDate>,
    store: impl FnOnce(&mut Cx, &Delivery, Delivery) -> Result<Delivery>,
) -> Result<Delivery> {
    order.must_be_active()?;
    let company = cx.find::<Company>(delivery.company_id)?;
    cx.find::<Party>(delivery.customer_id)?.check_shippable("")?;
    let mut shipped = order.clone();
    ship_lines(&mut shipped, &delivery.lines)?;
    let date = given.unwrap_or_else(|| delivery.delivery_date.min(cx.today(&company)));
    not_in_future(cx, &company, date, "/delivery_date")?;
    let products = products(cx, delivery.lines.iter().map(|l| l.product_id))?;
    serials::ship(cx, &delivery, &products)?;
    take_off_shelves(cx, &company, &delivery, &mut shipped, date)?;
    let (costs, ledger) = value(cx, &company, &delivery, &products, date)?;
    let document = delivery.id.to_string();
    let source = Source { document: &document, line: None, date };
    let description = format!("Cost of goods shipped for {}", order.number.as_deref().unwrap_or("an order"));
    let entry = ledger.store(cx, source, description, Some(delivery.customer_id))?;
    if let Some(entry) = entry {
        cx.link(delivery.id, entry, "posts")?;
    }
    let lines = orders::progress(&shipped.lines);
    let verb = if shipped.lines.iter().any(|l| l.open_to_ship().is_positive()) { "partially_shipped" } else { "shipped" };
    confirmation::save_and_finish(cx, &order, (shipped.settle(cx.now), verb), lines, Some(delivery.id))?;
    let mut after = delivery.clone().ship(&costs, entry, cx.now)?;
    after.delivery_date = date;
    store(cx, &delivery, after)
}

/// Takes the goods off the shelves: first what is promised to the line, then what is free.
fn take_off_shelves(cx: &mut Cx, company: &Company, delivery: &Delivery, order: &mut SalesOrder, date: NaiveDate) -> Result<()> {
    let warehouse = cx.find::<Warehouse>(delivery.warehouse_id)?;
    let ids: Vec<ProductId> = delivery.lines.iter().map(|l| l.product_id).collect();
    let open = Shelves::below_zero(company, &warehouse, &ids);
    let mut shelves = Shelves::lock(cx, company, &ids, &open)?;
    let customer = virtual_location(cx, company.id, LocationKind::Customer)?;
    let mut promises = Promises::of(cx, order.id)?;
    let document = delivery.id.to_string();
    let mut errors = Vec::new();
    // What is promised goes first for all lines, so that no line takes free pieces before its neighbour had its own.
    let mut taken = Vec::with_capacity(delivery.lines.len());
    for line in &delivery.lines {
        taken.push(promises.take(&mut shelves, line.order_line_id, warehouse.id, line.stock_quantity)?);
    }
    for (i, (line, mut takes)) in delivery.lines.iter().zip(taken).enumerate() {
        if let Some(of) = order.lines.iter_mut().find(|l| l.id == line.order_line_id) {
            let left = promises.trim(&mut shelves, of.id, of.in_stock_unit(of.open_to_ship())?)?;
            of.quantity_reserved = of.from_stock_unit(left);
        }
        let missing = line.stock_quantity - takes.iter().map(|t| t.quantity).sum();
        if missing.is_positive() {
            let (more, short) = shelves.take_free(&warehouse, line.product_id, missing)?;
            takes.extend(more);
            if short.is_positive() {
                let message = format!("{short} of {} are missing in {}.", line.stock_quantity, warehouse.code);
                errors.push(FieldError::body(format!("/lines/{i}/quantity"), DELIVERY_NOT_ENOUGH_STOCK.code, message));
            }
        }
        let line_id = line.id.to_string();
        let source = Source { document: &document, line: Some(&line_id), date };
        for t in takes {
            shelves.note(cx, company, source, line.product_id, (t.location, customer), t.quantity);
        }
    }
    if !errors.is_empty() {
        return Err(DELIVERY_NOT_ENOUGH_STOCK.at(errors));
    }
    if let Some(product) = shelves.short_in_the_past(cx, company, date)?.first() {
        return Err(DELIVERY_NOT_ENOUGH_STOCK.with(format!("The stock of {product} would have been below zero on a day since {date}.")));
    }
    shelves.store_with(cx, promises)
}

/// What the lines cost at the moving average.
fn value(
    cx: &mut Cx,
    company: &Company,
    delivery: &Delivery,
    products: &HashMap<ProductId, Product>,
    date: NaiveDate,
) -> Result<(Vec<Amount>, Ledger)> {
    let ids: Vec<ProductId> = products.keys().copied().collect();
    let mut ledger = Ledger::lock(cx, company, &ids, date)?;
    let document = delivery.id.to_string();
    let mut costs = Vec::with_capacity(delivery.lines.len());
    for line in &delivery.lines {
        let Some(product) = products.get(&line.product_id) else { return Err(problems::in_use.into()) };
        let line_id = line.id.to_string();
        let source = Source { document: &document, line: Some(&line_id), date };
        let other = (Role::CostOfSales, Some(item_class(product.posting_class)));
        let value = ledger.apply(cx, source, product, other, Change::Out(ValueKind::Issue), line.stock_quantity)?;
        costs.push(-value);
    }
    Ok((costs, ledger))
}
