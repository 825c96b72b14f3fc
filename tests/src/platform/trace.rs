//! The document flow and explanations: what is not there is not found.

use serde_json::json;

use crate::fixtures::{customer, id, ready_to_sell, user_with};

each_engine! {
    fn a_thing_without_links_stands_alone(s) {
        let party = customer(s, "Acme");
        let trace = s.get(&format!("/v1/platform/trace/{}", id(&party))).ok();
        assert_eq!((&trace["edges"], &trace["truncated"]), (&json!([]), &json!(false)));
        assert_eq!(trace["nodes"], json!([{"id": party["id"], "noun": "party", "title": "Acme", "status": null, "company_id": null, "distance": 0}]));
        s.get("/v1/platform/trace/so_00000000000000000000000000").problem(404, "not_found");
        s.get("/v1/platform/trace/nonsense").problem(404, "not_found");
        s.get(&format!("/v1/platform/trace/{}?direction=sideways", id(&party))).problem(400, "invalid_parameter");
        s.get(&format!("/v1/platform/explain/{}", id(&party))).problem(404, "not_found");
    }

    fn a_title_that_may_not_be_read_is_not_shown(s) {
        let party = customer(s, "Acme");
        let reader = user_with(s, &["platform.trace.read"], &[]);
        let trace = reader.get(&format!("/v1/platform/trace/{}", id(&party))).ok();
        assert_eq!(trace["nodes"][0]["title"], json!(null));
        let company = format!("/v1/platform/trace/{}", s.company_id());
        reader.get(&company).problem(404, "not_found");
        s.get(&company).ok();
    }

    fn the_flow_is_followed_either_way_as_far_as_asked(s) {
        let books = ready_to_sell(s);
        let line = json!({"product_id": books.product("BEANS")["id"], "quantity": "2", "unit_price": "15.00"});
        let body = json!({"company_id": s.company_id(), "customer_id": customer(s, "Acme")["id"], "lines": [line]});
        let order = s.post("/v1/sales/orders", body).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        let part = json!({"order_id": order["id"], "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": "1"}]});
        let delivery = s.post("/v1/sales/deliveries", part).created();
        let delivery = s.act(&format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
        let entry = delivery["journal_entry_id"].as_str().unwrap();

        let ids = |from: &str, query: &str| {
            let trace = s.get(&format!("/v1/platform/trace/{from}{query}")).ok();
            let nodes = trace["nodes"].as_array().unwrap().iter().map(|n| id(n).to_string()).collect::<Vec<_>>();
            (nodes, trace["truncated"].as_bool().unwrap())
        };
        let (all, truncated) = ids(id(&order), "");
        assert!(all.contains(&id(&delivery).to_string()) && all.contains(&entry.to_string()) && !truncated, "{all:?}");
        assert_eq!(all[0], id(&order));
        let (up, _) = ids(entry, "?direction=upstream");
        assert!(up.contains(&id(&order).to_string()), "{up:?}");
        let (down, _) = ids(entry, "?direction=downstream");
        assert_eq!(down, [entry]);
        let (near, truncated) = ids(id(&order), "?direction=downstream&depth=1");
        assert!(near.contains(&id(&delivery).to_string()) && !near.contains(&entry.to_string()) && truncated, "{near:?}");
        let stranger = user_with(s, &["platform.trace.read", "*.*.read"], &[]);
        stranger.get(&format!("/v1/platform/trace/{}", id(&order))).problem(404, "not_found");
    }


    fn every_document_tells_where_its_figure_comes_from_to_those_who_may_read_it(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Asker");
        let lines = json!([{"product_id": books.product("BEANS")["id"], "quantity": "3"}]);
        let quote = s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "party_id": buyer["id"], "lines": lines})).created();
        let order = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": lines})).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        let delivery = s.act(&format!("{path}/deliver"), &s.get(&path).ok(), json!({"ship": true})).ok();
        let back = json!({"delivery_id": delivery["id"], "lines": [{"delivery_line_id": delivery["lines"][0]["id"], "quantity": "1"}]});
        let back = s.post("/v1/sales/returns", back).created();
        let back = s.act(&format!("/v1/sales/returns/{}/authorize", id(&back)), &back, json!({})).ok();
        let back = s.act(&format!("/v1/sales/returns/{}/receive", id(&back)), &back, json!({})).ok();
        let opening = &s.all("/v1/inventory/adjustments")[0];
        for (thing, value, permission) in [
            (&quote, "54.00", "crm.quotes.read"),
            (&order, "54.00", "sales.orders.read"),
            (&delivery, "18.00", "sales.deliveries.read"),
            (&back, "6.00", "sales.returns.read"),
            (opening, "7600.00", "inventory.adjustments.read"),
        ] {
            let path = format!("/v1/platform/explain/{}", id(thing));
            let why = s.get(&path).ok();
            assert_eq!((&why["value"], &why["source"]), (&json!(value), &thing["id"]), "{why}");
            assert!(!why["inputs"].as_array().unwrap().is_empty(), "{why}");
            let reader = |permissions: &[&str]| user_with(s, permissions, &[s.company_id()]);
            reader(&["platform.explain.read"]).get(&path).problem(403, "missing_scope");
            reader(&["platform.explain.read", permission]).get(&path).ok();
        }
    }
}
