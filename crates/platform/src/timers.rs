//! What happens by the clock and not by a request: breaches, expiries, snapshots, sweeps. An area declares it in its
//! operations: `t.every("crm.quotes.expire", TimeDelta::minutes(1), expire)`. However many replicas there are, one of them
//! runs it, once a period, in one transaction in which the claim on the period is kept too: what fails is tried again, and
//! what was done was done once. Time is the application's clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use persistence::platform::settings;

use crate::prelude::*;

/// How the ids of the turns of timers begin.
pub(crate) const TURN: &str = "timer:";

/// What is done once a period. It must be bounded: take a batch of what is due, the rest comes with the next period.
pub type Tick = fn(&mut Cx) -> Result<()>;

/// A tick that failed is tried again after this time.
const AGAIN: Duration = Duration::from_secs(5);

/// Something that happens by the clock.
pub(crate) struct Timer {
    pub name: &'static str,
    pub period: TimeDelta,
    pub tick: Tick,
}

/// What this process remembers of the timers, so that an idle one asks the database nothing.
#[derive(Default)]
pub(crate) struct Memory {
    /// When each was last run or found to have been run elsewhere.
    seen: HashMap<&'static str, DateTime<Utc>>,
    failed: HashMap<&'static str, Instant>,
}

impl Timer {
    fn is_due(&self, memory: &Memory, now: DateTime<Utc>) -> bool {
        let rested = memory.failed.get(self.name).is_none_or(|at| at.elapsed() >= AGAIN);
        // a clock that was set back must not silence a timer until it catches up
        rested && memory.seen.get(self.name).is_none_or(|&seen| seen > now || seen + self.period <= now)
    }
}

/// Runs what is due.
pub(crate) fn run(app: &Arc<App>, memory: &mut Memory) {
    for timer in &app.table.timers {
        let now = app.clock.now();
        if !timer.is_due(memory, now) {
            continue;
        }
        let (name, period, tick) = (timer.name, timer.period, timer.tick);
        let done = app.write(&Arc::new(Caller::system()), move |cx| {
            let elsewhere = settings::claim_turn(cx.db(), &format!("{TURN}{name}"), now, period)?;
            if elsewhere.is_none() {
                tick(cx)?;
            }
            Ok(elsewhere.unwrap_or(now))
        });
        match done {
            Ok(last) => {
                memory.seen.insert(name, last);
                memory.failed.remove(name);
            }
            Err(p) => {
                if memory.failed.insert(name, Instant::now()).is_none() {
                    log::warn!("the timer {name} is tried again: {p}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_timer_is_due_at_first_then_once_a_period_and_when_the_clock_was_set_back() {
        let timer = Timer { name: "t", period: TimeDelta::minutes(5), tick: |_| Ok(()) };
        let mut memory = Memory::default();
        assert!(timer.is_due(&memory, at(10)), "never run");
        memory.seen.insert("t", at(10));
        for (now, due) in [(10, false), (14, false), (15, true), (99, true), (9, true)] {
            assert_eq!(timer.is_due(&memory, at(now)), due, "at minute {now}");
        }
        memory.failed.insert("t", Instant::now());
        assert!(!timer.is_due(&memory, at(15)), "a failure rests for a while");
    }
}
