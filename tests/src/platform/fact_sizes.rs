//! What the facts of one order to cash weigh: bytes that every database keeps for ever. The bound may only fall.

use persistence::{Database, DatabaseConfig, Engine, sql};
use serde_json::json;

use crate::fixtures::{customer, id, ready_to_sell};
use crate::harness::Server;

/// Bytes of facts and links for an order of twenty lines, its delivery, its invoice and its payment. Facts that held the whole
/// before and after took 215,000 here, and 160,000 before their lists of parts were written as tables.
const BOUND: i64 = 80_000;

/// Bytes of the facts after a number with their links, by kind.
fn weighed(s: &Server, after: i64) -> Vec<(String, i64, i64)> {
    let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
    db.read(|c| match c.engine() {
        Engine::Sqlite => sql!(
            "SELECT kind, COUNT(*), SUM(LENGTH(data) + LENGTH(COALESCE(previous, '')) + LENGTH(kind) + LENGTH(subject) + LENGTH(actor) \
             + LENGTH(actor_name) + LENGTH(request_id) + 180) FROM events e JOIN event_links l ON l.event_id = e.id WHERE l.seq > {} \
             GROUP BY kind ORDER BY 3 DESC",
            after
        )
        .load(c),
        Engine::Postgres => sql!(
            "SELECT kind, COUNT(*), CAST(SUM(LENGTH(data::text) + LENGTH(COALESCE(previous::text, '')) + LENGTH(kind) + LENGTH(subject) \
             + LENGTH(actor) + LENGTH(actor_name) + LENGTH(request_id) + 180) AS BIGINT) FROM events e \
             JOIN event_links l ON l.event_id = e.id WHERE l.seq > {} GROUP BY kind ORDER BY 3 DESC",
            after
        )
        .load(c),
    })
    .unwrap()
}

each_engine! {
    fn an_order_to_cash_weighs_no_more_than_it_did(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let last = |s: &Server| s.all("/v1/platform/events").last().map_or(0, |e| e["seq"].as_i64().unwrap());
        std::thread::sleep(std::time::Duration::from_millis(500));
        let before = last(s);
        // no two lines alike, as in life
        let line = |i: i32| json!({"product_id": books.product("BEANS")["id"], "quantity": (1 + i % 3).to_string(), "unit_price": format!("{}.40", 10 + i), "description": format!("Beans of lot {i}")});
        let lines: Vec<_> = (0..20).map(line).collect();
        let order = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": lines})).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        let lines: Vec<_> = order["lines"].as_array().unwrap().iter().map(|l| json!({"order_line_id": l["id"], "quantity": l["quantity"]})).collect();
        let delivery = s.post("/v1/sales/deliveries", json!({"order_id": order["id"], "lines": lines})).created();
        s.act(&format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
        let order = s.get(&path).ok();
        let invoice = s.act(&format!("{path}/invoice"), &order, json!({})).ok();
        let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        let payment = json!({
            "company_id": s.company_id(), "party_id": buyer["id"], "amount": invoice["total"], "payment_date": "2026-01-02",
            "allocate_to": [{"invoice_id": invoice["id"]}],
        });
        let payment = s.post("/v1/banking/payments", payment).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&payment)), &payment, json!({})).ok();
        std::thread::sleep(std::time::Duration::from_millis(500));
        let found = weighed(s, before);
        let total: i64 = found.iter().map(|f| f.2).sum();
        println!("{total} bytes: {found:?}");
        assert!(total > 20_000, "the chain is there: {found:?}");
        assert!(total <= BOUND, "{total} bytes: {found:?}");
    }
}
