//! Followers: what follows from facts and need not be true in the same moment. An area declares one in its operations:
//!
//! `t.follow("marketing.attribution", "What it keeps.", &["invoice.posted", …], f)`, and `.rebuilt_by(clear)` where all that it
//! keeps can be derived again.
//!
//! It reads the numbered facts in order of their numbers, from its own cursor, which moves in the transaction of what `f` does:
//! each fact counts once, whoever dies when. However many replicas there are, one runs it at a time: the row of the follower is
//! locked in that same transaction, and the others pass by. Each fact has a savepoint; one that fails, or panics, is written
//! down, tried again at growing intervals, and at last set aside, while later facts go on. A function must therefore give the
//! same end whatever the order of two facts: it looks at how things are, and not only at what the fact says.
//!
//! A commit on this replica wakes it, so that it is some milliseconds behind; facts of other replicas are found by looking.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::fact_text::unpacked;
use domain::ids::EventId;
use domain::kernel::{Failure, FieldError};
use domain::platform::followers::{AsOf, Follower, FollowerFailure, FollowerFailureStatus, FollowerStatus, NOT_REACHED};
use persistence::platform::followers as rows;
use persistence::platform::followers::Numbered;
use persistence::{Engine, Outcome, RETRY, record};

use crate::prelude::*;
use crate::table::{Op, Pairs};

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
/// A follower with so many failures stops: it is not the facts that are bad.
const MOST_FAILURES: i64 = 1000;
/// A fact in which a database too busy was met so often in a row is taken for a bad one.
const PATIENCE: u32 = 8;
/// The longest pause of a follower that meets a database too busy.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A fact as a follower gets it.
pub struct Fact {
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    pub event: Event,
}

impl From<Numbered> for Fact {
    fn from(n: Numbered) -> Self {
        let event = Event {
            kind: n.kind,
            subject: n.subject,
            company: n.company_id.map(Id::from_uuid),
            party: n.party_id.map(Id::from_uuid),
            version: n.version,
            data: unpacked(n.data),
            previous: n.previous.map(unpacked),
        };
        Self { seq: n.seq, at: n.at, event }
    }
}

/// What is done for each fact. What it tells becomes facts of its own, with the request id of this one.
pub type Follow = fn(&mut Cx, &Fact) -> Result<()>;
/// Deletes a bounded part of what the follower keeps; whether that was the last.
pub type Clear = fn(&mut Cx) -> Result<bool>;

/// A follower as it is declared.
pub struct Declared {
    pub name: &'static str,
    pub text: &'static str,
    pub kinds: Vec<&'static str>,
    run: Follow,
    clear: Option<Clear>,
}

impl Declared {
    /// Without kinds it reads all facts.
    pub(crate) fn new(name: &'static str, text: &'static str, kinds: &[&'static str], run: Follow) -> Self {
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        Self { name, text, kinds, run, clear: None }
    }
    /// All that it keeps can be derived again from the first fact, once this has deleted it. `clear` is repeated, in
    /// transactions of its own, until it answers true. One without it begins with the facts after its first start.
    pub fn rebuilt_by(&mut self, clear: Clear) -> &mut Self {
        self.clear = Some(clear);
        self
    }
    pub fn is_rebuildable(&self) -> bool {
        self.clear.is_some()
    }
}

/// Makes the rows of the followers that are new.
pub(crate) fn begin(db: &persistence::Database, declared: &[Declared]) -> Result<()> {
    let new: Vec<(&'static str, bool)> = declared.iter().map(|d| (d.name, d.is_rebuildable())).collect();
    if new.is_empty() {
        return Ok(());
    }
    db.write::<_, persistence::Error>(Box::new(move |conn| {
        let now = persistence::now(conn)?;
        let mut made = 0;
        for (name, from_first) in &new {
            made += rows::make(conn, name, *from_first, now)?;
        }
        Ok(if made == 0 { Outcome::Discard(()) } else { Outcome::Keep(()) })
    }))?;
    Ok(())
}

// ---- how far it is ------------------------------------------------------------------------------

/// As of which fact the follower of this name speaks now.
///
/// # Errors
/// `internal` when nothing of this name is declared.
pub fn as_of(cx: &mut Cx, name: &str) -> Result<AsOf> {
    let app = cx.app().clone();
    let declared = app.table.follower(name).ok_or(problems::internal)?;
    match rows::named(cx.db(), name)? {
        Some(follower) if follower.status != FollowerStatus::Clearing => {
            Ok(rows::as_of_fact(cx.db(), &declared.kinds, follower.cursor_seq)?)
        }
        // what is left while it is cleared speaks of nothing
        _ => Ok(AsOf::default()),
    }
}

/// Fills in what is not kept in the row.
pub(crate) fn complete(cx: &mut Cx, follower: &mut Follower) -> Result<()> {
    let app = cx.app().clone();
    let (head, unnumbered) = (rows::head(cx.db())?, rows::unnumbered(cx.db())?);
    (follower.waiting_failures, follower.set_aside_failures) = rows::failures(cx.db(), follower.id)?;
    follower.is_halted = follower.waiting_failures + follower.set_aside_failures >= MOST_FAILURES;
    follower.head_seq = head.max(follower.cursor_seq);
    follower.as_of_seq = follower.head_seq;
    // one that an earlier version of the program declared stands where it stood
    let Some(declared) = app.table.follower(&follower.name) else {
        follower.as_of_seq = follower.cursor_seq;
        return Ok(());
    };
    follower.description = declared.text.into();
    follower.kinds = declared.kinds.iter().map(|k| k.to_string()).collect();
    if follower.kinds.is_empty() {
        follower.kinds.push("*".into());
    }
    follower.is_rebuildable = declared.is_rebuildable();
    if let Some((seq, at)) = rows::first_after(cx.db(), &declared.kinds, follower.cursor_seq)? {
        follower.as_of_seq = seq - 1;
        follower.lag_seconds = (cx.now - at).num_seconds().max(0);
    }
    if follower.status == FollowerStatus::Clearing {
        follower.as_of_seq = 0;
    }
    follower.lag_events = follower.head_seq - follower.as_of_seq + unnumbered;
    Ok(())
}

/// All followers, as they stand.
pub fn all(app: &Arc<App>) -> Result<Vec<Follower>> {
    app.read(&Arc::new(Caller::system()), |cx| {
        let mut all = cx.page::<Follower>(List::first(200))?.data;
        for follower in &mut all {
            complete(cx, follower)?;
        }
        Ok(all)
    })
}

/// What `wait_for` may name.
enum Awaited {
    Number(i64),
    Event(EventId),
}

/// Whether the follower that the operation rests on has yet to reach what the query of a request waits for.
pub(crate) fn must_wait(app: &App, op: &Op, query: &Pairs) -> Result<bool> {
    let wanted = query.iter().find(|(name, _)| name == WAIT_FOR).map(|(_, value)| value.as_str());
    let (Some(name), Some(wanted)) = (op.rests_on, wanted) else { return Ok(false) };
    let number = wanted.parse::<i64>().ok().filter(|n| *n >= 0 && wanted.len() <= 16).map(Awaited::Number);
    let Some(awaited) = number.or_else(|| wanted.parse().ok().map(Awaited::Event)) else {
        return Err(crate::cx::bad_parameter(WAIT_FOR, "The id of an event, as in Tandem-Event, or its number."));
    };
    let declared = app.table.follower(name).ok_or(problems::internal)?;
    app.db.read_short(|conn| {
        let seq = match awaited {
            Awaited::Number(seq) => seq,
            Awaited::Event(id) => match rows::number_of(conn, id)? {
                Some(Some(seq)) => seq,
                Some(None) => return Ok(true),
                None => {
                    let error = FieldError::parameter(WAIT_FOR, "unknown", format!("There is no event {id}."));
                    return Err(problems::invalid_query.at(vec![error]));
                }
            },
        };
        let Some(follower) = rows::named(conn, name)? else { return Ok(true) };
        // while it is rebuilt, what was there before is not there again
        let behind = follower.status != FollowerStatus::Following;
        Ok(behind || rows::as_of(conn, &declared.kinds, follower.cursor_seq)? < seq)
    })
}

/// The refusal of a caller who waited long enough.
pub fn not_reached(op: &Op) -> Problem {
    NOT_REACHED.with(format!("{} is still behind.", op.rests_on.unwrap_or_default())).after_seconds(1)
}

/// The parameter by which a caller waits for a follower.
pub(crate) const WAIT_FOR: &str = "wait_for";

// ---- running them -------------------------------------------------------------------------------

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

/// Keeps another status, which is news.
pub(crate) fn keep(cx: &mut Cx, before: &Follower, after: Follower) -> Result<Follower> {
    let verb = match after.status {
        FollowerStatus::Clearing => "clearing",
        FollowerStatus::Rebuilding => "rebuilding",
        FollowerStatus::Following => "rebuilt",
    };
    cx.save(before, after, verb)
}
