//! Counters for Prometheus. Labels are route templates and status codes, never ids or names of callers.

use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

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
struct Follower {
    follower: String,
}

/// What is counted.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram>,
    in_flight: Gauge,
    refused: Counter,
    lag_events: Family<Follower, Gauge>,
    lag_seconds: Family<Follower, Gauge>,
    failures: Family<Follower, Gauge>,
}

const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let (requests, in_flight, refused) = (Family::default(), Gauge::default(), Counter::default());
        let seconds = Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
        registry.register("http_requests", "Answered requests", requests.clone());
        registry.register("http_request_duration_seconds", "Time to the answer", seconds.clone());
        registry.register("http_requests_in_flight", "Requests being worked on", in_flight.clone());
        registry.register("http_requests_refused_busy", "Requests refused because too many were waiting", refused.clone());
        let of_follower = Family::<Follower, Gauge>::default;
        let (lag_events, lag_seconds, failures) = (of_follower(), of_follower(), of_follower());
        registry.register("follower_lag_events", "Events that a follower has yet to read", lag_events.clone());
        registry.register("follower_lag_seconds", "Age of the oldest event that a follower has yet to read", lag_seconds.clone());
        registry.register("follower_failures", "Events that a follower failed on, waiting or set aside", failures.clone());
        Self { registry: Mutex::new(registry), requests, seconds, in_flight, refused, lag_events, lag_seconds, failures }
    }

    /// A request begins.
    pub fn begin(&self) {
        self.in_flight.inc();
    }

    /// A request ends.
    pub fn end(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.in_flight.dec();
        let (method, route) = (method.to_string(), route.to_string());
        self.requests.get_or_create(&Request { method: method.clone(), route: route.clone(), status }).inc();
        self.seconds.get_or_create(&Route { method, route }).observe(took.as_secs_f64());
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
            self.lag_events.get_or_create(&label).set(f.lag_events);
            self.lag_seconds.get_or_create(&label).set(f.lag_seconds);
            self.failures.get_or_create(&label).set(f.waiting_failures + f.set_aside_failures);
        }
    }

    /// The exposition text (OpenMetrics).
    pub fn text(&self) -> String {
        let mut out = String::new();
        match encode(&mut out, &self.registry.lock()) {
            Ok(()) => out,
            Err(e) => format!("# {e}\n# EOF\n"),
        }
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
        m.begin();
        m.end("GET", "/v1/sales/orders/{sales_order_id}", 200, Duration::from_millis(3));
        let text = m.text();
        assert!(text.contains(r#"http_requests_total{method="GET",route="/v1/sales/orders/{sales_order_id}",status="200"} 1"#), "{text}");
        assert!(text.contains("http_requests_in_flight 0"));
    }
}
