//! Activities: what people do, did or mean to do.

use serde_json::json;

use super::common::{act, activity, at, deal, events, lead, me};
use crate::fixtures::{customer, id, user_with};
use crate::service::cases::story::case;

each_engine! {
    fn an_activity_is_about_exactly_one_thing(s) {
        let (party, l) = (customer(s, "Alfreds"), lead(s, json!({})));
        let o = deal(s, &party, json!({}));
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Anders"})).created();
        for (about, kind, party_id) in [(&l, "lead", json!(null)), (&o, "opportunity", party["id"].clone()), (&party, "party", party["id"].clone()), (&contact, "contact", json!(null))] {
            let a = activity(s, about, json!({}));
            assert_eq!((&a["regarding_kind"], &a["party_id"], &a["status"]), (&json!(kind), &party_id, &json!("planned")));
            assert_eq!(a["time_zone"], "Europe/Berlin");
            assert_eq!(s.get(&at("activities", &a)).ok(), a);
        }
        let about = |id: &str| s.post("/v1/crm/activities", json!({"company_id": s.company_id(), "kind": "task", "subject": "x", "regarding_id": id}));
        about("usr_00000000000000000000000000").problem(422, "activity.wrong_regarding");
        about("lead_00000000000000000000000000").problem(422, "unknown_reference");
        about("so_00000000000000000000000000").problem(422, "unknown_reference");
        let other = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        let wrong = json!({"company_id": other["id"], "kind": "task", "subject": "x", "regarding_id": l["id"]});
        s.post("/v1/crm/activities", wrong).problem(422, "activity.other_company");
    }

    fn documents_of_the_back_office_can_be_talked_about(s) {
        let party = customer(s, "Alfreds");
        let order = json!({"company_id": s.company_id(), "customer_id": party["id"]});
        let order = s.post("/v1/sales/orders", order).created();
        let a = activity(s, &order, json!({"kind": "call"}));
        assert_eq!((&a["regarding_kind"], &a["party_id"]), (&json!("sales_order"), &party["id"]));
    }

    fn each_state_allows_exactly_what_it_says(s) {
        let party = customer(s, "Alfreds");
        let bodies = [("start", json!({})), ("complete", json!({"outcome": "agreed"})), ("cancel", json!({})), ("reschedule", json!({"due_at": "2026-02-01T09:00:00+01:00"}))];
        for state in ["planned", "in_progress", "done", "cancelled"] {
            for (verb, body) in &bodies {
                let mut a = activity(s, &party, json!({}));
                match state {
                    "in_progress" => a = act(s, "activities", &a, "start", json!({})),
                    "done" => a = act(s, "activities", &a, "complete", json!({})),
                    "cancelled" => a = act(s, "activities", &a, "cancel", json!({})),
                    _ => {}
                }
                assert_eq!(a["status"], state);
                let allowed = a["allowed_actions"].as_array().unwrap().iter().any(|x| x == verb);
                let answer = s.act(&format!("{}/{verb}", at("activities", &a)), &a, body.clone());
                if allowed {
                    answer.ok();
                    continue;
                }
                let problem = answer.problem(409, if *verb == "start" { "invalid_state" } else { "activity.finished" });
                assert_eq!((&problem["current_state"], &problem["allowed_actions"]), (&json!(state), &a["allowed_actions"]));
            }
        }
    }

    fn overdue_is_derived_from_the_clock(s) {
        let party = customer(s, "Alfreds");
        let a = activity(s, &party, json!({"due_at": "2026-01-02T12:00:00+01:00"}));
        let b = activity(s, &party, json!({}));
        assert_eq!((&a["due_at"], &a["is_overdue"]), (&json!("2026-01-02T11:00:00Z"), &json!(false)));
        s.at("2026-01-02T11:00:01Z");
        assert_eq!(s.get(&at("activities", &a)).ok()["is_overdue"], true);
        let ids = |query: &str| s.all(&format!("/v1/crm/activities?{query}")).iter().map(|x| id(x).to_string()).collect::<Vec<_>>();
        assert_eq!(ids("overdue=true"), [id(&a)]);
        assert_eq!(ids("overdue=false"), [id(&b)]);
        assert_eq!(s.all("/v1/crm/activities?overdue=true")[0]["is_overdue"], true);
        let moved = act(s, "activities", &a, "reschedule", json!({"due_at": "2026-01-03T09:00:00Z", "time_zone": "America/New_York"}));
        assert_eq!((&moved["is_overdue"], &moved["postponements"], &moved["time_zone"]), (&json!(false), &json!(1), &json!("America/New_York")));
        assert!(ids("overdue=true").is_empty());
        s.act(&format!("{}/reschedule", at("activities", &moved)), &moved, json!({"due_at": "2026-01-03T09:00:00"})).problem(422, "invalid_body");
        s.act(&format!("{}/reschedule", at("activities", &moved)), &moved, json!({"due_at": "2026-01-03T09:00:00Z", "time_zone": "No/Where"})).problem(422, "activity.unknown_time_zone");
    }

    fn what_is_over_is_recorded_at_once(s) {
        let party = customer(s, "Alfreds");
        let note = activity(s, &party, json!({"kind": "note", "subject": "Likes tea"}));
        assert_eq!((&note["status"], &note["allowed_actions"]), (&json!("done"), &json!([])));
        s.patch(&at("activities", &note), &note, json!({"subject": "Likes coffee"})).ok();
        let call = activity(s, &party, json!({"kind": "call", "completed_at": "2026-01-01T10:00:00Z", "outcome": "busy"}));
        assert_eq!((&call["status"], &call["outcome"]), (&json!("done"), &json!("busy")));
        s.patch(&at("activities", &call), &call, json!({"subject": "x"})).problem(409, "activity.finished");
        s.delete(&at("activities", &call), &call).problem(409, "activity.done_stays");
        let refused = |more: serde_json::Value, code: &str| {
            let base = json!({"company_id": s.company_id(), "kind": "call", "subject": "x", "regarding_id": party["id"]});
            s.post("/v1/crm/activities", crate::crm::common::with(base, more)).problem(422, code);
        };
        refused(json!({"completed_at": "2027-01-01T10:00:00Z"}), "activity.completed_in_future");
        refused(json!({"kind": "note", "due_at": "2027-01-01T10:00:00Z"}), "activity.note_is_not_due");
        refused(json!({"time_zone": "No/Where"}), "activity.unknown_time_zone");
        refused(json!({"participants": [{}]}), "activity.wrong_participant");
        refused(json!({"participants": [{"email": "x"}]}), "email.invalid");
        refused(json!({"participants": [{"contact_id": "con_00000000000000000000000000"}]}), "unknown_reference");
        refused(json!({"owner_id": "usr_00000000000000000000000000"}), "unknown_reference");
        refused(json!({"subject": "  "}), "invalid_body");
    }

    fn an_activity_goes_its_way_and_tells_it(s) {
        let party = customer(s, "Alfreds");
        let a = activity(s, &party, json!({"priority": "high", "owner_id": me(s), "participants": [{"email": "Ana@Example.ORG"}], "due_at": "2026-01-05T09:00:00Z"}));
        assert_eq!(a["participants"][0]["email"], "Ana@example.org");
        let a = s.patch(&at("activities", &a), &a, json!({"body": "Ask for the budget", "priority": "low"})).ok();
        let a = act(s, "activities", &a, "start", json!({}));
        let a = act(s, "activities", &a, "complete", json!({"outcome": "agreed"}));
        assert_eq!((&a["outcome"], &a["completed_at"]), (&json!("agreed"), &json!("2026-01-02T09:00:00Z")));
        assert_eq!(events(s, &a), ["activity.created", "activity.updated", "activity.started", "activity.completed"]);
        let planned = activity(s, &party, json!({}));
        s.delete(&at("activities", &planned), &planned).no_content();
        s.get(&at("activities", &planned)).problem(404, "not_found");
    }

    fn activities_are_found_by_what_they_are(s) {
        let (a, b) = (customer(s, "Alfreds"), customer(s, "Berglunds"));
        let first = activity(s, &a, json!({"due_at": "2026-01-05T09:00:00Z", "kind": "call"}));
        let second = activity(s, &b, json!({"due_at": "2026-01-09T09:00:00Z", "body": "The ovens"}));
        let ids = |query: &str| s.all(&format!("/v1/crm/activities?{query}")).iter().map(|x| id(x).to_string()).collect::<Vec<_>>();
        assert_eq!(ids(&format!("regarding_id={}", id(&a))), [id(&first)]);
        assert_eq!(ids(&format!("party_id={}", id(&b))), [id(&second)]);
        assert_eq!(ids("due_at_lt=2026-01-06T00:00:00Z"), [id(&first)]);
        assert_eq!(ids("kind=call,meeting&status=planned"), [id(&first)]);
        assert_eq!(ids("q=OVENS"), [id(&second)]);
        assert_eq!(ids("sort=-due_at"), [id(&second), id(&first)]);
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Anders"})).created();
        let about = activity(s, &contact, json!({}));
        let with = activity(s, &a, json!({"participants": [{"contact_id": contact["id"]}]}));
        assert_eq!(ids(&format!("contact_id={}", id(&contact))), [id(&about), id(&with)]);
        let c = case(s, json!({"party_id": a["id"]}));
        let follow_up = activity(s, &c, json!({}));
        assert_eq!(ids(&format!("case_id={}", id(&c))), [id(&follow_up)]);
    }

    fn two_who_complete_at_once_do_it_once(s) {
        let party = customer(s, "Alfreds");
        let a = activity(s, &party, json!({}));
        let answers = s.parallel(8, |i, c| c.act(&format!("{}/complete", at("activities", &a)), &a, json!({"outcome": format!("by {i}")})).status);
        assert_eq!(answers.iter().filter(|x| **x == 200).count(), 1, "{answers:?}");
        assert_eq!(events(s, &a), ["activity.created", "activity.completed"]);
    }

    fn activities_of_other_companies_do_not_exist(s) {
        let (party, l) = (customer(s, "Alfreds"), lead(s, json!({})));
        let a = activity(s, &party, json!({}));
        let other = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        let stranger = user_with(s, &["crm.*", "directory.*"], &[id(&other)]);
        stranger.get(&at("activities", &a)).problem(404, "not_found");
        assert!(stranger.all("/v1/crm/activities").is_empty());
        let about = json!({"company_id": other["id"], "kind": "task", "subject": "x", "regarding_id": l["id"]});
        stranger.post("/v1/crm/activities", about).problem(422, "unknown_reference");
    }
}
