//! What is on hand, what can be promised, and what was on hand on a day.

use domain::directory::companies::{Company, NegativeStock};
use domain::directory::products::Product;
use domain::ids::ProductId;
use domain::inventory::locations::Location;
use domain::inventory::stock::{StockAsOf, StockAsOfFilter, StockAvailability, StockAvailabilityFilter, StockLevel};
use domain::inventory::warehouses::Warehouse;
use persistence::inventory::stock;
use platform::Companies;
use platform::prelude::*;
use uuid::Uuid;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<StockLevel>("inventory/stock", "What is on hand of a product at a location, and how much of it is promised.");
    n.list("List stock. One row for each product and location that ever had goods.")
        .filter(&["company_id", "product_id", "warehouse_id", "location_id", "on_hand"])
        .sort(&["on_hand"])
        .expand::<Product>("product", "product_id")
        .expand::<Warehouse>("warehouse", "warehouse_id")
        .expand::<Location>("location", "location_id");
    n.read("Get the stock of a product at a location.");
    t.report(
        "inventory/stock-as-of",
        as_of,
        "Get the stock as of a date. It is worked out from the moves up to and including that business date.",
    )
    .permission("inventory.stock.read");
    t.report(
        "inventory/availability",
        availability,
        "Get what can be promised. For up to 200 products at once, over all warehouses or one.",
    )
    .permission("inventory.stock.read");
}

fn as_of(cx: &mut Cx, filter: StockAsOfFilter) -> Result<StockAsOf> {
    let company = cx.find::<Company>(filter.company_id)?;
    let lines = stock::as_of(cx.db(), &filter)?;
    Ok(StockAsOf { company_id: company.id, as_of_date: filter.as_of, lines })
}

fn availability(cx: &mut Cx, filter: StockAvailabilityFilter) -> Result<StockAvailability> {
    let wrong = |message: &str| problems::invalid_parameter.at(vec![FieldError::parameter("product_ids", "invalid", message)]);
    let mut products: Vec<Uuid> = Vec::new();
    for text in filter.product_ids.split(',') {
        let id: ProductId = text.trim().parse().map_err(|e: String| wrong(&e))?;
        if !products.contains(&id.uuid()) {
            products.push(id.uuid());
        }
    }
    if products.len() > 200 {
        return Err(wrong("At most 200 products at once."));
    }
    let companies: Option<Vec<Uuid>> = match (filter.company_id, &cx.caller.companies) {
        (Some(one), all) => Some(if all.contain(one) { vec![one.uuid()] } else { Vec::new() }),
        (None, Companies::All) => None,
        (None, Companies::These(ids)) => Some(ids.iter().map(|c| c.uuid()).collect()),
    };
    Ok(stock::availability(cx.db(), &products, companies.as_deref(), filter.warehouse_id)?)
}

/// A company that changes its policy takes its stock rows with it, unless some of them break the new one.
pub fn follow_policy(cx: &mut Cx, event: &Event) -> Result<()> {
    let policy = |v: &serde_json::Value| v["negative_stock"].as_str().map(String::from);
    let (now, before) = (policy(&event.data), event.previous.as_ref().and_then(policy));
    let Some(company) = event.company.filter(|_| now != before) else { return Ok(()) };
    let allowed = cx.find::<Company>(company)?.negative_stock == NegativeStock::Allow;
    if !allowed && stock::any_negative(cx.db(), company)? {
        return Err(problems::invalid_state.with("Some stock is below zero or below what is promised; cover it first."));
    }
    let now = cx.now;
    stock::allow_negative(cx.db(), company, allowed, now)?;
    Ok(())
}
