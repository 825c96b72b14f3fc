//! Stock set right by hand.

use serde_json::{Value, json};

use crate::fixtures::{id, money, opening_stock, product, ready_to_sell, unique};
use crate::harness::Server;

fn adjust(s: &Server, warehouse: &Value, reason: &str, lines: Value) -> Value {
    let made = s.post("/v1/inventory/adjustments", json!({"reason": reason, "warehouse_id": warehouse["id"], "lines": lines})).created();
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(&made)), &made, json!({})).ok()
}

fn on_hand(s: &Server, product: &Value) -> String {
    let rows = s.all(&format!("/v1/inventory/stock?product_id={}", id(product)));
    rows.first().map_or("none".into(), |r| r["on_hand"].as_str().unwrap().to_string())
}

each_engine! {
    fn posting_moves_goods_values_them_and_posts_one_entry(s) {
        let books = ready_to_sell(s);
        let before = books.trial_balance(s, "2026-12-31");
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        let posted = adjust(s, &books.warehouse, "opening", json!([{"product_id": p["id"], "quantity_delta": "10", "unit_cost": "4.50"}]));
        assert_eq!((&posted["status"], money(&posted["total_value"])), (&json!("posted"), "45.00".parse().unwrap()));
        assert!(posted["number"].as_str().unwrap().starts_with("ADJ-"));
        assert_eq!(posted["lines"][0]["value"], "45.00");
        assert_eq!(on_hand(s, &p), "10");
        adjust(s, &books.warehouse, "scrap", json!([{"product_id": p["id"], "quantity_delta": "-2"}]));
        adjust(s, &books.warehouse, "found", json!([{"product_id": p["id"], "quantity_delta": "1"}]));
        let counted = adjust(s, &books.warehouse, "count", json!([{"product_id": p["id"], "counted_quantity": "7"}]));
        assert_eq!(counted["lines"][0]["quantity_delta"], "-2");
        assert_eq!(on_hand(s, &p), "7");
        let after = books.trial_balance(s, "2026-12-31");
        let change = |account: &str| (after.of(account) - before.of(account)).to_string();
        assert_eq!((change("9980").as_str(), change("5210").as_str(), change("5200").as_str()), ("-45.00", "9.00", "4.50"));
        assert_eq!(after.inventory(), books.stock_value(s));
        let entries = s.all(&format!("/v1/inventory/value-entries?product_id={}", id(&p)));
        assert_eq!(entries.len(), 4);
        s.patch(&format!("/v1/inventory/adjustments/{}", id(&posted)), &posted, json!({"note": "late"})).problem(409, "stock_adjustment.not_a_draft");
        s.delete(&format!("/v1/inventory/adjustments/{}", id(&posted)), &posted).problem(409, "stock_adjustment.not_a_draft");
        s.act(&format!("/v1/inventory/adjustments/{}/post", id(&posted)), &posted, json!({})).problem(409, "stock_adjustment.not_a_draft");
        books.verified(s);
    }

    fn a_draft_changes_and_is_deleted_and_a_dry_run_leaves_no_trace(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        let body = json!({"reason": "found", "warehouse_id": books.warehouse["id"], "lines": [{"product_id": p["id"], "quantity_delta": "3"}]});
        let draft = s.post("/v1/inventory/adjustments", body).created();
        let path = format!("/v1/inventory/adjustments/{}", id(&draft));
        let draft = s.patch(&path, &draft, json!({"note": "under the stairs", "lines": [{"product_id": p["id"], "quantity_delta": "4", "unit_cost": "2"}]})).ok();
        assert_eq!((&draft["lines"][0]["quantity_delta"], &draft["note"]), (&json!("4"), &json!("under the stairs")));
        let would = s.act(&format!("{path}/post?dry_run=true"), &draft, json!({})).ok();
        assert_eq!((&would["status"], &would["total_value"]), (&json!("posted"), &json!("8.00")));
        assert_eq!(s.get(&path).ok()["status"], "draft");
        assert_eq!(on_hand(s, &p), "none");
        s.delete(&path, &draft).no_content();
        s.get(&path).problem(404, "not_found");
    }

    fn wrong_lines_are_all_named_at_once(s) {
        let books = ready_to_sell(s);
        let (goods, visit) = (books.product("BEANS"), books.product("VISIT"));
        let lines = json!([
            {"product_id": goods["id"], "quantity_delta": "1"},
            {"product_id": goods["id"], "counted_quantity": "1"},
        ]);
        let wrong = s.post("/v1/inventory/adjustments", json!({"reason": "scrap", "warehouse_id": books.warehouse["id"], "lines": lines})).problem(422, "stock_adjustment.line_invalid");
        assert_eq!(wrong["errors"].as_array().unwrap().len(), 3, "{wrong}");
        let service = json!({"reason": "found", "warehouse_id": books.warehouse["id"], "lines": [{"product_id": visit["id"], "quantity_delta": "1"}]});
        s.post("/v1/inventory/adjustments", service).problem(422, "stock.product_not_stocked");
        let empty = s.post("/v1/inventory/adjustments", json!({"reason": "found", "warehouse_id": books.warehouse["id"], "lines": []})).created();
        s.act(&format!("/v1/inventory/adjustments/{}/post", id(&empty)), &empty, json!({})).problem(422, "stock_adjustment.empty");
    }

    fn more_than_is_there_cannot_be_scrapped(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        opening_stock(s, &books.warehouse, &[(&p, "2", "4")]);
        let body = json!({"reason": "scrap", "warehouse_id": books.warehouse["id"], "lines": [{"product_id": p["id"], "quantity_delta": "-3"}]});
        let draft = s.post("/v1/inventory/adjustments", body).created();
        s.act(&format!("/v1/inventory/adjustments/{}/post", id(&draft)), &draft, json!({})).problem(409, "stock.not_enough");
        assert_eq!(on_hand(s, &p), "2");
    }

    fn eighty_products_open_in_one_adjustment(s) {
        let books = ready_to_sell(s);
        let unit = crate::fixtures::each(s);
        let items: Vec<Value> = (0..80).map(|i| json!({"sku": format!("BULK-{i}"), "name": format!("Thing {i}"), "unit_id": unit["id"]})).collect();
        let made = s.post("/v1/directory/products/bulk", json!({"mode": "atomic", "items": items})).ok();
        let results = made["results"].as_array().or(made["items"].as_array()).unwrap_or_else(|| panic!("{made}"));
        let lines: Vec<Value> = results.iter().map(|r| json!({"product_id": r["id"], "quantity_delta": "7", "unit_cost": "1.50"})).collect();
        let posted = adjust(s, &books.warehouse, "opening", json!(lines));
        assert_eq!((posted["lines"].as_array().unwrap().len(), &posted["total_value"]), (80, &json!("840.00")));
        books.verified(s);
    }
}
