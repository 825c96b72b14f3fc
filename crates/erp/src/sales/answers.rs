//! What sales answers to others: the orders of a party, where a figure comes from, and whether its own books agree.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::directory::companies::Company;
use domain::directory::overview::{OrderAsOf, OrderSummary, OrdersAsOf, OrdersOverview, TOP};
use domain::identity::visibility::FieldClass;
use domain::ids::{CustomerReturnId, DeliveryId, DeliveryLineId, PartyId, SalesOrderId, SalesOrderLineId};
use domain::kernel::StringEnum;
use domain::sales::deliveries::Delivery;
use domain::sales::delivery_overview::{DeliveriesOverview, DeliverySummary};
use domain::sales::orders::*;
use domain::sales::returns::CustomerReturn;
use persistence::inventory::checks::worth_of_documents;
use persistence::sales::{deliveries, orders, returns};
use platform::prelude::*;
use platform::questions::{Check, Explanation};

/// The orders of a party, newest first.
pub fn overview(cx: &mut Cx, party: PartyId) -> Result<OrdersOverview> {
    let seen = cx.visible_in_companies::<SalesOrder>()?;
    let (open_order_count, ids) = orders::latest(cx.db(), party, &seen, TOP)?;
    let ids: Vec<SalesOrderId> = ids.into_iter().map(SalesOrderId::from_uuid).collect();
    let mut found = cx.find_all::<SalesOrder>(&ids)?;
    found.sort_by_key(|o| std::cmp::Reverse(o.id));
    let summary = |o: SalesOrder| OrderSummary {
        id: o.id.to_string(),
        company_id: o.company_id,
        number: o.number,
        order_date: o.order_date,
        status: o.status.as_str().into(),
        fulfilment_status: o.fulfilment_status.as_str().into(),
        billing_status: o.billing_status.as_str().into(),
        total: o.total,
        currency: o.currency,
    };
    Ok(OrdersOverview { open_order_count, latest_orders: found.into_iter().map(summary).collect() })
}

/// The orders of a party that were confirmed by the end of a day, by the moments that are written on them.
pub fn overview_as_of(cx: &mut Cx, (party, day): (PartyId, NaiveDate)) -> Result<OrdersAsOf> {
    let (mut out, mut found) = (OrdersAsOf::default(), Vec::new());
    let companies = orders::all_companies_of(cx.db(), party)?;
    let seen = cx.visible_rows_as::<SalesOrder>("sales_orders")?;
    for company in cx.find_all::<Company>(&companies)? {
        let end = cx.end_of(&company, day);
        let (open, ids) = orders::confirmed_by(cx.db(), &seen, party, company.id, end, TOP)?;
        out.open_order_count += open;
        found.extend(ids.into_iter().map(|id| (SalesOrderId::from_uuid(id), end)));
    }
    found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    found.truncate(TOP as usize);
    let rows = cx.find_all::<SalesOrder>(&found.iter().map(|f| f.0).collect::<Vec<_>>())?;
    for (id, end) in found {
        let Some(o) = rows.iter().find(|o| o.id == id) else { continue };
        let by_then = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at < end);
        let status = match (by_then(o.cancelled_at), by_then(o.closed_at)) {
            (true, _) => SalesOrderStatus::Cancelled,
            (false, true) => SalesOrderStatus::Closed,
            (false, false) => SalesOrderStatus::Confirmed,
        };
        out.latest_orders.push(OrderAsOf {
            id: o.id.to_string(),
            company_id: o.company_id,
            number: o.number.clone(),
            order_date: o.order_date,
            status: status.as_str().into(),
            total: o.total,
            currency: o.currency.clone(),
        });
    }
    Ok(out)
}

/// The deliveries to a party, newest first.
pub fn deliveries_overview(cx: &mut Cx, party: PartyId) -> Result<DeliveriesOverview> {
    let allowed = match &cx.caller.companies {
        platform::Companies::All => None,
        platform::Companies::These(ids) => Some(ids.iter().map(|c| c.uuid()).collect::<Vec<_>>()),
    };
    let found = deliveries::latest(cx.db(), party, allowed.as_deref(), TOP)?;
    Ok(DeliveriesOverview { latest_deliveries: found.into_iter().map(DeliverySummary::from).collect() })
}

/// Where the total of an order comes from: price, discount, tax, rounding.
pub fn explain_order(cx: &mut Cx, id: &str) -> Result<Explanation> {
    cx.require("sales.orders.read")?;
    let id: SalesOrderId = id.parse().map_err(|_| problems::not_found.with(format!("There is no sales order {id}.")))?;
    let order = cx.find::<SalesOrder>(id)?;
    let company = cx.find::<Company>(order.company_id)?;
    let mut lines: Vec<Explanation> = order.lines.iter().map(|l| explain_line(l, &order)).collect();
    if !order.freight_amount.is_zero() {
        let freight = Explanation::given("freight", order.freight_amount);
        lines.push(Explanation::of("freight with tax", order.freight_gross, "freight and the tax of its class", vec![freight]));
    }
    let rounding = format!("sum of all lines and freight; tax is rounded {}", company.rounding.as_str().replace('_', " "));
    let net = Explanation::of("net", order.net_total, "sum of the nets of all lines and freight", vec![]);
    let tax = Explanation::of("tax", order.tax_total, rounding.clone(), vec![]);
    let mut inputs = vec![net, tax];
    inputs.extend(lines);
    Ok(Explanation::of("total", order.total, "net plus tax", inputs).at(order.id))
}

fn explain_line(l: &SalesOrderLine, order: &SalesOrder) -> Explanation {
    let amount = Explanation::of(
        "line amount",
        l.line_amount,
        "quantity × price × (100 − discount) ÷ 100, rounded half away from zero to the minor unit",
        vec![
            Explanation::given("quantity", l.quantity),
            Explanation::given("price", l.unit_price),
            Explanation::given("discount %", l.discount_percent),
        ],
    );
    let rule = match order.prices_include_tax {
        true => "the price has the tax inside: what remains of it is the net",
        false => "computed on the net",
    };
    let codes: Vec<Explanation> = l.tax_code_ids.iter().map(|c| Explanation::given("tax code", c).at(c)).collect();
    let tax = Explanation::of("tax", l.tax_amount, rule, codes);
    let net = Explanation::of("net", l.net_amount, rule, vec![amount]);
    Explanation::of(format!("line {}: {}", l.position, l.description), l.gross_amount, "net plus tax", vec![net, tax]).at(l.id)
}

/// Where the cost of a delivery comes from: the moving average at the moment of the issue.
pub fn explain_delivery(cx: &mut Cx, id: &str) -> Result<Explanation> {
    cx.require("sales.deliveries.read")?;
    let id: DeliveryId = id.parse().map_err(|_| problems::not_found.with(format!("There is no delivery {id}.")))?;
    let delivery = cx.find::<Delivery>(id)?;
    let lines = delivery.lines.iter().map(|l| {
        let quantity = Explanation::given("quantity in the product's unit", l.stock_quantity);
        let cost = Explanation::of(
            "unit cost",
            l.unit_cost.map_or("not shipped yet".into(), |c| c.to_string()),
            "cost divided by quantity, six places",
            vec![],
        );
        Explanation::of(
            format!("line {}: {}", l.position, l.description),
            l.cost_amount,
            "value of stock × quantity ÷ on hand on that day, rounded half away from zero to the minor unit; the last issue takes what \
             remains, and what is issued below zero goes at the last known cost until a receipt covers it",
            vec![quantity, cost],
        )
        .at(l.id)
    });
    let lines: Vec<Explanation> = lines.collect();
    let total = Explanation::of("cost of the delivery", delivery.cost_total, "sum of the lines", lines);
    Ok(total.of_class(FieldClass::Cost).at(delivery.id))
}

/// Where the cost of goods that came back comes from: what they cost when they left.
pub fn explain_return(cx: &mut Cx, id: &str) -> Result<Explanation> {
    cx.require("sales.returns.read")?;
    let id: CustomerReturnId = id.parse().map_err(|_| problems::not_found.with(format!("There is no return {id}.")))?;
    let back = cx.find::<CustomerReturn>(id)?;
    let delivery = cx.find::<Delivery>(back.delivery_id)?;
    let lines = back.lines.iter().map(|l| {
        let left = delivery.lines.iter().find(|d| d.id == l.delivery_line_id);
        let inputs = [
            Some(Explanation::given("quantity that came in", l.quantity_received)),
            left.map(|d| Explanation::given("cost of the delivered line", d.cost_amount).at(d.id)),
            left.map(|d| Explanation::given("quantity of the delivered line", d.quantity)),
        ];
        Explanation::of(
            format!("line {}", l.position),
            l.cost_amount,
            "what the delivered line still costs × quantity ÷ what is still out of it, rounded half away from zero to the minor unit; \
             what left below zero comes back first and at the cost guessed then, and the last piece takes what remains",
            inputs.into_iter().flatten().collect(),
        )
        .at(l.id)
    });
    let lines: Vec<Explanation> = lines.collect();
    Ok(Explanation::of("cost of the return", back.cost_total, "sum of the lines", lines).of_class(FieldClass::Cost).at(back.id))
}

/// Do the documents agree with their lines, with each other and with the value ledger?
pub fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let only = &cx.only();
    let line = |id| SalesOrderLineId::from_uuid(id);
    let unlike = orders::shipped_unlike_deliveries(cx.db(), only)?.into_iter();
    let mut moved: Vec<String> = unlike.map(|(l, have, sum)| format!("{}: {have} shipped, the deliveries sum to {sum}", line(l))).collect();
    let unlike = orders::returned_unlike_returns(cx.db(), only)?.into_iter();
    moved.extend(unlike.map(|(l, have, sum)| format!("{}: {have} returned, the returns sum to {sum}", line(l))));
    let unlike = orders::totals_unlike_lines(cx.db(), only)?.into_iter();
    let totals = unlike.map(|(o, have, sum)| format!("{}: a total of {have}, the lines sum to {sum}", SalesOrderId::from_uuid(o)));
    let totals: Vec<String> = totals.collect();
    let mut billed: HashMap<String, Quantity> = orders::billed(cx.db(), only)?.into_iter().collect();
    let mut unbilled = Vec::new();
    for (id, have) in orders::invoiced(cx.db(), only)? {
        let id = line(id).to_string();
        let sum = billed.remove(&id).unwrap_or_default();
        if have != sum {
            unbilled.push(format!("{id}: {have} invoiced, the invoices and credit notes sum to {sum}"));
        }
    }
    unbilled.extend(billed.into_iter().map(|(id, sum)| format!("{id}: nothing invoiced, the invoices and credit notes sum to {sum}")));
    let lines = orders::count_lines(cx.db(), only)?;
    let (costs, goods) = cost_checks(cx, only)?;
    Ok(vec![
        Check::of(
            "order_deliveries",
            "What an order line counts as shipped and returned is the sum of its shipped deliveries and received returns.",
            lines,
            moved,
        ),
        Check::of("order_totals", "The total of an order is the sum of its lines and its freight.", lines, totals),
        Check::of(
            "order_billing",
            "What an order line counts as invoiced is the sum of its posted invoices less its posted credit notes.",
            lines,
            unbilled,
        ),
        Check::of("delivery_costs", "The cost of a delivery or a return is the sum of its lines and of its value entries.", goods, costs),
    ])
}

/// What breaks the rule of costs, and how many documents there are.
fn cost_checks(cx: &mut Cx, only: &persistence::Only) -> Result<(Vec<String>, i64)> {
    let of_lines = |id: String, (have, sum): (Amount, Amount)| format!("{id}: a cost of {have}, the lines sum to {sum}");
    let mut wrong = Vec::new();
    for (id, have, sum) in deliveries::costs_unlike_lines(cx.db(), only)? {
        wrong.push(of_lines(DeliveryId::from_uuid(id).to_string(), (have, sum)));
    }
    for (id, have, sum) in returns::costs_unlike_lines(cx.db(), only)? {
        wrong.push(of_lines(CustomerReturnId::from_uuid(id).to_string(), (have, sum)));
    }
    for (id, have, sum) in deliveries::returned_unlike_returns(cx.db(), only)? {
        wrong.push(format!("{}: {have} came back, the returns sum to {sum}", DeliveryLineId::from_uuid(id)));
    }
    let left = deliveries::costs(cx.db(), only)?.into_iter().map(|(id, cost)| (DeliveryId::from_uuid(id).to_string(), -cost));
    let mut documents: Vec<(String, Amount)> = left.collect();
    documents.extend(returns::costs(cx.db(), only)?.into_iter().map(|(id, cost)| (CustomerReturnId::from_uuid(id).to_string(), cost)));
    let mut worth: HashMap<String, Amount> = worth_of_documents(cx.db(), only, "dlv_%")?.into_iter().collect();
    worth.extend(worth_of_documents(cx.db(), only, "ret_%")?);
    for (id, cost) in &documents {
        let ledger = worth.get(id).copied().unwrap_or_default();
        if ledger != *cost {
            wrong.push(format!("{id}: {cost} by its cost, its value entries sum to {ledger}"));
        }
    }
    Ok((wrong, documents.len() as i64))
}
