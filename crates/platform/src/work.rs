//! Job execution: taking a job with a lease, running it, renewing the lease, noting progress, and ending it. The lease of a
//! worker that dies runs out, and another worker takes the job. What a job does is a function of its area.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::JobId;
use domain::kernel::Failure;
use domain::platform::jobs::{Job, JobProgress, JobStatus};
use parking_lot::{Condvar, Mutex};
use persistence::platform::jobs as rows;
use persistence::{Conn, Error, Outcome};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::platform::jobs;
pub use crate::platform::jobs::start;
use crate::prelude::*;
use crate::timers;

/// What is done for one kind of job. It may be run again after a crash, from the state it remembered last, so each step
/// must be safe to repeat. Its answer is the result of the job.
pub type Run = fn(&mut Work) -> Result<Value>;

/// A lease that is not renewed within this time is considered lost.
const LEASE: TimeDelta = TimeDelta::seconds(20);
/// How often a worker renews its leases.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often an idle worker looks for work.
const LOOK: Duration = Duration::from_millis(250);
/// Progress is written at most so often.
const NOTE: Duration = Duration::from_secs(1);
/// A job that met a database or a mail server that was not there is tried again after this time, and later the longer it has
/// waited already.
const LATER: TimeDelta = TimeDelta::seconds(5);
const MUCH_LATER: TimeDelta = TimeDelta::minutes(5);

/// Who works on a kind of job. Each lane has workers of its own, so that what takes minutes holds up only its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Done in seconds, or in steps after which it looks whether anything else is due: deliveries.
    Ordinary,
    /// Takes minutes: verifications, trainings.
    Long,
}

/// Ends the function of a job from inside; callers never see it.
const STOPPED: Code = Code::conflict("job.stopped", "The job was asked to end.");

/// What the heartbeat and the function of a job tell each other.
#[derive(Default)]
struct Signal {
    /// The owner wants it to end.
    cancel: AtomicBool,
    /// The lease is lost; somebody else has the job.
    lost: AtomicBool,
}

/// A job in the hands of its function.
pub struct Work {
    app: Arc<App>,
    caller: Arc<Caller>,
    held: Held,
    input: Value,
    state: Value,
    progress: JobProgress,
    noted: Instant,
}

/// A job that this process has a lease on.
#[derive(Clone)]
struct Held {
    id: JobId,
    lease: Arc<str>,
    signal: Arc<Signal>,
    closing: Arc<AtomicBool>,
}

impl Work {
    /// What the job was asked with.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(self.input.clone()).map_err(|e| problems::internal.with(format!("the input of the job: {e}")))
    }
    /// What was remembered by an earlier run, if anything.
    pub fn state(&self) -> &Value {
        &self.state
    }
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }
    /// In whose name it runs.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }
    /// Says how far it is. Call it between two steps: the error ends a job that was cancelled, must be passed on with `?`,
    /// and is no failure.
    pub fn step(&mut self, done: i64, total: Option<i64>) -> Result<()> {
        self.progress = JobProgress { done, total };
        if self.noted.elapsed() >= NOTE {
            self.note()?;
        }
        self.go_on()
    }
    /// Remembers where to go on after a restart, at once.
    pub fn remember(&mut self, state: Value) -> Result<()> {
        self.state = state;
        self.note()?;
        self.go_on()
    }
    fn note(&mut self) -> Result<()> {
        self.noted = Instant::now();
        let (held, progress, state) = (self.held.clone(), self.progress, self.state.clone());
        let known = write(&self.app, move |conn| rows::note(conn, held.id.uuid(), &held.lease, progress, &state, LEASE))?;
        self.held.heard(known);
        Ok(())
    }
    fn go_on(&self) -> Result<()> {
        match self.held.is_stopped() {
            true => Err(STOPPED.into()),
            false => Ok(()),
        }
    }
}

impl Held {
    /// What the renewal of the lease was answered.
    fn heard(&self, answer: Option<bool>) {
        match answer {
            None => self.signal.lost.store(true, Ordering::Relaxed),
            Some(true) => self.signal.cancel.store(true, Ordering::Relaxed),
            Some(false) => {}
        }
    }
    fn is_stopped(&self) -> bool {
        [&self.signal.cancel, &self.signal.lost, &*self.closing].iter().any(|flag| flag.load(Ordering::Relaxed))
    }
}

/// Bookkeeping of the workers themselves: no facts, no reactions.
fn write<T: Send + 'static>(app: &App, mut f: impl FnMut(&mut Conn<'_>) -> Result<T, Error> + Send + 'static) -> Result<T> {
    Ok(app.db.write::<T, Error>(Box::new(move |conn| f(conn).map(Outcome::Keep)))?)
}

/// The workers of this process. Dropping them puts running jobs back for the next process.
pub struct Workers {
    pool: Arc<WorkerPool>,
    threads: Vec<JoinHandle<()>>,
}

struct WorkerPool {
    app: Arc<App>,
    closing: Arc<AtomicBool>,
    rest: Mutex<()>,
    bell: Condvar,
    held: Mutex<BTreeMap<JobId, Held>>,
}

impl Workers {
    /// Starts `workers` threads that work in each lane, one that keeps their leases and one that looks at the clock.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(app: &Arc<App>, workers: usize) -> std::io::Result<Self> {
        let pool = Arc::new(WorkerPool {
            app: app.clone(),
            closing: Arc::default(),
            rest: Mutex::new(()),
            bell: Condvar::new(),
            held: Mutex::default(),
        });
        let mut threads = Vec::new();
        let lanes = [("worker", (|pool| pool.work(Lane::Ordinary)) as fn(&WorkerPool)), ("worker-long", |pool| pool.work(Lane::Long))];
        let lanes = lanes.into_iter().flat_map(|lane| std::iter::repeat_n(lane, workers));
        for (name, run) in lanes.chain([("worker-leases", WorkerPool::keep as fn(&WorkerPool)), ("worker-timers", WorkerPool::watch)]) {
            let pool = pool.clone();
            threads.push(std::thread::Builder::new().name(name.into()).spawn(move || run(&pool))?);
        }
        Ok(Self { pool, threads })
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.pool.closing.store(true, Ordering::Relaxed);
        self.pool.bell.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                log::error!("a worker ended in a panic");
            }
        }
    }
}

impl WorkerPool {
    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
    fn rest(&self, limit: Duration) {
        let mut guard = self.rest.lock();
        if !self.is_closing() {
            self.bell.wait_for(&mut guard, limit);
        }
    }

    fn work(&self, lane: Lane) {
        let of_lane = self.app.table.works.iter().filter(|(_, (l, _))| *l == lane);
        let kinds: Vec<String> = of_lane.map(|(kind, _)| kind.to_string()).collect();
        let mut failing = false;
        while !self.is_closing() && !kinds.is_empty() {
            match self.take(&kinds) {
                Ok(Some(job)) => self.run(job),
                Ok(None) => self.rest(LOOK),
                Err(p) => {
                    if !std::mem::replace(&mut failing, true) {
                        log::warn!("jobs wait: {p}");
                    }
                    self.rest(LOOK * 4);
                    continue;
                }
            }
            failing = false;
        }
    }

    /// A job with a fresh lease.
    fn take(&self, kinds: &[String]) -> Result<Option<Job>> {
        if !self.app.db.read_short(|conn| rows::waiting(conn, kinds))? {
            return Ok(None);
        }
        let (kinds, lease) = (kinds.to_vec(), uuid::Uuid::new_v4().simple().to_string());
        self.app.write(&Arc::new(Caller::system()), move |cx| {
            let real = persistence::now(cx.db())?;
            let Some(id) = rows::next(cx.db(), &kinds)? else { return Ok(None) };
            let Some(before) = jobs::any(cx, Id::from_uuid(id))? else { return Ok(None) };
            let after = before.clone().take(&lease, real + LEASE, cx.now);
            let verb = match after.status {
                JobStatus::Running => "started",
                JobStatus::Cancelled => "cancelled",
                _ => "failed",
            };
            let after = cx.save(&before, after, verb)?;
            Ok((after.status == JobStatus::Running).then_some(after))
        })
    }

    fn run(&self, job: Job) {
        let held = Held {
            id: job.id,
            lease: job.lease.as_deref().unwrap_or_default().into(),
            signal: Arc::default(),
            closing: self.closing.clone(),
        };
        let Some((_, run)) = self.app.table.works.get(&*job.kind) else { return };
        self.held.lock().insert(job.id, held.clone());
        let mut work = Work {
            app: self.app.clone(),
            caller: jobs::caller_of(&job),
            held: held.clone(),
            input: job.input,
            state: job.state,
            progress: job.progress,
            noted: Instant::now(),
        };
        let said = catch_unwind(AssertUnwindSafe(|| run(&mut work))).unwrap_or_else(|_| {
            log::error!("the job {} panicked", job.id);
            Err(problems::internal.into())
        });
        self.end(&work, &held, said);
        self.held.lock().remove(&job.id);
    }

    /// Writes how it ended; while the database is away, again and again as long as the lease may be ours.
    fn end(&self, work: &Work, held: &Held, said: Result<Value>) {
        let began = Instant::now();
        loop {
            let (held, said, state, progress) = (held.clone(), said.clone(), work.state.clone(), work.progress);
            let ended = self.app.write(&work.caller, move |cx| {
                let real = persistence::now(cx.db())?;
                let Some(before) = jobs::any(cx, held.id)?.filter(|j| j.lease.as_deref() == Some(&*held.lease)) else { return Ok(()) };
                let job = Job { progress, state: state.clone(), ..before.clone() };
                let (after, verb) = ending(job, &said, &held, cx.now, real);
                cx.save(&before, after, verb).map(drop)
            });
            match ended {
                Ok(()) => return,
                Err(p) if p.code().failure == Failure::Unavailable && began.elapsed() < HEARTBEAT * 6 => self.rest(LOOK * 4),
                Err(p) => return log::error!("the end of the job {} was not written: {p}", work.held.id),
            }
        }
    }

    /// Renews the leases of the running jobs.
    fn keep(&self) {
        let mut beat = Instant::now();
        while !self.is_closing() {
            self.rest(LOOK);
            if beat.elapsed() < HEARTBEAT {
                continue;
            }
            beat = Instant::now();
            let held: Vec<Held> = self.held.lock().values().cloned().collect();
            for job in held {
                let (id, lease) = (job.id.uuid(), job.lease.clone());
                match write(&self.app, move |conn| rows::renew(conn, id, &lease, LEASE)) {
                    Ok(answer) => job.heard(answer),
                    Err(p) => log::warn!("no sign of life for the job {}: {p}", job.id),
                }
            }
        }
    }

    /// What happens by the clock.
    fn watch(&self) {
        let mut memory = timers::Memory::default();
        while !self.is_closing() {
            timers::run(&self.app, &mut memory);
            self.rest(LOOK);
        }
    }
}

/// What becomes of a job whose function has returned. `real` is the database's time, `now` the application's.
fn ending(job: Job, said: &Result<Value>, held: &Held, now: DateTime<Utc>, real: DateTime<Utc>) -> (Job, &'static str) {
    match said {
        Ok(result) => (job.succeed(result.clone(), now), "succeeded"),
        Err(_) if held.signal.cancel.load(Ordering::Relaxed) => (job.stop(now), "cancelled"),
        Err(p) if p.code() == STOPPED => (job.put_back(now), "postponed"),
        Err(p) if p.code().failure == Failure::Unavailable => {
            let wait = ((now - job.created_at) / 10).clamp(LATER, MUCH_LATER);
            (job.postpone(p, real + wait, now), "postponed")
        }
        Err(p) => (job.fail(p, now), "failed"),
    }
}
