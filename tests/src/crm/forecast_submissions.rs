//! Submissions: an overlay on the forecast, never a change of it.

use serde_json::{Value, json};

use super::common::{at, deal, me, with};
use super::forecasts::forecast;
use crate::fixtures::{customer, money, user};

each_engine! {
    fn a_submission_is_an_overlay_and_the_last_one_speaks(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "1000", "expected_close_date": "2026-01-20"}));
        let new = |more: Value| s.post("/v1/crm/forecast-submissions", with(json!({"company_id": s.company_id(), "commit_amount": "150"}), more));
        let first = new(json!({"note": " bad feeling "})).created();
        assert_eq!((&first["forecast_amount"], &first["adjustment_amount"], &first["note"]), (&json!("100.00"), &json!("50.00"), &json!("bad feeling")));
        let second = new(json!({"commit_amount": "80"})).created();
        let all = new(json!({"whole_company": true, "commit_amount": "90"})).created();
        assert_eq!((&all["user_id"], &all["submitted_by_user_id"]), (&json!(null), &json!(me(s))));
        let f = forecast(s, s.company_id(), "&group_by=owner");
        let row = f["rows"].as_array().unwrap().iter().find(|r| r["owner_id"] == json!(me(s))).unwrap();
        assert_eq!((&row["submission_id"], &row["adjustment_amount"], &row["adjusted_amount"]), (&second["id"], &json!("-20.00"), &json!("80.00")));
        assert_eq!((&f["total"]["submission_id"], &f["total"]["adjusted_amount"], &f["total"]["forecast_amount"]), (&all["id"], &json!("90.00"), &json!("100.00")));
        assert_eq!(s.get(&at("opportunities", &o)).ok(), o, "what lies below never changes");
        assert_eq!(s.get(&at("forecast-submissions", &first)).ok(), first);
        assert_eq!(s.all("/v1/crm/forecast-submissions?period=month&start_date=2026-01-01").len(), 3);
        new(json!({"commit_amount": "-1"})).problem(422, "forecast_submission.negative");
        new(json!({"commit_amount": "1.005"})).problem(422, "too_many_decimals");
        new(json!({"date": "2025-12-31"})).problem(422, "forecast_submission.period_over");
        new(json!({"whole_company": true, "user_id": me(s)})).problem(422, "invalid_body");
        new(json!({"user_id": "usr_00000000000000000000000000"})).problem(422, "unknown_reference");
    }

    /// Whoever submitted for whom: rows sum to the total to the cent.
    fn adjustments_of_rows_sum_to_that_of_the_total(s) {
        let party = customer(s, "Alfreds");
        let (ann, bob) = (user(s).0, user(s).0);
        let team = |name: &str, more: Value| {
            let body = with(json!({"company_id": s.company_id(), "name": name}), more);
            s.post("/v1/directory/teams", body).created()
        };
        let sales = team("Sales", json!({}));
        team("Inside", json!({"parent_id": sales["id"], "member_ids": [ann["id"]]}));
        for (owner, amount) in [(&ann, "10000"), (&bob, "66000.10"), (&ann, "33.33")] {
            deal(s, &party, json!({"owner_id": owner["id"], "amount": amount, "expected_close_date": "2026-01-20"}));
        }
        let submit = |more: Value| s.post("/v1/crm/forecast-submissions", with(json!({"company_id": s.company_id()}), more)).created();
        submit(json!({"user_id": ann["id"], "commit_amount": "2499.70"}));
        submit(json!({"user_id": bob["id"], "commit_amount": "5000"}));
        let sums = |by: &str| {
            let f = forecast(s, s.company_id(), &format!("&group_by={by}"));
            let top = f["rows"].as_array().unwrap().iter().filter(|r| r["level"] == 0);
            let mut sum = [rust_decimal::Decimal::ZERO; 3];
            for row in top {
                for (i, name) in ["forecast_amount", "adjustment_amount", "adjusted_amount"].into_iter().enumerate() {
                    sum[i] += money(&row[name]);
                }
            }
            (sum, ["forecast_amount", "adjustment_amount", "adjusted_amount"].map(|name| money(&f["total"][name])))
        };
        let check = |adjusted: &str| {
            for by in ["owner", "team", "pipeline", "territory", "category"] {
                let (rows, total) = sums(by);
                assert_eq!((rows, total[2]), (total, money(&json!(adjusted))), "{by}");
            }
        };
        check("7499.70");
        submit(json!({"whole_company": true, "commit_amount": "9000.01"}));
        check("9000.01");
    }
}
