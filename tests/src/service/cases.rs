//! Cases: from the first message to the end, and what their clocks make of it.

pub(crate) mod story;

use std::time::Duration;

use serde_json::{Value, json};

use crate::crm::common::{act, activity, at, events, with};
use crate::fixtures::{customer, id, ready_to_sell, user, user_with};
use crate::harness::Server;
use crate::service::cases::story::{case, entitlement, new_case, policy, queue, say, told};

/// A case of Friday 22 May 2026, 16:00, with targets of eight hours.
fn friday_case(s: &Server, more: Value) -> Value {
    policy(s, json!({}));
    s.at("2026-05-22T16:00:00Z");
    case(s, more)
}

fn clock(case: &Value, milestone: &str) -> Value {
    case["clocks"].as_array().unwrap().iter().find(|c| c["milestone"] == milestone).cloned().unwrap_or_default()
}

each_engine! {
    fn a_case_begins_with_a_number_a_priority_and_its_first_message(s) {
        let party = customer(s, "Alfreds");
        let c = case(s, json!({"description": " It drips. ", "channel": "email", "party_id": party["id"], "impact": "high", "urgency": "medium",
            "requester_email": "Ana@Example.ORG", "serial_number": "SN-7"}));
        assert_eq!((&c["number"], &c["status"], &c["priority"]), (&json!("CASE-2026-00001"), &json!("new"), &json!("high")));
        assert_eq!((&c["requester_email"], &c["sla_state"], &c["clocks"]), (&json!("Ana@example.org"), &json!("none"), &json!([])));
        assert_eq!(s.get(&at("cases", &c)).ok(), c);
        let messages = s.all(&format!("{}/messages", at("cases", &c)));
        assert_eq!((&messages[0]["body"], &messages[0]["author"], &messages[0]["channel"]), (&json!("It drips."), &json!("customer"), &json!("email")));
        assert_eq!(s.all("/v1/service/cases?q=sn-7&is_open=true&is_unassigned=true").iter().map(id).collect::<Vec<_>>(), [id(&c)]);
        assert!(s.all("/v1/service/cases?is_open=false").is_empty());
        s.post("/v1/service/cases?dry_run=true", new_case(s, json!({}))).ok();
        assert_eq!(case(s, json!({}))["number"], "CASE-2026-00002", "a dry run takes no number");
    }

    fn what_makes_no_case_is_refused(s) {
        s.post("/v1/service/cases", new_case(s, json!({"subject": "  "}))).problem(422, "invalid_body");
        s.post("/v1/service/cases", new_case(s, json!({"requester_email": "x"}))).problem(422, "email.invalid");
        s.post("/v1/service/cases", new_case(s, json!({"party_id": "pty_00000000000000000000000000"}))).problem(422, "unknown_reference");
        s.post("/v1/service/cases", new_case(s, json!({"order_id": "so_00000000000000000000000000"}))).problem(422, "unknown_reference");
        s.post("/v1/service/cases", new_case(s, json!({"priority": "urgent"}))).problem(422, "unknown_field");
        let books = ready_to_sell(s);
        let (party, other) = (customer(s, "Alfreds"), customer(s, "Berglunds"));
        let order = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "1"}]});
        let order = s.post("/v1/sales/orders", order).created();
        let about = |p: &Value| s.post("/v1/service/cases", new_case(s, json!({"party_id": p["id"], "order_id": order["id"]})));
        about(&other).problem(422, "case.order_of_another");
        assert_eq!(about(&party).created()["order_id"], order["id"]);
        let items = json!([new_case(s, json!({})), new_case(s, json!({"subject": " "}))]);
        s.post("/v1/service/cases/bulk", json!({"mode": "atomic", "items": items})).expect(422);
        s.post("/v1/service/cases/bulk", json!({"mode": "partial", "items": items})).ok();
        assert_eq!(s.all("/v1/service/cases").len(), 2);
    }

    fn numbers_have_no_gaps_however_many_ask(s) {
        let made = s.parallel(8, |i, c| {
            let bad = new_case(s, json!({"entitlement_id": "ent_00000000000000000000000000"}));
            c.post("/v1/service/cases", if i % 4 == 3 { bad } else { new_case(s, json!({})) }).status
        });
        assert_eq!(made.iter().filter(|s| **s == 201).count(), 6, "{made:?}");
        let mut numbers: Vec<String> = s.all("/v1/service/cases").iter().map(|c| c["number"].as_str().unwrap().to_string()).collect();
        numbers.sort();
        assert_eq!(numbers, (1..=6).map(|n| format!("CASE-2026-{n:05}")).collect::<Vec<_>>());
        crate::fixtures::verified(s);
    }

    fn one_of_many_takes_a_case(s) {
        let c = case(s, json!({}));
        let users: Vec<_> = (0..6).map(|_| user(s).0).collect();
        let took = s.parallel(6, |i, client| client.act(&format!("{}/assign", at("cases", &c)), &c, json!({"assignee_id": users[i]["id"]})).status);
        assert_eq!(took.iter().filter(|s| **s == 200).count(), 1, "{took:?}");
        assert_eq!(took.iter().filter(|s| **s == 412).count(), 5, "{took:?}");
        assert_eq!(s.get(&at("cases", &c)).ok()["status"], "open");
    }

    fn a_user_works_on_the_cases_of_the_own_queues(s) {
        let (a, b) = (user(s).0, user(s).0);
        let q = queue(s, "manual", &[&a]);
        let c = case(s, json!({"queue_id": q["id"]}));
        let path = format!("{}/assign", at("cases", &c));
        s.act(&path, &c, json!({"assignee_id": null})).problem(422, "case.nothing_to_assign");
        s.act(&path, &c, json!({"assignee_id": b["id"]})).problem(422, "case.not_a_member");
        let c = s.act(&path, &c, json!({"assignee_id": a["id"]})).ok();
        assert_eq!((&c["assignee_id"], &c["status"]), (&a["id"], &json!("open")));
        let round = queue(s, "round_robin", &[&b]);
        let c = s.act(&path, &c, json!({"queue_id": round["id"]})).ok();
        assert_eq!((&c["queue_id"], &c["assignee_id"]), (&round["id"], &b["id"]));
        let c = act(s, "cases", &c, "escalate", json!({"reason": "Important", "queue_id": q["id"], "assignee_id": a["id"]}));
        assert_eq!((&c["escalation_level"], &c["assignee_id"]), (&json!(1), &a["id"]));
        let notes = s.all(&format!("{}/messages?visibility=internal", at("cases", &c)));
        assert_eq!(notes[0]["body"], "Important");
        s.act(&format!("{}/escalate", at("cases", &c)), &c, json!({"reason": " "})).problem(422, "invalid_body");
        let expanded = s.get(&format!("{}?expand=queue,assignee", at("cases", &c))).ok();
        assert_eq!((&expanded["queue"]["id"], &expanded["assignee"]["id"]), (&q["id"], &a["id"]));
    }

    /// What has passed stays passed: messages, another priority, a resolution and a reopening change nothing of a missed answer.
    fn a_missed_answer_stays_missed_whatever_follows(s) {
        let c = friday_case(s, json!({"description": "Help"}));
        s.at("2026-05-22T16:05:00Z");
        let c = say(s, &c, json!({}));
        s.at("2026-05-22T16:10:00Z");
        let c = say(s, &c, json!({"author": "customer"}));
        assert_eq!(c["next_response_due_at"], "2026-05-26T10:10:00Z");
        s.at("2026-05-26T10:11:00Z");
        assert_eq!(told(s, &c, "case.sla_breached"), 1);
        say(s, &c, json!({}));
        let stands = |c: &Value, what: &str| assert_eq!(s.get(&at("cases", c)).ok()["sla_state"], "breached", "{what}");
        s.at("2026-05-26T10:20:00Z");
        let c = say(s, &c, json!({"author": "customer", "body": "And this?"}));
        assert_eq!(c["next_response_due_at"], "2026-05-26T12:20:00Z", "the new question has a clock of its own");
        let answers: Vec<_> = c["clocks"].as_array().unwrap().iter().filter(|k| k["milestone"] == "next_response").collect();
        assert_eq!((answers.len(), answers[0]["breached_at"].is_null(), answers[1]["breached_at"].is_null()), (2, false, true));
        stands(&c, "the customer wrote again");
        let c = say(s, &c, json!({}));
        stands(&c, "it was answered in time");
        let seen = s.get(&at("cases", &c)).ok();
        let c = s.patch(&at("cases", &c), &seen, json!({"impact": "low", "urgency": "low"})).ok();
        stands(&c, "a priority without targets");
        let c = s.patch(&at("cases", &c), &c, json!({"impact": "high", "urgency": "high"})).ok();
        stands(&c, "another priority");
        let c = act(s, "cases", &c, "hold", json!({}));
        let c = act(s, "cases", &c, "resume", json!({}));
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "Done"}));
        stands(&c, "resolved");
        let c = act(s, "cases", &c, "reopen", json!({}));
        stands(&c, "reopened");
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "Done"}));
        let c = act(s, "cases", &c, "close", json!({}));
        stands(&c, "closed");
        assert_eq!(events(s, &c).iter().filter(|k| *k == "case.sla_breached").count(), 1, "told once");
    }

    /// A missed clock that still runs was missed by the target of its time.
    fn a_missed_resolution_keeps_its_target_and_its_time(s) {
        let c = friday_case(s, json!({}));
        let c = say(s, &c, json!({}));
        s.at("2026-05-26T16:01:00Z");
        assert_eq!(told(s, &c, "case.sla_breached"), 1);
        let seen = s.get(&at("cases", &c)).ok();
        let missed = clock(&seen, "resolution");
        let c = s.patch(&at("cases", &c), &seen, json!({"impact": "low", "urgency": "low"})).ok();
        assert_eq!((&c["sla_state"], clock(&c, "resolution")), (&json!("breached"), missed.clone()));
        let c = act(s, "cases", &c, "hold", json!({}));
        assert_eq!(clock(&c, "resolution"), missed);
        let c = act(s, "cases", &c, "resume", json!({}));
        assert_eq!((&c["sla_state"], clock(&c, "resolution")), (&json!("breached"), missed));
    }

    /// G11 over HTTP: eight hours over a long weekend, and a hold that carries what remains.
    fn due_times_count_working_hours_and_a_hold_carries_what_remains(s) {
        let c = friday_case(s, json!({}));
        assert_eq!((&c["resolution_due_at"], &c["first_response_due_at"]), (&json!("2026-05-26T16:00:00Z"), &json!("2026-05-26T12:00:00Z")));
        s.at("2026-05-22T16:10:00Z");
        let c = say(s, &c, json!({}));
        assert_eq!((&c["status"], &c["first_response_at"], &c["first_response_due_at"]), (&json!("open"), &json!("2026-05-22T16:10:00Z"), &json!(null)));
        s.at("2026-05-22T16:30:00Z");
        let c = act(s, "cases", &c, "hold", json!({"reason": "A photo"}));
        assert_eq!((&c["status"], &c["resolution_due_at"], &c["hold_reason"]), (&json!("pending"), &json!(null), &json!("A photo")));
        s.at("2026-05-26T10:00:00Z");
        let sla = s.get(&format!("{}/sla", at("cases", &c))).ok();
        let resolution = sla["clocks"].as_array().unwrap().iter().find(|k| k["milestone"] == "resolution").unwrap().clone();
        assert_eq!((&resolution["elapsed_seconds"], &resolution["remaining_seconds"], &resolution["is_paused"]), (&json!(1800), &json!(27000), &json!(true)));
        let c = act(s, "cases", &c, "resume", json!({}));
        assert_eq!((&c["status"], &c["resolution_due_at"]), (&json!("open"), &json!("2026-05-27T09:30:00Z")));
        assert_eq!(events(s, &c), ["case.created", "case.replied", "case.sla_met", "case.held", "case.resumed"]);
    }

    fn a_policy_may_let_the_clock_run_while_a_case_is_on_hold(s) {
        policy(s, json!({"hold_behaviour": "keep_running"}));
        s.at("2026-05-22T16:00:00Z");
        let c = say(s, &case(s, json!({})), json!({}));
        let c = act(s, "cases", &c, "hold", json!({}));
        assert_eq!(c["resolution_due_at"], "2026-05-26T16:00:00Z");
    }

    fn only_a_public_answer_of_an_agent_is_a_response(s) {
        let c = friday_case(s, json!({"description": "Help"}));
        let c = say(s, &c, json!({"visibility": "internal"}));
        assert_eq!((&c["status"], &c["first_response_at"]), (&json!("new"), &json!(null)));
        let c = say(s, &c, json!({"author": "customer"}));
        assert_eq!((&c["first_response_at"], &c["next_response_due_at"]), (&json!(null), &json!(null)));
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "Done"}));
        assert_eq!(c["first_response_due_at"], "2026-05-26T12:00:00Z", "a resolution is no answer");
        let c = act(s, "cases", &c, "reopen", json!({}));
        let c = say(s, &c, json!({}));
        assert_eq!(c["first_response_at"], "2026-05-22T16:00:00Z");
        let c = say(s, &c, json!({"author": "customer"}));
        assert_eq!(c["next_response_due_at"], "2026-05-26T10:00:00Z");
        let path = format!("{}/reply", at("cases", &c));
        s.act(&path, &c, json!({"body": "x", "author": "customer", "visibility": "internal"})).problem(422, "case.customer_internal");
        s.act(&path, &c, json!({"body": "x", "author": "customer", "spent_minutes": 1})).problem(422, "case.customer_time");
        s.act(&path, &c, json!({"body": " "})).problem(422, "invalid_body");
        let kinds: Vec<_> = s.all(&format!("{}/messages", at("cases", &c))).iter().map(|m| (m["author"].clone(), m["visibility"].clone())).collect();
        assert_eq!(kinds.len(), 5);
        assert_eq!(kinds[1], (json!("agent"), json!("internal")));
    }

    fn another_priority_counts_from_the_creation(s) {
        let c = friday_case(s, json!({}));
        s.at("2026-05-22T16:45:00Z");
        let c = s.patch(&at("cases", &c), &c, json!({"impact": "high", "urgency": "high", "category": "Leak"})).ok();
        assert_eq!((&c["priority"], &c["resolution_due_at"]), (&json!("urgent"), &json!("2026-05-26T12:00:00Z")));
        assert_eq!(c["first_response_due_at"], "2026-05-26T10:00:00Z");
        let c = s.patch(&at("cases", &c), &c, json!({"impact": "low", "urgency": "low"})).ok();
        assert_eq!((&c["clocks"], &c["sla_state"]), (&json!([]), &json!("none")));
    }

    fn warnings_and_breaches_are_raised_once_by_the_clock_and_never_by_reads(s) {
        let c = friday_case(s, json!({}));
        s.at("2026-05-26T11:00:00Z");
        assert_eq!(told(s, &c, "case.sla_warned"), 1);
        assert_eq!(s.get(&at("cases", &c)).ok()["sla_state"], "at_risk");
        s.at("2026-05-26T12:00:00Z");
        std::thread::sleep(Duration::from_millis(700));
        assert!(!events(s, &c).contains(&"case.sla_breached".to_string()), "a deadline is kept at its very moment");
        let other = s.replica();
        s.at("2026-05-26T12:01:00Z");
        assert_eq!(told(s, &c, "case.sla_breached"), 1);
        for _ in 0..3 {
            let sla = s.get(&format!("{}/sla", at("cases", &c))).ok();
            assert_eq!((&sla["sla_state"], &sla["clocks"][0]["is_overdue"]), (&json!("breached"), &json!(true)));
            other.get(&at("cases", &c)).ok();
        }
        s.at("2026-05-26T12:30:00Z");
        std::thread::sleep(Duration::from_millis(700));
        let kinds = events(s, &c);
        assert_eq!(kinds.iter().filter(|k| *k == "case.sla_breached").count(), 1, "{kinds:?}");
        let c = say(s, &c, json!({}));
        assert!(!events(s, &c).contains(&"case.sla_met".to_string()), "what was missed is not met by an answer");
        assert_eq!(clock(&c, "first_response")["breached_at"], "2026-05-26T12:01:00Z");
        assert_eq!(s.all("/v1/service/cases?sla_state=breached").len(), 1);
        let told = s.all(&format!("/v1/platform/audit-log?subject={}&kind=case.sla_breached", id(&c)));
        assert_eq!(told[0]["data"]["milestone"], "first_response");
    }

    fn an_answer_that_is_too_late_raises_the_breach_itself(s) {
        let c = friday_case(s, json!({}));
        let seen = s.get(&at("cases", &c)).ok();
        s.at("2026-05-26T12:01:00Z");
        // whichever is first, the answer or the clock, raises it
        let answer = s.act(&format!("{}/reply", at("cases", &c)), &seen, json!({"body": "Late"}));
        if answer.status == 412 {
            say(s, &c, json!({}));
        }
        assert_eq!(told(s, &c, "case.sla_breached"), 1);
    }

    fn a_conversation_is_measured(s) {
        s.at("2026-03-04T04:00:00Z");
        let c = case(s, json!({"description": "Help"}));
        s.at("2026-03-04T04:15:00Z");
        say(s, &c, json!({}));
        s.at("2026-03-04T05:00:00Z");
        say(s, &c, json!({"author": "customer"}));
        s.at("2026-03-04T05:05:00Z");
        let c = say(s, &c, json!({}));
        act(s, "cases", &c, "resolve", json!({"resolution": "Done"}));
        let sla = s.get(&format!("{}/sla", at("cases", &c))).ok();
        assert_eq!((&sla["average_response_seconds"], &sla["resolution_seconds"], &sla["handling_seconds"]), (&json!(600), &json!(3900), &json!(1200)));
        assert!(sla.get("terms").is_none());
    }

    fn the_customer_opens_a_case_again_within_its_window_and_begins_another_after_it(s) {
        policy(s, json!({"reopen_days": 3}));
        let party = customer(s, "Alfreds");
        s.at("2026-05-18T09:00:00Z");
        let c = say(s, &case(s, json!({"party_id": party["id"]})), json!({}));
        s.act(&format!("{}/resolve", at("cases", &c)), &c, json!({"resolution": "  "})).problem(422, "invalid_body");
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "New pump"}));
        assert_eq!((&c["status"], &c["reopen_until"], &c["sla_state"]), (&json!("resolved"), &json!("2026-05-21T09:00:00Z"), &json!("met")));
        s.at("2026-05-18T11:00:00Z");
        let c = say(s, &c, json!({"author": "customer", "body": "It drips again"}));
        assert_eq!((&c["status"], &c["reopen_count"], &c["resolution_due_at"]), (&json!("open"), &json!(1), &json!("2026-05-19T11:00:00Z")));
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "Another pump"}));
        let c = act(s, "cases", &c, "close", json!({}));
        s.patch(&at("cases", &c), &c, json!({"subject": "x"})).problem(409, "case.closed");
        s.act(&format!("{}/reply", at("cases", &c)), &c, json!({"body": "x"})).problem(409, "case.closed");
        s.at("2026-05-21T11:00:01Z");
        s.act(&format!("{}/reopen", at("cases", &c)), &c, json!({})).problem(409, "case.reopen_window_over");
        let next = say(s, &c, json!({"author": "customer", "body": "And again"}));
        assert_ne!(id(&next), id(&c));
        assert_eq!((&next["follows_case_id"], &next["status"], &next["party_id"]), (&c["id"], &json!("new"), &party["id"]));
        assert_eq!(s.all(&format!("{}/messages", at("cases", &next)))[0]["body"], "And again");
        assert_eq!(s.get(&at("cases", &c)).ok(), c, "the old one stays as it was");
        assert_eq!(id(&say(s, &c, json!({"author": "customer", "body": "Hello?"}))), id(&next), "one case follows");
    }

    fn a_message_of_the_customer_takes_a_case_off_hold(s) {
        let c = friday_case(s, json!({}));
        let c = say(s, &c, json!({}));
        let c = act(s, "cases", &c, "hold", json!({}));
        let c = say(s, &c, json!({"author": "customer"}));
        assert_eq!((&c["status"], &c["held_since"]), (&json!("open"), &json!(null)));
    }

    fn what_was_resolved_is_closed_by_the_clock_when_its_window_is_over(s) {
        policy(s, json!({"reopen_days": 1}));
        let c = say(s, &case(s, json!({})), json!({}));
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "Done"}));
        s.at("2026-01-03T09:00:01Z");
        assert_eq!(told(s, &c, "case.closed"), 1);
        let c = s.get(&at("cases", &c)).ok();
        assert_eq!((&c["status"], &c["closed_at"]), (&json!("closed"), &json!("2026-01-03T09:00:01Z")));
    }

    fn merged_cases_are_one(s) {
        let gold = policy(s, json!({}));
        let party = customer(s, "Alfreds");
        let e = entitlement(s, &party, &gold, json!({"incidents_included": 5}));
        let make = |text: &str| case(s, json!({"party_id": party["id"], "description": text}));
        let (a, b, c) = (make("one"), make("two"), make("three"));
        let into = |from: &Value, to: &Value| s.act(&format!("{}/merge", at("cases", from)), from, json!({"into_case_id": to["id"]}));
        into(&a, &a).problem(422, "case.merged_into_itself");
        into(&a, &case(s, json!({}))).problem(422, "case.merged_across_parties");
        into(&a, &json!({"id": "case_00000000000000000000000000"})).problem(422, "unknown_reference");
        let a = into(&a, &b).ok();
        assert_eq!((&a["status"], &a["merged_into_id"], &a["allowed_actions"]), (&json!("closed"), &b["id"], &json!([])));
        into(&c, &a).problem(409, "case.merged_into_closed");
        s.act(&format!("{}/reply", at("cases", &a)), &a, json!({"body": "x"})).problem(409, "case.merged");
        s.act(&format!("{}/reopen", at("cases", &a)), &a, json!({})).problem(409, "case.merged");
        into(&s.get(&at("cases", &b)).ok(), &c).ok();
        assert_eq!(s.get(&at("cases", &a)).ok()["merged_into_id"], c["id"], "what was merged before goes along");
        let texts: Vec<_> = s.all(&format!("{}/messages", at("cases", &c))).iter().map(|m| m["body"].clone()).collect();
        assert_eq!(texts, [json!("one"), json!("two"), json!("three")]);
        assert_eq!(s.get(&at("entitlements", &e)).ok()["incidents_used"], 1);
    }

    fn the_question_of_a_merged_case_waits_in_the_other(s) {
        policy(s, json!({"reopen_days": 1}));
        let party = customer(s, "Alfreds");
        s.at("2026-05-18T09:00:00Z");
        let make = |text: &str| case(s, json!({"party_id": party["id"], "description": text}));
        let answered = say(s, &make("It leaks"), json!({}));
        let asked = make("Is it done?");
        let answered = act(s, "cases", &answered, "resolve", json!({"resolution": "New pump"}));
        s.at("2026-05-18T10:00:00Z");
        s.act(&format!("{}/merge", at("cases", &asked)), &asked, json!({"into_case_id": answered["id"]})).ok();
        let c = s.get(&at("cases", &answered)).ok();
        assert_eq!((&c["status"], &c["awaiting_response_since"]), (&json!("open"), &json!("2026-05-18T09:00:00Z")));
        assert_eq!(c["next_response_due_at"], "2026-05-18T11:00:00Z", "from when it was asked");
        assert!(events(s, &c).contains(&"case.reopened".to_string()));
        // the timer that closes what is resolved leaves it alone
        s.at("2026-05-20T09:00:00Z");
        assert_eq!(told(s, &c, "case.sla_breached"), 2, "the answer and the resolution");
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(s.get(&at("cases", &c)).ok()["status"], "open");
        let c = say(s, &c, json!({}));
        assert_eq!((&c["awaiting_response_since"], &c["sla_state"]), (&json!(null), &json!("breached")));
        // one on hold goes on; an answered one brings no question
        let held = act(s, "cases", &c, "hold", json!({}));
        let quiet = say(s, &make("Thanks"), json!({}));
        s.act(&format!("{}/merge", at("cases", &quiet)), &quiet, json!({"into_case_id": held["id"]})).ok();
        assert_eq!(s.get(&at("cases", &held)).ok()["status"], "pending");
        let third = make("And the invoice?");
        s.act(&format!("{}/merge", at("cases", &third)), &third, json!({"into_case_id": held["id"]})).ok();
        assert_eq!(s.get(&at("cases", &held)).ok()["status"], "open");
    }

    fn a_case_that_a_reply_opens_again_is_told_as_reopened(s) {
        let c = say(s, &case(s, json!({})), json!({}));
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "Done"}));
        let c = say(s, &c, json!({"author": "customer"}));
        assert_eq!(events(s, &c)[3..], ["case.customer_replied", "case.reopened"]);
        let c = act(s, "cases", &c, "resolve", json!({"resolution": "Done"}));
        let c = act(s, "cases", &c, "reopen", json!({}));
        assert_eq!(events(s, &c).iter().filter(|k| *k == "case.reopened").count(), 2, "an agent's reopening is told once");
    }

    fn two_merges_of_each_other_have_one_winner(s) {
        let party = customer(s, "Alfreds");
        let pair = [case(s, json!({"party_id": party["id"]})), case(s, json!({"party_id": party["id"]}))];
        let got = s.parallel(2, |i, c| c.act(&format!("{}/merge", at("cases", &pair[i])), &pair[i], json!({"into_case_id": pair[1 - i]["id"]})).status);
        assert_eq!(got.iter().filter(|s| **s == 200).count(), 1, "{got:?}");
        assert_eq!(s.all("/v1/service/cases?is_open=true").len(), 1);
    }

    fn each_state_allows_exactly_what_it_says(s) {
        let who = user(s).0;
        let bodies = [("assign", json!({"assignee_id": who["id"]})), ("hold", json!({})), ("resume", json!({})), ("resolve", json!({"resolution": "Done"})), ("close", json!({})), ("reopen", json!({})), ("escalate", json!({"reason": "Urgent"}))];
        let road: [(&str, &[&str]); 5] = [("new", &[]), ("open", &["assign"]), ("pending", &["assign", "hold"]), ("resolved", &["assign", "resolve"]), ("closed", &["assign", "resolve", "close"])];
        for (state, steps) in road {
            for (verb, body) in &bodies {
                let mut c = case(s, json!({}));
                for step in steps {
                    let body = bodies.iter().find(|(v, _)| v == step).unwrap().1.clone();
                    c = act(s, "cases", &c, step, body);
                }
                assert_eq!(c["status"], state);
                let allowed = c["allowed_actions"].as_array().unwrap().iter().any(|a| a == verb);
                let answer = s.act(&format!("{}/{verb}", at("cases", &c)), &c, body.clone());
                if allowed {
                    answer.ok();
                } else {
                    let problem = answer.problem(409, "invalid_state");
                    assert_eq!((&problem["current_state"], &problem["allowed_actions"]), (&json!(state), &c["allowed_actions"]), "{verb} when {state}");
                }
            }
        }
    }

    fn one_answer_shows_a_case_with_all_of_its_customer(s) {
        let books = ready_to_sell(s);
        policy(s, json!({}));
        let party = customer(s, "Alfreds");
        let order = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "3"}]});
        let order = s.post("/v1/sales/orders", order).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
        let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
        s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Anders"})).created();
        let c = case(s, json!({"party_id": party["id"], "contact_id": contact["id"], "order_id": order["id"], "description": "Late"}));
        let other = case(s, json!({"party_id": party["id"]}));
        let seen = s.get(&format!("{}/context", at("cases", &c))).ok();
        assert_eq!((&seen["case"]["id"], &seen["party"]["id"], &seen["contact"]["id"]), (&c["id"], &party["id"], &contact["id"]));
        assert_eq!(seen["orders"]["latest_orders"][0]["id"], order["id"]);
        assert_eq!((&seen["deliveries"]["latest_deliveries"][0]["order_id"], &seen["deliveries"]["latest_deliveries"][0]["status"]), (&order["id"], &json!("shipped")));
        assert_eq!(seen["finance"]["open_invoices"][0]["id"], invoice["id"]);
        assert_eq!((&seen["messages"][0]["body"], &seen["other_cases"][0]["id"], &seen["withheld"]), (&json!("Late"), &other["id"], &json!([])));
        assert_eq!(seen["sla"]["terms"]["time_zone"], "UTC");
        for link in seen["links"].as_object().unwrap().values() {
            s.get(link.as_str().unwrap()).ok();
        }
        let narrow = user_with(s, &["service.cases.read", "sales.orders.read"], &[s.company_id()]);
        let seen = narrow.get(&format!("{}/context", at("cases", &c))).ok();
        assert_eq!(seen["withheld"], json!(["party", "deliveries", "serials", "finance", "contact"]));
        assert_eq!((&seen["finance"], &seen["orders"]["latest_orders"][0]["id"]), (&json!(null), &order["id"]));
        let read = ["service.cases.read", "sales.deliveries.read", "inventory.serials.read"];
        let here = user_with(s, &read, &[s.company_id()]);
        let seen = here.get(&format!("{}/context", at("cases", &c))).ok();
        assert_eq!((&seen["deliveries"]["latest_deliveries"][0]["order_id"], &seen["serials"]["with_customer_count"]), (&order["id"], &json!(0)));
        let alone = s.get(&format!("{}/context", at("cases", &case(s, json!({}))))).ok();
        assert_eq!((&alone["orders"], &alone["links"]["orders"], &alone["withheld"]), (&json!(null), &json!(null), &json!([])));
    }

    fn activities_may_be_about_a_case(s) {
        let party = customer(s, "Alfreds");
        let c = case(s, json!({"party_id": party["id"]}));
        let a = activity(s, &c, json!({}));
        assert_eq!((&a["regarding_id"], &a["regarding_kind"], &a["party_id"]), (&c["id"], &json!("case"), &party["id"]));
    }

    fn cases_are_on_the_timeline_of_their_party(s) {
        let party = customer(s, "Alfreds");
        let c = case(s, json!({"party_id": party["id"]}));
        say(s, &c, json!({}));
        let timeline = s.all(&format!("/v1/directory/parties/{}/timeline", id(&party)));
        let shown: Vec<_> = timeline.iter().filter(|e| e["subject"] == c["id"]).map(|e| (e["kind"].clone(), e["area"].clone(), e["title"].clone())).collect();
        assert_eq!(shown, [(json!("case.replied"), json!("service"), c["number"].clone()), (json!("case.created"), json!("service"), c["number"].clone())]);
        let blind = user_with(s, &["directory.*"], &[s.company_id()]);
        let seen = blind.all(&format!("/v1/directory/parties/{}/timeline", id(&party)));
        assert!(seen.iter().all(|e| e["subject"] != c["id"]), "{seen:?}");
    }

    fn cases_join_the_overview_of_their_party(s) {
        let party = customer(s, "Alfreds");
        let old = case(s, json!({"party_id": party["id"]}));
        act(s, "cases", &old, "resolve", json!({"resolution": "Done"}));
        let c = case(s, json!({"party_id": party["id"]}));
        let seen = s.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        let part = seen["sections"].as_array().unwrap().iter().find(|p| p["name"] == "cases").unwrap().clone();
        assert_eq!((&part["open_count"], &part["latest"][0]["id"], &part["latest"][1]["status"]), (&json!(1), &c["id"], &json!("resolved")));
        assert_eq!(s.all(part["link"].as_str().unwrap()).len(), 2);
        let blind = user_with(s, &["directory.*"], &[s.company_id()]);
        let seen = blind.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        assert!(seen["withheld"].as_array().unwrap().contains(&json!("cases")) && seen["sections"] == json!([]), "{seen}");
    }

    fn cases_of_other_companies_do_not_exist(s) {
        let c = case(s, json!({}));
        let stranger = user_with(s, &["service.*"], &[]);
        for path in [at("cases", &c), format!("{}/sla", at("cases", &c)), format!("{}/messages", at("cases", &c))] {
            stranger.get(&path).problem(404, "not_found");
        }
        stranger.act(&format!("{}/reply", at("cases", &c)), &c, json!({"body": "x"})).problem(404, "not_found");
        assert!(stranger.all("/v1/service/cases").is_empty());
        let reader = user_with(s, &["service.cases.read"], &[s.company_id()]);
        assert_eq!(reader.get(&at("cases", &c)).ok()["allowed_actions"], json!([]));
        reader.act(&format!("{}/reply", at("cases", &c)), &c, json!({"body": "x"})).problem(403, "missing_scope");
    }

    fn an_agent_of_service_does_the_daily_work_and_sets_no_rules(s) {
        let (agent, password) = user(s);
        let role = s.all("/v1/identity/roles?code=service_agent").remove(0);
        s.post(&format!("/v1/identity/users/{}/roles", id(&agent)), json!({"role_id": role["id"]})).created();
        s.post(&format!("/v1/identity/users/{}/grants", id(&agent)), json!({"company_id": s.company_id()})).created();
        let c = s.login(agent["email"].as_str().unwrap(), password);
        let made = c.post("/v1/service/cases", with(new_case(s, json!({})), json!({"assignee_id": agent["id"]}))).created();
        c.act(&format!("{}/reply", at("cases", &made)), &made, json!({"body": "Hello"})).ok();
        c.post("/v1/service/sla-policies", json!({})).problem(403, "missing_scope");
        c.post("/v1/service/queues", json!({})).problem(403, "missing_scope");
        assert!(c.all("/v1/platform/calendars").is_empty());
    }
}
