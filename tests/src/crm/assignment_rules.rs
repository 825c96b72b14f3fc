//! Who gets which leads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::common::{act, at, deal, events, lead, me, with};
use crate::fixtures::{customer, id, user, user_with};
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

/// A lead that no rule gives to anybody as it comes in.
#[track_caller]
fn unowned(s: &Server, more: Value) -> Value {
    lead(s, with(json!({"use_assignment_rules": false}), more))
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
        let given: Vec<_> = (0..4).map(|_| act(s, "leads", &unowned(s, json!({})), "assign", json!({}))).collect();
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
        let leads: Vec<_> = (0..24).map(|_| unowned(s, json!({}))).collect();
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
            unowned(s, json!({"owner_id": people[0]}));
        }
        rule(s, json!({"method": "load", "members": members(&people)}));
        let leads: Vec<_> = (0..10).map(|_| unowned(s, json!({}))).collect();
        let given = s.parallel(5, |i, c| {
            leads.iter().skip(i).step_by(5).map(|l| c.act(&format!("{}/assign", at("leads", l)), l, json!({})).ok()).collect::<Vec<_>>()
        });
        let shares = shares(&given.into_iter().flatten().collect::<Vec<_>>());
        assert_eq!((shares[&people[0]], shares[&people[1]], shares[&people[2]]), (2, 4, 4));
    }

    /// Two serve DE and one FR: each country has its own turns.
    fn the_members_of_each_country_take_their_own_turns(s) {
        let people = users(s, 3);
        let of = |user: &String, country: &str| json!({"user_id": user, "countries": [country]});
        rule(s, json!({"method": "territory", "members": [of(&people[0], "DE"), of(&people[1], "DE"), of(&people[2], "FR")]}));
        let leads: Vec<_> = (0..12).map(|i| lead(s, json!({"address": {"country": if i % 2 == 0 { "DE" } else { "FR" }}}))).collect();
        let shares = shares(&leads);
        assert_eq!([&people[0], &people[1], &people[2]].map(|u| shares[u]), [3, 3, 6]);
    }

    fn leads_are_given_away_as_they_come_in(s) {
        let people = users(s, 2);
        let named = user(s).0;
        let r = rule(s, json!({"members": members(&people)}));
        let l = lead(s, json!({}));
        assert_eq!((&l["owner_id"], &l["assignment_rule_id"], &l["status"]), (&json!(people[0]), &r["id"], &json!("new")));
        assert_eq!(events(s, &l), ["lead.created", "lead.assigned"]);
        let new = |name: &str| json!({"company_id": s.company_id(), "last_name": name});
        s.post("/v1/crm/leads/bulk", json!({"mode": "atomic", "items": [new("A"), new("B")]})).ok();
        let given: Vec<_> = s.all("/v1/crm/leads?sort=created_at").iter().map(|l| l["owner_id"].clone()).collect();
        assert_eq!(given, [json!(people[0]), json!(people[1]), json!(people[0])]);
        let own = lead(s, json!({"owner_id": named["id"]}));
        assert_eq!((&own["owner_id"], &own["assignment_rule_id"]), (&named["id"], &json!(null)));
        assert_eq!(events(s, &own), ["lead.created"], "who was named is in the lead itself");
        assert_eq!(unowned(s, json!({}))["owner_id"], json!(null));
        s.post("/v1/crm/leads?dry_run=true", new("C")).ok();
        assert_eq!(lead(s, json!({}))["owner_id"], json!(people[1]), "a dry run takes no turn");
    }

    /// Records of every kind, created, changed and assigned.
    fn nothing_is_given_by_hand_to_who_may_not_log_in(s) {
        let gone = user(s).0;
        let party = customer(s, "Alfreds");
        let (kept_lead, kept_deal) = (lead(s, json!({"owner_id": gone["id"]})), deal(s, &party, json!({"owner_id": gone["id"]})));
        let path = format!("/v1/identity/users/{}", id(&gone));
        s.act(&format!("{path}/disable"), &s.get(&path).ok(), json!({})).ok();
        let company = s.company_id();
        for (path, body) in [
            ("/v1/crm/leads", json!({"company_id": company, "last_name": "T"})),
            ("/v1/crm/opportunities", json!({"company_id": company, "name": "D", "party_id": party["id"]})),
            ("/v1/crm/activities", json!({"company_id": company, "kind": "task", "subject": "Call", "regarding_id": party["id"]})),
            ("/v1/crm/quotes", json!({"company_id": company, "party_id": party["id"]})),
            ("/v1/directory/parties", json!({"name": "Another"})),
            ("/v1/directory/contacts", json!({"last_name": "Another"})),
        ] {
            let problem = s.post(path, with(body, json!({"owner_id": gone["id"]}))).problem(422, "user.disabled");
            assert_eq!(problem["errors"][0]["pointer"], "/owner_id", "{path}");
        }
        let l = unowned(s, json!({}));
        s.act(&format!("{}/assign", at("leads", &l)), &l, json!({"owner_id": gone["id"]})).problem(422, "user.disabled");
        let o = deal(s, &party, json!({}));
        s.patch(&at("opportunities", &o), &o, json!({"owner_id": gone["id"]})).problem(422, "user.disabled");
        s.patch(&format!("/v1/directory/parties/{}", id(&party)), &party, json!({"owner_id": gone["id"]})).problem(422, "user.disabled");
        // what is theirs already can be worked on, and what becomes of it is whose who does so
        s.patch(&at("opportunities", &kept_deal), &kept_deal, json!({"name": "Renamed", "owner_id": gone["id"]})).ok();
        let l = act(s, "leads", &kept_lead, "qualify", json!({}));
        let became = s.act(&format!("{}/convert", at("leads", &l)), &l, json!({})).ok();
        let made = s.get(&format!("/v1/crm/opportunities/{}", became["opportunity_id"].as_str().unwrap())).ok();
        assert_eq!(made["owner_id"], json!(me(s)));
    }

    fn a_refused_assignment_takes_no_turn(s) {
        let people = users(s, 2);
        rule(s, json!({"members": members(&people)}));
        let l = unowned(s, json!({}));
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
        let to = |more: Value| act(s, "leads", &unowned(s, more), "assign", json!({}))["owner_id"].as_str().unwrap().to_string();
        let at_home = |country: &str| json!({"address": {"line1": "x", "country": country}});
        assert_eq!(to(at_home("AT")), people[0]);
        assert_eq!(to(at_home("FR")), people[1]);
        assert_eq!(to(json!({"source": "fair"})), people[2]);
        assert_eq!(to(json!({"source": "fair"})), people[3], "the other has as many as may be");
        assert_eq!(to(at_home("IT")), people[3]);
        s.patch(&at("assignment-rules", &last), &last, json!({"is_active": false})).ok();
        let l = unowned(s, at_home("IT"));
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
            assert_eq!(act(s, "leads", &unowned(s, json!({})), "assign", json!({}))["owner_id"], json!(people[1]));
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
        act(s, "leads", &unowned(s, json!({})), "assign", json!({}));
        let r = s.patch(&at("assignment-rules", &r), &r, json!({"name": "Renamed", "members": members(&people[1..])})).ok();
        assert_eq!((&r["name"], &r["version"]), (&json!("Renamed"), &json!(2)));
        assert_eq!(act(s, "leads", &unowned(s, json!({})), "assign", json!({}))["owner_id"], json!(people[1]));
        s.delete(&at("assignment-rules", &r), &r).no_content();
        s.get(&at("assignment-rules", &r)).problem(404, "not_found");
        let rep = user_with(s, &["crm.leads.*", "crm.assignment_rules.read"], &[s.company_id()]);
        rep.post("/v1/crm/assignment-rules", json!({})).problem(403, "missing_scope");
    }
}
