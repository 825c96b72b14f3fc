//! The one thread that writes to SQLite. Jobs queue up; each runs in a savepoint of a shared transaction; one COMMIT,
//! one flush to the disk; then all are answered. Nobody is answered before the commit, and a job that fails, or
//! panics, harms nobody else. Nothing slow (password hashing, network) may run in a job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use diesel::SqliteConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use parking_lot::Mutex;

use crate::Conn;
use crate::commit_signal::CommitSignal;
use crate::error::Error;
use crate::tx::{Group, Job, Outcome, Step};
use crate::watch::{self, Failed};

/// Jobs that may wait; more are refused at once.
const QUEUE: usize = 1024;
/// Jobs that share one commit.
const GROUP: usize = 128;
/// A group takes no further jobs after this time, so that its first ones are not kept waiting.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// Runs inside each group's transaction, after its jobs and before the commit.
pub type Hook = Box<dyn FnMut(&mut Conn<'_>) -> Result<(), Error> + Send>;

/// The queue to the writer thread.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
    id: ThreadId,
    shared: Arc<Shared>,
}

struct Shared {
    hook: Mutex<Option<Hook>>,
    /// Jobs that wait in the queue.
    waiting: AtomicUsize,
    /// Signals each commit.
    commits: Arc<CommitSignal>,
    /// The disk failed during a commit. What the disk holds is unknown, so nothing is acknowledged any more.
    poisoned: AtomicBool,
}

impl Shared {
    /// A job waits no more.
    fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A job with the place where its answer goes.
trait Work: Send {
    fn since(&self) -> Instant;
    /// Runs the job; true if its effects stay.
    fn run(&mut self, conn: &mut Conn<'_>) -> bool;
    /// Answers: what the job said, or why the group failed.
    fn answer(self: Box<Self>, fate: Result<(), Error>);
}

struct Task<T, E, R> {
    job: Job<T, E>,
    reply: R,
    said: Option<Result<T, E>>,
    since: Instant,
}

impl<T: Send, E: From<Error> + Send, R: FnOnce(Result<T, E>) + Send> Work for Task<T, E, R> {
    fn since(&self) -> Instant {
        self.since
    }
    fn run(&mut self, conn: &mut Conn<'_>) -> bool {
        let (said, keep) = match catch_unwind(AssertUnwindSafe(|| (self.job)(conn))) {
            Ok(Ok(Outcome::Keep(_))) if watch::failed() != Failed::No => (Err(watch::swallowed().into()), false),
            Ok(Ok(Outcome::Keep(v))) => (Ok(v), true),
            Ok(Ok(Outcome::Discard(v))) => (Ok(v), false),
            Ok(Err(e)) => (Err(e), false),
            Err(panic) => (Err(Error::Broken(format!("a job panicked: {}", crate::error::panic_message(&*panic))).into()), false),
        };
        self.said = Some(said);
        keep
    }
    fn answer(self: Box<Self>, fate: Result<(), Error>) {
        let said = match fate {
            Ok(()) => self.said.unwrap_or_else(|| Err(Error::Broken("a job was not run".into()).into())),
            Err(e) => Err(e.into()),
        };
        let reply = self.reply;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| reply(said))) {
            log::error!("an answer panicked: {}", crate::error::panic_message(&*panic));
        }
    }
}

impl Writer {
    /// Starts the thread on its own connection. A job that waited longer than `patience` is refused instead of run.
    pub(crate) fn start(mut conn: SqliteConnection, patience: Duration, commits: Arc<CommitSignal>) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel::<Box<dyn Work>>(QUEUE);
        let shared = Arc::new(Shared { hook: Mutex::new(None), waiting: AtomicUsize::new(0), commits, poisoned: AtomicBool::new(false) });
        let own = shared.clone();
        let thread = std::thread::Builder::new().name("sqlite-writer".into()).spawn(move || {
            let mut runner = GroupRunner { conn: &mut conn, shared: &own, patience };
            while let Ok(first) = jobs.recv() {
                runner.shared.taken();
                runner.serve(first, &jobs);
            }
        })?;
        Ok(Self { queue: Some(queue), id: thread.thread().id(), thread: Some(thread), shared })
    }

    pub(crate) fn set_hook(&self, hook: Hook) {
        *self.shared.hook.lock() = Some(hook);
    }

    /// Whether writes can be acknowledged at all.
    pub(crate) fn is_sound(&self) -> bool {
        !self.shared.poisoned.load(Ordering::Relaxed) && self.thread.as_ref().is_some_and(|t| !t.is_finished())
    }

    /// How many jobs wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Queues a job; `reply` is called from the writer thread after the commit, or at once when the queue is full.
    pub(crate) fn submit<T, E>(&self, job: Job<T, E>, reply: impl FnOnce(Result<T, E>) + Send + 'static)
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let task = Box::new(Task { job, reply, said: None, since: Instant::now() });
        let refused = match &self.queue {
            _ if std::thread::current().id() == self.id => {
                return task.answer(Err(Error::Broken("a job cannot wait for another job: it would wait for itself".into())));
            }
            Some(queue) => {
                // counted before it can be taken
                self.shared.waiting.fetch_add(1, Ordering::Relaxed);
                queue.try_send(task).inspect_err(|_| self.shared.taken())
            }
            None => return task.answer(Err(stopped())),
        };
        match refused {
            Ok(()) => {}
            Err(TrySendError::Full(task)) => task.answer(Err(Error::Unavailable(format!("{QUEUE} writes are waiting already")))),
            Err(TrySendError::Disconnected(task)) => task.answer(Err(stopped())),
        }
    }

    /// Queues a job and waits for its answer.
    pub(crate) fn write<T, E>(&self, job: Job<T, E>) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (tell, hear) = sync_channel(1);
        self.submit(job, move |answer| {
            // the other end waits below
            let _ = tell.send(answer);
        });
        hear.recv().unwrap_or_else(|_| Err(stopped().into()))
    }
}

fn stopped() -> Error {
    Error::Unavailable("the writer has stopped".into())
}

impl Drop for Writer {
    /// Finishes the jobs that wait, and closes the connection.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && std::thread::current().id() != self.id
            && thread.join().is_err()
        {
            log::error!("the writer thread ended in a panic");
        }
    }
}

/// What the thread works with.
struct GroupRunner<'a> {
    conn: &'a mut SqliteConnection,
    shared: &'a Shared,
    patience: Duration,
}

/// Why nothing of a group was kept.
enum Spoiled {
    /// A constraint that is judged at the commit.
    Constraint(String),
    /// The transaction could not begin, or SQLite gave it up.
    Whole(String),
}

impl Spoiled {
    fn error(&self) -> Error {
        match self {
            Spoiled::Constraint(text) => Error::ForeignKey(text.clone()),
            Spoiled::Whole(text) => Error::Unavailable(format!("nothing was kept: {text}")),
        }
    }
}

type Tasks = Vec<Box<dyn Work>>;
/// Gives the next job that waits.
type Next<'a> = dyn FnMut() -> Option<Box<dyn Work>> + 'a;

impl GroupRunner<'_> {
    /// One group: the job in hand and those that wait.
    fn serve(&mut self, first: Box<dyn Work>, jobs: &Receiver<Box<dyn Work>>) {
        let began = Instant::now();
        let shared = self.shared;
        let mut first = Some(first);
        let (tasks, fate) = self.group(&mut || match first.take() {
            Some(task) => Some(task),
            None if began.elapsed() < GROUP_TIME => jobs.try_recv().ok().inspect(|_| shared.taken()),
            None => None,
        });
        match fate {
            Err(Spoiled::Constraint(_)) if tasks.len() > 1 => {
                // each alone, so that the failing job is isolated
                for task in tasks {
                    let mut alone = Some(task);
                    let (tasks, fate) = self.group(&mut || alone.take());
                    answer(tasks, &fate);
                }
            }
            fate => answer(tasks, &fate),
        }
    }

    /// Runs jobs until there is none or the group is full, and commits. The jobs come back unanswered.
    fn group(&mut self, next: &mut Next<'_>) -> (Tasks, Result<(), Spoiled>) {
        let Some(first) = runnable(self.shared, self.patience, next) else { return (Tasks::new(), Ok(())) };
        let mut group = match Group::begin(self.conn) {
            Ok(group) => group,
            Err(e) => return (vec![first], Err(Spoiled::Whole(e.to_string()))),
        };
        let mut tasks = Tasks::new();
        let mut kept = false;
        let mut current = Some(first);
        while let Some(mut task) = current {
            let step = group.step(|conn| task.run(conn));
            tasks.push(task);
            match step {
                Step::Kept => kept = true,
                Step::Undone => {}
                Step::Lost(e) => {
                    group.rollback();
                    return (tasks, Err(Spoiled::Whole(e.to_string())));
                }
            }
            current = if tasks.len() < GROUP { runnable(self.shared, self.patience, next) } else { None };
        }
        if !kept {
            group.rollback();
            return (tasks, Ok(()));
        }
        if let Step::Lost(e) = group.step(|conn| run_hook(self.shared, conn)) {
            group.rollback();
            return (tasks, Err(Spoiled::Whole(e.to_string())));
        }
        let fate = group.commit().map_err(|e| spoiled(self.shared, &e));
        if fate.is_ok() {
            self.shared.commits.signal();
        }
        (tasks, fate)
    }
}

/// The next job that may still be run; those that may not are answered.
fn runnable(shared: &Shared, patience: Duration, next: &mut Next<'_>) -> Option<Box<dyn Work>> {
    loop {
        let task = next()?;
        if shared.poisoned.load(Ordering::Relaxed) {
            task.answer(Err(Error::Unavailable("the disk failed; the server must be restarted".into())));
        } else if task.since().elapsed() > patience {
            task.answer(Err(Error::Unavailable("waited too long for the writes before it".into())));
        } else {
            return Some(task);
        }
    }
}

/// The hook must never cost the group: an error or a panic only undoes the hook.
fn run_hook(shared: &Shared, conn: &mut Conn<'_>) -> bool {
    let mut hook = shared.hook.lock();
    let Some(hook) = hook.as_mut() else { return false };
    match catch_unwind(AssertUnwindSafe(|| hook(conn))) {
        Ok(Ok(())) => true,
        Ok(Err(e)) => {
            log::error!("the hook before the commit failed: {e}");
            false
        }
        Err(panic) => {
            log::error!("the hook before the commit panicked: {}", crate::error::panic_message(&*panic));
            false
        }
    }
}

/// Judges a failed commit. After a failed flush the kernel may have dropped the pages and marked them clean, so a later
/// flush that succeeds proves nothing: from then on no write is acknowledged.
fn spoiled(shared: &Shared, e: &DieselError) -> Spoiled {
    let text = e.to_string();
    log::error!("commit: {text}");
    match e {
        DieselError::DatabaseError(
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::CheckViolation | DatabaseErrorKind::UniqueViolation,
            _,
        ) => Spoiled::Constraint(text),
        _ => {
            if text.contains("disk I/O error") {
                shared.poisoned.store(true, Ordering::Relaxed);
            }
            Spoiled::Whole(text)
        }
    }
}

fn answer(tasks: Tasks, fate: &Result<(), Spoiled>) {
    for task in tasks {
        task.answer(fate.as_ref().map(|_| ()).map_err(|s| s.error()));
    }
}

#[cfg(test)]
mod tests;
