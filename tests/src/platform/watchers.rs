//! Watchers: who hears of what happens to a record, by the own choice or because of what one has to do with it.

use serde_json::{Value, json};

use crate::fixtures::{customer, id, member};
use crate::harness::Client;

const HERE: &str = "/v1/platform/watchers";

/// Who watches a record, and why.
fn watching(c: &Client, record: &Value) -> Vec<(Value, Value)> {
    c.all(&format!("{HERE}?record_id={}", id(record))).iter().map(|w| (w["user_id"].clone(), w["reason"].clone())).collect()
}

each_engine! {
    fn a_user_watches_and_stops_watching_by_the_own_choice(s) {
        let party = customer(s, "Acme");
        let (ann, as_ann) = member(s, &["directory.parties.read"]);
        let (_, as_bob) = member(s, &["directory.parties.read"]);
        let (_, stranger) = member(s, &["crm.leads.read"]);
        let watch = |c: &Client| c.post(HERE, json!({"record_id": party["id"]}));
        assert!(watch(&as_ann).created()["stopped_at"].is_null());
        let row = watch(&as_ann).created();
        assert_eq!((&row["user_id"], &row["reason"], &row["version"]), (&ann["id"], &json!("chosen"), &json!(1)));
        assert_eq!(watching(&as_bob, &party), [(ann["id"].clone(), json!("chosen"))]);
        let path = format!("{HERE}/{}", id(&row));
        assert_eq!(as_bob.get(&format!("{path}?expand=user")).ok()["user"]["name"], ann["name"]);
        as_bob.delete(&path, &row).problem(403, "watcher.not_yours");
        stranger.get(&path).problem(404, "not_found");
        watch(&stranger).problem(422, "unknown_reference");
        assert!(watching(&stranger, &party).is_empty());
        as_ann.delete(&path, &row).no_content();
        assert!(watching(&as_ann, &party).is_empty());
        assert_eq!(watch(&as_ann).created()["id"], row["id"]);
        assert_eq!(watch(&as_bob).created()["version"], 1);
        assert_eq!(s.post(&format!("{HERE}?dry_run=true"), json!({"record_id": party["id"]})).ok()["reason"], "chosen");
        assert_eq!(watching(s, &party).len(), 2);
    }

    fn owners_authors_and_mentioned_users_watch_without_asking(s) {
        let party = customer(s, "Acme");
        let rights = ["crm.*", "directory.*", "platform.comments.*"];
        let (ann, _) = member(s, &rights);
        let (bob, as_bob) = member(s, &rights);
        let (cid, as_cid) = member(s, &rights);
        let body = json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"], "owner_id": ann["id"]});
        let o = s.post("/v1/crm/opportunities", body).created();
        as_bob.post("/v1/platform/comments", json!({"record_id": o["id"], "body": "Look", "mention_ids": [cid["id"]]})).created();
        s.followed();
        let expected = [(ann["id"].clone(), json!("owner")), (bob["id"].clone(), json!("commenter")), (cid["id"].clone(), json!("mentioned"))];
        assert_eq!(watching(s, &o), expected);
        // who stopped is not made to watch again
        let own = as_cid.all(&format!("{HERE}?user_id={}", id(&cid))).remove(0);
        as_cid.delete(&format!("{HERE}/{}", id(&own)), &own).no_content();
        as_bob.post("/v1/platform/comments", json!({"record_id": o["id"], "body": "Look again", "mention_ids": [cid["id"]]})).created();
        s.followed();
        assert_eq!(watching(s, &o).len(), 2);
    }

    fn watchers_follow_a_merge_each_user_once(s) {
        let (stays, goes) = (customer(s, "Stays"), customer(s, "Goes"));
        let (ann, as_ann) = member(s, &["directory.parties.read"]);
        let (bob, as_bob) = member(s, &["directory.parties.read"]);
        for (c, party) in [(&as_ann, &stays), (&as_ann, &goes), (&as_bob, &goes)] {
            c.post(HERE, json!({"record_id": party["id"]})).created();
        }
        s.act(&format!("/v1/directory/parties/{}/merge", id(&stays)), &stays, json!({"source_id": goes["id"]})).ok();
        let users: Vec<Value> = s.all(&format!("{HERE}?record_id={}", id(&stays))).iter().map(|w| w["user_id"].clone()).collect();
        assert_eq!(users, [ann["id"].clone(), bob["id"].clone()]);
    }
}
