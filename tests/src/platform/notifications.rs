//! Notifications: what users are told of records that are theirs or that they watch, in the inbox, by the stream and by e-mail.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixtures::{again, customer, id, member};
use crate::harness::{Client, Server};

const HERE: &str = "/v1/platform/notifications";
const SETTINGS: &str = "/v1/platform/notification-settings";
const RIGHTS: [&str; 3] = ["crm.*", "directory.*", "platform.comments.*"];

/// Waits until the inbox of a user has so many notifications; the newest first.
#[track_caller]
pub fn told(c: &Client, count: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let found = c.all(HERE);
        if found.len() >= count {
            assert_eq!(found.len(), count, "{found:#?}");
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{found:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kinds(c: &Client, count: usize) -> Vec<Value> {
    told(c, count).iter().map(|n| n["kind"].clone()).collect()
}

fn deal(s: &Server, owner: &Value) -> Value {
    let party = customer(s, "Acme");
    let body = json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"], "owner_id": owner["id"]});
    s.post("/v1/crm/opportunities", body).created()
}

fn say(c: &Client, record: &Value, body: &str, mentions: &[&Value]) -> Value {
    let mentions: Vec<&Value> = mentions.iter().map(|u| &u["id"]).collect();
    c.post("/v1/platform/comments", json!({"record_id": record["id"], "body": body, "mention_ids": mentions})).created()
}

each_engine! {
    fn users_are_told_what_concerns_them_and_not_what_they_did(s) {
        let (ann, as_ann) = member(s, &RIGHTS);
        let (bob, as_bob) = member(s, &RIGHTS);
        let o = deal(s, &ann);
        let first = told(&as_ann, 1).remove(0);
        assert_eq!((&first["kind"], &first["record_id"], &first["title"], &first["read_at"]), (&json!("assigned"), &o["id"], &json!("Machines"), &Value::Null));
        let said = say(&as_ann, &o, "What do you think?", &[&bob]);
        let n = told(&as_bob, 1).remove(0);
        assert_eq!((&n["kind"], &n["comment_id"], &n["excerpt"], &n["actor_id"]), (&json!("mentioned"), &said["id"], &json!("What do you think?"), &ann["id"]));
        say(&as_bob, &o, "Fine", &[]);
        assert_eq!(kinds(&as_ann, 2), ["commented", "assigned"]);
        // a changed state tells who watches, with what it was and is
        let o = s.get(&format!("/v1/crm/opportunities/{}", id(&o))).ok();
        let won = as_bob.request("POST", &format!("/v1/crm/opportunities/{}/win", id(&o))).if_match(&o).json(&json!({})).send().ok();
        let n = told(&as_ann, 3).remove(0);
        assert_eq!((&n["kind"], &n["event_kind"], &n["old_value"], &n["new_value"]), (&json!("changed"), &json!("opportunity.won"), &json!("open"), &json!("won")));
        assert_eq!(told(&as_bob, 1).len(), 1, "what one did oneself is no news: {won}");
        // a deleted comment says nothing any more
        as_ann.delete(&format!("/v1/platform/comments/{}", id(&said)), &said).no_content();
        assert_eq!(told(&as_bob, 1)[0]["excerpt"], Value::Null);
    }

    fn a_stage_is_told_by_its_name(s) {
        let (ann, as_ann) = member(s, &RIGHTS);
        let o = deal(s, &ann);
        let pipeline = s.get(&format!("/v1/crm/pipelines/{}", o["pipeline_id"].as_str().unwrap())).ok();
        let stages = pipeline["stages"].as_array().unwrap();
        let now = stages.iter().position(|st| st["id"] == o["stage_id"]).unwrap();
        s.act(&format!("/v1/crm/opportunities/{}/advance", id(&o)), &o, json!({"stage_id": stages[now + 1]["id"]})).ok();
        let n = told(&as_ann, 2).remove(0);
        assert_eq!((&n["old_value"], &n["new_value"]), (&stages[now]["name"], &stages[now + 1]["name"]), "{n}");
    }

    fn an_inbox_is_read_counted_and_marked(s) {
        let (ann, as_ann) = member(s, &RIGHTS);
        let (_, as_bob) = member(s, &RIGHTS);
        let o = deal(s, &ann);
        say(s, &o, "One", &[]);
        say(s, &o, "Two", &[&ann]);
        let all = told(&as_ann, 3);
        let counts = |c: &Client| c.get("/v1/platform/notification-counts").ok();
        assert_eq!(counts(&as_ann), json!({"unread": 3, "by_kind": [{"kind": "assigned", "unread": 1}, {"kind": "commented", "unread": 1}, {"kind": "mentioned", "unread": 1}]}));
        assert_eq!(counts(&as_bob)["unread"], 0);
        let path = format!("{HERE}/{}", id(&all[0]));
        assert_eq!(all[0]["allowed_actions"], json!(["mark-read"]));
        let read = as_ann.act(&format!("{path}/mark-read"), &all[0], json!({})).ok();
        assert!(read["read_at"].is_string() && read["title"] == "Machines", "{read}");
        assert_eq!((as_ann.all(&format!("{HERE}?unread=true")).len(), as_ann.all(&format!("{HERE}?unread=false")).len()), (2, 1));
        assert_eq!(as_ann.all(&format!("{HERE}?kind=assigned,commented")).len(), 2);
        as_ann.act(&format!("{path}/mark-unread"), &read, json!({})).ok();
        as_bob.get(&path).problem(404, "not_found");
        as_bob.act(&format!("{path}/mark-read"), &all[0], json!({})).problem(404, "not_found");
        let dry = as_ann.post(&format!("{HERE}/mark-all-read?dry_run=true"), json!({})).ok();
        assert_eq!((&dry["marked"], &counts(&as_ann)["unread"]), (&json!(3), &json!(3)));
        assert_eq!(as_ann.post(&format!("{HERE}/mark-all-read"), json!({})).ok()["marked"], 3);
        assert_eq!(counts(&as_ann), json!({"unread": 0, "by_kind": []}));
    }

    fn nobody_is_told_of_what_they_may_not_see(s) {
        let (ann, as_ann) = member(s, &["crm.opportunities.*:own", "directory.*", "platform.comments.*", "platform.events.read"]);
        let (bob, as_bob) = member(s, &["directory.parties.read", "platform.events.read"]);
        let o = deal(s, &ann);
        say(s, &o, "Secret", &[&bob, &ann]);
        assert_eq!(kinds(&as_ann, 2), ["mentioned", "assigned"]);
        s.followed();
        assert!(told(&as_bob, 0).is_empty());
        let watching = s.all(&format!("/v1/platform/watchers?record_id={}&user_id={}", id(&o), id(&bob)));
        assert!(watching.is_empty(), "{watching:?}");
        // the stream tells users their own, and others nothing
        let feed = |c: &Client| c.all("/v1/platform/events?kind=notification.*").len();
        assert_eq!((feed(&as_ann), feed(&as_bob)), (2, 0));
        let all = s.all("/v1/platform/events?kind=notification.*");
        assert!(all.iter().all(|e| e["data"]["user_id"] != ann["id"]), "{all:#?}");
        assert!(!s.all("/v1/platform/audit-log?kind=notification.created").is_empty());
        // given to somebody else, what was told of it is hidden
        let o = s.get(&format!("/v1/crm/opportunities/{}", id(&o))).ok();
        s.patch(&format!("/v1/crm/opportunities/{}", id(&o)), &o, json!({"owner_id": null})).ok();
        assert!(told(&as_ann, 0).is_empty());
        assert_eq!(as_ann.get("/v1/platform/notification-counts").ok()["unread"], 0);
    }

    fn who_wants_to_hear_less_is_told_less(s) {
        let (ann, as_ann) = member(s, &RIGHTS);
        let own = as_ann.get(SETTINGS).ok();
        assert_eq!((&own["digest"], &own["digest_time"], &own["version"]), (&json!("never"), &json!("08:00"), &json!(1)));
        assert_eq!(own["channels"].as_array().unwrap().len(), 6);
        let change = json!({"channels": [{"kind": "assigned", "in_app": false, "email": false}]});
        as_ann.request("PATCH", SETTINGS).json(&change).send().problem(428, "precondition_required");
        as_ann.patch(SETTINGS, 7, change.clone()).problem(412, "precondition_failed");
        let changed = as_ann.patch(SETTINGS, &own, change).ok();
        assert_eq!(as_ann.get(SETTINGS).ok(), changed);
        as_ann.patch(SETTINGS, &changed, json!({"digest_time": "25:00"})).problem(422, "invalid_body");
        let o = deal(s, &ann);
        say(s, &o, "Hello", &[]);
        assert_eq!(kinds(&as_ann, 1), ["commented"]);
    }

    fn a_digest_is_sent_at_the_time_of_the_user(s, sink) {
        let (ann, as_ann) = member(s, &RIGHTS);
        let me = as_ann.get("/v1/identity/me").ok();
        as_ann.patch("/v1/identity/me", &me["user"], json!({"time_zone": "Europe/Berlin"})).ok();
        let as_ann = again(s, &ann);
        let own = as_ann.get(SETTINGS).ok();
        let set = as_ann.patch(SETTINGS, &own, json!({"digest": "daily", "digest_time": "08:00"})).ok();
        assert_eq!(set["next_digest_at"], "2026-01-03T07:00:00Z");
        let o = deal(s, &ann);
        say(s, &o, "Call before noon", &[&ann]);
        let all = told(&as_ann, 2);
        let read = all.iter().find(|n| n["kind"] == "assigned").unwrap();
        as_ann.act(&format!("{HERE}/{}/mark-read", id(read)), read, json!({})).ok();
        s.at("2026-01-03T06:59:00Z");
        std::thread::sleep(Duration::from_millis(600));
        assert!(sink.letters().is_empty());
        s.at("2026-01-03T07:00:30Z");
        sink.wait_for(1);
        let letter = sink.letter(ann["email"].as_str().unwrap());
        assert_eq!(letter.header("subject").as_deref(), Some("1 unread notifications"));
        assert!(letter.text.contains("You were mentioned: Machines") && letter.text.contains("Call before noon"), "{}", letter.text);
        assert!(!letter.text.contains("Assigned"), "{}", letter.text);
        let set = again(s, &ann).get(SETTINGS).ok();
        assert_eq!(set["next_digest_at"], "2026-01-04T07:00:00Z");
        // what was sent is not sent again
        s.at("2026-01-04T07:00:30Z");
        std::thread::sleep(Duration::from_millis(900));
        assert_eq!(sink.letters().len(), 1);
    }

    fn a_missed_service_level_is_told_to_who_works_on_the_case(s) {
        let (ann, as_ann) = member(s, &["service.*", "directory.*"]);
        let queue = s.post("/v1/service/queues", json!({"company_id": s.company_id(), "name": "Service", "member_ids": [ann["id"]]})).created();
        crate::service::cases::story::policy(s, json!({}));
        let case = json!({"company_id": s.company_id(), "subject": "It leaks", "queue_id": queue["id"], "assignee_id": ann["id"]});
        s.post("/v1/service/cases", case).created();
        assert_eq!(kinds(&as_ann, 1), ["assigned"]);
        s.at("2026-02-02T09:00:00Z");
        let as_ann = again(s, &ann);
        let began = Instant::now();
        while !as_ann.all(HERE).iter().any(|n| n["kind"] == "sla_breached") {
            assert!(began.elapsed() < Duration::from_secs(20), "{:#?}", as_ann.all(HERE));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
