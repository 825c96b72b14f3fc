//! Invoices of earlier books: taken over against the opening balance, then paid, credited and aged like any other.

use serde_json::{Value, json};

use crate::accounting::{act, booked, buyer, draft, lines, new_tax, payment, read};
use crate::fixtures::{id, trial_balance, verified};

each_engine! {
    fn an_invoice_of_earlier_books_is_no_revenue(s) {
        let party = buyer(s);
        let taxed = draft(s, &party, "2025-11-20", "100", &[new_tax(s, "T20", "20")], json!({"opening_date": "2026-01-01", "reference": "Old 4711", "payment_terms_days": 30}));
        let owed = act(s, &taxed, "invoices", "post", json!({})).ok();
        assert_eq!((&owed["number"], &owed["total"], &owed["due_date"]), (&json!("OPI-2026-00001"), &json!("120.00"), &json!("2025-12-20")));
        assert_eq!(booked(s, &owed["journal_entry_id"]), lines(&[("1100", "120.00", "0.00"), ("9980", "0.00", "120.00")]));
        let items = |day: &str| s.all(&format!("/v1/receivables/open-items?party_id={}&as_of={day}", id(&party))).len();
        assert_eq!((items("2025-12-31"), items("2026-01-01")), (0, 1));
        let ageing = s.get(&format!("/v1/receivables/reports/ageing?company_id={}&as_of=2026-01-10", s.company_id())).ok();
        assert_eq!((&ageing["ageing"]["days_1_to_30"], &ageing["difference"]), (&json!("120.00"), &json!("0.00")));
        let early = payment(s, &party, "2026-01-05", "60");
        act(s, &early, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        // half of it is lost, with the tax that was declared before
        act(s, &read(s, "invoices", &owed), "invoices", "write-off", json!({"reason": "Gone", "posting_date": "2026-02-01", "tax_relief": true})).ok();
        let balance = trial_balance(s, "2030-12-31");
        assert_eq!(["1100", "2100", "4020", "9980"].map(|a| format!("{:.2}", balance.of(a))), ["0.00", "10.00", "0.00", "-120.00"]);
        let plain = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": "2025-12-01", "opening_date": "2026-01-01",
            "lines": [{"description": "Old invoice", "unit_price": "50"}]});
        let plain = s.post("/v1/receivables/invoices", plain).created();
        assert_eq!((&plain["total"], &plain["taxes"]), (&json!("50.00"), &json!([])), "no tax unless a line names one");
        let before = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": "2026-01-02", "opening_date": "2026-01-01", "lines": []});
        let told: Value = s.post("/v1/receivables/invoices", before).problem(422, "invalid_body");
        assert_eq!(told["errors"][0]["pointer"], "/opening_date");
        verified(s);
    }
}
