//! Working off jobs: taking one with a lease, running it, keeping the lease alive, noting progress, and ending it. A
//! worker that dies loses its lease, and another one takes the job. What a job does is a function of its area.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::JobId;
use domain::kernel::Failure;
use domain::platform::jobs::{Job, JobProgress, JobStatus, MAX_ATTEMPTS};
use parking_lot::{Condvar, Mutex};
use persistence::platform::jobs as rows;
use persistence::{Conn, Error, Outcome};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::platform::jobs;
use crate::prelude::*;
use crate::timers;

/// What is done for one kind of job. It may be run again after a crash, from the state it remembered last, so each step
/// must be safe to repeat. Its answer is the result of the job.
pub type Run = fn(&mut Work) -> Result<Value>;

/// A worker that was not heard of for so long is taken for dead.
const LEASE: TimeDelta = TimeDelta::seconds(20);
/// How often a worker gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often an idle worker looks for work.
const LOOK: Duration = Duration::from_millis(250);
/// Progress is written at most so often.
const NOTE: Duration = Duration::from_secs(1);
/// A job that met a database too busy is tried again after this time.
const LATER: TimeDelta = TimeDelta::seconds(5);

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
        let known = write(&self.app, move |conn| rows::note(conn, held.id.uuid(), &held.lease, progress, &state, Utc::now() + LEASE))?;
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
    /// The answer to a sign of life.
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
    kinds: Vec<String>,
    closing: Arc<AtomicBool>,
    rest: Mutex<()>,
    bell: Condvar,
    held: Mutex<BTreeMap<JobId, Held>>,
}

impl Workers {
    /// Starts `workers` threads that work, one that keeps their leases and one that looks at the clock.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(app: &Arc<App>, workers: usize) -> std::io::Result<Self> {
        let pool = Arc::new(WorkerPool {
            app: app.clone(),
            kinds: app.table.works.keys().map(|k| k.to_string()).collect(),
            closing: Arc::default(),
            rest: Mutex::new(()),
            bell: Condvar::new(),
            held: Mutex::default(),
        });
        let mut threads = Vec::new();
        for (name, run) in std::iter::repeat_n(("worker", WorkerPool::work as fn(&WorkerPool)), workers)
            .chain([("worker-leases", WorkerPool::keep as fn(&WorkerPool)), ("worker-timers", WorkerPool::watch)])
        {
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

    fn work(&self) {
        let mut failing = false;
        while !self.is_closing() {
            match self.take() {
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
    fn take(&self) -> Result<Option<Job>> {
        if self.kinds.is_empty() || !self.app.db.read(|conn| rows::waiting(conn, &self.kinds, Utc::now()))? {
            return Ok(None);
        }
        let (kinds, lease) = (self.kinds.clone(), uuid::Uuid::new_v4().simple().to_string());
        self.app.write(&Arc::new(Caller::system()), move |cx| {
            let real: DateTime<Utc> = Utc::now();
            let Some(id) = rows::next(cx.db(), &kinds, real)? else { return Ok(None) };
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
        let Some(run) = self.app.table.works.get(&*job.kind) else { return };
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
                let Some(before) = jobs::any(cx, held.id)?.filter(|j| j.lease.as_deref() == Some(&*held.lease)) else { return Ok(()) };
                let job = Job { progress, state: state.clone(), ..before.clone() };
                let (after, verb) = ending(job, &said, &held, cx.now);
                cx.save(&before, after, verb).map(drop)
            });
            match ended {
                Ok(()) => return,
                Err(p) if p.code().failure == Failure::Unavailable && began.elapsed() < HEARTBEAT * 6 => self.rest(LOOK * 4),
                Err(p) => return log::error!("the end of the job {} was not written: {p}", work.held.id),
            }
        }
    }

    /// Signs of life for the jobs in hand.
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
                match write(&self.app, move |conn| rows::renew(conn, id, &lease, Utc::now() + LEASE)) {
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

/// What becomes of a job whose function has returned.
fn ending(job: Job, said: &Result<Value>, held: &Held, now: DateTime<Utc>) -> (Job, &'static str) {
    match said {
        Ok(result) => (job.succeed(result.clone(), now), "succeeded"),
        Err(_) if held.signal.cancel.load(Ordering::Relaxed) => (job.stop(now), "cancelled"),
        Err(p) if p.code() == STOPPED => (job.put_back(now), "postponed"),
        Err(p) if p.code().failure == Failure::Unavailable && job.attempts < MAX_ATTEMPTS => {
            (job.postpone(Utc::now() + LATER, now), "postponed")
        }
        Err(p) => (job.fail(p, now), "failed"),
    }
}
