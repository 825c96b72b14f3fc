//! Exchange rates: the latest on or before a day, turned around, or by way of a third currency.

use serde_json::{Value, json};

use crate::fixtures::id;
use crate::harness::Server;

const HERE: &str = "/v1/directory/exchange-rates";

fn rate(s: &Server, from: &str, to: &str, date: &str, rate: &str) -> Value {
    s.post(HERE, json!({"from_currency": from, "to_currency": to, "rate_date": date, "rate": rate})).created()
}

each_engine! {
    fn the_latest_rate_on_or_before_the_day_counts(s) {
        rate(s, "USD", "EUR", "2026-01-01", "0.9");
        rate(s, "USD", "EUR", "2026-02-01", "0.95");
        let at = |day: &str| s.get(&format!("{HERE}/at?from=USD&to=EUR&date={day}"));
        at("2025-12-31").problem(422, "exchange_rate.none_found");
        assert_eq!(at("2026-01-31").ok()["rate"], "0.9");
        let later = at("2026-02-01").ok();
        assert_eq!((&later["rate"], &later["method"], &later["used"][0]["rate_date"]), (&json!("0.95"), &json!("direct"), &json!("2026-02-01")));
        assert_eq!(s.get(&format!("{HERE}/at?from=EUR&to=EUR")).ok()["method"], "identity");
    }

    fn a_missing_rate_is_turned_around_or_made_of_two(s) {
        rate(s, "USD", "EUR", "2026-01-01", "0.8");
        rate(s, "GBP", "EUR", "2026-01-01", "1.25");
        let turned = s.get(&format!("{HERE}/at?from=EUR&to=USD&date=2026-01-05")).ok();
        assert_eq!((&turned["rate"], &turned["method"]), (&json!("1.25"), &json!("inverse")));
        s.get(&format!("{HERE}/at?from=USD&to=GBP&date=2026-01-05")).problem(422, "exchange_rate.none_found");
        for way in ["via=EUR".to_string(), format!("company_id={}", s.company_id())] {
            let made = s.get(&format!("{HERE}/at?from=USD&to=GBP&date=2026-01-05&{way}")).ok();
            assert_eq!((&made["rate"], &made["method"], &made["via"]), (&json!("0.64"), &json!("triangulated"), &json!("EUR")));
            assert_eq!(made["used"].as_array().unwrap().len(), 2);
        }
    }

    fn kinds_and_sources_are_kept_apart(s) {
        let body = |kind: &str, source: &str, rate: &str| json!({"from_currency": "USD", "to_currency": "EUR", "rate_date": "2026-01-01", "rate": rate, "kind": kind, "source": source});
        s.post(HERE, body("closing", "ecb", "0.9")).created();
        s.post(HERE, body("closing", "fed", "0.91")).created();
        s.post(HERE, body("closing", "ecb", "0.92")).problem(409, "already_exists");
        s.get(&format!("{HERE}/at?from=USD&to=EUR&date=2026-01-01")).problem(422, "exchange_rate.none_found");
        let at = |extra: &str| s.get(&format!("{HERE}/at?from=USD&to=EUR&date=2026-01-01&kind=closing{extra}")).ok()["rate"].clone();
        assert_eq!((at("&source=ecb"), at("&source=fed")), (json!("0.9"), json!("0.91")));
    }

    fn bad_rates_and_questions_are_refused(s) {
        let problem = s.post(HERE, json!({"from_currency": "EUR", "to_currency": "EUR", "rate_date": "2026-01-01", "rate": "0"})).problem(422, "invalid_body");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
        s.post(HERE, json!({"from_currency": "EUR", "to_currency": "EUR", "rate_date": "2026-01-01", "rate": "1"})).problem(422, "exchange_rate.same_currency");
        s.post(HERE, json!({"from_currency": "USD", "to_currency": "XXX", "rate_date": "2026-01-01", "rate": "1"})).problem(422, "currency.unknown");
        s.get(&format!("{HERE}/at?from=USD")).problem(400, "invalid_parameter");
        s.get(&format!("{HERE}/at?from=USD&to=XXX")).problem(422, "invalid_query");
        s.get(&format!("{HERE}/at?from=USD&to=EUR&date=yesterday")).problem(400, "invalid_parameter");
    }

    fn rates_come_in_bulk_are_corrected_and_deleted(s) {
        let item = |day: u32| json!({"from_currency": "USD", "to_currency": "EUR", "rate_date": format!("2026-01-{day:02}"), "rate": "0.9"});
        let items: Vec<Value> = (1..=31).map(item).collect();
        assert_eq!(s.post(&format!("{HERE}/bulk"), json!({"mode": "atomic", "items": items})).ok()["created"], 31);
        let listed = s.all(&format!("{HERE}?rate_date_gte=2026-01-30&sort=-rate_date"));
        assert_eq!(listed[0]["rate_date"], "2026-01-31");
        let path = format!("{HERE}/{}", id(&listed[0]));
        let fixed = s.patch(&path, &listed[0], json!({"rate": "0.91"})).ok();
        s.patch(&path, &fixed, json!({"rate": "0"})).problem(422, "exchange_rate.not_positive");
        s.delete(&path, &fixed).no_content();
        assert_eq!(s.get(&format!("{HERE}/at?from=USD&to=EUR&date=2026-01-31")).ok()["rate"], "0.9");
    }
}
