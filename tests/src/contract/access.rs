//! Nobody gets in without a token, nobody does what no role allows, and nothing of a foreign company exists.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Breaches, operations};
use crate::fixtures;

/// What answers without credentials. May grow only with a reason.
const PUBLIC: &[&str] = &[
    "/v1/identity/login",
    "/v1/identity/refresh",
    "/v1/error-codes",
    // answers the same whether or not there is such a user
    "/v1/identity/password-resets",
    // the signed link is the credential
    "/v1/identity/links/password-reset",
    // writes and reads nothing; the key names the form
    "/v1/public/forms/{key}/submissions",
    // the signed link is the credential
    "/v1/crm/quote-links/{link}",
    "/v1/crm/quote-links/{link}/accept",
    "/v1/crm/quote-links/{link}/reject",
    "/v1/crm/quote-links/{link}/pdf",
    // the signed token of the invitation is the credential
    "/v1/service/survey-forms",
    "/v1/service/survey-responses/respond",
    // links in messages, which are signed
    "/v1/marketing/links/click",
    "/v1/marketing/links/open",
    "/v1/marketing/links/unsubscribe",
    "/v1/marketing/links/confirmation",
    "/v1/marketing/links/preferences",
];

each_engine! {
    fn only_the_listed_operations_are_public(s) {
        let public: BTreeSet<String> = operations(s).iter().filter(|o| o.is_public() && o.path.starts_with("/v1/")).map(|o| o.path.clone()).collect();
        let strange: Vec<_> = public.iter().filter(|p| !PUBLIC.contains(&p.as_str())).collect();
        assert!(strange.is_empty(), "public without being listed: {strange:?}");
    }

    fn every_operation_refuses_a_caller_without_a_token(s) {
        let mut breaches = Breaches::default();
        for operation in operations(s).iter().filter(|o| !o.is_public()) {
            let answer = operation.call_with(&s.anonymous(), &BTreeMap::new(), Some(&json!({"nonsense": true})).filter(|_| operation.has_body()));
            breaches.unless(operation, &answer, 401, "unauthenticated");
            if answer.header("www-authenticate").is_none() {
                breaches.add(format!("{}: no WWW-Authenticate", operation.shown()));
            }
        }
        breaches.none("without a token: 401");
    }

    fn every_operation_asks_for_its_permission_before_it_looks_at_the_request(s) {
        let powerless = fixtures::user_with(s, &[], &[s.company_id()]);
        let mut breaches = Breaches::default();
        for operation in operations(s).iter().filter(|o| !o.permissions().is_empty()) {
            let answer = operation.call_with(&powerless, &BTreeMap::new(), Some(&json!({"nonsense": true})).filter(|_| operation.has_body()));
            breaches.unless(operation, &answer, 403, "missing_scope");
        }
        breaches.none("without the permission: 403, before the body is judged");
    }

    fn an_operation_without_a_permission_concerns_the_caller_alone(s) {
        let free: Vec<String> = operations(s).iter().filter(|o| !o.is_public() && o.permissions().is_empty()).map(|o| o.shown()).collect();
        let strange: Vec<_> = free.iter().filter(|o| ![
            "/v1/identity/",
            "/v1/jobs",
            "/v1/platform/limits",
            "/v1/platform/jobs",
            "/v1/platform/schemas",
            "/error-codes",
            // the caller's own, and what others shared with the caller
            "/v1/platform/saved-views",
            "/v1/platform/default-view",
            "/v1/platform/notification",
            "/v1/platform/reminders",
            // who watches a record is seen by who may read the record
            "/v1/platform/watchers",
        ].iter().any(|p| o.contains(p))).collect();
        assert!(strange.is_empty(), "no permission: {strange:#?}");
    }

    fn things_of_a_company_without_a_grant_do_not_exist(s) {
        fixtures::a_bit_of_everything(s);
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "ELSEWHERE", "name": "Elsewhere", "currency": "EUR"})).created();
        let outsider = fixtures::user_with(s, &["*"], &[elsewhere["id"].as_str().unwrap()]);
        let all = operations(s);
        let mut seen = 0;
        let mut breaches = Breaches::default();
        for list in all.iter().filter(|o| o.method == "GET" && !o.path.contains('{') && o.id.starts_with("list_")) {
            let path = format!("{}{}", list.path, list.query());
            let rows = s.get(&path);
            let rows = if rows.status == 200 { rows.json()["data"].as_array().cloned().unwrap_or_default() } else { continue };
            let Some(row) = rows.iter().find(|r| r["company_id"] == s.company["id"]) else { continue };
            seen += 1;
            let theirs = outsider.get(&path);
            let leak = |v: &Value| v["company_id"] == s.company["id"];
            if theirs.status != 200 || theirs.json()["data"].as_array().is_some_and(|d| d.iter().any(leak)) {
                breaches.add(format!("{}: {} and perhaps foreign rows", list.shown(), theirs.status));
            }
            let Some(id) = row["id"].as_str() else { continue };
            let prefix = format!("{}/{{", list.path);
            for operation in all.iter().filter(|o| o.path.starts_with(&prefix)) {
                let place = operation.path[prefix.len()..].split('}').next().unwrap_or_default();
                let ids = [(place.to_string(), id.to_string())].into();
                let answer = operation.call(&outsider, &ids);
                breaches.unless(operation, &answer, 404, "not_found");
            }
        }
        breaches.none("a foreign thing answers 404, like one that never was");
        assert!(seen >= 8, "only {seen} lists had something to hide");
    }

    /// What a body refers to is judged like what a path names: each `*_id` of each body, otherwise in order, gets the id of
    /// a thing of a company that the caller has no grant on.
    fn things_of_a_company_without_a_grant_cannot_be_referred_to(s) {
        fixtures::a_bit_of_everything(s);
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "ELSEWHERE", "name": "Elsewhere", "currency": "EUR"})).created();
        let outsider = fixtures::user_with(s, &["*"], &[elsewhere["id"].as_str().unwrap()]);
        let company = &elsewhere["id"];
        let buyer = fixtures::customer(s, "Known to all");
        for (path, body) in [
            ("inventory/warehouses", json!({"company_id": company, "code": "E", "name": "East"})),
            ("crm/leads", json!({"company_id": company, "last_name": "Else"})),
            ("crm/opportunities", json!({"company_id": company, "name": "Else", "party_id": buyer["id"]})),
            ("service/queues", json!({"company_id": company, "name": "Else"})),
            ("service/cases", json!({"company_id": company, "subject": "Else", "party_id": buyer["id"]})),
            ("sales/orders", json!({"company_id": company, "customer_id": buyer["id"], "lines": []})),
            ("receivables/invoices", json!({"company_id": company, "customer_id": buyer["id"], "lines": []})),
        ] {
            let made = outsider.post(&format!("/v1/{path}"), body);
            assert!(made.status < 500, "{}", made.whole());
        }
        let all = operations(s);
        let prefix = |id: &Value| id.as_str().and_then(|i| i.split_once('_')).map(|(p, _)| p.to_string());
        let (mut own, mut foreign) = (BTreeMap::new(), BTreeMap::new());
        for list in all.iter().filter(|o| o.method == "GET" && !o.path.contains('{') && o.id.starts_with("list_")) {
            let path = format!("{}{}", list.path, list.query());
            let rows = |c: &crate::harness::Client| match c.get(&path) {
                a if a.status == 200 => a.json()["data"].as_array().cloned().unwrap_or_default(),
                _ => vec![],
            };
            if let Some(row) = rows(&outsider).into_iter().next() && let Some(p) = prefix(&row["id"]) {
                own.entry(p).or_insert(row);
            }
            if let Some(row) = rows(s).into_iter().find(|r| r["company_id"] == s.company["id"]) && let Some(p) = prefix(&row["id"]) {
                foreign.entry(p).or_insert(row["id"].clone());
            }
        }
        // an example whose ids are those of things that the caller may see
        fn filled(v: &mut Value, own: &BTreeMap<String, Value>) {
            match v {
                Value::String(text) => {
                    if let Some(row) = text.split_once('_').filter(|(_, id)| id.len() == 26).and_then(|(p, _)| own.get(p)) {
                        *v = row["id"].clone();
                    }
                }
                Value::Array(items) => items.iter_mut().for_each(|i| filled(i, own)),
                Value::Object(fields) => fields.values_mut().for_each(|f| filled(f, own)),
                _ => {}
            }
        }
        let (mut tried, mut fine) = (0, 0);
        let mut breaches = Breaches::default();
        for o in all.iter().filter(|o| o.method == "POST" && !o.is_public() && o.body_type() == Some("application/json")) {
            let schema = o.body_schema().unwrap();
            let Some(properties) = schema["properties"].as_object() else { continue };
            let (mut ids, mut version) = (BTreeMap::new(), None);
            for p in o.parameters().into_iter().filter(|p| p["in"] == "path") {
                let row = prefix(&o.example(&p["schema"])).and_then(|p| own.get(&p));
                if let Some(row) = row {
                    ids.insert(p["name"].as_str().unwrap().to_string(), row["id"].as_str().unwrap().to_string());
                    version = row["version"].as_i64().or(version);
                }
            }
            for (name, property) in properties.iter().filter(|(n, _)| n.ends_with("_id") && *n != "company_id") {
                let Some(id) = prefix(&o.example(property)).and_then(|p| foreign.get(&p)) else { continue };
                let send = |id: &Value| {
                    let mut body = o.example(schema);
                    filled(&mut body, &own);
                    if properties.contains_key("company_id") {
                        body["company_id"] = company.clone();
                    }
                    body[name] = id.clone();
                    let path = format!("{}?dry_run=true", o.path_with(&ids));
                    let request = outsider.request("POST", &path).json(&body);
                    if let Some(v) = version { request.if_match(v).send() } else { request.send() }
                };
                tried += 1;
                let mut known = o.example(property);
                filled(&mut known, &own);
                fine += usize::from(send(&known).status < 300);
                let answer = send(id);
                if answer.status < 300 {
                    breaches.add(format!("{}: {name} = {id} was taken", o.shown()));
                }
            }
        }
        breaches.none("a reference to a foreign thing is refused");
        eprintln!("{tried} references, {fine} with an own thing are taken");
        assert!(tried >= 20 && fine >= 5, "{tried} references tried, {fine} bodies in order");
    }
}
