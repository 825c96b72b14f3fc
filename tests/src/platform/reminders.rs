//! Reminders: at a time of one's own choice, of a record that one may read.

use serde_json::{Value, json};

use super::notifications::told;
use crate::fixtures::{again, customer, id, member};

const HERE: &str = "/v1/platform/reminders";

each_engine! {
    fn a_user_is_reminded_at_the_time(s) {
        let party = customer(s, "Acme");
        let (ann, as_ann) = member(s, &["crm.activities.*", "directory.parties.read"]);
        let (_, as_bob) = member(s, &["crm.activities.*", "directory.parties.read"]);
        let call = json!({"company_id": s.company_id(), "kind": "call", "subject": "Ask for beans", "regarding_id": party["id"]});
        let call = as_ann.post("/v1/crm/activities", call).created();
        let body = json!({"record_id": call["id"], "remind_at": "2026-01-05T08:00:00Z", "note": "Ring twice"});
        assert_eq!(as_ann.post(&format!("{HERE}?dry_run=true"), body.clone()).ok()["note"], "Ring twice");
        assert!(as_ann.all(HERE).is_empty());
        let made = as_ann.post(HERE, body.clone()).created();
        assert_eq!((&made["user_id"], &made["record_kind"], &made["reminded_at"]), (&ann["id"], &json!("activity"), &Value::Null));
        let path = format!("{HERE}/{}", id(&made));
        as_bob.get(&path).problem(404, "not_found");
        assert!(as_bob.all(HERE).is_empty());
        as_ann.post(HERE, json!({"record_id": call["id"], "remind_at": "2026-01-01T08:00:00Z"})).problem(422, "reminder.in_the_past");
        let later = as_ann.patch(&path, &made, json!({"remind_at": "2026-01-06T08:00:00Z", "note": null})).ok();
        assert_eq!((&later["remind_at"], &later["note"]), (&json!("2026-01-06T08:00:00Z"), &Value::Null));
        s.at("2026-01-06T08:00:30Z");
        let as_ann = again(s, &ann);
        let told = told(&as_ann, 1);
        assert_eq!((&told[0]["kind"], &told[0]["record_id"], &told[0]["title"]), (&json!("reminded"), &call["id"], &json!("Ask for beans")));
        let over = as_ann.get(&path).ok();
        assert!(over["reminded_at"].is_string());
        as_ann.patch(&path, &over, json!({"note": "x"})).problem(409, "reminder.over");
        as_ann.delete(&path, &over).no_content();
        // of what one may not see, nobody is reminded
        let (_, stranger) = member(s, &["crm.leads.read"]);
        stranger.post(HERE, json!({"record_id": call["id"], "remind_at": "2026-02-01T08:00:00Z"})).problem(422, "unknown_reference");
    }
}
