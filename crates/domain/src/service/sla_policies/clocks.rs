//! The clocks of a case: when it is to be answered and resolved in working time, how a hold carries what remains, and
//! which warnings and breaches are to be raised. Everything follows from when a clock began, its target and the pauses,
//! so that a changed priority and a resumed hold are computed in the same way.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{HoldBehaviour, SlaPolicyVersion};
use crate::kernel::Result;
use crate::platform::business_time::{Hours, add_business, business_between};

crate::string_enum! {
    /// What a clock runs for.
    pub enum SlaMilestone {
        /// The first public answer of an agent.
        FirstResponse = "first_response",
        /// The answer to a later message of the customer.
        NextResponse = "next_response",
        /// The resolution.
        Resolution = "resolution",
    }
    /// The state of a case against its service level.
    pub enum SlaState {
        /// There is no target.
        None = "none",
        /// Nothing was warned of.
        OnTrack = "on_track",
        /// A target was warned of and not missed so far.
        AtRisk = "at_risk",
        /// A target was missed.
        Breached = "breached",
        /// All targets were met.
        Met = "met",
    }
}

/// A clock of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SlaClock {
    /// What it runs for.
    pub milestone: SlaMilestone,
    /// Working time until it is due, in minutes.
    #[schema(minimum = 1)]
    pub target_minutes: i32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it is due; null while the clock is paused.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
    /// When the warning is due; null while the clock is paused.
    #[schema(required)]
    pub warn_at: Option<DateTime<Utc>>,
    /// Remaining working time, in seconds, while the clock is paused.
    #[schema(required, minimum = 0)]
    pub remaining_seconds: Option<i64>,
    /// When it was stopped for good.
    #[schema(required)]
    pub completed_at: Option<DateTime<Utc>>,
    /// When it was warned of.
    #[schema(required)]
    pub warned_at: Option<DateTime<Utc>>,
    /// When its breach was raised.
    #[schema(required)]
    pub breached_at: Option<DateTime<Utc>>,
}

/// A time in which the clock of the resolution stands still.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    pub from: DateTime<Utc>,
    /// `None` while it lasts.
    pub to: Option<DateTime<Utc>>,
    /// A hold, which a policy may let run; else the time between a resolution and a reopening, which never counts.
    pub is_hold: bool,
}

/// Missed answers that a case shows at most; the oldest go first. That it missed one stays.
pub const MOST_MISSED: usize = 20;

/// The terms a case began with, and the hours they count by.
#[derive(Debug, Clone)]
pub struct Terms {
    pub version: SlaPolicyVersion,
    pub hours: Hours,
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Due {
    At(DateTime<Utc>),
    /// It stands still and this much working time remains.
    Paused(TimeDelta),
}

/// When `target` of working time after `start` has passed, pauses left out: after each pause it is
/// `add_business(resume, remaining)`. `pauses` are in order and do not overlap; only the last may be open.
///
/// # Errors
/// The calendar has too little working time.
pub fn due(start: DateTime<Utc>, target: TimeDelta, pauses: &[Pause], hours: &Hours) -> Result<Due> {
    let (mut from, mut left) = (start, target);
    for pause in pauses {
        let run = business_between(from, pause.from, hours);
        if left <= run {
            break;
        }
        left -= run;
        match pause.to {
            None => return Ok(Due::Paused(left)),
            Some(to) => from = from.max(to),
        }
    }
    add_business(from, left, hours).map(Due::At)
}

/// Working time from `start` to `until`, pauses left out.
pub fn elapsed(start: DateTime<Utc>, until: DateTime<Utc>, pauses: &[Pause], hours: &Hours) -> TimeDelta {
    let (mut from, mut sum) = (start, TimeDelta::zero());
    for pause in pauses.iter().filter(|p| p.from < until) {
        sum += business_between(from, pause.from, hours);
        from = from.max(pause.to.unwrap_or(until));
    }
    sum + business_between(from, until, hours)
}

impl SlaClock {
    /// A clock that begins. It still has to be set.
    pub fn new(milestone: SlaMilestone, target_minutes: i32, started_at: DateTime<Utc>) -> Self {
        Self {
            milestone,
            target_minutes,
            started_at,
            due_at: None,
            warn_at: None,
            remaining_seconds: None,
            completed_at: None,
            warned_at: None,
            breached_at: None,
        }
    }
    /// The pauses that stop this clock: those of the resolution alone, and holds only where the policy says so.
    pub fn pauses(&self, all: &[Pause], terms: &Terms) -> Vec<Pause> {
        let holds = terms.version.hold_behaviour == HoldBehaviour::PauseResolution;
        let counts = |p: &&Pause| self.milestone == SlaMilestone::Resolution && (holds || !p.is_hold);
        all.iter().filter(counts).copied().collect()
    }
    /// Computes when it is due and warned of.
    pub fn set(&mut self, all: &[Pause], terms: &Terms) -> Result<()> {
        let pauses = self.pauses(all, terms);
        let target = TimeDelta::minutes(self.target_minutes.into());
        let warn = TimeDelta::seconds(i64::from(self.target_minutes) * 60 * i64::from(terms.version.warn_percent) / 100);
        (self.due_at, self.remaining_seconds) = match due(self.started_at, target, &pauses, &terms.hours)? {
            Due::At(at) => (Some(at), None),
            Due::Paused(left) => (None, Some(left.num_seconds())),
        };
        self.warn_at = match due(self.started_at, warn, &pauses, &terms.hours)? {
            Due::At(at) if self.due_at.is_some() => Some(at),
            _ => None,
        };
        Ok(())
    }
    pub fn is_running(&self) -> bool {
        self.completed_at.is_none()
    }
    /// Whether its breach was raised: that stays, whatever changes afterwards.
    pub fn is_missed(&self) -> bool {
        self.breached_at.is_some()
    }
    /// Stops it for good, on time or not.
    pub fn complete(&mut self, now: DateTime<Utc>) {
        if self.is_running() {
            self.judge(now);
            self.completed_at = Some(now);
        }
    }
    /// Raises what is to be raised at this time, each once. A deadline is kept at its very moment.
    pub fn judge(&mut self, now: DateTime<Utc>) {
        if !self.is_running() || self.breached_at.is_some() {
            return;
        }
        if self.due_at.is_some_and(|due| due < now) {
            self.breached_at = Some(now);
        } else if self.warned_at.is_none() && self.warn_at.is_some_and(|warn| warn <= now) {
            self.warned_at = Some(now);
        }
    }
    /// When it has to be looked at next; `None` when nothing more can be raised.
    pub fn next_look(&self) -> Option<DateTime<Utc>> {
        if !self.is_running() || self.breached_at.is_some() {
            return None;
        }
        if self.warned_at.is_none() { self.warn_at.or(self.due_at) } else { self.due_at }
    }
    fn state(&self) -> SlaState {
        match (self.breached_at, self.completed_at, self.warned_at) {
            (Some(_), _, _) => SlaState::Breached,
            (None, Some(_), _) => SlaState::Met,
            (None, None, Some(_)) => SlaState::AtRisk,
            (None, None, None) => SlaState::OnTrack,
        }
    }
}

/// How a case with these clocks stands: the worst of them; `met` only when all have stopped in time.
pub fn state_of(clocks: &[SlaClock]) -> SlaState {
    let has = |state| clocks.iter().any(|c| c.state() == state);
    match clocks {
        [] => SlaState::None,
        _ if has(SlaState::Breached) => SlaState::Breached,
        _ if has(SlaState::AtRisk) => SlaState::AtRisk,
        _ if has(SlaState::OnTrack) => SlaState::OnTrack,
        _ => SlaState::Met,
    }
}

/// What was raised between two states of the clocks: the verb of the event and the milestone. A next response has one
/// clock after another; each is told apart by its beginning.
pub fn raised(before: &[SlaClock], after: &[SlaClock]) -> Vec<(&'static str, SlaMilestone)> {
    let mut out = Vec::new();
    for clock in after {
        let old = before.iter().find(|b| b.milestone == clock.milestone && b.started_at == clock.started_at);
        let new = |f: fn(&SlaClock) -> bool| f(clock) && !old.is_some_and(f);
        if new(|c| c.warned_at.is_some()) {
            out.push(("sla_warned", clock.milestone));
        }
        if new(|c| c.breached_at.is_some()) {
            out.push(("sla_breached", clock.milestone));
        }
        if new(|c| c.completed_at.is_some() && c.breached_at.is_none()) {
            out.push(("sla_met", clock.milestone));
        }
    }
    out
}

#[cfg(test)]
mod tests;
