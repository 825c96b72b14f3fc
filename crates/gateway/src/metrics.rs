//! Measurements for Prometheus, in the OpenMetrics text format. Labels are route templates, states and names from the
//! program, never ids or names of callers. Requests are counted as they come; the rest is looked at when somebody asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use persistence::{Database, Engine, Load};
use platform::App;
use platform::observation::Observation;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Build {
    version: &'static str,
    engine: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Job {
    kind: String,
    status: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Timer {
    timer: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Follower {
    follower: String,
}

/// What is counted and measured.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram>,
    sent_bytes: Counter,
    in_flight: Gauge,
    begun: AtomicU64,
    refused: Counter,
    looked_at: LookedAt,
    following: Following,
}

/// What is set when somebody asks.
#[derive(Default)]
struct LookedAt {
    build: Family<Build, Gauge>,
    ready: Gauge,
    cpu: Counter<f64, AtomicU64>,
    resident: Gauge,
    descriptors: Gauge,
    threads: Gauge,
    started: Gauge,
    queued: Gauge,
    queue_limit: Gauge,
    connections: Family<State, Gauge>,
    connections_limit: Gauge,
    writer_queued: Gauge,
    unnumbered: Gauge,
    sequencer_lag: Gauge,
    jobs: Family<Job, Gauge>,
    timers: Family<Timer, Gauge>,
    mails: Family<Ended, Counter>,
    callers: Gauge,
    caller_lookups: Family<Ended, Counter>,
}

/// How far the followers are.
#[derive(Default)]
struct Following {
    lag_events: Family<Follower, Gauge>,
    lag_seconds: Family<Follower, Gauge>,
    failures: Family<Follower, Gauge>,
}

const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What only the rest of the server knows.
pub struct Look<'a> {
    pub app: &'a App,
    pub ready: bool,
    /// Requests that wait, and how many may.
    pub queue: (usize, usize),
    /// The work that waits; nothing when the database did not say.
    pub waiting: Option<Observation>,
}

impl Metrics {
    pub fn new() -> Self {
        let mut r = Registry::with_prefix("tandem");
        let (requests, in_flight, refused, sent_bytes) = (Family::default(), Gauge::default(), Counter::default(), Counter::default());
        let seconds = Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
        r.register("http_requests", "Answered requests", requests.clone());
        r.register("http_request_duration_seconds", "Time to the answer", seconds.clone());
        r.register("http_response_bytes", "Bytes of answered bodies, compressed as sent", sent_bytes.clone());
        r.register("http_requests_in_flight", "Requests being worked on", in_flight.clone());
        r.register("http_requests_refused_busy", "Requests refused because too many were waiting", refused.clone());
        let l = LookedAt::default();
        r.register("build_info", "Version of the program and kind of its database; always 1", l.build.clone());
        r.register("ready", "1 when /readyz answers 200", l.ready.clone());
        r.register("process_cpu_seconds", "Processor time of the process", l.cpu.clone());
        r.register("process_resident_memory_bytes", "Resident memory of the process", l.resident.clone());
        r.register("process_open_fds", "Open file descriptors", l.descriptors.clone());
        r.register("process_threads", "Threads of the process", l.threads.clone());
        r.register("process_start_time_seconds", "Start of the process, in seconds since 1970", l.started.clone());
        r.register("request_queue_length", "Requests that run or wait for a thread or for the writer", l.queued.clone());
        r.register("request_queue_limit", "Requests that may run or wait", l.queue_limit.clone());
        r.register("database_connections", "Pooled connections to the database by state", l.connections.clone());
        r.register("database_connections_limit", "Pooled connections that may be open", l.connections_limit.clone());
        r.register("writer_queue_length", "Writes waiting for the writer of SQLite", l.writer_queued.clone());
        r.register("events_unnumbered", "Committed events without a place in the feed", l.unnumbered.clone());
        r.register("sequencer_lag_seconds", "Age of the oldest event without a place in the feed", l.sequencer_lag.clone());
        r.register("jobs", "Jobs by kind and status", l.jobs.clone());
        r.register("timer_last_run_timestamp_seconds", "When a timer last ran on any replica", l.timers.clone());
        r.register("mails", "Messages handed to the mail server by outcome", l.mails.clone());
        r.register("caller_cache_entries", "Callers whose token is remembered", l.callers.clone());
        r.register("caller_cache_lookups", "Look-ups of tokens in memory by outcome", l.caller_lookups.clone());
        let f = Following::default();
        r.register("follower_lag_events", "Events that a follower has yet to read", f.lag_events.clone());
        r.register("follower_lag_seconds", "Age of the oldest event that a follower has yet to read", f.lag_seconds.clone());
        r.register("follower_failures", "Events that a follower failed on, waiting or set aside", f.failures.clone());
        Self {
            registry: Mutex::new(r),
            requests,
            seconds,
            sent_bytes,
            in_flight,
            begun: AtomicU64::new(0),
            refused,
            looked_at: l,
            following: f,
        }
    }

    /// A request begins; one that looks at health is not counted as such, because balancers go on with it.
    pub fn begin(&self, path: &str) {
        self.in_flight.inc();
        if !matches!(path, "/livez" | "/readyz" | "/metrics") {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many requests have begun.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// A request ends.
    pub fn end(&self, method: &str, route: &str, status: u16, took: Duration, bytes: u64) {
        self.in_flight.dec();
        let (method, route) = (method.to_string(), route.to_string());
        self.requests.get_or_create(&Request { method: method.clone(), route: route.clone(), status }).inc();
        self.seconds.get_or_create(&Route { method, route }).observe(took.as_secs_f64());
        self.sent_bytes.inc_by(bytes);
    }

    /// Whether nothing is being worked on.
    pub fn idle(&self) -> bool {
        self.in_flight.get() == 0
    }

    /// A request was refused because the queue is full.
    pub fn busy(&self) {
        self.refused.inc();
    }

    /// How far the followers are.
    pub fn followers(&self, all: &[domain::platform::followers::Follower]) {
        for f in all {
            let label = Follower { follower: f.name.clone() };
            self.following.lag_events.get_or_create(&label).set(f.lag_events);
            self.following.lag_seconds.get_or_create(&label).set(f.lag_seconds);
            self.following.failures.get_or_create(&label).set(f.waiting_failures + f.set_aside_failures);
        }
    }

    /// The exposition text (OpenMetrics).
    pub fn text(&self, look: &Look<'_>) -> String {
        // one at a time: what is set by one must not be cleared by another before it is written
        let registry = self.registry.lock();
        self.looked_at.set(look);
        let mut out = String::new();
        match encode(&mut out, &registry) {
            Ok(()) => out,
            Err(e) => format!("# {e}\n# EOF\n"),
        }
    }
}

fn whole<N: TryInto<i64>>(n: N) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// Brings a counter to a value that was counted elsewhere.
fn raise(counter: &Counter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}

impl LookedAt {
    fn set(&self, look: &Look<'_>) {
        let engine = engine(&look.app.db);
        self.build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION"), engine }).set(1);
        self.ready.set(i64::from(look.ready));
        self.process();
        self.queued.set(whole(look.queue.0));
        self.queue_limit.set(whole(look.queue.1));
        let Load { connections, idle, most, waiting_writes } = look.app.db.load();
        self.connections.get_or_create(&State { state: "idle" }).set(idle.into());
        self.connections.get_or_create(&State { state: "in_use" }).set(connections.saturating_sub(idle).into());
        self.connections_limit.set(most.into());
        self.writer_queued.set(whole(waiting_writes));
        if let Some(mailer) = look.app.mail.get() {
            mailer.counts().into_iter().for_each(|(outcome, n)| raise(&self.mails.get_or_create(&Ended { outcome }), n));
        }
        let (callers, hits, misses) = look.app.identity.cache();
        self.callers.set(whole(callers));
        raise(&self.caller_lookups.get_or_create(&Ended { outcome: "hit" }), hits);
        raise(&self.caller_lookups.get_or_create(&Ended { outcome: "miss" }), misses);
        let Some(waiting) = &look.waiting else { return };
        self.unnumbered.set(waiting.unnumbered);
        self.sequencer_lag.set(waiting.lag_seconds);
        // a state without jobs must not keep the number it had
        self.jobs.clear();
        for (kind, status, n) in &waiting.jobs {
            self.jobs.get_or_create(&Job { kind: kind.clone(), status: status.clone() }).set(*n);
        }
        for (timer, at) in &waiting.timers {
            self.timers.get_or_create(&Timer { timer: timer.clone() }).set(at.timestamp());
        }
    }

    /// What the operating system says of the process; nothing where it has no `/proc`.
    fn process(&self) {
        #[cfg(target_os = "linux")]
        {
            use procfs::{Current, WithCurrentSystemInfo};
            let Ok(me) = procfs::process::Process::myself() else { return };
            if let Ok(stat) = me.stat() {
                let ticks = procfs::ticks_per_second() as f64;
                let seconds = (stat.utime + stat.stime) as f64 / ticks;
                self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
                self.resident.set(whole(stat.rss_bytes().get()));
                self.threads.set(stat.num_threads);
                let uptime = procfs::Uptime::current().map(|u| u.uptime).unwrap_or_default();
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs_f64()).unwrap_or_default();
                self.started.set((now - uptime + stat.starttime as f64 / ticks) as i64);
            }
            if let Ok(n) = me.fd_count() {
                self.descriptors.set(whole(n));
            }
        }
    }
}

fn engine(database: &Database) -> &'static str {
    match database.engine() {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route() {
        let m = Metrics::new();
        m.begin("/v1/sales/orders/so_1");
        m.end("GET", "/v1/sales/orders/{sales_order_id}", 200, Duration::from_millis(3), 17);
        let mut text = String::new();
        encode(&mut text, &m.registry.lock()).expect("a text");
        let line = r#"tandem_http_requests_total{method="GET",route="/v1/sales/orders/{sales_order_id}",status="200"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains("tandem_http_requests_in_flight 0") && text.contains("tandem_http_response_bytes_total 17"));
        assert!(text.lines().all(|l| l.starts_with('#') || l.starts_with("tandem_")), "{text}");
    }

    #[test]
    fn a_process_knows_itself() {
        let l = LookedAt::default();
        l.process();
        if cfg!(target_os = "linux") {
            assert!(l.resident.get() > 0 && l.threads.get() > 0 && l.descriptors.get() > 0 && l.started.get() > 1_500_000_000);
        }
    }
}
