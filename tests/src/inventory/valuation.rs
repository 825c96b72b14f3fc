//! What goods cost: the golden cases over HTTP.

use serde_json::{Value, json};

use crate::fixtures::{Books, id, money, product, ready_to_sell, unique};
use crate::harness::Server;

fn gain(s: &Server, books: &Books, p: &Value, quantity: &str, cost: &str) {
    let lines = json!([{"product_id": p["id"], "quantity_delta": quantity, "unit_cost": cost}]);
    let a =
        s.post("/v1/inventory/adjustments", json!({"reason": "found", "warehouse_id": books.warehouse["id"], "lines": lines})).created();
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(&a)), &a, json!({})).ok();
}

/// Sells and ships; what it cost.
fn sell(s: &Server, p: &Value, quantity: &str) -> Value {
    let customer = crate::fixtures::customer(s, "Buyer");
    let order =
        json!({"company_id": s.company_id(), "customer_id": customer["id"], "lines": [{"product_id": p["id"], "quantity": quantity}]});
    let order = s.post("/v1/sales/orders", order).created();
    let order = s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok();
    s.act(&format!("/v1/sales/orders/{}/deliver", id(&order)), &order, json!({"ship": true})).ok()["cost_total"].clone()
}

fn worth(s: &Server, p: &Value) -> (Value, Value) {
    let cost = &s.all(&format!("/v1/inventory/product-costs?product_id={}", id(p)))[0];
    (cost["quantity"].clone(), cost["value"].clone())
}

each_engine! {
    fn g3_negative_stock_is_corrected_by_the_next_receipt(s) {
        let books = ready_to_sell(s);
        let path = format!("/v1/directory/companies/{}", s.company_id());
        let company = s.get(&path).ok();
        s.patch(&path, &company, json!({"negative_stock": "allow"})).ok();
        let p = product(s, &format!("G3-{}", unique()), "20.00", None::<&str>.or(Some("1.00")));
        gain(s, &books, &p, "10", "10");
        let before = books.trial_balance(s, "2026-12-31").of("5010");
        assert_eq!(sell(s, &p, "12"), "120.00");
        assert_eq!(worth(s, &p), (json!("-2"), json!("-20.00")));
        gain(s, &books, &p, "5", "13");
        assert_eq!(worth(s, &p), (json!("3"), json!("39.00")));
        let after = books.trial_balance(s, "2026-12-31").of("5010");
        assert_eq!(after - before, "126.00".parse().unwrap());
        let entries = s.all(&format!("/v1/inventory/value-entries?product_id={}", id(&p)));
        let kinds: Vec<_> = entries.iter().map(|e| (e["kind"].as_str().unwrap(), e["amount"].as_str().unwrap())).collect();
        assert_eq!(kinds, [("adjustment", "100.00"), ("issue", "-120.00"), ("adjustment", "65.00"), ("correction", "-6.00")]);
        books.verified(s);
    }

    fn g4_the_last_issue_takes_the_remainder(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("G4-{}", unique()), "20.00", Some("1.00"));
        gain(s, &books, &p, "3", "3.333333");
        assert_eq!(worth(s, &p), (json!("3"), json!("10.00")));
        assert_eq!([sell(s, &p, "1"), sell(s, &p, "1"), sell(s, &p, "1")], ["3.33", "3.34", "3.33"]);
        assert_eq!(worth(s, &p), (json!("0"), json!("0.00")));
        let report = s.get(&format!("/v1/inventory/valuation?company_id={}&product_id={}", s.company_id(), id(&p))).ok();
        assert_eq!((report["lines"].as_array().unwrap().len(), &report["total_value"]), (0, &json!("0.00")));
        books.verified(s);
    }

    fn the_moving_average_of_two_receipts(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("AVG-{}", unique()), "40.00", Some("1.00"));
        gain(s, &books, &p, "10", "10");
        gain(s, &books, &p, "10", "20");
        assert_eq!(sell(s, &p, "15"), "225.00");
        assert_eq!(worth(s, &p), (json!("5"), json!("75.00")));
        let line = &s.get(&format!("/v1/inventory/valuation?company_id={}&product_id={}", s.company_id(), id(&p))).ok()["lines"][0];
        assert_eq!(money(&line["unit_cost"]), 15.into());
        assert_eq!(books.trial_balance(s, "2026-12-31").inventory(), books.stock_value(s));
    }
}
