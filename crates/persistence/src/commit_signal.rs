//! Tells who waits for them that this process committed something.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Signals each commit of this process.
#[derive(Default)]
pub(crate) struct CommitSignal {
    signalled: Mutex<Signalled>,
    waiters: Condvar,
}

#[derive(Default)]
struct Signalled {
    /// Whether there was one since the one who numbers facts has listened.
    unheard: bool,
    /// How many there were, for all others.
    count: u64,
}

impl CommitSignal {
    pub(crate) fn signal(&self) {
        let mut signalled = self.signalled.lock();
        signalled.unheard = true;
        signalled.count = signalled.count.wrapping_add(1);
        self.waiters.notify_all();
    }
    /// Waits at most so long for a commit that was not listened to; whether there was one.
    pub(crate) fn listen(&self, limit: Duration) -> bool {
        let mut signalled = self.signalled.lock();
        if !signalled.unheard {
            self.waiters.wait_for(&mut signalled, limit);
        }
        std::mem::take(&mut signalled.unheard)
    }
    /// How many commits there were.
    pub(crate) fn count(&self) -> u64 {
        self.signalled.lock().count
    }
    /// Waits at most so long for another commit than the `seen` first ones.
    pub(crate) fn after(&self, seen: u64, limit: Duration) {
        let mut signalled = self.signalled.lock();
        if signalled.count == seen {
            self.waiters.wait_for(&mut signalled, limit);
        }
    }
}
