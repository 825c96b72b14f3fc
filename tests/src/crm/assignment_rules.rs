//! Who gets which leads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::common::{act, at, lead, with};
use crate::fixtures::{id, user, user_with};
use crate::harness::Server;

fn users(s: &Server, n: usize) -> Vec<String> {
    (0..n).map(|_| id(&user(s).0).to_string()).collect()
}

fn members(of: &[String]) -> Value {
    of.iter().map(|u| json!({"user_id": u})).collect()
}

#[track_caller]
fn rule(s: &Server, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "name": "Rule", "method": "round_robin"});
    s.post("/v1/crm/assignment-rules", with(base, more)).created()
}

/// How many of these leads each user has.
fn shares(leads: &[Value]) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for l in leads {
        *out.entry(l["owner_id"].as_str().unwrap_or("nobody").to_string()).or_default() += 1;
    }
    out
}

each_engine! {
    fn turns_are_taken_in_order(s) {
        let people = users(s, 3);
        let r = rule(s, json!({"members": members(&people)}));
        let given: Vec<_> = (0..4).map(|_| act(s, "leads", &lead(s, json!({})), "assign", json!({}))).collect();
        assert_eq!(given.iter().map(|l| l["owner_id"].as_str().unwrap()).collect::<Vec<_>>(), [&people[0], &people[1], &people[2], &people[0]]);
        assert_eq!((&given[0]["assignment_rule_id"], &given[0]["status"]), (&r["id"], &json!("working")));
        assert_eq!((&given[0]["assigned_at"], &given[0]["first_response_at"]), (&json!("2026-01-02T09:00:00Z"), &json!(null)));
        let found = s.all(&format!("/v1/crm/leads?assignment_rule_id={}&owner_id={}", id(&r), people[0]));
        assert_eq!(found.len(), 2);
        // a person who says otherwise is believed
        let l = act(s, "leads", &given[0], "assign", json!({"owner_id": people[2]}));
        assert_eq!((&l["owner_id"], &l["assignment_rule_id"]), (&json!(people[2]), &json!(null)));
    }

    fn many_at_once_get_exact_shares(s) {
        let people = users(s, 4);
        rule(s, json!({"members": members(&people)}));
        let leads: Vec<_> = (0..24).map(|_| lead(s, json!({}))).collect();
        let given = s.parallel(8, |i, c| {
            leads.iter().skip(i).step_by(8).map(|l| c.act(&format!("{}/assign", at("leads", l)), l, json!({})).ok()).collect::<Vec<_>>()
        });
        let given: Vec<_> = given.into_iter().flatten().collect();
        assert_eq!(shares(&given).values().copied().collect::<Vec<_>>(), [6, 6, 6, 6]);
    }

    fn many_at_once_are_spread_by_load(s) {
        let people = users(s, 3);
        // the first has two already
        for _ in 0..2 {
            lead(s, json!({"owner_id": people[0]}));
        }
        rule(s, json!({"method": "load", "members": members(&people)}));
        let leads: Vec<_> = (0..10).map(|_| lead(s, json!({}))).collect();
        let given = s.parallel(5, |i, c| {
            leads.iter().skip(i).step_by(5).map(|l| c.act(&format!("{}/assign", at("leads", l)), l, json!({})).ok()).collect::<Vec<_>>()
        });
        let shares = shares(&given.into_iter().flatten().collect::<Vec<_>>());
        assert_eq!((shares[&people[0]], shares[&people[1]], shares[&people[2]]), (2, 4, 4));
    }

    fn a_refused_assignment_takes_no_turn(s) {
        let people = users(s, 2);
        rule(s, json!({"members": members(&people)}));
        let l = lead(s, json!({}));
        s.act(&format!("{}/assign", at("leads", &l)), 7, json!({})).problem(412, "precondition_failed");
        s.act(&format!("{}/assign?dry_run=true", at("leads", &l)), &l, json!({})).ok();
        let l = act(s, "leads", &l, "assign", json!({}));
        assert_eq!(l["owner_id"], json!(people[0]));
    }

    fn the_first_rule_that_fits_and_has_somebody_decides(s) {
        let people = users(s, 4);
        let german = json!([{"user_id": people[0], "countries": ["DE", "AT"]}, {"user_id": people[1], "countries": ["FR"]}]);
        rule(s, json!({"name": "Territories", "method": "territory", "position": 10, "members": german}));
        let fair = json!([{"attribute": "source", "comparison": "one_of", "values": ["Fair"]}]);
        rule(s, json!({"name": "Fairs", "position": 20, "conditions": fair, "members": [{"user_id": people[2], "max_open_leads": 1}]}));
        let last = rule(s, json!({"name": "Others", "position": 30, "members": members(&people[3..])}));
        let to = |more: Value| act(s, "leads", &lead(s, more), "assign", json!({}))["owner_id"].as_str().unwrap().to_string();
        let at_home = |country: &str| json!({"address": {"line1": "x", "country": country}});
        assert_eq!(to(at_home("AT")), people[0]);
        assert_eq!(to(at_home("FR")), people[1]);
        assert_eq!(to(json!({"source": "fair"})), people[2]);
        assert_eq!(to(json!({"source": "fair"})), people[3], "the other has as many as may be");
        assert_eq!(to(at_home("IT")), people[3]);
        s.patch(&at("assignment-rules", &last), &last, json!({"is_active": false})).ok();
        let l = lead(s, at_home("IT"));
        s.act(&format!("{}/assign", at("leads", &l)), &l, json!({})).problem(409, "lead.no_assignment_rule");
        assert_eq!(s.all("/v1/crm/assignment-rules?sort=position").iter().map(|r| r["name"].as_str().unwrap()).collect::<Vec<_>>(), ["Territories", "Fairs", "Others"]);
    }

    fn who_may_not_log_in_gets_nothing(s) {
        let people = users(s, 2);
        rule(s, json!({"members": members(&people)}));
        let path = format!("/v1/identity/users/{}", people[0]);
        let gone = s.get(&path).ok();
        s.act(&format!("{path}/disable"), &gone, json!({})).ok();
        for _ in 0..2 {
            assert_eq!(act(s, "leads", &lead(s, json!({})), "assign", json!({}))["owner_id"], json!(people[1]));
        }
    }

    fn a_rule_that_contradicts_itself_is_refused(s) {
        let people = users(s, 1);
        let one = json!({"user_id": people[0]});
        for (more, code, pointer) in [
            (json!({"members": [one, one]}), "assignment_rule.member_twice", "/members/1/user_id"),
            (json!({"members": [one], "method": "territory"}), "assignment_rule.wrong_territory", "/members/0/countries"),
            (json!({"members": [one], "conditions": [{"attribute": "source", "comparison": "is_set", "values": ["x"]}]}), "lead_condition.invalid", "/conditions/0/values"),
            (json!({"members": [{"user_id": "usr_00000000000000000000000000"}]}), "unknown_reference", "/members/0/user_id"),
            (json!({"members": []}), "invalid_body", "/members"),
        ] {
            let base = json!({"company_id": s.company_id(), "name": "Rule", "method": "round_robin"});
            let problem = s.post("/v1/crm/assignment-rules", with(base, more)).problem(422, code);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
    }

    fn a_rule_can_be_changed_and_deleted(s) {
        let people = users(s, 2);
        let r = rule(s, json!({"members": members(&people)}));
        assert_eq!(s.get(&at("assignment-rules", &r)).ok(), r);
        act(s, "leads", &lead(s, json!({})), "assign", json!({}));
        let r = s.patch(&at("assignment-rules", &r), &r, json!({"name": "Renamed", "members": members(&people[1..])})).ok();
        assert_eq!((&r["name"], &r["version"]), (&json!("Renamed"), &json!(2)));
        assert_eq!(act(s, "leads", &lead(s, json!({})), "assign", json!({}))["owner_id"], json!(people[1]));
        s.delete(&at("assignment-rules", &r), &r).no_content();
        s.get(&at("assignment-rules", &r)).problem(404, "not_found");
        let rep = user_with(s, &["crm.leads.*", "crm.assignment_rules.read"], &[s.company_id()]);
        rep.post("/v1/crm/assignment-rules", json!({})).problem(403, "missing_scope");
    }
}
