//! Budgets that hold growth: how many SQL statements an operation takes inside its transaction. They may only fall.

use serde_json::{Value, json};

use crate::crm::common::{act, deal};
use crate::fixtures::{Books, customer, id, ready_to_sell, verified};
use crate::harness::{Engine, Server};
use crate::marketing::attribution_models::touch;

/// The statements of the last run of an operation.
fn statements(s: &Server, op: &str) -> Vec<String> {
    s.running().app.statements.lock().as_ref().and_then(|kept| kept.get(op).cloned()).unwrap_or_else(|| panic!("{op} was not run"))
}

/// Operation and budgets on PostgreSQL and on SQLite, for an order of five lines.
const ORDER_TO_CASH: [(&str, usize, usize); 7] = [
    ("create_sales_order", 8, 10),
    ("confirm_sales_order", 10, 13),
    ("deliver_sales_order", 23, 33),
    ("invoice_sales_order", 9, 11),
    ("post_invoice", 19, 26),
    ("create_payment", 6, 7),
    ("post_payment", 19, 25),
];

each_engine! {
    fn an_order_to_cash_stays_within_its_statements(s) {
        let books = ready_to_sell(s);
        let party = customer(s, "Beans");
        *s.running().app.statements.lock() = Some(Default::default());
        // the second time: some things are made once and for all
        for _ in 0..2 {
            order_to_cash(s, &books, &party);
        }
        let mut over = Vec::new();
        for (op, on_postgres, on_sqlite) in ORDER_TO_CASH {
            let budget = if s.engine == Engine::Postgres { on_postgres } else { on_sqlite };
            let texts = statements(s, op);
            eprintln!("{:?} {op}: {} of {budget}", s.engine, texts.len());
            if texts.len() > budget {
                over.push(format!("{op} takes {} statements, its budget is {budget}:\n  {}", texts.len(), texts.join("\n  ")));
            }
        }
        assert!(over.is_empty(), "{}", over.join("\n"));
        // every order, invoice and payment of a company takes its number from one row: what others wait for is locked before
        for (op, before) in [
            ("confirm_sales_order", &["stock_levels", "sales_order_lines"][..]),
            ("post_invoice", &["account_balances", "sales_order_lines"][..]),
            ("post_payment", &["account_balances", "allocations"][..]),
        ] {
            let texts = statements(s, op);
            let first = texts.iter().position(|t| t.contains("INTO number_series")).unwrap();
            for table in before {
                let last = texts.iter().rposition(|t| t.contains(table)).unwrap();
                assert!(last < first, "{op} takes a number before it is done with {table}:\n  {}", texts.join("\n  "));
            }
        }
    }

    fn every_document_takes_its_number_when_all_else_is_done(s) {
        let books = ready_to_sell(s);
        let party = customer(s, "Beans");
        *s.running().app.statements.lock() = Some(Default::default());
        numbered_documents(s, &books, &party);
        // what may follow: the row itself and its parts, its open items, and the facts
        for (op, own) in [
            ("ship_delivery", "deliveries"),
            ("deliver_sales_order", "deliver"),
            ("post_credit_note", "credit_notes"),
            ("authorize_customer_return", "customer_returns"),
            ("post_stock_adjustment", "stock_adjustments"),
            ("send_quote", "quotes"),
            ("create_case", "case"),
        ] {
            let texts = statements(s, op);
            let last = texts.iter().rposition(|t| t.contains("INTO number_series")).unwrap_or_else(|| panic!("{op} takes no number"));
            let may_follow = [own, "open_items", "INTO events", "INTO event_links", "INTO links"];
            let late: Vec<_> = texts[last + 1..].iter().filter(|t| !may_follow.iter().any(|table| t.contains(table))).collect();
            assert!(late.is_empty(), "{op} does this after its number is taken: {late:#?}");
        }
        verified(s);
    }

    fn the_hundredth_invoice_of_a_deal_costs_attribution_what_the_first_did(s) {
        s.at("2026-03-10T09:00:00Z");
        let books = ready_to_sell(s);
        let party = customer(s, "Beans");
        for (day, campaign) in [("2026-02-20", "winter"), ("2026-03-01", "spring")] {
            touch(s, &party, &format!("{day}T09:00:00Z"), json!({"campaign": campaign}));
        }
        let d = deal(s, &party, json!({"amount": "5000"}));
        act(s, "opportunities", &d, "win", json!({}));
        let order = s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&d))).remove(0);
        let path = format!("/v1/sales/orders/{}", id(&order));
        let line = json!({"product_id": books.product("VISIT")["id"], "quantity": "100"});
        s.request("POST", &format!("{path}/lines")).if_match(&order).json(&line).send().created();
        let order = s.act(&format!("{path}/confirm"), &s.get(&path).ok(), json!({})).ok();
        let line = order["lines"].as_array().unwrap().iter().find(|l| l["quantity"] == "100").unwrap()["id"].clone();
        s.followed();
        *s.running().app.statements.lock() = Some(Default::default());
        let mut costs = Vec::new();
        for n in 0..100 {
            let day = format!("2026-03-{:02}", 1 + n / 10);
            let line = json!({"description": "Visit", "unit_price": "50", "quantity": "1", "order_line_id": line, "tax_code_ids": []});
            let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "order_id": order["id"], "invoice_date": day, "lines": [line]});
            let made = s.post("/v1/receivables/invoices", body).created();
            s.act(&format!("/v1/receivables/invoices/{}/post", id(&made)), &made, json!({})).ok();
            s.followed();
            costs.push(statements(s, "marketing.attribution invoice.posted"));
        }
        let counts: Vec<usize> = costs.iter().map(Vec::len).collect();
        let (first, last) = (&costs[0], &costs[99]);
        assert_eq!(last.len(), first.len(), "{counts:?}\nfirst:\n  {}\nlast:\n  {}", first.join("\n  "), last.join("\n  "));
        assert!(counts.iter().all(|n| *n <= first.len()), "{counts:?}");
        verified(s);
    }
}

/// One of each document that takes a number without gaps, but for those of [`order_to_cash`].
fn numbered_documents(s: &Server, books: &Books, party: &Value) {
    let line = json!({"product_id": books.product("BEANS")["id"], "quantity": "2"});
    let order = || {
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [line]});
        let order = s.post("/v1/sales/orders", body).created();
        s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok()
    };
    let first = order();
    let delivery = s.post("/v1/sales/deliveries", json!({"order_id": first["id"]})).created();
    let delivery = s.act(&format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
    assert!(delivery["number"].as_str().unwrap().starts_with("DLV-"), "{delivery}");
    let second = order();
    let other = s.act(&format!("/v1/sales/orders/{}/deliver", id(&second)), &second, json!({"ship": true})).expect(200).json();
    assert_ne!(other["number"], delivery["number"]);
    let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": "1"}]);
    let back = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "lines": lines})).created();
    let back = s.act(&format!("/v1/sales/returns/{}/authorize", id(&back)), &back, json!({})).ok();
    assert!(back["number"].as_str().unwrap().starts_with("RET-"), "{back}");
    let path = format!("/v1/sales/orders/{}", id(&first));
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
    let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
    let lines = json!([{"invoice_line_id": invoice["lines"][0]["id"], "quantity": "1"}]);
    let note = s.post("/v1/receivables/credit-notes", json!({"invoice_id": invoice["id"], "reason": "Wet", "lines": lines})).created();
    let note = s.act(&format!("/v1/receivables/credit-notes/{}/post", id(&note)), &note, json!({})).ok();
    assert!(note["number"].as_str().unwrap().starts_with("CN-"), "{note}");
    let lines = json!([{"product_id": books.product("BEANS")["id"], "quantity_delta": "3"}]);
    let found = json!({"reason": "found", "warehouse_id": books.warehouse["id"], "lines": lines});
    let found = s.post("/v1/inventory/adjustments", found).created();
    let found = s.act(&format!("/v1/inventory/adjustments/{}/post", id(&found)), &found, json!({})).ok();
    assert!(found["number"].as_str().unwrap().starts_with("ADJ-"), "{found}");
    let lines = json!([{"description": "Advice", "quantity": "2", "unit_price": "100.00"}]);
    let quote = s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "party_id": party["id"], "lines": lines})).created();
    let quote = s.act(&format!("/v1/crm/quotes/{}/send", id(&quote)), &quote, json!({})).ok();
    assert!(quote["number"].as_str().unwrap().starts_with("QUO-"), "{quote}");
    let case = json!({"company_id": s.company_id(), "subject": "Wet beans", "description": "They are wet.", "party_id": party["id"]});
    let case = s.post("/v1/service/cases", case).created();
    assert!(case["number"].as_str().unwrap().starts_with("CASE-"), "{case}");
    assert_eq!(s.all(&format!("/v1/service/cases/{}/messages", id(&case))).len(), 1);
    // the facts say the numbers
    for document in [&delivery, &other, &back, &note, &found, &quote, &case] {
        let facts = s.all(&format!("/v1/platform/audit-log?subject={}", id(document)));
        assert!(facts.iter().any(|f| f["data"]["number"] == document["number"]), "{facts:?}");
    }
}

/// An order of five lines: confirmed, delivered, invoiced and paid.
fn order_to_cash(s: &Server, books: &Books, party: &Value) {
    let line = json!({"product_id": books.product("BEANS")["id"], "quantity": "2"});
    let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": vec![line; 5]});
    let order = s.post("/v1/sales/orders", body).created();
    let path = format!("/v1/sales/orders/{}", id(&order));
    s.act(&format!("{path}/confirm"), &order, json!({})).ok();
    s.act(&format!("{path}/deliver"), &s.get(&path).ok(), json!({"ship": true})).expect(200);
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
    let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
    let mut pay: Value = books.payment(party, &invoice["total"]);
    pay["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
    let pay = s.post("/v1/banking/payments", pay).created();
    s.act(&format!("/v1/banking/payments/{}/post", id(&pay)), &pay, json!({})).ok();
}
