//! What inventory answers to other services, and whether its own books agree.

use std::collections::HashMap;

use domain::identity::visibility::FieldClass;
use domain::ids::{AccountId, CompanyId, ProductId, StockAdjustmentId, ValueEntryId};
use domain::inventory::adjustments::StockAdjustment;
use domain::inventory::stock::StockAvailabilityLine;
use persistence::inventory::{checks, stock};
use platform::prelude::*;
use platform::questions::{Check, Explanation};
use uuid::Uuid;

/// How much of these products is there, over all warehouses of a company.
pub fn availability(cx: &mut Cx, (company, products): (CompanyId, &[ProductId])) -> Result<Vec<StockAvailabilityLine>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = products.iter().map(|p| p.uuid()).collect();
    Ok(stock::availability(cx.db(), &ids, Some(&[company.uuid()]), None)?.lines)
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
    let total = Explanation::of("change of the value of stock", made.total_value, "sum of the lines", lines);
    Ok(total.of_class(FieldClass::Cost).at(made.id))
}

/// Do stock, promises and values agree with their ledgers and with the general ledger?
pub fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let only = &cx.only();
    let levels = checks::rows(cx.db(), "stock_levels", only)?;
    let costs = checks::rows(cx.db(), "product_costs", only)?;
    let product = |p: Uuid| ProductId::from_uuid(p);
    let company = |c: Uuid| CompanyId::from_uuid(c);

    let mut unlike: Vec<String> = checks::stock_unlike_moves(cx.db(), only)?
        .into_iter()
        .map(|(id, have, sum)| format!("{id}: {have} on hand, the moves sum to {sum}"))
        .collect();
    unlike.extend(checks::moves_without_stock(cx.db(), only)?.into_iter().map(|(p, _)| format!("{}: moved and not in stock", product(p))));
    let promised = checks::reserved_unlike_reservations(cx.db(), only)?.into_iter();
    let promised = promised.map(|(id, have, sum)| format!("{id}: {have} reserved, the reservations sum to {sum}")).collect();
    let values = checks::costs_unlike_entries(cx.db(), only)?.into_iter();
    let values = values.map(|(c, p, have, sum)| format!("{} {}: worth {have}, the entries sum to {sum}", company(c), product(p))).collect();
    let owned = checks::costs_unlike_stock(cx.db(), only)?.into_iter();
    let owned = owned.map(|(c, p, have, there)| format!("{} {}: {have} owned, {there} on hand", company(c), product(p))).collect();

    let account = |a: Uuid| AccountId::from_uuid(a);
    let apart = checks::value_unlike_accounts(cx.db(), only)?.into_iter();
    let apart =
        apart.map(|(c, a, day, v, b)| format!("{} {} on {day}: the entries sum to {v}, the account moved by {b}", company(c), account(a)));
    let mut apart: Vec<String> = apart.collect();
    let nowhere = checks::values_without_account(cx.db(), only)?.into_iter();
    apart.extend(nowhere.map(|(id,)| format!("{}: a value without an account", ValueEntryId::from_uuid(id))));
    let unmoved = checks::values_unlike_moves(cx.db(), only)?.into_iter();
    let unmoved = unmoved.map(|(c, p, day, v, m)| format!("{} {} on {day}: {v} valued, {m} moved", company(c), product(p))).collect();
    let empty = checks::value_without_goods(cx.db(), only)?.into_iter();
    let empty = empty.map(|(c, p, day, q, a)| format!("{} {} on {day}: {q} worth {a}", company(c), product(p))).collect();
    let entries = checks::rows(cx.db(), "value_entries", only)?;

    let adjustment = |id: Uuid| StockAdjustmentId::from_uuid(id);
    let totals = checks::adjustment_totals(cx.db(), only)?;
    let worth: HashMap<String, Amount> = checks::worth_of_documents(cx.db(), only, "adj_%")?.into_iter().collect();
    let unlike_lines = checks::adjustments_unlike_lines(cx.db(), only)?.into_iter();
    let mut wrong: Vec<String> =
        unlike_lines.map(|(id, total, sum)| format!("{}: a total of {total}, the lines sum to {sum}", adjustment(id))).collect();
    for (id, total) in &totals {
        let id = adjustment(*id).to_string();
        let ledger = worth.get(&id).copied().unwrap_or_default();
        if ledger != *total {
            wrong.push(format!("{id}: a total of {total}, its value entries sum to {ledger}"));
        }
    }
    Ok(vec![
        Check::of("stock_moves", "Stock on hand is the sum of the moves.", levels, unlike),
        Check::of("stock_reservations", "Reserved stock is the sum of the hard reservations.", levels, promised),
        Check::of("stock_costs", "The running cost of a product is the sum of its value entries.", costs, values),
        Check::of("stock_owned", "The quantity valued is the quantity on hand.", costs, owned),
        Check::of("stock_days", "On each day the quantity valued is the quantity moved.", entries, unmoved),
        Check::of("stock_value", "On each day the value ledger moves each inventory account by the sum of its entries.", entries, apart),
        Check::of("stock_worth", "At the end of no day does a product have value without goods.", entries, empty),
        Check::of(
            "stock_adjustments",
            "The total of a posted adjustment is the sum of its lines and of its value entries.",
            totals.len() as i64,
            wrong,
        ),
    ])
}
