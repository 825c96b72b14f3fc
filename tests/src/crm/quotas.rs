//! Quotas: one for each user and period, and what forecasts make of them.

use serde_json::{Value, json};

use super::common::{act, at, deal, me, with};
use super::forecasts::forecast;
use crate::fixtures::{customer, id, user};

each_engine! {
    fn a_quota_is_for_a_fiscal_period_and_the_only_one(s) {
        let new = |more: Value| {
            s.post("/v1/crm/quotas", with(json!({"company_id": s.company_id(), "user_id": me(s), "period": "quarter", "date": "2026-02-10", "amount": "3000"}), more))
        };
        let q = new(json!({})).created();
        assert_eq!((&q["start_date"], &q["end_date"], &q["amount"]), (&json!("2026-01-01"), &json!("2026-03-31"), &json!("3000.00")));
        new(json!({"date": "2026-03-31"})).problem(409, "quota.duplicate");
        new(json!({"period": "year", "amount": "-1"})).problem(422, "quota.negative");
        new(json!({"period": "year", "amount": "1.005"})).problem(422, "too_many_decimals");
        new(json!({"period": "year", "user_id": "usr_00000000000000000000000000"})).problem(422, "unknown_reference");
        new(json!({"user_id": null})).created();
        new(json!({"user_id": null})).problem(409, "quota.duplicate");
        let q = s.patch(&at("quotas", &q), &q, json!({"amount": "4000"})).ok();
        s.patch(&at("quotas", &q), &q, json!({"amount": "-4000"})).problem(422, "quota.negative");
        assert_eq!(s.get(&at("quotas", &q)).ok(), q);
        assert_eq!(s.all(&format!("/v1/crm/quotas?user_id={}&period=quarter&start_date=2026-01-01", me(s))).len(), 1);
        s.delete(&at("quotas", &q), &q).no_content();
        s.get(&at("quotas", &q)).problem(404, "not_found");
        // a fiscal year from April
        let body = json!({"code": "APR", "name": "April", "currency": "EUR", "time_zone": "UTC", "fiscal_year_start_month": 4});
        let april = s.post("/v1/directory/companies", body).created();
        let q = new(json!({"company_id": april["id"], "period": "year", "date": "2026-03-31"})).created();
        assert_eq!((&q["start_date"], &q["end_date"]), (&json!("2025-04-01"), &json!("2026-03-31")));
    }

    fn a_forecast_stands_beside_the_quota(s) {
        let party = customer(s, "Alfreds");
        let ann = user(s).0;
        let quota = |user: &Value, amount: &str| {
            s.post("/v1/crm/quotas", json!({"company_id": s.company_id(), "user_id": user, "period": "month", "date": "2026-01-01", "amount": amount})).created()
        };
        quota(&json!(me(s)), "300");
        quota(&ann["id"], "100");
        let won = deal(s, &party, json!({"amount": "100", "expected_close_date": "2026-01-20"}));
        act(s, "opportunities", &won, "win", json!({}));
        deal(s, &party, json!({"amount": "500", "expected_close_date": "2026-01-20"}));
        let f = forecast(s, s.company_id(), "&group_by=owner");
        assert_eq!((&f["total"]["quota_amount"], &f["total"]["attainment_percent"]), (&json!("400.00"), &json!("25")));
        let row = |owner: &str| f["rows"].as_array().unwrap().iter().find(|r| r["owner_id"] == owner).cloned().unwrap();
        let own = row(&me(s));
        assert_eq!((&own["gap_amount"], &own["coverage"], &own["attainment_percent"]), (&json!("200.00"), &json!("2.5"), &json!("33.33")));
        assert_eq!((&row(id(&ann))["closed"]["amount"], &row(id(&ann))["attainment_percent"]), (&json!("0.00"), &json!("0")));
        quota(&json!(null), "1000");
        assert_eq!(forecast(s, s.company_id(), "")["total"]["quota_amount"], "1000.00");
    }
}
