//! The document flow and explanations: what is not there is not found.

use serde_json::json;

use crate::fixtures::{customer, id, user_with};

each_engine! {
    fn a_thing_without_links_stands_alone(s) {
        let party = customer(s, "Acme");
        let trace = s.get(&format!("/v1/platform/trace/{}", id(&party))).ok();
        assert_eq!((&trace["edges"], &trace["truncated"]), (&json!([]), &json!(false)));
        assert_eq!(trace["nodes"], json!([{"id": party["id"], "noun": "party", "title": "Acme", "status": null, "company_id": null, "distance": 0}]));
        s.get("/v1/platform/trace/so_00000000000000000000000000").problem(404, "not_found");
        s.get("/v1/platform/trace/nonsense").problem(404, "not_found");
        s.get(&format!("/v1/platform/trace/{}?direction=sideways", id(&party))).problem(400, "invalid_parameter");
        s.get(&format!("/v1/platform/explain/{}", id(&party))).problem(404, "not_found");
    }

    fn a_title_that_may_not_be_read_is_not_shown(s) {
        let party = customer(s, "Acme");
        let reader = user_with(s, &["platform.trace.read"], &[]);
        let trace = reader.get(&format!("/v1/platform/trace/{}", id(&party))).ok();
        assert_eq!(trace["nodes"][0]["title"], json!(null));
        let company = format!("/v1/platform/trace/{}", s.company_id());
        reader.get(&company).problem(404, "not_found");
        s.get(&company).ok();
    }
}
