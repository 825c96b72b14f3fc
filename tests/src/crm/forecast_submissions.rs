//! Submissions: an overlay on the forecast, never a change of it.

use serde_json::{Value, json};

use super::common::{at, deal, me, with};
use super::forecasts::forecast;
use crate::fixtures::customer;

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
        let row = &f["rows"][0];
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
}
