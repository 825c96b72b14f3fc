//! Forecasts: what counts, in which currency, for whom.

use serde_json::{Value, json};

use super::common::{act, at, deal, guarded_pipeline, me, with};
use crate::fixtures::{customer, id, money, user, user_with};
use crate::harness::{Client, Server};

pub fn forecast(s: &Client, company: &str, more: &str) -> Value {
    s.get(&format!("/v1/crm/forecasts?company_id={company}{more}")).ok()
}

fn rate(s: &Server, day: &str, rate: &str) {
    let body = json!({"from_currency": "USD", "to_currency": "EUR", "rate_date": day, "rate": rate});
    s.post("/v1/directory/exchange-rates", body).created();
}

/// Every figure of a row counts what its list shows.
#[track_caller]
pub fn drills_down(s: &Server, row: &Value) {
    for name in ["closed", "commit", "best_case", "pipeline", "omitted", "overdue", "undated"] {
        let figure = &row[name];
        let rows = s.all(figure["drill_down"].as_str().unwrap());
        assert_eq!(rows.len() as i64, figure["count"].as_i64().unwrap(), "{name}: {figure}");
    }
}

each_engine! {
    /// G19 of the vectors: 100k at 60 %, 50k USD at 0.9 and 30 %, lost 80k.
    fn a_forecast_weighs_open_deals_and_counts_lost_ones_zero(s) {
        let (party, company) = (customer(s, "Alfreds"), s.company_id());
        let this = |more: Value| deal(s, &party, with(json!({"expected_close_date": "2026-01-20"}), more));
        this(json!({"amount": "100000", "probability_percent": "60"}));
        this(json!({"amount": "50000", "currency": "USD", "probability_percent": "30"}));
        let lost = this(json!({"amount": "80000"}));
        act(s, "opportunities", &lost, "lose", json!({"reason": "price"}));
        s.get(&format!("/v1/crm/forecasts?company_id={company}")).problem(422, "exchange_rate.none_found");
        rate(s, "2026-01-01", "0.9");
        let f = forecast(s, company, "&group_by=owner");
        assert_eq!((&f["total"]["forecast_amount"], &f["total"]["pipeline_amount"]), (&json!("73500.00"), &json!("145000.00")));
        assert_eq!(f["rates"], json!([{"currency": "USD", "rate_date": "2026-01-02", "rate": "0.9"}]));
        assert_eq!((&f["start_date"], &f["end_date"], &f["period"]), (&json!("2026-01-01"), &json!("2026-01-31"), &json!("month")));
        assert_eq!((f["rows"].as_array().unwrap().len(), &f["rows"][0]["owner_id"]), (1, &json!(me(s))));
        drills_down(s, &f["total"]);
        s.get("/v1/crm/forecasts?company_id=co_00000000000000000000000000").problem(404, "not_found");
        s.get(&format!("/v1/crm/forecasts?company_id={company}&method=guess")).problem(400, "invalid_parameter");
    }

    /// Their sum does not fit an amount, and the product of two such sums not even a decimal of 28 digits: that is answered as
    /// what it is. What fits is exact.
    fn the_largest_deals_are_forecast_to_the_cent_or_refused_by_name(s) {
        let (party, company) = (customer(s, "Alfreds"), s.company_id());
        let largest = || deal(s, &party, json!({"amount": "9999999999999.00", "probability_percent": "50", "expected_close_date": "2026-01-20"}));
        largest();
        for by in ["owner", "pipeline", "category"] {
            let f = forecast(s, company, &format!("&group_by={by}"));
            assert_eq!((&f["total"]["pipeline_amount"], &f["total"]["forecast_amount"]), (&json!("9999999999999.00"), &json!("4999999999999.50")));
            assert_eq!(f["rows"][0]["forecast_amount"], "4999999999999.50", "{by}");
        }
        (1..29).for_each(|_| drop(largest()));
        for by in ["owner", "pipeline", "category", "team", "territory"] {
            s.get(&format!("/v1/crm/forecasts?company_id={company}&group_by={by}")).problem(422, "amount_out_of_range");
        }
    }

    /// PIPE-04 of the published cases: by close month, won whole, lost left out.
    fn the_months_of_the_published_case_weigh_what_it_says(s) {
        s.at("2023-12-01T09:00:00Z");
        let party = customer(s, "Alfreds");
        let of = |amount: &str, percent: &str, month: &str| {
            deal(s, &party, json!({"amount": amount, "probability_percent": percent, "expected_close_date": format!("{month}-15")}))
        };
        of("12000", "10", "2024-01");
        of("8000", "65", "2024-01");
        let won = [of("5000", "10", "2024-01"), of("7250", "10", "2024-03")];
        let lost = of("20000", "10", "2024-01");
        of("15500.50", "80", "2024-02");
        of("9999.99", "50", "2024-02");
        of("30000", "20", "2024-02");
        of("4500", "65", "2024-03");
        of("100000", "10", "2024-03");
        s.at("2024-01-15T09:00:00Z");
        act(s, "opportunities", &won[0], "win", json!({}));
        act(s, "opportunities", &lost, "lose", json!({"reason": "price"}));
        s.at("2024-03-15T09:00:00Z");
        act(s, "opportunities", &won[1], "win", json!({}));
        s.at("2024-01-16T09:00:00Z");
        let mut sum = rust_decimal::Decimal::ZERO;
        for (month, amount, weighted) in [("2024-01", "25000.00", "11400.00"), ("2024-02", "55500.49", "23400.40"), ("2024-03", "111750.00", "20175.00")] {
            let f = forecast(s, s.company_id(), &format!("&date={month}-01"));
            assert_eq!((&f["total"]["pipeline_amount"], &f["total"]["weighted_amount"]), (&json!(amount), &json!(weighted)), "{month}");
            sum += money(&f["total"]["weighted_amount"]);
        }
        assert_eq!(sum, "54975.40".parse().unwrap());
        let quarter = forecast(s, s.company_id(), "&period=quarter");
        assert_eq!(quarter["total"]["weighted_amount"], "54975.40");
        drills_down(s, &quarter["total"]);
    }

    fn shares_are_counted_by_percent_and_each_deal_once(s) {
        let (party, own) = (customer(s, "Alfreds"), me(s));
        let (ann, bob) = (user(s).0, user(s).0);
        let splits = json!([{"user_id": ann["id"], "percent": "33.33"}, {"user_id": bob["id"], "percent": "66.67"}]);
        let shared = deal(s, &party, json!({"amount": "100.01", "expected_close_date": "2026-01-20", "splits": splits}));
        deal(s, &party, json!({"amount": "50", "expected_close_date": "2026-01-20", "forecast_category": "commit"}));
        let nobodys = deal(s, &party, json!({"amount": "7", "expected_close_date": "2026-01-20"}));
        s.patch(&at("opportunities", &nobodys), &nobodys, json!({"owner_id": null})).ok();
        act(s, "opportunities", &shared, "win", json!({}));
        let f = forecast(s, s.company_id(), "&group_by=owner");
        let row = |owner: Value| f["rows"].as_array().unwrap().iter().find(|r| r["owner_id"] == owner).cloned().unwrap();
        let closed = |owner: &Value| row(owner.clone())["closed"]["amount"].clone();
        assert_eq!((closed(&ann["id"]), closed(&bob["id"])), (json!("33.33"), json!("66.68")));
        assert_eq!((row(json!(own))["commit"]["amount"].clone(), row(json!(null))["pipeline"]["count"].clone()), (json!("50.00"), json!(1)));
        assert_eq!((&f["total"]["closed"]["amount"], &f["total"]["closed"]["count"]), (&json!("100.01"), &json!(1)));
        for name in ["pipeline_amount", "weighted_amount", "forecast_amount"] {
            let sum: rust_decimal::Decimal = f["rows"].as_array().unwrap().iter().map(|r| money(&r[name])).sum();
            assert_eq!(sum, money(&f["total"][name]), "{name}");
        }
        for row in f["rows"].as_array().unwrap() {
            drills_down(s, row);
        }
        let one = forecast(s, s.company_id(), &format!("&owner_id={}", id(&ann)));
        assert_eq!(one["total"]["closed"]["amount"], "33.33");
        let p = forecast(s, s.company_id(), "&group_by=pipeline&method=category");
        assert_eq!((&p["rows"][0]["forecast_amount"], &p["total"]["forecast_amount"]), (&json!("150.01"), &json!("150.01")));
        drills_down(s, &p["rows"][0]);
        let other = guarded_pipeline(s);
        assert_eq!(forecast(s, s.company_id(), &format!("&pipeline_id={}", id(&other)))["total"]["pipeline_amount"], "0.00");
    }

    fn overdue_and_undated_deals_are_shown_and_closed_ones_keep_the_rate_of_their_day(s) {
        let party = customer(s, "Alfreds");
        rate(s, "2026-01-01", "0.9");
        let usd = deal(s, &party, json!({"amount": "100", "currency": "USD", "expected_close_date": "2026-01-20"}));
        deal(s, &party, json!({"amount": "10", "expected_close_date": "2026-01-05"}));
        deal(s, &party, json!({"amount": "20", "expected_close_date": "2025-12-05"}));
        deal(s, &party, json!({"amount": "40"}));
        deal(s, &party, json!({"amount": "80", "expected_close_date": "2026-01-31", "forecast_category": "omitted"}));
        act(s, "opportunities", &usd, "win", json!({}));
        rate(s, "2026-01-09", "0.5");
        s.at("2026-01-10T09:00:00Z");
        let f = forecast(s, s.company_id(), "");
        let t = &f["total"];
        assert_eq!((&t["closed"]["amount"], &t["pipeline"]["amount"]), (&json!("90.00"), &json!("10.00")));
        assert_eq!((&t["overdue"]["amount"], &t["overdue"]["count"]), (&json!("30.00"), &json!(2)));
        assert_eq!((&t["undated"]["amount"], &t["omitted"]["amount"]), (&json!("40.00"), &json!("80.00")));
        drills_down(s, t);
        let pace = forecast(s, s.company_id(), "&method=run_rate");
        assert_eq!(pace["total"]["forecast_amount"], "279.00", "90 in ten of 31 days");
    }

    fn stages_weigh_by_what_became_of_their_deals(s) {
        let party = customer(s, "Alfreds");
        for i in 0..5 {
            let o = deal(s, &party, json!({"amount": "1"}));
            let (verb, body) = if i < 2 { ("win", json!({})) } else { ("lose", json!({"reason": "price"})) };
            act(s, "opportunities", &o, verb, body);
        }
        s.at("2026-02-10T09:00:00Z");
        deal(s, &party, json!({"amount": "1000", "expected_close_date": "2026-02-20"}));
        let f = forecast(s, s.company_id(), "&method=historical");
        assert_eq!((&f["total"]["forecast_amount"], &f["total"]["weighted_amount"]), (&json!("400.00"), &json!("100.00")));
        let share = &f["stage_conversions"][0];
        assert_eq!((&share["closed_count"], &share["won_count"], &share["probability_percent"]), (&json!(5), &json!(2), &json!("40")));
        let reached = s.all(&format!("/v1/crm/opportunities?reached_stage_id={}&status=won,lost", share["stage_id"].as_str().unwrap()));
        assert_eq!(reached.len(), 5);
    }

    fn a_seller_sees_the_own_forecast_alone(s) {
        let (party, company) = (customer(s, "Alfreds"), s.company_id().to_string());
        let seller = user_with(s, &["crm.forecasts.read", "crm.quotas.read", "crm.forecast_submissions.*"], &[&company]);
        let own = seller.get("/v1/identity/me").ok()["user"]["id"].as_str().unwrap().to_string();
        deal(s, &party, json!({"amount": "10", "expected_close_date": "2026-01-20", "owner_id": own}));
        deal(s, &party, json!({"amount": "1000", "expected_close_date": "2026-01-20"}));
        let f = forecast(&seller, &company, "&group_by=owner");
        assert_eq!((&f["total"]["pipeline_amount"], f["rows"].as_array().unwrap().len()), (&json!("10.00"), 1));
        assert_eq!(forecast(s, &company, "")["total"]["pipeline_amount"], "1010.00");
        seller.get(&format!("/v1/crm/forecasts?company_id={company}&owner_id={}", me(s))).problem(403, "missing_scope");
        for owner in [json!(own), json!(me(s))] {
            s.post("/v1/crm/quotas", json!({"company_id": company, "user_id": owner, "period": "month", "date": "2026-01-01", "amount": "100"})).created();
        }
        assert_eq!((seller.all("/v1/crm/quotas").len(), s.all("/v1/crm/quotas").len()), (1, 2));
        let theirs = s.all(&format!("/v1/crm/quotas?user_id={}", me(s))).remove(0);
        seller.get(&at("quotas", &theirs)).problem(404, "not_found");
        let commit = |more: Value| seller.post("/v1/crm/forecast-submissions", with(json!({"company_id": company, "commit_amount": "12"}), more));
        commit(json!({"user_id": me(s)})).problem(403, "missing_scope");
        commit(json!({"whole_company": true})).problem(403, "missing_scope");
        let made = commit(json!({})).created();
        assert_eq!((&made["user_id"], &made["forecast_amount"], &made["adjustment_amount"]), (&json!(own), &json!("1.00"), &json!("11.00")));
        let managers = s.post("/v1/crm/forecast-submissions", json!({"company_id": company, "commit_amount": "5"})).created();
        seller.get(&at("forecast-submissions", &managers)).problem(404, "not_found");
        assert_eq!((seller.all("/v1/crm/forecast-submissions").len(), s.all("/v1/crm/forecast-submissions").len()), (1, 2));
    }
}
