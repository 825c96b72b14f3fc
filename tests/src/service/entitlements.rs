//! Entitlements: what they cover and how they are used up.

use serde_json::json;

use crate::crm::common::{act, at};
use crate::fixtures::{customer, id, product};
use crate::service::cases::story::{case, entitlement, new_case, policy, say};

each_engine! {
    fn a_case_counts_on_the_entitlement_that_covers_it_and_goes_by_its_policy(s) {
        let (basic, gold) = (policy(s, json!({})), policy(s, json!({})));
        let (party, other) = (customer(s, "Alfreds"), customer(s, "Berglunds"));
        let machine = product(s, "MACHINE", "1200.00", Some("700.00"));
        let all = entitlement(s, &party, &gold, json!({"ends_on": "2026-06-30"}));
        let special = entitlement(s, &party, &gold, json!({"product_id": machine["id"], "incidents_included": 1}));
        let about = |more: serde_json::Value| case(s, crate::crm::common::with(json!({"party_id": party["id"]}), more));
        assert_eq!(about(json!({"product_id": machine["id"]}))["entitlement_id"], special["id"], "the one for the product first");
        assert_eq!(about(json!({"product_id": machine["id"]}))["entitlement_id"], all["id"], "which has one case only");
        let plain = about(json!({}));
        assert_eq!((&plain["entitlement_id"], &plain["sla_policy_id"]), (&all["id"], &gold["id"]));
        assert_eq!(s.get(&at("entitlements", &all)).ok()["incidents_used"], 2);
        let stranger = case(s, json!({"party_id": other["id"]}));
        assert_eq!((&stranger["entitlement_id"], &stranger["sla_policy_id"]), (&json!(null), &basic["id"]));
        s.at("2026-07-01T09:00:00Z");
        assert_eq!(about(json!({}))["entitlement_id"], json!(null), "its last day is over");
    }

    fn an_entitlement_that_does_not_cover_a_case_is_refused_when_it_is_named(s) {
        let gold = policy(s, json!({}));
        let (party, other) = (customer(s, "Alfreds"), customer(s, "Berglunds"));
        let machine = product(s, "MACHINE", "1200.00", Some("700.00"));
        let refused = |e: &serde_json::Value, party: &serde_json::Value, status, code: &str| {
            s.post("/v1/service/cases", new_case(s, json!({"party_id": party["id"], "entitlement_id": e["id"]}))).problem(status, code);
        };
        let one = entitlement(s, &party, &gold, json!({"incidents_included": 1}));
        refused(&one, &other, 422, "entitlement.other_party");
        case(s, json!({"party_id": party["id"], "entitlement_id": one["id"]}));
        refused(&one, &party, 409, "entitlement.exhausted");
        refused(&entitlement(s, &party, &gold, json!({"starts_on": "2026-02-01"})), &party, 409, "entitlement.not_covering");
        refused(&entitlement(s, &party, &gold, json!({"product_id": machine["id"]})), &party, 409, "entitlement.not_covering");
        let gone = entitlement(s, &party, &gold, json!({}));
        let gone = act(s, "entitlements", &gone, "cancel", json!({}));
        refused(&gone, &party, 409, "entitlement.cancelled");
        s.act(&format!("{}/cancel", at("entitlements", &gone)), &gone, json!({})).problem(409, "entitlement.cancelled");
        s.patch(&at("entitlements", &gone), &gone, json!({"name": "x"})).problem(409, "entitlement.cancelled");
        assert_eq!(s.all("/v1/service/entitlements?in_force=true").len(), 1, "only the one for the product covers today");
    }

    fn the_last_case_is_given_once_however_many_ask(s) {
        let gold = policy(s, json!({}));
        let party = customer(s, "Alfreds");
        let three = entitlement(s, &party, &gold, json!({"incidents_included": 3}));
        let made = s.parallel(8, |_, c| c.post("/v1/service/cases", new_case(s, json!({"party_id": party["id"]}))).created());
        assert_eq!(made.iter().filter(|c| c["entitlement_id"] == three["id"]).count(), 3, "{made:#?}");
        assert_eq!(s.get(&at("entitlements", &three)).ok()["incidents_used"], 3);
        let named = s.parallel(4, |_, c| c.post("/v1/service/cases", new_case(s, json!({"party_id": party["id"], "entitlement_id": three["id"]}))).status);
        assert!(named.iter().all(|s| *s == 409), "{named:?}");
        let numbers: std::collections::BTreeSet<_> = made.iter().map(|c| c["number"].as_str().unwrap()).collect();
        assert_eq!(numbers.len(), 8);
        assert!(s.get("/v1/platform/number-series/gaps?code=CASE").ok()["complete"].as_bool().unwrap());
    }

    fn work_is_counted_and_may_go_beyond_what_is_included(s) {
        let gold = policy(s, json!({}));
        let party = customer(s, "Alfreds");
        let hour = entitlement(s, &party, &gold, json!({"minutes_included": 60}));
        let c = case(s, json!({"party_id": party["id"]}));
        say(s, &c, json!({"spent_minutes": 50}));
        let c = say(s, &c, json!({"spent_minutes": 20, "visibility": "internal"}));
        assert_eq!(c["spent_minutes"], 70);
        assert_eq!(s.get(&at("entitlements", &hour)).ok()["minutes_used"], 70);
        assert_eq!(case(s, json!({"party_id": party["id"]}))["entitlement_id"], json!(null), "its hour is used");
    }

    fn what_makes_no_entitlement_is_refused(s) {
        let gold = policy(s, json!({}));
        let party = customer(s, "Alfreds");
        let body = json!({"company_id": s.company_id(), "party_id": party["id"], "name": "x", "sla_policy_id": gold["id"], "starts_on": "2026-02-01", "ends_on": "2026-01-31"});
        s.post("/v1/service/entitlements", body).problem(422, "entitlement.ends_before_start");
        let e = entitlement(s, &party, &gold, json!({"incidents_included": 5}));
        case(s, json!({"party_id": party["id"]}));
        let e = s.get(&at("entitlements", &e)).ok();
        let problem = s.patch(&at("entitlements", &e), &e, json!({"incidents_included": 0})).problem(422, "entitlement.below_used");
        assert_eq!(problem["errors"][0]["pointer"], "/incidents_included");
        let e = s.patch(&at("entitlements", &e), &e, json!({"incidents_included": null})).ok();
        assert_eq!(e["incidents_included"], json!(null));
        assert_eq!(s.all(&format!("/v1/service/entitlements?party_id={}", id(&party))).len(), 1);
        policy(s, json!({}));
        let old = policy(s, json!({}));
        act(s, "sla-policies", &old, "archive", json!({}));
        let body = json!({"company_id": s.company_id(), "party_id": party["id"], "name": "x", "sla_policy_id": old["id"], "starts_on": "2026-01-01", "ends_on": "2026-01-31"});
        s.post("/v1/service/entitlements", body).problem(409, "sla_policy.archived");
    }
}
