//! Losses: when they may be dated, and taking them back.

use serde_json::{Value, json};

use crate::accounting::{act, buyer, invoice, new_tax, payment, read};
use crate::fixtures::{id, trial_balance, verified};
use crate::harness::Server;

fn open_on(s: &Server, party: &Value, day: &str) -> Vec<String> {
    let items = s.all(&format!("/v1/receivables/open-items?party_id={}&as_of={day}", id(party)));
    items.iter().map(|i| i["outstanding"].as_str().unwrap().to_string()).collect()
}

each_engine! {
    fn nothing_is_written_off_on_a_day_on_which_it_was_not_open(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let paid = payment(s, &party, "2026-02-01", "100");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        let back = json!({"allocation_id": paid["allocations"][0]["id"], "effective_date": "2026-04-01"});
        act(s, &paid, "payments", "unallocate", back).ok();
        let gone = |day: &str| act(s, &read(s, "invoices", &owed), "invoices", "write-off", json!({"reason": "Gone", "posting_date": day}));
        for day in ["2026-01-20", "2026-02-01", "2026-03-15"] {
            let told = gone(day).problem(422, "allocation.too_early");
            assert_eq!(told["errors"][0]["pointer"], "/posting_date", "{day}: {told}");
        }
        gone("2026-04-01").ok();
        for day in ["2026-01-31", "2026-02-15", "2026-03-31", "2026-04-01"] {
            assert!(open_on(s, &party, day).iter().all(|o| o != "-100.00" || day >= "2026-04-01"), "{day}: {:?}", open_on(s, &party, day));
        }
        assert_eq!(open_on(s, &party, "2026-03-15"), Vec::<String>::new());
        verified(s);
    }

    fn a_loss_is_taken_back_in_part_and_in_full_with_its_tax(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[new_tax(s, "T20", "20")]);
        let gone = act(s, &owed, "invoices", "write-off", json!({"reason": "Bankrupt", "posting_date": "2026-02-01", "tax_relief": true})).ok();
        assert_eq!((&gone["written_off"], &gone["allowed_actions"]), (&json!("120.00"), &json!(["reverse-write-off"])));
        let figures = || {
            let balance = trial_balance(s, "2030-12-31");
            ["1100", "2100", "6500", "1110"].map(|a| format!("{:.2}", balance.of(a)))
        };
        assert_eq!(figures(), ["0.00", "0.00", "100.00", "0.00"]);
        let back = |amount: Value, day: &str| {
            let mut body = json!({"posting_date": day});
            if !amount.is_null() {
                body["amount"] = amount;
            }
            act(s, &read(s, "invoices", &owed), "invoices", "reverse-write-off", body)
        };
        back(json!("120.01"), "2026-03-01").problem(422, "allocation.too_much");
        back(json!("0"), "2026-03-01").problem(422, "allocation.too_much");
        back(Value::Null, "2026-01-31").problem(422, "allocation.too_early");
        // the receiver pays a quarter
        let now = back(json!("30"), "2026-03-01").ok();
        assert_eq!((&now["status"], &now["outstanding"], &now["written_off"]), (&json!("partially_paid"), &json!("30.00"), &json!("90.00")));
        assert_eq!(figures(), ["30.00", "-5.00", "75.00", "0.00"]);
        let paid = payment(s, &party, "2026-03-05", "30");
        act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        let now = read(s, "invoices", &owed);
        assert_eq!((&now["status"], &now["outstanding"]), (&json!("written_off"), &json!("0.00")));
        // and then the rest
        let now = back(Value::Null, "2026-04-01").ok();
        assert_eq!((&now["outstanding"], &now["written_off"]), (&json!("90.00"), &json!("0.00")));
        assert_eq!(figures(), ["90.00", "-20.00", "0.00", "0.00"]);
        act(s, &now, "invoices", "reverse-write-off", json!({})).problem(409, "invoice.nothing_written_off");
        verified(s);
    }
}
