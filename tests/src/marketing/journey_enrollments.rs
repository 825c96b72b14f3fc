//! People on the way through journeys when they become somebody else, or nobody.

use serde_json::{Value, json};

use crate::crm::common::{act, at, lead};
use crate::fixtures::{self, id};
use crate::harness::Server;
use crate::marketing::journeys::{enrolled, published, try_enroll, waiting_at};

fn long(s: &Server, more: Value) -> Value {
    published(s, json!([{"key": "pause", "kind": "wait", "wait": {"minutes": 100_000}}]), more)
}

fn now(s: &Server, enrollment: &Value) -> Value {
    s.get(&at("journey-enrollments", enrollment)).ok()
}

each_engine! {
    fn parties_that_are_one_go_one_way_and_part_again(s) {
        let (winner, loser) = (fixtures::customer(s, "Ana"), fixtures::customer(s, "Anna Maria"));
        let (both, one) = (long(s, json!({})), long(s, json!({"reentry": {"kind": "always"}})));
        let (a, b, c) = (enrolled(s, &both, &winner), enrolled(s, &both, &loser), enrolled(s, &one, &loser));
        s.at("2026-01-02T09:01:00Z");
        for e in [&a, &b, &c] {
            waiting_at(s, e, "pause");
        }
        let party = |p: &Value| format!("/v1/directory/parties/{}", id(p));
        s.act(&format!("{}/merge", party(&winner)), &s.get(&party(&winner)).ok(), json!({"source_id": loser["id"]})).ok();
        assert_eq!((&now(s, &a)["status"], &now(s, &b)["outcome"]), (&json!("waiting"), &json!("merged")));
        assert_eq!((&now(s, &c)["party_id"], &now(s, &c)["status"]), (&winner["id"], &json!("waiting")));
        let answer = try_enroll(s, &one, json!({"party_ids": [winner["id"]]})).ok();
        assert_eq!(answer["skipped"], 1, "on the way as the one who was merged");
        let tombstone = s.get(&party(&loser)).ok();
        s.act(&format!("{}/unmerge", party(&loser)), &tombstone, json!({})).ok();
        assert_eq!(now(s, &c)["party_id"], loser["id"]);
    }

    fn who_is_erased_is_on_no_way_any_more(s) {
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let j = long(s, json!({}));
        let answer = try_enroll(s, &j, json!({"contact_ids": [contact["id"]]})).ok();
        let e = s.get(&format!("/v1/marketing/journey-enrollments/{}", answer["enrollment_ids"][0].as_str().unwrap())).ok();
        let path = format!("/v1/directory/contacts/{}", id(&contact));
        s.act(&format!("{path}/erase"), &contact, json!({"reason": "asked"})).ok();
        assert_eq!((&now(s, &e)["outcome"], &now(s, &e)["status"]), (&json!("erased"), &json!("exited")));
    }

    fn a_lead_goes_on_as_the_one_it_became(s) {
        let l = lead(s, json!({"email": "ana@example.org"}));
        let j = long(s, json!({}));
        let answer = try_enroll(s, &j, json!({"lead_ids": [l["id"]]})).ok();
        let e = s.get(&format!("/v1/marketing/journey-enrollments/{}", answer["enrollment_ids"][0].as_str().unwrap())).ok();
        let l = act(s, "leads", &l, "qualify", json!({}));
        act(s, "leads", &l, "convert", json!({}));
        let l = s.get(&at("leads", &l)).ok();
        let e = now(s, &e);
        let person = if l["converted_contact_id"].is_null() { (&e["party_id"], &l["converted_party_id"]) } else { (&e["contact_id"], &l["converted_contact_id"]) };
        assert!(person.0.is_string() && person.0 == person.1 && e["lead_id"].is_null(), "{e:#} {l:#}");
        assert_eq!(e["status"], "active");
    }

    fn what_is_asked_for_is_found(s) {
        let (ana, bert) = (fixtures::customer(s, "Ana"), fixtures::customer(s, "Bert"));
        let j = long(s, json!({}));
        let (a, b) = (enrolled(s, &j, &ana), enrolled(s, &j, &bert));
        act(s, "journey-enrollments", &a, "exit", json!({}));
        let ids = |query: &str| s.all(&format!("/v1/marketing/journey-enrollments?{query}")).iter().map(|e| id(e).to_string()).collect::<Vec<_>>();
        assert_eq!(ids("outcome=by_hand"), [id(&a)]);
        assert_eq!(ids("status=active"), [id(&b)]);
        assert_eq!(ids(&format!("party_id={}", id(&bert))), [id(&b)]);
        let one = s.get(&format!("{}?expand=journey,party", at("journey-enrollments", &b))).ok();
        assert_eq!((&one["journey"]["name"], &one["party"]["name"]), (&j["name"], &json!("Bert")));
    }
}
