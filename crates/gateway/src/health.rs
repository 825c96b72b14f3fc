//! Whether the server can work: asked by one thread of its own once a second, so that the answer never waits.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use platform::App;
use serde_json::{Value, json};

/// What is known about the health of the server.
pub struct Health {
    begin: Instant,
    /// Milliseconds after `begin` when the database last answered, plus one.
    database: AtomicU64,
    migrated: AtomicBool,
    /// How many times in a row nothing could be written.
    unwritable: AtomicU32,
    stop: Mutex<Option<Sender<()>>>,
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

/// A database that has not answered for so long is away.
const PATIENCE: Duration = Duration::from_secs(4);
/// A writer that is busy for a moment is no reason to send requests elsewhere.
const FAILURES: u32 = 3;

impl Health {
    pub fn judge(&self, app: &App) {
        if app.db.ping().is_ok() {
            let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.database.store(now + 1, Ordering::Relaxed);
            if !self.migrated.load(Ordering::Relaxed) {
                self.migrated.store(app.db.pending().is_ok_and(|p| p.is_empty()), Ordering::Relaxed);
            }
        } else {
            self.database.store(0, Ordering::Relaxed);
        }
    }

    pub fn judge_writing(&self, app: &App) {
        match app.db.probe_writing(app.clock.now()) {
            Ok(()) => self.unwritable.store(0, Ordering::Relaxed),
            Err(e) => {
                if self.unwritable.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
                    log::error!("nothing can be written to the database: {e}");
                }
            }
        }
    }

    /// Whether nothing could be written when it was last tried.
    pub fn is_unwritable(&self) -> bool {
        self.unwritable.load(Ordering::Relaxed) > 0
    }

    /// A watch begins; what it gets hears of the end.
    pub fn begin_watch(&self) -> Receiver<()> {
        let (stop, stopped) = std::sync::mpsc::channel();
        *self.stop.lock() = Some(stop);
        stopped
    }

    /// Ends the watch.
    pub fn stop(&self) {
        self.stop.lock().take();
    }

    /// What was looked at, and whether all of it holds.
    pub fn report(&self, is_draining: bool) -> (bool, Value) {
        let last = self.database.load(Ordering::Relaxed);
        let ago = self.begin.elapsed().saturating_sub(Duration::from_millis(last.saturating_sub(1)));
        let checks = [
            ("database", last > 0 && ago < PATIENCE),
            ("migrations", self.migrated.load(Ordering::Relaxed)),
            ("writing", self.unwritable.load(Ordering::Relaxed) < FAILURES),
            ("accepting", !is_draining),
        ];
        let listed: Vec<Value> = checks.iter().map(|(name, passed)| json!({ "name": name, "passed": passed })).collect();
        (checks.iter().all(|(_, passed)| *passed), json!({ "status": "ok", "checks": listed }))
    }
}
