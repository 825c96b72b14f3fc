//! Snapshots: taken by hand and by the clock, never changed, measured afterwards.

use std::time::Duration;

use serde_json::json;

use super::common::{act, at, deal};
use crate::fixtures::customer;

each_engine! {
    fn a_snapshot_stays_and_tells_later_how_right_it_was(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "1000", "expected_close_date": "2026-02-20", "probability_percent": "60"}));
        let path = "/v1/crm/forecast-snapshots";
        let new = |date: &str| s.post(path, json!({"company_id": s.company_id(), "date": date}));
        let taken = new("2026-02-01").created();
        assert_eq!((&taken["weighted_amount"], &taken["snapshot_date"], &taken["start_date"]), (&json!("600.00"), &json!("2026-01-02"), &json!("2026-02-01")));
        assert_eq!(taken["rows"][0]["weighted_amount"], "600.00");
        new("2026-02-28").problem(409, "forecast_snapshot.duplicate");
        s.at("2026-02-10T09:00:00Z");
        let o = s.patch(&at("opportunities", &o), &o, json!({"amount": "500"})).ok();
        act(s, "opportunities", &o, "win", json!({}));
        assert_eq!(s.get(&at("forecast-snapshots", &taken)).ok(), taken);
        s.at("2026-03-01T09:00:00Z");
        let accuracy = |more: &str| {
            s.get(&format!("/v1/crm/forecasts/accuracy?company_id={}&from_date=2026-02-01&to_date=2026-12-31{more}", s.company_id()))
        };
        let a = accuracy("").ok();
        let p = &a["periods"][0];
        assert_eq!((&p["snapshot_id"], &p["forecast_amount"], &p["actual_amount"]), (&taken["id"], &json!("600.00"), &json!("500.00")));
        assert_eq!((&p["error_amount"], &a["mape_percent"], &a["bias_percent"]), (&json!("100.00"), &json!("20"), &json!("20")));
        assert_eq!((a["periods"].as_array().unwrap().len(), s.all(p["drill_down"].as_str().unwrap()).len()), (1, 1));
        assert_eq!(accuracy("&measure=commit&lead_days=30").ok()["periods"][0]["forecast_amount"], "0.00");
        s.get(&format!("/v1/crm/forecasts/accuracy?company_id={}&from_date=2026-02-01&to_date=2026-01-01", s.company_id())).problem(422, "forecast.wrong_range");
    }

    fn the_clock_takes_one_of_each_kind_a_day(s) {
        let party = customer(s, "Alfreds");
        deal(s, &party, json!({"amount": "1000", "expected_close_date": "2026-02-20"}));
        let of = |day: &str| {
            s.all(&format!("/v1/crm/forecast-snapshots?snapshot_date={day}")).iter().map(|r| r["period"].as_str().unwrap().to_string()).collect::<Vec<_>>()
        };
        for day in ["2026-02-10", "2026-02-11"] {
            s.at(&format!("{day}T09:00:00Z"));
            let mut tries = 0;
            while of(day).len() < 3 {
                tries += 1;
                assert!(tries < 200, "no snapshot of {day}");
                std::thread::sleep(Duration::from_millis(50));
            }
            s.at(&format!("{day}T21:00:00Z"));
            std::thread::sleep(Duration::from_millis(700));
            assert_eq!(of(day), ["month", "quarter", "year"]);
        }
    }

    fn the_database_refuses_to_change_what_was_said(s) {
        let party = customer(s, "Alfreds");
        deal(s, &party, json!({"amount": "1000", "expected_close_date": "2026-01-20"}));
        s.post("/v1/crm/forecast-snapshots", json!({"company_id": s.company_id(), "date": "2026-05-01"})).created();
        s.post("/v1/crm/forecast-submissions", json!({"company_id": s.company_id(), "commit_amount": "1"})).created();
        for table in ["forecast_snapshots", "forecast_submissions"] {
            for statement in [format!("UPDATE {table} SET version = 2"), format!("DELETE FROM {table}")] {
                let refused = crate::crm::opportunities::run(s, &statement);
                assert!(refused.contains("cannot be changed"), "{statement}: {refused}");
            }
        }
    }
}
