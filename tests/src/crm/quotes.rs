//! Quotes: prices, numbers, revisions, expiry, and the one order that may come of each.

pub(crate) mod lines;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::common::{act, at, deal, events, with};
use crate::directory::references::run;
use crate::fixtures::{Books, customer, id, money, ready_to_sell, user_with, verified};
use crate::harness::Server;

/// A quote for this party; `more` says what is special about it.
#[track_caller]
pub fn quote(s: &Server, party: &Value, more: Value) -> Value {
    let lines = json!([{"description": "Advice", "quantity": "2", "unit_price": "100.00"}]);
    let base = json!({"company_id": s.company_id(), "party_id": party["id"], "lines": lines});
    s.post("/v1/crm/quotes", with(base, more)).created()
}

/// A quote that is with the customer.
#[track_caller]
pub fn sent(s: &Server, party: &Value, more: Value) -> Value {
    act(s, "quotes", &quote(s, party, more), "send", json!({}))
}

fn two_products(books: &Books) -> Value {
    json!([
        {"product_id": books.product("BEANS")["id"], "quantity": "3", "discount_percent": "10"},
        {"product_id": books.product("VISIT")["id"], "quantity": "1.5", "unit_price": "99.99"},
    ])
}

fn orders_of(s: &Server, q: &Value) -> Vec<Value> {
    s.all(&format!("/v1/sales/orders?quote_id={}", id(q)))
}

each_engine! {
    fn a_won_deal_is_worth_what_the_customer_accepted(s) {
        let party = customer(s, "Alfreds");
        for by_hand in [false, true] {
            let o = deal(s, &party, json!({"amount": "5000"}));
            let lines = json!([{"description": "Advice", "quantity": "1", "unit_price": "3000.00"}]);
            let q = sent(s, &party, json!({"opportunity_id": o["id"], "lines": lines}));
            let q = act(s, "quotes", &q, "accept", json!({"win_opportunity": !by_hand}));
            if by_hand {
                act(s, "opportunities", &s.get(&at("opportunities", &o)).ok(), "win", json!({}));
            }
            let won = s.get(&at("opportunities", &o)).ok();
            let figures = ["status", "amount", "weighted_amount", "amount_source"].map(|f| won[f].as_str().unwrap());
            assert_eq!(figures, ["won", "3000.00", "3000.00", "manual"], "{by_hand}");
            let order = &orders_of(s, &q)[0];
            assert_eq!(order["net_total"], won["amount"]);
        }
    }

    fn a_quote_costs_what_an_order_of_the_same_lines_costs(s) {
        let books = ready_to_sell(s);
        let party = customer(s, "Alfreds");
        for inclusive in [false, true] {
            let lines = two_products(&books);
            let terms = json!({"lines": lines, "freight_amount": "12.50", "prices_include_tax": inclusive});
            let q = quote(s, &party, terms.clone());
            let order = with(json!({"company_id": s.company_id(), "customer_id": party["id"]}), terms);
            let o = s.post("/v1/sales/orders", order).created();
            for figure in ["net_total", "tax_total", "total", "freight_gross", "currency"] {
                assert_eq!(q[figure], o[figure], "{figure}");
            }
            for (a, b) in q["lines"].as_array().unwrap().iter().zip(o["lines"].as_array().unwrap()) {
                for figure in ["line_amount", "net_amount", "tax_amount", "gross_amount", "tax_code_ids", "unit_price", "description"] {
                    assert_eq!(a[figure], b[figure], "{figure}");
                }
            }
            let taxes: rust_decimal::Decimal = q["taxes"].as_array().unwrap().iter().map(|t| money(&t["amount"])).sum();
            assert_eq!(taxes, money(&q["tax_total"]));
        }
        verified(s);
    }

    fn a_quote_is_made_from_an_opportunity(s) {
        let party = customer(s, "Alfreds");
        let lines = json!([{"description": "Machine", "quantity": "2", "unit_price": "1000", "discount_percent": "5"}]);
        let o = deal(s, &party, json!({"amount_source": "lines", "lines": lines}));
        let q = s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "opportunity_id": o["id"]})).created();
        assert_eq!((&q["party_id"], &q["title"], &q["net_total"], &q["status"]), (&party["id"], &o["name"], &o["amount"], &json!("draft")));
        assert_eq!((&q["valid_until"], &q["number"], &q["revision"]), (&json!("2026-02-01"), &Value::Null, &json!(1)));
        let bare = deal(s, &party, json!({"amount": "500"}));
        let q = s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "opportunity_id": bare["id"]})).created();
        assert_eq!((&q["lines"][0]["description"], &q["net_total"]), (&bare["name"], &json!("500.00")));
        let trace = s.get(&format!("/v1/platform/trace/{}", id(&q))).ok();
        assert!(trace["edges"].as_array().unwrap().iter().any(|e| e["from"] == bare["id"] && e["to"] == q["id"]), "{trace}");
        assert_eq!(s.all(&format!("/v1/crm/quotes?opportunity_id={}", id(&bare))).len(), 1);
    }

    fn what_makes_no_quote_is_refused(s) {
        let party = customer(s, "Alfreds");
        let other = customer(s, "Berglunds");
        let o = deal(s, &party, json!({"amount": "5"}));
        let lost = act(s, "opportunities", &deal(s, &party, json!({})), "lose", json!({"reason": "price"}));
        let line = |more: Value| json!({"party_id": party["id"], "lines": [with(json!({"description": "x", "quantity": "1", "unit_price": "1"}), more)]});
        for (body, status, code, pointer) in [
            (json!({}), 422, "quote.no_party", "/party_id"),
            (json!({"opportunity_id": o["id"], "party_id": other["id"]}), 422, "quote.opportunity_of_another_party", "/party_id"),
            (json!({"party_id": party["id"], "wins_opportunity": true}), 422, "quote.no_opportunity", "/wins_opportunity"),
            (json!({"opportunity_id": o["id"], "currency": "USD"}), 422, "quote.opportunity_prices", "/lines"),
            (json!({"opportunity_id": o["id"], "prices_include_tax": true}), 422, "quote.opportunity_prices", "/lines"),
            (json!({"opportunity_id": lost["id"]}), 409, "opportunity.not_open", "/opportunity_id"),
            (json!({"party_id": party["id"], "valid_until": "2026-01-01"}), 422, "quote.validity_past", "/valid_until"),
            (json!({"party_id": party["id"], "valid_until": "2036-01-01"}), 422, "quote.validity_too_long", "/valid_until"),
            (json!({"party_id": party["id"], "currency": "XXX"}), 422, "currency.unknown", "/currency"),
            (json!({"party_id": party["id"], "freight_amount": "-1"}), 422, "sales_order.amount_invalid", "/freight_amount"),
            (json!({"party_id": party["id"], "billing_address": {"line1": "x", "country": "ZZ"}}), 422, "address.unknown_country", "/billing_address/country"),
            (json!({"party_id": party["id"], "contact_id": "con_00000000000000000000000000"}), 422, "unknown_reference", "/contact_id"),
            (json!({"party_id": party["id"], "owner_id": "usr_00000000000000000000000000"}), 422, "unknown_reference", "/owner_id"),
            (line(json!({"quantity": "0"})), 422, "sales_order.line_invalid", "/lines/0/quantity"),
            (line(json!({"discount_percent": "101"})), 422, "sales_order.line_invalid", "/lines/0/discount_percent"),
            (line(json!({"product_id": "prd_00000000000000000000000000"})), 422, "unknown_reference", "/lines/0/product_id"),
        ] {
            let problem = s.post("/v1/crm/quotes", with(json!({"company_id": s.company_id()}), body)).problem(status, code);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        let archived = s.act(&format!("/v1/directory/parties/{}/archive", id(&other)), &other, json!({})).ok();
        s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "party_id": archived["id"]})).problem(409, "party.archived");
        assert!(s.all("/v1/crm/quotes").is_empty());
    }

    fn only_drafts_change_and_only_unnumbered_ones_vanish(s) {
        let party = customer(s, "Alfreds");
        let q = quote(s, &party, json!({}));
        let path = at("quotes", &q);
        s.patch(&path, &q, json!({"wins_opportunity": true})).problem(422, "quote.no_opportunity");
        s.patch(&path, &q, json!({"valid_until": "2025-12-31"})).problem(422, "quote.validity_past");
        let lines = json!([{"description": "Half", "quantity": "1", "unit_price": "50"}]);
        let q = s.patch(&path, &q, json!({"title": "New", "note": "Hello", "lines": lines, "payment_terms_days": 7})).ok();
        assert_eq!((&q["title"], &q["net_total"], &q["payment_terms_days"]), (&json!("New"), &json!("50.00"), &json!(7)));
        let freight = s.patch(&path, &q, json!({"freight_amount": "5"})).ok();
        assert_eq!(money(&freight["net_total"]), 55.into());
        let empty = quote(s, &party, json!({"lines": []}));
        s.act(&format!("{}/send", at("quotes", &empty)), &empty, json!({})).problem(409, "quote.empty");
        s.delete(&at("quotes", &empty), &empty).no_content();
        let q = act(s, "quotes", &freight, "send", json!({}));
        assert_eq!((&q["number"], &q["status"]), (&json!("QUO-2026-00001"), &json!("sent")));
        let refused = s.patch(&path, &q, json!({"title": "Too late"})).problem(409, "quote.not_a_draft");
        assert_eq!((&refused["current_state"], &refused["allowed_actions"]), (&json!("sent"), &json!(["accept", "reject", "revise"])));
        s.delete(&path, &q).problem(409, "quote.not_a_draft");
        s.act(&format!("{path}/send"), &q, json!({})).problem(409, "quote.not_a_draft");
        s.act(&format!("{path}/convert"), &q, json!({})).problem(409, "quote.not_accepted");
    }

    fn numbers_have_no_gaps_and_revisions_share_them(s) {
        let party = customer(s, "Alfreds");
        let first = sent(s, &party, json!({}));
        let draft = quote(s, &party, json!({}));
        let dry = s.act(&format!("{}/send?dry_run=true", at("quotes", &draft)), &draft, json!({})).ok();
        assert_eq!(dry["number"], "QUO-2026-00002");
        let revised = act(s, "quotes", &first, "revise", json!({}));
        assert_eq!((&revised["number"], &revised["revision"], &revised["status"]), (&first["number"], &json!(2), &json!("draft")));
        assert_eq!((&revised["previous_revision_id"], &revised["total"]), (&first["id"], &first["total"]));
        s.delete(&at("quotes", &revised), &revised).problem(409, "quote.revision_stays");
        let old = s.get(&at("quotes", &first)).ok();
        assert_eq!((&old["status"], &old["superseded_by_id"], &old["allowed_actions"]), (&json!("superseded"), &revised["id"], &json!([])));
        for verb in ["accept", "reject"] {
            s.act(&format!("{}/{verb}", at("quotes", &old)), &old, json!({"reason": "x"}).as_object().filter(|_| verb == "reject").map_or(json!({}), |o| json!(o))).problem(409, "quote.superseded");
        }
        s.act(&format!("{}/revise", at("quotes", &old)), &old, json!({})).problem(409, "quote.not_revisable");
        s.patch(&at("quotes", &old), &old, json!({"title": "x"})).problem(409, "quote.not_a_draft");
        let again = act(s, "quotes", &revised, "send", json!({}));
        assert_eq!(again["number"], first["number"]);
        assert_eq!(act(s, "quotes", &draft, "send", json!({}))["number"], "QUO-2026-00002");
        let gaps = s.get("/v1/platform/number-series/gaps?code=QUO").ok();
        assert_eq!(gaps["complete"], true, "{gaps}");
        assert_eq!(events(s, &first), ["quote.created", "quote.sent", "quote.superseded"]);
        verified(s);
    }

    fn a_number_has_no_more_than_a_thousand_revisions(s) {
        let q = sent(s, &customer(s, "Alfreds"), json!({}));
        assert_eq!(run(s, "UPDATE quotes SET revision = 1000"), None);
        s.act(&format!("{}/revise", at("quotes", &q)), &q, json!({})).problem(409, "quote.too_many_revisions");
    }

    fn an_accepted_quote_becomes_one_order_at_its_price(s) {
        let books = ready_to_sell(s);
        let prospect = s.post("/v1/directory/parties", json!({"name": "Prospect"})).created();
        let address = json!({"line1": "Obere Str. 57", "city": "Berlin", "country": "DE"});
        let q = sent(s, &prospect, json!({"lines": two_products(&books), "freight_amount": "4.20", "shipping_address": address,
            "payment_terms_days": 21, "note": "Leave it at the gate."}));
        let q = act(s, "quotes", &q, "accept", json!({"name": "Ana", "email": "ana@example.com", "customer_reference": "PO 7"}));
        assert_eq!((&q["status"], &q["answer"]["channel"], &q["answer"]["name"]), (&json!("accepted"), &json!("user"), &json!("Ana")));
        assert!(q["answer"]["user_id"].is_string() && q["sales_order_id"].is_null());
        let q = act(s, "quotes", &q, "convert", json!({}));
        assert_eq!(q["status"], "converted");
        let o = s.get(&format!("/v1/sales/orders/{}", q["sales_order_id"].as_str().unwrap())).ok();
        for figure in ["net_total", "tax_total", "total", "freight_amount", "customer_reference", "payment_terms_days", "note", "currency"] {
            assert_eq!(q[figure], o[figure], "{figure}");
        }
        assert_eq!((&o["status"], &o["quote_id"], &o["ship_to"]["city"]), (&json!("draft"), &q["id"], &json!("Berlin")));
        assert_eq!(s.get(&format!("/v1/directory/parties/{}", id(&prospect))).ok()["is_customer"], true);
        // what was agreed reaches the invoice
        let (path, today) = (format!("/v1/sales/orders/{}", id(&o)), json!("2026-01-02"));
        let confirmed = s.act(&format!("{path}/confirm"), &o, json!({})).ok();
        s.act(&format!("{path}/deliver"), &confirmed, json!({"ship": true})).expect(200);
        let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
        let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        assert_eq!((&invoice["payment_terms_days"], &invoice["reference"], &invoice["currency"]), (&json!(21), &json!("PO 7"), &q["currency"]));
        assert_eq!((&invoice["invoice_date"], &invoice["due_date"], &invoice["total"]), (&today, &json!("2026-01-23"), &q["total"]));
        // again: the same answer, no second order
        let again = act(s, "quotes", &q, "convert", json!({}));
        assert_eq!((&again["sales_order_id"], &again["version"]), (&q["sales_order_id"], &q["version"]));
        assert_eq!(orders_of(s, &q).len(), 1);
        assert_eq!(events(s, &q).last().unwrap(), "quote.converted");
        verified(s);
    }

    fn many_clients_at_once_make_one_order(s) {
        let party = customer(s, "Alfreds");
        let q = act(s, "quotes", &sent(s, &party, json!({})), "accept", json!({}));
        let path = format!("{}/convert", at("quotes", &q));
        let statuses = s.parallel(8, |_, c| c.act(&path, &q, json!({})).status);
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|s| [200, 412].contains(s)), "{statuses:?}");
        assert_eq!(orders_of(s, &q).len(), 1);
        let keyed = s.parallel(8, |_, c| {
            let now = c.get(&at("quotes", &q)).ok();
            c.request("POST", &path).if_match(&now).key("convert").send().status
        });
        assert!(keyed.iter().all(|s| [200, 409].contains(s)), "{keyed:?}");
        assert_eq!(orders_of(s, &q).len(), 1);
    }

    fn many_answers_at_once_are_one_answer(s) {
        let party = customer(s, "Alfreds");
        let q = sent(s, &party, json!({}));
        let path = format!("/v1/crm/quote-links/{}", q["link"]["token"].as_str().unwrap());
        let statuses = s.anonymous().parallel(6, |i, c| match i % 2 {
            0 => c.post(&format!("{path}/accept"), json!({"name": "Ana", "email": "ana@example.com"})).status,
            _ => c.post(&format!("{path}/reject"), json!({"reason": "No"})).status,
        });
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        let told = events(s, &q);
        assert_eq!(told.iter().filter(|k| ["quote.accepted", "quote.rejected"].contains(&k.as_str())).count(), 1, "{told:?}");
    }

    fn winning_and_converting_never_make_two_orders(s) {
        let party = customer(s, "Alfreds");
        let from = |o: &Value, more: Value| {
            let q = s.post("/v1/crm/quotes", with(json!({"company_id": s.company_id(), "opportunity_id": o["id"]}), more)).created();
            act(s, "quotes", &q, "send", json!({}))
        };
        let orders = |o: &Value| s.all(&format!("/v1/sales/orders?opportunity_id={}", id(o)));
        // acceptance wins the deal, and the order is that of the quote
        let o = deal(s, &party, json!({"amount": "100"}));
        let offered = json!({"lines": [{"description": "Less", "quantity": "1", "unit_price": "90"}], "wins_opportunity": true});
        let q = act(s, "quotes", &from(&o, offered), "accept", json!({}));
        assert_eq!((&q["status"], &q["win_problem"]), (&json!("converted"), &Value::Null));
        assert_eq!(s.get(&at("opportunities", &o)).ok()["status"], "won");
        let found = orders(&o);
        assert_eq!((found.len(), &found[0]["quote_id"], &found[0]["net_total"]), (1, &q["id"], &json!("90.00")));
        // a deal that is won by hand takes its accepted quote
        let o = deal(s, &party, json!({"amount": "100"}));
        let q = act(s, "quotes", &from(&o, json!({})), "accept", json!({}));
        assert_eq!(q["status"], "accepted");
        act(s, "opportunities", &o, "win", json!({}));
        let q = s.get(&at("quotes", &q)).ok();
        assert_eq!((&q["status"], orders(&o).len(), &orders(&o)[0]["id"]), (&json!("converted"), 1, &q["sales_order_id"]));
        // converted first, won later
        let o = deal(s, &party, json!({"amount": "100"}));
        let q = act(s, "quotes", &from(&o, json!({})), "accept", json!({}));
        act(s, "quotes", &q, "convert", json!({}));
        act(s, "opportunities", &o, "win", json!({}));
        assert_eq!(orders(&o).len(), 1);
        // of two accepted quotes the one accepted first becomes the order, also when the deal is won again
        let o = deal(s, &party, json!({"amount": "100"}));
        let first = act(s, "quotes", &from(&o, json!({})), "accept", json!({}));
        s.at("2026-01-02T10:00:00Z");
        let second = act(s, "quotes", &from(&o, json!({})), "accept", json!({}));
        let won = act(s, "opportunities", &o, "win", json!({}));
        let again = act(s, "opportunities", &won, "reopen", json!({}));
        act(s, "opportunities", &again, "win", json!({}));
        let status = |q: &Value| s.get(&at("quotes", q)).ok()["status"].clone();
        assert_eq!((status(&first), status(&second), orders(&o).len()), (json!("converted"), json!("accepted"), 1));
        // won and ordered before the quote was accepted: no second order, and the refusal changes nothing
        let o = deal(s, &party, json!({"amount": "100"}));
        let late = from(&o, json!({}));
        act(s, "opportunities", &o, "win", json!({}));
        let q = act(s, "quotes", &late, "accept", json!({}));
        s.act(&format!("{}/convert", at("quotes", &q)), &q, json!({})).problem(409, "sales_order.opportunity_ordered");
        assert_eq!((orders(&o).len(), &s.get(&at("quotes", &q)).ok()["status"]), (1, &json!("accepted")));
        verified(s);
    }

    /// Of two accepted quotes the one accepted first becomes the order, whichever was made first.
    fn a_deal_with_two_accepted_quotes_is_won_by_the_first_accepted(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "100"}));
        let offer = |price: &str| {
            let lines = json!([{"description": "Advice", "quantity": "1", "unit_price": price}]);
            let q = s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "opportunity_id": o["id"], "lines": lines})).created();
            act(s, "quotes", &q, "send", json!({}))
        };
        let (made_first, made_later) = (offer("70"), offer("80"));
        let first = act(s, "quotes", &made_later, "accept", json!({}));
        s.at("2026-01-02T10:00:00Z");
        let second = act(s, "quotes", &made_first, "accept", json!({}));
        let won = act(s, "opportunities", &s.get(&at("opportunities", &o)).ok(), "win", json!({}));
        assert_eq!((&won["status"], &won["amount"]), (&json!("won"), &json!("80.00")));
        let status = |q: &Value| s.get(&at("quotes", q)).ok()["status"].clone();
        let orders = || s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&o)));
        assert_eq!((status(&first), status(&second), &orders()[0]["quote_id"]), (json!("converted"), json!("accepted"), &first["id"]));
        assert_eq!(orders().len(), 1);
        let again = act(s, "opportunities", &won, "reopen", json!({}));
        act(s, "opportunities", &again, "win", json!({}));
        assert_eq!((status(&first), status(&second), orders().len()), (json!("converted"), json!("accepted"), 1));
    }

    fn letters_that_cannot_be_printed_are_refused_and_not_replaced(s) {
        for (name, prints) in [("Künzel & Söhne", true), ("שלום בע\"מ", false), ("شركة", false), ("हिन्दी", false)] {
            let party = s.post("/v1/directory/parties", json!({"name": name, "is_customer": true})).created();
            let q = sent(s, &party, json!({}));
            let path = format!("{}/pdf", at("quotes", &q));
            let asked = || s.request("GET", &path).header("accept", "application/pdf").send();
            let public = format!("/v1/crm/quote-links/{}/pdf", q["link"]["token"].as_str().unwrap());
            if prints {
                let answer = asked();
                answer.expect(200);
                assert_eq!((answer.header("content-type"), &answer.body[..5]), (Some("application/pdf"), &b"%PDF-"[..]));
                s.anonymous().get(&public).expect(200);
            } else {
                let problem = asked().problem(409, "document.unprintable");
                assert!(problem["detail"].as_str().unwrap().contains("U+"), "{problem}");
                s.anonymous().get(&public).problem(409, "document.unprintable");
            }
        }
        s.request("GET", "/v1/crm/quotes").header("accept", "application/pdf").send().problem(406, "not_acceptable");
    }

    fn a_stage_that_asks_for_a_quote_takes_one_that_stands(s) {
        let party = customer(s, "Alfreds");
        let p = s.post("/v1/crm/pipelines", json!({"company_id": s.company_id(), "name": "Quoted", "stages": [
            {"name": "a", "probability_percent": "10"}, {"name": "b", "probability_percent": "50", "required_fields": ["quote"]}]})).created();
        let o = deal(s, &party, json!({"pipeline_id": p["id"], "amount": "5"}));
        let to = json!({"stage_id": p["stages"][1]["id"]});
        let q = s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "opportunity_id": o["id"]})).created();
        let advance = format!("{}/advance", at("opportunities", &o));
        s.act(&advance, &o, to.clone()).problem(422, "opportunity.stage_requirements");
        act(s, "quotes", &q, "send", json!({}));
        assert_eq!(s.act(&advance, &o, to).ok()["stage_id"], p["stages"][1]["id"]);
    }

    fn an_acceptance_stands_even_when_the_win_does_not(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "100"}));
        let q = s.post("/v1/crm/quotes", json!({"company_id": s.company_id(), "opportunity_id": o["id"]})).created();
        let q = act(s, "quotes", &q, "send", json!({}));
        s.patch(&format!("/v1/directory/parties/{}", id(&party)), &party, json!({"customer_terms": {"blocked": "all"}})).ok();
        let q = act(s, "quotes", &q, "accept", json!({"win_opportunity": true}));
        assert_eq!(q["status"], "accepted");
        assert!(q["win_problem"].as_str().unwrap().contains("party.blocked"), "{}", q["win_problem"]);
        assert_eq!(s.get(&at("opportunities", &o)).ok()["status"], "open");
        assert_eq!(events(s, &q), ["quote.created", "quote.sent", "quote.accepted", "quote.win_refused"]);
        s.act(&format!("{}/convert", at("quotes", &q)), &q, json!({})).problem(409, "party.blocked");
        assert!(s.all("/v1/sales/orders").is_empty());
    }

    fn a_rejected_quote_is_revised(s) {
        let party = customer(s, "Alfreds");
        let q = act(s, "quotes", &sent(s, &party, json!({})), "reject", json!({"reason": "price"}));
        assert_eq!((&q["status"], &q["answer"]["accepted"], &q["answer"]["reason"]), (&json!("rejected"), &json!(false), &json!("price")));
        s.act(&format!("{}/accept", at("quotes", &q)), &q, json!({})).problem(409, "quote.not_sent");
        let next = act(s, "quotes", &q, "revise", json!({"valid_until": "2026-03-01"}));
        assert_eq!((&next["answer"], &next["valid_until"]), (&Value::Null, &json!("2026-03-01")));
    }

    fn nobody_accepts_after_the_validity_and_the_end_is_told_once(s) {
        let party = customer(s, "Alfreds");
        let q = sent(s, &party, json!({"valid_until": "2026-01-10"}));
        let path = at("quotes", &q);
        let link = format!("/v1/crm/quote-links/{}", q["link"]["token"].as_str().unwrap());
        // the last day counts to its end in the company's time zone
        let ends: chrono::DateTime<chrono::Utc> = q["expires_at"].as_str().unwrap().parse().unwrap();
        s.at(&(ends - chrono::TimeDelta::seconds(1)).to_rfc3339());
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(s.anonymous().get(&link).ok()["can_be_answered"], true);
        s.at(&ends.to_rfc3339());
        let yes = json!({"name": "Ana", "email": "ana@example.com"});
        s.anonymous().post(&format!("{link}/accept"), yes).problem(409, "quote.expired");
        assert_eq!(s.anonymous().get(&link).ok()["status"], "expired");
        // the clock of the timers is stopped, too: their next turn is a minute after the last
        s.at(&(ends + chrono::TimeDelta::minutes(2)).to_rfc3339());
        let began = Instant::now();
        while s.get(&path).ok()["status"] == "sent" {
            assert!(began.elapsed() < Duration::from_secs(10), "the quote never expires");
            std::thread::sleep(Duration::from_millis(50));
        }
        let over = s.get(&path).ok();
        s.act(&format!("{path}/accept"), &over, json!({})).problem(409, "quote.expired");
        s.at(&(ends + chrono::TimeDelta::hours(3)).to_rfc3339());
        std::thread::sleep(Duration::from_millis(900));
        assert_eq!(events(s, &q), ["quote.created", "quote.sent", "quote.expired"]);
        let next = act(s, "quotes", &over, "revise", json!({}));
        assert_eq!(next["status"], "draft");
        s.at(&(ends + chrono::TimeDelta::days(100)).to_rfc3339());
        s.anonymous().get(&link).problem(404, "link.expired");
    }

    fn quotes_are_found_and_hidden_like_everything(s) {
        let party = customer(s, "Alfreds");
        let q = sent(s, &party, json!({"title": "Coffee for Künzelsau"}));
        let of = |query: &str| s.all(&format!("/v1/crm/quotes?{query}")).len();
        assert_eq!((of("status=sent"), of("status=draft,accepted"), of("q=k%C3%BCnzel"), of("number=QUO-2026-00001"), of("total_gte=1000000")), (1, 0, 1, 1, 0));
        let row = &s.get("/v1/crm/quotes?sort=-total&expand=party,lines.product&fields=number,lines").ok()["data"][0];
        assert_eq!((&row["party"]["name"], &row["number"]), (&json!("Alfreds"), &q["number"]));
        assert_eq!(s.get(&at("quotes", &q)).ok()["link"], Value::Null, "the link is told once");
        user_with(s, &["crm.quotes.*"], &[]).get(&at("quotes", &q)).problem(404, "not_found");
        let reader = user_with(s, &["crm.quotes.read"], &[s.company_id()]);
        assert_eq!(reader.get(&at("quotes", &q)).ok()["allowed_actions"], json!([]));
        reader.act(&format!("{}/accept", at("quotes", &q)), &q, json!({})).problem(403, "missing_scope");
    }

    fn quotes_stand_in_the_overview_and_the_timeline_of_their_party(s) {
        let party = customer(s, "Alfreds");
        let q = sent(s, &party, json!({"title": "First"}));
        for n in 0..11 {
            quote(s, &party, json!({"title": format!("Draft {n}")}));
        }
        act(s, "quotes", &q, "revise", json!({}));
        let all = s.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        let part = all["sections"].as_array().unwrap().iter().find(|p| p["name"] == "quotes").unwrap();
        assert_eq!((&part["open_count"], part["latest"].as_array().unwrap().len()), (&json!(12), 10));
        assert_eq!((&part["latest"][0]["title"], &part["latest"][0]["amount"]), (&json!("First"), &q["total"]));
        assert!(part["latest"].as_array().unwrap().iter().all(|i| i["status"] != "superseded"), "{part}");
        assert_eq!(s.all(part["link"].as_str().unwrap()).len(), 13);
        let kinds: Vec<_> = all["timeline"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds[..2], ["quote.superseded", "quote.revised"]);
        let elsewhere = user_with(s, &["directory.parties.read", "crm.quotes.read"], &[]);
        let hidden = elsewhere.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        let part = hidden["sections"].as_array().unwrap().iter().find(|p| p["name"] == "quotes").unwrap();
        assert_eq!((&part["open_count"], &part["latest"]), (&json!(0), &json!([])));
        assert!(hidden["crm"].is_null() && hidden["withheld"].as_array().unwrap().contains(&json!("crm")));
    }

    fn a_quote_is_printed_the_same_each_time_and_over_many_pages(s) {
        let party = s.post("/v1/directory/parties", json!({"name": format!("Łódź {}", "Handelsgesellschaft ".repeat(8)), "is_customer": true})).created();
        let line = |n: usize| json!({"description": format!("Line {n} {}", "of many words ".repeat(n % 7)), "quantity": "1.5", "unit_price": "1234.56", "discount_percent": "2.5"});
        let lines: Vec<Value> = (0..120).map(line).collect();
        let address = json!({"line1": "Obere Str. 57", "postal_code": "10115", "city": "Berlin", "country": "DE"});
        let more = json!({"lines": lines, "note": "Thank you.\nWe look forward to it.", "billing_address": address, "freight_amount": "12"});
        let q = sent(s, &party, more);
        let path = format!("{}/pdf", at("quotes", &q));
        let first = s.get(&path);
        first.expect(200);
        assert!(first.header("content-disposition").unwrap().contains("QUO-2026-00001-1.pdf"));
        assert_eq!(first.body, s.get(&path).body);
        let token = q["link"]["token"].as_str().unwrap();
        let public = s.anonymous().get(&format!("/v1/crm/quote-links/{token}/pdf"));
        public.expect(200);
        assert_eq!(first.body, public.body);
        let count = |what: &str| first.body.windows(what.len()).filter(|w| *w == what.as_bytes()).count();
        assert!(first.body.starts_with(b"%PDF-") && count("/Type /Page\n") > 3, "{} pages", count("/Type /Page\n"));
        assert_eq!((count("(Line 119"), count("(120)")), (1, 1), "every line is there");
        assert_eq!(count("Letters that the fonts"), 1, "what is not written as it is, is said");
        s.anonymous().get(&format!("/v1/crm/quote-links/{}/pdf", "A".repeat(60))).problem(404, "link.invalid");
    }
}
