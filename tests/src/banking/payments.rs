//! Payments: settling, discounts, currencies, races.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::accounting::{act, booked, buyer, draft, invoice, lines, new_tax, payment, read};
use crate::fixtures::{id, money, user_with, verified};
use crate::harness::Server;

/// An invoice with a payment term of its own.
fn on_terms(s: &Server, party: &Value, price: &str, taxes: &[String], term: Value) -> Value {
    let mut body = json!({"company_id": s.company_id(), "code": "TERM", "name": "Term", "instalments": [{"percent": "100", "days": 30}]});
    body.as_object_mut().unwrap().extend(term.as_object().cloned().unwrap());
    let term = s.post("/v1/receivables/payment-terms", body).created();
    let made = draft(s, party, "2026-01-01", price, taxes, json!({"payment_term_id": term["id"]}));
    act(s, &made, "invoices", "post", json!({})).ok()
}

each_engine! {
    fn who_raised_a_refund_does_not_post_it(s) {
        let policy = s.all(&format!("/v1/accounting/policies?company_id={}", s.company_id())).remove(0);
        s.patch(&format!("/v1/accounting/policies/{}", id(&policy)), &policy, json!({"payment_self_approval_limit": "100"})).ok();
        let party = buyer(s);
        let body = json!({"company_id": s.company_id(), "direction": "out", "party_id": party["id"], "payment_date": "2026-01-12", "amount": "1"});
        let small = s.post("/v1/banking/payments", body).created();
        let clerk = || user_with(s, &["banking.payments.*"], &[s.company_id()]);
        let (second, third) = (clerk(), clerk());
        let large = second.patch(&format!("/v1/banking/payments/{}", id(&small)), &small, json!({"amount": "100000.00"})).ok();
        assert_eq!(large["authors"].as_array().unwrap().len(), 2, "{large}");
        for writer in [&second, s] {
            act(writer, &large, "payments", "post", json!({})).problem(403, "payment.self_approval");
        }
        let worded = third.patch(&format!("/v1/banking/payments/{}", id(&large)), &large, json!({"reference": "Goodwill"})).ok();
        assert_eq!(worded["authors"], large["authors"]);
        act(&third, &worded, "payments", "post", json!({})).ok();
    }

    fn a_payment_settles_in_part_and_in_full_and_back(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let paid = payment(s, &party, "2026-01-12", "150");
        assert_eq!(booked(s, &paid["journal_entry_id"]), lines(&[("1030", "150.00", "0.00"), ("1100", "0.00", "150.00")]));
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"], "amount": "40"})).ok();
        assert_eq!((paid["status"].as_str(), paid["unallocated"].as_str()), (Some("posted"), Some("110.00")));
        assert_eq!(read(s, "invoices", &owed)["status"], "partially_paid");
        act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"], "amount": "60.01"})).problem(422, "allocation.too_much");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        assert_eq!((paid["unallocated"].as_str(), read(s, "invoices", &owed)["status"].as_str()), (Some("50.00"), Some("paid")));
        let first = paid["allocations"][0]["id"].clone();
        let paid = act(s, &paid, "payments", "unallocate", json!({"allocation_id": first})).ok();
        assert_eq!((paid["unallocated"].as_str(), read(s, "invoices", &owed)["outstanding"].as_str()), (Some("90.00"), Some("40.00")));
        act(s, &paid, "payments", "unallocate", json!({"allocation_id": first})).problem(409, "allocation.already_undone");
        verified(s);
    }

    fn a_payment_may_say_at_once_what_it_is_for(s) {
        let party = buyer(s);
        let owed = [invoice(s, &party, "2026-01-10", "100", &[]), invoice(s, &party, "2026-01-11", "50", &[])];
        let to: Vec<_> = owed.iter().map(|i| json!({"invoice_id": i["id"]})).collect();
        let body = json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-12", "amount": "150", "fee": "1.20", "allocate_to": to});
        let made = s.post("/v1/banking/payments", body).created();
        let paid = act(s, &made, "payments", "post", json!({})).ok();
        assert_eq!((paid["status"].as_str(), paid["number"].as_str()), (Some("allocated"), Some("PAY-2026-00001")));
        assert_eq!(booked(s, &paid["journal_entry_id"]), lines(&[("1030", "148.80", "0.00"), ("6510", "1.20", "0.00"), ("1100", "0.00", "150.00")]));
        assert!(owed.iter().all(|i| read(s, "invoices", i)["status"] == "paid"));
        verified(s);
    }

    fn early_payment_reduces_the_tax_alike(s) {
        let party = buyer(s);
        let owed = on_terms(s, &party, "1500", &[new_tax(s, "T15", "15")], json!({"discount_percent": "10", "discount_days": 10}));
        assert_eq!(owed["discount_until_date"], "2026-01-11");
        let paid = payment(s, &party, "2026-01-11", "1552.50");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        let given = &paid["allocations"][0];
        assert_eq!(given["discount"], "172.50");
        let expected = lines(&[("1100", "0.00", "172.50"), ("4110", "150.00", "0.00"), ("2100", "22.50", "0.00")]);
        assert_eq!(booked(s, &given["journal_entry_id"]), expected, "PT-12");
        assert_eq!(read(s, "invoices", &owed)["status"], "paid");
        let back = act(s, &paid, "payments", "unallocate", json!({"allocation_id": given["id"]})).ok();
        assert_eq!((back["unallocated"].as_str(), read(s, "invoices", &owed)["outstanding"].as_str()), (Some("1552.50"), Some("1725.00")));
        verified(s);
    }

    fn small_differences_are_let_go(s) {
        let party = buyer(s);
        let owed = on_terms(s, &party, "100", &[], json!({"tolerance": "0.05"}));
        let paid = payment(s, &party, "2026-02-20", "99.96");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        assert_eq!(booked(s, &paid["allocations"][0]["journal_entry_id"]), lines(&[("1100", "0.00", "0.04"), ("6600", "0.04", "0.00")]));
        assert_eq!(read(s, "invoices", &owed)["status"], "paid");
        verified(s);
    }

    fn a_rate_that_moved_is_a_realised_gain(s) {
        let party = buyer(s);
        let more = json!({"currency": "USD", "exchange_rate": "0.90"});
        let owed = act(s, &draft(s, &party, "2026-01-10", "100", &[], more), "invoices", "post", json!({})).ok();
        let body = json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-20", "amount": "100", "currency": "USD",
            "exchange_rate": "0.93", "allocate_to": [{"invoice_id": owed["id"]}]});
        let made = s.post("/v1/banking/payments", body).created();
        let paid = act(s, &made, "payments", "post", json!({})).ok();
        let used = &paid["allocations"][0];
        assert_eq!(used["exchange_gain"], "3.00", "G5");
        assert_eq!(booked(s, &used["journal_entry_id"]), lines(&[("1100", "3.00", "0.00"), ("7010", "0.00", "3.00")]));
        let euros = payment(s, &party, "2026-01-20", "100");
        let other = act(s, &draft(s, &party, "2026-01-10", "5", &[], json!({"currency": "USD", "exchange_rate": "0.9"})), "invoices", "post", json!({})).ok();
        act(s, &euros, "payments", "allocate", json!({"invoice_id": other["id"]})).problem(422, "allocation.other_currency");
        verified(s);
    }

    fn two_payments_never_settle_more_than_is_owed(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let payments: Vec<Value> = (0..8).map(|_| payment(s, &party, "2026-01-12", "30")).collect();
        let answers = s.parallel(8, |i, c| act(c, &payments[i], "payments", "allocate", json!({"invoice_id": owed["id"], "amount": "30"})).status);
        assert_eq!(answers.iter().filter(|a| **a == 200).count(), 3, "{answers:?}");
        assert!(answers.iter().all(|a| [200, 422].contains(a)), "{answers:?}");
        assert_eq!(read(s, "invoices", &owed)["outstanding"], "10.00");
        let open: Decimal = s.all(&format!("/v1/receivables/open-items?party_id={}", id(&party))).iter().map(|i| money(&i["outstanding"])).sum();
        assert_eq!(open, Decimal::from(100 - 240));
        verified(s);
    }

    fn money_of_another_customer_does_not_fit(s) {
        let owed = invoice(s, &buyer(s), "2026-01-10", "100", &[]);
        let other = crate::fixtures::customer(s, "Somebody else");
        let paid = payment(s, &other, "2026-01-12", "100");
        act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).problem(422, "allocation.other_party");
        let early = json!({"invoice_id": owed["id"], "effective_date": "2026-01-01"});
        let own = payment(s, &s.get(&format!("/v1/directory/parties/{}", owed["customer_id"].as_str().unwrap())).ok(), "2026-01-12", "1");
        act(s, &own, "payments", "allocate", early).problem(422, "allocation.too_early");
    }

    fn a_payment_that_names_what_it_cannot_settle_is_refused_when_it_says_so(s) {
        let owed = invoice(s, &buyer(s), "2026-01-10", "100", &[]);
        let other = crate::fixtures::customer(s, "Somebody else");
        let (path, company) = ("/v1/banking/payments", s.company_id());
        let body = |more: Value| {
            let mut body = json!({"company_id": company, "party_id": other["id"], "payment_date": "2026-01-12", "amount": "10"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let named = json!({"allocate_to": [{"invoice_id": owed["id"]}]});
        let said = s.post(path, body(named.clone())).problem(422, "allocation.other_party");
        assert_eq!(said["errors"][0]["pointer"], "/allocate_to/0/invoice_id");
        let draft = s.post(path, body(json!({}))).created();
        s.patch(&format!("{path}/{}", id(&draft)), &draft, named.clone()).problem(422, "allocation.other_party");
        s.post(&format!("{path}?dry_run=true"), body(named.clone())).problem(422, "allocation.other_party");
        let bulk = s.post(&format!("{path}/bulk"), json!({"mode": "partial", "items": [body(named), body(json!({}))]})).ok();
        assert_eq!((&bulk["items"][0]["error"]["code"], &bulk["created"]), (&json!("allocation.other_party"), &json!(1)));
        let dollars = json!({"party_id": owed["customer_id"], "currency": "USD", "exchange_rate": "0.9", "allocate_to": [{"invoice_id": owed["id"]}]});
        s.post(path, body(dollars)).problem(422, "allocation.other_currency");
    }

    fn a_draft_can_be_changed_and_deleted_a_posted_payment_not(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let new = || s.post("/v1/banking/payments", json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-12", "amount": "10"})).created();
        let path = |p: &Value| format!("/v1/banking/payments/{}", id(p));
        let (made, gone) = (new(), new());
        let change = json!({"amount": "100", "method": "cash", "reference": "R-1", "allocate_to": [{"invoice_id": owed["id"]}]});
        let changed = s.patch(&path(&made), &made, change).ok();
        assert_eq!((&changed["amount"], &changed["method"], &changed["reference"], &changed["version"]), (&json!("100.00"), &json!("cash"), &json!("R-1"), &json!(2)));
        s.delete(&path(&gone), &gone).no_content();
        s.get(&path(&gone)).problem(404, "not_found");
        let posted = act(s, &changed, "payments", "post", json!({})).ok();
        assert_eq!((&posted["status"], &posted["number"], &read(s, "invoices", &owed)["status"]), (&json!("allocated"), &json!("PAY-2026-00001"), &json!("paid")));
        s.patch(&path(&posted), &posted, json!({"amount": "1"})).problem(409, "payment.not_a_draft");
        s.delete(&path(&posted), &posted).problem(409, "payment.not_a_draft");
        verified(s);
    }
}
