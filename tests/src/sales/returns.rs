//! Goods that come back, at what they cost when they left.

use serde_json::{Value, json};

use super::{confirmed, goods, invoiced, path, shipped, stock};
use crate::fixtures::{customer, id, opening_stock, ready_to_sell};
use crate::harness::Server;

const RETURNS: &str = "/v1/sales/returns";

fn announced(s: &Server, delivery: &Value, quantity: &str) -> Value {
    let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": quantity}]);
    let made = s.post(RETURNS, json!({"delivery_id": delivery["id"], "reason": "too many", "lines": lines})).created();
    s.act(&format!("{RETURNS}/{}/authorize", id(&made)), &made, json!({})).ok()
}

fn receive(s: &Server, of: &Value, body: Value) -> crate::harness::Answer {
    s.act(&format!("{RETURNS}/{}/receive", id(of)), of, body)
}

each_engine! {
    fn goods_come_back_at_the_cost_at_which_they_left(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Returner");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        let delivery = shipped(s, &order);
        // dearer goods come in meanwhile: the average changes, the return does not
        opening_stock(s, &books.warehouse, &[(&p, "7", "8")]);
        let before = books.trial_balance(s, "2026-12-31");
        let back = announced(s, &delivery, "2");
        assert!(back["number"].as_str().unwrap().starts_with("RET-"));
        let line = back["lines"][0]["id"].clone();
        let back = receive(s, &back, json!({"lines": [{"return_line_id": line, "quantity": "1"}]})).ok();
        assert_eq!((&back["status"], &back["cost_total"]), (&json!("partially_received"), &json!("4.00")));
        assert_eq!(stock(s, &p), ("15".into(), "0".into()));
        let back = receive(s, &back, json!({"lines": [{"return_line_id": line, "quantity": "1", "resaleable": false}]})).ok();
        assert_eq!((&back["status"], &back["lines"][0]["quantity_restocked"], &back["cost_total"]), (&json!("received"), &json!("1"), &json!("8.00")));
        assert_eq!(stock(s, &p), ("15".into(), "0".into()), "what cannot be sold again goes to scrap");
        let after = books.trial_balance(s, "2026-12-31");
        let change = |account: &str| (after.of(account) - before.of(account)).to_string();
        assert_eq!((change("5010").as_str(), change("5210").as_str(), change("1230").as_str()), ("-8.00", "4.00", "4.00"));
        let now = s.get(&path(&order)).ok();
        assert_eq!(now["lines"][0]["quantity_returned"], "2");
        let invoice = invoiced(s, &order);
        assert_eq!(invoice["lines"][0]["quantity"], "1", "what came back is not invoiced");
        receive(s, &back, json!({})).problem(409, "customer_return.wrong_state");
        s.act(&format!("{RETURNS}/{}/credit", id(&back)), &back, json!({})).problem(409, "customer_return.nothing_to_credit");
        books.verified(s);
    }

    fn what_was_invoiced_is_credited(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Returner");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        let delivery = shipped(s, &order);
        let invoice = invoiced(s, &order);
        let back = announced(s, &delivery, "2");
        let back = receive(s, &back, json!({"credit": true})).ok();
        assert_eq!(back["lines"][0]["quantity_credited"], "2");
        let notes = s.all(&format!("/v1/receivables/credit-notes?invoice_id={}", id(&invoice)));
        assert_eq!((notes.len(), &notes[0]["net"]), (1, &json!("20.00")));
        s.act(&format!("/v1/receivables/credit-notes/{}/post", id(&notes[0])), &notes[0], json!({})).ok();
        let now = s.get(&path(&order)).ok();
        assert_eq!((&now["lines"][0]["quantity_invoiced"], &now["billing_status"]), (&json!("1"), &json!("billed")));
        books.verified(s);
    }

    fn no_more_comes_back_than_was_delivered_and_a_return_can_be_refused(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Returner");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        let delivery = shipped(s, &order);
        let line = &delivery["lines"][0]["id"];
        let too_many = json!({"delivery_id": delivery["id"], "lines": [{"delivery_line_id": line, "quantity": "4"}]});
        s.post(RETURNS, too_many).problem(409, "customer_return.more_than_delivered");
        let (one, two) = (announced(s, &delivery, "3"), announced(s, &delivery, "3"));
        receive(s, &one, json!({})).ok();
        receive(s, &two, json!({})).problem(409, "customer_return.more_than_delivered");
        let two = s.act(&format!("{RETURNS}/{}/reject", id(&two)), &two, json!({"reason": "came already"})).ok();
        assert_eq!((&two["status"], &two["reason"]), (&json!("rejected"), &json!("came already")));
        receive(s, &two, json!({})).problem(409, "customer_return.wrong_state");
        books.verified(s);
    }

    fn a_return_can_be_credited_after_it_came_in_and_only_once(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Returner");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        let delivery = shipped(s, &order);
        let invoice = invoiced(s, &order);
        let back = receive(s, &announced(s, &delivery, "2"), json!({})).ok();
        assert_eq!(back["lines"][0]["quantity_credited"], "0");
        let credit = format!("{RETURNS}/{}/credit", id(&back));
        let notes = s.act(&credit, &back, json!({"reason": "Ordered twice"})).ok()["credit_notes"].clone();
        assert_eq!((&notes[0]["invoice_id"], &notes[0]["net"], &notes[0]["reason"]), (&invoice["id"], &json!("20.00"), &json!("Ordered twice")));
        let back = s.get(&format!("{RETURNS}/{}", id(&back))).ok();
        assert_eq!(back["lines"][0]["quantity_credited"], "2");
        s.act(&credit, &back, json!({})).problem(409, "customer_return.nothing_to_credit");
        books.verified(s);
    }
}

each_engine! {
    fn returns_of_an_order_billed_by_two_invoices_are_all_credited(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Returner");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "4")]);
        let half = |_: u8| {
            let body = json!({"order_id": order["id"], "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": "2"}]});
            let made = s.post("/v1/sales/deliveries", body).created();
            let delivery = s.act(&format!("/v1/sales/deliveries/{}/ship", id(&made)), &made, json!({})).ok();
            (delivery, invoiced(s, &order))
        };
        let (first, second) = (half(1), half(2));
        let mut billed = Vec::new();
        for (delivery, _) in [&second, &first] {
            let back = receive(s, &announced(s, delivery, "2"), json!({})).ok();
            assert_eq!((&back["lines"][0]["quantity_creditable"], &back["allowed_actions"]), (&json!("2"), &json!(["credit"])));
            let made = s.act(&format!("{RETURNS}/{}/credit", id(&back)), &back, json!({})).ok();
            for note in made["credit_notes"].as_array().unwrap() {
                s.act(&format!("/v1/receivables/credit-notes/{}/post", id(note)), note, json!({})).ok();
                billed.push(note["invoice_id"].clone());
            }
        }
        assert_eq!(billed, [second.1["id"].clone(), first.1["id"].clone()]);
        assert_eq!(s.get(&path(&order)).ok()["lines"][0]["quantity_invoiced"], "0");
        books.verified(s);
    }

    fn what_stood_on_a_deleted_credit_note_is_credited_again(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Returner");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        let delivery = shipped(s, &order);
        invoiced(s, &order);
        let back = receive(s, &announced(s, &delivery, "2"), json!({"credit": true})).ok();
        assert_eq!((&back["lines"][0]["quantity_credited"], &back["allowed_actions"]), (&json!("2"), &json!([])));
        let at = format!("{RETURNS}/{}", id(&back));
        let note = s.all("/v1/receivables/credit-notes?status=draft").remove(0);
        s.act(&format!("{at}/credit"), &back, json!({})).problem(409, "customer_return.nothing_to_credit");
        s.delete(&format!("/v1/receivables/credit-notes/{}", id(&note)), &note).no_content();
        let back = s.get(&at).ok();
        assert_eq!((&back["lines"][0]["quantity_credited"], &back["lines"][0]["quantity_creditable"]), (&json!("0"), &json!("2")));
        let made = s.act(&format!("{at}/credit"), &back, json!({})).ok();
        assert_eq!(made["credit_notes"][0]["net"], "20.00");
        books.verified(s);
    }

    fn every_quantity_says_its_unit(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Dozens");
        let p = goods(s, &books.warehouse, "30");
        let units = s.all("/v1/directory/units");
        let dozen = match units.iter().find(|u| u["code"] == "dozen") {
            Some(u) => u.clone(),
            None => {
                let each = crate::fixtures::each(s);
                s.post("/v1/directory/units", json!({"code": "dozen", "name": "Dozen", "category": each["category"], "numerator": "12"})).created()
            }
        };
        let line = json!({"product_id": p["id"], "quantity": "2", "unit_id": dozen["id"], "unit_price": "100"});
        let order = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [line]})).created();
        let order = s.act(&format!("{}/confirm", path(&order)), &order, json!({})).ok();
        let made = s.act(&format!("{}/deliver", path(&order)), &order, json!({})).ok();
        let delivery = s.act(&format!("/v1/sales/deliveries/{}/ship", id(&made)), &made, json!({"delivery_date": "2026-01-01"}));
        delivery.problem(409, "delivery.not_enough_stock");
        let delivery = s.act(&format!("/v1/sales/deliveries/{}/ship", id(&made)), &made, json!({"delivery_date": "2026-01-02"})).ok();
        let invoice = invoiced(s, &order);
        let back = announced(s, &delivery, "1");
        for document in [&order, &delivery, &invoice, &back] {
            assert_eq!(document["lines"][0]["unit_id"], dozen["id"], "{document}");
        }
        let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [{"product_id": p["id"], "quantity": "1"}]});
        assert_eq!(s.post("/v1/receivables/invoices", body).created()["lines"][0]["unit_id"], p["unit_id"]);
        let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [{"product_id": p["id"], "quantity": "1", "unit_id": dozen["id"]}]});
        s.post("/v1/receivables/invoices", body).problem(422, "invoice.no_price");
    }
}
