//! What all requests share, and what becomes known about each on its way.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use domain::kernel::{Result, problems};
use platform::App;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::docs::Docs;
use crate::document::Document;
use crate::health::Health;
use crate::limits::{Buckets, Verdict};
use crate::metrics::Metrics;
use crate::streams::Streams;
use crate::trace::Trace;
use crate::tree::Node;

/// Large bodies that are in memory at a time.
const LARGE_BODIES: usize = 6;

/// What all requests share.
pub struct Edge {
    pub config: Arc<Config>,
    pub app: Arc<App>,
    pub tree: Node,
    pub buckets: Buckets,
    pub metrics: Metrics,
    pub docs: Docs,
    /// How many requests may wait for a thread or for the writer.
    pub queue: Arc<Semaphore>,
    /// Turns for large bodies.
    pub large_bodies: Arc<Semaphore>,
    /// The server is about to stop.
    pub draining: AtomicBool,
    pub health: Health,
    pub document: Document,
    /// Who listens to the feed.
    pub streams: Arc<Streams>,
}

/// What became known about a request on its way, for the headers, the log and the counters.
pub struct Seen {
    pub started: Instant,
    pub trace: Trace,
    /// The template of the route.
    pub route: String,
    /// The id of the caller.
    pub caller: String,
    /// Where the request came from.
    pub address: IpAddr,
    pub verdict: Option<Verdict>,
    /// The body was read to its end.
    pub body_read: bool,
    pub allow: Option<String>,
}

impl Edge {
    /// `tree` leads to all that is served.
    pub fn new(config: Arc<Config>, app: Arc<App>, tree: Node) -> Self {
        Self {
            buckets: Buckets::new(config.rate_limit, config.login_rate_limit),
            queue: Arc::new(Semaphore::new(config.queue)),
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
            streams: Streams::new(config.streams, config.streams_per_caller),
            config,
            app,
            tree,
            metrics: Metrics::new(),
            docs: Docs::new(),
            draining: AtomicBool::new(false),
            health: Health::default(),
            document: Document::default(),
        }
    }

    /// A place among the requests that may wait.
    pub fn place_in_queue(&self) -> Result<OwnedSemaphorePermit> {
        self.queue.clone().try_acquire_owned().map_err(|_| {
            self.metrics.busy();
            problems::unavailable.with("Too many requests are waiting.").after_seconds(1)
        })
    }
}
