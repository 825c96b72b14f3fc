//! Features of the area `sales`, one file for each noun.

mod actions;
mod agreed_rates;
mod credit;
mod deliveries;
mod orders;
mod promises;
mod returns;

use serde_json::{Value, json};

use crate::fixtures::{id, opening_stock, product, unique};
use crate::harness::Server;

/// A product of which so many are there at four each, sold at ten.
fn goods(s: &Server, warehouse: &Value, quantity: &str) -> Value {
    let p = product(s, &format!("GOODS-{}", unique()), "10.00", Some("4.00"));
    opening_stock(s, warehouse, &[(&p, quantity, "4")]);
    p
}

/// A draft order of these products and quantities.
fn draft(s: &Server, customer: &Value, lines: &[(&Value, &str)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(p, q)| json!({"product_id": p["id"], "quantity": q})).collect();
    s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": customer["id"], "lines": lines})).created()
}

fn path(order: &Value) -> String {
    format!("/v1/sales/orders/{}", id(order))
}

fn confirmed(s: &Server, customer: &Value, lines: &[(&Value, &str)]) -> Value {
    let order = draft(s, customer, lines);
    s.act(&format!("{}/confirm", path(&order)), &order, json!({})).ok()
}

/// Ships everything; the delivery.
fn shipped(s: &Server, order: &Value) -> Value {
    let order = s.get(&path(order)).ok();
    s.act(&format!("{}/deliver", path(&order)), &order, json!({"ship": true})).ok()
}

/// Invoices what can be and posts the invoice.
fn invoiced(s: &Server, order: &Value) -> Value {
    let order = s.get(&path(order)).ok();
    let invoice = s.act(&format!("{}/invoice", path(&order)), &order, json!({})).ok();
    s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok()
}

/// On hand and reserved of a product.
fn stock(s: &Server, product: &Value) -> (String, String) {
    let line = &s.get(&format!("/v1/inventory/availability?product_ids={}", id(product))).ok()["lines"][0];
    (line["on_hand"].as_str().unwrap().into(), line["reserved"].as_str().unwrap().into())
}
