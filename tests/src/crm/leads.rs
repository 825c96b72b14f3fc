//! Leads before their conversion.

pub(crate) mod conversion;
pub(crate) mod response;

use serde_json::json;

use super::common::{act, at, events, lead, me, qualified};
use crate::fixtures::{id, user_with};

each_engine! {
    fn a_lead_has_its_data_in_normal_form(s) {
        let l = lead(s, json!({"first_name": " Ana ", "email": "Ana@Example.ORG", "phone": "+52 (55) 5555-4729", "organisation_name": "Emparedados",
            "utm": {"source": "newsletter"}, "external_id": {"system": "webshop", "id": "7"}, "address": {"line1": "Calle 1", "country": "MX"}}));
        assert_eq!((&l["status"], &l["name"]), (&json!("new"), &json!("Ana Trujillo, Emparedados")));
        assert_eq!((&l["email"], &l["phone_normalised"]), (&json!("Ana@example.org"), &json!("+525555554729")));
        assert_eq!(l["allowed_actions"], json!(["assign", "qualify", "disqualify", "erase"]));
        assert_eq!(s.get(&at("leads", &l)).ok(), l);
        let found = s.all("/v1/crm/leads?q=EMPARED");
        assert_eq!(found.iter().map(id).collect::<Vec<_>>(), [id(&l)]);
        assert!(s.all("/v1/crm/leads?q=nobody").is_empty());
    }

    fn what_makes_no_lead_is_told_all_at_once(s) {
        let body = json!({"company_id": s.company_id(), "email": "x", "phone": "call me", "address": {"line1": "x", "country": "ZZ"}});
        let problem = s.post("/v1/crm/leads", body).problem(422, "invalid_body");
        let codes: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap()).collect();
        // a wrong address is an address all the same: the lead is not nameless, too
        assert_eq!(codes, ["email.invalid", "phone.invalid", "address.unknown_country"]);
        s.post("/v1/crm/leads", json!({"company_id": s.company_id()})).problem(422, "lead.nameless");
        s.post("/v1/crm/leads", json!({"company_id": "co_00000000000000000000000000", "last_name": "x"})).problem(422, "unknown_reference");
        let body = json!({"company_id": s.company_id(), "last_name": "x", "owner_id": "usr_00000000000000000000000000"});
        assert_eq!(s.post("/v1/crm/leads", body).problem(422, "unknown_reference")["errors"][0]["pointer"], "/owner_id");
    }

    fn each_state_allows_exactly_what_it_says(s) {
        let owner = me(s);
        let bodies = [("assign", json!({"owner_id": owner})), ("qualify", json!({})), ("disqualify", json!({"reason": "no budget"})), ("reopen", json!({})), ("convert", json!({"on_duplicate": "create"}))];
        for state in ["new", "working", "qualified", "disqualified", "converted"] {
            for (verb, body) in &bodies {
                let mut l = lead(s, json!({}));
                if state != "new" {
                    l = act(s, "leads", &l, "assign", bodies[0].1.clone());
                }
                if matches!(state, "qualified" | "converted") {
                    l = act(s, "leads", &l, "qualify", json!({}));
                }
                if state == "disqualified" {
                    l = act(s, "leads", &l, "disqualify", bodies[2].1.clone());
                }
                if state == "converted" {
                    l = act(s, "leads", &l, "convert", json!({"on_duplicate": "create"}))["lead"].clone();
                }
                assert_eq!(l["status"], state);
                let seen = s.get(&at("leads", &l)).ok();
                let allowed = seen["allowed_actions"].as_array().unwrap().iter().any(|a| a == verb);
                let answer = s.act(&format!("{}/{verb}", at("leads", &l)), &l, body.clone());
                if allowed {
                    answer.ok();
                } else {
                    let code = if state == "converted" { "lead.converted" } else { "invalid_state" };
                    let problem = answer.problem(409, code);
                    assert_eq!((&problem["current_state"], &problem["allowed_actions"]), (&json!(state), &seen["allowed_actions"]), "{verb} when {state}");
                }
            }
        }
    }

    fn giving_up_needs_a_reason_and_can_be_undone(s) {
        let l = lead(s, json!({}));
        let path = format!("{}/disqualify", at("leads", &l));
        s.act(&path, &l, json!({"reason": "  "})).problem(422, "invalid_body");
        s.request("POST", &path).if_match(&l).json(&json!({})).send().problem(422, "invalid_body");
        let l = act(s, "leads", &l, "disqualify", json!({"reason": "no budget"}));
        assert_eq!((&l["status"], &l["disqualification_reason"]), (&json!("disqualified"), &json!("no budget")));
        let l = act(s, "leads", &l, "reopen", json!({}));
        assert_eq!((&l["status"], &l["disqualification_reason"]), (&json!("working"), &json!(null)));
        assert_eq!(events(s, &l), ["lead.created", "lead.disqualified", "lead.reopened"]);
    }

    fn assigning_takes_a_lead_up(s) {
        let l = lead(s, json!({}));
        s.act(&format!("{}/assign", at("leads", &l)), &l, json!({"owner_id": "usr_00000000000000000000000000"})).problem(422, "unknown_reference");
        s.at("2026-01-02T10:30:00Z");
        let l = act(s, "leads", &l, "assign", json!({"owner_id": me(s)}));
        assert_eq!((&l["status"], &l["assigned_at"], &l["first_response_at"]), (&json!("working"), &json!("2026-01-02T10:30:00Z"), &json!(null)));
        s.at("2026-01-02T11:30:00Z");
        let l = act(s, "leads", &l, "qualify", json!({}));
        assert_eq!((&l["qualified_at"], &l["first_response_at"]), (&json!("2026-01-02T11:30:00Z"), &json!("2026-01-02T11:30:00Z")));
        let expanded = s.get(&format!("{}?expand=owner", at("leads", &l))).ok();
        assert_eq!(expanded["owner"]["id"], l["owner_id"]);
    }

    fn a_converted_lead_is_read_only(s) {
        let l = qualified(s, json!({}));
        let l = act(s, "leads", &l, "convert", json!({}))["lead"].clone();
        s.patch(&at("leads", &l), &l, json!({"first_name": "x"})).problem(409, "lead.converted");
        s.delete(&at("leads", &l), &l).problem(409, "lead.converted");
        s.act(&format!("{}/assign", at("leads", &l)), &l, json!({"owner_id": me(s)})).problem(409, "lead.converted");
    }

    fn a_lead_entered_by_mistake_can_be_changed_and_deleted(s) {
        let l = lead(s, json!({"email": "a@example.org"}));
        let l = s.patch(&at("leads", &l), &l, json!({"email": null, "job_title": " Owner "})).ok();
        assert_eq!((&l["email"], &l["job_title"], &l["version"]), (&json!(null), &json!("Owner"), &json!(2)));
        s.patch(&at("leads", &l), &l, json!({"last_name": null})).problem(422, "lead.nameless");
        s.patch(&at("leads", &l), &l, json!({"status": "converted"})).problem(422, "unknown_field");
        s.delete(&at("leads", &l), 1).problem(412, "precondition_failed");
        let kept = lead(s, json!({}));
        crate::crm::common::activity(s, &kept, json!({}));
        s.delete(&at("leads", &kept), &kept).problem(409, "in_use");
        s.delete(&at("leads", &l), &l).no_content();
        s.get(&at("leads", &l)).problem(404, "not_found");
    }

    fn two_edits_of_one_version_have_one_winner(s) {
        let l = lead(s, json!({}));
        let answers = s.parallel(8, |i, c| c.patch(&at("leads", &l), &l, json!({"job_title": format!("t{i}")})).status);
        assert_eq!(answers.iter().filter(|s| **s == 200).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|s| **s == 412).count(), 7, "{answers:?}");
    }

    fn leads_are_found_by_what_they_are(s) {
        let web = lead(s, json!({"source": "web"}));
        let fair = qualified(s, json!({"source": "fair"}));
        let ids = |query: &str| s.all(&format!("/v1/crm/leads?{query}")).iter().map(|l| id(l).to_string()).collect::<Vec<_>>();
        assert_eq!(ids("source=web"), [id(&web)]);
        assert_eq!(ids("status=qualified,converted"), [id(&fair)]);
        assert_eq!(ids("sort=-created_at"), [id(&fair), id(&web)]);
        s.get("/v1/crm/leads?stauts=new").problem(400, "unknown_parameter");
    }

    fn leads_of_other_companies_do_not_exist(s) {
        let l = lead(s, json!({}));
        let stranger = user_with(s, &["crm.*"], &[]);
        stranger.get(&at("leads", &l)).problem(404, "not_found");
        stranger.act(&format!("{}/qualify", at("leads", &l)), &l, json!({})).problem(404, "not_found");
        assert!(stranger.all("/v1/crm/leads").is_empty());
        stranger.post("/v1/crm/leads", json!({"company_id": s.company_id(), "last_name": "x"})).problem(422, "unknown_reference");
    }

    fn many_leads_are_made_at_once_or_not_at_all(s) {
        let good = json!({"company_id": s.company_id(), "last_name": "x"});
        let bad = json!({"company_id": s.company_id(), "email": "x"});
        s.post("/v1/crm/leads/bulk", json!({"mode": "atomic", "items": [good, bad]})).expect(422);
        assert!(s.all("/v1/crm/leads").is_empty());
        s.post("/v1/crm/leads/bulk", json!({"mode": "partial", "items": [good, bad]})).ok();
        assert_eq!(s.all("/v1/crm/leads").len(), 1);
    }
}
