//! Stages of pipelines.

use serde_json::json;

use crate::crm::common::{act, at, deal, guarded_pipeline};
use crate::fixtures::{customer, id};

each_engine! {
    fn what_makes_no_stage_is_refused_at_its_place(s) {
        let p = guarded_pipeline(s);
        let stages = format!("{}/stages", at("pipelines", &p));
        let add = |body: serde_json::Value| s.request("POST", &stages).json(&body).send();
        let problem = add(json!({"name": "A", "probability_percent": "1"})).problem(422, "pipeline.duplicate_stage");
        assert_eq!(problem["errors"][0]["pointer"], "/name");
        add(json!({"name": "e", "probability_percent": "101"})).problem(422, "opportunity.not_a_percentage");
        add(json!({"name": "e", "probability_percent": "1", "forecast_category": "closed"})).problem(422, "pipeline.closed_stage");
        add(json!({"name": " ", "probability_percent": "1"})).problem(422, "invalid_body");
        let body = json!({"company_id": s.company_id(), "name": "x", "stages": [
            {"name": "a", "probability_percent": "1"}, {"name": "b", "probability_percent": "-1"}]});
        let problem = s.post("/v1/crm/pipelines", body).problem(422, "opportunity.not_a_percentage");
        assert_eq!(problem["errors"][0]["pointer"], "/stages/1/probability_percent");
        let many: Vec<_> = (0..50).map(|i| json!({"name": format!("s{i}"), "probability_percent": "1"})).collect();
        let full = s.post("/v1/crm/pipelines", json!({"company_id": s.company_id(), "name": "full", "stages": many})).created();
        let stages = format!("{}/stages", at("pipelines", &full));
        s.post(&stages, json!({"name": "one more", "probability_percent": "1"})).problem(422, "pipeline.too_many_stages");
    }

    fn stages_have_operations_of_their_own(s) {
        let p = guarded_pipeline(s);
        let stages = format!("{}/stages", at("pipelines", &p));
        let e = s.post(&stages, json!({"name": "e", "probability_percent": "20", "position": 2})).created();
        assert_eq!((&e["position"], &e["version"]), (&json!(2), &json!(2)));
        assert_eq!(s.get(&format!("{stages}/{}", id(&e))).ok(), e);
        assert_eq!(s.all(&stages).len(), 5);
        // writes are judged by the version of the pipeline
        let path = format!("{stages}/{}", id(&e));
        s.patch(&path, 1, json!({"position": 5})).problem(412, "precondition_failed");
        let moved = s.patch(&path, 2, json!({"position": 5, "name": "last"})).ok();
        assert_eq!((&moved["position"], &moved["name"]), (&json!(5), &json!("last")));
        let now = s.get(&at("pipelines", &p)).ok();
        let names: Vec<_> = now["stages"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "last"]);
        s.delete(&path, &now).no_content();
        s.get(&path).problem(404, "not_found");
        s.get(&format!("{stages}/{}", id(&s.all("/v1/crm/pipelines")[0]["stages"][0]))).problem(404, "not_found");
    }

    fn a_stage_with_deals_stays(s) {
        let p = guarded_pipeline(s);
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"pipeline_id": p["id"], "amount": "100"}));
        let stage = |i: usize| format!("{}/stages/{}", at("pipelines", &p), id(&p["stages"][i]));
        s.patch(&stage(0), &p, json!({"archived": true})).problem(409, "pipeline.stage_occupied");
        s.delete(&stage(0), &p).problem(409, "pipeline.stage_occupied");
        s.act(&format!("{}/archive", at("pipelines", &p)), &p, json!({})).problem(409, "pipeline.occupied");
        let o = act(s, "opportunities", &o, "advance", json!({"stage_id": p["stages"][1]["id"]}));
        s.delete(&stage(0), &p).problem(409, "pipeline.stage_in_history");
        let archived = s.patch(&stage(0), &p, json!({"archived": true})).ok();
        assert_eq!(archived["position"], 4);
        s.act(&format!("{}/advance", at("opportunities", &o)), &o, json!({"stage_id": p["stages"][0]["id"]}))
            .problem(422, "opportunity.stage_archived");
        let back = s.patch(&stage(0), 2, json!({"archived": false})).ok();
        assert_eq!((&back["archived_at"], &back["position"]), (&json!(null), &json!(4)));
    }

    fn the_last_stage_stays(s) {
        let body = json!({"company_id": s.company_id(), "name": "One", "stages": [{"name": "only", "probability_percent": "50"}]});
        let p = s.post("/v1/crm/pipelines", body).created();
        let stage = format!("{}/stages/{}", at("pipelines", &p), id(&p["stages"][0]));
        s.delete(&stage, &p).problem(409, "pipeline.last_stage");
        s.patch(&stage, &p, json!({"archived": true})).problem(409, "pipeline.last_stage");
    }

    fn renaming_and_reordering_stages_rewrites_no_history(s) {
        let p = guarded_pipeline(s);
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"pipeline_id": p["id"], "amount": "100"}));
        let o = act(s, "opportunities", &o, "advance", json!({"stage_id": p["stages"][1]["id"], "note": "budget is there"}));
        let path = format!("{}/history", at("opportunities", &o));
        let before = s.all(&path);
        let stage = format!("{}/stages/{}", at("pipelines", &p), id(&p["stages"][1]));
        s.patch(&stage, &p, json!({"name": "Renamed", "position": 4, "probability_percent": "60"})).ok();
        assert_eq!(s.all(&path), before);
        let labels: Vec<_> = before.iter().filter(|c| c["field"] == "stage").map(|c| (c["old_label"].clone(), c["new_label"].clone())).collect();
        assert_eq!(labels, [(json!(null), json!("a")), (json!("a"), json!("b"))]);
        // the deal keeps its figures until it changes
        assert_eq!(s.get(&at("opportunities", &o)).ok()["probability_percent"], "50");
        let changed = s.patch(&at("opportunities", &o), &o, json!({"source": "fair"})).ok();
        assert_eq!(changed["probability_percent"], "60");
    }

    fn an_expanded_stage_has_the_version_of_its_pipeline(s) {
        let p = guarded_pipeline(s);
        let o = deal(s, &customer(s, "Ana"), json!({"pipeline_id": p["id"], "amount": "100"}));
        let shown = s.get(&format!("{}?expand=stage", at("opportunities", &o))).ok();
        let stage = s.get(&format!("{}/stages/{}", at("pipelines", &p), id(&shown["stage"]))).ok();
        assert_eq!(shown["stage"]["version"], s.get(&at("pipelines", &p)).ok()["version"]);
        assert_eq!(shown["stage"]["version"], stage["version"]);
    }
}
