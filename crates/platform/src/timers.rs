//! What happens by the clock and not by a request: breaches, expiries, snapshots, sweeps. An area declares it in its
//! operations:
//!
//! - `t.every(name, period, f)`: one short transaction, in which the claim on the period is kept too.
//! - `t.each(name, period, limit, find, f)`: `find` reads what is due outside of any write; then `f` is done for each of them
//!   in a savepoint of its own, some to a transaction, so that nothing holds the writer long. One that fails, or panics, is
//!   written down (`timer_failures`) and comes again later; the others go on.
//! - `t.each_outside(…)`: the same, but `f` opens its transactions itself.
//! - `t.parts(name, period, f)`: `f` is repeated in transactions of its own while it says that there is more.
//!
//! However many replicas there are, one of them runs it, once a period. The period is measured by the database's clock; what
//! `cx.now` says in it is the application's. A panic ends the run and nothing else.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::kernel::{Failure, Problem};
use persistence::platform::{settings, timer_failures as failures};

use crate::prelude::*;

/// How the ids of the turns of timers begin.
pub(crate) const TURN: &str = "timer:";

/// What is done once a period. It must be bounded: take a batch of what is due, the rest comes with the next period.
pub type Tick = fn(&mut Cx) -> Result<()>;

/// A tick that failed is tried again after this time.
const AGAIN: Duration = Duration::from_secs(5);
/// Subjects that share a transaction.
const PART: usize = 20;
/// A run ends after this time, whatever is left: the rest comes with the next period.
const LONGEST: Duration = Duration::from_secs(30);

type Find = Box<dyn Fn(&mut Cx, i64) -> Result<Vec<String>> + Send + Sync>;
type Inside = Arc<dyn Fn(&mut Cx, &str) -> Result<()> + Send + Sync>;
type Outside = Box<dyn Fn(&Arc<App>, &str) -> Result<()> + Send + Sync>;

/// How a timer does its work.
pub(crate) enum How {
    Once(Tick),
    Parts(fn(&mut Cx) -> Result<bool>),
    Each { limit: i64, find: Find, one: Inside },
    EachOutside { limit: i64, find: Find, one: Outside },
}

/// What is done for one thing that is due, in transactions of its own.
pub type OneOutside<I> = fn(&Arc<App>, I) -> Result<()>;

/// Something that happens by the clock.
pub(crate) struct Timer {
    pub name: &'static str,
    pub period: TimeDelta,
    pub how: How,
}

/// An id as its failures name it.
pub(crate) fn subjects<I: ToString>(ids: Vec<I>) -> Vec<String> {
    ids.iter().map(I::to_string).collect()
}

/// The id that a subject names.
pub(crate) fn id_of<I: std::str::FromStr>(subject: &str) -> Result<I> {
    subject.parse().map_err(|_| problems::internal.with(format!("{subject} is no id")))
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
    /// Runs it, unless another replica did; the moment from which its period counts.
    fn run(&self, app: &Arc<App>) -> Result<DateTime<Utc>> {
        let (name, period) = (self.name, self.period);
        let tick = match &self.how {
            How::Once(tick) => Some(*tick),
            _ => None,
        };
        let (elsewhere, now) = app.write(&Arc::new(Caller::system()), move |cx| {
            let now = clock(cx)?;
            let elsewhere = settings::claim_turn(cx.db(), &format!("{TURN}{name}"), now, period)?;
            if let (None, Some(tick)) = (elsewhere, tick) {
                tick(cx)?;
            }
            Ok((elsewhere, now))
        })?;
        if elsewhere.is_none() {
            match &self.how {
                How::Once(_) => {}
                How::Parts(part) => repeat(app, *part)?,
                How::Each { limit, find, one } => self.each(app, *limit, find, |due| inside(app, name, due, one))?,
                How::EachOutside { limit, find, one } => self.each(app, *limit, find, |due| outside(app, name, due, one))?,
            }
        }
        Ok(elsewhere.unwrap_or(now))
    }
    /// Finds what is due and does it. What failed is left out until its time comes.
    fn each(&self, app: &Arc<App>, limit: i64, find: &Find, work: impl FnOnce(&[Due]) -> Result<()>) -> Result<()> {
        let name = self.name;
        let due = app.read(&Arc::new(Caller::system()), |cx| {
            let now = cx.now;
            let (mut waiting, mut again) = (HashSet::new(), HashSet::new());
            for failure in failures::of_timer(cx.db(), name)? {
                if failure.retry_at > now {
                    waiting.insert(failure.subject)
                } else {
                    again.insert(failure.subject)
                };
            }
            let found = find(cx, limit + waiting.len() as i64)?;
            let left = found.into_iter().filter(|s| !waiting.contains(s)).take(limit.max(0) as usize);
            Ok(left.map(|subject| Due { failed_before: again.contains(&subject), subject }).collect::<Vec<_>>())
        })?;
        work(&due)
    }
}

/// Something that is due.
#[derive(Clone)]
struct Due {
    subject: String,
    failed_before: bool,
}

/// The time by which periods are measured.
fn clock(cx: &mut Cx) -> Result<DateTime<Utc>> {
    match cx.app().clock.stopped() {
        Some(stopped) => Ok(stopped),
        None => Ok(persistence::now(cx.db())?),
    }
}

fn repeat(app: &Arc<App>, part: fn(&mut Cx) -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while app.write(&Arc::new(Caller::system()), part)? && began.elapsed() < LONGEST {}
    Ok(())
}

/// Some to a transaction, each in a savepoint with the reactions to it. Where a whole transaction fails, each is tried alone.
fn inside(app: &Arc<App>, name: &'static str, due: &[Due], one: &Inside) -> Result<()> {
    let (began, mut passing) = (Instant::now(), Ok(()));
    for part in due.chunks(PART) {
        if together(app, name, part, one).is_ok() {
            continue;
        }
        for alone in part {
            if began.elapsed() > LONGEST {
                return passing;
            }
            match together(app, name, std::slice::from_ref(alone), one) {
                Ok(()) => {}
                Err(p) if is_transient(&p) => passing = passing.and(Err(p)),
                Err(p) => write_down(app, name, &alone.subject, &p)?,
            }
        }
    }
    passing
}

fn together(app: &Arc<App>, name: &'static str, part: &[Due], one: &Inside) -> Result<()> {
    let (part, one) = (part.to_vec(), one.clone());
    let work = move |cx: &mut Cx| {
        for due in &part {
            let done = cx.savepoint(|cx| {
                one(cx, &due.subject)?;
                cx.react()
            });
            match done {
                Ok(()) if due.failed_before => failures::forget(cx.db(), name, &due.subject)?,
                Ok(()) => {}
                Err(p) if is_transient(&p) => return Err(p),
                Err(p) => keep(cx, name, &due.subject, &p)?,
            }
        }
        Ok(())
    };
    unless_it_panics(|| app.write(&Arc::new(Caller::system()), work))
}

fn outside(app: &Arc<App>, name: &'static str, due: &[Due], one: &Outside) -> Result<()> {
    let (began, mut passing) = (Instant::now(), Ok(()));
    for due in due {
        if began.elapsed() > LONGEST {
            break;
        }
        match unless_it_panics(|| one(app, &due.subject)) {
            Ok(()) if due.failed_before => {
                let subject = due.subject.clone();
                app.write(&Arc::new(Caller::system()), move |cx| Ok(failures::forget(cx.db(), name, &subject)?))?;
            }
            Ok(()) => {}
            Err(p) if is_transient(&p) => passing = passing.and(Err(p)),
            Err(p) => write_down(app, name, &due.subject, &p)?,
        }
    }
    passing
}

/// What the database or another transaction stood against passes by itself and is nobody's fault.
fn is_transient(p: &Problem) -> bool {
    p.code().failure == Failure::Unavailable
}

fn unless_it_panics<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(problems::internal.with("It panicked.")))
}

/// Writes a failure down in a transaction of its own.
fn write_down(app: &Arc<App>, name: &'static str, subject: &str, p: &Problem) -> Result<()> {
    let (subject, p) = (subject.to_string(), p.clone());
    app.write(&Arc::new(Caller::system()), move |cx| keep(cx, name, &subject, &p))
}

fn keep(cx: &mut Cx, name: &'static str, subject: &str, p: &Problem) -> Result<()> {
    log::error!("the timer {name} failed for {subject}: {p}");
    let now = cx.now;
    Ok(failures::keep(cx.db(), name, subject, p.code().code, &p.to_string(), now)?)
}

/// Runs what is due.
pub(crate) fn run(app: &Arc<App>, memory: &mut Memory) {
    for timer in &app.table.timers {
        if !timer.is_due(memory, app.clock.now()) {
            continue;
        }
        match unless_it_panics(|| timer.run(app)) {
            Ok(last) => {
                memory.seen.insert(timer.name, last);
                memory.failed.remove(timer.name);
            }
            Err(p) => {
                if memory.failed.insert(timer.name, Instant::now()).is_none() {
                    log::warn!("the timer {} is tried again: {p}", timer.name);
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
        let timer = Timer { name: "t", period: TimeDelta::minutes(5), how: How::Once(|_| Ok(())) };
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
