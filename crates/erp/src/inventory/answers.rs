//! What inventory answers to other services, and whether its own books agree.

use domain::ids::{CompanyId, ProductId, StockAdjustmentId};
use domain::inventory::adjustments::StockAdjustment;
use persistence::inventory::{checks, stock};
use platform::prelude::*;
use platform::questions::{Availability, Check, Explanation};
use uuid::Uuid;

/// How much of these products is there, over all warehouses of a company.
pub fn availability(cx: &mut Cx, company: CompanyId, products: &[ProductId]) -> Result<Vec<Availability>> {
    let ids: Vec<Uuid> = products.iter().map(|p| p.uuid()).collect();
    let found = stock::availability(cx.db(), &ids, Some(&[company.uuid()]), None)?;
    let line = |l: domain::inventory::stock::StockAvailabilityLine| Availability {
        product_id: l.product_id,
        on_hand: l.on_hand,
        reserved: l.reserved,
        available: l.available,
    };
    Ok(found.lines.into_iter().map(line).collect())
}

/// Where the value of an adjustment comes from: what each line added to the value of stock.
pub fn explain_adjustment(cx: &mut Cx, id: &str) -> Result<Explanation> {
    cx.require("inventory.adjustments.read")?;
    let id: StockAdjustmentId = id.parse().map_err(|_| problems::not_found.with(format!("There is no stock adjustment {id}.")))?;
    let made = cx.find::<StockAdjustment>(id)?;
    let lines = made.lines.iter().map(|l| {
        let mut inputs = Vec::new();
        inputs.extend(l.counted_quantity.map(|q| Explanation::given("counted", q)));
        inputs.extend(l.quantity_delta.map(|q| Explanation::given("change of the quantity", q)));
        inputs.extend(l.unit_cost.map(|c| Explanation::given("unit cost", c)));
        Explanation::of(
            format!("line {}", l.position),
            l.value.map_or("not posted yet".into(), |v| v.to_string()),
            "a gain at the cost given, or else at the running cost; a loss at value of stock × quantity ÷ on hand; rounded half away \
             from zero to the minor unit",
            inputs,
        )
        .at(l.id)
    });
    let lines: Vec<Explanation> = lines.collect();
    Ok(Explanation::of("change of the value of stock", made.total_value, "sum of the lines", lines).at(made.id))
}

/// Do stock, promises and values agree with their ledgers and with the general ledger?
pub fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let count = |rows: i64| rows;
    let levels = count(checks::rows(cx.db(), "stock_levels")?);
    let costs = count(checks::rows(cx.db(), "product_costs")?);
    let product = |p: Uuid| ProductId::from_uuid(p);
    let company = |c: Uuid| CompanyId::from_uuid(c);

    let mut unlike: Vec<String> = checks::stock_unlike_moves(cx.db())?
        .into_iter()
        .map(|(id, have, sum)| format!("{id}: {have} on hand, the moves sum to {sum}"))
        .collect();
    unlike.extend(checks::moves_without_stock(cx.db())?.into_iter().map(|(p, _)| format!("{}: moved and not in stock", product(p))));
    let promised = checks::reserved_unlike_reservations(cx.db())?.into_iter();
    let promised = promised.map(|(id, have, sum)| format!("{id}: {have} reserved, the reservations sum to {sum}")).collect();
    let values = checks::costs_unlike_entries(cx.db())?.into_iter();
    let values = values.map(|(c, p, have, sum)| format!("{} {}: worth {have}, the entries sum to {sum}", company(c), product(p))).collect();
    let owned = checks::costs_unlike_stock(cx.db())?.into_iter();
    let owned = owned.map(|(c, p, have, there)| format!("{} {}: {have} owned, {there} on hand", company(c), product(p))).collect();

    let worth = checks::value_by_company(cx.db())?;
    let mut apart = Vec::new();
    for (c, value) in &worth {
        let books = checks::inventory_accounts(cx.db(), *c)?;
        if books != *value {
            apart.push(format!("{}: stock is worth {value}, the accounts say {books}", company(*c)));
        }
    }
    Ok(vec![
        Check::of("stock_moves", "Stock on hand is the sum of the moves.", levels, unlike),
        Check::of("stock_reservations", "Reserved stock is the sum of the hard reservations.", levels, promised),
        Check::of("stock_costs", "The running cost of a product is the sum of its value entries.", costs, values),
        Check::of("stock_owned", "The quantity valued is the quantity on hand.", costs, owned),
        Check::of("stock_value", "The value of stock is the balance of the inventory accounts.", worth.len() as i64, apart),
    ])
}
