//! The reports of the front office, the checks and the front part of the customer overview.

use serde_json::{Value, json};

use super::common::{act, activity, at, deal, guarded_pipeline, lead, qualified};
use crate::fixtures::{customer, id, money, user};

fn pipeline_report(s: &crate::harness::Server, more: &str) -> Value {
    s.get(&format!("/v1/crm/reports/pipeline?company_id={}{more}", s.company_id())).ok()
}

each_engine! {
    /// G19 of the vectors: 100k at 60 %, 50k USD at 0.9 and 30 %, lost 80k.
    fn a_pipeline_is_worth_what_its_deals_weigh(s) {
        let party = customer(s, "Alfreds");
        deal(s, &party, json!({"amount": "100000", "probability_percent": "60"}));
        deal(s, &party, json!({"amount": "50000", "currency": "USD", "probability_percent": "30"}));
        let lost = deal(s, &party, json!({"amount": "80000"}));
        act(s, "opportunities", &lost, "lose", json!({"reason": "price"}));
        s.get(&format!("/v1/crm/reports/pipeline?company_id={}", s.company_id())).problem(422, "exchange_rate.none_found");
        s.post("/v1/directory/exchange-rates", json!({"from_currency": "USD", "to_currency": "EUR", "rate_date": "2026-01-01", "rate": "0.9"})).created();
        let r = pipeline_report(s, "");
        assert_eq!((&r["open"]["weighted_amount"], &r["open"]["amount"], &r["open"]["count"]), (&json!("73500.00"), &json!("145000.00"), &json!(2)));
        assert_eq!((&r["lost"]["amount"], &r["lost"]["weighted_amount"]), (&json!("80000.00"), &json!("0.00")));
        assert_eq!(r["rates"], json!([{"currency": "USD", "rate": "0.9"}]));
        assert_eq!(r["stages"][0]["open"]["count"], 2);
    }

    fn overdue_deals_stay_in_the_pipeline_and_every_figure_has_its_rows(s) {
        let (party, p) = (customer(s, "Alfreds"), guarded_pipeline(s));
        for (amount, date) in [("10", "2026-01-01"), ("20", "2026-01-02"), ("40", "2026-05-01")] {
            deal(s, &party, json!({"pipeline_id": p["id"], "amount": amount, "expected_close_date": date}));
        }
        let won = deal(s, &party, json!({"pipeline_id": p["id"], "amount": "100"}));
        act(s, "opportunities", &won, "win", json!({}));
        let r = pipeline_report(s, &format!("&pipeline_id={}", id(&p)));
        assert_eq!((&r["open"]["amount"], &r["overdue"]["amount"], &r["won"]["amount"]), (&json!("70.00"), &json!("10.00"), &json!("100.00")));
        assert_eq!((&r["as_of_date"], &r["stages"][0]["overdue"]["count"]), (&json!("2026-01-02"), &json!(1)));
        for figures in [&r["open"], &r["overdue"], &r["won"], &r["lost"], &r["stages"][0]["open"], &r["stages"][0]["overdue"], &r["stages"][2]["open"]] {
            let rows = s.all(figures["drill_down"].as_str().unwrap());
            assert_eq!(rows.len() as i64, figures["count"].as_i64().unwrap(), "{figures}");
            assert_eq!(rows.iter().map(|o| money(&o["amount"])).sum::<rust_decimal::Decimal>(), money(&figures["amount"]));
        }
        let (ann, _) = user(s);
        s.post(&format!("/v1/identity/users/{}/grants", id(&ann)), json!({"company_id": s.company_id()})).created();
        deal(s, &party, json!({"pipeline_id": p["id"], "amount": "7", "expected_close_date": "2026-05-01", "owner_id": ann["id"]}));
        let hers = pipeline_report(s, &format!("&pipeline_id={}&owner_id={}", id(&p), id(&ann)));
        assert_eq!((&hers["open"]["amount"], &hers["won"]["count"]), (&json!("7.00"), &json!(0)));
        let other = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        s.get(&format!("/v1/crm/reports/pipeline?company_id={}&pipeline_id={}", id(&other), id(&p))).problem(404, "not_found");
        s.get("/v1/crm/reports/pipeline?company_id=co_00000000000000000000000000").problem(404, "not_found");
        s.get("/v1/crm/reports/pipeline").expect(400);
    }

    fn conversion_is_counted_by_the_month_of_creation(s) {
        // created in November by Berlin's clock, though still October in UTC
        s.at("2025-10-31T23:30:00Z");
        let early = qualified(s, json!({"email": "early@example.org"}));
        lead(s, json!({}));
        s.at("2025-12-10T09:00:00Z");
        let late = qualified(s, json!({"email": "late@example.org"}));
        let gone = lead(s, json!({}));
        act(s, "leads", &gone, "disqualify", json!({"reason": "spam"}));
        s.at("2026-01-02T09:00:00Z");
        let c = act(s, "leads", &early, "convert", json!({"opportunity": {"amount": "5"}}));
        act(s, "leads", &late, "convert", json!({"create_opportunity": false}));
        let o = s.get(&format!("/v1/crm/opportunities/{}", c["opportunity_id"].as_str().unwrap())).ok();
        act(s, "opportunities", &o, "win", json!({}));

        let path = format!("/v1/crm/reports/conversion?company_id={}&from_date=2025-11-15&to_date=2026-01-01", s.company_id());
        let r = s.get(&path).ok();
        let months: Vec<_> = r["cohorts"].as_array().unwrap().iter().map(|c| c["month_date"].as_str().unwrap()).collect();
        assert_eq!(months, ["2025-11-01", "2025-12-01", "2026-01-01"]);
        let f = &r["cohorts"][0]["figures"];
        assert_eq!((&f["created"], &f["qualified"], &f["converted"], &f["won"]), (&json!(2), &json!(1), &json!(1), &json!(1)));
        assert_eq!((&f["conversion_percent"], &f["win_percent"]), (&json!("50"), &json!("50")));
        let f = &r["cohorts"][1]["figures"];
        assert_eq!((&f["created"], &f["disqualified"], &f["converted"], &f["won"]), (&json!(2), &json!(1), &json!(1), &json!(0)));
        assert_eq!((&r["cohorts"][2]["figures"]["conversion_percent"], &r["cohorts"][2]["is_mature"]), (&json!(null), &json!(false)));
        assert_eq!((&r["total"]["created"], &r["total"]["conversion_percent"], &r["total"]["win_percent"]), (&json!(4), &json!("50"), &json!("25")));
        for cohort in r["cohorts"].as_array().unwrap() {
            let rows = s.all(cohort["drill_down"].as_str().unwrap());
            assert_eq!(rows.len() as i64, cohort["figures"]["created"].as_i64().unwrap());
        }
        // within thirty days only December's counts
        let r = s.get(&format!("{path}&maturity_days=30")).ok();
        let converted: Vec<_> = r["cohorts"].as_array().unwrap().iter().map(|c| c["figures"]["converted"].as_i64().unwrap()).collect();
        assert_eq!(converted, [0, 1, 0]);
        assert_eq!((&r["cohorts"][0]["is_mature"], &r["cohorts"][1]["is_mature"]), (&json!(true), &json!(false)));

        let path = format!("/v1/crm/reports/conversion?company_id={}", s.company_id());
        assert_eq!(s.get(&path).ok()["cohorts"].as_array().unwrap().len(), 12);
        s.get(&format!("{path}&from_date=2026-02-01&to_date=2026-01-01")).problem(422, "report.wrong_period");
        s.get(&format!("{path}&from_date=2020-01-01&to_date=2026-01-01")).problem(422, "report.wrong_period");
    }

    fn the_overview_shows_deals_leads_and_what_to_do_next(s) {
        let l = qualified(s, json!({"first_name": "Ana", "organisation_name": "Emparedados", "email": "ana@example.org"}));
        let c = act(s, "leads", &l, "convert", json!({"opportunity": {"amount": "1000", "expected_close_date": "2026-03-01"}}));
        let party = json!({"id": c["party_id"]});
        deal(s, &party, json!({"amount": "500", "currency": "USD"}));
        let won = deal(s, &party, json!({"amount": "1"}));
        act(s, "opportunities", &won, "win", json!({}));
        lead(s, json!({"email": "ANA@example.org"}));
        activity(s, &party, json!({"due_at": "2026-01-09T09:00:00Z"}));
        activity(s, &json!({"id": c["opportunity_id"]}), json!({"due_at": "2026-01-05T09:00:00Z", "kind": "call"}));
        activity(s, &party, json!({"kind": "call", "completed_at": "2026-01-01T10:00:00Z"}));
        let crm = s.get(&format!("/v1/directory/parties/{}/360", c["party_id"].as_str().unwrap())).ok()["crm"].clone();
        assert_eq!((&crm["open_opportunity_count"], &crm["won_opportunity_count"], &crm["open_lead_count"]), (&json!(2), &json!(1), &json!(1)));
        assert_eq!(crm["open_opportunity_values"], json!([
            {"currency": "EUR", "amount": "1000.00", "weighted_amount": "100.00"}, {"currency": "USD", "amount": "500.00", "weighted_amount": "50.00"}]));
        assert_eq!((&crm["open_opportunities"][0]["amount"], &crm["open_opportunities"][0]["stage"]), (&json!("1000.00"), &json!("Qualification")));
        assert_eq!((&crm["next_activities"][0]["kind"], &crm["open_activity_count"]), (&json!("call"), &json!(2)));
        assert_eq!(crm["last_touch_at"], "2026-01-01T10:00:00Z");
    }

    fn the_checks_find_nothing_wrong_with_what_the_api_made(s) {
        let party = customer(s, "Alfreds");
        let lines = json!([{"description": "x", "quantity": "3", "unit_price": "33.335"}]);
        let first = deal(s, &party, json!({"lines": lines}));
        act(s, "opportunities", &first, "win", json!({}));
        let second = deal(s, &party, json!({"amount": "7"}));
        act(s, "opportunities", &second, "lose", json!({"reason": "price"}));
        let third = deal(s, &party, json!({"lines": lines, "probability_percent": "33"}));
        s.patch(&at("opportunities", &third), &third, json!({"currency": "JPY"})).ok();
        let report = s.get("/v1/platform/integrity").ok();
        let checks: Vec<_> = report["checks"].as_array().unwrap().iter().filter(|c| c["name"].as_str().unwrap().starts_with("opportunity_")).collect();
        assert_eq!(checks.len(), 3, "{report}");
        assert!(checks.iter().all(|c| c["passed"] == true && c["examined"] == 3), "{checks:?}");
    }
}
