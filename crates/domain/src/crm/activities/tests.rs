//! The rules of activities, walked through.

use super::*;
use crate::kernel::Id;
use chrono::Duration;
use serde_json::json;
use uuid::Uuid;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000, 0).expect("a time")
}

fn build(change: serde_json::Value) -> Result<Activity> {
    let mut body = json!({"company_id": id::<CompanyId>(1), "kind": "task", "subject": " Call ", "regarding_id": id::<PartyId>(1)});
    if let (Some(body), Some(change)) = (body.as_object_mut(), change.as_object()) {
        body.extend(change.clone());
    }
    let about = Regarded { kind: "party", company: None, party: Some(id(1)) };
    Activity::new(id(1), serde_json::from_value(body).expect("a body"), &about, "Europe/Berlin", now())
}

fn task() -> Activity {
    build(json!({"due_at": now() + Duration::hours(1)})).expect("a task")
}

fn at(hours: i64) -> RescheduleActivity {
    RescheduleActivity { due_at: now() + Duration::hours(hours), time_zone: None }
}

#[test]
fn an_id_says_what_it_is_about() {
    assert_eq!(regardable(&id::<PartyId>(1).to_string()).expect("a party"), "party");
    for bad in ["usr_00000000000000000000000001", "pty_1", "nonsense", ""] {
        assert_eq!(regardable(bad).expect_err(bad).code(), NOT_REGARDABLE);
    }
}

#[test]
fn each_state_allows_exactly_what_it_says() {
    for &status in ActivityStatus::ALL {
        let a = match status {
            ActivityStatus::Planned => task(),
            ActivityStatus::InProgress => task().start(now()).expect("begun"),
            ActivityStatus::Done => task().complete(CompleteActivity::default(), now()).expect("done"),
            ActivityStatus::Cancelled => task().cancel(now()).expect("cancelled"),
        };
        assert_eq!(a.status, status);
        let tries = [
            ("start", a.clone().start(now())),
            ("complete", a.clone().complete(CompleteActivity::default(), now())),
            ("cancel", a.clone().cancel(now())),
            ("reschedule", a.clone().reschedule(at(5), now())),
        ];
        for (verb, result) in tries {
            assert_eq!(result.is_ok(), status.actions().contains(&verb), "{verb} when {status}");
        }
        assert_eq!(a.clone().change(ActivityPatch::default(), now()).is_ok(), status.is_open());
        assert_eq!(a.must_be_removable().is_ok(), status != ActivityStatus::Done);
    }
}

#[test]
fn overdue_is_a_matter_of_the_moment() {
    assert!(!task().is_overdue);
    let later = now() + Duration::hours(2);
    assert!(task().seen_at(later).is_overdue);
    assert!(!task().seen_at(now() + Duration::hours(1)).is_overdue, "due now is not overdue");
    assert!(!task().reschedule(at(3), now()).expect("moved").seen_at(later).is_overdue);
    assert!(!task().complete(CompleteActivity::default(), later).expect("done").seen_at(later).is_overdue);
    assert!(!build(json!({})).expect("without a time").seen_at(later).is_overdue);
}

#[test]
fn only_a_later_time_is_a_postponement() {
    let a = task().reschedule(at(0), now()).expect("moved").reschedule(at(9), now()).expect("moved");
    assert_eq!(a.postponements, 1);
}

#[test]
fn notes_and_finished_calls_are_done_at_once() {
    let note = build(json!({"kind": "note"})).expect("a note");
    assert_eq!((note.status, note.completed_at), (ActivityStatus::Done, Some(now())));
    assert!(note.clone().change(ActivityPatch { subject: Some("Better".into()), ..Default::default() }, now()).is_ok());
    assert!(note.must_be_removable().is_ok());
    let call = build(json!({"kind": "call", "completed_at": now() - Duration::hours(3), "outcome": " busy "})).expect("a call");
    assert_eq!((call.status, call.outcome.as_deref()), (ActivityStatus::Done, Some("busy")));
}

#[test]
fn what_makes_no_activity_is_refused() {
    let code = |v| build(v).expect_err("refused").code();
    assert_eq!(code(json!({"kind": "note", "due_at": now()})), NOTE_WITHOUT_TIME);
    assert_eq!(code(json!({"completed_at": now() + Duration::seconds(1)})), NOT_YET);
    assert_eq!(code(json!({"time_zone": "Nowhere/None"})), UNKNOWN_TIME_ZONE);
    assert_eq!(code(json!({"participants": [{}]})), WRONG_PARTICIPANT);
    assert_eq!(code(json!({"participants": [{"email": "x"}]})), emails::INVALID_EMAIL);
    assert_eq!(code(json!({"subject": " "})), problems::invalid_body);
    let about = Regarded { kind: "lead", company: Some(id(2)), party: None };
    let new = json!({"company_id": id::<CompanyId>(1), "kind": "task", "subject": "x", "regarding_id": "x"});
    let other = Activity::new(id(1), serde_json::from_value(new).expect("a body"), &about, "UTC", now());
    assert_eq!(other.expect_err("refused").code(), OTHER_COMPANY);
}

#[test]
fn times_are_understood_with_their_offset() {
    let a = build(json!({"due_at": "2026-05-01T09:00:00+02:00"})).expect("a task");
    assert_eq!(a.due_at.map(|d| d.to_rfc3339()), Some("2026-05-01T07:00:00+00:00".to_string()));
    assert!(serde_json::from_value::<RescheduleActivity>(json!({"due_at": "2026-05-01T09:00:00"})).is_err(), "a time without offset");
}
