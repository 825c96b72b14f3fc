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
mod tests {
    use super::*;
    use crate::database::{Database, DatabaseConfig};
    use crate::sql;

    struct Bench {
        db: Database,
        _dir: tempfile::TempDir,
    }

    fn bench() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let db = Database::open(&DatabaseConfig::new(format!("sqlite:{}/t.db", dir.path().display()))).unwrap();
        run(&db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER NULL) STRICT");
        run(&db, "CREATE TABLE child (a INTEGER PRIMARY KEY REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED) STRICT");
        Bench { db, _dir: dir }
    }

    fn run(db: &Database, text: &'static str) {
        db.write(job(move |c| crate::Statement::new(text).execute(c))).unwrap();
    }

    fn job<T: Send + 'static>(mut f: impl FnMut(&mut Conn<'_>) -> Result<T, Error> + Send + 'static) -> Job<T, Error> {
        Box::new(move |c| f(c).map(Outcome::Keep))
    }

    /// Holds the writer for a while.
    fn slow(millis: u64) -> Job<(), Error> {
        Box::new(move |_| {
            std::thread::sleep(Duration::from_millis(millis));
            Ok(Outcome::Discard(()))
        })
    }

    fn add(db: &Database, a: i64) -> Result<usize, Error> {
        db.write(job(move |c| sql!("INSERT INTO t (a) VALUES ({})", a).execute(c)))
    }

    fn all(db: &Database) -> Vec<i64> {
        db.read(|c| sql!("SELECT a FROM t ORDER BY a").load::<(i64,)>(c)).unwrap().into_iter().map(|r| r.0).collect()
    }

    #[test]
    fn sixteen_writers_share_commits_and_the_bad_ones_harm_nobody() {
        let b = bench();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {})); // two hundred expected panics are no news
        std::thread::scope(|s| {
            for n in 0..16i64 {
                let db = &b.db;
                s.spawn(move || {
                    for i in 0..50 {
                        let a = n * 100 + i;
                        let add = move |c: &mut Conn<'_>| sql!("INSERT INTO t (a) VALUES ({})", a).execute(c);
                        match i % 5 {
                            0 => assert!(db.write(job(move |c| add(c).and(sql!("INSERT INTO none VALUES (1)").execute(c)))).is_err()),
                            1 => {
                                let panics: Job<usize, Error> = Box::new(move |c| {
                                    c.savepoint(|c| -> Result<_, Error> {
                                        add(c)?;
                                        panic!("on purpose")
                                    })
                                });
                                assert!(matches!(db.write(panics), Err(Error::Broken(text)) if text.contains("on purpose")));
                            }
                            2 => {
                                let said = db.write::<_, Error>(Box::new(move |c| Ok(Outcome::Discard(add(c)?))));
                                assert_eq!(said.unwrap(), 1);
                            }
                            _ => assert_eq!(super::tests::add(db, a).unwrap(), 1),
                        }
                    }
                });
            }
        });
        std::panic::set_hook(before);
        let expected: Vec<i64> = (0..16).flat_map(|n| (0..50).filter(|i| i % 5 > 2).map(move |i| n * 100 + i)).collect();
        assert_eq!(all(&b.db), expected);
    }

    #[test]
    fn an_answer_comes_after_the_commit() {
        let b = bench();
        let (tell, hear) = sync_channel(1);
        let db = b.db.clone();
        b.db.submit(job(|c| sql!("INSERT INTO t (a) VALUES (7)").execute(c)), move |said| {
            tell.send((said.is_ok(), all(&db))).unwrap();
        });
        assert_eq!(hear.recv().unwrap(), (true, vec![7]));
    }

    #[test]
    fn who_breaks_a_deferred_constraint_pays_alone() {
        let b = bench();
        let (tell, hear) = sync_channel(10);
        // hold the writer so that the others form one group
        b.db.submit::<(), Error>(slow(100), |_| {});
        for a in 0..5i64 {
            let tell = tell.clone();
            let work = job(move |c| {
                if a == 3 {
                    return sql!("INSERT INTO child (a) VALUES (99)").execute(c);
                }
                sql!("INSERT INTO t (a) VALUES ({})", a).execute(c)
            });
            b.db.submit(work, move |said| tell.send((a, said.is_ok())).unwrap());
        }
        let mut said: Vec<(i64, bool)> = hear.iter().take(5).collect();
        said.sort();
        assert_eq!(said, [(0, true), (1, true), (2, true), (3, false), (4, true)]);
        assert_eq!(all(&b.db), [0, 1, 2, 4]);
    }

    #[test]
    fn the_hook_runs_once_for_a_group_and_may_fail() {
        let b = bench();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        b.db.on_group_commit(Box::new(move |c| {
            sql!("UPDATE t SET b = 1 WHERE b IS NULL").execute(c)?;
            match counted.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Error::OutOfRange),
                1 => panic!("in the hook"),
                _ => Ok(()),
            }
        }));
        let marked = |db: &Database| db.read(|c| sql!("SELECT a FROM t WHERE b = 1").load::<(i64,)>(c)).unwrap().len();
        for a in 0..2 {
            add(&b.db, a).unwrap();
            assert_eq!(marked(&b.db), 0);
        }
        add(&b.db, 2).unwrap();
        assert_eq!(marked(&b.db), 3);
        b.db.write::<_, Error>(Box::new(|_| Ok(Outcome::Discard(())))).unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 3, "nothing was kept, so there was nothing to hook into");
    }

    #[test]
    fn readers_cannot_write_and_see_one_moment() {
        let b = bench();
        let refused = b.db.read(|c| sql!("INSERT INTO t (a) VALUES (1)").execute(c));
        assert!(refused.is_err());
        b.db.read(|c| {
            let before = sql!("SELECT a FROM t").load::<(i64,)>(c)?.len();
            add(&b.db, 5)?;
            assert_eq!(sql!("SELECT a FROM t").load::<(i64,)>(c)?.len(), before);
            Ok::<_, Error>(())
        })
        .unwrap();
        assert_eq!(all(&b.db), [5]);
    }

    #[test]
    fn a_full_queue_refuses_and_a_long_wait_too() {
        let b = bench();
        let (tell, hear) = sync_channel(QUEUE * 2);
        b.db.submit::<(), Error>(slow(2200), |_| {});
        for _ in 0..QUEUE + 10 {
            let tell = tell.clone();
            b.db.submit(job(|_| Ok(())), move |said| tell.send(matches!(said, Err(Error::Unavailable(_)))).unwrap());
        }
        assert!(hear.iter().take(QUEUE + 10).all(|refused| refused));
        assert_eq!(add(&b.db, 1).unwrap(), 1, "and goes on afterwards");
    }

    #[test]
    fn ever_new_statements_do_not_pile_up() {
        let b = bench();
        for i in 0..1200i64 {
            let text = format!("SELECT a + {i} FROM t WHERE a = ");
            let ask = move |c: &mut Conn<'_>| crate::Statement::new(text.clone()).push(crate::Value::Int(1)).first::<(i64,)>(c);
            assert_eq!(b.db.read(|c| ask(c)).unwrap(), None);
            if i % 2 == 0 {
                b.db.write(job(ask)).unwrap();
            }
        }
        add(&b.db, 1).unwrap();
        assert_eq!(all(&b.db), [1]);
    }

    #[test]
    fn lists_of_any_length_find_their_rows() {
        let b = bench();
        for a in 0..9 {
            add(&b.db, a).unwrap();
        }
        for n in 0..9i64 {
            let wanted: Vec<i64> = (0..n).collect();
            let found = b.db.read(|c| sql!("SELECT a FROM t WHERE a IN ({}) ORDER BY a", crate::list(&wanted)).load::<(i64,)>(c));
            assert_eq!(found.unwrap().into_iter().map(|r| r.0).collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn a_job_that_waits_for_a_job_is_refused() {
        let b = bench();
        let db = b.db.clone();
        assert!(b.db.write(job(move |_| add(&db, 1))).is_err());
    }

    #[test]
    fn a_backup_is_whole_and_private() {
        let b = bench();
        add(&b.db, 1).unwrap();
        let to = b._dir.path().join("it's a copy.db");
        b.db.backup(&to).unwrap();
        assert!(b.db.backup(&to).is_err(), "it exists already");
        let copy = Database::open(&DatabaseConfig::new(format!("sqlite:{}", to.display()))).unwrap();
        assert_eq!(all(&copy), [1]);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&to).unwrap().permissions()) & 0o77, 0);
    }
}
