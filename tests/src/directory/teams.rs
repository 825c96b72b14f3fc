//! Teams: entered, stacked, and what forecasts and metrics make of them.

use serde_json::{Value, json};

use crate::crm::common::{act, at, deal, lead, me, with};
use crate::crm::forecasts::{drills_down, forecast};
use crate::directory::territories::territory;
use crate::fixtures::{customer, id, user, user_with};
use crate::harness::Server;

pub fn team(s: &Server, name: &str, more: Value) -> Value {
    s.post("/v1/directory/teams", with(json!({"company_id": s.company_id(), "name": name}), more)).created()
}

fn row<'a>(f: &'a Value, field: &str, of: &Value) -> &'a Value {
    f["rows"].as_array().unwrap().iter().find(|r| r[field] == *of).unwrap_or_else(|| panic!("no row of {of} in {f}"))
}

each_engine! {
    fn a_team_has_members_of_its_own_and_a_place_in_the_tree(s) {
        let (ann, bob) = (user(s).0, user(s).0);
        let top = team(s, " Sales ", json!({"manager_id": me(s), "member_ids": [ann["id"]]}));
        assert_eq!((&top["name"], &top["member_ids"], &top["parent_id"]), (&json!("Sales"), &json!([ann["id"]]), &json!(null)));
        let body = |name: &str, more: Value| with(json!({"company_id": s.company_id(), "name": name}), more);
        s.post("/v1/directory/teams", body("SALES", json!({}))).problem(409, "team.duplicate_name");
        s.post("/v1/directory/teams", body(" ", json!({}))).problem(422, "invalid_body");
        s.post("/v1/directory/teams", body("B", json!({"member_ids": [ann["id"]]}))).problem(409, "team.member_elsewhere");
        s.post("/v1/directory/teams", body("B", json!({"member_ids": [bob["id"], bob["id"]]}))).problem(422, "team.member_twice");
        let unknown = json!("usr_00000000000000000000000000");
        for more in [json!({"member_ids": [bob["id"], unknown]}), json!({"manager_id": unknown}), json!({"parent_id": "team_00000000000000000000000000"})] {
            s.post("/v1/directory/teams", body("B", more)).problem(422, "unknown_reference");
        }
        let below = team(s, "Inside", json!({"parent_id": top["id"], "member_ids": [bob["id"]]}));
        s.patch(&at("teams", &top), &top, json!({"parent_id": below["id"]})).problem(422, "team.cycle");
        s.patch(&at("teams", &top), &top, json!({"parent_id": top["id"]})).problem(422, "team.cycle");
        s.delete(&at("teams", &top), &top).problem(409, "team.has_teams");
        assert_eq!(s.all(&format!("/v1/directory/teams?member_id={}", id(&bob))).len(), 1);
        assert_eq!(s.all(&format!("/v1/directory/teams?parent_id={}", id(&top))).len(), 1);
        let below = s.patch(&at("teams", &below), &below, json!({"member_ids": []})).ok();
        let top = s.patch(&at("teams", &top), &top, json!({"member_ids": [bob["id"], ann["id"]], "manager_id": null})).ok();
        assert_eq!(s.get(&at("teams", &top)).ok()["member_ids"], json!([bob["id"], ann["id"]]));
        s.delete(&at("teams", &below), &below).no_content();
        let mut last = top;
        for n in 0..9 {
            last = team(s, &format!("L{n}"), json!({"parent_id": last["id"]}));
        }
        s.post("/v1/directory/teams", body("deep", json!({"parent_id": last["id"]}))).problem(422, "team.too_deep");
        let two = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        let other = json!({"company_id": two["id"], "name": "X", "parent_id": last["id"]});
        s.post("/v1/directory/teams", other).problem(422, "unknown_reference");
    }

    /// Each level has each deal once, and the rows of the top sum to the whole.
    fn forecasts_roll_up_teams_and_territories(s) {
        let company = s.company_id().to_string();
        let people: Vec<Value> = (0..4).map(|_| user(s).0).collect();
        let top = team(s, "Sales", json!({"member_ids": [people[0]["id"]]}));
        let inside = team(s, "Inside", json!({"parent_id": top["id"], "member_ids": [people[1]["id"], people[2]["id"]]}));
        let europe = territory(s, "Europe", json!({}));
        let dach = territory(s, "DACH", json!({"countries": ["DE"], "parent_id": europe["id"]}));
        let party = customer(s, "Alfreds");
        let open = |owner: &Value, more: Value| {
            deal(s, &party, with(json!({"amount": "100.01", "expected_close_date": "2026-01-20", "owner_id": owner["id"], "forecast_category": "commit"}), more))
        };
        // two of one team share a deal: the team counts it once
        open(&people[1], json!({"splits": [{"user_id": people[1]["id"], "percent": "33"}, {"user_id": people[2]["id"], "percent": "67"}], "territory_id": dach["id"]}));
        open(&people[1], json!({"splits": [{"user_id": people[0]["id"], "percent": "50"}, {"user_id": people[2]["id"], "percent": "50"}], "territory_id": europe["id"]}));
        open(&people[3], json!({"territory_id": dach["id"], "forecast_category": "best_case"}));
        let won = open(&people[1], json!({}));
        act(s, "opportunities", &won, "win", json!({}));
        for person in [1, 2] {
            s.post("/v1/crm/quotas", json!({"company_id": company, "user_id": people[person]["id"], "period": "month", "date": "2026-01-01", "amount": "100"})).created();
        }
        s.post("/v1/crm/forecast-submissions", json!({"company_id": company, "user_id": people[1]["id"], "commit_amount": "500"})).created();
        let f = forecast(s, &company, "&group_by=team&method=category");
        let (all, below, none) = (row(&f, "team_id", &top["id"]), row(&f, "team_id", &inside["id"]), row(&f, "team_id", &json!(null)));
        assert_eq!((&all["level"], &below["level"], &none["level"]), (&json!(0), &json!(1), &json!(0)));
        assert_eq!((&all["commit"]["count"], &below["commit"]["count"], &none["commit"]["count"]), (&json!(2), &json!(2), &json!(0)));
        assert_eq!((&all["commit"]["amount"], &none["best_case"]["amount"]), (&json!("200.02"), &json!("100.01")));
        let sum = |field: &str| crate::fixtures::money(&all[field]) + crate::fixtures::money(&none[field]);
        for field in ["commit_amount", "pipeline_amount", "weighted_amount", "forecast_amount"] {
            assert_eq!(sum(field), crate::fixtures::money(&f["total"][field]), "{field}");
        }
        assert_eq!((&below["quota_amount"], &all["quota_amount"], &none["quota_amount"]), (&json!("200.00"), &json!("200.00"), &json!(null)));
        f["rows"].as_array().unwrap().iter().for_each(|r| drills_down(s, r));
        let part = forecast(s, &company, &format!("&team_id={}&group_by=owner", id(&inside)));
        assert_eq!((&part["total"]["commit"]["count"], &part["total"]["closed"]["count"]), (&json!(2), &json!(1)));
        drills_down(s, &part["total"]);
        part["rows"].as_array().unwrap().iter().for_each(|r| drills_down(s, r));
        for group in ["team", "pipeline", "category", "territory"] {
            let part = forecast(s, &company, &format!("&team_id={}&group_by={group}", id(&inside)));
            part["rows"].as_array().unwrap().iter().for_each(|r| drills_down(s, r));
        }
        let f = forecast(s, &company, "&group_by=territory");
        let (all, below) = (row(&f, "territory_id", &europe["id"]), row(&f, "territory_id", &dach["id"]));
        assert_eq!((&all["commit"]["count"], &all["best_case"]["count"], &below["commit"]["count"]), (&json!(2), &json!(1), &json!(1)));
        f["rows"].as_array().unwrap().iter().for_each(|r| drills_down(s, r));
        let f = forecast(s, &company, &format!("&territory_id={}&group_by=category", id(&europe)));
        assert_eq!((f["rows"].as_array().unwrap().len(), &f["total"]["closed"]["count"]), (5, &json!(0)));
        assert_eq!(row(&f, "forecast_category", &json!("commit"))["commit"]["count"], 2);
        f["rows"].as_array().unwrap().iter().chain([&f["total"]]).for_each(|r| drills_down(s, r));
    }

    fn a_manager_sees_the_team_and_nobody_else(s) {
        let company = s.company_id().to_string();
        let boss = user_with(s, &["crm.forecasts.read", "crm.quotas.read", "crm.forecast_submissions.*", "insight.metrics.*", "crm.opportunities.read"], &[&company]);
        let own = boss.get("/v1/identity/me").ok()["user"]["id"].clone();
        let (ann, bob, eve) = (user(s).0, user(s).0, user(s).0);
        let top = team(s, "Sales", json!({"manager_id": own, "member_ids": [ann["id"]]}));
        team(s, "Inside", json!({"parent_id": top["id"], "member_ids": [bob["id"]]}));
        let other = team(s, "Others", json!({"member_ids": [eve["id"]]}));
        let party = customer(s, "Alfreds");
        for (who, amount) in [(&ann, "10"), (&bob, "20"), (&eve, "40")] {
            let o = deal(s, &party, json!({"amount": amount, "expected_close_date": "2026-01-20", "owner_id": who["id"]}));
            act(s, "opportunities", &o, "win", json!({}));
            s.post("/v1/crm/quotas", json!({"company_id": company, "user_id": who["id"], "period": "month", "date": "2026-01-01", "amount": "100"})).created();
        }
        assert_eq!(forecast(&boss, &company, "")["total"]["closed"]["amount"], "0.00", "the own alone unless asked");
        assert_eq!(forecast(&boss, &company, &format!("&team_id={}", id(&top)))["total"]["closed"]["amount"], "30.00");
        assert_eq!(forecast(&boss, &company, &format!("&owner_id={}", id(&bob)))["total"]["closed"]["amount"], "20.00");
        for more in [format!("team_id={}", id(&other)), format!("owner_id={}", id(&eve))] {
            boss.get(&format!("/v1/crm/forecasts?company_id={company}&{more}")).problem(403, "missing_scope");
            boss.get(&format!("/v1/insight/metrics/win-rate?company_id={company}&from_date=2026-01-01&to_date=2026-01-31&{more}")).problem(403, "missing_scope");
        }
        let days = "from_date=2026-01-01&to_date=2026-01-31";
        let w = boss.get(&format!("/v1/insight/metrics/win-rate?company_id={company}&{days}&team_id={}&group_by=owner", id(&top))).ok();
        assert_eq!((&w["numerator"]["count"], &w["group_count"]), (&json!(2), &json!(2)));
        assert_eq!(boss.all("/v1/crm/quotas").len(), 2);
        let theirs = s.all(&format!("/v1/crm/quotas?user_id={}", id(&eve))).remove(0);
        boss.get(&at("quotas", &theirs)).problem(404, "not_found");
        let commit = |who: &Value| boss.post("/v1/crm/forecast-submissions", json!({"company_id": company, "user_id": who["id"], "commit_amount": "5"}));
        commit(&bob).created();
        commit(&eve).problem(403, "missing_scope");
        boss.get(&format!("/v1/crm/forecasts?company_id={company}&team_id=team_00000000000000000000000000")).problem(404, "not_found");
        let two = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        s.get(&format!("/v1/crm/forecasts?company_id={}&team_id={}", id(&two), id(&top))).problem(404, "not_found");
    }

    /// Metrics by whatever they can be split by: each side of each group lists what it counts.
    fn metrics_have_groups_and_comparisons(s) {
        let (ann, bob) = (user(s).0, user(s).0);
        let top = team(s, "Sales", json!({"member_ids": [ann["id"]]}));
        let below = team(s, "Inside", json!({"parent_id": top["id"], "member_ids": [bob["id"]]}));
        let party = customer(s, "Alfreds");
        s.at("2026-01-01T12:00:00Z");
        let more = |who: &Value, source: &str| json!({"amount": "100", "owner_id": who["id"], "source": source});
        let mut all: Vec<Value> = [(&ann, "fair & more"), (&ann, "web"), (&bob, "web")].map(|(w, f)| deal(s, &party, more(w, f))).to_vec();
        let found = lead(s, json!({"last_name": "Web", "campaign": "spring sale"}));
        let found = s.act(&format!("{}/qualify", at("leads", &found)), &found, json!({})).ok();
        let became = act(s, "leads", &found, "convert", json!({"opportunity": {"amount": "50"}}));
        let of_campaign = s.get(&format!("/v1/crm/opportunities/{}", became["opportunity_id"].as_str().unwrap())).ok();
        assert_eq!(of_campaign["campaign"], "spring sale");
        all.push(of_campaign);
        let ends = |o: &Value, win: bool| {
            let (verb, body) = if win { ("win", json!({})) } else { ("lose", json!({"reason": "price"})) };
            act(s, "opportunities", o, verb, body)
        };
        s.at("2026-01-11T12:00:00Z");
        let first = ends(&all[0], true);
        assert_eq!(first["days_to_close"], 10);
        s.at("2026-02-10T18:00:00Z");
        assert_eq!(ends(&all[1], true)["days_to_close"], 41);
        ends(&all[2], false);
        ends(&all[3], true);
        let metric = |name: &str, more: &str| s.get(&format!("/v1/insight/metrics/{name}?company_id={}&{more}", s.company_id())).ok();
        let lists = |of: &Value| {
            for side in ["numerator", "denominator"] {
                if let Some(path) = of[side]["drill_down"].as_str() {
                    assert_eq!(s.all(path).len() as i64, of[side]["count"].as_i64().unwrap(), "{side} of {of}");
                }
            }
        };
        for name in ["velocity", "win-rate", "cycle-time", "funnel", "conversion"] {
            for by in ["owner", "team", "pipeline", "source", "campaign"] {
                for compare in ["previous_period", "previous_year"] {
                    let days = if ["funnel", "conversion"].contains(&name) { "from_date=2026-01-01&to_date=2026-01-31&maturity_days=30" } else { "from_date=2026-02-01&to_date=2026-02-28" };
                    let days = if name == "funnel" { days.replace("&maturity_days=30", "") } else { days.to_string() };
                    let m = metric(name, &format!("{days}&group_by={by}&compare={compare}"));
                    lists(&m);
                    lists(&m["previous"]);
                    let groups = m["groups"].as_array().unwrap();
                    assert_eq!(json!(groups.len()), m["group_count"], "{name} by {by}");
                    assert!(!groups.is_empty(), "{name} by {by}");
                    for g in groups {
                        assert_eq!(g["definition"], m["definition"]);
                        lists(g);
                        lists(&g["previous"]);
                        for part in g["stages"].as_array().into_iter().flatten() {
                            assert_eq!(s.all(part["drill_down"].as_str().unwrap()).len() as i64, part["reached"].as_i64().unwrap());
                        }
                        g["cohorts"].as_array().into_iter().flatten().for_each(&lists);
                    }
                    if by != "team" {
                        let sum: i64 = groups.iter().map(|g| g["denominator"]["count"].as_i64().unwrap()).sum();
                        assert_eq!(json!(sum), m["denominator"]["count"], "{name} by {by}");
                    }
                }
            }
        }
        let w = metric("win-rate", "from_date=2026-02-01&to_date=2026-02-28&group_by=team&compare=previous_period");
        let group = |key: &Value| w["groups"].as_array().unwrap().iter().find(|g| g["group"]["key"] == *key).unwrap().clone();
        assert_eq!((&group(&top["id"])["denominator"]["count"], &group(&below["id"])["denominator"]["count"]), (&json!(2), &json!(1)));
        assert_eq!((&w["previous"]["from_date"], &w["previous"]["denominator"]["count"]), (&json!("2026-01-01"), &json!(1)));
        assert_eq!(group(&top["id"])["group"]["name"], "Sales");
        let c = metric("conversion", "from_date=2026-01-01&to_date=2026-01-31&maturity_days=30");
        assert_eq!((&c["numerator"]["count"], &c["denominator"]["count"]), (&json!(1), &json!(4)));
        let part = metric("win-rate", &format!("from_date=2026-02-01&to_date=2026-02-28&group_by=team&team_id={}", id(&below)));
        assert_eq!((&part["group_count"], &part["groups"][0]["group"]["key"]), (&json!(1), &below["id"]));
        s.get(&format!("/v1/insight/metrics/win-rate?company_id={}&from_date=2026-01-01&to_date=2026-01-31&group_by=moon", s.company_id())).problem(400, "invalid_parameter");
    }

    /// What came of it stands over what was done; a number of activities alone is nobody's productivity.
    fn productivity_is_outcome_for_each_activity(s) {
        let (ann, bob) = (user(s).0, user(s).0);
        let top = team(s, "Sales", json!({"member_ids": [ann["id"]]}));
        let party = customer(s, "Alfreds");
        s.at("2026-01-10T12:00:00Z");
        let done = |who: &Value, kind: &str| {
            s.post("/v1/crm/activities", json!({"company_id": s.company_id(), "kind": kind, "subject": "x", "regarding_id": party["id"],
                "owner_id": who["id"], "completed_at": "2026-01-10T11:00:00Z"})).created()
        };
        done(&ann, "call");
        done(&ann, "call");
        done(&ann, "meeting");
        (0..5).for_each(|_| drop(done(&bob, "email")));
        done(&bob, "note");
        let won = deal(s, &party, json!({"amount": "300", "owner_id": ann["id"]}));
        act(s, "opportunities", &won, "win", json!({}));
        let l = lead(s, json!({"owner_id": ann["id"]}));
        s.at("2026-01-10T12:30:00Z");
        s.post("/v1/crm/activities", json!({"company_id": s.company_id(), "kind": "call", "subject": "x", "regarding_id": l["id"],
            "owner_id": ann["id"], "completed_at": "2026-01-10T12:30:00Z"})).created();
        let path = format!("/v1/insight/metrics/productivity?company_id={}&from_date=2026-01-01&to_date=2026-01-31", s.company_id());
        let p = s.get(&format!("{path}&compare=previous_period")).ok();
        let of = |key: &Value| p["groups"].as_array().unwrap().iter().find(|g| g["group"]["key"] == *key).unwrap().clone();
        let (a, b) = (of(&ann["id"]), of(&bob["id"]));
        assert_eq!((&a["denominator"]["count"], &a["amount_per_activity"], &a["activities_per_won"]), (&json!(4), &json!("75.00"), &json!("4")));
        assert_eq!((&b["denominator"]["count"], &b["amount_per_activity"], &b["activities_per_won"]), (&json!(5), &json!("0.00"), &json!(null)));
        assert_eq!((&a["leads"]["count"], &a["leads_answered"]["count"], &a["average_response_minutes"]), (&json!(1), &json!(1), &json!("30")));
        assert_eq!(a["activities"].as_array().unwrap().iter().map(|k| (k["kind"].clone(), k["count"].clone())).collect::<Vec<_>>(),
            [(json!("call"), json!(3)), (json!("meeting"), json!(1))]);
        let by_team = s.get(&format!("{path}&group_by=team")).ok();
        for of in p["groups"].as_array().unwrap().iter().chain(by_team["groups"].as_array().unwrap()).chain([&p, &p["previous"]]) {
            for side in ["numerator", "denominator", "opportunities_created", "leads", "leads_answered"] {
                assert_eq!(s.all(of[side]["drill_down"].as_str().unwrap()).len() as i64, of[side]["count"].as_i64().unwrap(), "{side} of {of}");
            }
            for kind in of["activities"].as_array().unwrap() {
                assert_eq!(s.all(kind["drill_down"].as_str().unwrap()).len() as i64, kind["count"].as_i64().unwrap());
            }
        }
        assert_eq!(by_team["groups"].as_array().unwrap().len(), 2);
        let part = s.get(&format!("{path}&team_id={}", id(&top))).ok();
        assert_eq!((&part["numerator"]["amount"], &part["group_count"]), (&json!("300.00"), &json!(1)));
        s.get(&path.replace("to_date=2026-01-31", "to_date=2025-01-31")).problem(422, "metric.wrong_range");
    }
}
