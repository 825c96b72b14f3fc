//! Lines of opportunities, and what is available of them.

use serde_json::json;

use crate::crm::common::{act, at, deal, new_deal};
use crate::fixtures::{customer, id, opening_stock, product, warehouse};

each_engine! {
    fn lines_take_name_and_price_of_their_product_and_make_the_amount(s) {
        let (party, machine) = (customer(s, "Alfreds"), product(s, "MACHINE", "1200.00", Some("700.00")));
        let o = deal(s, &party, json!({"lines": [
            {"product_id": machine["id"], "quantity": "2", "discount_percent": "10"},
            {"description": "Installation", "quantity": "1.5", "unit_price": "80"}]}));
        assert_eq!((&o["amount"], &o["amount_source"]), (&json!("2280.00"), &json!("lines")));
        assert_eq!((&o["lines"][0]["description"], &o["lines"][0]["net_amount"]), (&json!("The MACHINE"), &json!("2160.00")));
        assert_eq!((&o["lines"][1]["position"], &o["lines"][1]["product_id"]), (&json!(2), &json!(null)));
        let o = s.patch(&at("opportunities", &o), &o, json!({"lines": [{"description": "Only this", "quantity": "1", "unit_price": "5"}]})).ok();
        assert_eq!((&o["amount"], o["lines"].as_array().unwrap().len()), (&json!("5.00"), 1));
        let o = s.patch(&at("opportunities", &o), &o, json!({"amount_source": "manual", "amount": "7"})).ok();
        assert_eq!(o["amount"], "7.00");
        let o = s.patch(&at("opportunities", &o), &o, json!({"amount_source": "lines"})).ok();
        assert_eq!(o["amount"], "5.00");
        s.patch(&at("opportunities", &o), &o, json!({"amount": "9"})).problem(422, "opportunity.amount_from_lines");
    }

    fn lines_have_operations_of_their_own(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({}));
        let lines = format!("{}/lines", at("opportunities", &o));
        let a = s.request("POST", &lines).if_match(&o).json(&json!({"description": "A", "quantity": "1", "unit_price": "10"})).send().created();
        let b = s.request("POST", &lines).if_match(&a).json(&json!({"description": "B", "quantity": "2", "unit_price": "10"})).send().created();
        assert_eq!((&b["position"], &b["version"]), (&json!(2), &json!(3)));
        assert_eq!(s.get(&at("opportunities", &o)).ok()["amount"], "30.00");
        let path = format!("{lines}/{}", id(&b));
        assert_eq!(s.get(&path).ok(), b);
        s.patch(&path, 1, json!({"quantity": "3"})).problem(412, "precondition_failed");
        let b = s.patch(&path, &b, json!({"quantity": "3"})).ok();
        assert_eq!((&b["net_amount"], &b["version"]), (&json!("30.00"), &json!(4)));
        s.patch(&path, &b, json!({"quantity": "0"})).problem(422, "opportunity_line.no_quantity");
        s.delete(&format!("{lines}/{}", id(&a)), &b).no_content();
        let left = s.all(&lines);
        assert_eq!((left.len(), &left[0]["position"], &left[0]["description"]), (1, &json!(1), &json!("B")));
        assert_eq!(s.get(&at("opportunities", &o)).ok()["amount"], "30.00");
        s.get(&format!("{lines}/{}", id(&a))).problem(404, "not_found");
    }

    fn what_makes_no_line_is_refused_at_its_place(s) {
        let party = customer(s, "Alfreds");
        let priceless = s.post("/v1/directory/products", json!({"sku": "X", "name": "X", "unit_id": crate::fixtures::each(s)["id"]})).created();
        let gone = product(s, "GONE", "5", None);
        let gone = s.act(&format!("/v1/directory/products/{}/archive", id(&gone)), &gone, json!({})).ok();
        for (line, status, code, place) in [
            (json!({"quantity": "1", "unit_price": "1"}), 422, "opportunity_line.empty", "/description"),
            (json!({"description": "x", "quantity": "1"}), 422, "opportunity_line.price_missing", "/unit_price"),
            (json!({"product_id": priceless["id"], "quantity": "1"}), 422, "opportunity_line.price_missing", "/unit_price"),
            (json!({"description": "x", "quantity": "0", "unit_price": "1"}), 422, "opportunity_line.no_quantity", "/quantity"),
            (json!({"description": "x", "quantity": "1", "unit_price": "-1"}), 422, "opportunity_line.negative_price", "/unit_price"),
            (json!({"description": "x", "quantity": "1", "unit_price": "1", "discount_percent": "101"}), 422, "opportunity.not_a_percentage", "/discount_percent"),
            (json!({"product_id": "prd_00000000000000000000000000", "quantity": "1"}), 422, "unknown_reference", "/product_id"),
            (json!({"product_id": gone["id"], "quantity": "1"}), 409, "product.archived", "/product_id"),
        ] {
            let good = json!({"description": "x", "quantity": "1", "unit_price": "1"});
            let problem = s.post("/v1/crm/opportunities", new_deal(s, &party, json!({"lines": [good, line]}))).problem(status, code);
            assert_eq!(problem["errors"][0]["pointer"], format!("/lines/1{place}"), "{problem}");
        }
        let won = deal(s, &party, json!({}));
        let won = act(s, "opportunities", &won, "win", json!({}));
        let lines = format!("{}/lines", at("opportunities", &won));
        s.request("POST", &lines).if_match(&won).json(&json!({"description": "x", "quantity": "1", "unit_price": "1"})).send().problem(409, "opportunity.not_open");
    }

    fn a_price_in_another_currency_is_not_taken(s) {
        let (party, machine) = (customer(s, "Alfreds"), product(s, "MACHINE", "1200.00", Some("700.00")));
        let body = new_deal(s, &party, json!({"currency": "USD", "lines": [{"product_id": machine["id"], "quantity": "1"}]}));
        s.post("/v1/crm/opportunities", body).problem(422, "opportunity_line.price_missing");
        let o = deal(s, &party, json!({"currency": "JPY", "lines": [{"product_id": machine["id"], "quantity": "3", "unit_price": "33.335"}]}));
        assert_eq!(o["amount"], "100.00", "yen have no decimals");
    }

    fn a_deal_has_at_most_five_hundred_lines(s) {
        let party = customer(s, "Alfreds");
        let lines: Vec<_> = (0..500).map(|_| json!({"description": "x", "quantity": "1", "unit_price": "1"})).collect();
        let o = deal(s, &party, json!({"lines": lines}));
        assert_eq!(o["amount"], "500.00");
        let path = format!("{}/lines", at("opportunities", &o));
        s.request("POST", &path).if_match(&o).json(&json!({"description": "x", "quantity": "1", "unit_price": "1"})).send().problem(422, "opportunity.too_many_lines");
    }

    fn lines_say_what_is_available_now(s) {
        let party = customer(s, "Alfreds");
        let (beans, visit, none) = (product(s, "BEANS", "15", Some("6")), product(s, "VISIT", "90", None), product(s, "NONE", "1", Some("1")));
        let house = warehouse(s);
        opening_stock(s, &house, &[(&beans, "100", "6.00")]);
        let line = |p: &serde_json::Value| json!({"product_id": p["id"], "quantity": "1"});
        let o = deal(s, &party, json!({"lines": [line(&beans), line(&visit), line(&none)]}));
        let available = |o: &serde_json::Value| o["lines"].as_array().unwrap().iter().map(|l| l["available"].clone()).collect::<Vec<_>>();
        assert_eq!(available(&o), [json!("100"), json!(null), json!("0")], "the answer to the creation says so, too");
        assert_eq!(available(&s.get(&at("opportunities", &o)).ok()), [json!("100"), json!(null), json!("0")]);
        let more = s.request("POST", &format!("{}/lines", at("opportunities", &o))).if_match(&o).json(&line(&beans)).send().created();
        assert_eq!(more["available"], "100");
        let listed = s.all(&format!("{}/lines", at("opportunities", &o)));
        assert_eq!(listed[0]["available"], "100");
    }
}
