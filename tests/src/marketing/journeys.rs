//! Journeys: from the draft over time to the end, with a mail server that the test starts itself and a clock that it sets.

pub(crate) mod crash;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crm::common::{act, at, events, lead, with};
use crate::fixtures::{self, id, user_with, verified};
use crate::harness::{Answer, Engine, LINKS, Server, Sink, mailing};
use crate::marketing::campaigns::reader;
use crate::marketing::consents::consent;
use crate::marketing::segments::segment;
use crate::marketing::templates::template;

/// A journey with these steps, not yet published.
#[track_caller]
pub fn journey(s: &Server, steps: Value, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "name": "Welcome", "steps": steps});
    s.post("/v1/marketing/journeys", with(base, more)).created()
}

#[track_caller]
pub fn published(s: &Server, steps: Value, more: Value) -> Value {
    let draft = journey(s, steps, more);
    act(s, "journeys", &draft, "publish", json!({}))
}

/// Asks for people to enter.
pub fn try_enroll(s: &Server, journey: &Value, who: Value) -> Answer {
    let now = s.get(&at("journeys", journey)).ok();
    s.act(&format!("{}/enroll", at("journeys", journey)), &now, who)
}

/// The one enrolment of this party that has just begun.
#[track_caller]
pub fn enrolled(s: &Server, journey: &Value, party: &Value) -> Value {
    let answer = try_enroll(s, journey, json!({"party_ids": [party["id"]]})).ok();
    s.get(&format!("/v1/marketing/journey-enrollments/{}", answer["enrollment_ids"][0].as_str().unwrap_or_else(|| panic!("{answer}")))).ok()
}

/// Waits for an enrolment to be so, at the moment the clock shows.
#[track_caller]
pub fn until(s: &Server, enrollment: &Value, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let now = s.get(&at("journey-enrollments", enrollment)).ok();
        if holds(&now) {
            return now;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "never {what}: {now:#}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Waits for so many messages of a journey to be written down as sent. Its reader may have one a moment before, and the
/// clock must not move in between.
#[track_caller]
fn sent(s: &Server, journey: &Value, messages: usize) {
    let began = Instant::now();
    let campaigns = s.all(&format!("/v1/marketing/campaigns?journey_id={}", id(journey)));
    let count = || campaigns.iter().map(|c| s.all(&format!("{}/members?status=sent", at("campaigns", c))).len()).sum::<usize>();
    while count() < messages {
        assert!(began.elapsed() < Duration::from_secs(30), "never {messages} messages sent");
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[track_caller]
pub fn waiting_at(s: &Server, enrollment: &Value, step: &str) -> Value {
    until(s, enrollment, &format!("waiting at {step}"), |e| e["status"] == "waiting" && e["step"] == *step)
}

#[track_caller]
pub fn ended(s: &Server, enrollment: &Value, outcome: &str) -> Value {
    let e = until(s, enrollment, "ended", |e| !e["ended_at"].is_null());
    assert_eq!(e["outcome"], *outcome, "{e:#}");
    e
}

/// The steps that somebody came to.
pub fn path(enrollment: &Value) -> Vec<String> {
    let mut all: Vec<String> = enrollment["path"].as_array().unwrap().iter().map(|v| v["step"].as_str().unwrap().to_string()).collect();
    all.sort();
    all
}

fn send(s: &Server, key: &str) -> Value {
    json!({"key": key, "kind": "send", "template_id": template(s, json!({"subject": format!("{key} for {{{{ recipient.name }}}}")}))["id"]})
}

fn wait(key: &str, minutes: i64) -> Value {
    json!({"key": key, "kind": "wait", "wait": {"minutes": minutes}})
}

const DAY: i64 = 1440;

/// Looks at a message as its reader would.
fn read(s: &Server, letter: &crate::harness::Letter) {
    let link = letter.link(&format!("{LINKS}/v1/marketing/links/open")).unwrap();
    let outside = s.anonymous();
    let path = link.strip_prefix(LINKS).unwrap().to_string();
    outside.request("GET", &path).header("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0").send().expect(200);
}

each_engine! {
    fn a_whole_way_over_time(s, sink) {
        let ana = reader(s, "Ana", json!({}));
        let bert = reader(s, "Bert", json!({}));
        let steps = json!([
            send(s, "hello"), wait("pause", 2 * DAY),
            {"key": "read", "kind": "branch", "condition": {"opened": "hello"}, "then": "more", "otherwise": "call"},
            send(s, "more"), {"key": "stop", "kind": "exit"},
            {"key": "call", "kind": "activity", "subject": "Call them", "due_in_days": 3},
            {"key": "mark", "kind": "tag", "add_tag": "called", "remove_tag": "readers"},
        ]);
        let j = published(s, steps, json!({"topic": null}));
        assert_eq!((&j["status"], &j["published_version"]), (&json!("published"), &json!(1)));
        let (a, b) = (enrolled(s, &j, &ana), enrolled(s, &j, &bert));
        assert_eq!((&a["status"], &a["step"], &a["entered_by"], &a["journey_version"]), (&json!("active"), &json!(null), &json!("by_hand"), &json!(1)));
        s.at("2026-01-02T09:01:00Z");
        let a = waiting_at(s, &a, "pause");
        assert_eq!(a["due_at"], "2026-01-04T09:01:00Z");
        waiting_at(s, &b, "pause");
        sink.wait_for(2);
        sent(s, &j, 2);
        assert_eq!(sink.letter("ana@example.org").header("Subject").as_deref(), Some("hello for Ana"));
        s.at("2026-01-03T10:00:00Z");
        read(s, &sink.letter("ana@example.org"));
        s.at("2026-01-04T09:01:00Z");
        let a = ended(s, &a, "exit_step");
        let b = ended(s, &b, "finished");
        assert_eq!((&a["status"], &b["status"]), (&json!("exited"), &json!("completed")));
        assert_eq!(path(&a), ["hello", "more", "pause", "read", "stop"]);
        assert_eq!(path(&b), ["call", "hello", "mark", "pause", "read"]);
        sink.wait_for(3);
        let tasks = s.all(&format!("/v1/crm/activities?regarding_id={}", id(&bert)));
        assert_eq!((tasks.len(), &tasks[0]["subject"], &tasks[0]["due_at"]), (1, &json!("Call them"), &json!("2026-01-07T09:01:00Z")));
        assert_eq!(s.get(&format!("/v1/directory/parties/{}", id(&bert))).ok()["tags"], json!(["called"]));
        assert_eq!(events(s, &a), ["journey.enrolled", "journey.waiting", "journey.exited"]);
        assert_eq!(events(s, &b), ["journey.enrolled", "journey.waiting", "journey.completed"]);
        assert_eq!(events(s, &j), ["journey.created", "journey.published"]);
        let stats = s.get(&format!("{}/stats", at("journeys", &j))).ok();
        assert_eq!((&stats["entered"], &stats["completed"], &stats["exited"]), (&json!(2), &json!(1), &json!(1)));
        let step = |key: &str| stats["steps"].as_array().unwrap().iter().find(|x| x["step"] == *key).cloned().unwrap();
        assert_eq!((&step("hello")["reached"], &step("hello")["counts"]["opened"]), (&json!(2), &json!(1)));
        assert_eq!((&step("more")["reached"], &step("call")["reached"], &step("call")["counts"]), (&json!(1), &json!(1), &json!(null)));
        // the campaigns are those of the journey, and it alone leads them
        let c = s.get(&format!("/v1/marketing/campaigns/{}", step("hello")["campaign_id"].as_str().unwrap())).ok();
        assert_eq!((&c["journey_id"], &c["segment_id"], &c["allowed_actions"], &c["status"]), (&j["id"], &json!(null), &json!([]), &json!("running")));
        for verb in ["pause", "complete", "cancel"] {
            s.act(&format!("{}/{verb}", at("campaigns", &c)), &c, json!({})).problem(409, "campaign.of_a_journey");
        }
        assert_eq!(s.all(&format!("/v1/marketing/campaigns?journey_id={}", id(&j))).len(), 2);
        verified(s);
    }

    fn whoever_wants_no_more_or_cannot_be_reached_leaves_at_once(s, sink) {
        let steps = json!([wait("pause", DAY), send(s, "late")]);
        let j = published(s, steps, json!({"topic": "spring"}));
        let people: Vec<Value> = ["Ana", "Bert", "Carl", "Dora"].iter().map(|n| reader(s, n, json!({}))).collect();
        let on: Vec<Value> = people.iter().map(|p| enrolled(s, &j, p)).collect();
        s.at("2026-01-02T09:01:00Z");
        on.iter().for_each(|e| drop(waiting_at(s, e, "pause")));
        s.at("2026-01-02T10:00:00Z");
        let withdrawn = |party: &Value, topic: Value| consent(s, json!({"party_id": party["id"]}), json!({"status": "withdrawn", "topic": topic}));
        withdrawn(&people[0], json!("spring"));
        assert_eq!(s.get(&at("journey-enrollments", &on[0])).ok()["outcome"], "opted_out");
        withdrawn(&people[1], json!("autumn"));
        assert_eq!(s.get(&at("journey-enrollments", &on[1])).ok()["status"], "waiting");
        s.post("/v1/marketing/suppressions", json!({"channel": "email", "address": "Carl@example.org"})).created();
        assert_eq!(s.get(&at("journey-enrollments", &on[2])).ok()["outcome"], "suppressed");
        let e = s.get(&at("journey-enrollments", &on[3])).ok();
        let gone = s.act(&format!("{}/exit", at("journey-enrollments", &e)), &e, json!({})).ok();
        assert_eq!((&gone["outcome"], &gone["allowed_actions"], &gone["due_at"]), (&json!("by_hand"), &json!([]), &json!(null)));
        s.act(&format!("{}/exit", at("journey-enrollments", &e)), &gone, json!({})).problem(409, "invalid_state");
        s.at("2026-01-03T09:01:00Z");
        ended(s, &on[1], "finished");
        sink.wait_for(1);
        assert_eq!(sink.addresses(), ["bert@example.org"]);
    }

    fn who_may_not_be_written_to_leaves_and_the_reason_is_kept(s, sink) {
        let bare = |name: &str, more: Value| s.post("/v1/directory/parties", with(json!({"name": name, "allow_duplicate": true}), more)).created();
        let j = published(s, json!([send(s, "hello")]), json!({}));
        let cases = [
            (bare("Bert", json!({"emails": [{"address": "bert@example.org"}]})), "no_consent"),
            (bare("Dora", json!({})), "no_address"),
        ];
        let on: Vec<(Value, &str)> = cases.iter().map(|(p, outcome)| (enrolled(s, &j, p), *outcome)).collect();
        s.at("2026-01-02T09:01:00Z");
        for (e, outcome) in on {
            let e = ended(s, &e, outcome);
            assert_eq!((&e["status"], &e["path"][0]["result"]), (&json!("exited"), &json!(outcome)));
        }
        assert!(sink.letters().is_empty());
    }

    fn nobody_is_written_to_in_the_night_and_goes_on_in_the_morning(s, sink) {
        let ana = reader(s, "Ana", json!({"addresses": [{"purpose": "billing", "address": {"line1": "x", "country": "DE"}}]}));
        s.at("2026-01-02T20:30:00Z");
        let j = published(s, json!([send(s, "hello"), wait("pause", 60)]), json!({"quiet_hours": {"from": "20:00", "until": "08:00"}}));
        let e = enrolled(s, &j, &ana);
        s.at("2026-01-02T20:31:00Z");
        let e = waiting_at(s, &e, "hello");
        assert_eq!(e["due_at"], "2026-01-03T07:00:00Z");
        assert!(sink.letters().is_empty());
        s.at("2026-01-03T07:00:00Z");
        sink.wait_for(1);
        assert_eq!(waiting_at(s, &e, "pause")["due_at"], "2026-01-03T08:00:00Z");
    }

    fn who_leaves_in_the_night_is_not_written_to_in_the_morning(s, sink) {
        let ana = reader(s, "Ana", json!({}));
        s.at("2026-01-02T20:30:00Z");
        let j = published(s, json!([send(s, "hello")]), json!({"quiet_hours": {"from": "18:00", "until": "08:00"}}));
        let e = enrolled(s, &j, &ana);
        s.at("2026-01-02T20:31:00Z");
        let e = waiting_at(s, &e, "hello");
        act(s, "journey-enrollments", &e, "exit", json!({}));
        s.at("2026-01-03T12:00:00Z");
        std::thread::sleep(Duration::from_millis(700));
        assert!(sink.letters().is_empty());
        let c = s.all(&format!("/v1/marketing/campaigns?journey_id={}", id(&j)));
        assert_eq!(s.get(&format!("{}/stats", at("campaigns", &c[0]))).ok()["counts"]["dropped"], 1);
    }

    fn who_is_on_the_way_stays_on_the_own_version(s, sink) {
        let (ana, bert) = (reader(s, "Ana", json!({})), reader(s, "Bert", json!({})));
        let j = published(s, json!([wait("pause", DAY), send(s, "old")]), json!({}));
        let a = enrolled(s, &j, &ana);
        s.at("2026-01-02T09:01:00Z");
        waiting_at(s, &a, "pause");
        let now = s.get(&at("journeys", &j)).ok();
        let changed = s.patch(&at("journeys", &j), &now, json!({"steps": [wait("pause", DAY), send(s, "new")]})).ok();
        assert_eq!(changed["published_version"], 1, "nothing is published by a change");
        act(s, "journeys", &changed, "publish", json!({}));
        let b = enrolled(s, &j, &bert);
        assert_eq!(b["journey_version"], 2);
        s.at("2026-01-02T09:02:00Z");
        waiting_at(s, &b, "pause");
        s.at("2026-01-03T09:30:00Z");
        ended(s, &a, "finished");
        ended(s, &b, "finished");
        sink.wait_for(2);
        assert_eq!(sink.letter("ana@example.org").header("Subject").as_deref(), Some("old for Ana"));
        assert_eq!(sink.letter("bert@example.org").header("Subject").as_deref(), Some("new for Bert"));
        let versions = s.all(&format!("{}/versions", at("journeys", &j)));
        assert_eq!((versions.len(), &versions[0]["steps"][1]["key"], &versions[1]["steps"][1]["key"]), (2, &json!("old"), &json!("new")));
    }

    fn a_paused_journey_lets_nobody_go_on_and_an_archived_one_ends(s, sink) {
        let (ana, bert) = (reader(s, "Ana", json!({})), reader(s, "Bert", json!({})));
        let j = published(s, json!([wait("first", 60), send(s, "hello"), wait("second", 60)]), json!({}));
        let a = enrolled(s, &j, &ana);
        s.at("2026-01-02T09:01:00Z");
        waiting_at(s, &a, "first");
        let now = s.get(&at("journeys", &j)).ok();
        let paused = act(s, "journeys", &now, "pause", json!({}));
        assert_eq!((&paused["status"], &paused["allowed_actions"]), (&json!("paused"), &json!(["publish", "resume", "archive"])));
        try_enroll(s, &j, json!({"party_ids": [bert["id"]]})).problem(409, "journey.not_published");
        s.at("2026-01-02T12:00:00Z");
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(s.get(&at("journey-enrollments", &a)).ok()["step"], "first");
        act(s, "journeys", &paused, "resume", json!({}));
        s.at("2026-01-02T12:01:00Z");
        waiting_at(s, &a, "second");
        sink.wait_for(1);
        let now = s.get(&at("journeys", &j)).ok();
        let over = act(s, "journeys", &now, "archive", json!({}));
        assert_eq!(over["allowed_actions"], json!([]));
        s.at("2026-01-02T12:02:00Z");
        ended(s, &a, "journey_archived");
        s.act(&format!("{}/publish", at("journeys", &over)), &over, json!({})).problem(409, "invalid_state");
        s.patch(&at("journeys", &over), &over, json!({"name": "x"})).problem(409, "invalid_state");
    }

    fn what_cannot_be_sent_is_not_published(s, _sink) {
        let t = template(s, json!({"html": null, "text": "no way out"}));
        let j = journey(s, json!([{"key": "a", "kind": "send", "template_id": t["id"]}]), json!({}));
        s.act(&format!("{}/publish", at("journeys", &j)), &j, json!({})).problem(422, "campaign.no_unsubscribe_link");
        let t = template(s, json!({"text": "{{ nobody_knows }} {{ unsubscribe_url }}", "html": null}));
        let j = journey(s, json!([{"key": "a", "kind": "send", "template_id": t["id"]}]), json!({}));
        s.act(&format!("{}/publish", at("journeys", &j)), &j, json!({})).problem(422, "template.missing_variable");
        let t = template(s, json!({}));
        let j = journey(s, json!([{"key": "a", "kind": "send", "template_id": t["id"]}]), json!({}));
        act(s, "templates", &t, "archive", json!({}));
        s.act(&format!("{}/publish", at("journeys", &j)), &j, json!({})).problem(409, "campaign.template_archived");
        assert_eq!(s.get(&at("journeys", &j)).ok()["status"], "draft");
    }
}

/// The server stops between two steps; another one goes on where it was.
fn restarted(engine: Engine) {
    if !engine.available() {
        return;
    }
    let sink = Sink::start();
    let mut s = mailing(engine, &sink);
    let ana = reader(&s, "Ana", json!({}));
    let j = published(&s, json!([send(&s, "one"), wait("pause", DAY), send(&s, "two")]), json!({}));
    let a = enrolled(&s, &j, &ana);
    s.at("2026-01-02T09:01:00Z");
    waiting_at(&s, &a, "pause");
    sink.wait_for(1);
    s.restart(|_| {});
    let before = s.get(&at("journey-enrollments", &a)).ok();
    assert_eq!((&before["due_at"], &before["step"]), (&json!("2026-01-03T09:01:00Z"), &json!("pause")));
    s.at("2026-01-03T09:01:00Z");
    ended(&s, &a, "finished");
    sink.wait_for(2);
    s.restart(|_| {});
    s.at("2026-01-04T09:01:00Z");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(sink.letters().len(), 2);
}

#[test]
fn a_restart_between_two_steps_changes_nothing_on_sqlite() {
    restarted(Engine::Sqlite);
}

#[test]
fn a_restart_between_two_steps_changes_nothing_on_postgres() {
    restarted(Engine::Postgres);
}

each_engine! {
    fn branches_go_both_ways_by_segments_and_tags_are_given(s) {
        let party = |name: &str, tags: Value| s.post("/v1/directory/parties", json!({"name": name, "tags": tags})).created();
        let (ana, bert) = (party("Ana", json!(["gold"])), party("Bert", json!([])));
        let gold = segment(s, json!({"field": "tag", "op": "equals", "value": "gold"}), json!({}));
        let steps = json!([
            {"key": "rich", "kind": "branch", "condition": {"segment_id": gold["id"]}, "then": "best", "otherwise": "rest"},
            {"key": "best", "kind": "tag", "add_tag": "best", "next": "end"},
            {"key": "rest", "kind": "tag", "add_tag": "rest"},
            {"key": "end", "kind": "tag", "add_tag": "done"},
        ]);
        let j = published(s, steps, json!({}));
        let (a, b) = (enrolled(s, &j, &ana), enrolled(s, &j, &bert));
        s.at("2026-01-02T09:01:00Z");
        assert_eq!(path(&ended(s, &a, "finished")), ["best", "end", "rich"]);
        assert_eq!(path(&ended(s, &b, "finished")), ["end", "rest", "rich"]);
        let tags = |p: &Value| s.get(&format!("/v1/directory/parties/{}", id(p))).ok()["tags"].clone();
        assert_eq!((tags(&ana), tags(&bert)), (json!(["gold", "best", "done"]), json!(["rest", "done"])));
        s.delete(&at("segments", &gold), &s.get(&at("segments", &gold)).ok()).problem(409, "in_use");
    }

    fn a_wait_respects_working_hours_and_dates(s) {
        let ana = fixtures::customer(s, "Ana");
        let hours = json!([{"day": "monday", "from": "09:00", "to": "17:00"}, {"day": "friday", "from": "09:00", "to": "17:00"}]);
        let calendar = s.post("/v1/platform/calendars", json!({"name": "Office", "time_zone": "UTC", "working_hours": hours})).created();
        let steps = json!([
            {"key": "office", "kind": "wait", "wait": {"working_minutes": 600, "calendar_id": calendar["id"]}},
            {"key": "day", "kind": "wait", "wait": {"until": "2026-02-01T00:00:00Z"}},
            {"key": "past", "kind": "wait", "wait": {"until": "2026-01-01T00:00:00Z"}},
        ]);
        let j = published(s, steps, json!({}));
        let a = enrolled(s, &j, &ana);
        s.at("2026-01-02T10:00:00Z");
        // seven hours on Friday and three on Monday
        assert_eq!(waiting_at(s, &a, "office")["due_at"], "2026-01-05T12:00:00Z");
        s.at("2026-01-05T12:00:00Z");
        assert_eq!(waiting_at(s, &a, "day")["due_at"], "2026-02-01T00:00:00Z");
        s.at("2026-02-01T00:00:00Z");
        ended(s, &a, "finished");
    }

    fn people_enter_by_a_segment_and_reach_a_goal_that_is_one(s) {
        let party = |name: &str| s.post("/v1/directory/parties", json!({"name": name, "tags": ["new"], "allow_duplicate": true})).created();
        let (ana, bert) = (party("Ana"), party("Bert"));
        let tagged = |tag: &str| segment(s, json!({"field": "tag", "op": "equals", "value": tag}), json!({}));
        let entry = json!({"kind": "segment", "segment_id": tagged("new")["id"]});
        let goal = json!({"segment_id": tagged("happy")["id"]});
        let j = published(s, json!([wait("pause", 60 * DAY)]), json!({"entry": entry, "goal": goal}));
        s.at("2026-01-02T09:10:00Z");
        let all = || s.all(&format!("{}/enrollments", at("journeys", &j)));
        let began = Instant::now();
        while all().len() < 2 {
            assert!(began.elapsed() < Duration::from_secs(20), "nobody enters");
            std::thread::sleep(Duration::from_millis(30));
        }
        assert!(all().iter().all(|e| e["entered_by"] == "segment"));
        let of = |p: &Value| all().iter().find(|e| e["party_id"] == p["id"]).cloned().unwrap();
        s.at("2026-01-02T09:11:00Z");
        waiting_at(s, &of(&bert), "pause");
        let now = s.get(&format!("/v1/directory/parties/{}", id(&ana))).ok();
        s.patch(&format!("/v1/directory/parties/{}", id(&ana)), &now, json!({"tags": ["new", "happy"]})).ok();
        s.at("2026-01-02T09:30:00Z");
        assert_eq!(ended(s, &of(&ana), "goal_reached")["status"], "completed");
        s.at("2026-01-02T10:00:00Z");
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(all().len(), 2, "once is once");
    }

    fn facts_let_people_enter_and_reach_the_goal(s) {
        let entry = |fact: &str| json!({"entry": {"kind": "fact", "fact": fact}});
        let j = published(s, json!([wait("pause", 60 * DAY)]), with(entry("lead_created"), json!({"goal": {"fact": "lead_qualified"}})));
        let customers = published(s, json!([wait("pause", 60 * DAY)]), entry("party_became_customer"));
        let l = lead(s, json!({"email": "ana@example.org"}));
        let e = s.followed().all(&format!("/v1/marketing/journey-enrollments?journey_id={}", id(&j)));
        assert_eq!((e.len(), &e[0]["lead_id"], &e[0]["entered_by"]), (1, &l["id"], &json!("fact")));
        act(s, "leads", &l, "qualify", json!({}));
        assert_eq!(s.followed().get(&at("journey-enrollments", &e[0])).ok()["outcome"], "goal_reached");
        let buyer = fixtures::customer(s, "Buyer");
        let e = s.followed().all(&format!("/v1/marketing/journey-enrollments?journey_id={}", id(&customers)));
        assert_eq!((e.len(), &e[0]["party_id"]), (1, &buyer["id"]));
        // what happens in the back office is heard too, and counts for the contacts of the party
        let books = fixtures::ready_to_sell(s);
        let goal = published(s, json!([wait("pause", 60 * DAY)]), json!({"goal": {"fact": "sales_order_confirmed"}}));
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Buyer"})).created();
        s.post("/v1/directory/relationships", json!({"party_id": buyer["id"], "contact_id": contact["id"]})).created();
        let answer = try_enroll(s, &goal, json!({"party_ids": [buyer["id"]], "contact_ids": [contact["id"]]})).ok();
        assert_eq!(answer["enrollment_ids"].as_array().unwrap().len(), 2);
        let order = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "1"}]});
        let order = s.post("/v1/sales/orders", order).created();
        s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok();
        let all = s.followed().all(&format!("/v1/marketing/journey-enrollments?journey_id={}", id(&goal)));
        assert!(all.iter().all(|e| e["outcome"] == "goal_reached" && e["status"] == "completed"), "{all:#?}");
    }

    fn the_policy_says_who_enters_again(s) {
        let ana = fixtures::customer(s, "Ana");
        let again = |j: &Value| {
            let answer = try_enroll(s, j, json!({"party_ids": [ana["id"]]})).ok();
            (answer["enrollment_ids"].as_array().unwrap().len(), answer["skipped"].as_i64().unwrap())
        };
        let quick = json!([{"key": "end", "kind": "exit"}]);
        let once = published(s, quick.clone(), json!({}));
        let always = published(s, quick.clone(), json!({"reentry": {"kind": "always"}}));
        let later = published(s, quick, json!({"reentry": {"kind": "after_days", "days": 10}}));
        for j in [&once, &always, &later] {
            assert_eq!(again(j), (1, 0));
            assert_eq!(again(j), (0, 1), "not twice at once");
        }
        s.at("2026-01-02T09:01:00Z");
        for j in [&once, &always, &later] {
            let e = s.all(&format!("{}/enrollments", at("journeys", j)));
            ended(s, &e[0], "exit_step");
        }
        assert_eq!([&once, &always, &later].map(again), [(0, 1), (1, 0), (0, 1)]);
        s.at("2026-01-12T09:00:30Z");
        assert_eq!([&once, &later].map(again), [(0, 1), (1, 0)]);
        let e = s.all(&format!("{}/enrollments?status=active", at("journeys", &later)));
        assert_eq!(e[0]["entry_number"], 2);
    }

    fn of_many_at_once_one_enters(s) {
        let ana = fixtures::customer(s, "Ana");
        let j = published(s, json!([wait("pause", DAY)]), json!({"reentry": {"kind": "always"}}));
        let answers = s.parallel(8, |_, c| c.act(&format!("{}/enroll", at("journeys", &j)), &j, json!({"party_ids": [ana["id"]]})).ok());
        let entered: usize = answers.iter().map(|a| a["enrollment_ids"].as_array().unwrap().len()).sum();
        assert_eq!(entered, 1, "{answers:?}");
        assert_eq!(s.all(&format!("{}/enrollments", at("journeys", &j))).len(), 1);
    }

    fn steps_entries_and_goals_are_judged(s) {
        let exit = json!([{"key": "end", "kind": "exit"}]);
        let refused = |steps: &Value, more: Value| {
            let base = json!({"company_id": s.company_id(), "name": "x", "steps": steps});
            s.post("/v1/marketing/journeys", with(base, more))
        };
        refused(&json!([{"key": "a", "kind": "exit"}, {"key": "a", "kind": "exit"}]), json!({})).problem(422, "journey.same_step");
        refused(&json!([{"key": "a", "kind": "wait"}]), json!({})).problem(422, "journey.wrong_step");
        refused(&json!([{"key": "a", "kind": "tag", "add_tag": "x", "next": "b"}]), json!({})).problem(422, "journey.unknown_step");
        refused(&exit, json!({"entry": {"kind": "segment"}})).problem(422, "journey.wrong_entry");
        refused(&exit, json!({"goal": {}})).problem(422, "journey.wrong_goal");
        refused(&exit, json!({"reentry": {"kind": "after_days"}})).problem(422, "journey.wrong_reentry");
        refused(&exit, json!({"quiet_hours": {"from": "08:00", "until": "08:00"}})).problem(422, "campaign.wrong_quiet_hours");
        refused(&exit, json!({"reply_to": "nobody"})).problem(422, "email.invalid");
        let everybody = segment(s, json!({"field": "name", "op": "contains", "value": "a"}), json!({}));
        let by_segment = json!({"kind": "segment", "segment_id": everybody["id"]});
        refused(&exit, json!({"entry": by_segment, "reentry": {"kind": "always"}})).problem(422, "journey.endless_reentry");
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        let foreign = segment(s, json!({"field": "name", "op": "contains", "value": "a"}), json!({"company_id": elsewhere["id"]}));
        refused(&exit, json!({"goal": {"segment_id": foreign["id"]}})).problem(422, "journey.other_company");
        let nowhere = json!([{"key": "a", "kind": "send", "template_id": "tpl_00000000000000000000000001"}]);
        refused(&nowhere, json!({})).problem(422, "unknown_reference");
        // without a mail server nothing that sends is published
        let j = journey(s, json!([send(s, "hello")]), json!({}));
        s.act(&format!("{}/publish", at("journeys", &j)), &j, json!({})).problem(409, "campaign.no_mail_server");
        try_enroll(s, &j, json!({"party_ids": [fixtures::customer(s, "Ana")["id"]]})).problem(409, "journey.not_published");
        s.delete(&at("journeys", &j), &j).expect(204);
        let j = published(s, exit, json!({}));
        s.delete(&at("journeys", &j), &j).problem(409, "journey.not_a_draft");
        try_enroll(s, &j, json!({})).problem(422, "journey.nobody");
        try_enroll(s, &j, json!({"segment_id": foreign["id"]})).problem(422, "journey.other_company");
        try_enroll(s, &j, json!({"party_ids": ["pty_00000000000000000000000001"]})).problem(422, "unknown_reference");
        let all = try_enroll(s, &j, json!({"segment_id": everybody["id"]})).ok();
        assert_eq!((all["enrollment_ids"].as_array().unwrap().len(), &all["has_more"]), (1, &json!(false)));
    }

    fn marketing_writes_and_its_manager_publishes(s) {
        let writer = user_with(s, &["marketing.journeys.read", "marketing.journeys.create", "marketing.journeys.update"], &[s.company_id()]);
        let base = json!({"company_id": s.company_id(), "name": "x", "steps": [{"key": "end", "kind": "exit"}]});
        let j = writer.post("/v1/marketing/journeys", base).created();
        for verb in ["publish", "pause", "resume", "archive", "enroll"] {
            let body = if verb == "enroll" { json!({"party_ids": []}) } else { json!({}) };
            writer.act(&format!("{}/{verb}", at("journeys", &j)), &j, body).problem(403, "missing_scope");
        }
        writer.get("/v1/marketing/journey-enrollments").problem(403, "missing_scope");
    }
}
