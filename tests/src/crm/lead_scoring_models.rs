//! Scoring: what a model makes of leads, and when it is told.

use serde_json::{Value, json};

use super::common::{act, activity, at, events, lead, qualified, with};
use crate::fixtures::{id, user_with};
use crate::harness::{Client, Server};

#[track_caller]
fn draft(s: &Server, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "name": "Machines",
        "fit_rules": [
            {"name": "DACH", "conditions": [{"attribute": "country", "comparison": "one_of", "values": ["DE", "AT", "CH"]}], "points": "20"},
            {"name": "competitor", "conditions": [{"attribute": "email_domain", "comparison": "one_of", "values": ["rival.example"]}], "points": "-100"}],
        "engagement_rules": [
            {"name": "clicks", "kind": "email_click", "points": "10", "cap": "25", "half_life_days": "30"},
            {"name": "calls", "kind": "call_done", "points": "7"},
            {"name": "left", "kind": "unsubscribe", "points": "-30"}],
        "grades": [{"grade": "A", "min_score": "40"}, {"grade": "B", "min_score": "20"}]});
    s.post("/v1/crm/lead-scoring-models", with(base, more)).created()
}

#[track_caller]
fn model(s: &Server, more: Value) -> Value {
    act(s, "lead-scoring-models", &draft(s, more), "activate", json!({}))
}

fn touch(s: &Server, l: &Value, kind: &str, at: &str) {
    s.post("/v1/marketing/touchpoints", json!({"company_id": s.company_id(), "kind": kind, "lead_id": l["id"], "occurred_at": at})).created();
}

fn german(s: &Server) -> Value {
    lead(s, json!({"email": "ann@beans.example", "address": {"line1": "x", "country": "DE"}}))
}

fn score(s: &Server, l: &Value) -> Value {
    s.get(&format!("{}/score", at("leads", l))).ok()
}

fn rescored(s: &Client, company: &str) -> Value {
    let job = s.post("/v1/crm/leads/rescore", json!({"company_id": company})).accepted();
    for _ in 0..400 {
        let job = s.get(&format!("/v1/platform/jobs/{}", id(&job))).ok();
        if job["status"] == "succeeded" {
            return job["result"].clone();
        }
        assert!(["queued", "running"].contains(&job["status"].as_str().unwrap()), "{job}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the job does not end");
}

each_engine! {
    fn a_score_is_explained_and_fades_on_reading(s) {
        let m = model(s, json!({}));
        let l = german(s);
        touch(s, &l, "email_click", "2026-01-02T09:00:00Z");
        touch(s, &l, "email_click", "2025-12-03T09:00:00Z");
        let got = score(s, &l);
        assert_eq!((&got["score"], &got["fit_score"], &got["engagement_score"], &got["grade"]), (&json!("35"), &json!("20"), &json!("15"), &json!("B")));
        assert_eq!((&got["model_id"], &got["model_version"], &got["computed_at"]), (&m["id"], &json!(1), &json!("2026-01-02T09:00:00Z")));
        assert_eq!(got["factors"], json!([
            {"axis": "fit", "rule": "DACH", "points": "20", "events": 0, "points_when_new": "20", "is_capped": false, "latest_at": null},
            {"axis": "engagement", "rule": "clicks", "points": "15", "events": 2, "points_when_new": "20", "is_capped": false, "latest_at": "2026-01-02T09:00:00Z"}]));
        // half a half-life later: 10 × 0.5^(1/2) + 10 × 0.5^(3/2), nothing stored changed
        let before = s.get(&at("leads", &l)).ok();
        s.at("2026-01-17T09:00:00Z");
        assert_eq!(score(s, &l)["engagement_score"], "10.6066");
        assert_eq!(s.get(&at("leads", &l)).ok(), before);
        // the same moment gives the same score
        s.at("2026-01-02T09:00:00Z");
        assert_eq!(score(s, &l), got);
    }

    fn caps_negative_rules_and_done_activities_count(s) {
        model(s, json!({}));
        let l = german(s);
        for _ in 0..4 {
            touch(s, &l, "email_click", "2026-01-02T09:00:00Z");
        }
        let call = activity(s, &l, json!({"kind": "call"}));
        act(s, "activities", &call, "complete", json!({}));
        let got = score(s, &l);
        assert_eq!((&got["score"], &got["factors"][1]["is_capped"], &got["factors"][2]["rule"]), (&json!("52"), &json!(true), &json!("calls")));
        touch(s, &l, "unsubscribe", "2026-01-02T09:00:00Z");
        assert_eq!(score(s, &l)["score"], "22");
        let rival = lead(s, json!({"email": "eve@rival.example"}));
        assert_eq!((&score(s, &rival)["score"], &rival["score"], &rival["grade"]), (&json!("-100"), &json!("-100"), &json!(null)));
        assert_eq!(s.all("/v1/crm/leads?score_gte=0&sort=-score").iter().map(id).collect::<Vec<_>>(), [id(&l)]);
    }

    fn a_change_of_the_grade_is_told_once(s) {
        model(s, json!({}));
        let l = german(s);
        assert_eq!((&l["score"], &l["grade"], &l["grade_changes"]), (&json!("20"), &json!("B"), &json!(1)));
        let told = |s: &Server| events(s, &l).iter().filter(|e| *e == "lead.scored").count();
        assert_eq!(told(s), 1);
        touch(s, &l, "email_click", "2026-01-02T09:00:00Z");
        assert_eq!(told(s), 1, "within the grade");
        touch(s, &l, "email_click", "2026-01-02T09:00:00Z");
        assert_eq!((told(s), &s.get(&at("leads", &l)).ok()["grade"]), (2, &json!("A")));
        // it fades: many notice it at once, one tells it
        s.at("2026-03-03T09:00:00Z");
        s.parallel(4, |_, c| rescored(c, s.company_id()));
        assert_eq!((told(s), &s.get(&at("leads", &l)).ok()["grade"]), (3, &json!("B")));
        let changes = score(s, &l)["grade_changes"].clone();
        let steps: Vec<_> = changes.as_array().unwrap().iter().map(|c| (c["from_grade"].clone(), c["to_grade"].clone())).collect();
        assert_eq!(steps, [(json!("A"), json!("B")), (json!("B"), json!("A")), (json!(null), json!("B"))]);
        assert_eq!(s.all("/v1/crm/leads?grade=B").len(), 1);
    }

    /// Nobody reads and nobody starts a job: the clock tells what has faded, once, and keeps nothing else.
    fn the_clock_tells_a_grade_that_faded(s) {
        model(s, json!({}));
        let (l, steady) = (german(s), german(s));
        for _ in 0..2 {
            touch(s, &l, "email_click", "2026-01-02T09:00:00Z");
        }
        assert_eq!(s.get(&at("leads", &l)).ok()["grade"], "A");
        let told = |l: &Value| events(s, l).iter().filter(|e| *e == "lead.scored").count();
        let before = (told(&l), told(&steady), s.get(&at("leads", &steady)).ok());
        s.at("2026-03-03T09:00:00Z");
        for _ in 0..400 {
            if told(&l) > before.0 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        assert_eq!((told(&l), &s.get(&at("leads", &l)).ok()["grade"]), (before.0 + 1, &json!("B")));
        for hour in 10..14 {
            s.at(&format!("2026-03-03T{hour}:00:00Z"));
        }
        assert_eq!(rescored(s, s.company_id())["regraded"], 0);
        assert_eq!((told(&l), told(&steady), s.get(&at("leads", &steady)).ok()), (before.0 + 1, before.1, before.2));
    }

    fn touches_at_once_cross_a_threshold_once(s) {
        model(s, json!({}));
        let l = german(s);
        s.parallel(8, |_, _| touch(s, &l, "email_click", "2026-01-02T09:00:00Z"));
        let now = s.get(&at("leads", &l)).ok();
        assert_eq!((&now["score"], &now["grade"], &now["grade_changes"]), (&json!("45"), &json!("A"), &json!(2)));
        assert_eq!(events(s, &l).iter().filter(|e| *e == "lead.scored").count(), 2);
    }

    fn all_leads_are_scored_anew_in_batches(s) {
        let items: Vec<_> = (0..230).map(|n| json!({"company_id": s.company_id(), "last_name": format!("L{n}"),
            "address": {"line1": "x", "country": if n % 2 == 0 { "DE" } else { "FR" }}})).collect();
        s.post("/v1/crm/leads/bulk", json!({"mode": "atomic", "items": items})).ok();
        let done = qualified(s, json!({"address": {"line1": "x", "country": "DE"}}));
        act(s, "leads", &done, "convert", json!({}));
        s.post("/v1/crm/leads/rescore", json!({"company_id": s.company_id()})).problem(409, "lead_scoring_model.none_active");
        model(s, json!({}));
        assert_eq!(rescored(s, s.company_id()), json!({"examined": 230, "changed": 230, "regraded": 115}));
        assert_eq!(rescored(s, s.company_id()), json!({"examined": 230, "changed": 0, "regraded": 0}));
        assert_eq!(s.all("/v1/crm/leads?grade=B").len(), 115);
        assert_eq!(s.get(&at("leads", &done)).ok()["score"], json!(null), "a converted lead stays as it is");
    }

    fn models_are_versions_that_never_change_once_active(s) {
        let first = model(s, json!({}));
        let l = german(s);
        let second = draft(s, json!({"name": "Next"}));
        assert_eq!((&first["model_version"], &second["model_version"], &second["status"]), (&json!(1), &json!(2), &json!("draft")));
        let second = s.patch(&at("lead-scoring-models", &second), &second, json!({"fit_rules": []})).ok();
        assert_eq!(score(s, &l)["model_version"], 1);
        let second = act(s, "lead-scoring-models", &second, "activate", json!({}));
        assert_eq!((&second["status"], &second["allowed_actions"]), (&json!("active"), &json!(["simulate"])));
        let first = s.get(&at("lead-scoring-models", &first)).ok();
        assert_eq!((&first["status"], first["retired_at"].is_string()), (&json!("retired"), true));
        assert_eq!((&score(s, &l)["model_version"], &score(s, &l)["score"]), (&json!(2), &json!("0")));
        for old in [&first, &second] {
            s.patch(&at("lead-scoring-models", old), old, json!({"name": "x"})).problem(409, "lead_scoring_model.not_a_draft");
            s.delete(&at("lead-scoring-models", old), old).problem(409, "lead_scoring_model.not_a_draft");
            s.act(&format!("{}/activate", at("lead-scoring-models", old)), old, json!({})).problem(409, "lead_scoring_model.not_a_draft");
        }
        let third = draft(s, json!({}));
        s.delete(&at("lead-scoring-models", &third), &third).no_content();
        assert_eq!(s.all("/v1/crm/lead-scoring-models?status=active").iter().map(id).collect::<Vec<_>>(), [id(&second)]);
    }

    fn drafts_activated_at_once_leave_one_active(s) {
        let drafts: Vec<_> = (0..4).map(|_| draft(s, json!({}))).collect();
        s.parallel(4, |i, c| c.act(&format!("{}/activate", at("lead-scoring-models", &drafts[i])), &drafts[i], json!({})).ok());
        assert_eq!(s.all("/v1/crm/lead-scoring-models?status=active").len(), 1);
        assert_eq!(s.all("/v1/crm/lead-scoring-models?status=retired").len(), 3);
    }

    fn a_simulation_keeps_nothing(s) {
        let m = draft(s, json!({}));
        let (a, b) = (german(s), lead(s, json!({"email": "eve@rival.example"})));
        let path = format!("{}/simulate", at("lead-scoring-models", &m));
        let got = s.act(&path, &m, json!({"lead_ids": [b["id"], a["id"]]})).ok();
        let told: Vec<_> = got["scores"].as_array().unwrap().iter().map(|x| (x["lead_id"].clone(), x["score"].clone(), x["grade"].clone())).collect();
        assert_eq!(told, [(a["id"].clone(), json!("20"), json!("B")), (b["id"].clone(), json!("-100"), json!(null))]);
        assert_eq!(got["grades"], json!([{"grade": "A", "leads": 0}, {"grade": "B", "leads": 1}, {"grade": null, "leads": 1}]));
        assert_eq!(s.act(&path, &m, json!({})).ok(), got, "the newest open ones when none are named");
        assert_eq!(s.get(&at("leads", &a)).ok(), a);
        s.get(&format!("{}/score", at("leads", &a))).problem(409, "lead_scoring_model.none_active");
        let problem = s.act(&path, &m, json!({"lead_ids": ["lead_00000000000000000000000000"]})).problem(422, "unknown_reference");
        assert_eq!(problem["errors"][0]["pointer"], "/lead_ids/0");
    }

    fn a_model_that_contradicts_itself_is_refused(s) {
        let rule = json!({"name": "r", "kind": "chat", "points": "5"});
        for (more, code, pointer) in [
            (json!({"engagement_rules": [rule, rule]}), "lead_scoring_model.rule_twice", "/engagement_rules/1/name"),
            (json!({"engagement_rules": [with(rule.clone(), json!({"half_life_days": "0"}))]}), "lead_scoring_model.wrong_limit", "/engagement_rules/0/half_life_days"),
            (json!({"grades": [{"grade": "B", "min_score": "1"}, {"grade": "A", "min_score": "2"}]}), "lead_scoring_model.wrong_grades", "/grades/1/min_score"),
            (json!({"fit_rules": [{"name": "f", "points": "1", "conditions": [{"attribute": "source", "comparison": "one_of"}]}]}), "lead_condition.invalid", "/fit_rules/0/conditions/0/values"),
        ] {
            let body = with(json!({"company_id": s.company_id(), "name": "M"}), more);
            let problem = s.post("/v1/crm/lead-scoring-models", body).problem(422, code);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        let empty = s.post("/v1/crm/lead-scoring-models", json!({"company_id": s.company_id(), "name": "M"})).created();
        s.act(&format!("{}/activate", at("lead-scoring-models", &empty)), &empty, json!({})).problem(422, "lead_scoring_model.empty");
        let many = json!({"fit_rules": [
            {"name": "a", "points": "9999999", "conditions": [{"attribute": "email", "comparison": "is_set"}]},
            {"name": "b", "points": "9999999", "conditions": [{"attribute": "email", "comparison": "is_set"}]}]});
        let huge = draft(s, many);
        let l = german(s);
        s.act(&format!("{}/simulate", at("lead-scoring-models", &huge)), &huge, json!({"lead_ids": [l["id"]]})).problem(422, "amount_out_of_range");
        let rep = user_with(s, &["crm.leads.*"], &[s.company_id()]);
        rep.get("/v1/crm/lead-scoring-models").problem(403, "missing_scope");
    }

    fn a_prediction_is_fitted_to_the_past(s) {
        let rows = |value: &str, yes: usize, no: usize| -> Vec<Value> {
            (0..yes + no).map(|n| json!({"values": [value], "outcome": n < yes})).collect()
        };
        let training = [rows("0", 10, 30), rows("1", 30, 10)].concat();
        let path = "/v1/crm/lead-scoring-models/fit";
        let got = s.post(path, json!({"features": ["called"], "training": training, "test": rows("1", 1, 1)})).ok();
        assert_eq!((&got["intercept"], &got["coefficients"][0]["coefficient"]), (&json!("-1.0986122887"), &json!("2.1972245773")));
        assert_eq!((&got["auc"], &got["test_rows"], &got["training_positives"]), (&json!("0.5"), &json!(2), &json!(40)));
        s.post(path, json!({"features": ["called"], "training": rows("1", 20, 0)})).problem(422, "lead_prediction.no_fit");
        let problem = s.post(path, json!({"features": ["a", "b"], "training": rows("1", 10, 0)})).problem(422, "lead_prediction.wrong_row");
        assert_eq!(problem["errors"][0]["pointer"], "/training/0/values");
    }
}
