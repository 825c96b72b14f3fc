//! Warehouses and what comes with them.

use serde_json::json;

use crate::fixtures::{id, unique};

each_engine! {
    fn a_warehouse_comes_with_its_locations(s) {
        let company = s.post("/v1/directory/companies", json!({"code": format!("W{}", unique()), "name": "Stores", "currency": "EUR"})).created();
        let body = json!({"company_id": company["id"], "code": "EAST", "name": "East"});
        let first = s.post("/v1/inventory/warehouses", body.clone()).created();
        assert_eq!(first["is_default"], true, "the first of a company is its default");
        let kinds = |s: &crate::harness::Server| {
            let mut kinds: Vec<String> = s.all(&format!("/v1/inventory/locations?company_id={}", id(&company))).iter().map(|l| l["kind"].as_str().unwrap().to_string()).collect();
            kinds.sort();
            kinds
        };
        assert_eq!(kinds(s), ["customer", "internal", "loss", "production", "transit", "vendor"]);
        s.post("/v1/inventory/warehouses", body).problem(409, "warehouse.code_taken");
        let second = s.post("/v1/inventory/warehouses", json!({"company_id": company["id"], "code": "WEST", "name": "West", "is_default": true})).created();
        assert_eq!(kinds(s).len(), 7, "virtual locations are made once");
        let first = s.get(&format!("/v1/inventory/warehouses/{}", id(&first))).ok();
        assert_eq!((&first["is_default"], &second["is_default"]), (&json!(false), &json!(true)));
        let changed = s.patch(&format!("/v1/inventory/warehouses/{}", id(&first)), &first, json!({"name": "Far east", "is_default": true})).ok();
        assert_eq!(changed["name"], "Far east");
        let second = s.get(&format!("/v1/inventory/warehouses/{}", id(&second))).ok();
        assert_eq!(second["is_default"], false);
    }
}
