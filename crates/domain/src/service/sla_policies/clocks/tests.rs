//! Clocks of cases: G11 with its hold, re-targeting, warnings and breaches once.

use std::slice::from_ref;

use super::*;
use crate::ids::{CalendarId, SlaPolicyId, SlaPolicyVersionId};
use crate::kernel::Id;
use proptest::prelude::*;
use uuid::Uuid;

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}
fn office() -> Hours {
    let week = std::array::from_fn(|d| if d < 5 { vec![(9 * 60, 17 * 60)] } else { vec![] });
    Hours::new(chrono_tz::UTC, week, ["2026-05-25".parse().expect("a day")].into())
}
fn terms(hold_behaviour: HoldBehaviour) -> Terms {
    let nil = Uuid::nil();
    let version = SlaPolicyVersion {
        id: SlaPolicyVersionId::from_uuid(nil),
        sla_policy_id: SlaPolicyId::from_uuid(nil),
        terms_version: 1,
        calendar_id: CalendarId::from_uuid(nil),
        targets: vec![],
        hold_behaviour,
        warn_percent: 75,
        reopen_days: 7,
        created_at: DateTime::UNIX_EPOCH,
    };
    Terms { version, hours: office() }
}
fn hold(from: &str, to: Option<&str>) -> Pause {
    Pause { from: at(from), to: to.map(at), is_hold: true }
}
fn clock(milestone: SlaMilestone, pauses: &[Pause], terms: &Terms) -> SlaClock {
    let mut clock = SlaClock::new(milestone, 480, at("2026-05-22T16:00"));
    clock.set(pauses, terms).expect("in reach");
    clock
}

/// G11: due Tue 26 May 16:00; held Fri 16:30 to Tue 10:00, due Wed 27 May 09:30.
#[test]
fn a_hold_carries_what_remains() {
    let terms = terms(HoldBehaviour::PauseResolution);
    let free = clock(SlaMilestone::Resolution, &[], &terms);
    assert_eq!((free.due_at, free.warn_at), (Some(at("2026-05-26T16:00")), Some(at("2026-05-26T14:00"))));
    let held = clock(SlaMilestone::Resolution, &[hold("2026-05-22T16:30", None)], &terms);
    assert_eq!((held.due_at, held.warn_at, held.remaining_seconds), (None, None, Some(27_000)));
    let resumed = clock(SlaMilestone::Resolution, &[hold("2026-05-22T16:30", Some("2026-05-26T10:00"))], &terms);
    assert_eq!((resumed.due_at, resumed.remaining_seconds), (Some(at("2026-05-27T09:30")), None));
}

#[test]
fn a_hold_stops_the_resolution_alone_and_only_where_the_policy_says_so() {
    let pauses = [hold("2026-05-22T16:30", Some("2026-05-26T10:00"))];
    let first = clock(SlaMilestone::FirstResponse, &pauses, &terms(HoldBehaviour::PauseResolution));
    assert_eq!(first.due_at, Some(at("2026-05-26T16:00")));
    let running = clock(SlaMilestone::Resolution, &pauses, &terms(HoldBehaviour::KeepRunning));
    assert_eq!(running.due_at, Some(at("2026-05-26T16:00")));
    let resolved = [Pause { is_hold: false, ..pauses[0] }];
    let reopened = clock(SlaMilestone::Resolution, &resolved, &terms(HoldBehaviour::KeepRunning));
    assert_eq!(reopened.due_at, Some(at("2026-05-27T09:30")), "while it was resolved nothing counts");
}

#[test]
fn a_hold_after_the_deadline_moves_nothing() {
    let terms = terms(HoldBehaviour::PauseResolution);
    let late = clock(SlaMilestone::Resolution, &[hold("2026-05-26T16:00", None)], &terms);
    assert_eq!(late.due_at, Some(at("2026-05-26T16:00")));
}

#[test]
fn another_target_counts_from_the_beginning_and_keeps_what_has_passed() {
    let terms = terms(HoldBehaviour::PauseResolution);
    let pauses = [hold("2026-05-22T16:30", Some("2026-05-26T10:00"))];
    let mut clock = clock(SlaMilestone::Resolution, &pauses, &terms);
    for (minutes, due) in [(120, "2026-05-26T11:30"), (20, "2026-05-22T16:20"), (960, "2026-05-28T09:30")] {
        clock.target_minutes = minutes;
        clock.set(&pauses, &terms).expect("in reach");
        assert_eq!(clock.due_at, Some(at(due)), "{minutes} minutes");
    }
}

#[test]
fn warnings_and_breaches_are_raised_once_and_a_deadline_is_kept_at_its_moment() {
    let terms = terms(HoldBehaviour::PauseResolution);
    let fresh = clock(SlaMilestone::FirstResponse, &[], &terms);
    let mut c = fresh.clone();
    let mut told = Vec::new();
    for (time, next) in [
        ("2026-05-26T13:59", Some("2026-05-26T14:00")),
        ("2026-05-26T14:00", Some("2026-05-26T16:00")),
        ("2026-05-26T16:00", Some("2026-05-26T16:00")),
        ("2026-05-26T16:01", None),
        ("2026-05-27T16:01", None),
    ] {
        let before = c.clone();
        c.judge(at(time));
        told.extend(raised(&[before], from_ref(&c)).into_iter().map(|(verb, _)| (time, verb)));
        assert_eq!(c.next_look(), next.map(at), "{time}");
    }
    assert_eq!(told, [("2026-05-26T14:00", "sla_warned"), ("2026-05-26T16:01", "sla_breached")]);
    assert_eq!(state_of(from_ref(&c)), SlaState::Breached);
    c.complete(at("2026-05-28T10:00"));
    assert_eq!(raised(from_ref(&fresh), from_ref(&c)).len(), 2, "a breached clock is never met");

    let mut met = fresh.clone();
    met.complete(at("2026-05-26T16:00"));
    assert_eq!((state_of(from_ref(&met)), met.breached_at), (SlaState::Met, None));
    assert!(raised(from_ref(&fresh), &[met]).contains(&("sla_met", SlaMilestone::FirstResponse)));
    let mut late = fresh.clone();
    late.complete(at("2026-05-26T16:01"));
    assert_eq!(raised(&[fresh], &[late]), [("sla_breached", SlaMilestone::FirstResponse)], "raised by the answer when no clock was faster");
}

proptest! {
    #[test]
    fn what_has_passed_and_what_remains_are_the_target(start in 0i64..500_000, run in 0i64..500_000, pause in 1i64..500_000, target in 1i64..6000) {
        let begin = at("2026-05-18T00:00") + TimeDelta::seconds(start);
        let from = begin + TimeDelta::seconds(run);
        let target = TimeDelta::minutes(target);
        let (open, closed) = (Pause { from, to: None, is_hold: true }, Pause { from, to: Some(from + TimeDelta::seconds(pause)), is_hold: true });
        let by = office();
        let Due::At(end) = due(begin, target, &[closed], &by).expect("in reach") else { panic!("it goes on") };
        prop_assert_eq!(elapsed(begin, end, &[closed], &by), target);
        match due(begin, target, &[open], &by).expect("in reach") {
            Due::Paused(left) => prop_assert_eq!(elapsed(begin, from, &[], &by) + left, target),
            Due::At(end) => prop_assert!(end <= from),
        }
    }
}
