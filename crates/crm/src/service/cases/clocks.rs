//! The clocks of cases: the terms they go by, what is told when a clock raises something, and the timers that look at
//! what is due. Reading the service level raises nothing.

use chrono::TimeDelta;
use domain::ids::{CaseId, SlaPolicyId, SlaPolicyVersionId};
use domain::kernel::StringEnum;
use domain::platform::calendars::Calendar;
use domain::service::cases::messages::conversation;
use domain::service::cases::*;
use domain::service::sla_policies::SlaPolicy;
use domain::service::sla_policies::clocks::{SlaClock, Terms, elapsed, raised};
use persistence::service::{cases as rows, sla_policies};
use platform::prelude::*;

/// Cases that one turn of a timer takes; the rest come with the next.
pub(crate) const BATCH: i64 = 200;
/// Messages that a conversation is measured by at most.
const MOST_SAID: i64 = 1000;
/// Cases merged into one that are looked at.
pub(crate) const MOST_MERGED: i64 = 200;

/// The terms and hours of a version that a case began with.
pub(crate) fn terms(cx: &mut Cx, version: Option<SlaPolicyVersionId>) -> Result<Option<Terms>> {
    let Some(id) = version else { return Ok(None) };
    let version = sla_policies::version(cx.db(), id)?.ok_or(problems::internal)?;
    let hours = cx.find::<Calendar>(version.calendar_id)?.hours()?;
    Ok(Some(Terms { version, hours }))
}

/// The terms that a policy has now, for a case that begins.
pub(crate) fn terms_now(cx: &mut Cx, policy: SlaPolicyId) -> Result<Option<Terms>> {
    let latest = sla_policies::latest_version(cx.db(), policy)?;
    terms(cx, latest.map(|v| v.id))
}

/// Stores a changed case, tells what happened and what its clocks raised. That it was opened again is told whoever did it.
pub(crate) fn save(cx: &mut Cx, before: &Case, after: Case, verb: &str) -> Result<Case> {
    let after = cx.save(before, after, verb)?;
    if after.reopen_count > before.reopen_count && verb != "reopened" {
        cx.emit(Event::change("reopened", before, &after));
    }
    tell_raised(cx, before, &after);
    Ok(after)
}

fn tell_raised(cx: &mut Cx, before: &Case, after: &Case) {
    for (verb, milestone) in raised(&before.clocks, &after.clocks) {
        let mut event = Event::of(verb, after);
        if let Some(data) = event.data.as_object_mut() {
            data.insert("milestone".into(), milestone.as_str().into());
        }
        cx.emit(event);
    }
}

/// Cases of which something is due.
pub fn to_look_at(cx: &mut Cx, limit: i64) -> Result<Vec<CaseId>> {
    let now = cx.now;
    Ok(rows::to_look_at(cx.db(), now, limit)?)
}

/// Raises what is due. A case is locked, looked at and stored in one transaction, so that each warning and breach is
/// raised once, whoever else changes the case.
pub fn look(cx: &mut Cx, id: CaseId) -> Result<()> {
    let before = cx.load_for_update::<Case>(id)?;
    let after = before.clone().looked_at(cx.now);
    if raised(&before.clocks, &after.clocks).is_empty() {
        return Ok(());
    }
    let mut after = Case { updated_at: cx.now, ..after };
    after.bump(cx.now);
    if !persistence::record::update_changed(cx.db(), &before, &after, before.version)? {
        return Err(persistence::RETRY.with("Somebody else changed it at the same time."));
    }
    tell_raised(cx, &before, &after);
    Ok(())
}

/// Cases that were resolved and can no longer be reopened.
pub fn to_close(cx: &mut Cx, limit: i64) -> Result<Vec<CaseId>> {
    let now = cx.now;
    Ok(rows::to_close(cx.db(), now, limit)?)
}

/// Closes what was resolved and can no longer be reopened.
pub fn close(cx: &mut Cx, id: CaseId) -> Result<()> {
    let before = cx.load_for_update::<Case>(id)?;
    if before.status == CaseStatus::Resolved && !before.can_be_reopened(cx.now) {
        let after = before.clone().close(cx.now)?;
        save(cx, &before, after, "closed")?;
    }
    Ok(())
}

/// The service level of a case, measured now.
pub(crate) fn sla(cx: &mut Cx, id: CaseId, _: NoFilter) -> Result<CaseSla> {
    let case = cx.find::<Case>(id)?;
    measured(cx, &case)
}

pub(crate) fn measured(cx: &mut Cx, case: &Case) -> Result<CaseSla> {
    let mut merged = rows::merged_into(cx.db(), case.id, MOST_MERGED)?;
    merged.push(case.id);
    let said = rows::said(cx.db(), &merged, MOST_SAID)?;
    let said: Vec<_> = said.into_iter().map(|(at, author)| (at, author == "customer")).collect();
    let conversation = conversation(&said, case.resolved_at);
    let (mut shown, mut clocks) = (None, Vec::new());
    if let Some(version) = case.sla_policy_version_id {
        let version = sla_policies::version(cx.db(), version)?.ok_or(problems::internal)?;
        let calendar = cx.find::<Calendar>(version.calendar_id)?;
        let policy = cx.find::<SlaPolicy>(version.sla_policy_id)?;
        shown = Some(CaseTerms {
            sla_policy_id: policy.id,
            name: policy.name,
            terms_version: version.terms_version,
            calendar_id: calendar.id,
            time_zone: calendar.time_zone.clone(),
            hold_behaviour: version.hold_behaviour,
        });
        let terms = Terms { version, hours: calendar.hours()? };
        clocks = case.clocks.iter().map(|c| measure(c, case, &terms, cx.now)).collect();
    }
    Ok(CaseSla {
        case_id: case.id,
        measured_at: cx.now,
        sla_state: case.sla_state,
        terms: shown,
        clocks,
        average_response_seconds: conversation.average_response_seconds,
        resolution_seconds: conversation.resolution_seconds,
        handling_seconds: conversation.handling_seconds,
    })
}

fn measure(clock: &SlaClock, case: &Case, terms: &Terms, now: chrono::DateTime<chrono::Utc>) -> MeasuredClock {
    let until = clock.completed_at.unwrap_or(now);
    let passed = elapsed(clock.started_at, until, &clock.pauses(&case.pauses, terms), &terms.hours);
    let left = TimeDelta::minutes(clock.target_minutes.into()) - passed;
    MeasuredClock {
        milestone: clock.milestone,
        target_minutes: clock.target_minutes,
        started_at: clock.started_at,
        due_at: clock.due_at,
        completed_at: clock.completed_at,
        elapsed_seconds: passed.num_seconds(),
        remaining_seconds: left.num_seconds(),
        is_paused: clock.is_running() && clock.due_at.is_none(),
        is_overdue: clock.is_running() && clock.due_at.is_some_and(|due| due < now),
        warned_at: clock.warned_at,
        breached_at: clock.breached_at,
    }
}
