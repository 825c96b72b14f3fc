//! Wrong requests are refused alike everywhere, with the place that is wrong.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Breaches, operations};

/// Whether one of the places a problem names is this.
fn names(problem: &Value, key: &str, place: &str) -> bool {
    problem["errors"].as_array().is_some_and(|e| e.iter().any(|e| e[key] == place))
}

each_engine! {
    fn an_unknown_field_is_refused_everywhere(s) {
        let mut breaches = Breaches::default();
        for o in operations(s).iter().filter(|o| o.path.starts_with("/v1/") && !o.path.contains('{') && o.body_type().is_some_and(|t| t.contains("json"))) {
            let mut body = o.body_schema().map(|b| o.example(b)).unwrap_or(json!({}));
            if let Some(members) = body.as_object_mut() {
                members.insert("surely_unknown".into(), json!(1));
            }
            let answer = o.call_with(s, &BTreeMap::new(), Some(&body));
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if answer.status != 422 || !(names(&problem, "pointer", "/surely_unknown") || names(&problem, "code", "unknown_field")) {
                breaches.add(format!("{}: {} {}", o.shown(), answer.status, problem["errors"]));
            }
        }
        breaches.none("an unknown field answers 422 at its pointer");
    }

    fn an_unknown_parameter_is_refused_everywhere(s) {
        let mut breaches = Breaches::default();
        for o in operations(s).iter().filter(|o| o.path.starts_with("/v1/") && o.method == "GET") {
            let path = format!("{}{}", o.path_with(&BTreeMap::new()), o.query());
            let sign = if path.contains('?') { '&' } else { '?' };
            let answer = s.get(&format!("{path}{sign}surely_unknown=1"));
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if answer.status != 400 || problem["code"] != "unknown_parameter" || !names(&problem, "parameter", "surely_unknown") {
                breaches.add(format!("{}: {} {}", o.shown(), answer.status, problem["code"]));
            }
        }
        breaches.none("an unknown parameter answers 400, so that a typing error does not return everything");
    }

    fn every_list_keeps_to_the_page(s) {
        let mut breaches = Breaches::default();
        for o in operations(s).iter().filter(|o| o.id.starts_with("list_") && o.method == "GET" && !o.path.contains('{')) {
            let at = format!("{}{}", o.path, o.query());
            let sign = if at.contains('?') { '&' } else { '?' };
            if !o.parameters().iter().any(|p| p["name"] == "cursor") {
                continue;
            }
            let page = s.get(&format!("{at}{sign}limit=1&include_total=true"));
            let whole = page.status == 200 && ["data", "has_more", "next_cursor", "total_count"].iter().all(|k| page.json().get(*k).is_some());
            let counted = whole && page.json()["total_count"].is_u64() && page.json()["data"].as_array().is_some_and(|d| d.len() <= 1);
            if !counted {
                breaches.add(format!("{}: not a page with a count: {} {}", o.shown(), page.status, page.text()));
            }
            for (query, code) in [("limit=201", "invalid_parameter"), ("limit=0", "invalid_parameter"), ("cursor=surely-wrong", "invalid_parameter"), ("sort=surely_unknown", "invalid_parameter")] {
                let answer = s.get(&format!("{at}{sign}{query}"));
                let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let also = query.starts_with("cursor") && problem["code"] == "cursor_mismatch" || query.starts_with("sort") && problem["code"] == "unknown_parameter";
                if answer.status != 400 || (problem["code"] != code && !also) {
                    breaches.add(format!("{}?{query}: {} {}", o.shown(), answer.status, problem["code"]));
                }
            }
        }
        breaches.none("lists answer pages and refuse wrong ones");
    }

    /// Examples are tried as a dry run. Their ids lead nowhere here; all else of them must be what the API takes.
    fn the_example_of_every_body_is_one_that_the_api_takes(s) {
        let form = ["malformed", "invalid_body", "unknown_field", "decimal_must_be_string", "too_many_decimals", "amount_out_of_range", "invalid_parameter"];
        let (mut breaches, mut tried) = (Breaches::default(), 0);
        for o in operations(s).iter().filter(|o| o.path.starts_with("/v1/") && o.body_type().is_some_and(|t| t.contains("json"))) {
            let Some(example) = o.shown_body() else {
                breaches.add(format!("{}: its body has no example", o.shown()));
                continue;
            };
            if !o.parameters().iter().any(|p| p["name"] == "dry_run") {
                continue;
            }
            let path = format!("{}{}", o.path_with(&BTreeMap::new()), o.query());
            let sign = if path.contains('?') { '&' } else { '?' };
            let mut request = s.request(&o.method, &format!("{path}{sign}dry_run=true"));
            if o.parameters().iter().any(|p| p["name"] == "If-Match") {
                request = request.if_match(1);
            }
            let answer = request.json(example).send();
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            tried += 1;
            if answer.status >= 500 || problem["code"].as_str().is_some_and(|code| form.contains(&code)) {
                breaches.add(format!("{}: {example} {} {} {}", o.shown(), answer.status, problem["code"], problem["errors"]));
            }
        }
        assert!(tried > 100, "only {tried} examples were tried");
        breaches.none("an example is what the API takes");
    }

    fn a_change_without_a_version_is_refused_everywhere(s) {
        let mut breaches = Breaches::default();
        let mut seen = 0;
        for o in operations(s).iter().filter(|o| o.parameters().iter().any(|p| p["name"] == "If-Match")) {
            let body = o.body_schema().map(|b| o.example(b));
            let request = s.request(&o.method, &o.path_with(&BTreeMap::new()));
            let answer = body.as_ref().map_or_else(|| s.request(&o.method, &o.path_with(&BTreeMap::new())).send(), |b| request.json(b).send());
            // a body made from the schema alone may be refused first for what it means
            if answer.status == 422 && body.is_some() {
                continue;
            }
            seen += 1;
            breaches.unless(o, &answer, 428, "precondition_required");
        }
        breaches.none("what takes If-Match demands it");
        assert!(seen > 20, "only {seen} operations were asked");
    }
}
