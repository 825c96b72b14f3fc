//! The sequencer: the one place that gives committed facts their number (1, 2, 3, … without gap) and their link in the
//! hash chain. It runs after the facts are written, never inside the transaction of a
//! request, where a chain would make every writer wait for every other; no operation may number a fact itself.
//!
//! A reader of the feed that goes on after the last number it has seen misses nothing: a number is only given to what is
//! committed, and numbers become visible in their order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use persistence::platform::event_days;
use persistence::platform::sequence as rows;
use persistence::{Conn, Database, Engine, Error, Outcome};
use uuid::Uuid;

use crate::chain::{ORIGIN, chain, digest};

/// Facts numbered in one transaction.
const BATCH: i64 = 500;
/// How long a fact may wait for its number when nobody rings: those that another replica committed and then died.
const POLL: Duration = Duration::from_millis(200);
/// How long a batch rests before the next begins. The first fact after a quiet moment is numbered at once; under load
/// this makes one transaction of what would be one for each of a few writes.
const REST: Duration = Duration::from_millis(10);
/// Numbers everything that has no number yet, at most one batch; how many. Runs in the transaction of the caller.
pub fn number(db: &mut Conn<'_>) -> Result<usize, Error> {
    if !rows::try_lock(db)? {
        return Ok(0);
    }
    let mut waiting = rows::unplaced(db, BATCH)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let undigested: Vec<Uuid> = waiting.iter().filter(|(_, digest)| digest.is_none()).map(|(id, _)| *id).collect();
    if !undigested.is_empty() {
        // facts that an earlier version wrote and did not number
        let digests: BTreeMap<Uuid, Vec<u8>> = rows::facts(db, &undigested)?.iter().map(|f| (f.id, digest(f))).collect();
        for (id, digest) in waiting.iter_mut().filter(|(_, digest)| digest.is_none()) {
            *digest = digests.get(id).cloned();
        }
    }
    let waiting = waiting.into_iter().map(|(id, digest)| (id, digest.unwrap_or_default())).collect();
    let (seq, hash) = rows::last(db)?.unwrap_or((0, ORIGIN.to_vec()));
    let places = chain(seq, hash, waiting);
    rows::place(db, &places)?;
    event_days::note(db, &places)?;
    Ok(places.len())
}

/// Keeps numbering while it lives. SQLite: in each group of writes, with the same flush to the disk. PostgreSQL: a
/// thread, woken after each commit of this process and looking round by itself for those of others.
pub struct Sequencer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    db: Database,
}

impl Sequencer {
    /// # Errors
    /// The thread cannot be started.
    pub fn start(db: &Database) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = match db.engine() {
            Engine::Sqlite => {
                db.on_group_commit(Box::new(|conn| while_full(|| number(conn))));
                None
            }
            Engine::Postgres => {
                let (db, stop) = (db.clone(), stop.clone());
                Some(std::thread::Builder::new().name("sequencer".into()).spawn(move || run(&db, &stop))?)
            }
        };
        Ok(Self { stop, thread, db: db.clone() })
    }
}

impl Drop for Sequencer {
    /// Numbers what was committed last, then stops.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.db.after_commit_notify();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the sequencer ended in a panic");
        }
    }
}

fn while_full(mut step: impl FnMut() -> Result<usize, Error>) -> Result<(), Error> {
    while step()? as i64 == BATCH {}
    Ok(())
}

fn run(db: &Database, stop: &AtomicBool) {
    let mut failing = false;
    loop {
        let last = stop.load(Ordering::Relaxed);
        match while_full(|| catch_up(db)) {
            Ok(()) => failing = false,
            Err(e) => {
                if !std::mem::replace(&mut failing, true) {
                    log::warn!("facts wait for their numbers: {e}");
                }
                if !last {
                    std::thread::sleep(POLL);
                }
            }
        }
        if last {
            return;
        }
        std::thread::sleep(REST);
        db.wait_for_commit(POLL);
    }
}

/// Numbers one batch in a transaction of its own; how many.
pub fn catch_up(db: &Database) -> Result<usize, Error> {
    db.write(Box::new(|conn| {
        Ok(match number(conn)? {
            0 => Outcome::Discard(0),
            n => Outcome::Keep(n),
        })
    }))
}
