//! Payments that are taken back, as when the bank returns them.

use serde_json::{Value, json};

use crate::accounting::{act, booked, buyer, draft, invoice, lines, payment, read};
use crate::fixtures::{id, trial_balance, verified};
use crate::harness::Server;

fn open_on(s: &Server, party: &Value, day: &str) -> Vec<String> {
    let items = s.all(&format!("/v1/receivables/open-items?party_id={}&as_of={day}", id(party)));
    items.iter().map(|i| i["outstanding"].as_str().unwrap().to_string()).collect()
}

each_engine! {
    fn a_returned_payment_leaves_the_invoice_open_again(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let body = json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-20", "amount": "120", "fee": "1.20",
            "allocate_to": [{"invoice_id": owed["id"]}]});
        let made = s.post("/v1/banking/payments", body).created();
        act(s, &made, "payments", "reverse", json!({"reason": "No money"})).problem(409, "payment.not_posted");
        let paid = act(s, &made, "payments", "post", json!({})).ok();
        assert_eq!(paid["allowed_actions"], json!(["allocate", "unallocate", "reverse"]));
        act(s, &paid, "payments", "reverse", json!({"reason": "No money", "reversal_date": "2026-01-19"})).problem(422, "allocation.too_early");
        let back = act(s, &paid, "payments", "reverse", json!({"reason": "No money", "reversal_date": "2026-02-03", "fee": "3"})).ok();
        assert_eq!((&back["status"], &back["unallocated"], &back["reversal_date"]), (&json!("reversed"), &json!("0.00"), &json!("2026-02-03")));
        assert_eq!(booked(s, &back["reversal_entry_id"]), lines(&[
            ("1030", "0.00", "118.80"), ("6510", "0.00", "1.20"), ("1100", "120.00", "0.00"), ("6510", "3.00", "0.00"), ("1030", "0.00", "3.00")]));
        let now = read(s, "invoices", &owed);
        assert_eq!((&now["status"], &now["outstanding"]), (&json!("posted"), &json!("100.00")));
        assert_eq!(open_on(s, &party, "2026-02-02"), ["-20.00"]);
        assert_eq!(open_on(s, &party, "2026-02-03"), ["100.00"]);
        for verb in ["allocate", "unallocate", "reverse"] {
            let body = match verb {
                "allocate" => json!({"invoice_id": owed["id"]}),
                "unallocate" => json!({"allocation_id": back["allocations"][0]["id"]}),
                _ => json!({"reason": "Again"}),
            };
            act(s, &back, "payments", verb, body).problem(409, "payment.not_posted");
        }
        assert_eq!(trial_balance(s, "2030-12-31").of("1030"), (-3).into());
        verified(s);
    }

    fn a_return_is_not_dated_before_what_was_taken_back_last(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let paid = payment(s, &party, "2026-01-20", "100");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        let undo = json!({"allocation_id": paid["allocations"][0]["id"], "effective_date": "2026-03-01"});
        let paid = act(s, &paid, "payments", "unallocate", undo).ok();
        assert_eq!(paid["allowed_actions"], json!(["allocate", "reverse"]), "what was undone is not undone again");
        act(s, &paid, "payments", "reverse", json!({"reason": "No money", "reversal_date": "2026-02-10"})).problem(422, "allocation.too_early");
        act(s, &paid, "payments", "reverse", json!({"reason": "No money", "reversal_date": "2026-03-01"})).ok();
        assert_eq!(open_on(s, &party, "2026-02-10"), Vec::<String>::new());
        assert_eq!(open_on(s, &party, "2026-03-01"), ["100.00"]);
        verified(s);
    }

    fn a_return_takes_the_currency_gain_back(s) {
        let party = buyer(s);
        let more = json!({"currency": "USD", "exchange_rate": "0.90"});
        let owed = act(s, &draft(s, &party, "2026-01-10", "100", &[], more), "invoices", "post", json!({})).ok();
        let body = json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-20", "amount": "100", "currency": "USD",
            "exchange_rate": "0.93", "allocate_to": [{"invoice_id": owed["id"]}]});
        let paid = act(s, &s.post("/v1/banking/payments", body).created(), "payments", "post", json!({})).ok();
        act(s, &paid, "payments", "reverse", json!({"reason": "No money", "reversal_date": "2026-02-03"})).ok();
        let balance = trial_balance(s, "2030-12-31");
        assert_eq!(["1100", "1030", "7010", "7020"].map(|a| format!("{:.2}", balance.of(a))), ["90.00", "0.00", "0.00", "0.00"]);
        assert_eq!(read(s, "invoices", &owed)["outstanding"], "100.00");
        verified(s);
    }

    fn a_rate_that_was_agreed_stays_when_the_date_changes(s) {
        let party = buyer(s);
        for (day, rate) in [("2026-01-01", "0.91"), ("2026-02-01", "0.95")] {
            let body = json!({"from_currency": "USD", "to_currency": "EUR", "rate": rate, "rate_date": day});
            s.post("/v1/directory/exchange-rates", body).created();
        }
        let new = |rate: Value| {
            let mut body = json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-20", "amount": "100", "currency": "USD"});
            if !rate.is_null() {
                body["exchange_rate"] = rate;
            }
            s.post("/v1/banking/payments", body).created()
        };
        let (agreed, daily) = (new(json!("0.88")), new(Value::Null));
        let path = |p: &Value| format!("/v1/banking/payments/{}", id(p));
        let later = json!({"payment_date": "2026-02-10"});
        let now = s.patch(&path(&agreed), &agreed, later.clone()).ok();
        assert_eq!((&now["exchange_rate"], &now["exchange_rate_agreed"], &now["amount_company"]), (&agreed["exchange_rate"], &json!(true), &json!("88.00")));
        let now = s.patch(&path(&daily), &daily, later).ok();
        assert_eq!((&now["exchange_rate_agreed"], &now["amount_company"]), (&json!(false), &json!("95.00")), "the rate of the day follows the day");
        let bill = draft(s, &party, "2026-01-10", "100", &[], json!({"currency": "USD", "exchange_rate": "0.88"}));
        let path = format!("/v1/receivables/invoices/{}", id(&bill));
        assert_eq!(s.patch(&path, &bill, json!({"invoice_date": "2026-02-10"})).ok()["total_company"], "88.00");
        let bill = draft(s, &party, "2026-01-10", "100", &[], json!({"currency": "USD"}));
        let path = format!("/v1/receivables/invoices/{}", id(&bill));
        let bill = s.patch(&path, &bill, json!({"invoice_date": "2026-02-10"})).ok();
        assert_eq!(bill["total_company"], "95.00");
        let bill = s.patch(&path, &bill, json!({"exchange_rate": "0.90"})).ok();
        assert_eq!(s.patch(&path, &bill, json!({"invoice_date": "2026-01-15"})).ok()["total_company"], "90.00");
    }
}
