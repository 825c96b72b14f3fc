//! What a payment is for: several invoices at once, small differences, references that are wrong, customers that are gone.

use serde_json::{Value, json};

use crate::accounting::{act, buyer, draft, invoice, payment, read};
use crate::fixtures::{customer, id, unique, verified};
use crate::harness::{Answer, Server};

/// A posted invoice on terms of its own.
fn on_terms(s: &Server, party: &Value, price: &str, terms: Value) -> Value {
    let mut body = json!({"company_id": s.company_id(), "code": format!("T{}", unique()), "name": "Term", "instalments": [{"percent": "100", "days": 30}]});
    body.as_object_mut().unwrap().extend(terms.as_object().cloned().unwrap());
    let term = s.post("/v1/receivables/payment-terms", body).created();
    let made = draft(s, party, "2026-01-01", price, &[], json!({"payment_term_id": term["id"]}));
    act(s, &made, "invoices", "post", json!({})).ok()
}

fn paying(s: &Server, party: &Value, amount: &str, to: Value) -> Answer {
    let body =
        json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-05", "amount": amount, "allocate_to": to});
    s.post("/v1/banking/payments", body)
}

fn paid(s: &Server, party: &Value, amount: &str, to: Value) -> Value {
    act(s, &paying(s, party, amount, to).created(), "payments", "post", json!({})).ok()
}

fn given(payment: &Value) -> Vec<[&str; 4]> {
    payment["allocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| ["amount", "discount", "write_off", "overpaid"].map(|f| a[f].as_str().unwrap()))
        .collect()
}

each_engine! {
    fn a_payment_for_several_invoices_keeps_the_discount_of_each(s) {
        let party = buyer(s);
        let early = json!({"discount_percent": "10", "discount_days": 10});
        let owed = [on_terms(s, &party, "1000", early.clone()), on_terms(s, &party, "2000", early)];
        let to = json!([{"invoice_id": owed[0]["id"]}, {"invoice_id": owed[1]["id"]}]);
        let done = paid(s, &party, "2700", to);
        assert_eq!(given(&done), [["900.00", "100.00", "0.00", "0.00"], ["1800.00", "200.00", "0.00", "0.00"]]);
        assert_eq!(done["status"], "allocated");
        assert!(owed.iter().all(|i| read(s, "invoices", i)["status"] == "paid"));
        verified(s);
    }

    fn a_tolerance_is_not_used_while_money_is_left_or_needed(s) {
        let party = buyer(s);
        let close = json!({"tolerance": "5"});
        let owed = [on_terms(s, &party, "100", close.clone()), on_terms(s, &party, "3", close.clone())];
        let to = |a: Option<&str>, b: Option<&str>| {
            let one = |i: &Value, amount: Option<&str>| match amount {
                Some(amount) => json!({"invoice_id": i["id"], "amount": amount}),
                None => json!({"invoice_id": i["id"]}),
            };
            json!([one(&owed[0], a), one(&owed[1], b)])
        };
        let done = paid(s, &party, "103", to(None, None));
        assert_eq!(given(&done), [["100.00", "0.00", "0.00", "0.00"], ["3.00", "0.00", "0.00", "0.00"]]);
        // 99.60 stated for 100 of a payment of 200
        let other = on_terms(s, &party, "100", close.clone());
        let done = paid(s, &party, "200", json!([{"invoice_id": other["id"], "amount": "99.60"}]));
        assert_eq!((given(&done), &done["unallocated"]), (vec![["99.60", "0.00", "0.00", "0.00"]], &json!("100.40")));
        assert_eq!(read(s, "invoices", &other)["outstanding"], "0.40");
        // what is a little too much pays what else is open
        let third = on_terms(s, &party, "50", close);
        let money = payment(s, &party, "2026-01-06", "50.40");
        let done = act(s, &money, "payments", "allocate", json!({"invoice_id": third["id"]})).ok();
        assert_eq!(done["unallocated"], "0.40");
        let done = act(s, &done, "payments", "allocate", json!({"invoice_id": other["id"]})).ok();
        assert_eq!(done["status"], "allocated");
        verified(s);
    }

    fn what_a_payment_names_is_there_and_of_the_company(s) {
        let party = buyer(s);
        let abroad = s.post("/v1/directory/companies", json!({"code": "ABROAD", "name": "Abroad", "currency": "EUR"})).created();
        let body = json!({"company_id": abroad["id"], "customer_id": party["id"], "invoice_date": "2026-01-02",
            "lines": [{"description": "Work", "unit_price": "10", "tax_code_ids": []}]});
        let theirs = act(s, &s.post("/v1/receivables/invoices", body).created(), "invoices", "post", json!({})).ok();
        let note = act(s, &theirs, "invoices", "credit", json!({"credit_date": "2026-01-03"})).ok();
        let own = payment(s, &party, "2026-01-03", "10");
        let refund = |to: Value| {
            let body = json!({"company_id": s.company_id(), "direction": "out", "party_id": party["id"], "payment_date": "2026-01-05", "amount": "5", "allocate_to": [to]});
            s.post("/v1/banking/payments", body)
        };
        let made_up = |prefix: &str| format!("{prefix}_00000000000000000000000000");
        let prefix = |v: &Value| id(v).split('_').next().unwrap().to_string();
        for (field, wrong) in [
            ("invoice_id", json!(theirs["id"])),
            ("invoice_id", json!(made_up(&prefix(&theirs)))),
            ("credit_note_id", json!(note["id"])),
            ("credit_note_id", json!(made_up(&prefix(&note)))),
            ("payment_id", json!(made_up(&prefix(&own)))),
        ] {
            let told = refund(json!({field: wrong})).problem(422, "unknown_reference");
            assert_eq!(told["errors"][0]["pointer"], format!("/allocate_to/0/{field}"), "{told}");
        }
        let mine = invoice(s, &party, "2026-01-02", "10", &[]);
        for wrong in [json!({}), json!({"invoice_id": mine["id"]}), json!({"payment_id": own["id"], "invoice_id": mine["id"]})] {
            let told = refund(wrong).problem(422, "invalid_body");
            assert_eq!(told["errors"][0]["pointer"], "/allocate_to/0/credit_note_id", "{told}");
        }
        let draft = refund(json!({"payment_id": own["id"]})).created();
        let path = format!("/v1/banking/payments/{}", id(&draft));
        s.patch(&path, &draft, json!({"allocate_to": [{"credit_note_id": note["id"]}]})).problem(422, "unknown_reference");
    }

    fn an_archived_customer_still_pays(s) {
        let party = customer(s, "Gone & Sons");
        let owed = invoice(s, &party, "2026-01-02", "100", &[]);
        let path = format!("/v1/directory/parties/{}", id(&party));
        s.act(&format!("{path}/archive"), &s.get(&path).ok(), Value::Null).ok();
        let done = paid(s, &party, "100", json!([{"invoice_id": owed["id"]}]));
        assert_eq!((&done["status"], &read(s, "invoices", &owed)["status"]), (&json!("allocated"), &json!("paid")));
        let stranger = s.post("/v1/directory/parties", json!({"name": "Nobody's customer"})).created();
        paying(s, &stranger, "1", json!([])).problem(422, "party.not_a_customer");
    }

    fn a_refund_pays_an_overpayment_back(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-02", "100", &[]);
        let over = paid(s, &party, "130", json!([{"invoice_id": owed["id"]}]));
        let body = json!({"company_id": s.company_id(), "direction": "out", "party_id": party["id"], "payment_date": "2026-01-20", "amount": "30",
            "allocate_to": [{"payment_id": over["id"]}]});
        let refund = act(s, &s.post("/v1/banking/payments", body).created(), "payments", "post", json!({})).ok();
        assert_eq!((&refund["status"], &refund["allocations"][0]["refunded_payment_id"]), (&json!("allocated"), &over["id"]));
        let over = read(s, "payments", &over);
        assert_eq!((&over["status"], &over["unallocated"], &over["allowed_actions"]), (&json!("allocated"), &json!("0.00"), &json!(["unallocate"])));
        assert!(s.all(&format!("/v1/receivables/open-items?party_id={}", id(&party))).is_empty());
        act(s, &over, "payments", "reverse", json!({"reason": "Returned"})).problem(409, "payment.refunded");
        act(s, &over, "payments", "allocate", json!({"invoice_id": owed["id"]})).problem(409, "payment.nothing_left");
        // the refund comes back, as from an account that is closed
        let back = act(s, &refund, "payments", "reverse", json!({"reason": "Account closed", "reversal_date": "2026-01-25"})).ok();
        assert_eq!((&back["status"], &back["allowed_actions"]), (&json!("reversed"), &json!([])));
        assert_eq!(read(s, "payments", &over)["unallocated"], "30.00");
        verified(s);
    }
}
