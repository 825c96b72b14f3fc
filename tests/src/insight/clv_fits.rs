//! What is learnt of customers: the published cases, and histories that teach nothing.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::fixtures::id;
use crate::harness::{Client, workspace};

struct Purchase {
    customer: String,
    day: NaiveDate,
    cents: i64,
}

/// The CDNOW sample of Fader and Hardie, or `None` with a loud word where it is not on this machine: its licence allows
/// research and no copy here.
fn cdnow() -> Option<Vec<Purchase>> {
    let path = workspace().join("../shared/data/crm/cdnow_transactions.csv");
    if !path.exists() {
        eprintln!("SKIPPED: the CDNOW sample is not at {}", path.display());
        return None;
    }
    let mut out = Vec::new();
    for row in csv::Reader::from_path(path).unwrap().records() {
        let row = row.unwrap();
        let cents = (row[3].parse::<f64>().unwrap() * 100.0).round() as i64;
        out.push(Purchase { customer: row[0].into(), day: row[1].parse().unwrap(), cents });
    }
    Some(out)
}

/// Histories until the end of the calibration, as the published summary rounds them: two places.
fn histories(of: &[Purchase]) -> Vec<Value> {
    let end: NaiveDate = "1997-09-30".parse().unwrap();
    let mut by: BTreeMap<&str, BTreeMap<NaiveDate, i64>> = BTreeMap::new();
    for p in of.iter().filter(|p| p.day <= end) {
        *by.entry(&p.customer).or_default().entry(p.day).or_default() += p.cents;
    }
    let weeks = |days: i64| format!("{:.2}", days as f64 / 7.0);
    by.values()
        .map(|days| {
            let (first, last) = (*days.keys().next().unwrap(), *days.keys().last().unwrap());
            let repeats = days.len() as i64 - 1;
            let mut h = json!({"frequency": repeats, "recency": weeks((last - first).num_days()), "age": weeks((end - first).num_days())});
            if repeats > 0 {
                let cents = (2 * days.values().skip(1).sum::<i64>() + repeats) / (2 * repeats);
                h["mean_amount"] = format!("{}.{:02}", cents / 100, cents % 100).into();
            }
            h
        })
        .collect()
}

#[track_caller]
fn near(value: &Value, wanted: f64, by: f64) {
    let got: f64 = value.as_str().unwrap().parse().unwrap();
    assert!((got - wanted).abs() <= by, "{got} is not {wanted} ± {by}");
}

#[track_caller]
pub fn fitted(s: &Client, company: &str) -> Value {
    let job = s.post("/v1/insight/clv-fits/fit", json!({"company_id": company})).accepted();
    for _ in 0..1200 {
        let job = s.get(&format!("/v1/platform/jobs/{}", id(&job))).ok();
        if ["succeeded", "failed"].contains(&job["status"].as_str().unwrap()) {
            return job;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the job does not end");
}

/// CLV-06 of the published cases: the totals of the sample.
#[test]
fn the_cdnow_sample_has_the_published_totals() {
    let Some(all) = cdnow() else { return };
    let end: NaiveDate = "1997-09-30".parse().unwrap();
    let people: std::collections::BTreeSet<&str> = all.iter().map(|p| p.customer.as_str()).collect();
    let later: Vec<_> = all.iter().filter(|p| p.day > end).collect();
    let days: std::collections::BTreeSet<_> = later.iter().map(|p| (&p.customer, p.day)).collect();
    assert_eq!((all.len(), people.len(), all.len() - later.len(), later.len(), days.len()), (6919, 2357, 4960, 1959, 1882));
    assert_eq!(all.iter().map(|p| p.cents).sum::<i64>(), 24_409_194);
    assert_eq!(all.iter().map(|p| p.day).max(), "1998-06-30".parse().ok());
    assert_eq!(histories(&all)[0], json!({"frequency": 2, "recency": "30.43", "age": "38.86", "mean_amount": "22.35"}));
}

each_engine! {
    /// CLV-01 and CLV-03 of the published cases.
    fn the_models_find_the_published_parameters_and_expectations(s) {
        let Some(all) = cdnow() else { return };
        let body = json!({"histories": histories(&all), "weeks": 39, "foretell": 2});
        let m = s.post("/v1/insight/clv-fits/simulate", body).ok();
        for (name, wanted) in [("r", 0.2426), ("alpha", 4.4135), ("a", 0.7929), ("b", 2.4258)] {
            near(&m["purchases"][name], wanted, 0.005);
        }
        near(&m["purchases"]["log_likelihood"], -9582.4256, 0.1);
        assert_eq!(m["purchases"]["is_at_bound"], false);
        for (i, alive, purchases, mean) in [(0, 72.66, 1.2259, 24.66), (1, 21.22, 0.2033, 18.91)] {
            let e = &m["expectations"][i];
            near(&e["p_alive_percent"], alive, 0.1);
            near(&e["purchases"], purchases, 0.002);
            near(&e["mean_amount"], mean, 0.02);
        }
        assert_eq!(m["expectations"].as_array().unwrap().len(), 2);
    }

    fn impossible_histories_and_too_few_are_refused(s) {
        let of = |more: Value| vec![more; 10];
        let tried = |h: Vec<Value>| s.post("/v1/insight/clv-fits/simulate", json!({"histories": h}));
        for wrong in [json!({"frequency": 1, "recency": "5", "age": "4"}), json!({"frequency": 0, "recency": "1", "age": "4"}), json!({"frequency": 0, "recency": "0", "age": "0"})] {
            let problem = tried(of(wrong)).problem(422, "clv_fit.wrong_history");
            assert_eq!(problem["errors"][0]["pointer"], "/histories/0");
        }
        tried(of(json!({"frequency": 0, "recency": "0", "age": "4"}))).problem(422, "clv_fit.no_fit");
        let days = "from_date=2026-01-01&to_date=2026-01-31";
        let path = format!("/v1/insight/metrics/clv?company_id={}&{days}", s.company_id());
        s.get(&format!("{path}&model=bgnbd")).problem(409, "clv_fit.none");
        s.get(&format!("{path}&cac_account_ids=nonsense")).problem(400, "invalid_parameter");
        let job = fitted(s, s.company_id());
        assert_eq!((&job["status"], &job["error"]["code"]), (&json!("failed"), &json!("clv_fit.no_fit")), "{job}");
    }
}
