//! An exchange rate that was agreed with the customer: it is that of the order and of everything that bills it.

use serde_json::{Value, json};

use super::{goods, path};
use crate::crm::common::{act, at, deal};
use crate::fixtures::{customer, id, money, product, trial_balance, unique, verified, warehouse};
use crate::harness::{Answer, Server};

/// The rate of the dollar is 0.91 in January and 0.95 from February on; it is the tenth of February.
fn dollars(s: &Server) {
    s.at("2026-02-10T12:00:00Z");
    for (day, rate) in [("2026-01-01", "0.91"), ("2026-02-01", "0.95")] {
        let body = json!({"from_currency": "USD", "to_currency": "EUR", "rate": rate, "rate_date": day});
        s.post("/v1/directory/exchange-rates", body).created();
    }
}

/// An order in dollars of three pieces at 33.35.
fn ordered(s: &Server, product: &Value, more: Value) -> Value {
    let mut body = json!({"company_id": s.company_id(), "customer_id": customer(s, "Dollar")["id"], "currency": "USD",
        "lines": [{"product_id": product["id"], "quantity": "3", "unit_price": "33.35"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    s.post("/v1/sales/orders", body).created()
}

fn service(s: &Server) -> Value {
    product(s, &format!("HOURS-{}", unique()), "10.00", None)
}

fn now(s: &Server, order: &Value) -> Value {
    s.get(&path(order)).ok()
}

fn confirmed(s: &Server, order: &Value) -> Value {
    s.act(&format!("{}/confirm", path(order)), order, json!({})).ok()
}

fn delivered(s: &Server, order: &Value, quantity: &str) {
    let lines = json!([{"order_line_id": order["lines"][0]["id"], "quantity": quantity}]);
    let delivery = s.post("/v1/sales/deliveries", json!({"order_id": order["id"], "lines": lines})).created();
    s.act(&format!("/v1/sales/deliveries/{}/ship", id(&delivery)), &delivery, json!({})).ok();
}

fn billed(s: &Server, order: &Value, how: Value) -> Value {
    s.act(&format!("{}/invoice", path(order)), &now(s, order), how).ok()
}

fn post(s: &Server, noun: &str, document: &Value) -> Answer {
    s.act(&format!("/v1/receivables/{noun}/{}/post", id(document)), document, json!({}))
}

#[track_caller]
fn has_rate(document: &Value, rate: &str, agreed: bool) {
    assert_eq!(
        (money(&document["exchange_rate"]), &document["exchange_rate_agreed"]),
        (rate.parse().unwrap(), &json!(agreed)),
        "{document:#}"
    );
}

each_engine! {
    fn an_agreed_rate_goes_to_each_partial_invoice_and_its_credit_notes(s) {
        dollars(s);
        let order = confirmed(s, &ordered(s, &goods(s, &warehouse(s), "10"), json!({"exchange_rate": "0.88"})));
        has_rate(&order, "0.88", true);
        delivered(s, &order, "1");
        let first = billed(s, &order, json!({"invoice_date": "2026-01-15"}));
        has_rate(&first, "0.88", true);
        let first = s.patch(&format!("/v1/receivables/invoices/{}", id(&first)), &first, json!({"invoice_date": "2026-02-09"})).ok();
        has_rate(&first, "0.88", true);
        let first = post(s, "invoices", &first).ok();
        let expected = (money(&first["total"]) * "0.88".parse::<rust_decimal::Decimal>().unwrap()).round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        assert_eq!(money(&first["total_company"]), expected);
        delivered(s, &now(s, &order), "2");
        let second = billed(s, &order, json!({"exchange_rate": "0.93"}));
        has_rate(&second, "0.93", true);
        post(s, "invoices", &second).ok();
        assert_eq!(now(s, &order)["billing_status"], "billed");
        // what is credited in parts is credited at the rate of the invoice
        for invoice in [&first, &second] {
            let invoice = s.get(&format!("/v1/receivables/invoices/{}", id(invoice))).ok();
            let line = json!([{"invoice_line_id": invoice["lines"][0]["id"], "net": "11.11"}]);
            for body in [json!({"lines": line}), json!({})] {
                let note = s.act(&format!("/v1/receivables/invoices/{}/credit", id(&invoice)), &s.get(&format!("/v1/receivables/invoices/{}", id(&invoice))).ok(), body).ok();
                assert_eq!(note["exchange_rate"], invoice["exchange_rate"]);
                post(s, "credit-notes", &note).ok();
            }
        }
        let balance = trial_balance(s, "2030-12-31");
        assert_eq!((balance.of("1100"), balance.of("2100"), balance.of("7010"), balance.of("7020")), Default::default());
        verified(s);
    }

    fn goods_that_come_back_are_credited_at_the_agreed_rate(s) {
        dollars(s);
        let order = confirmed(s, &ordered(s, &goods(s, &warehouse(s), "10"), json!({"exchange_rate": "0.88"})));
        delivered(s, &order, "3");
        post(s, "invoices", &billed(s, &order, json!({}))).ok();
        let delivery = s.all(&format!("/v1/sales/deliveries?order_id={}", id(&order))).remove(0);
        let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": "3"}]);
        let back = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "reason": "wet", "lines": lines})).created();
        let at = format!("/v1/sales/returns/{}", id(&back));
        let back = s.act(&format!("{at}/authorize"), &back, json!({})).ok();
        s.act(&format!("{at}/receive"), &back, json!({"credit": true})).ok();
        let note = s.all(&format!("/v1/receivables/credit-notes?customer_id={}", order["customer_id"].as_str().unwrap())).remove(0);
        assert_eq!(money(&note["exchange_rate"]), "0.88".parse().unwrap());
        post(s, "credit-notes", &note).ok();
        assert_eq!(trial_balance(s, "2030-12-31").of("1100"), Default::default());
        verified(s);
    }

    fn an_invoice_written_by_hand_for_an_order_has_its_currency_and_agreed_rate(s) {
        dollars(s);
        let write = |order: &Value, more: Value| {
            let line = json!({"order_line_id": order["lines"][0]["id"], "description": "Work", "quantity": "1", "unit_price": "33.35", "tax_code_ids": []});
            let mut body = json!({"company_id": s.company_id(), "customer_id": order["customer_id"], "order_id": order["id"], "invoice_date": "2026-01-15", "lines": [line]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            s.post("/v1/receivables/invoices", body).created()
        };
        let agreed = confirmed(s, &ordered(s, &service(s), json!({"exchange_rate": "0.88"})));
        let invoice = write(&agreed, json!({}));
        assert_eq!(invoice["currency"], "USD");
        has_rate(&invoice, "0.88", true);
        has_rate(&write(&agreed, json!({"exchange_rate": "0.93"})), "0.93", true);
        has_rate(&write(&agreed, json!({"currency": "EUR"})), "1", false);
        let daily = confirmed(s, &ordered(s, &service(s), json!({})));
        has_rate(&daily, "0.95", false);
        has_rate(&write(&daily, json!({})), "0.91", false);
        has_rate(&billed(s, &daily, json!({"invoice_date": "2026-01-20"})), "0.91", false);
    }

    fn an_agreed_rate_stays_when_the_day_of_a_draft_changes_and_any_other_follows_it(s) {
        dollars(s);
        let (agreed, daily) = (ordered(s, &service(s), json!({"exchange_rate": "0.88"})), ordered(s, &service(s), json!({})));
        let earlier = json!({"order_date": "2026-01-20"});
        has_rate(&s.patch(&path(&agreed), &agreed, earlier.clone()).ok(), "0.88", true);
        let daily = s.patch(&path(&daily), &daily, earlier).ok();
        has_rate(&daily, "0.91", false);
        s.patch(&path(&daily), &daily, json!({"exchange_rate": "0"})).problem(422, "sales_order.amount_invalid");
        let daily = s.patch(&path(&daily), &daily, json!({"exchange_rate": "0.90"})).ok();
        has_rate(&daily, "0.90", true);
        has_rate(&s.patch(&path(&daily), &daily, json!({"order_date": "2026-02-05"})).ok(), "0.90", true);
    }

    fn a_deal_that_is_won_again_keeps_the_rate_that_was_agreed_for_its_order(s) {
        dollars(s);
        let won = deal(s, &customer(s, "Again"), json!({"amount": "100", "currency": "USD"}));
        let won = act(s, "opportunities", &won, "win", json!({}));
        let order = s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&won))).remove(0);
        has_rate(&order, "0.95", false);
        s.patch(&path(&order), &order, json!({"exchange_rate": "0.88"})).ok();
        let reopened = act(s, "opportunities", &s.get(&at("opportunities", &won)).ok(), "reopen", json!({}));
        act(s, "opportunities", &reopened, "win", json!({}));
        has_rate(&now(s, &order), "0.88", true);
    }
}
