//! Orders from draft to closed.

use serde_json::{Value, json};

use super::{confirmed, draft, goods, invoiced, path, shipped, stock};
use crate::fixtures::{customer, each, id, money, product, ready_to_sell, unique};

each_engine! {
    fn totals_are_worked_out_by_the_server(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Reckoner");
        let beans = books.product("BEANS");
        let body = json!({
            "company_id": s.company_id(), "customer_id": buyer["id"], "freight_amount": "9.90", "freight_tax_class": "exempt",
            "lines": [
                {"product_id": beans["id"], "quantity": "3", "unit_price": "0.335", "discount_percent": "10", "tax_class": "exempt"},
                {"description": "Assembly", "quantity": "1", "unit_price": "50", "tax_class": "exempt"},
            ],
        });
        let order = s.post("/v1/sales/orders", body).created();
        assert_eq!((&order["status"], &order["number"]), (&json!("draft"), &Value::Null));
        assert_eq!(order["lines"][0]["line_amount"], "0.90");
        assert_eq!((&order["net_total"], &order["tax_total"], &order["total"]), (&json!("60.80"), &json!("0.00"), &json!("60.80")));
        assert_eq!(order["lines"][0]["description"], "The BEANS");
        assert_eq!(order["warehouse_id"], books.warehouse["id"], "the default warehouse");
        let explained = s.get(&format!("/v1/platform/explain/{}", id(&order))).ok();
        assert_eq!(explained["value"], "60.80", "{explained}");
        let taxed = draft(s, &buyer, &[(&beans, "10")]);
        assert_eq!(money(&taxed["net_total"]) + money(&taxed["tax_total"]), money(&taxed["total"]));
        assert!(money(&taxed["tax_total"]) > 0.into(), "{taxed}");
    }

    fn a_draft_changes_and_its_lines_have_endpoints_of_their_own(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Changer");
        let (beans, machine) = (books.product("BEANS"), books.product("MACHINE"));
        let order = draft(s, &buyer, &[(&beans, "2")]);
        let order = s.patch(&path(&order), &order, json!({"note": "call first", "lines": [{"product_id": beans["id"], "quantity": "4"}]})).ok();
        assert_eq!((&order["lines"][0]["quantity"], &order["net_total"], &order["note"]), (&json!("4"), &json!("60.00"), &json!("call first")));
        let lines = format!("{}/lines", path(&order));
        let line = s.request("POST", &lines).if_match(&order).json(&json!({"product_id": machine["id"], "quantity": "1"})).send().created();
        assert_eq!((&line["position"], &line["version"]), (&json!(2), &json!(order["version"].as_i64().unwrap() + 1)));
        let line = s.patch(&format!("{lines}/{}", id(&line)), &line, json!({"discount_percent": "50"})).ok();
        assert_eq!(line["net_amount"], "600.00");
        let now = s.get(&path(&order)).ok();
        assert_eq!(now["net_total"], "660.00");
        assert_eq!(s.all(&lines).len(), 2);
        s.delete(&format!("{lines}/{}", id(&line)), &now).no_content();
        assert_eq!(s.get(&path(&order)).ok()["net_total"], "60.00");
        s.patch(&path(&order), &order, json!({"note": "stale"})).problem(412, "precondition_failed");
        let now = s.get(&path(&order)).ok();
        s.delete(&path(&order), &now).no_content();
        s.get(&path(&order)).problem(404, "not_found");
    }

    fn wrong_lines_are_all_named(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Wrong");
        let beans = books.product("BEANS");
        let lines = json!([
            {"product_id": beans["id"], "quantity": "0"},
            {"quantity": "1", "unit_price": "1"},
            {"product_id": beans["id"], "quantity": "1", "discount_percent": "101"},
        ]);
        let wrong = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": lines})).problem(422, "sales_order.line_invalid");
        let at: Vec<_> = wrong["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(at, ["/lines/0/quantity", "/lines/1/description", "/lines/2/discount_percent"]);
        let unknown = json!([{"product_id": "prd_00000000000000000000000001", "quantity": "1"}]);
        s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": unknown})).problem(422, "unknown_reference");
    }

    fn confirming_takes_a_number_and_holds_stock_back(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let p = goods(s, &books.warehouse, "5");
        let order = draft(s, &buyer, &[(&p, "3")]);
        let would = s.act(&format!("{}/confirm?dry_run=true", path(&order)), &order, json!({})).ok();
        assert_eq!(would["status"], "confirmed");
        assert_eq!(stock(s, &p), ("5".into(), "0".into()), "a dry run leaves no trace");
        let order = s.act(&format!("{}/confirm", path(&order)), &order, json!({})).ok();
        assert_eq!(order["number"], would["number"], "and takes no number");
        assert_eq!(order["lines"][0]["quantity_reserved"], "3");
        assert_eq!(stock(s, &p), ("5".into(), "3".into()));
        s.act(&format!("{}/confirm", path(&order)), &order, json!({})).problem(409, "sales_order.not_a_draft");
        s.patch(&path(&order), &order, json!({"note": "x"})).problem(409, "sales_order.not_a_draft");
        let empty = draft(s, &buyer, &[]);
        s.act(&format!("{}/confirm", path(&empty)), &empty, json!({})).problem(422, "sales_order.empty");
    }

    fn too_little_stock_is_refused_by_line_or_back_ordered(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let (p, q) = (goods(s, &books.warehouse, "5"), goods(s, &books.warehouse, "5"));
        let order = draft(s, &buyer, &[(&p, "2"), (&q, "8")]);
        let refused = s.act(&format!("{}/confirm", path(&order)), &order, json!({})).problem(409, "sales_order.not_enough_stock");
        assert_eq!(refused["errors"][0]["pointer"], "/lines/1/quantity");
        assert_eq!(stock(s, &p), ("5".into(), "0".into()), "all or nothing");
        let order = s.act(&format!("{}/confirm", path(&order)), &order, json!({"allow_backorder": true})).ok();
        assert_eq!(order["lines"][1]["quantity_reserved"], "5");
        let first = json!({"order_id": order["id"], "lines": [{"order_line_id": order["lines"][1]["id"], "quantity": "5"}]});
        let first = s.post("/v1/sales/deliveries", first).created();
        s.act(&format!("/v1/sales/deliveries/{}/ship", id(&first)), &first, json!({})).ok();
        let now = s.get(&path(&order)).ok();
        s.act(&format!("{}/deliver", path(&order)), &now, json!({"ship": true})).problem(409, "delivery.not_enough_stock");
        crate::fixtures::opening_stock(s, &books.warehouse, &[(&q, "3", "4")]);
        shipped(s, &order);
        let order = s.get(&path(&order)).ok();
        assert_eq!(order["fulfilment_status"], "shipped");
        assert_eq!((stock(s, &p), stock(s, &q)), (("3".into(), "0".into()), ("0".into(), "0".into())));
        books.verified(s);
    }

    fn hold_stops_everything_until_release(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let p = goods(s, &books.warehouse, "5");
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        let held = s.act(&format!("{}/hold", path(&order)), &order, json!({"reason": "unclear address"})).ok();
        assert_eq!((&held["is_on_hold"], &held["status_reason"]), (&json!(true), &json!("unclear address")));
        s.act(&format!("{}/deliver", path(&order)), &held, json!({"ship": true})).problem(409, "sales_order.on_hold");
        s.act(&format!("{}/hold", path(&order)), &held, json!({})).problem(409, "sales_order.on_hold");
        let free = s.act(&format!("{}/release", path(&order)), &held, json!({})).ok();
        s.act(&format!("{}/release", path(&order)), &free, json!({})).problem(409, "sales_order.not_on_hold");
        shipped(s, &order);
    }

    fn only_what_was_not_shipped_is_cancelled(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Canceller");
        let p = goods(s, &books.warehouse, "10");
        let whole = confirmed(s, &buyer, &[(&p, "4")]);
        let whole = s.act(&format!("{}/cancel", path(&whole)), &whole, json!({"reason": "changed their mind"})).ok();
        assert_eq!((&whole["status"], &whole["unshipped_amount"]), (&json!("cancelled"), &json!("0.00")));
        assert_eq!(stock(s, &p), ("10".into(), "0".into()));
        let part = confirmed(s, &buyer, &[(&p, "4")]);
        let delivery = json!({"order_id": part["id"], "lines": [{"order_line_id": part["lines"][0]["id"], "quantity": "3"}]});
        let delivery = s.post("/v1/sales/deliveries", delivery).created();
        s.act(&format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
        let part = s.get(&path(&part)).ok();
        let part = s.act(&format!("{}/cancel", path(&part)), &part, json!({})).ok();
        assert_eq!((&part["status"], &part["fulfilment_status"], &part["lines"][0]["quantity_cancelled"]), (&json!("confirmed"), &json!("shipped"), &json!("1")));
        assert_eq!(stock(s, &p), ("7".into(), "0".into()));
        s.act(&format!("{}/cancel", path(&part)), &part, json!({})).problem(409, "sales_order.nothing_to_cancel");
        s.act(&format!("{}/close", path(&part)), &part, json!({})).problem(409, "sales_order.unfinished");
        invoiced(s, &part);
        let part = s.get(&path(&part)).ok();
        assert_eq!((&part["billing_status"], &part["status"], &part["allowed_actions"]), (&json!("billed"), &json!("closed"), &json!([])));
        books.verified(s);
    }

    fn invoices_follow_shipments_and_freight_goes_on_the_first(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Payer");
        let p = goods(s, &books.warehouse, "10");
        let visit = books.product("VISIT");
        let body = json!({
            "company_id": s.company_id(), "customer_id": buyer["id"], "freight_amount": "12.00",
            "lines": [{"product_id": p["id"], "quantity": "4"}, {"product_id": visit["id"], "quantity": "1"}],
        });
        let order = s.post("/v1/sales/orders", body).created();
        let order = s.act(&format!("{}/confirm", path(&order)), &order, json!({})).ok();
        let delivery = json!({"order_id": order["id"], "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": "1"}]});
        let delivery = s.post("/v1/sales/deliveries", delivery).created();
        s.act(&format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
        let first = invoiced(s, &order);
        assert_eq!(money(&first["net"]), 112.into(), "1 × 10 + 90 + 12");
        let now = s.get(&path(&order)).ok();
        assert_eq!((&now["billing_status"], &now["lines"][0]["quantity_invoiced"], &now["freight_invoiced"]), (&json!("partial"), &json!("1"), &json!("12.00")));
        s.act(&format!("{}/invoice", path(&order)), &now, json!({})).problem(409, "sales_order.nothing_to_invoice");
        shipped(s, &order);
        let now = s.get(&path(&order)).ok();
        s.act(&format!("{}/invoice", path(&order)), &now, json!({})).ok();
        s.act(&format!("{}/invoice", path(&order)), &now, json!({})).problem(409, "sales_order.nothing_to_invoice");
        let drafts = s.all(&format!("/v1/receivables/invoices?order_id={}&status=draft", id(&order)));
        assert_eq!(drafts.len(), 1);
        s.act(&format!("/v1/receivables/invoices/{}/post", id(&drafts[0])), &drafts[0], json!({})).ok();
        let now = s.get(&path(&order)).ok();
        assert_eq!((&now["billing_status"], &now["unbilled_amount"], &now["unshipped_amount"]), (&json!("billed"), &json!("0.00"), &json!("0.00")));
        assert_eq!(money(&now["total"]), money(&first["total"]) + money(&s.get(&format!("/v1/receivables/invoices/{}", id(&drafts[0]))).ok()["total"]));
        books.verified(s);
    }

    fn a_dozen_is_twelve_pieces_of_stock(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Dozens");
        let p = goods(s, &books.warehouse, "30");
        let units = s.all("/v1/directory/units");
        let dozen = match units.iter().find(|u| u["code"] == "dozen") {
            Some(u) => u.clone(),
            None => s.post("/v1/directory/units", json!({"code": "dozen", "name": "Dozen", "category": each(s)["category"], "numerator": "12"})).created(),
        };
        let line = json!({"product_id": p["id"], "quantity": "2", "unit_id": dozen["id"], "unit_price": "100"});
        let order = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [line]})).created();
        assert_eq!((&order["lines"][0]["unit_factor"], &order["net_total"]), (&json!("12"), &json!("200.00")));
        s.act(&format!("{}/confirm", path(&order)), &order, json!({})).ok();
        assert_eq!(stock(s, &p), ("30".into(), "24".into()));
        let delivery = shipped(s, &order);
        assert_eq!((&delivery["lines"][0]["quantity"], &delivery["lines"][0]["stock_quantity"], &delivery["cost_total"]), (&json!("2"), &json!("24"), &json!("96.00")));
        assert_eq!(stock(s, &p), ("6".into(), "0".into()));
    }

    fn orders_of_a_foreign_company_do_not_exist(s) {
        let books = ready_to_sell(s);
        let order = draft(s, &customer(s, "Private"), &[(&books.product("BEANS"), "1")]);
        let other = s.post("/v1/directory/companies", json!({"code": format!("X{}", unique()), "name": "Other", "currency": "EUR"})).created();
        let stranger = crate::fixtures::user_with(s, &["*.*.read", "sales.*"], &[id(&other)]);
        stranger.get(&path(&order)).problem(404, "not_found");
        assert_eq!(stranger.all("/v1/sales/orders").len(), 0);
        let p = product(s, &format!("P{}", unique()), "1.00", None);
        let theirs = json!({"company_id": s.company_id(), "customer_id": order["customer_id"], "lines": [{"product_id": p["id"], "quantity": "1"}]});
        stranger.post("/v1/sales/orders", theirs).problem(422, "unknown_reference");
    }

    fn a_line_can_be_read_on_its_own(s) {
        let books = ready_to_sell(s);
        let order = draft(s, &customer(s, "Reader"), &[(&books.product("BEANS"), "2"), (&books.product("VISIT"), "1")]);
        let line = &order["lines"][1];
        assert_eq!(&s.get(&format!("{}/lines/{}", path(&order), id(line))).ok(), line);
        let other = draft(s, &customer(s, "Other"), &[(&books.product("BEANS"), "1")]);
        s.get(&format!("{}/lines/{}", path(&other), id(line))).problem(404, "not_found");
    }


    fn another_unit_has_the_price_and_the_places_of_its_size(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Weigher");
        let unit = |code: &str| s.get(&format!("/v1/directory/units?code={code}")).ok()["data"][0]["id"].clone();
        let coffee = json!({"sku": format!("COFFEE-{}", unique()), "name": "Coffee", "unit_id": unit("kg"), "sales_price": "12.00", "expected_cost": "5.00", "currency": "EUR"});
        let coffee = s.post("/v1/directory/products", coffee).created();
        crate::fixtures::opening_stock(s, &books.warehouse, &[(&coffee, "10", "5")]);
        let line = |product: &Value, quantity: &str, unit: Value| {
            let line = json!({"product_id": product["id"], "quantity": quantity, "unit_id": unit, "tax_class": "exempt"});
            s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [line]}))
        };
        let order = line(&coffee, "250", unit("g")).created();
        assert_eq!((&order["lines"][0]["unit_price"], &order["total"]), (&json!("0.012"), &json!("3.00")));
        let order = s.act(&format!("{}/confirm", path(&order)), &order, json!({})).ok();
        let delivery = shipped(s, &order);
        assert_eq!((&delivery["lines"][0]["stock_quantity"], &delivery["cost_total"]), (&json!("0.25"), &json!("1.25")));
        assert_eq!((&invoiced(s, &order)["total"], stock(s, &coffee).0.as_str()), (&json!("3.00"), "9.75"));
        // a pound of it would cost 5.44310844, which is no price
        line(&coffee, "100", unit("lb")).problem(422, "sales_order.line_invalid");
        let pounds = json!({"product_id": coffee["id"], "quantity": "100", "unit_id": unit("lb"), "unit_price": "5.44", "tax_class": "exempt"});
        let pounds = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [pounds]})).created();
        assert_eq!((&pounds["lines"][0]["unit_factor"], &pounds["total"]), (&json!("0.45359237"), &json!("544.00")));
        // machines come whole
        let machine = books.product("MACHINE");
        line(&machine, "0.5", unit("each")).problem(422, "too_many_decimals");
        line(&machine, "0.3", unit("dozen")).problem(422, "too_many_decimals");
        line(&machine, "1.5", unit("pair")).problem(422, "too_many_decimals");
        let half = line(&machine, "0.5", unit("dozen")).created();
        assert_eq!((&half["lines"][0]["unit_price"], &half["total"]), (&json!("14400.00"), &json!("7200.00")));
        let at = format!("{}/lines/{}", path(&half), id(&half["lines"][0]));
        s.patch(&at, &half, json!({"quantity": "0.3"})).problem(422, "too_many_decimals");
        let half = s.act(&format!("{}/confirm", path(&half)), &half, json!({})).ok();
        let part = |quantity: &str| s.post("/v1/sales/deliveries", json!({"order_id": half["id"], "lines": [{"order_line_id": half["lines"][0]["id"], "quantity": quantity}]}));
        part("0.3").problem(422, "too_many_decimals");
        let delivery = part("0.25").created();
        let delivery = s.act(&format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
        let back = |quantity: &str| s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "lines": [{"delivery_line_id": delivery["lines"][0]["id"], "quantity": quantity}]}));
        back("0.1").problem(422, "too_many_decimals");
        let back = back("0.25").created();
        let back = s.act(&format!("/v1/sales/returns/{}/authorize", id(&back)), &back, json!({})).ok();
        let receive = |quantity: &str| json!({"lines": [{"return_line_id": back["lines"][0]["id"], "quantity": quantity}]});
        s.act(&format!("/v1/sales/returns/{}/receive", id(&back)), &back, receive("0.2")).problem(422, "too_many_decimals");
        let lines = json!([{"product_id": machine["id"], "quantity_delta": "0.5", "unit_cost": "1"}]);
        let found = json!({"reason": "found", "warehouse_id": books.warehouse["id"], "lines": lines});
        s.post("/v1/inventory/adjustments", found).problem(422, "too_many_decimals");
        let held = json!({"product_id": machine["id"], "warehouse_id": books.warehouse["id"], "quantity": "0.5"});
        s.post("/v1/inventory/reservations", held).problem(422, "too_many_decimals");
        let wished = json!({"company_id": s.company_id(), "name": "Half", "party_id": buyer["id"], "lines": [{"product_id": machine["id"], "quantity": "0.5"}]});
        s.post("/v1/crm/opportunities", wished).problem(422, "too_many_decimals");
        books.verified(s);
    }

    fn the_place_to_ship_to_follows_the_customer(s) {
        let at = |city: &str| json!([{"purpose": "shipping", "primary": true, "address": {"line1": "Dock 1", "city": city, "country": "DE"}}]);
        let party = |name: &str, city: &str| s.post("/v1/directory/parties", json!({"name": name, "is_customer": true, "addresses": at(city)})).created();
        let (one, two) = (party("Kiel Coffee", "Kiel"), party("Rostock Bakery", "Rostock"));
        let order = draft(s, &one, &[]);
        assert_eq!(order["ship_to"]["city"], "Kiel");
        let order = s.patch(&path(&order), &order, json!({"customer_id": two["id"]})).ok();
        assert_eq!(order["ship_to"]["city"], "Rostock");
        let given = json!({"line1": "Dock 9", "city": "Lübeck", "country": "DE"});
        let order = s.patch(&path(&order), &order, json!({"ship_to": given})).ok();
        let order = s.patch(&path(&order), &order, json!({"customer_id": one["id"]})).ok();
        assert_eq!(order["ship_to"]["city"], "Lübeck", "what was said stays");
        let own = json!({"company_id": s.company_id(), "customer_id": one["id"], "exchange_rate": "2"});
        s.post("/v1/sales/orders", own).problem(422, "sales_order.amount_invalid");
    }

    fn what_was_delivered_is_billed_though_product_and_customer_went_out_of_use(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Leaver");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "2")]);
        shipped(s, &order);
        s.act(&format!("/v1/directory/products/{}/archive", id(&p)), &p, json!({})).ok();
        let seen = s.get(&format!("/v1/directory/parties/{}", id(&buyer))).ok();
        s.act(&format!("/v1/directory/parties/{}/archive", id(&buyer)), &seen, json!({})).ok();
        assert_eq!(invoiced(s, &order)["total"], "24.00");
        let line = json!({"product_id": p["id"], "quantity": "1"});
        s.post("/v1/receivables/invoices", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [line]})).problem(409, "party.archived");
        books.verified(s);
    }
}
