//! Metrics of sales: the figures, and that the lists behind them count the same.

pub(crate) mod customers;

use serde_json::{Value, json};

use crate::crm::common::{act, at, deal, guarded_pipeline, me};
use crate::fixtures::{customer, id, user_with};
use crate::harness::Server;

fn metric(s: &Server, name: &str, more: &str) -> Value {
    s.get(&format!("/v1/insight/metrics/{name}?company_id={}&{more}", s.company_id())).ok()
}

/// Each side of a metric has a list that counts the same.
#[track_caller]
fn counts_the_same(s: &Server, of: &Value) {
    for side in ["numerator", "denominator"] {
        if let Some(path) = of[side]["drill_down"].as_str() {
            assert_eq!(s.all(path).len() as i64, of[side]["count"].as_i64().unwrap(), "{side} of {of}");
        }
    }
}

/// Deals of 8,000 created on the first of January: `won` of them won and `lost` lost on that day.
fn closed_deals(s: &Server, won: usize, lost: usize, day: &str) {
    s.at("2026-01-01T12:00:00Z");
    let party = customer(s, "Alfreds");
    let all: Vec<Value> = (0..won + lost).map(|_| deal(s, &party, json!({"amount": "8000"}))).collect();
    s.at(&format!("{day}T12:00:00Z"));
    for (i, o) in all.iter().enumerate() {
        let (verb, body) = if i < won { ("win", json!({})) } else { ("lose", json!({"reason": "price"})) };
        act(s, "opportunities", o, verb, body);
    }
}

each_engine! {
    /// G12 of the vectors, ten times smaller: 4 opportunities, 25 %, 8 000, 50 days are 160 a day.
    fn velocity_is_that_of_the_vectors(s) {
        closed_deals(s, 1, 3, "2026-02-20");
        let v = metric(s, "velocity", "from_date=2026-02-01&to_date=2026-02-28");
        assert_eq!((&v["opportunities"], &v["win_rate_percent"], &v["average_amount"]), (&json!(4), &json!("25"), &json!("8000.00")));
        assert_eq!((&v["average_cycle_days"], &v["expected_amount"]), (&json!("50"), &json!("8000.00")));
        assert_eq!((&v["amount_per_day"], &v["amount_per_30_days"]), (&json!("160.00"), &json!("4800.00")));
        counts_the_same(s, &v);
        let none = metric(s, "velocity", "from_date=2026-03-01&to_date=2026-03-28");
        assert_eq!((&none["win_rate_percent"], &none["amount_per_day"]), (&json!(null), &json!(null)));
        let path = format!("/v1/insight/metrics/velocity?company_id={}", s.company_id());
        s.get(&format!("{path}&from_date=2026-03-01&to_date=2026-02-28")).problem(422, "metric.wrong_range");
        s.get(&path).problem(400, "invalid_parameter");
    }

    fn deals_are_won_by_number_and_by_amount(s) {
        closed_deals(s, 1, 2, "2026-02-20");
        let party = customer(s, "Big");
        let big = deal(s, &party, json!({"amount": "24000"}));
        act(s, "opportunities", &big, "win", json!({}));
        let w = metric(s, "win-rate", "from_date=2026-02-01&to_date=2026-02-28");
        assert_eq!((&w["count_percent"], &w["amount_percent"]), (&json!("50"), &json!("66.67")));
        assert_eq!((&w["numerator"]["amount"], &w["denominator"]["amount"]), (&json!("32000.00"), &json!("48000.00")));
        counts_the_same(s, &w);
        let w = metric(s, "win-rate", &format!("from_date=2026-02-01&to_date=2026-02-28&owner_id={}", me(s)));
        counts_the_same(s, &w);
        let other = guarded_pipeline(s);
        let w = metric(s, "win-rate", &format!("from_date=2026-02-01&to_date=2026-02-28&pipeline_id={}", id(&other)));
        assert_eq!((&w["denominator"]["count"], &w["count_percent"]), (&json!(0), &json!(null)));
    }

    fn cycles_have_an_average_and_a_middle(s) {
        s.at("2026-01-01T12:00:00Z");
        let party = customer(s, "Alfreds");
        let all: Vec<Value> = (0..4).map(|_| deal(s, &party, json!({"amount": "1"}))).collect();
        for (o, day) in all.iter().zip(["2026-01-02", "2026-01-03", "2026-01-05", "2026-01-31"]) {
            s.at(&format!("{day}T12:00:00Z"));
            act(s, "opportunities", o, "win", json!({}));
        }
        let c = metric(s, "cycle-time", "from_date=2026-01-01&to_date=2026-01-31");
        assert_eq!((&c["average_days"], &c["median_days"]), (&json!("9.25"), &json!("3")));
        assert_eq!((&c["shortest_days"], &c["longest_days"], &c["numerator_days"]), (&json!("1"), &json!("30"), &json!("37")));
        counts_the_same(s, &c);
        let c = metric(s, "cycle-time", "from_date=2026-01-01&to_date=2026-01-05");
        assert_eq!(c["median_days"], "2");
        let none = metric(s, "cycle-time", "from_date=2026-03-01&to_date=2026-03-05");
        assert_eq!((&none["average_days"], &none["median_days"]), (&json!(null), &json!(null)));
    }

    fn a_funnel_counts_the_stages_that_a_cohort_reached(s) {
        s.at("2026-01-10T12:00:00Z");
        let (party, p) = (customer(s, "Alfreds"), guarded_pipeline(s));
        let all: Vec<Value> = (0..4).map(|_| deal(s, &party, json!({"pipeline_id": p["id"], "amount": "5"}))).collect();
        let to = |o: &Value, stage: usize| act(s, "opportunities", o, "advance", json!({"stage_id": p["stages"][stage]["id"]}));
        s.at("2026-02-10T12:00:00Z");
        to(&all[0], 1);
        let far = to(&all[1], 2);
        let back = to(&far, 0);
        act(s, "opportunities", &back, "win", json!({}));
        deal(s, &party, json!({"pipeline_id": p["id"], "amount": "5"}));
        let f = metric(s, "funnel", &format!("from_date=2026-01-01&to_date=2026-01-31&pipeline_id={}", id(&p)));
        let reached: Vec<_> = f["stages"].as_array().unwrap().iter().map(|t| (t["reached"].as_i64().unwrap(), t["reached_percent"].as_str().unwrap().to_string())).collect();
        assert_eq!(reached, [(4, "100".into()), (1, "25".into()), (1, "25".into()), (0, "0".into())]);
        assert_eq!((&f["denominator"]["count"], &f["won_percent"]), (&json!(4), &json!("25")));
        counts_the_same(s, &f);
        for stage in f["stages"].as_array().unwrap() {
            assert_eq!(s.all(stage["drill_down"].as_str().unwrap()).len() as i64, stage["reached"].as_i64().unwrap());
        }
        assert_eq!(metric(s, "funnel", "from_date=2026-01-01&to_date=2026-01-31")["denominator"]["count"], 0);
        let two = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        s.get(&format!("/v1/insight/metrics/funnel?company_id={}&from_date=2026-01-01&to_date=2026-01-31&pipeline_id={}", id(&two), id(&p))).problem(404, "not_found");
        s.get(&format!("/v1/insight/metrics/funnel?company_id={}&from_date=2026-02-01&to_date=2026-01-31", s.company_id())).problem(422, "metric.wrong_range");
    }

    fn conversion_goes_by_the_month_of_creation(s) {
        closed_deals(s, 2, 1, "2026-02-20");
        let c = metric(s, "conversion", "from_date=2026-01-01&to_date=2026-02-28");
        let won: Vec<_> = c["cohorts"].as_array().unwrap().iter().map(|c| c["won_percent"].clone()).collect();
        assert_eq!((won, &c["won_percent"]), (vec![json!("66.67"), json!(null)], &json!("66.67")));
        assert_eq!((&c["numerator"]["amount"], &c["denominator"]["amount"]), (&json!("16000.00"), &json!("24000.00")));
        counts_the_same(s, &c);
        c["cohorts"].as_array().unwrap().iter().for_each(|c| counts_the_same(s, c));
        let soon = metric(s, "conversion", "from_date=2026-01-01&to_date=2026-01-31&maturity_days=49");
        assert_eq!((&soon["numerator"]["count"], &soon["cohorts"][0]["is_mature"]), (&json!(0), &json!(false)));
        let later = metric(s, "conversion", "from_date=2026-01-01&to_date=2026-01-31&maturity_days=50");
        assert_eq!(later["numerator"]["count"], 2);
        counts_the_same(s, &soon);
        counts_the_same(s, &later);
        s.get(&format!("/v1/insight/metrics/conversion?company_id={}&from_date=2020-01-01&to_date=2026-01-31", s.company_id())).problem(422, "report.wrong_period");
    }

    fn a_seller_sees_the_own_figures(s) {
        closed_deals(s, 1, 0, "2026-02-20");
        let seller = user_with(s, &["insight.metrics.*"], &[s.company_id()]);
        let path = format!("/v1/insight/metrics/win-rate?company_id={}&from_date=2026-02-01&to_date=2026-02-28", s.company_id());
        assert_eq!(seller.get(&path).ok()["denominator"]["count"], 0);
        seller.get(&format!("{path}&owner_id={}", me(s))).problem(403, "missing_scope");
        let o = s.all("/v1/crm/opportunities").remove(0);
        assert_eq!(s.get(&at("opportunities", &o)).ok()["status"], "won");
    }
}
