//! What the tests of service share: calendars, policies, queues and cases made through HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crm::common::{at, events, with};
use crate::fixtures::unique;
use crate::harness::{Client, Server};

/// Monday to Friday 09:00 to 17:00 UTC, with Whit Monday 2026 off.
#[track_caller]
pub fn office(s: &Server) -> Value {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
    let hours: Vec<Value> = days.iter().map(|d| json!({"day": d, "from": "09:00", "to": "17:00"})).collect();
    let body = json!({"name": format!("Office {}", unique()), "time_zone": "UTC", "working_hours": hours,
        "holidays": [{"date": "2026-05-25", "name": "Whit Monday"}]});
    s.post("/v1/platform/calendars", body).created()
}

/// First answer in 4, later ones in 2, resolution in 8 working hours; half of it for urgent cases, nothing for low ones.
#[track_caller]
pub fn policy(s: &Server, more: Value) -> Value {
    let target = |priority: &str, first: i32, next: i32, resolution: i32| json!({"priority": priority, "first_response_minutes": first, "next_response_minutes": next, "resolution_minutes": resolution});
    let base = json!({"company_id": s.company_id(), "name": format!("Policy {}", unique()), "warn_percent": 75,
        "targets": [target("normal", 240, 120, 480), target("urgent", 120, 60, 240)]});
    let mut body = with(base, more);
    if body["calendar_id"].is_null() {
        body["calendar_id"] = office(s)["id"].clone();
    }
    s.post("/v1/service/sla-policies", body).created()
}

pub fn new_case(s: &Server, more: Value) -> Value {
    with(json!({"company_id": s.company_id(), "subject": "Machine leaks"}), more)
}

#[track_caller]
pub fn case(s: &Server, more: Value) -> Value {
    s.post("/v1/service/cases", new_case(s, more)).created()
}

/// A queue with these members.
#[track_caller]
pub fn queue(s: &Server, assignment: &str, members: &[&Value]) -> Value {
    let members: Vec<Value> = members.iter().map(|m| m["id"].clone()).collect();
    let body =
        json!({"company_id": s.company_id(), "name": format!("Queue {}", unique()), "assignment": assignment, "member_ids": members});
    s.post("/v1/service/queues", body).created()
}

#[track_caller]
pub fn entitlement(s: &Server, party: &Value, policy: &Value, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "party_id": party["id"], "name": "Contract", "sla_policy_id": policy["id"],
        "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
    s.post("/v1/service/entitlements", with(base, more)).created()
}

/// A message to a case, at the version it was last seen in.
#[track_caller]
pub fn say(c: &Client, case: &Value, more: Value) -> Value {
    let seen = c.get(&at("cases", case)).ok();
    c.act(&format!("{}/reply", at("cases", case)), &seen, with(json!({"body": "Hello"}), more)).ok()
}

/// Waits until an event of this kind was told of a case; how many there are then.
#[track_caller]
pub fn told(s: &Server, case: &Value, kind: &str) -> usize {
    let began = Instant::now();
    loop {
        let found = events(s, case).iter().filter(|k| *k == kind).count();
        if found > 0 {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{kind} is never told");
        std::thread::sleep(Duration::from_millis(50));
    }
}
