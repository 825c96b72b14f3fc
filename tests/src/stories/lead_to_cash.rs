//! A stranger asks for an offer, becomes a customer, gets the goods in two parts and pays. Every step is tried dry
//! first and must leave no trace; at the end the books, the stock and the story told by the documents agree.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::fixtures::{self, id, money};
use crate::harness::{Answer, Server};

/// The number of facts that callers told so far; what the clock does beside them is not theirs. The feed would show them
/// a moment later, when they have their place.
fn facts(s: &Server) -> usize {
    s.all("/v1/platform/audit-log").iter().filter(|fact| fact["actor"] != "system").count()
}

/// An action, first dry and then in earnest. The dry run must answer like the real one and leave no trace.
fn act(s: &Server, path: &str, version: &Value, body: Value) -> Answer {
    let before = facts(s);
    let sent = |path: &str| {
        let request = s.request("POST", path).if_match(version);
        if body.as_object().is_none_or(|o| o.is_empty()) { request.send() } else { request.json(&body).send() }
    };
    let dry = sent(&format!("{path}?dry_run=true"));
    assert!((200..300).contains(&dry.status), "{}", dry.whole());
    assert_eq!(dry.header("dry-run"), Some("true"), "{}", dry.whole());
    assert_eq!(facts(s), before, "the dry run left a trace: {}", dry.whole());
    let real = sent(path);
    assert_eq!(real.header("dry-run"), None);
    if let (Some(tried), Some(done)) = (dry.json().as_object(), real.json().as_object()) {
        let names = |o: &serde_json::Map<String, Value>| o.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(tried), names(done), "the dry run answers in another form");
        assert_eq!(tried.get("status"), done.get("status"), "the dry run ends in another state");
    }
    real
}

/// What is on hand and reserved of a product, over all places.
fn stock(s: &Server, product: &Value) -> (Decimal, Decimal) {
    let rows = s.all(&format!("/v1/inventory/stock?product_id={}", id(product)));
    (rows.iter().map(|r| money(&r["on_hand"])).sum(), rows.iter().map(|r| money(&r["reserved"])).sum())
}

each_engine! {
    fn a_lead_becomes_cash_and_everything_agrees(s) {
        s.at("2026-03-02T09:00:00Z");
        let books = fixtures::ready_to_sell(s);
        let machine = books.product("MACHINE");
        let beans = books.product("BEANS");
        let visit = books.product("VISIT");

        // somebody asks at a fair and turns out to be serious
        let lead = s.post("/v1/crm/leads", json!({
            "company_id": s.company["id"], "first_name": "Ana", "last_name": "Trujillo",
            "organisation_name": "Emparedados y helados", "email": "ana@emparedados.example", "source": "trade fair",
        })).created();
        let lead = act(s, &format!("/v1/crm/leads/{}/qualify", id(&lead)), &lead, json!({})).ok();
        let conversion = act(s, &format!("/v1/crm/leads/{}/convert", id(&lead)), &lead, json!({"opportunity": {"name": "First shop"}})).ok();
        assert_eq!(conversion["lead"]["status"], "converted");
        let customer = s.get(&format!("/v1/directory/parties/{}", conversion["party_id"].as_str().unwrap())).ok();
        assert_eq!(customer["name"], "Emparedados y helados");
        let deal_path = format!("/v1/crm/opportunities/{}", conversion["opportunity_id"].as_str().unwrap());

        // the offer: two machines, twelve bags of beans at five percent off, one visit; the seller sees what is in stock
        for (product, quantity, discount) in [(&machine, "2", "0"), (&beans, "12", "5"), (&visit, "1", "0")] {
            let deal = s.get(&deal_path).ok();
            let line = json!({"product_id": product["id"], "quantity": quantity, "discount_percent": discount});
            s.request("POST", &format!("{deal_path}/lines")).if_match(&deal).json(&line).send().created();
        }
        let deal = s.get(&deal_path).ok();
        let line_of = |doc: &Value, product: &Value| doc["lines"].as_array().unwrap().iter().find(|l| l["product_id"] == product["id"]).unwrap().clone();
        assert_eq!(line_of(&deal, &machine)["available"], "10");
        assert_eq!(line_of(&deal, &beans)["available"], "100");
        // 2 × 1200 + 12 × 15 less 5 % + 90
        assert_eq!(money(&deal["amount"]), money(&json!("2661.00")));

        // won: the order is drafted in the same transaction, from the deal's lines
        let deal = act(s, &format!("{deal_path}/win"), &deal, json!({})).ok();
        assert_eq!(deal["status"], "won");
        let orders = s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&deal)));
        assert_eq!(orders.len(), 1, "{orders:?}");
        let order_path = format!("/v1/sales/orders/{}", id(&orders[0]));
        let order = s.get(&order_path).ok();
        assert_eq!((&order["status"], &order["number"]), (&json!("draft"), &Value::Null));
        assert_eq!(order["customer_id"], customer["id"]);
        assert_eq!(money(&order["net_total"]), money(&json!("2661.00")));

        // confirming gives it a number and holds the goods back
        let order = act(s, &format!("{order_path}/confirm"), &order, json!({})).ok();
        assert_eq!(order["status"], "confirmed");
        assert!(order["number"].is_string());
        assert_eq!(stock(s, &machine), (10.into(), 2.into()));
        assert_eq!(stock(s, &beans), (100.into(), 12.into()));

        // one machine goes first, at what it cost
        let part = json!({"order_id": order["id"], "lines": [{"order_line_id": line_of(&order, &machine)["id"], "quantity": "1"}]});
        let delivery = s.post("/v1/sales/deliveries", part).created();
        let delivery = act(s, &format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
        assert_eq!(money(&delivery["cost_total"]), 700.into());
        assert_eq!(stock(s, &machine), (9.into(), 1.into()));
        let order = s.get(&order_path).ok();
        assert_eq!(order["fulfilment_status"], "partially_shipped");

        // then the rest
        act(s, &format!("{order_path}/deliver"), &order, json!({"ship": true})).expect(200);
        assert_eq!(stock(s, &machine), (8.into(), 0.into()));
        assert_eq!(stock(s, &beans), (88.into(), 0.into()));

        // the invoice: a draft without a number, then a number without a gap
        let order = s.get(&order_path).ok();
        let draft = act(s, &format!("{order_path}/invoice"), &order, json!({})).ok();
        assert_eq!(draft["number"], Value::Null);
        let invoice_path = format!("/v1/receivables/invoices/{}", id(&draft));
        let draft = s.get(&invoice_path).ok();
        let invoice = act(s, &format!("{invoice_path}/post"), &draft, json!({})).ok();
        assert!(invoice["number"].as_str().is_some_and(|n| n.ends_with("-2026-00001")), "{}", invoice["number"]);
        assert_eq!(money(&invoice["net"]), money(&json!("2661.00")));
        assert_eq!(money(&invoice["total"]), money(&invoice["net"]) + money(&invoice["tax"]));
        assert_eq!(invoice["outstanding"], invoice["total"]);

        // it is paid
        s.at("2026-03-20T09:00:00Z");
        let payment = s.post("/v1/banking/payments", books.payment(&customer, &invoice["total"])).created();
        let payment = act(s, &format!("/v1/banking/payments/{}/post", id(&payment)), &payment, json!({})).ok();
        let to = json!({"invoice_id": invoice["id"], "amount": invoice["total"]});
        act(s, &format!("/v1/banking/payments/{}/allocate", id(&payment)), &payment, to).ok();
        let invoice = s.get(&invoice_path).ok();
        assert_eq!((&invoice["status"], money(&invoice["outstanding"])), (&json!("paid"), Decimal::ZERO));

        // the books agree: revenue as invoiced, cost as delivered, nothing owed
        let balance = books.trial_balance(s, "2026-03-31");
        assert_eq!(balance.debit, balance.credit);
        assert_eq!(balance.of("1100"), Decimal::ZERO);
        assert_eq!(balance.of("4010") + balance.of("4020"), -money(&json!("2661.00")));
        assert_eq!(balance.of("5010") + balance.of("5020"), money(&json!("1472.00")), "2 × 700 + 12 × 6");
        assert_eq!(balance.of("2100"), -money(&invoice["tax"]));
        assert_eq!(balance.of("1030"), money(&invoice["total"]));
        assert_eq!(balance.inventory(), books.stock_value(s), "the value of the stock is the inventory accounts");
        books.verified(s);

        // every document knows its neighbours and its entries
        let trace = s.get(&format!("/v1/platform/trace/{}", id(&order))).ok().to_string();
        for document in [&deal, &delivery, &invoice, &payment] {
            assert!(trace.contains(id(document)), "{} is missing in {trace}", id(document));
        }
        for entry in [&delivery["journal_entry_id"], &invoice["journal_entry_id"]] {
            assert!(trace.contains(entry.as_str().unwrap()), "{entry} is missing in {trace}");
        }
        // and can say how its figures came about
        let explained = s.get(&format!("/v1/platform/explain/{}", id(&invoice))).ok();
        assert!(explained.to_string().contains("2661"), "{explained}");

        // one call shows all of the customer
        let all = s.get(&format!("/v1/directory/parties/{}/360", id(&customer))).ok();
        assert_eq!(all["party"]["id"], customer["id"]);
        for part in ["crm", "sales", "finance"] {
            assert!(all[part].is_object(), "{part} is missing in {all:#}");
        }
        let timeline = s.all(&format!("/v1/directory/parties/{}/timeline", id(&customer)));
        for kind in ["opportunity.won", "sales_order.confirmed", "delivery.shipped", "invoice.posted", "payment.posted"] {
            assert!(timeline.iter().any(|e| e["kind"] == kind), "{kind} is missing in {timeline:?}");
        }
    }
}
