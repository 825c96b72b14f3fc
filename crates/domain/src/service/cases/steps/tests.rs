//! The way of a case and what its clocks make of it.

use super::*;
use crate::ids::{CalendarId, CompanyId, SlaPolicyId, SlaPolicyVersionId};
use crate::kernel::Id;
use crate::platform::business_time::Hours;
use crate::service::sla_policies::{HoldBehaviour, SlaPolicyVersion};
use serde_json::json;
use uuid::Uuid;

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-05-{text}:00Z").parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}
fn terms() -> Terms {
    let nil = Uuid::nil();
    let target = |priority, first, next, resolution| SlaTarget {
        priority,
        first_response_minutes: Some(first),
        next_response_minutes: Some(next),
        resolution_minutes: Some(resolution),
    };
    let version = SlaPolicyVersion {
        id: SlaPolicyVersionId::from_uuid(nil),
        sla_policy_id: SlaPolicyId::from_uuid(nil),
        terms_version: 1,
        calendar_id: CalendarId::from_uuid(nil),
        targets: vec![target(CasePriority::Normal, 240, 240, 480), target(CasePriority::Urgent, 30, 30, 120)],
        hold_behaviour: HoldBehaviour::PauseResolution,
        warn_percent: 75,
        reopen_days: 7,
        created_at: DateTime::UNIX_EPOCH,
    };
    let week = std::array::from_fn(|d| if d < 5 { vec![(9 * 60, 17 * 60)] } else { vec![] });
    Terms { version, hours: Hours::new(chrono_tz::UTC, week, ["2026-05-25".parse().expect("a day")].into()) }
}
fn case(now: &str) -> Case {
    let new: NewCase =
        serde_json::from_value(json!({"company_id": CompanyId::from_uuid(Uuid::nil()), "subject": "Leaks"})).expect("readable");
    Case::new(CaseId::from_uuid(Uuid::from_u128(1)), &new, at(now)).and_then(|c| c.under(Some(&terms()))).expect("made")
}
fn says(more: serde_json::Value) -> ReplyToCase {
    let mut body = json!({"body": "Hello"});
    body.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
    serde_json::from_value(body).expect("readable")
}

#[test]
fn priority_follows_from_impact_and_urgency() {
    use CaseImpact as I;
    use CaseUrgency as U;
    for (impact, urgency, priority) in [
        (I::High, U::High, CasePriority::Urgent),
        (I::High, U::Medium, CasePriority::High),
        (I::Medium, U::High, CasePriority::High),
        (I::Medium, U::Medium, CasePriority::Normal),
        (I::Low, U::High, CasePriority::Normal),
        (I::High, U::Low, CasePriority::Normal),
        (I::Low, U::Medium, CasePriority::Low),
        (I::Low, U::Low, CasePriority::Low),
    ] {
        assert_eq!(priority_of(impact, urgency), priority, "{impact} and {urgency}");
    }
}

/// G11 along the whole way of a case.
#[test]
fn a_hold_pauses_the_resolution_and_carries_what_remains() {
    let terms = terms();
    let case = case("22T16:00");
    assert_eq!((case.resolution_due_at, case.first_response_due_at), (Some(at("26T16:00")), Some(at("26T12:00"))));
    let open = case.agent_wrote(&says(json!({})), at("22T16:10")).expect("answered");
    assert_eq!((open.status, open.first_response_at, open.first_response_due_at), (CaseStatus::Open, Some(at("22T16:10")), None));
    let held = open.hold(HoldCase { reason: None }, Some(&terms), at("22T16:30")).expect("held");
    assert_eq!((held.resolution_due_at, held.sla_look_at), (None, None));
    let resumed = held.resume(Some(&terms), at("26T10:00")).expect("resumed");
    assert_eq!(resumed.resolution_due_at, Some(at("27T09:30")));
}

#[test]
fn only_a_public_answer_of_an_agent_is_a_response() {
    let noted = case("22T16:00").agent_wrote(&says(json!({"visibility": "internal"})), at("22T16:10")).expect("noted");
    assert_eq!((noted.status, noted.first_response_at), (CaseStatus::New, None));
    let written = noted.customer_wrote(Some(&terms()), at("22T16:20")).expect("written").expect("open");
    assert_eq!((written.first_response_at, written.next_response_due_at), (None, None), "the first response still runs");
    let answered = written.agent_wrote(&says(json!({})), at("22T16:30")).expect("answered");
    assert_eq!(answered.sla_state, SlaState::OnTrack);
    let asked = answered.customer_wrote(Some(&terms()), at("22T16:40")).expect("written").expect("open");
    assert_eq!(asked.next_response_due_at, Some(at("26T12:40")), "a later question has a clock of its own");
    let again = asked.customer_wrote(Some(&terms()), at("22T16:50")).expect("written").expect("open");
    assert_eq!(again.next_response_due_at, Some(at("26T12:40")), "which runs from the first that is not answered");
}

#[test]
fn another_priority_counts_from_the_creation() {
    let patch: CasePatch = serde_json::from_value(json!({"impact": "high", "urgency": "high"})).expect("readable");
    let before = case("22T16:00");
    let urgent = before.clone().change(patch, Some(&terms()), at("22T16:45")).expect("changed");
    assert_eq!((urgent.priority, urgent.resolution_due_at), (CasePriority::Urgent, Some(at("26T10:00"))));
    assert_eq!(urgent.first_response_due_at, Some(at("22T16:30")), "that was a quarter of an hour ago");
    let looked = urgent.clone().looked_at(at("22T16:46"));
    assert_eq!(raised(&urgent.clocks, &looked.clocks), [("sla_breached", SlaMilestone::FirstResponse)]);
    let low: CasePatch = serde_json::from_value(json!({"impact": "low", "urgency": "low"})).expect("readable");
    let none = before.change(low, Some(&terms()), at("22T16:45")).expect("changed");
    assert_eq!((none.clocks.len(), none.sla_state), (0, SlaState::None), "the policy promises nothing for it");
}

#[test]
fn a_reopened_case_goes_on_with_what_remained() {
    let terms = terms();
    let how = ResolveCase { resolution: "Done".into() };
    let silent = case("22T16:00").resolve(&how, Some(&terms), at("22T16:30")).expect("resolved");
    assert_eq!(silent.first_response_due_at, Some(at("26T12:00")), "a resolution is no answer");
    assert_eq!(silent.close(at("22T16:40")).expect("closed").sla_look_at, None, "but nothing is owed when it is over");
    let answered = case("22T16:00").agent_wrote(&says(json!({})), at("22T16:10")).expect("answered");
    let resolved = answered.resolve(&how, Some(&terms), at("22T16:30")).expect("resolved");
    assert_eq!((resolved.sla_state, resolved.sla_look_at), (SlaState::Met, None));
    let reopened = resolved.clone().customer_wrote(Some(&terms), at("26T10:00")).expect("written").expect("in the window");
    assert_eq!((reopened.status, reopened.resolution_due_at, reopened.reopen_count), (CaseStatus::Open, Some(at("27T09:30")), 1));
    let closed = resolved.close(at("23T10:00")).expect("closed");
    assert!(closed.clone().reopen(Some(&terms), at("29T16:30")).is_ok(), "the last moment of the window");
    assert_eq!(closed.clone().reopen(Some(&terms), at("29T16:31")).expect_err("too late").code(), REOPEN_WINDOW_OVER);
    assert_eq!(closed.customer_wrote(Some(&terms), at("29T16:31")).expect("readable"), None, "a new case follows");
}

#[test]
fn a_merged_case_is_over_and_raises_nothing_more() {
    let (source, target) = (case("22T16:00"), Case { id: CaseId::from_uuid(Uuid::from_u128(2)), ..case("22T16:00") });
    let merged = source.clone().merge(&target, at("22T16:30")).expect("merged");
    assert_eq!((merged.status, merged.merged_into_id, merged.clocks.len()), (CaseStatus::Closed, Some(target.id), 0));
    assert_eq!(merged.clone().customer_wrote(None, at("22T16:40")).expect_err("merged").code(), MERGED);
    assert_eq!(merged.clone().merge(&target, at("22T16:40")).expect_err("twice").code(), MERGED);
    assert_eq!(target.clone().merge(&merged, at("22T16:40")).expect_err("gone").code(), MERGED_INTO_CLOSED);
    assert_eq!(source.clone().merge(&source, at("22T16:40")).expect_err("itself").code(), MERGED_INTO_ITSELF);
    let foreign = Case { company_id: CompanyId::from_uuid(Uuid::from_u128(9)), ..target };
    assert_eq!(source.merge(&foreign, at("22T16:40")).expect_err("foreign").code(), MERGED_ACROSS_PARTIES);
}

#[test]
fn each_state_allows_exactly_what_it_says() {
    let terms = terms();
    let now = at("26T10:00");
    let how = ResolveCase { resolution: "Done".into() };
    let fresh = case("22T16:00");
    let open = fresh.clone().assign(None, Some(UserId::from_uuid(Uuid::nil())), now).expect("open");
    let held = open.clone().hold(HoldCase { reason: None }, Some(&terms), now).expect("held");
    let resolved = open.clone().resolve(&how, Some(&terms), now).expect("resolved");
    let closed = resolved.clone().close(now).expect("closed");
    for case in [fresh, open, held, resolved, closed] {
        let tries: [(&str, bool); 7] = [
            ("assign", case.clone().assign(None, None, now).is_ok()),
            ("hold", case.clone().hold(HoldCase { reason: None }, Some(&terms), now).is_ok()),
            ("resume", case.clone().resume(Some(&terms), now).is_ok()),
            ("resolve", case.clone().resolve(&how, Some(&terms), now).is_ok()),
            ("close", case.clone().close(now).is_ok()),
            ("reopen", case.clone().reopen(Some(&terms), now).is_ok()),
            ("escalate", case.clone().escalate(now).is_ok()),
        ];
        for (verb, did) in tries {
            assert_eq!(did, case.actions().contains(&verb), "{verb} when {}", case.status);
        }
    }
}
