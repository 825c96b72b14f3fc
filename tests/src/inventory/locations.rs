//! Places in a warehouse.

use serde_json::json;

use crate::fixtures::{id, opening_stock, product, ready_to_sell, unique};

each_engine! {
    fn locations_form_a_tree_in_one_warehouse(s) {
        let books = ready_to_sell(s);
        let zone = s.post("/v1/inventory/locations", json!({"warehouse_id": books.warehouse["id"], "code": "A", "name": "Zone A"})).created();
        let bin = s.post("/v1/inventory/locations", json!({"warehouse_id": books.warehouse["id"], "code": "A-01", "name": "Bin 1", "parent_id": zone["id"]})).created();
        assert_eq!(bin["parent_id"], zone["id"]);
        let other = s.post("/v1/inventory/warehouses", json!({"company_id": s.company_id(), "code": "B", "name": "B"})).created();
        let stray = json!({"warehouse_id": other["id"], "code": "X", "name": "X", "parent_id": zone["id"]});
        s.post("/v1/inventory/locations", stray).problem(422, "location.parent_elsewhere");
        s.post("/v1/inventory/locations", json!({"warehouse_id": books.warehouse["id"], "code": "A", "name": "Again"})).problem(409, "already_exists");
        let gone = s.patch(&format!("/v1/inventory/locations/{}", id(&bin)), &bin, json!({"is_active": false})).ok();
        assert_eq!(gone["is_active"], false);
    }

    fn a_location_with_goods_stays_in_use(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "5.00", Some("1.00"));
        opening_stock(s, &books.warehouse, &[(&p, "1", "1.00")]);
        let path = format!("/v1/inventory/locations/{}", books.warehouse["stock_location_id"].as_str().unwrap());
        let location = s.get(&path).ok();
        s.patch(&path, &location, json!({"is_active": false})).problem(409, "location.has_stock");
    }

    fn goods_are_picked_from_one_location_after_the_other(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "5.00", Some("1.00"));
        let bin = s.post("/v1/inventory/locations", json!({"warehouse_id": books.warehouse["id"], "code": "BIN", "name": "Bin"})).created();
        let lines = json!([
            {"product_id": p["id"], "quantity_delta": "3", "unit_cost": "1"},
            {"product_id": p["id"], "quantity_delta": "4", "unit_cost": "1", "location_id": bin["id"]},
        ]);
        let a = s.post("/v1/inventory/adjustments", json!({"reason": "opening", "warehouse_id": books.warehouse["id"], "lines": lines})).created();
        s.act(&format!("/v1/inventory/adjustments/{}/post", id(&a)), &a, json!({})).ok();
        let customer = crate::fixtures::customer(s, "Picky");
        let order = json!({"company_id": s.company_id(), "customer_id": customer["id"], "lines": [{"product_id": p["id"], "quantity": "5"}]});
        let order = s.post("/v1/sales/orders", order).created();
        let order = s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok();
        let reserved = |s: &crate::harness::Server| -> Vec<(String, String)> {
            let mut rows: Vec<_> = s.all(&format!("/v1/inventory/stock?product_id={}", id(&p))).iter().map(|r| (r["on_hand"].as_str().unwrap().to_string(), r["reserved"].as_str().unwrap().to_string())).collect();
            rows.sort();
            rows
        };
        assert_eq!(reserved(s), [("3".into(), "3".into()), ("4".into(), "2".into())]);
        s.act(&format!("/v1/sales/orders/{}/deliver", id(&order)), &order, json!({"ship": true})).ok();
        assert_eq!(reserved(s), [("0".into(), "0".into()), ("2".into(), "0".into())]);
        assert_eq!(s.all(&format!("/v1/inventory/moves?product_id={}", id(&p))).len(), 4);
        books.verified(s);
    }
}
