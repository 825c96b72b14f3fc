//! What is on hand, now and on a day, and what the policy on negative stock does.

use serde_json::{Value, json};

use crate::fixtures::{id, product, ready_to_sell, unique};
use crate::harness::Server;

fn adjust(s: &Server, warehouse: &Value, product: &Value, date: &str, delta: &str) -> crate::harness::Answer {
    let reason = if delta.starts_with('-') { "count" } else { "found" };
    let lines = json!([{"product_id": product["id"], "quantity_delta": delta, "unit_cost": "2"}]);
    let body = json!({"reason": reason, "warehouse_id": warehouse["id"], "adjustment_date": date, "lines": lines});
    let made = s.post("/v1/inventory/adjustments", body).created();
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(&made)), &made, json!({}))
}

each_engine! {
    fn stock_as_of_a_day_is_the_sum_of_the_moves_until_then(s) {
        s.at("2026-03-10T12:00:00Z");
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        adjust(s, &books.warehouse, &p, "2026-03-01", "10").ok();
        adjust(s, &books.warehouse, &p, "2026-03-05", "-4").ok();
        adjust(s, &books.warehouse, &p, "2026-03-09", "1").ok();
        let on = |day: &str| {
            let report = s.get(&format!("/v1/inventory/stock-as-of?company_id={}&as_of={day}&product_id={}", s.company_id(), id(&p))).ok();
            report["lines"].as_array().unwrap().first().map_or("none".to_string(), |l| l["on_hand"].as_str().unwrap().to_string())
        };
        assert_eq!([on("2026-02-28"), on("2026-03-01"), on("2026-03-06"), on("2026-03-10")], ["none", "10", "6", "7"]);
        let elsewhere = json!({"company_id": s.company_id(), "code": format!("W{}", unique()), "name": "Elsewhere"});
        let elsewhere = s.post("/v1/inventory/warehouses", elsewhere).created();
        adjust(s, &elsewhere, &p, "2026-03-10", "3").ok();
        let at = |place: &Value| {
            let path = format!("/v1/inventory/stock-as-of?company_id={}&as_of=2026-03-10&warehouse_id={}", s.company_id(), id(place));
            let report = s.get(&path).ok();
            let line = report["lines"].as_array().unwrap().iter().find(|l| l["product_id"] == p["id"]).unwrap();
            line["on_hand"].clone()
        };
        assert_eq!((at(&books.warehouse), at(&elsewhere)), (json!("7"), json!("3")));
        adjust(s, &elsewhere, &p, "2026-03-10", "-3").ok();
        let value = |day: &str| s.get(&format!("/v1/inventory/valuation?company_id={}&as_of={day}&product_id={}", s.company_id(), id(&p))).ok()["total_value"].clone();
        assert_eq!([value("2026-03-01"), value("2026-03-06"), value("2026-03-10")], [json!("20.00"), json!("12.00"), json!("14.00")]);
    }

    fn goods_cannot_leave_before_they_came(s) {
        s.at("2026-03-10T12:00:00Z");
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        adjust(s, &books.warehouse, &p, "2026-03-05", "10").ok();
        adjust(s, &books.warehouse, &p, "2026-03-04", "-1").problem(409, "stock.not_enough");
        adjust(s, &books.warehouse, &p, "2026-03-08", "-9").ok();
        adjust(s, &books.warehouse, &p, "2026-03-09", "4").ok();
        adjust(s, &books.warehouse, &p, "2026-03-06", "-2").problem(409, "stock.not_enough");
        adjust(s, &books.warehouse, &p, "2026-03-06", "-1").ok();
        books.verified(s);
    }

    fn a_company_may_allow_negative_stock_and_forbid_it_once_it_is_covered(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        let today = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": crate::fixtures::customer(s, "Any")["id"]})).created();
        let today = today["order_date"].as_str().unwrap();
        adjust(s, &books.warehouse, &p, today, "1").ok();
        adjust(s, &books.warehouse, &p, today, "-3").problem(409, "stock.not_enough");
        let path = format!("/v1/directory/companies/{}", s.company_id());
        let company = s.get(&path).ok();
        let company = s.patch(&path, &company, json!({"negative_stock": "allow"})).ok();
        adjust(s, &books.warehouse, &p, today, "-3").ok();
        s.patch(&path, &company, json!({"negative_stock": "refuse"})).problem(409, "invalid_state");
        adjust(s, &books.warehouse, &p, today, "5").ok();
        s.patch(&path, &company, json!({"negative_stock": "refuse"})).ok();
        books.verified(s);
    }

    fn availability_answers_for_many_products_in_the_order_asked(s) {
        let books = ready_to_sell(s);
        let (machine, beans) = (books.product("MACHINE"), books.product("BEANS"));
        let both = format!("{},{}", id(&beans), id(&machine));
        let lines = s.get(&format!("/v1/inventory/availability?product_ids={both}&warehouse_id={}", id(&books.warehouse))).ok()["lines"].clone();
        assert_eq!((&lines[0]["product_id"], &lines[0]["available"]), (&beans["id"], &json!("100")));
        assert_eq!((&lines[1]["product_id"], &lines[1]["available"]), (&machine["id"], &json!("10")));
        s.get("/v1/inventory/availability?product_ids=nonsense").problem(400, "invalid_parameter");
    }
}
