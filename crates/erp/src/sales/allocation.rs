//! Orders that wait for goods: what comes in or becomes free is held back for them, the one that was confirmed first at first;
//! and an order whose goods were lost waits again.

use domain::directory::companies::Company;
use domain::ids::{ProductId, SalesOrderId, SalesOrderLineId};
use domain::inventory::warehouses::Warehouse;
use domain::sales::orders::*;
use persistence::sales::orders;
use platform::prelude::*;
use serde::de::DeserializeOwned;

use crate::inventory::shelves::{Promises, Shelves};

/// Goods came in or became free: the orders that wait for them get them.
pub fn serve_waiting(cx: &mut Cx, event: &Event) -> Result<()> {
    let Some(company) = event.company else { return Ok(()) };
    let lines = event.data["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = lines.iter().chain([&event.data]).filter_map(|v| v["product_id"].as_str()?.parse::<ProductId>().ok());
    let mut products: Vec<ProductId> = named.collect();
    products.sort_unstable();
    products.dedup();
    serve(cx, company, &products)
}

fn serve(cx: &mut Cx, company: domain::ids::CompanyId, products: &[ProductId]) -> Result<()> {
    let ids: Vec<_> = products.iter().map(|p| p.uuid()).collect();
    let waiting = orders::waiting(cx.db(), company, &ids)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let company = cx.find::<Company>(company)?;
    let mut shelves = Shelves::lock(cx, &company, products, &[])?;
    let mut served = Vec::new();
    for id in waiting {
        let order = cx.find::<SalesOrder>(SalesOrderId::from_uuid(id))?;
        let Some(warehouse) = order.warehouse_id else { continue };
        if products.iter().all(|p| !shelves.free(warehouse, *p).is_positive()) {
            continue;
        }
        let before = cx.load_for_update::<SalesOrder>(order.id)?;
        let warehouse = cx.find::<Warehouse>(warehouse)?;
        let promises = Promises::of(cx, before.id)?;
        let mut demands = Vec::new();
        for l in &before.lines {
            let Some(product) = l.product_id.filter(|p| l.is_stocked && products.contains(p)) else { continue };
            let missing = l.in_stock_unit(l.open_to_ship())? - promises.held(l.id);
            if missing.is_positive() {
                demands.push((l.id, product, missing));
            }
        }
        let short = shelves.reserve(cx, &warehouse, before.id, &demands)?;
        let mut after = before.clone();
        for ((line, _, wanted), short) in demands.iter().zip(&short) {
            for l in after.lines.iter_mut().filter(|l| l.id == *line) {
                l.quantity_reserved = l.from_stock_unit(promises.held(l.id) + *wanted - *short);
            }
        }
        if demands.iter().zip(&short).any(|(d, short)| *short < d.2) {
            served.push((before, after));
        }
    }
    shelves.store(cx)?;
    for (before, after) in served {
        orders::store_progress(cx.db(), &after.lines)?;
        cx.save(&before, after, "allocated")?;
    }
    Ok(())
}

fn said<T: DeserializeOwned>(event: &Event, field: &str) -> Option<T> {
    serde_json::from_value(event.data[field].clone()).ok()
}

/// A loss took goods that were promised to an order: its line waits for them again, and gets others if any are free.
pub fn follow_loss(cx: &mut Cx, event: &Event) -> Result<()> {
    let (Some(order), Some(line)) = (said::<SalesOrderId>(event, "order_id"), said::<SalesOrderLineId>(event, "order_line_id")) else {
        return Ok(());
    };
    let before = cx.load_for_update::<SalesOrder>(order)?;
    let promises = Promises::of(cx, order)?;
    let mut after = before.clone();
    for l in after.lines.iter_mut().filter(|l| l.id == line) {
        l.quantity_reserved = l.from_stock_unit(promises.held(l.id));
    }
    orders::store_progress(cx.db(), &after.lines)?;
    cx.save(&before, after, "deallocated")?;
    match said::<ProductId>(event, "product_id") {
        Some(product) => serve(cx, before.company_id, &[product]),
        None => Ok(()),
    }
}
