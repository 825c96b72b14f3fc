//! What a thread of its own looks at once a second: the database, the followers, idle buckets.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use crate::edge::Edge;

/// How many rounds lie between two looks at the followers.
const FOLLOWERS: u32 = 5;
/// Writing is tried every so many seconds, and every second once it failed.
const WRITING_EVERY: u32 = 5;

/// Begins to watch.
pub fn start(edge: &Arc<Edge>) -> std::io::Result<()> {
    let stopped = edge.health.begin_watch();
    edge.health.judge(&edge.app);
    let edge = edge.clone();
    let thread = std::thread::Builder::new().name("health".into()).stack_size(512 << 10);
    thread.spawn(move || {
        let mut round = 0u32;
        while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            edge.health.judge(&edge.app);
            round = round.wrapping_add(1);
            if round.is_multiple_of(WRITING_EVERY) || edge.health.is_unwritable() {
                edge.health.judge_writing(&edge.app);
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
