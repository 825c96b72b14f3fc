//! Running followers: a thread for each, transactions that take facts and move the cursor, and what happens to facts that fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::kernel::Failure;
use domain::platform::followers::{Follower, FollowerFailure, FollowerFailureStatus, FollowerStatus};
use persistence::platform::followers as rows;
use persistence::platform::followers::Numbered;
use persistence::{Engine, RETRY, record};

use super::{Declared, Fact, MOST_FAILURES, keep};
use crate::prelude::*;

/// How long facts of other replicas may wait to be found. SQLite has one process, which hears of all its commits.
const fn poll(engine: Engine) -> Duration {
    match engine {
        Engine::Sqlite => Duration::from_secs(1),
        Engine::Postgres => Duration::from_millis(200),
    }
}
/// How long a follower rests before it looks again; under load this makes one look of what would be one for each commit.
const REST: Duration = Duration::from_millis(15);
/// How long it waits while another replica is at it.
const ELSEWHERE: Duration = Duration::from_millis(25);
/// How often failures are looked for that are due.
const RETRIES: Duration = Duration::from_secs(1);
/// Failed facts tried again in one transaction.
const RETRY_BATCH: i64 = 10;
/// The kept cursor stays behind facts of other kinds by at most so many.
const STRAY: i64 = 250;
/// A fact in which a database too busy was met so often in a row is taken for a bad one.
const PATIENCE: u32 = 8;
/// The longest pause of a follower that meets a database too busy.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The followers of this process, a thread each. Dropping it ends them between two transactions.
pub struct Followers {
    stop: Arc<AtomicBool>,
    app: Arc<App>,
    threads: Vec<JoinHandle<()>>,
}

impl Followers {
    /// # Errors
    /// A thread cannot be started.
    pub fn start(app: &Arc<App>) -> std::io::Result<Self> {
        let mut followers = Self { stop: Arc::default(), app: app.clone(), threads: Vec::new() };
        for place in 0..app.table.followers.len() {
            let runner = Runner { app: app.clone(), place, stop: followers.stop.clone(), idle_at: AtomicI64::new(-1) };
            let name = format!("follow-{}", app.table.followers[place].name.rsplit('.').next().unwrap_or_default());
            followers.threads.push(std::thread::Builder::new().name(name).spawn(move || runner.run())?);
        }
        Ok(followers)
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.app.db.after_commit_notify();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                log::error!("a follower ended in a panic");
            }
        }
    }
}

/// How one look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Something was done; there may be more.
    More,
    /// There is nothing to do.
    Idle,
    /// Another replica is at it.
    Elsewhere,
}

/// A fact in which the whole transaction failed, and why: its failure is written down without trying it again.
#[derive(Clone)]
struct Blamed {
    seq: i64,
    problem: Problem,
}

struct Runner {
    app: Arc<App>,
    place: usize,
    stop: Arc<AtomicBool>,
    /// The latest fact when there was nothing to do: until there is another, there is nothing to do.
    idle_at: AtomicI64,
}

/// What a runner remembers between two looks.
#[derive(Default)]
struct Memory {
    blamed: Option<Blamed>,
    /// The fact at which transactions fail in a row, and how many did.
    stuck: (i64, u32),
    /// Transactions in a row that failed.
    failures: u32,
}

impl Runner {
    fn declared(&self) -> &Declared {
        &self.app.table.followers[self.place]
    }

    fn run(&self) {
        let mut memory = Memory::default();
        let mut looked_for_retries = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let seen = self.app.db.commits();
            if looked_for_retries.elapsed() >= RETRIES {
                looked_for_retries = Instant::now();
                self.guarded(&mut memory, Self::retry);
            }
            match self.guarded(&mut memory, Self::look) {
                Some(Round::More) => {}
                Some(Round::Elsewhere) => self.app.db.wait_for_commit_after(seen, ELSEWHERE),
                Some(Round::Idle) => {
                    self.app.db.wait_for_commit_after(seen, poll(self.app.db.engine()));
                    std::thread::sleep(REST);
                }
                None => {
                    let pause = Duration::from_millis(50) * 2u32.saturating_pow(memory.failures.min(8));
                    std::thread::sleep(pause.min(LONGEST_PAUSE));
                }
            }
        }
    }

    /// Runs one look, and finds out whose fault it is when it fails as a whole.
    fn guarded(&self, memory: &mut Memory, look: fn(&Self, &Option<Blamed>, &Arc<AtomicI64>) -> Result<Round>) -> Option<Round> {
        let at = Arc::new(AtomicI64::new(0));
        let said = catch_unwind(AssertUnwindSafe(|| look(self, &memory.blamed, &at)));
        let seq = at.load(Ordering::Relaxed);
        let problem = match said {
            Ok(Ok(round)) => {
                *memory = Memory::default();
                return Some(round);
            }
            Ok(Err(p)) => p,
            Err(_) => problems::internal.with("It panicked."),
        };
        if memory.failures == 0 {
            log::warn!("the follower {} is held up at {seq}: {problem}", self.declared().name);
        }
        memory.failures = memory.failures.saturating_add(1);
        memory.stuck = if memory.stuck.0 == seq { (seq, memory.stuck.1 + 1) } else { (seq, 1) };
        if seq > 0 && (!is_transient(&problem) || memory.stuck.1 >= PATIENCE) {
            memory.blamed = Some(Blamed { seq, problem });
        }
        None
    }

    /// Reads what is next, and does it.
    fn look(&self, blamed: &Option<Blamed>, at: &Arc<AtomicI64>) -> Result<Round> {
        let declared = self.declared();
        let name = declared.name;
        // most looks find nothing; they take no lock and no turn at the writer
        let (status, idle) = self.app.db.read_short(|conn| -> Result<_> {
            let head = rows::head(conn)?;
            if head == self.idle_at.load(Ordering::Relaxed) {
                return Ok((FollowerStatus::Following, true));
            }
            let Some(follower) = rows::named(conn, name)? else { return Ok((FollowerStatus::Following, true)) };
            let next = rows::first_after(conn, &declared.kinds, follower.cursor_seq)?;
            let (waiting, aside) = if next.is_some() { rows::failures(conn, follower.id)? } else { (0, 0) };
            let halted = waiting + aside >= MOST_FAILURES;
            let strays = head - follower.cursor_seq;
            let done = next.is_none() && strays < STRAY && follower.status == FollowerStatus::Following;
            if done {
                self.idle_at.store(head, Ordering::Relaxed);
            }
            Ok((follower.status, halted || done))
        })?;
        if status == FollowerStatus::Clearing {
            return self.clear();
        }
        if idle {
            return Ok(Round::Idle);
        }
        let (place, blamed, at) = (self.place, blamed.clone(), at.clone());
        self.write(move |cx| go_on(cx, place, &blamed, &at))
    }

    /// Deletes a part of what it keeps.
    fn clear(&self) -> Result<Round> {
        let place = self.place;
        self.write(move |cx| {
            let app = cx.app().clone();
            let declared = &app.table.followers[place];
            let Some(before) = rows::claim(cx.db(), declared.name)? else { return Ok(Round::Elsewhere) };
            let Some(clear) = declared.clear.filter(|_| before.status == FollowerStatus::Clearing) else { return Ok(Round::More) };
            if clear(cx)? {
                rows::forget(cx.db(), before.id)?;
                keep(cx, &before, before.clone().cleared())?;
            }
            Ok(Round::More)
        })
    }

    /// Tries again what failed and is due.
    fn retry(&self, blamed: &Option<Blamed>, at: &Arc<AtomicI64>) -> Result<Round> {
        let name = self.declared().name;
        let due = self.app.db.read_short(|conn| -> Result<bool> {
            let Some(follower) = rows::named(conn, name)? else { return Ok(false) };
            let now = persistence::now(conn)?;
            Ok(follower.status != FollowerStatus::Clearing && !rows::due(conn, follower.id, now, 1)?.is_empty())
        })?;
        if !due {
            return Ok(Round::Idle);
        }
        let (place, blamed, at) = (self.place, blamed.clone(), at.clone());
        self.write(move |cx| try_again(cx, place, &blamed, &at))
    }

    fn write(&self, f: impl FnMut(&mut Cx) -> Result<Round> + Send + 'static) -> Result<Round> {
        self.app.write(&Arc::new(Caller::system()), f)
    }
}

/// Facts of one transaction, and how long it may take: SQLite has one writer, and others wait for it.
fn measure(engine: Engine) -> (i64, Duration) {
    match engine {
        Engine::Sqlite => (20, Duration::from_millis(40)),
        Engine::Postgres => (100, Duration::from_millis(400)),
    }
}

/// What passes by itself and is no fact's fault.
fn is_transient(p: &Problem) -> bool {
    p.code().failure == Failure::Unavailable || p.code() == RETRY
}

/// Takes the next facts into account.
fn go_on(cx: &mut Cx, place: usize, blamed: &Option<Blamed>, at: &AtomicI64) -> Result<Round> {
    let app = cx.app().clone();
    let declared = &app.table.followers[place];
    let (limit, slice) = measure(cx.engine());
    let began = Instant::now();
    at.store(0, Ordering::Relaxed);
    let Some(before) = rows::claim(cx.db(), declared.name)? else { return Ok(Round::Elsewhere) };
    if before.status == FollowerStatus::Clearing {
        return Ok(Round::More);
    }
    let head = rows::head(cx.db())?;
    let facts = rows::facts(cx.db(), &declared.kinds, before.cursor_seq, head, limit)?;
    let (mut cursor, full) = (before.cursor_seq, facts.len() as i64 == limit);
    let mut stopped = false;
    for fact in facts {
        if began.elapsed() > slice && cursor > before.cursor_seq {
            stopped = true;
            break;
        }
        let seq = fact.seq;
        at.store(seq, Ordering::Relaxed);
        let guilty = blamed.as_ref().filter(|b| b.seq == seq);
        match guilty.map_or_else(|| one(cx, declared, fact.clone()), |b| Err(b.problem.clone())) {
            Ok(()) => {}
            Err(p) if guilty.is_none() && is_transient(&p) => return Err(p),
            Err(p) => write_down(cx, &before, &fact, &p)?,
        }
        cursor = seq;
    }
    at.store(0, Ordering::Relaxed);
    if !full && !stopped {
        // no others of these kinds up to there
        cursor = cursor.max(head);
    }
    let now = cx.now;
    let (after, turned) = before.clone().advanced(cursor, now);
    match turned {
        true => drop(keep(cx, &before, after)?),
        false => drop(rows::advance(cx.db(), before.id, cursor)?),
    }
    Ok(if full || stopped { Round::More } else { Round::Idle })
}

/// Does what follows from one fact, with what is told and who reacts to it; all of it or nothing.
fn one(cx: &mut Cx, declared: &Declared, fact: Numbered) -> Result<()> {
    #[cfg(debug_assertions)]
    if cx.app().statements.lock().is_some() {
        let name = format!("{} {}", declared.name, fact.kind);
        let (done, texts) = persistence::record_statements(|| follow(cx, declared, fact));
        if let Some(kept) = cx.app().statements.lock().as_mut() {
            kept.insert(name, texts);
        }
        return done;
    }
    follow(cx, declared, fact)
}

fn follow(cx: &mut Cx, declared: &Declared, fact: Numbered) -> Result<()> {
    cx.savepoint(|cx| {
        cx.request_id = fact.request_id.clone();
        (declared.run)(cx, &Fact::from(fact))?;
        cx.finish()?;
        cx.keep_events().map(drop)
    })
}

fn write_down(cx: &mut Cx, follower: &Follower, fact: &Numbered, p: &Problem) -> Result<()> {
    log::error!("the follower {} failed on {} {} of {}: {p}", follower.name, fact.kind, fact.seq, fact.subject);
    let now = persistence::now(cx.db())?;
    let failure = FollowerFailure {
        id: cx.new_id(),
        follower_id: follower.id,
        event_id: Id::from_uuid(fact.id),
        seq: fact.seq,
        kind: fact.kind.clone(),
        subject: fact.subject.clone(),
        status: FollowerFailureStatus::Waiting,
        attempts: 1,
        code: String::new(),
        detail: None,
        retry_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    cx.insert_all(&[failure.why(p, now)])
}

/// Tries the next facts again that failed and are due.
fn try_again(cx: &mut Cx, place: usize, blamed: &Option<Blamed>, at: &AtomicI64) -> Result<Round> {
    let app = cx.app().clone();
    let declared = &app.table.followers[place];
    let (_, slice) = measure(cx.engine());
    let began = Instant::now();
    at.store(0, Ordering::Relaxed);
    let Some(follower) = rows::claim(cx.db(), declared.name)? else { return Ok(Round::Elsewhere) };
    let now = persistence::now(cx.db())?;
    for failure in rows::due(cx.db(), follower.id, now, RETRY_BATCH)? {
        if began.elapsed() > slice {
            break;
        }
        let Some(fact) = rows::fact(cx.db(), failure.seq)? else {
            record::delete::<FollowerFailure>(cx.db(), failure.id.uuid())?;
            continue;
        };
        at.store(fact.seq, Ordering::Relaxed);
        let guilty = blamed.as_ref().filter(|b| b.seq == fact.seq);
        match guilty.map_or_else(|| one(cx, declared, fact), |b| Err(b.problem.clone())) {
            Ok(()) => drop(record::delete::<FollowerFailure>(cx.db(), failure.id.uuid())?),
            Err(p) if guilty.is_none() && is_transient(&p) => return Err(p),
            Err(p) => {
                let after = failure.failed_again(&p, now);
                if after.status == FollowerFailureStatus::SetAside {
                    log::error!("the follower {} sets {} {} aside: {p}", follower.name, after.kind, after.seq);
                }
                record::update(cx.db(), &after, None)?;
            }
        }
    }
    at.store(0, Ordering::Relaxed);
    Ok(Round::More)
}
