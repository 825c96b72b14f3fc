//! Whether the server can work: asked by one thread of its own once a second, so that the answer never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::edge::Edge;

/// What is known about the health of the server.
pub struct Health {
    begin: Instant,
    /// Milliseconds after `begin` when the database last answered, plus one.
    database: AtomicU64,
    migrated: AtomicBool,
    /// How many times in a row nothing could be written.
    unwritable: AtomicU32,
    stop: Mutex<Option<std::sync::mpsc::Sender<()>>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            begin: Instant::now(),
            database: AtomicU64::new(0),
            migrated: AtomicBool::new(false),
            unwritable: AtomicU32::new(0),
            stop: Mutex::new(None),
        }
    }
}

/// How many rounds lie between two looks at the followers.
const FOLLOWERS: u32 = 5;
/// A database that has not answered for so long is away.
const PATIENCE: Duration = Duration::from_secs(4);
/// Writing is tried every so many seconds, and every second once it failed.
const WRITING_EVERY: u32 = 5;
/// A writer that is busy for a moment is no reason to send requests elsewhere.
const FAILURES: u32 = 3;

impl Health {
    fn judge(&self, edge: &Edge) {
        if edge.app.db.ping().is_ok() {
            let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.database.store(now + 1, Ordering::Relaxed);
            if !self.migrated.load(Ordering::Relaxed) {
                self.migrated.store(edge.app.db.pending().is_ok_and(|p| p.is_empty()), Ordering::Relaxed);
            }
        } else {
            self.database.store(0, Ordering::Relaxed);
        }
    }

    fn judge_writing(&self, edge: &Edge) {
        match edge.app.db.probe_writing(edge.app.clock.now()) {
            Ok(()) => self.unwritable.store(0, Ordering::Relaxed),
            Err(e) => {
                if self.unwritable.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
                    log::error!("nothing can be written to the database: {e}");
                }
            }
        }
    }

    /// Begins to watch.
    pub fn watch(edge: &Arc<Edge>) -> std::io::Result<()> {
        let (stop, stopped) = std::sync::mpsc::channel();
        *edge.health.stop.lock() = Some(stop);
        edge.health.judge(edge);
        let edge = edge.clone();
        let thread = std::thread::Builder::new().name("health".into()).stack_size(512 << 10);
        thread.spawn(move || {
            let mut round = 0u32;
            while stopped.recv_timeout(Duration::from_secs(1)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                edge.health.judge(&edge);
                round = round.wrapping_add(1);
                if round.is_multiple_of(WRITING_EVERY) || edge.health.unwritable.load(Ordering::Relaxed) > 0 {
                    edge.health.judge_writing(&edge);
                }
                if round % FOLLOWERS == 1 {
                    match platform::followers::all(&edge.app) {
                        Ok(all) => edge.metrics.followers(&all),
                        Err(p) => log::debug!("the followers were not asked: {p}"),
                    }
                }
                if round.is_multiple_of(60) {
                    edge.buckets.forget_idle();
                }
            }
        })?;
        Ok(())
    }

    /// Ends the watch.
    pub fn stop(&self) {
        self.stop.lock().take();
    }

    /// What was looked at, and whether all of it holds.
    pub fn report(&self, edge: &Edge) -> (bool, Value) {
        let last = self.database.load(Ordering::Relaxed);
        let ago = self.begin.elapsed().saturating_sub(Duration::from_millis(last.saturating_sub(1)));
        let checks = [
            ("database", last > 0 && ago < PATIENCE),
            ("migrations", self.migrated.load(Ordering::Relaxed)),
            ("writing", self.unwritable.load(Ordering::Relaxed) < FAILURES),
            ("accepting", !edge.draining.load(Ordering::Relaxed)),
        ];
        let listed: Vec<Value> = checks.iter().map(|(name, passed)| json!({ "name": name, "passed": passed })).collect();
        (checks.iter().all(|(_, passed)| *passed), json!({ "status": "ok", "checks": listed }))
    }
}
