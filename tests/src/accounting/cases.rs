//! The worked cases of ledger, tax and receivables, each with its own figures, over HTTP. Their names are those of the
//! published tables.

use serde_json::{Value, json};

use super::{account, act, booked, buyer, draft, entry, lines, new_tax, payment, read};
use crate::fixtures::{customer, id, money, trial_balance, verified};
use crate::harness::Server;

/// A company of its own that counts in this currency, and a customer.
fn books_in(s: &Server, currency: &str) -> (Value, Value) {
    let company =
        s.post("/v1/directory/companies", json!({"code": format!("IN-{currency}"), "name": "Abroad", "currency": currency})).created();
    (company, customer(s, "Somebody abroad"))
}

fn invoiced_in(s: &Server, books: &(Value, Value), currency: &str, rate: Option<&str>, amount: &str) -> Value {
    let mut body = json!({"company_id": books.0["id"], "customer_id": books.1["id"], "invoice_date": "2026-01-10", "currency": currency,
        "lines": [{"description": "Work", "unit_price": amount, "tax_code_ids": []}]});
    if let Some(rate) = rate {
        body["exchange_rate"] = json!(rate);
    }
    let made = s.post("/v1/receivables/invoices", body).created();
    act(s, &made, "invoices", "post", json!({})).ok()
}

fn paid_in(s: &Server, books: &(Value, Value), owed: &Value, rate: &str) -> Value {
    let body = json!({"company_id": books.0["id"], "party_id": books.1["id"], "payment_date": "2026-02-10", "amount": owed["total"],
        "currency": owed["currency"], "exchange_rate": rate, "allocate_to": [{"invoice_id": owed["id"]}]});
    let made = s.post("/v1/banking/payments", body).created();
    act(s, &made, "payments", "post", json!({})).ok()
}

each_engine! {
    fn invoice_and_full_credit_note_cancel_each_other(s) {
        let party = buyer(s);
        let t10 = new_tax(s, "T10", "10");
        let halves = json!([{"percent": "50", "days": 20}, {"percent": "50", "days": 40}]);
        let term = s.post("/v1/receivables/payment-terms", json!({"company_id": s.company_id(), "code": "HALVES", "name": "Halves", "instalments": halves})).created();
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": "2026-01-10", "payment_term_id": term["id"], "lines": [
            {"description": "Taxed", "quantity": "5", "unit_price": "40", "tax_code_ids": [t10]},
            {"description": "Free of tax", "quantity": "1", "unit_price": "20", "tax_code_ids": []}]});
        let owed = act(s, &s.post("/v1/receivables/invoices", body).created(), "invoices", "post", json!({})).ok();
        assert_eq!(["net", "tax", "total"].map(|f| owed[f].as_str().unwrap()), ["220.00", "20.00", "240.00"], "ACC-O2C-01");
        assert_eq!((owed["taxes"].as_array().unwrap().len(), &owed["taxes"][0]["base"]), (1, &json!("200.00")));
        assert_eq!([0, 1].map(|i| owed["instalments"][i]["amount"].clone()), [json!("120.00"), json!("120.00")]);
        assert_eq!(booked(s, &owed["journal_entry_id"]), lines(&[("1100", "240.00", "0.00"), ("4020", "0.00", "220.00"), ("2100", "0.00", "20.00")]));
        let note = act(s, &owed, "invoices", "credit", json!({"reason": "all of it"})).ok();
        let note = act(s, &note, "credit-notes", "post", json!({})).ok();
        assert_eq!(booked(s, &note["journal_entry_id"]), lines(&[("4100", "220.00", "0.00"), ("2100", "20.00", "0.00"), ("1100", "0.00", "240.00")]));
        assert_eq!(read(s, "invoices", &owed)["status"], "credited");
        let balance = trial_balance(s, "2030-12-31");
        assert_eq!((balance.of("1100"), balance.of("2100"), balance.of("4020") + balance.of("4100")), Default::default());
        verified(s);
    }

    fn settling_at_another_rate_is_a_realised_difference(s) {
        for (case, books, invoice_rate, payment_rate, amount, owed, got, gain) in [
            // 400 EUR at 1.2 and 1.1 EUR for one USD
            ("ACC-FX-01", ("USD", "EUR"), "0.8333333333", "0.9090909091", "400", "333.33", "363.64", "30.31"),
            ("ACC-FX-04", ("INR", "USD"), "80", "85", "100", "8000.00", "8500.00", "500.00"),
        ] {
            let of = books_in(s, books.0);
            let invoice = invoiced_in(s, &of, books.1, Some(invoice_rate), amount);
            assert_eq!(invoice["total_company"], owed, "{case}");
            let paid = paid_in(s, &of, &invoice, payment_rate);
            let used = &paid["allocations"][0];
            assert_eq!(used["exchange_gain"], gain, "{case}");
            let lines_of = |of: &Value| s.get(&format!("/v1/accounting/journal-entries/{}?expand=lines.account", of.as_str().unwrap())).ok()["lines"].clone();
            let on = |lines: &Value, code: &str| lines.as_array().unwrap().iter().find(|l| l["account"]["code"] == code).map(|l| (l["debit"].clone(), l["credit"].clone()));
            assert_eq!(on(&lines_of(&paid["journal_entry_id"]), "1030"), Some((json!(got), json!("0.00"))), "{case}");
            assert_eq!(on(&lines_of(&used["journal_entry_id"]), "7010"), Some((json!("0.00"), json!(gain))), "{case}");
            let balance = crate::fixtures::trial_balance_of(s, id(&of.0), "2026-12-31");
            assert_eq!((balance.of("1100"), -balance.of("7010")), (Default::default(), gain.parse().unwrap()), "{case}");
        }
        verified(s);
    }

    fn a_rate_is_found_by_way_of_a_third_currency(s) {
        for (to, rate) in [("CHF", "1.3"), ("NOK", "1")] {
            let rate = json!({"from_currency": "XAF", "to_currency": to, "rate": rate, "rate_date": "2026-01-01"});
            s.post("/v1/directory/exchange-rates", rate).created();
        }
        let at = s.get("/v1/directory/exchange-rates/at?from=CHF&to=NOK&date=2026-01-10&via=XAF").ok();
        let converted = (money(&at["rate"]) * rust_decimal::Decimal::TEN).round_dp(2);
        assert_eq!((converted.to_string().as_str(), &at["method"]), ("7.69", &json!("triangulated")), "ACC-FX-09b");
    }

    fn opening_balances_follow_the_period_that_is_asked_for(s) {
        let party = buyer(s);
        let body = json!({"invoice_date": "2026-03-15"});
        act(s, &draft(s, &party, "2026-03-15", "10", &[], body), "invoices", "post", json!({})).ok();
        payment(s, &party, "2026-05-15", "10");
        let report = |from: &str, to: &str| s.get(&format!("/v1/accounting/reports/trial-balance?company_id={}&from_date={from}&to_date={to}", s.company_id())).ok();
        let row = |report: &Value, code: &str| {
            let found = report["rows"].as_array().unwrap().iter().find(|r| r["code"] == code).cloned().unwrap_or_else(|| panic!("no {code} in {report}"));
            ["opening", "debit", "credit", "closing"].map(|f| found[f].as_str().unwrap().to_string())
        };
        let year = report("2026-01-01", "2026-12-31");
        assert_eq!(row(&year, "4020"), ["0.00", "0.00", "10.00", "-10.00"], "ACC-CLS-06");
        assert_eq!(row(&year, "1100"), ["0.00", "10.00", "10.00", "0.00"], "ACC-CLS-06");
        let spring = report("2026-01-01", "2026-03-31");
        assert_eq!((&row(&spring, "1100")[3], &row(&spring, "4020")[3]), (&"10.00".to_string(), &"-10.00".to_string()), "ACC-CLS-06");
        let may = report("2026-05-01", "2026-12-31");
        assert_eq!(row(&may, "4020"), ["-10.00", "0.00", "0.00", "-10.00"], "ACC-CLS-06");
        assert_eq!(row(&may, "1030"), ["0.00", "10.00", "0.00", "10.00"], "ACC-CLS-06");
        let lines = s.all(&format!("/v1/accounting/gl-lines?company_id={}&account_id={}", s.company_id(), account(s, "1100")));
        assert_eq!(lines.len(), 2, "ACC-CLS-06");
    }

    fn instalments_fall_due_as_the_terms_say(s) {
        s.post("/v1/accounting/fiscal-years", json!({"company_id": s.company_id(), "start_date": "2019-01-01"})).created();
        let party = buyer(s);
        for (case, more, due) in [
            ("PT-03a", json!({"instalments": [{"percent": "100", "days": 45, "from_end_of_month": true}]}), vec![("2019-03-17", "1000.00")]),
            ("PT-04a", json!({"instalments": [{"percent": "100", "days": 31, "day_of_month": 15}]}), vec![("2019-02-15", "1000.00")]),
            ("PT-05a", json!({"instalments": [{"percent": "100", "days": 0, "from_end_of_month": true}]}), vec![("2019-01-31", "1000.00")]),
            ("PT-07", json!({"instalments": [{"percent": "30", "days": 0}, {"percent": "70", "days": 60}]}), vec![("2019-01-01", "300.00"), ("2019-03-02", "700.00")]),
        ] {
            let mut term = json!({"company_id": s.company_id(), "code": case, "name": case});
            term.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            let term = s.post("/v1/receivables/payment-terms", term).created();
            let made = draft(s, &party, "2019-01-01", "1000", &[], json!({"payment_term_id": term["id"]}));
            let posted = act(s, &made, "invoices", "post", json!({})).ok();
            let parts: Vec<_> = posted["instalments"].as_array().unwrap().iter().map(|p| (p["due_date"].as_str().unwrap(), p["amount"].as_str().unwrap())).collect();
            assert_eq!(parts, due, "{case}");
        }
        let term = json!({"company_id": s.company_id(), "code": "PT-09", "name": "PT-09", "instalments": [{"percent": "100", "days": 30}], "discount_percent": "10", "discount_days": 10});
        let term = s.post("/v1/receivables/payment-terms", term).created();
        let made = draft(s, &party, "2019-01-01", "1200", &[], json!({"payment_term_id": term["id"]}));
        let owed = act(s, &made, "invoices", "post", json!({})).ok();
        assert_eq!(owed["discount_until_date"], "2019-01-11", "PT-09");
        act(s, &payment(s, &party, "2019-01-11", "1080"), "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        assert_eq!(read(s, "invoices", &owed)["status"], "paid", "PT-09");
    }

    fn what_is_owed_stands_in_the_bucket_of_its_age(s) {
        let party = buyer(s);
        let at_once = json!({"company_id": s.company_id(), "code": "AT-ONCE", "name": "At once", "instalments": [{"percent": "100", "days": 0}]});
        let term = s.post("/v1/receivables/payment-terms", at_once).created();
        for (date, amount) in [("2026-06-20", "40000"), ("2026-05-15", "17500")] {
            let made = draft(s, &party, date, amount, &[], json!({"payment_term_id": term["id"]}));
            act(s, &made, "invoices", "post", json!({})).ok();
        }
        let report = s.get(&format!("/v1/receivables/reports/ageing?company_id={}&as_of=2026-06-30", s.company_id())).ok();
        let row = &report["rows"][0];
        let got = ["days_1_to_30", "days_31_to_60", "days_61_to_90", "over_90"].map(|f| row["ageing"][f].as_str().unwrap());
        assert_eq!((got, row["total"].as_str()), (["40000.00", "17500.00", "0.00", "0.00"], Some("57500.00")), "AGE-09a");
        assert_eq!(report["difference"], "0.00");
    }

    fn taxes_of_the_field(s) {
        let price = |price: &str, taxes: &[&str]| json!({"unit_price": price, "tax_code_ids": taxes});
        let (t8, t10, t12, t14, t15, t20) = (new_tax(s, "T8", "8"), new_tax(s, "T10", "10"), new_tax(s, "T12", "12"), new_tax(s, "T14", "14"), new_tax(s, "T15", "15"), new_tax(s, "T20", "20"));
        let special = |code: &str, rate: &str, more: Value| {
            let mut body = json!({"company_id": s.company_id(), "code": code, "name": code, "rates": [{"valid_from_date": "2000-01-01", "rate": rate}]});
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            id(&s.post("/v1/tax/codes", body).created()).to_string()
        };
        let each = special("EACH", "10", json!({"computation": "fixed_per_unit"}));
        let in_base = special("IN-BASE", "10", json!({"computation": "fixed_per_unit", "affects_base": true}));
        let inside = special("INSIDE", "5.5", json!({"price_includes_tax": true}));
        let hundred = vec![price("1.001", &[&t20]); 100];
        for (case, body, sums, taxes) in [
            ("ACC-TAX-01", json!({"rounding": "per_line", "lines": hundred}), ["100.00", "20.00", "120.00"], vec![("100.00", "20.00")]),
            ("ACC-TAX-02", json!({"rounding": "per_document", "lines": hundred}), ["100.00", "20.02", "120.02"], vec![("100.00", "20.02")]),
            ("ACC-TAX-03", json!({"lines": [price("10", &[&t10]), price("20", &[&t10, &t20])]}), ["30.00", "7.00", "37.00"], vec![("30.00", "3.00"), ("20.00", "4.00")]),
            ("ACC-TAX-06", json!({"lines": [{"quantity": "2", "unit_price": "100", "tax_code_ids": [t20, each]}]}), ["200.00", "60.00", "260.00"], vec![("200.00", "40.00"), ("200.00", "20.00")]),
            ("ACC-TAX-06", json!({"prices_include_tax": true, "lines": [price("130", &[&t20, &each])]}), ["100.00", "30.00", "130.00"], vec![("100.00", "20.00"), ("100.00", "10.00")]),
            ("ACC-TAX-14", json!({"prices_include_tax": true, "lines": [price("200", &[&t10])]}), ["181.82", "18.18", "200.00"], vec![("181.82", "18.18")]),
            ("ACC-TAX-15", json!({"lines": [price("200", &[&in_base, &t10])]}), ["200.00", "31.00", "231.00"], vec![("200.00", "10.00"), ("210.00", "21.00")]),
            ("ACC-TAX-17a", json!({"prices_include_tax": true, "rounding": "per_line", "lines": [price("124.4", &[&t8])]}), ["115.19", "9.21", "124.40"], vec![("115.19", "9.21")]),
            ("ACC-TAX-17e", json!({"prices_include_tax": true, "rounding": "per_line", "lines": [price("52.5", &[&t12])]}), ["46.87", "5.63", "52.50"], vec![("46.87", "5.63")]),
            ("ACC-TAX-18", json!({"rounding": "per_line", "lines": [price("2300", &[&t15, &inside])]}), ["2180.09", "446.92", "2627.01"], vec![("2180.09", "327.01"), ("2180.09", "119.91")]),
            ("ACC-TAX-21", json!({"prices_include_tax": true, "lines": [{"quantity": "100", "unit_price": "50", "tax_code_ids": [t14]}]}), ["4385.96", "614.04", "5000.00"], vec![("4385.96", "614.04")]),
            ("ACC-TAX-21", json!({"prices_include_tax": true, "discount": {"basis": "net", "amount": "100"}, "lines": [{"quantity": "100", "unit_price": "50", "tax_code_ids": [t14]}]}), ["4285.96", "600.03", "4885.99"], vec![("4285.96", "600.03")]),
            ("ACC-TAX-21", json!({"prices_include_tax": true, "discount": {"basis": "total", "amount": "100"}, "lines": [{"quantity": "100", "unit_price": "50", "tax_code_ids": [t14]}]}), ["4298.25", "601.75", "4900.00"], vec![("4298.25", "601.75")]),
        ] {
            let mut asked = json!({"company_id": s.company_id()});
            asked.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap());
            let t = s.post("/v1/tax/calculations/calculate", asked).ok();
            assert_eq!(["net", "tax", "gross"].map(|f| t[f].as_str().unwrap()), sums, "{case}");
            let got: Vec<_> = t["taxes"].as_array().unwrap().iter().map(|x| (x["base"].as_str().unwrap(), x["amount"].as_str().unwrap())).collect();
            assert_eq!(got, taxes, "{case}");
        }
    }

    fn books_that_turn_over_more_than_one_amount_can_hold_are_still_read(s) {
        for _ in 0..3 {
            let made = entry(s, "2026-01-10", "9999999999999.99");
            act(s, &made, "journal-entries", "post", json!({})).ok();
        }
        let balance = trial_balance(s, "2026-01-31");
        assert_eq!(balance.of("1010").to_string(), "29999999999999.97");
        verified(s);
    }
}
