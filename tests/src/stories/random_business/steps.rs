//! One random step of business: a document is made, or one that is there goes on.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Company, World};
use crate::fixtures::{Dice, id};
use crate::harness::Client;

type Step = fn(&World, &Client, &mut Dice);

/// Each step by its weight.
const STEPS: [(u64, Step); 25] = [
    (12, order),
    (14, deliver),
    (10, invoice_order),
    (8, invoice),
    (8, credit),
    (12, payment),
    (5, allocate),
    (4, unallocate),
    (2, reverse_payment),
    (3, write_off),
    (2, reverse_write_off),
    (5, return_goods),
    (8, adjust),
    (3, cancel_order),
    (2, close_order),
    (3, journal_entry),
    (2, reverse_entry),
    (2, lock),
    (1, determination),
    (1, merge),
    (2, unmerge),
    (2, product),
    (1, exchange_rate),
    (3, allocate_credit),
    (3, touch),
];

pub fn step(world: &World, c: &Client, dice: &mut Dice) {
    let mut at = dice.below(STEPS.iter().map(|(weight, _)| weight).sum());
    for (weight, run) in STEPS {
        if at < weight {
            return run(world, c, dice);
        }
        at -= weight;
    }
}

// ---- chance -----------------------------------------------------------------------------------

/// A day of the half year; every third is a recent one.
fn day(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => format!("2026-06-{:02}", 20 + dice.below(11)),
        _ => format!("2026-{:02}-{:02}", 1 + dice.below(6), 5 + dice.below(24)),
    }
}

fn one<'a, T>(dice: &mut Dice, of: &'a [T]) -> &'a T {
    &of[dice.below(of.len() as u64) as usize]
}

/// One of those that were made, mostly a young one.
fn known(dice: &mut Dice, pool: &Mutex<Vec<String>>) -> Option<String> {
    let pool = pool.lock().unwrap();
    let young = if dice.below(4) > 0 { pool.len().min(60) } else { pool.len() };
    (young > 0).then(|| pool[pool.len() - 1 - dice.below(young as u64) as usize].clone())
}

fn remember(pool: &Mutex<Vec<String>>, made: &Value) {
    pool.lock().unwrap().push(id(made).to_string());
}

fn cents(dice: &mut Dice, most: u64) -> String {
    format!("{}.{:02}", dice.below(most), 1 + dice.below(99))
}

fn company<'a>(world: &'a World, dice: &mut Dice) -> &'a Company {
    one(dice, &world.companies)
}

/// The company of a document.
fn company_of<'a>(world: &'a World, document: &Value) -> &'a Company {
    world.companies.iter().find(|c| document["company_id"] == c.id.as_str()).unwrap()
}

/// The document as it is now, and an action on it.
fn act(world: &World, c: &Client, step: &'static str, path: &str, verb: &str, body: Value) -> Option<Value> {
    let now = c.get(path).ok();
    world.note(step, &c.act(&format!("{path}/{verb}"), &now, body))
}

// ---- sales ------------------------------------------------------------------------------------

fn order(world: &World, c: &Client, dice: &mut Dice) {
    let company = company(world, dice);
    let lines: Vec<Value> = (0..1 + dice.below(3))
        .map(|_| json!({"product_id": one(dice, &world.goods), "quantity": (1 + dice.below(9)).to_string(), "discount_percent": one(dice, &["0", "0", "2.5", "33.33"])}))
        .collect();
    let body = json!({"company_id": company.id, "customer_id": one(dice, &world.customers), "order_date": day(dice),
        "currency": one(dice, &company.currencies), "lines": lines, "freight_amount": one(dice, &["0", "0", "4.99"])});
    let Some(made) = world.note("create order", &c.post("/v1/sales/orders", body)) else { return };
    remember(&world.orders, &made);
    act(world, c, "confirm order", &format!("/v1/sales/orders/{}", id(&made)), "confirm", json!({"allow_backorder": dice.below(2) == 0}));
}

fn deliver(world: &World, c: &Client, dice: &mut Dice) {
    let Some(order) = known(dice, &world.orders) else { return };
    let path = format!("/v1/sales/orders/{order}");
    if dice.below(2) == 0 {
        let shipped = act(world, c, "deliver order", &path, "deliver", json!({"ship": true, "delivery_date": day(dice)}));
        return shipped.iter().for_each(|d| remember(&world.deliveries, d));
    }
    // a part of one line
    let order = c.get(&path).ok();
    let line = one(dice, order["lines"].as_array().unwrap());
    let body = json!({"order_id": order["id"], "delivery_date": day(dice), "lines": [{"order_line_id": line["id"], "quantity": (1 + dice.below(3)).to_string()}]});
    let Some(made) = world.note("create delivery", &c.post("/v1/sales/deliveries", body)) else { return };
    let verb = if dice.below(8) == 0 { "cancel" } else { "ship" };
    let step = if verb == "ship" { "ship delivery" } else { "cancel delivery" };
    let done = act(world, c, step, &format!("/v1/sales/deliveries/{}", id(&made)), verb, json!({}));
    done.iter().for_each(|d| remember(&world.deliveries, d));
}

fn return_goods(world: &World, c: &Client, dice: &mut Dice) {
    let Some(delivery) = known(dice, &world.deliveries) else { return };
    let delivery = c.get(&format!("/v1/sales/deliveries/{delivery}")).ok();
    let line = one(dice, delivery["lines"].as_array().unwrap());
    let body =
        json!({"delivery_id": delivery["id"], "lines": [{"delivery_line_id": line["id"], "quantity": (1 + dice.below(2)).to_string()}]});
    let Some(made) = world.note("create return", &c.post("/v1/sales/returns", body)) else { return };
    remember(&world.returns, &made);
    let path = format!("/v1/sales/returns/{}", id(&made));
    act(world, c, "authorize return", &path, "authorize", json!({}));
    let received = json!({"return_date": day(dice), "credit": dice.below(2) == 0,
        "lines": [{"return_line_id": made["lines"][0]["id"], "quantity": made["lines"][0]["quantity"], "resaleable": dice.below(3) > 0}]});
    act(world, c, "receive return", &path, "receive", received);
}

fn cancel_order(world: &World, c: &Client, dice: &mut Dice) {
    let Some(order) = known(dice, &world.orders) else { return };
    let path = format!("/v1/sales/orders/{order}");
    if dice.below(2) == 0 {
        act(world, c, "cancel order", &path, "cancel", json!({"reason": "Changed their mind"}));
        return;
    }
    let order = c.get(&path).ok();
    let line = one(dice, order["lines"].as_array().unwrap());
    act(world, c, "cancel a part of an order", &path, "cancel", json!({"lines": [{"order_line_id": line["id"], "quantity": "1"}]}));
}

/// Finishes an order: the rest is delivered and invoiced.
fn close_order(world: &World, c: &Client, dice: &mut Dice) {
    let Some(order) = known(dice, &world.orders) else { return };
    let path = format!("/v1/sales/orders/{order}");
    let shipped = act(world, c, "deliver order", &path, "deliver", json!({"ship": true}));
    shipped.iter().for_each(|d| remember(&world.deliveries, d));
    let made = act(world, c, "invoice order", &path, "invoice", json!({}));
    made.iter().for_each(|i| post_invoice(world, c, dice, i));
    act(world, c, "close order", &path, "close", json!({}));
}

// ---- receivables ------------------------------------------------------------------------------

/// Posts a draft invoice, mostly.
fn post_invoice(world: &World, c: &Client, dice: &mut Dice, made: &Value) {
    remember(&world.invoices, made);
    if dice.below(10) > 0 {
        act(world, c, "post invoice", &format!("/v1/receivables/invoices/{}", id(made)), "post", json!({}));
    }
}

fn invoice_order(world: &World, c: &Client, dice: &mut Dice) {
    let Some(order) = known(dice, &world.orders) else { return };
    let made = act(world, c, "invoice order", &format!("/v1/sales/orders/{order}"), "invoice", json!({"invoice_date": day(dice)}));
    made.iter().for_each(|i| post_invoice(world, c, dice, i));
}

fn invoice(world: &World, c: &Client, dice: &mut Dice) {
    let company = company(world, dice);
    let lines: Vec<Value> = (0..1 + dice.below(3))
        .map(|_| {
            let taxes = if dice.below(4) == 0 { json!([]) } else { json!([one(dice, &company.taxes)]) };
            json!({"description": "Work", "quantity": one(dice, &["1", "3", "0.333", "7"]), "unit_price": cents(dice, 400),
                "tax_code_ids": taxes, "discount_percent": one(dice, &["0", "0", "12.5"])})
        })
        .collect();
    let body = json!({"company_id": company.id, "customer_id": one(dice, &world.customers), "invoice_date": day(dice),
        "currency": one(dice, &company.currencies), "payment_term_id": one(dice, &company.terms), "lines": lines});
    let made = world.note("create invoice", &c.post("/v1/receivables/invoices", body));
    made.iter().for_each(|i| post_invoice(world, c, dice, i));
}

fn credit(world: &World, c: &Client, dice: &mut Dice) {
    let Some(invoice) = known(dice, &world.invoices) else { return };
    let path = format!("/v1/receivables/invoices/{invoice}");
    let invoice = c.get(&path).ok();
    let line = one(dice, invoice["lines"].as_array().unwrap());
    let lines = match dice.below(4) {
        0 => json!([]),
        1 => json!([{"invoice_line_id": line["id"]}]),
        2 => json!([{"invoice_line_id": line["id"], "quantity": "1"}]),
        _ => json!([{"invoice_line_id": line["id"], "net": cents(dice, 20)}]),
    };
    let body = json!({"reason": "Complaint", "credit_date": day(dice), "lines": lines, "apply_to_invoice": dice.below(3) > 0});
    let Some(made) = world.note("credit invoice", &c.act(&format!("{path}/credit"), &invoice, body)) else { return };
    remember(&world.credit_notes, &made);
    act(world, c, "post credit note", &format!("/v1/receivables/credit-notes/{}", id(&made)), "post", json!({}));
}

fn write_off(world: &World, c: &Client, dice: &mut Dice) {
    let Some(invoice) = known(dice, &world.invoices) else { return };
    let body = json!({"reason": "Bankrupt", "posting_date": day(dice), "tax_relief": dice.below(2) == 0});
    act(world, c, "write off", &format!("/v1/receivables/invoices/{invoice}"), "write-off", body);
}

fn reverse_write_off(world: &World, c: &Client, dice: &mut Dice) {
    let Some(lost) =
        c.get("/v1/receivables/invoices?status=written_off&limit=20").ok()["data"].as_array().filter(|a| !a.is_empty()).cloned()
    else {
        return;
    };
    let path = format!("/v1/receivables/invoices/{}", id(one(dice, &lost)));
    let body = if dice.below(2) == 0 {
        json!({"posting_date": day(dice)})
    } else {
        json!({"posting_date": "2026-06-30", "amount": cents(dice, 30)})
    };
    act(world, c, "reverse write-off", &path, "reverse-write-off", body);
}

fn allocate_credit(world: &World, c: &Client, dice: &mut Dice) {
    let (Some(note), Some(invoice)) = (known(dice, &world.credit_notes), known(dice, &world.invoices)) else { return };
    let path = format!("/v1/receivables/credit-notes/{note}");
    let note = c.get(&path).ok();
    match note["allocations"].as_array().filter(|a| !a.is_empty() && dice.below(2) == 0) {
        Some(used) => drop(act(world, c, "unallocate credit note", &path, "unallocate", json!({"allocation_id": one(dice, used)["id"]}))),
        None => {
            let invoice = if dice.below(2) == 0 { note["invoice_id"].clone() } else { json!(invoice) };
            act(world, c, "allocate credit note", &path, "allocate", json!({"invoice_id": invoice}));
        }
    }
}

// ---- banking ----------------------------------------------------------------------------------

fn payment(world: &World, c: &Client, dice: &mut Dice) {
    let open = known(dice, &world.invoices).map(|i| c.get(&format!("/v1/receivables/invoices/{i}")).ok());
    let body = match open.filter(|i| i["status"] != "draft") {
        Some(invoice) => {
            let company = company_of(world, &invoice);
            let currency = if dice.below(5) == 0 { json!(one(dice, &company.currencies)) } else { invoice["currency"].clone() };
            let amount = match dice.below(4) {
                0 => json!(cents(dice, 60)),
                1 => invoice["total"].clone(),
                _ if invoice["outstanding"] != "0.00" => invoice["outstanding"].clone(),
                _ => json!(cents(dice, 60)),
            };
            let mut body = json!({"company_id": company.id, "party_id": invoice["customer_id"], "payment_date": day(dice), "amount": amount,
                "currency": currency, "fee": one(dice, &["0", "0", "1.20"])});
            if dice.below(3) > 0 {
                body["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
            }
            body
        }
        None => {
            let company = company(world, dice);
            json!({"company_id": company.id, "party_id": one(dice, &world.customers), "payment_date": day(dice), "amount": cents(dice, 100)})
        }
    };
    let Some(made) = world.note("create payment", &c.post("/v1/banking/payments", body)) else { return };
    remember(&world.payments, &made);
    act(world, c, "post payment", &format!("/v1/banking/payments/{}", id(&made)), "post", json!({}));
}

fn allocate(world: &World, c: &Client, dice: &mut Dice) {
    let Some(payment) = known(dice, &world.payments) else { return };
    let path = format!("/v1/banking/payments/{payment}");
    let payment = c.get(&path).ok();
    let open = c.get(&format!("/v1/receivables/open-items?party_id={}&kind=invoice&limit=20", payment["party_id"].as_str().unwrap())).ok();
    let Some(items) = open["data"].as_array().filter(|a| !a.is_empty()) else { return };
    let mut body = json!({"invoice_id": one(dice, items)["document_id"]});
    if dice.below(2) == 0 {
        body["amount"] = json!(cents(dice, 25));
    }
    if dice.below(3) == 0 {
        body["effective_date"] = json!(day(dice));
    }
    world.note("allocate payment", &c.act(&format!("{path}/allocate"), &payment, body));
}

fn unallocate(world: &World, c: &Client, dice: &mut Dice) {
    let Some(payment) = known(dice, &world.payments) else { return };
    let path = format!("/v1/banking/payments/{payment}");
    let payment = c.get(&path).ok();
    let Some(used) = payment["allocations"].as_array().filter(|a| !a.is_empty()) else { return };
    let mut body = json!({"allocation_id": one(dice, used)["id"]});
    if dice.below(2) == 0 {
        body["effective_date"] = json!(day(dice));
    }
    world.note("unallocate payment", &c.act(&format!("{path}/unallocate"), &payment, body));
}

fn reverse_payment(world: &World, c: &Client, dice: &mut Dice) {
    let Some(payment) = known(dice, &world.payments) else { return };
    let on = if dice.below(2) == 0 { day(dice) } else { "2026-06-30".to_string() };
    let body = json!({"reason": "No money", "reversal_date": on, "fee": one(dice, &["0", "3"])});
    act(world, c, "reverse payment", &format!("/v1/banking/payments/{payment}"), "reverse", body);
}

// ---- stock ------------------------------------------------------------------------------------

fn adjust(world: &World, c: &Client, dice: &mut Dice) {
    let company = company(world, dice);
    let goods = one(dice, &world.goods);
    let (reason, line) = match dice.below(4) {
        0 => ("count", json!({"product_id": goods, "counted_quantity": (20 + dice.below(400)).to_string()})),
        1 => ("scrap", json!({"product_id": goods, "quantity_delta": format!("-{}", 1 + dice.below(5))})),
        _ => ("found", json!({"product_id": goods, "quantity_delta": (1 + dice.below(40)).to_string(), "unit_cost": cents(dice, 9)})),
    };
    let body = json!({"reason": reason, "warehouse_id": company.warehouse, "adjustment_date": day(dice), "lines": [line]});
    let Some(made) = world.note("create adjustment", &c.post("/v1/inventory/adjustments", body)) else { return };
    act(world, c, "post adjustment", &format!("/v1/inventory/adjustments/{}", id(&made)), "post", json!({}));
}

// ---- books ------------------------------------------------------------------------------------

fn journal_entry(world: &World, c: &Client, dice: &mut Dice) {
    let company = company(world, dice);
    let amount = cents(dice, 500);
    let body = json!({"company_id": company.id, "posting_date": day(dice), "description": "By hand", "lines": [
        {"account_id": company.accounts["1010"], "debit": amount}, {"account_id": company.accounts["3010"], "credit": amount}]});
    let Some(made) = world.note("create journal entry", &c.post("/v1/accounting/journal-entries", body)) else { return };
    remember(&world.entries, &made);
    act(world, c, "post journal entry", &format!("/v1/accounting/journal-entries/{}", id(&made)), "post", json!({}));
}

fn reverse_entry(world: &World, c: &Client, dice: &mut Dice) {
    let Some(entry) = known(dice, &world.entries) else { return };
    act(world, c, "reverse journal entry", &format!("/v1/accounting/journal-entries/{entry}"), "reverse", json!({}));
}

/// Closes a month, which is soon opened again.
fn lock(world: &World, c: &Client, dice: &mut Dice) {
    let company = company(world, dice);
    let month = 1 + dice.below(5);
    let page = c.get(&format!("/v1/accounting/periods?company_id={}&start_date=2026-{month:02}-01", company.id)).ok();
    let path = format!("/v1/accounting/periods/{}", id(&page["data"][0]));
    let (step, verb) = *one(
        dice,
        &[("close period", "close"), ("soft-close period", "soft-close"), ("reopen period", "reopen"), ("reopen period", "reopen")],
    );
    let classes = one(dice, &[json!({}), json!({"classes": ["ar"]}), json!({"classes": ["inventory"]})]).clone();
    act(world, c, step, &path, verb, classes);
    act(world, c, "reopen period", &path, "reopen", json!({}));
}

/// Another account for what is booked from a day on.
fn determination(world: &World, c: &Client, dice: &mut Dice) {
    let company = company(world, dice);
    let (role, accounts) = *one(dice, &[("receivable", ["1100", "1101"]), ("inventory", ["1230", "1235"]), ("revenue", ["4020", "4025"])]);
    let account = one(dice, &accounts);
    let rule = json!({"company_id": company.id, "role": role, "account_id": company.accounts[*account], "valid_from_date": day(dice)});
    world.note("create account determination", &c.post("/v1/accounting/account-determinations", rule));
}

fn exchange_rate(world: &World, c: &Client, dice: &mut Dice) {
    let rate = json!({"from_currency": "USD", "to_currency": "EUR", "rate": format!("0.{}", 85 + dice.below(10)), "rate_date": day(dice)});
    world.note("create exchange rate", &c.post("/v1/directory/exchange-rates", rate));
}

// ---- master data ------------------------------------------------------------------------------

/// A customer who turns out to be another one.
fn merge(world: &World, c: &Client, dice: &mut Dice) {
    let twin = c.post("/v1/directory/parties", json!({"name": "The same again", "is_customer": true})).created();
    let company = company(world, dice);
    let invoice = json!({"company_id": company.id, "customer_id": twin["id"], "invoice_date": day(dice),
        "lines": [{"description": "Work", "unit_price": cents(dice, 90), "tax_code_ids": []}]});
    let made = world.note("create invoice", &c.post("/v1/receivables/invoices", invoice));
    made.iter().for_each(|i| post_invoice(world, c, dice, i));
    let into = format!("/v1/directory/parties/{}", one(dice, &world.customers));
    if act(world, c, "merge parties", &into, "merge", json!({"source_id": twin["id"]})).is_some() {
        remember(&world.merged, &twin);
    }
}

fn unmerge(world: &World, c: &Client, dice: &mut Dice) {
    let Some(twin) = known(dice, &world.merged) else { return };
    act(world, c, "unmerge parties", &format!("/v1/directory/parties/{twin}"), "unmerge", Value::Null);
}

fn product(world: &World, c: &Client, dice: &mut Dice) {
    let path = format!("/v1/directory/products/{}", one(dice, &world.goods));
    let now = c.get(&path).ok();
    let change = match dice.below(2) {
        0 => json!({"sales_price": cents(dice, 60)}),
        _ => json!({"posting_class": one(dice, &["merchandise", "finished_goods"])}),
    };
    world.note("change product", &c.patch(&path, &now, change));
}

// ---- marketing --------------------------------------------------------------------------------

/// A customer comes by; what it buys is credited to that.
fn touch(world: &World, c: &Client, dice: &mut Dice) {
    let company = company(world, dice);
    let at = format!("{}T08:00:00Z", day(dice));
    let body = json!({"company_id": company.id, "kind": "page_view", "party_id": one(dice, &world.customers), "occurred_at": at,
        "origin": {"utm": {"source": "newsletter", "medium": "email", "campaign": one(dice, &["spring", "summer"])}}});
    world.note("touch", &c.post("/v1/marketing/touchpoints", body));
}
