//! What is promised to orders: losses, goods that come in, and orders that give up a part.

use serde_json::{Value, json};

use super::{confirmed, draft, goods, invoiced, path, shipped, stock};
use crate::fixtures::{customer, id, opening_stock, ready_to_sell};
use crate::harness::Server;

fn adjusted(s: &Server, warehouse: &Value, reason: &str, line: Value) -> Value {
    let body = json!({"reason": reason, "warehouse_id": warehouse["id"], "lines": [line]});
    let made = s.post("/v1/inventory/adjustments", body).created();
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(&made)), &made, json!({})).ok()
}

fn waiting(s: &Server, buyer: &Value, p: &Value, quantity: &str) -> Value {
    let order = draft(s, buyer, &[(p, quantity)]);
    s.act(&format!("{}/confirm", path(&order)), &order, json!({"allow_backorder": true})).ok()
}

fn reserved(s: &Server, order: &Value) -> String {
    s.get(&path(order)).ok()["lines"][0]["quantity_reserved"].as_str().unwrap().to_string()
}

fn company(s: &Server, change: Value) {
    let at = format!("/v1/directory/companies/{}", s.company_id());
    s.patch(&at, &s.get(&at).ok(), change).ok();
}

each_engine! {
    fn a_loss_takes_promised_goods_from_the_youngest_order(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let p = goods(s, &books.warehouse, "10");
        let (old, young) = (confirmed(s, &buyer, &[(&p, "6")]), confirmed(s, &buyer, &[(&p, "4")]));
        adjusted(s, &books.warehouse, "scrap", json!({"product_id": p["id"], "quantity_delta": "-3"}));
        assert_eq!((stock(s, &p), reserved(s, &old), reserved(s, &young)), (("7".into(), "7".into()), "6".into(), "1".into()));
        books.verified(s);
        adjusted(s, &books.warehouse, "count", json!({"product_id": p["id"], "counted_quantity": "2"}));
        assert_eq!((stock(s, &p), reserved(s, &old), reserved(s, &young)), (("2".into(), "2".into()), "2".into(), "0".into()));
        books.verified(s);
        let more = json!({"reason": "scrap", "warehouse_id": books.warehouse["id"], "lines": [{"product_id": p["id"], "quantity_delta": "-3"}]});
        let more = s.post("/v1/inventory/adjustments", more).created();
        s.act(&format!("/v1/inventory/adjustments/{}/post", id(&more)), &more, json!({})).problem(409, "stock.not_enough");
        opening_stock(s, &books.warehouse, &[(&p, "5", "4")]);
        assert_eq!((reserved(s, &old), reserved(s, &young)), ("6".into(), "1".into()), "the older order is served first");
        shipped(s, &old);
        books.verified(s);
    }

    fn a_confirmed_order_gives_up_a_part(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let p = goods(s, &books.warehouse, "10");
        let order = confirmed(s, &buyer, &[(&p, "10")]);
        let delivery = s.act(&format!("{}/deliver", path(&order)), &order, json!({})).ok();
        let cancel = format!("{}/cancel", path(&order));
        let line = |quantity: &str| json!({"reason": "fewer", "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": quantity}]});
        s.act(&cancel, &order, line("11")).problem(422, "sales_order.line_invalid");
        s.act(&cancel, &order, line("0")).problem(422, "sales_order.line_invalid");
        let less = s.act(&cancel, &order, line("3")).ok();
        assert_eq!((&less["status"], &less["lines"][0]["quantity_cancelled"], &less["lines"][0]["quantity_reserved"]), (&json!("confirmed"), &json!("3"), &json!("7")));
        assert_eq!(stock(s, &p), ("10".into(), "7".into()));
        let gone = s.get(&format!("/v1/sales/deliveries/{}", id(&delivery))).ok();
        assert_eq!(gone["status"], "cancelled", "it would ship more than is left");
        assert_eq!(shipped(s, &order)["lines"][0]["quantity"], "7");
        let whole = confirmed(s, &buyer, &[(&p, "2")]);
        let whole = s.act(&format!("{}/cancel", path(&whole)), &whole, json!({"lines": [{"order_line_id": whole["lines"][0]["id"], "quantity": "2"}]})).ok();
        assert_eq!(whole["status"], "cancelled");
        books.verified(s);
    }

    fn goods_that_come_in_go_to_the_order_that_waits_longest(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let p = goods(s, &books.warehouse, "5");
        let (old, young) = (waiting(s, &buyer, &p, "8"), waiting(s, &buyer, &p, "2"));
        assert_eq!((reserved(s, &old), reserved(s, &young)), ("5".into(), "0".into()));
        opening_stock(s, &books.warehouse, &[(&p, "4", "4")]);
        assert_eq!((reserved(s, &old), reserved(s, &young), stock(s, &p)), ("8".into(), "1".into(), ("9".into(), "9".into())));
        let refused = draft(s, &buyer, &[(&p, "1")]);
        s.act(&format!("{}/confirm", path(&refused)), &refused, json!({})).problem(409, "sales_order.not_enough_stock");
        // what an order gives up serves the next, too
        let now = s.get(&path(&old)).ok();
        s.act(&format!("{}/cancel", path(&old)), &now, json!({})).ok();
        assert_eq!((reserved(s, &young), stock(s, &p)), ("2".into(), ("9".into(), "2".into())));
        shipped(s, &young);
        books.verified(s);
    }

    fn an_order_with_nothing_left_to_do_closes_itself_unless_the_company_says_otherwise(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let p = goods(s, &books.warehouse, "10");
        let open = || s.get(&format!("/v1/directory/parties/{}/360", id(&buyer))).ok()["sales"]["open_order_count"].clone();
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        assert_eq!(open(), 1);
        let delivery = shipped(s, &order);
        let invoice = invoiced(s, &order);
        assert_eq!((&s.get(&path(&order)).ok()["status"], open()), (&json!("closed"), json!(0)));
        // what is credited as a whole can be invoiced again
        let note = s.act(&format!("/v1/receivables/invoices/{}/credit", id(&invoice)), &invoice, json!({})).ok();
        s.act(&format!("/v1/receivables/credit-notes/{}/post", id(&note)), &note, json!({})).ok();
        assert_eq!((&s.get(&path(&order)).ok()["status"], open()), (&json!("confirmed"), json!(1)));
        invoiced(s, &order);
        assert_eq!(s.get(&path(&order)).ok()["status"], "closed");
        // goods come back of a closed order as of any other
        let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": "1"}]);
        let back = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "lines": lines})).created();
        let back = s.act(&format!("/v1/sales/returns/{}/authorize", id(&back)), &back, json!({})).ok();
        s.act(&format!("/v1/sales/returns/{}/receive", id(&back)), &back, json!({"credit": true})).ok();
        books.verified(s);
        company(s, json!({"order_closing": "manual"}));
        let order = confirmed(s, &buyer, &[(&p, "3")]);
        shipped(s, &order);
        invoiced(s, &order);
        let now = s.get(&path(&order)).ok();
        assert_eq!((&now["status"], &now["allowed_actions"], open()), (&json!("confirmed"), &json!(["hold", "close"]), json!(0)), "it has nothing left to do");
        s.act(&format!("{}/close", path(&order)), &now, json!({})).ok();
        books.verified(s);
    }

    fn a_lost_deal_gives_its_draft_order_up(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let lines = json!({"company_id": s.company_id(), "name": "Beans", "party_id": buyer["id"], "amount": "100.00"});
        let deal = s.post("/v1/crm/opportunities", lines).created();
        let at = format!("/v1/crm/opportunities/{}", id(&deal));
        let act = |verb: &str, body: Value| s.act(&format!("{at}/{verb}"), &s.get(&at).ok(), body).ok();
        let orders = || s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&deal)));
        act("win", json!({}));
        assert_eq!(orders()[0]["status"], "draft");
        act("reopen", json!({}));
        act("lose", json!({"reason": "price"}));
        let given_up = orders().remove(0);
        assert_eq!((&given_up["status"], &given_up["allowed_actions"]), (&json!("cancelled"), &json!([])));
        s.act(&format!("{}/confirm", path(&given_up)), &given_up, json!({})).problem(409, "sales_order.not_a_draft");
        act("reopen", json!({}));
        act("win", json!({}));
        let statuses: Vec<Value> = orders().iter().map(|o| o["status"].clone()).collect();
        assert_eq!(statuses.iter().filter(|o| **o == "draft").count(), 1, "{statuses:?}");
        books.verified(s);
    }
}
