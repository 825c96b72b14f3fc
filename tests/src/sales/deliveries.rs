//! Goods on their way: partial shipments, what they cost, and what cannot leave.

use serde_json::{Value, json};

use super::{confirmed, draft, goods, path, stock};
use crate::fixtures::{customer, id, money, ready_to_sell};
use crate::harness::Server;

fn part(s: &Server, order: &Value, line: usize, quantity: &str) -> crate::harness::Answer {
    s.post(
        "/v1/sales/deliveries",
        json!({"order_id": order["id"], "lines": [{"order_line_id": order["lines"][line]["id"], "quantity": quantity}]}),
    )
}

fn ship(s: &Server, delivery: &Value) -> crate::harness::Answer {
    s.act(&format!("/v1/sales/deliveries/{}/ship", id(delivery)), delivery, json!({}))
}

each_engine! {
    fn an_order_ships_in_parts_at_the_moving_average(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Parts");
        let p = goods(s, &books.warehouse, "10");
        let cogs = books.trial_balance(s, "2026-12-31").of("5010");
        let order = confirmed(s, &buyer, &[(&p, "6")]);
        let first = part(s, &order, 0, "2").created();
        let first = ship(s, &first).ok();
        assert_eq!((&first["status"], &first["cost_total"], &first["lines"][0]["unit_cost"]), (&json!("shipped"), &json!("8.00"), &json!("4.00")));
        assert!(first["number"].as_str().unwrap().starts_with("DLV-"));
        assert_eq!(stock(s, &p), ("8".into(), "4".into()));
        let now = s.get(&path(&order)).ok();
        assert_eq!((&now["fulfilment_status"], &now["lines"][0]["quantity_shipped"], &now["lines"][0]["quantity_reserved"]), (&json!("partially_shipped"), &json!("2"), &json!("4")));
        part(s, &order, 0, "5").problem(409, "delivery.over_ordered");
        let rest = part(s, &order, 0, "4").created();
        let twice = part(s, &order, 0, "4").created();
        ship(s, &rest).ok();
        ship(s, &twice).problem(409, "delivery.over_ordered");
        assert_eq!(stock(s, &p), ("4".into(), "0".into()));
        assert_eq!(books.trial_balance(s, "2026-12-31").of("5010") - cogs, 24.into());
        let entry = s.get(&format!("/v1/accounting/journal-entries/{}", first["journal_entry_id"].as_str().unwrap())).ok();
        assert_eq!((&entry["source"], &entry["total"]), (&first["id"], &json!("8.00")));
        let moves = s.all(&format!("/v1/inventory/moves?source_id={}", id(&first)));
        assert_eq!((moves.len(), &moves[0]["quantity"]), (1, &json!("2")));
        let trace = s.get(&format!("/v1/platform/trace/{}", id(&order))).ok().to_string();
        assert!(trace.contains(id(&first)) && trace.contains(first["journal_entry_id"].as_str().unwrap()), "{trace}");
        let explained = s.get(&format!("/v1/platform/explain/{}", id(&first))).ok();
        assert_eq!(explained["value"], "8.00");
        assert_eq!(money(&s.get(&path(&order)).ok()["unshipped_amount"]), 0.into());
        books.verified(s);
    }

    fn a_draft_delivery_changes_and_is_cancelled(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Parts");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "6")]);
        let delivery = s.act(&format!("{}/deliver", path(&order)), &order, json!({"carrier": "Bicycle"})).ok();
        assert_eq!((&delivery["status"], &delivery["lines"][0]["quantity"], &delivery["carrier"]), (&json!("draft"), &json!("6"), &json!("Bicycle")));
        let at = format!("/v1/sales/deliveries/{}", id(&delivery));
        let delivery = s.patch(&at, &delivery, json!({"tracking_number": "TR-1", "carrier": null})).ok();
        assert_eq!((&delivery["tracking_number"], &delivery["carrier"]), (&json!("TR-1"), &Value::Null));
        let would = s.act(&format!("{at}/ship?dry_run=true"), &delivery, json!({})).ok();
        assert_eq!(would["status"], "shipped");
        assert_eq!(stock(s, &p), ("10".into(), "6".into()), "a dry run leaves no trace");
        let gone = s.act(&format!("{at}/cancel"), &delivery, json!({})).ok();
        assert_eq!(gone["status"], "cancelled");
        s.act(&format!("{at}/ship"), &gone, json!({})).problem(409, "delivery.not_a_draft");
        assert_eq!(stock(s, &p), ("10".into(), "6".into()));
    }

    fn one_order_shipped_by_many_at_once_leaves_once(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Rush");
        let p = goods(s, &books.warehouse, "50");
        let order = confirmed(s, &buyer, &[(&p, "5")]);
        let drafts: Vec<Value> = (0..8).map(|_| part(s, &order, 0, "5").created()).collect();
        let answers = s.parallel(8, |i, c| c.act(&format!("/v1/sales/deliveries/{}/ship", id(&drafts[i])), &drafts[i], json!({})).status);
        assert_eq!(answers.iter().filter(|a| **a == 200).count(), 1, "{answers:?}");
        assert_eq!(stock(s, &p), ("45".into(), "0".into()));
        books.verified(s);
    }

    fn only_goods_of_a_confirmed_order_are_delivered(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Parts");
        let order = draft(s, &buyer, &[(&books.product("BEANS"), "1")]);
        s.post("/v1/sales/deliveries", json!({"order_id": order["id"]})).problem(409, "sales_order.not_confirmed");
        let order = confirmed(s, &buyer, &[(&books.product("VISIT"), "1")]);
        assert_eq!(order["fulfilment_status"], "shipped", "nothing is left to ship");
        s.post("/v1/sales/deliveries", json!({"order_id": order["id"]})).problem(409, "sales_order.nothing_to_ship");
        part(s, &order, 0, "1").problem(422, "delivery.line_invalid");
    }
}
