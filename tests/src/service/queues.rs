//! Queues: members, turns, archive.

use serde_json::json;

use crate::crm::common::{act, at, events};
use crate::fixtures::{id, user, user_with};
use crate::service::cases::story::{case, new_case, queue};

each_engine! {
    fn a_queue_keeps_its_members_in_the_order_of_their_turns(s) {
        let (a, b) = (user(s).0, user(s).0);
        let q = queue(s, "round_robin", &[&b, &a]);
        assert_eq!(q["member_ids"], json!([b["id"], a["id"]]));
        assert_eq!(s.get(&at("queues", &q)).ok(), q);
        assert_eq!(s.all("/v1/service/queues?assignment=round_robin")[0], q);
        let q = s.patch(&at("queues", &q), &q, json!({"member_ids": [a["id"]], "description": " Pumps "})).ok();
        assert_eq!((&q["member_ids"], &q["description"]), (&json!([a["id"]]), &json!("Pumps")));
        assert_eq!(s.get(&at("queues", &q)).ok(), q);
    }

    fn what_makes_no_queue_is_refused(s) {
        let a = user(s).0;
        let body = |members: serde_json::Value| json!({"company_id": s.company_id(), "name": "Q", "member_ids": members});
        let problem = s.post("/v1/service/queues", body(json!([a["id"], a["id"]]))).problem(422, "queue.doubled_member");
        assert_eq!(problem["errors"][0]["pointer"], "/member_ids/1");
        s.post("/v1/service/queues", body(json!(["usr_00000000000000000000000000"]))).problem(422, "unknown_reference");
        s.post("/v1/service/queues", body(json!([]))).created();
        s.post("/v1/service/queues", body(json!([]))).problem(409, "already_exists");
    }

    fn an_archived_queue_takes_no_cases(s) {
        let q = queue(s, "manual", &[]);
        let q = act(s, "queues", &q, "archive", json!({}));
        s.act(&format!("{}/archive", at("queues", &q)), &q, json!({})).problem(409, "queue.archived");
        s.post("/v1/service/cases", new_case(s, json!({"queue_id": q["id"]}))).problem(409, "queue.archived");
        let q = act(s, "queues", &q, "restore", json!({}));
        s.act(&format!("{}/restore", at("queues", &q)), &q, json!({})).problem(409, "invalid_state");
        assert_eq!(case(s, json!({"queue_id": q["id"]}))["assignee_id"], json!(null), "a manual queue hands out nothing");
    }

    fn turns_are_given_once_however_many_ask(s) {
        let users: Vec<_> = (0..4).map(|_| user(s).0).collect();
        for assignment in ["round_robin", "least_busy"] {
            let members: Vec<_> = users.iter().collect();
            let q = queue(s, assignment, &members);
            let made = s.parallel(8, |_, c| c.post("/v1/service/cases", new_case(s, json!({"queue_id": q["id"]}))).created());
            for u in &users {
                let theirs = made.iter().filter(|c| c["assignee_id"] == u["id"]).count();
                assert_eq!(theirs, 2, "{assignment}: {made:#?}");
            }
        }
    }

    fn who_may_not_log_in_gets_no_cases(s) {
        let users: Vec<_> = (0..3).map(|_| user(s).0).collect();
        for assignment in ["round_robin", "least_busy"] {
            let q = queue(s, assignment, &users.iter().collect::<Vec<_>>());
            let path = format!("/v1/identity/users/{}", id(&users[1]));
            let gone = s.act(&format!("{path}/disable"), &s.get(&path).ok(), json!({})).ok();
            let made: Vec<_> = (0..6).map(|_| case(s, json!({"queue_id": q["id"]}))).collect();
            let of = |u: &serde_json::Value| made.iter().filter(|c| c["assignee_id"] == u["id"]).count();
            assert_eq!((of(&users[0]), of(&users[1]), of(&users[2])), (3, 0, 3), "{assignment}");
            assert_eq!(events(s, &made[0]), ["case.created", "case.assigned"]);
            // nor by hand, on any way
            let named = |body: serde_json::Value| s.act(&format!("{}/assign", at("cases", &made[0])), &made[0], body);
            let problem = named(json!({"assignee_id": gone["id"]})).problem(422, "user.disabled");
            assert_eq!(problem["errors"][0]["pointer"], "/assignee_id");
            s.post("/v1/service/cases", new_case(s, json!({"assignee_id": gone["id"]}))).problem(422, "user.disabled");
            let escalated = json!({"reason": "Urgent", "assignee_id": gone["id"]});
            s.act(&format!("{}/escalate", at("cases", &made[0])), &made[0], escalated).problem(422, "user.disabled");
            s.act(&format!("{path}/enable"), &gone, json!({})).ok();
            for c in &made {
                act(s, "cases", c, "resolve", json!({"resolution": "Done"}));
            }
        }
    }

    fn queues_of_other_companies_do_not_exist(s) {
        let q = queue(s, "manual", &[]);
        let stranger = user_with(s, &["service.*"], &[]);
        stranger.get(&at("queues", &q)).problem(404, "not_found");
        assert!(stranger.all("/v1/service/queues").is_empty());
        let agent = user_with(s, &["service.queues.read"], &[s.company_id()]);
        assert_eq!(id(&agent.get(&at("queues", &q)).ok()), id(&q));
        agent.patch(&at("queues", &q), &q, json!({})).problem(403, "missing_scope");
    }
}
