//! Reports of attribution and the return on campaigns: exact at each step from a lead to a refund.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::crm::common::{act, at, deal, qualified};
use crate::fixtures::{customer, id, money, ready_to_sell, verified};
use crate::harness::Server;
use crate::marketing::attribution_models::{earned, model, touch};
use crate::marketing::campaigns::campaign;

const BASES: [&str; 5] = ["pipeline", "bookings", "invoiced", "cash", "margin"];

#[track_caller]
fn report(s: &Server, more: &str) -> Value {
    s.followed().get(&format!("/v1/marketing/attribution?company_id={}&{more}", s.company_id())).ok()
}

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// By every model and basis: total = attributed + unattributed = rows + rest, and every figure has its list.
#[track_caller]
fn ties(s: &Server, expected: [&str; 5]) {
    for m in s.all(&format!("/v1/marketing/attribution-models?company_id={}", s.company_id())) {
        for (basis, total) in BASES.iter().zip(expected) {
            let r = report(s, &format!("model_id={}&basis={basis}&group_by=campaign", id(&m)));
            let what = format!("{basis} by {}: {r:#}", m["name"]);
            assert_eq!(money(&r["total"]["amount"]), d(total), "{what}");
            assert_eq!(money(&r["attributed"]["amount"]) + money(&r["unattributed"]["amount"]), d(total), "{what}");
            let rows: Decimal = r["rows"].as_array().unwrap().iter().map(|x| money(&x["amount"])).sum();
            assert_eq!(rows + money(&r["rest_amount"]), money(&r["attributed"]["amount"]), "{what}");
            for (side, field) in [("total", "change_amount"), ("attributed", "amount"), ("unattributed", "amount")] {
                let listed: Decimal = s.all(r[side]["drill_down"].as_str().unwrap()).iter().map(|x| money(&x[field])).sum();
                assert_eq!(listed, money(&r[side]["amount"]), "{side} of {what}");
            }
            for row in r["rows"].as_array().unwrap() {
                let Some(list) = row["drill_down"].as_str() else { continue };
                assert_eq!(s.all(list).iter().map(|x| money(&x["amount"])).sum::<Decimal>(), money(&row["amount"]), "{row} of {what}");
            }
        }
    }
    verified(s);
}

/// The restatements of a deal and basis: reason, day, change.
fn restated(s: &Server, opportunity: &str, basis: &str) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap().to_string();
    let rows = s.followed().all(&format!("/v1/marketing/attribution-restatements?opportunity_id={opportunity}&basis={basis}"));
    rows.iter().map(|r| (text(&r["reason"]), text(&r["day"]), text(&r["change_amount"]))).collect()
}

each_engine! {
    fn from_the_first_touch_to_the_refund_every_basis_is_exact(s) {
        s.at("2026-03-01T09:00:00Z");
        let books = ready_to_sell(s);
        let spring = campaign(s, json!({"name": "Spring Sale"}));
        let lead = qualified(s, json!({"first_name": "Ana", "last_name": "Trujillo", "organisation_name": "Beans", "email": "ana@beans.example"}));
        s.at("2026-03-10T09:00:00Z");
        let of_lead = |day: &str, marks: Value| {
            let body = json!({"company_id": s.company_id(), "kind": "page_view", "lead_id": lead["id"], "occurred_at": day, "origin": {"utm": marks}});
            s.post("/v1/marketing/touchpoints", body).created()
        };
        let touches = [
            of_lead("2026-03-02T09:00:00Z", json!({"source": "news", "medium": "email", "campaign": "spring-sale"})),
            of_lead("2026-03-05T09:00:00Z", json!({"source": "google", "medium": "cpc", "campaign": "unknown"})),
            of_lead("2026-03-09T09:00:00Z", json!({})),
        ];
        assert_eq!(touches[0]["campaign_id"], spring["id"], "named in the marks");
        let touches: Vec<&Value> = touches.iter().collect();
        let linear = model(s, "linear");
        let lead = s.get(&at("leads", &lead)).ok();
        let became = act(s, "leads", &lead, "convert", json!({"opportunity": {"name": "First shop"}}));
        let opportunity = became["opportunity_id"].as_str().unwrap();
        let path = format!("/v1/crm/opportunities/{opportunity}");
        ties(s, ["0", "0", "0", "0", "0"]);

        // three bags at 15, and a visit: 135 to be won
        for (sku, quantity) in [("BEANS", "3"), ("VISIT", "1")] {
            let line = json!({"product_id": books.product(sku)["id"], "quantity": quantity});
            s.request("POST", &format!("{path}/lines")).if_match(&s.get(&path).ok()).json(&line).send().created();
        }
        ties(s, ["135.00", "0", "0", "0", "0"]);
        assert_eq!(earned(s, &linear, "pipeline", &touches), ["45.00", "45.00", "45.00"]);

        // somebody else of the account, then won: that touch counts, too
        let party = json!({"id": became["party_id"]});
        let other = touch(s, &party, "2026-03-09T15:00:00Z", json!({"medium": "social"}));
        let touches: Vec<&Value> = touches.into_iter().chain([&other]).collect();
        assert_eq!(earned(s, &linear, "pipeline", &touches), ["33.75"; 4], "of the account");
        s.act(&format!("{path}/win"), &s.get(&path).ok(), json!({})).ok();
        ties(s, ["0", "135.00", "0", "0", "0"]);
        let order = s.all(&format!("/v1/sales/orders?opportunity_id={opportunity}")).remove(0);
        let order_path = format!("/v1/sales/orders/{}", id(&order));

        // the order is another one than what was won: it counts instead
        let line = order["lines"].as_array().unwrap().iter().find(|l| l["product_id"] == books.product("VISIT")["id"]).unwrap();
        s.patch(&format!("{order_path}/lines/{}", id(line)), &order, json!({"unit_price": "80.01"})).ok();
        s.act(&format!("{order_path}/confirm"), &s.get(&order_path).ok(), json!({})).ok();
        ties(s, ["0", "125.01", "0", "0", "0"]);
        assert_eq!(earned(s, &linear, "bookings", &touches), ["31.26", "31.25", "31.25", "31.25"]);

        // goods leave: cost first
        s.act(&format!("{order_path}/deliver"), &s.get(&order_path).ok(), json!({"ship": true})).expect(200);
        ties(s, ["0", "125.01", "0", "0", "-18.00"]);
        let invoice = s.act(&format!("{order_path}/invoice"), &s.get(&order_path).ok(), json!({})).ok();
        ties(s, ["0", "125.01", "0", "0", "-18.00"]);
        let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        assert_eq!(money(&invoice["net"]), d("125.01"));
        ties(s, ["0", "125.01", "125.01", "0", "107.01"]);
        assert_eq!(earned(s, &linear, "margin", &touches), ["26.76", "26.75", "26.75", "26.75"]);

        // paid in two parts; one is taken back
        s.at("2026-03-20T09:00:00Z");
        let total = money(&invoice["total"]);
        let pay = |amount: Decimal| {
            let mut body = books.payment(&party, &json!(amount.to_string()));
            body["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
            let p = s.post("/v1/banking/payments", body).created();
            s.act(&format!("/v1/banking/payments/{}/post", id(&p)), &p, json!({})).ok()
        };
        let first = pay(d("50"));
        ties(s, ["0", "125.01", "125.01", "50", "107.01"]);
        let cash = total.to_string();
        pay(total - d("50"));
        ties(s, ["0", "125.01", "125.01", &cash, "107.01"]);
        let taken = json!({"allocation_id": first["allocations"][0]["id"]});
        s.act(&format!("/v1/banking/payments/{}/unallocate", id(&first)), &first, taken).ok();
        let less = (total - d("50")).to_string();
        ties(s, ["0", "125.01", "125.01", &less, "107.01"]);
        let first = s.get(&format!("/v1/banking/payments/{}", id(&first))).ok();
        s.act(&format!("/v1/banking/payments/{}/allocate", id(&first)), &first, json!({"invoice_id": invoice["id"]})).ok();
        ties(s, ["0", "125.01", "125.01", &cash, "107.01"]);

        // a credit note of 30.01 net restates at once, and is paid out
        let line = invoice["lines"].as_array().unwrap().iter().find(|l| money(&l["net"]) == d("80.01")).unwrap();
        let body = json!({"lines": [{"invoice_line_id": line["id"], "net": "30.01"}]});
        let paid = s.get(&format!("/v1/receivables/invoices/{}", id(&invoice))).ok();
        let note = s.act(&format!("/v1/receivables/invoices/{}/credit", id(&invoice)), &paid, body).ok();
        let note = s.act(&format!("/v1/receivables/credit-notes/{}/post", id(&note)), &note, json!({})).ok();
        ties(s, ["0", "125.01", "95.00", &cash, "77.00"]);
        assert_eq!(earned(s, &linear, "invoiced", &touches), ["23.75"; 4]);
        let told = restated(s, opportunity, "invoiced");
        assert_eq!(told[0], ("invoice.posted".into(), "2026-03-10".into(), "125.01".into()));
        assert_eq!(told[1], ("credit_note.posted".into(), "2026-03-20".into(), "-30.01".into()));
        let row = &s.all(&format!("/v1/marketing/attribution-restatements?cause_id={}&basis=invoiced", id(&note)))[0];
        assert_eq!((&row["before_amount"], &row["after_amount"]), (&json!("125.01"), &json!("95.00")));
        let mut refund = books.payment(&party, &note["total"]);
        refund["direction"] = json!("out");
        refund["allocate_to"] = json!([{"credit_note_id": note["id"]}]);
        let refund = s.post("/v1/banking/payments", refund).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&refund)), &refund, json!({})).ok();
        let kept = (total - money(&note["total"])).to_string();
        ties(s, ["0", "125.01", "95.00", &kept, "77.00"]);

        // by day: what was invoiced on a day is that day's, and the credit note that of its own
        let r = report(s, "basis=invoiced&from_date=2026-03-10&to_date=2026-03-10");
        assert_eq!((&r["total"]["amount"], &r["attributed"]["amount"]), (&json!("125.01"), &json!("125.01")));
        let r = report(s, "basis=invoiced&from_date=2026-03-11");
        assert_eq!(r["attributed"]["amount"], "-30.01");
        // the campaign by its id and name, a foreign one by its word, and none
        let r = report(s, "basis=invoiced");
        let rows: Vec<_> = r["rows"].as_array().unwrap().iter().map(|x| (x["key"].clone(), x["name"].clone(), x["amount"].clone())).collect();
        assert_eq!(rows.len(), 3, "{rows:?}");
        assert!(rows.contains(&(spring["id"].clone(), json!("Spring Sale"), json!("23.75"))), "{rows:?}");
        assert!(rows.contains(&(json!("unknown"), json!(null), json!("23.75"))), "{rows:?}");
        assert!(rows.contains(&(json!(null), json!(null), json!("47.50"))), "{rows:?}");
        let one = report(s, "basis=invoiced&limit=1");
        assert_eq!((one["rows"].as_array().unwrap().len(), &one["rest_amount"]), (1, &json!("47.50")));
        for group in ["channel", "source", "medium", "deal"] {
            let r = report(s, &format!("basis=cash&group_by={group}"));
            let rows: Decimal = r["rows"].as_array().unwrap().iter().map(|x| money(&x["amount"])).sum();
            assert_eq!(rows.to_string(), kept, "{group}");
        }
        // the return: a quarter of the margin, and 20 spent
        roi_is(s, &spring);
    }

    fn what_nobody_touched_is_shown_apart(s) {
        s.at("2026-03-10T09:00:00Z");
        let (known, unknown) = (customer(s, "Known"), customer(s, "Unknown"));
        touch(s, &known, "2026-03-01T09:00:00Z", json!({"campaign": "x"}));
        touch(s, &unknown, "2025-01-01T09:00:00Z", json!({"campaign": "x"}));
        for (buyer, amount) in [(&known, "100"), (&unknown, "30"), (&unknown, "12.34")] {
            let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "invoice_date": "2026-03-10", "lines": [
                {"description": "Advice", "item_class": "service", "quantity": "1", "unit_price": amount, "tax_code_ids": []}]});
            let made = s.post("/v1/receivables/invoices", body).created();
            s.act(&format!("/v1/receivables/invoices/{}/post", id(&made)), &made, json!({})).ok();
        }
        ties(s, ["0", "0", "142.34", "0", "142.34"]);
        let r = report(s, "basis=invoiced");
        assert_eq!((&r["unattributed"]["amount"], &r["unattributed"]["count"]), (&json!("42.34"), &json!(2)));
        assert_eq!(s.all(&format!("/v1/marketing/attribution-deals?party_id={}&status=won", id(&unknown))).len(), 2);
        // a touch that is told late is credited at once
        let late = touch(s, &unknown, "2026-03-02T09:00:00Z", json!({}));
        ties(s, ["0", "0", "142.34", "0", "142.34"]);
        assert_eq!(earned(s, &model(s, "linear"), "invoiced", &[&late]), ["42.34"]);
        let told = s.all("/v1/marketing/attribution-restatements?reason=touchpoint.recorded&basis=invoiced");
        assert_eq!((told.len(), &told[0]["change_amount"]), (2, &json!("0.00")));
    }

    fn an_invoice_in_another_currency_counts_at_its_own_rate(s) {
        s.at("2026-03-10T09:00:00Z");
        let buyer = customer(s, "Beans");
        touch(s, &buyer, "2026-03-01T09:00:00Z", json!({}));
        let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "currency": "USD", "exchange_rate": "0.9", "lines": [
            {"description": "Advice", "item_class": "service", "quantity": "1", "unit_price": "33.33", "tax_code_ids": []}]});
        let made = s.post("/v1/receivables/invoices", body).created();
        let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&made)), &made, json!({})).ok();
        ties(s, ["0", "0", "30.00", "0", "30.00"]);
        let pay = json!({"company_id": s.company_id(), "party_id": buyer["id"], "currency": "USD", "exchange_rate": "0.8", "amount": "33.33",
            "allocate_to": [{"invoice_id": invoice["id"]}]});
        let pay = s.post("/v1/banking/payments", pay).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&pay)), &pay, json!({})).ok();
        ties(s, ["0", "0", "30.00", "26.66", "30.00"]);
    }

    fn a_lost_or_reopened_deal_and_a_cancelled_order_take_back_what_they_gave(s) {
        s.at("2026-03-10T09:00:00Z");
        let books = ready_to_sell(s);
        let party = customer(s, "Beans");
        touch(s, &party, "2026-03-01T09:00:00Z", json!({}));
        let d1 = deal(s, &party, json!({"amount": "100"}));
        let lost = act(s, "opportunities", &d1, "lose", json!({"reason": "price"}));
        ties(s, ["0", "0", "0", "0", "0"]);
        let again = act(s, "opportunities", &lost, "reopen", json!({}));
        ties(s, ["100", "0", "0", "0", "0"]);
        let won = act(s, "opportunities", &again, "win", json!({}));
        ties(s, ["0", "100", "0", "0", "0"]);
        act(s, "opportunities", &won, "reopen", json!({}));
        ties(s, ["100", "0", "0", "0", "0"]);
        let order = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "2"}]});
        let order = s.post("/v1/sales/orders", order).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        ties(s, ["100", "30", "0", "0", "0"]);
        s.act(&format!("{path}/cancel"), &order, json!({"reason": "no money"})).ok();
        ties(s, ["100", "0", "0", "0", "0"]);
    }

    fn a_report_that_cannot_be_is_refused(s) {
        let path = format!("/v1/marketing/attribution?company_id={}", s.company_id());
        s.get(&format!("{path}&from_date=2026-02-01&to_date=2026-01-01")).problem(422, "metric.wrong_range");
        s.get(&format!("{path}&basis=hope")).problem(400, "invalid_parameter");
        s.get(&format!("{path}&model_id=atm_00000000000000000000000000")).problem(404, "not_found");
        let other = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Two", "currency": "EUR"})).created();
        let foreign = s.all(&format!("/v1/marketing/attribution-models?company_id={}", id(&other)));
        s.get(&format!("{path}&model_id={}", id(&foreign[0]))).problem(422, "attribution.other_company");
        let c = campaign(s, json!({}));
        s.get(&format!("{}/roi?model_id={}", at("campaigns", &c), id(&foreign[0]))).problem(422, "attribution.other_company");
        s.get(&format!("{}/roi?from_date=2026-02-01&to_date=2026-01-01", at("campaigns", &c))).problem(422, "metric.wrong_range");
    }
}

/// A fourth of 77.00 of margin and 20 spent by the ledger, under the id and under the name of the campaign.
fn roi_is(s: &Server, campaign: &Value) {
    let path = format!("{}/roi", at("campaigns", campaign));
    let r = s.get(&path).ok();
    assert_eq!((&r["margin_amount"], &r["cost_amount"], &r["roi"]), (&json!("19.25"), &json!("0.00"), &json!(null)));
    assert_eq!((&r["numerator"]["amount"], &r["denominator"]["count"]), (&json!("19.25"), &json!(0)));
    let account = |code: &str| {
        let page = s.get(&format!("/v1/accounting/accounts?company_id={}&code={code}", s.company_id())).ok();
        page["data"][0]["id"].clone()
    };
    for (word, amount) in [(id(campaign), "15.00"), ("spring sale", "5.00"), ("another", "99.00")] {
        let body = json!({"company_id": s.company_id(), "posting_date": "2026-03-15", "description": "Letters", "lines": [
            {"account_id": account("6200"), "debit": amount, "dimensions": {"campaign": word}}, {"account_id": account("1030"), "credit": amount}]});
        let made = s.post("/v1/accounting/journal-entries", body).created();
        s.act(&format!("/v1/accounting/journal-entries/{}/post", id(&made)), &made, json!({})).ok();
    }
    let r = s.get(&path).ok();
    // (19.25 − 20) ÷ 20
    assert_eq!((&r["margin_amount"], &r["cost_amount"], &r["roi"]), (&json!("19.25"), &json!("20.00"), &json!("-0.0375")));
    assert_eq!(
        (&r["numerator"]["amount"], &r["denominator"]["count"], &r["invoiced_amount"]),
        (&json!("-0.75"), &json!(2), &json!("23.75"))
    );
    assert_eq!(s.all(r["denominator"]["drill_down"].as_str().unwrap()).len(), 2);
    let listed: Decimal = s.all(r["numerator"]["drill_down"].as_str().unwrap()).iter().map(|x| money(&x["amount"])).sum();
    assert_eq!(listed, d("19.25"));
    let later = s.get(&format!("{path}?from_date=2026-04-01")).ok();
    assert_eq!((&later["cost_amount"], &later["roi"]), (&json!("0.00"), &json!(null)));
    let cost_until = |day: &str| s.get(&format!("{path}?to_date={day}")).ok()["cost_amount"].clone();
    assert_eq!((cost_until("2026-03-14"), cost_until("2026-03-15")), (json!("0.00"), json!("20.00")));
}
