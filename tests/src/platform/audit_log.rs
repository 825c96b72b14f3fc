//! The audit trail: who, when, what, on which request.

use serde_json::json;

use crate::fixtures::{customer, id, user_with};

each_engine! {
    fn every_write_leaves_who_when_what_and_on_which_request(s) {
        let party = customer(s, "Before");
        let answer = s.patch(&format!("/v1/directory/parties/{}", id(&party)), &party, json!({"name": "After"}));
        let request = answer.header("x-request-id").unwrap().to_string();
        let found = s.get(&format!("/v1/platform/audit-log?subject={}&kind=party.updated", id(&party))).ok();
        let entry = &found["data"][0];
        assert_eq!((&entry["request_id"], &entry["occurred_at"]), (&json!(request), &answer.json()["updated_at"]));
        assert!(!entry["actor"].as_str().unwrap().is_empty() && !entry["actor_name"].as_str().unwrap().is_empty());
        assert_eq!((&entry["previous"]["name"], &entry["data"]["name"]), (&json!("Before"), &json!("After")));
        assert_eq!(s.all(&format!("/v1/platform/audit-log?request_id={request}")).len(), 1);
        assert!(s.all("/v1/platform/audit-log?occurred_at_gt=2030-01-01T00:00:00Z").is_empty());
    }

    fn refused_and_dry_writes_leave_nothing(s) {
        let before = s.all("/v1/platform/audit-log").len();
        s.post("/v1/directory/parties?dry_run=true", json!({"name": "Dry"})).ok();
        s.post("/v1/directory/parties", json!({"name": " "})).problem(422, "invalid_body");
        assert_eq!(s.all("/v1/platform/audit-log").len(), before);
        user_with(s, &["platform.events.read"], &[]).get("/v1/platform/audit-log").problem(403, "missing_scope");
    }
}
