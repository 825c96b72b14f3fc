//! Surveys: one question about a case, one answer for a link, and no figure of a few answers.

use serde_json::{Value, json};

use crate::crm::common::{act, at, with};
use crate::fixtures::{id, unique, user, user_with};
use crate::harness::Server;
use crate::service::cases::story::case;

fn survey(s: &Server, kind: &str, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "kind": kind, "name": format!("Survey {}", unique()), "question": "How was it?"});
    s.post("/v1/service/surveys", with(base, more)).created()
}

fn resolved(s: &Server, more: Value) -> Value {
    let c = case(s, more);
    act(s, "cases", &c, "resolve", json!({"resolution": "Done"}))
}

fn invited(s: &Server, survey: &Value, case: &Value) -> String {
    act(s, "surveys", survey, "invite", json!({"case_id": case["id"]}))["token"].as_str().unwrap().to_string()
}

fn respond(s: &Server, token: &str, score: i32) -> crate::harness::Answer {
    s.anonymous().post("/v1/service/survey-responses/respond", json!({"token": token, "score": score, "comment": " Fine. "}))
}

each_engine! {
    fn a_customer_answers_once_without_an_account(s) {
        let who = user(s).0;
        let q = survey(s, "csat", json!({}));
        let c = resolved(s, json!({"assignee_id": who["id"]}));
        let token = invited(s, &q, &c);
        let form = s.anonymous().get(&format!("/v1/service/survey-forms?link={token}")).ok();
        assert_eq!((&form["question"], &form["case_number"], &form["highest_score"], &form["is_answered"]), (&json!("How was it?"), &c["number"], &json!(5), &json!(false)));
        respond(s, &token, 0).problem(422, "survey.score_out_of_range");
        let answers = s.parallel(4, |_, _| respond(s, &token, 5).status);
        assert_eq!(answers.iter().filter(|s| **s == 200).count(), 1, "{answers:?}");
        respond(s, &token, 1).problem(409, "survey.already_answered");
        let found = s.all("/v1/service/survey-responses?is_answered=true");
        assert_eq!((&found[0]["score"], &found[0]["comment"], &found[0]["case_id"], &found[0]["agent_id"]), (&json!(5), &json!("Fine."), &c["id"], &who["id"]));
        assert_eq!(s.get(&format!("/v1/service/survey-responses/{}?expand=case", id(&found[0]))).ok()["case"]["id"], c["id"]);
        assert_eq!(s.anonymous().get(&format!("/v1/service/survey-forms?link={token}")).ok()["is_answered"], true);
    }

    fn a_link_is_good_for_what_it_is_and_as_long_as_it_says(s) {
        let q = survey(s, "nps", json!({"answer_days": 1}));
        let token = invited(s, &q, &resolved(s, json!({})));
        let mut forged = token.clone();
        forged.replace_range(60..61, if &token[60..61] == "A" { "B" } else { "A" });
        respond(s, &forged, 5).problem(404, "link.invalid");
        s.anonymous().get(&format!("/v1/service/survey-forms?link={forged}")).problem(404, "link.invalid");
        s.at("2026-01-03T09:00:01Z");
        respond(s, &token, 5).problem(404, "link.expired");
    }

    fn only_what_is_resolved_is_asked_about_and_only_once(s) {
        let q = survey(s, "ces", json!({}));
        let path = format!("{}/invite", at("surveys", &q));
        let open = case(s, json!({}));
        s.act(&path, &q, json!({"case_id": open["id"]})).problem(409, "survey.case_not_resolved");
        let c = resolved(s, json!({}));
        let asked = s.parallel(4, |_, client| client.act(&path, &q, json!({"case_id": c["id"]})).status);
        assert_eq!(asked.iter().filter(|s| **s == 200).count(), 1, "{asked:?}");
        s.act(&path, &q, json!({"case_id": c["id"]})).problem(409, "survey.already_invited");
        s.act(&path, &q, json!({"case_id": "case_00000000000000000000000000"})).problem(422, "unknown_reference");
        let q = s.patch(&at("surveys", &q), &q, json!({"question": "Was it easy?"})).ok();
        let q = act(s, "surveys", &q, "archive", json!({}));
        s.act(&path, &q, json!({"case_id": resolved(s, json!({}))["id"]})).problem(409, "survey.archived");
        s.act(&format!("{}/archive", at("surveys", &q)), &q, json!({})).problem(409, "survey.archived");
        s.patch(&at("surveys", &q), &q, json!({"name": "x"})).problem(409, "survey.archived");
        assert!(s.all("/v1/service/surveys?kind=ces").is_empty(), "lists leave out what is archived");
        assert_eq!(s.all("/v1/service/surveys?kind=ces&archived=any")[0], q);
        s.post("/v1/service/surveys", json!({"company_id": s.company_id(), "kind": "ces", "name": " ", "question": "x"})).problem(422, "invalid_body");
    }

    fn promoters_less_detractors_are_shown_when_there_are_enough(s) {
        let q = survey(s, "nps", json!({"least_responses": 5}));
        let results = |query: &str| s.get(&format!("{}/results{query}", at("surveys", &q))).ok();
        for score in [10, 9, 8, 6] {
            respond(s, &invited(s, &q, &resolved(s, json!({}))), score).ok();
        }
        let few = results("");
        assert_eq!((&few["responses"], &few["is_suppressed"], &few["result"], &few["promoters"]), (&json!(4), &json!(true), &json!(null), &json!(null)));
        respond(s, &invited(s, &q, &resolved(s, json!({}))), 10).ok();
        let all = results("?from_date=2026-01-02&to_date=2026-01-02");
        assert_eq!((&all["result"], &all["promoters"], &all["passives"], &all["detractors"]), (&json!("40"), &json!(3), &json!(1), &json!(1)));
        assert_eq!(s.all(all["drill_down"].as_str().unwrap()).len(), 5);
        assert_eq!(results("?from_date=2026-01-03")["responses"], 0);
        // past midnight in Berlin, where the company is
        s.at("2026-01-02T23:30:00Z");
        respond(s, &invited(s, &q, &resolved(s, json!({}))), 10).ok();
        assert_eq!((&results("?to_date=2026-01-02")["responses"], &results("?from_date=2026-01-03")["responses"]), (&json!(5), &json!(1)));
        assert_eq!(s.all(results("?to_date=2026-01-02")["drill_down"].as_str().unwrap()).len(), 5);
        assert_eq!(results(&format!("?agent_id={}", id(&user(s).0)))["responses"], 0);
    }

    fn surveys_of_other_companies_do_not_exist(s) {
        let q = survey(s, "nps", json!({}));
        let stranger = user_with(s, &["service.*"], &[]);
        stranger.get(&at("surveys", &q)).problem(404, "not_found");
        stranger.get(&format!("{}/results", at("surveys", &q))).problem(404, "not_found");
        assert!(stranger.all("/v1/service/survey-responses").is_empty());
    }
}
