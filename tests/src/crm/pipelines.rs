//! Pipelines and their stages.

pub(crate) mod stages;

use serde_json::json;

use super::common::{act, at, events, guarded_pipeline};
use crate::fixtures::{customer, id, user_with};

each_engine! {
    fn every_company_starts_with_a_default_pipeline(s) {
        let company = json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"});
        let company = s.post("/v1/directory/companies", company).created();
        let found = s.all(&format!("/v1/crm/pipelines?company_id={}", id(&company)));
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0]["is_default"], found[0]["stages"].as_array().unwrap().len()), (&json!(true), 5));
        assert_eq!(events(s, &found[0]), ["pipeline.created"]);
    }

    fn a_pipeline_is_made_with_its_stages_in_order(s) {
        let p = guarded_pipeline(s);
        let names: Vec<_> = p["stages"].as_array().unwrap().iter().map(|t| (t["name"].as_str().unwrap(), t["position"].as_i64().unwrap())).collect();
        assert_eq!(names, [("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
        assert_eq!(p["is_default"], false);
        assert_eq!(s.get(&at("pipelines", &p)).ok(), p);
        let changed = s.patch(&at("pipelines", &p), &p, json!({"name": "Large deals"})).ok();
        assert_eq!((&changed["name"], &changed["stages"][0]["version"]), (&json!("Large deals"), &json!(2)));
        s.patch(&at("pipelines", &p), &p, json!({"name": "Stale"})).problem(412, "precondition_failed");
    }

    fn a_company_has_one_default_pipeline(s) {
        let p = guarded_pipeline(s);
        let made = act(s, "pipelines", &p, "make-default", json!({}));
        assert_eq!(made["is_default"], true);
        let defaults = s.all(&format!("/v1/crm/pipelines?company_id={}&is_default=true", s.company_id()));
        assert_eq!(defaults.iter().map(id).collect::<Vec<_>>(), [id(&p)]);
        s.act(&format!("{}/archive", at("pipelines", &p)), &made, json!({})).problem(409, "pipeline.is_default");
        let old = s.all(&format!("/v1/crm/pipelines?company_id={}&is_default=false", s.company_id())).remove(0);
        let gone = act(s, "pipelines", &old, "archive", json!({}));
        assert_eq!(gone["allowed_actions"], json!(["restore"]));
        s.act(&format!("{}/make-default", at("pipelines", &gone)), &gone, json!({})).problem(409, "pipeline.archived");
        s.act(&format!("{}/archive", at("pipelines", &gone)), &gone, json!({})).problem(409, "pipeline.archived");
        let party = customer(s, "Alfreds");
        s.post("/v1/crm/opportunities", crate::crm::common::new_deal(s, &party, json!({"pipeline_id": gone["id"]}))).problem(409, "pipeline.archived");
        let back = act(s, "pipelines", &gone, "restore", json!({}));
        s.act(&format!("{}/restore", at("pipelines", &back)), &back, json!({})).problem(409, "invalid_state");
    }

    fn two_pipelines_never_become_the_default_together(s) {
        let all: Vec<_> = (0..6).map(|_| guarded_pipeline(s)).collect();
        s.parallel(6, |i, c| c.act(&format!("{}/make-default", at("pipelines", &all[i])), &all[i], json!({})).status);
        let defaults = s.all(&format!("/v1/crm/pipelines?company_id={}&is_default=true", s.company_id()));
        assert_eq!(defaults.len(), 1);
    }

    fn pipelines_of_other_companies_do_not_exist(s) {
        let p = guarded_pipeline(s);
        let stranger = user_with(s, &["crm.*"], &[]);
        stranger.get(&at("pipelines", &p)).problem(404, "not_found");
        assert!(stranger.all("/v1/crm/pipelines").is_empty());
        stranger.get(&format!("{}/stages", at("pipelines", &p))).problem(404, "not_found");
        let reader = user_with(s, &["crm.pipelines.read"], &[s.company_id()]);
        reader.get(&at("pipelines", &p)).ok();
        reader.patch(&at("pipelines", &p), &p, json!({})).problem(403, "missing_scope");
    }
}
