//! Invoices: drafting, legal numbers, postings, immutability.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::accounting::{account, act, booked, buyer, draft, invoice, lines, new_tax, payment, read};
use crate::fixtures::{customer, id, product, verified};

each_engine! {
    fn posting_books_receivable_revenue_and_tax(s) {
        let t10 = new_tax(s, "T10", "10");
        let party = buyer(s);
        let halves = json!([{"percent": "50", "days": 20}, {"percent": "50", "days": 40}]);
        let term = s.post("/v1/receivables/payment-terms", json!({"company_id": s.company_id(), "code": "HALVES", "name": "Halves", "instalments": halves})).created();
        let goods = product(s, "GOODS", "40.00", Some("10"));
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": "2026-01-10", "payment_term_id": term["id"], "lines": [
            {"product_id": goods["id"], "quantity": "5", "tax_code_ids": [t10]},
            {"description": "Freight", "item_class": "freight", "unit_price": "20", "tax_code_ids": []}]});
        let made = s.post("/v1/receivables/invoices", body).created();
        assert_eq!((made["net"].as_str(), made["tax"].as_str(), made["total"].as_str()), (Some("220.00"), Some("20.00"), Some("240.00")));
        assert_eq!((made["number"].as_str(), made["outstanding"].as_str()), (None, Some("0.00")));
        let posted = act(s, &made, "invoices", "post", json!({})).ok();
        assert_eq!((posted["number"].as_str(), posted["status"].as_str()), (Some("INV-2026-00001"), Some("posted")));
        let parts: Vec<_> = posted["instalments"].as_array().expect("parts").iter().map(|p| (p["due_date"].as_str().unwrap(), p["amount"].as_str().unwrap())).collect();
        assert_eq!(parts, [("2026-01-30", "120.00"), ("2026-02-19", "120.00")]);
        let expected = lines(&[("1100", "240.00", "0.00"), ("4010", "0.00", "200.00"), ("4040", "0.00", "20.00"), ("2100", "0.00", "20.00")]);
        assert_eq!(booked(s, &posted["journal_entry_id"]), expected);
        let trace = s.get(&format!("/v1/platform/trace/{}", id(&posted))).text();
        assert!(trace.contains(posted["journal_entry_id"].as_str().unwrap()), "{trace}");
        let why = s.get(&format!("/v1/platform/explain/{}", id(&posted))).ok();
        assert_eq!(why["value"], "240.00");
        verified(s);
    }

    /// Whoever keeps a copy asks for what changed since the last time, and gets it whatever changed it.
    fn an_invoice_says_when_it_last_changed(s) {
        let since = |noun: &str, at: &str| -> BTreeSet<String> {
            s.all(&format!("/v1/{}/{noun}?updated_at_gte={at}", if noun == "payments" { "banking" } else { "receivables" })).iter().map(|row| id(row).to_string()).collect()
        };
        let ids = |rows: &[&Value]| -> BTreeSet<String> { rows.iter().map(|row| id(row).to_string()).collect() };
        let party = buyer(s);
        let [draft_at, post_at, pay_at, credit_at] = ["2026-02-02T08:00:00Z", "2026-02-03T08:00:00Z", "2026-02-04T08:00:00Z", "2026-02-05T08:00:00Z"];
        s.at(draft_at);
        let other = invoice(s, &party, "2026-01-09", "70", &[]);
        let owed = draft(s, &party, "2026-01-10", "100", &[], json!({}));
        assert_eq!((&owed["created_at"], &owed["updated_at"]), (&json!(draft_at), &json!(draft_at)));
        assert_eq!(since("invoices", draft_at), ids(&[&other, &owed]));
        s.at(post_at);
        assert_eq!(since("invoices", post_at), BTreeSet::new());
        let owed = act(s, &owed, "invoices", "post", json!({})).ok();
        assert_eq!((&owed["created_at"], &owed["updated_at"]), (&json!(draft_at), &json!(post_at)));
        assert_eq!((since("invoices", post_at), since("invoices", draft_at)), (ids(&[&owed]), ids(&[&other, &owed])));
        s.at(pay_at);
        let paid = payment(s, &party, "2026-01-12", "60");
        act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        let now = read(s, "invoices", &owed);
        assert_eq!((now["status"].as_str(), &now["updated_at"]), (Some("partially_paid"), &json!(pay_at)));
        assert_eq!((since("invoices", pay_at), since("payments", pay_at)), (ids(&[&owed]), ids(&[&paid])));
        let items = s.all(&format!("/v1/receivables/open-items?updated_at_gte={pay_at}"));
        let documents: BTreeSet<&str> = items.iter().map(|i| i["document_id"].as_str().unwrap()).collect();
        assert_eq!(documents, BTreeSet::from([id(&owed)]), "the invoice is open in part; the payment is used up and no open item any more");
        s.at(credit_at);
        let last = s.all("/v1/receivables/invoices?sort=-updated_at&limit=1");
        assert_eq!(id(&last[0]), id(&owed));
        assert_eq!(since("invoices", credit_at), BTreeSet::new(), "reading changes nothing");
        verified(s);
    }

    fn a_draft_changes_line_by_line(s) {
        let made = draft(s, &buyer(s), "2026-01-10", "10", &[], json!({}));
        let lines = format!("/v1/receivables/invoices/{}/lines", id(&made));
        let line = s.request("POST", &lines).if_match(&made).json(&json!({"description": "More", "unit_price": "5", "quantity": "3", "tax_code_ids": []})).send();
        let line = line.created();
        let now = read(s, "invoices", &made);
        assert_eq!((now["total"].as_str(), now["lines"].as_array().map(Vec::len)), (Some("25.00"), Some(2)));
        s.patch(&format!("{lines}/{}", id(&line)), &now, json!({"discount_percent": "50"})).ok();
        let now = read(s, "invoices", &made);
        assert_eq!(now["total"], "17.50");
        s.delete(&format!("{lines}/{}", id(&line)), &now).no_content();
        let now = read(s, "invoices", &made);
        assert_eq!(now["total"], "10.00");
        let whole = s.patch(&format!("/v1/receivables/invoices/{}", id(&made)), &now, json!({"lines": [], "reference": "PO 7"})).ok();
        assert_eq!(whole["reference"], "PO 7");
        act(s, &whole, "invoices", "post", json!({})).problem(409, "invoice.empty");
        s.delete(&format!("/v1/receivables/invoices/{}", id(&made)), &whole).no_content();
    }

    fn a_posted_invoice_is_immutable(s) {
        let posted = invoice(s, &buyer(s), "2026-01-10", "10", &[]);
        let path = format!("/v1/receivables/invoices/{}", id(&posted));
        s.patch(&path, &posted, json!({"reference": "x"})).problem(409, "invoice.not_a_draft");
        s.delete(&path, &posted).problem(409, "invoice.not_a_draft");
        act(s, &posted, "invoices", "post", json!({})).problem(409, "invoice.not_a_draft");
        let line = posted["lines"][0]["id"].as_str().unwrap();
        s.delete(&format!("{path}/lines/{line}"), &posted).problem(409, "invoice.not_a_draft");
    }

    fn numbers_have_no_gap_under_sixteen_posters_and_refusals(s) {
        let party = buyer(s);
        let drafts: Vec<Value> = (0..32)
            .map(|i| draft(s, &party, if i % 4 == 0 { "2040-01-01" } else { "2026-01-10" }, "1", &[], json!({})))
            .collect();
        let answers = s.spread(16, &drafts, |d, c| act(c, d, "invoices", "post", json!({})));
        let numbers: BTreeSet<String> =
            answers.iter().filter(|a| a.status == 200).map(|a| a.ok()["number"].as_str().unwrap().to_string()).collect();
        assert_eq!(numbers, (1..=24).map(|n| format!("INV-2026-{n:05}")).collect());
        assert_eq!(answers.iter().filter(|a| a.status == 422).count(), 8);
        verified(s);
    }

    fn numbers_follow_the_fiscal_year(s) {
        let body = json!({"code": "APRIL", "name": "April", "currency": "EUR", "fiscal_year_start_month": 4});
        let company = s.post("/v1/directory/companies", body).created();
        let party = buyer(s);
        let number = |day: &str| {
            let body = json!({"company_id": company["id"], "customer_id": party["id"], "invoice_date": day,
                "lines": [{"description": "Work", "unit_price": "10", "tax_code_ids": []}]});
            act(s, &s.post("/v1/receivables/invoices", body).created(), "invoices", "post", json!({})).ok()["number"].clone()
        };
        assert_eq!(number("2026-11-02"), "INV-2026-00001");
        assert_eq!(number("2027-03-31"), "INV-2026-00002", "January to March belong to the year that began in April");
        verified(s);
    }

    fn another_currency_is_booked_at_its_rate(s) {
        let more = json!({"currency": "USD", "exchange_rate": "0.8333333333"});
        let posted = act(s, &draft(s, &buyer(s), "2026-01-10", "400", &[], more), "invoices", "post", json!({})).ok();
        assert_eq!(posted["total_company"], "333.33");
        assert_eq!(booked(s, &posted["journal_entry_id"]), lines(&[("1100", "333.33", "0.00"), ("4020", "0.00", "333.33")]));
        let body = json!({"company_id": s.company_id(), "customer_id": posted["customer_id"], "currency": "USD", "lines": []});
        s.post("/v1/receivables/invoices", body).problem(422, "exchange_rate.none_found");
    }

    fn what_is_lost_goes_through_the_allowance(s) {
        let t = new_tax(s, "T25", "25");
        let posted = invoice(s, &buyer(s), "2026-01-10", "100", &[t]);
        let gone = act(s, &posted, "invoices", "write-off", json!({"reason": "Bankrupt", "posting_date": "2026-01-20", "tax_relief": true})).ok();
        assert_eq!((gone["status"].as_str(), gone["outstanding"].as_str()), (Some("written_off"), Some("0.00")));
        let report = s.get(&format!("/v1/accounting/gl-lines?company_id={}&account_id={}", s.company_id(), account(s, "6500"))).ok();
        assert_eq!(report["data"][0]["debit"], "100.00");
        act(s, &gone, "invoices", "write-off", json!({"reason": "Again"})).problem(409, "invoice.not_open");
        verified(s);
    }

    fn days_agreed_for_an_invoice_come_before_those_of_the_customer_and_after_a_term(s) {
        let party = buyer(s);
        let due = |more: Value| act(s, &draft(s, &party, "2026-01-10", "100", &[], more), "invoices", "post", json!({})).ok()["due_date"].clone();
        assert_eq!(due(json!({})), "2026-02-09");
        assert_eq!(due(json!({"payment_terms_days": 0})), "2026-01-10");
        let term = json!({"company_id": s.company_id(), "code": "N14", "name": "14 days", "instalments": [{"percent": "100", "days": 14}]});
        let term = s.post("/v1/receivables/payment-terms", term).created();
        assert_eq!(due(json!({"payment_terms_days": 5, "payment_term_id": term["id"]})), "2026-01-24");
        let d = draft(s, &party, "2026-01-10", "100", &[], json!({"payment_terms_days": 5}));
        let path = format!("/v1/receivables/invoices/{}", id(&d));
        let d = s.patch(&path, &d, json!({"payment_terms_days": null})).ok();
        assert_eq!(d["payment_terms_days"], Value::Null);
        s.patch(&path, &d, json!({"payment_terms_days": -1})).problem(422, "invalid_body");
    }

    fn the_lines_can_be_read_on_their_own(s) {
        let party = buyer(s);
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [
            {"description": "Work", "unit_price": "10", "tax_code_ids": []}, {"description": "Travel", "unit_price": "5", "tax_code_ids": []}]});
        let made = s.post("/v1/receivables/invoices", body).created();
        let path = format!("/v1/receivables/invoices/{}/lines", id(&made));
        assert_eq!(json!(s.all(&path)), made["lines"]);
        assert_eq!(s.get(&format!("{path}/{}", id(&made["lines"][1]))).ok(), made["lines"][1]);
        let other = draft(s, &party, "2026-01-10", "1", &[], json!({}));
        s.get(&format!("{path}/{}", id(&other["lines"][0]))).problem(404, "not_found");
    }

    fn an_invoice_bills_no_more_of_an_order_than_it_may(s) {
        let party = buyer(s);
        let visit = product(s, "VISIT", "50.00", None);
        let ordered = |quantity: &str| {
            let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [{"product_id": visit["id"], "quantity": quantity}]});
            let order = s.post("/v1/sales/orders", body).created();
            s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok()
        };
        let bill = |company: &Value, customer: &Value, order: &Value, line: &Value, quantity: &str| {
            let line = json!({"description": "Visit", "unit_price": "50", "quantity": quantity, "order_line_id": line});
            s.post("/v1/receivables/invoices", json!({"company_id": company, "customer_id": customer, "order_id": order, "lines": [line]}))
        };
        let (order, other) = (ordered("2"), ordered("1"));
        let (own, line) = (json!(s.company_id()), order["lines"][0]["id"].clone());
        // an order of somebody else, of another company, of nobody, or a line of another order
        let stranger = customer(s, "A stranger");
        let abroad = s.post("/v1/directory/companies", json!({"code": "ABROAD", "name": "Abroad", "currency": "EUR"})).created();
        bill(&own, &stranger["id"], &order["id"], &line, "1").problem(422, "unknown_reference");
        bill(&abroad["id"], &party["id"], &order["id"], &line, "1").problem(422, "unknown_reference");
        bill(&own, &party["id"], &json!("so_00000000000000000000000000"), &line, "1").problem(422, "unknown_reference");
        bill(&own, &party["id"], &other["id"], &line, "1").problem(422, "unknown_reference");
        bill(&own, &party["id"], &Value::Null, &line, "1").problem(422, "unknown_reference");
        // more than was ordered
        let much = bill(&own, &party["id"], &order["id"], &line, "3").created();
        act(s, &much, "invoices", "post", json!({})).problem(409, "sales_order.over_invoiced");
        let lines = format!("/v1/receivables/invoices/{}/lines/{}", id(&much), id(&much["lines"][0]));
        s.patch(&lines, &much, json!({"quantity": "2"})).ok();
        let fine = act(s, &read(s, "invoices", &much), "invoices", "post", json!({})).ok();
        assert_eq!(fine["total"], "120.00");
        // an order that was put on hold or cancelled meanwhile
        let path = format!("/v1/sales/orders/{}", id(&other));
        let late = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
        s.act(&format!("{path}/hold"), &s.get(&path).ok(), json!({})).ok();
        act(s, &late, "invoices", "post", json!({})).problem(409, "sales_order.on_hold");
        s.act(&format!("{path}/cancel"), &s.get(&path).ok(), json!({})).ok();
        act(s, &late, "invoices", "post", json!({})).problem(409, "sales_order.not_confirmed");
        verified(s);
    }
}
