//! Open items and ageing as of any day.

use serde_json::{Value, json};

use crate::accounting::{act, buyer, draft, invoice, payment};
use crate::fixtures::{id, verified};
use crate::harness::Server;

fn ageing(s: &Server, day: &str) -> Value {
    s.get(&format!("/v1/receivables/reports/ageing?company_id={}&as_of={day}", s.company_id())).ok()
}

fn buckets(v: &Value) -> [&str; 6] {
    let of = |f: &str| v["ageing"][f].as_str().unwrap_or_default();
    [
        of("not_due"),
        of("days_1_to_30"),
        of("days_31_to_60"),
        of("days_61_to_90"),
        of("over_90"),
        v["unallocated"].as_str().unwrap_or_default(),
    ]
}

each_engine! {
    fn ageing_of_any_day_equals_the_control_account(s) {
        let party = buyer(s);
        let terms = json!({"company_id": s.company_id(), "code": "THREE", "name": "Three", "instalments": [
            {"percent": "30", "days": 0}, {"percent": "50", "days": 30}, {"percent": "20", "days": 60}]});
        let term = s.post("/v1/receivables/payment-terms", terms).created();
        let made = draft(s, &party, "2026-01-10", "100", &[], json!({"payment_term_id": term["id"]}));
        let owed = act(s, &made, "invoices", "post", json!({})).ok();
        let paid = payment(s, &party, "2026-02-15", "40");
        act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"], "effective_date": "2026-02-20"})).ok();
        for (day, expected) in [
            ("2026-01-09", ["0.00", "0.00", "0.00", "0.00", "0.00", "0.00"]),
            ("2026-01-10", ["100.00", "0.00", "0.00", "0.00", "0.00", "0.00"]),
            ("2026-02-14", ["20.00", "50.00", "30.00", "0.00", "0.00", "0.00"]),
            ("2026-02-15", ["20.00", "50.00", "30.00", "0.00", "0.00", "-40.00"]),
            ("2026-02-20", ["20.00", "40.00", "0.00", "0.00", "0.00", "0.00"]),
            ("2026-06-30", ["0.00", "0.00", "0.00", "0.00", "60.00", "0.00"]),
        ] {
            let report = ageing(s, day);
            assert_eq!(buckets(&report), expected, "{day}: {report}");
            assert_eq!(report["difference"], "0.00", "{day}: {report}");
        }
        let then = s.all(&format!("/v1/receivables/open-items?company_id={}&as_of=2026-02-15&sort=due_date", s.company_id()));
        let shown: Vec<_> = then.iter().map(|i| i["outstanding"].as_str().unwrap()).collect();
        assert_eq!(shown, ["30.00", "50.00", "-40.00", "20.00"]);
        let now = s.all(&format!("/v1/receivables/open-items?company_id={}", s.company_id()));
        assert_eq!(now.len(), 2);
        verified(s);
    }

    fn what_was_taken_back_is_settled_again_from_that_day_on(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let paid = payment(s, &party, "2026-02-01", "100");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"], "amount": "60"})).ok();
        let back = json!({"allocation_id": paid["allocations"][0]["id"], "effective_date": "2026-03-01"});
        let paid = act(s, &paid, "payments", "unallocate", back).ok();
        let early = json!({"invoice_id": owed["id"], "amount": "50", "effective_date": "2026-02-15"});
        act(s, &paid, "payments", "allocate", early).problem(422, "allocation.too_early");
        let part = json!({"invoice_id": owed["id"], "amount": "40", "effective_date": "2026-02-15"});
        let paid = act(s, &paid, "payments", "allocate", part).ok();
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        let last = paid["allocations"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["effective_date"], &last["amount"]), (&json!("2026-03-01"), &json!("60.00")));
        for (day, open, unused) in [("2026-02-10", "40.00", "-40.00"), ("2026-02-20", "0.00", "0.00"), ("2026-03-02", "0.00", "0.00")] {
            let report = ageing(s, day);
            assert_eq!((buckets(&report)[1], buckets(&report)[5], &report["difference"]), (open, unused, &json!("0.00")), "{day}: {report}");
        }
        verified(s);
    }

    fn an_advance_is_an_open_credit(s) {
        let party = buyer(s);
        payment(s, &party, "2026-01-05", "1000");
        let report = ageing(s, "2026-01-31");
        assert_eq!((report["total"].as_str(), report["rows"][0]["unallocated"].as_str()), (Some("-1000.00"), Some("-1000.00")), "AGE-03");
    }

    fn the_overview_of_a_party_knows_what_it_owes(s) {
        let party = buyer(s);
        invoice(s, &party, "2025-11-10", "75", &[]);
        let view = s.get(&format!("/v1/directory/parties/{}/360", id(&party)));
        if view.status == 200 {
            let text = view.text();
            assert!(text.contains("75.00"), "{text}");
        }
        verified(s);
    }
}
