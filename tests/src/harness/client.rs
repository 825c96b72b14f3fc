//! A caller: a base address and, mostly, a token. Every method sends one request and hands back whatever came.

use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http;

use super::answer::Answer;
use super::record;

/// One caller. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Client {
    /// A caller without credentials.
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.new_agent(), base: base.trim_end_matches('/').to_string(), token: None }
    }

    /// The same caller with other credentials.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_string()), ..self.clone() }
    }

    /// The same caller without credentials.
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// `http://127.0.0.1:port`.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }
    pub fn post(&self, path: &str, body: impl Into<Value>) -> Answer {
        self.request("POST", path).json(&body.into()).send()
    }
    pub fn put(&self, path: &str, version: impl Version, body: impl Into<Value>) -> Answer {
        self.request("PUT", path).if_match(version).json(&body.into()).send()
    }
    pub fn patch(&self, path: &str, version: impl Version, body: impl Into<Value>) -> Answer {
        self.request("PATCH", path).if_match(version).json(&body.into()).send()
    }
    pub fn delete(&self, path: &str, version: impl Version) -> Answer {
        self.request("DELETE", path).if_match(version).send()
    }
    /// An action: a POST on one thing, which must name the version it was decided on. `json!({})` or `Value::Null`
    /// where the action takes nothing.
    pub fn act(&self, path: &str, version: impl Version, body: impl Into<Value>) -> Answer {
        let body = body.into();
        let request = self.request("POST", path).if_match(version);
        if body.is_null() || body.as_object().is_some_and(|o| o.is_empty()) { request.send() } else { request.json(&body).send() }
    }

    /// A request of any form.
    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        Request { client: self, method: method.to_string(), path: path.to_string(), headers: Vec::new(), body: None }
    }

    /// Every row of a list, page after page.
    pub fn all(&self, path: &str) -> Vec<Value> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let first = if path.contains("limit=") { path.to_string() } else { format!("{path}{sign}limit=200") };
        let (mut rows, mut next) = (Vec::new(), first.clone());
        loop {
            let page = self.get(&next).ok();
            rows.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{first}&cursor={cursor}"),
                None => return rows,
            }
        }
    }

    /// Waits until every follower has taken into account all that was written before.
    #[track_caller]
    pub fn followed(&self) -> &Self {
        let began = Instant::now();
        loop {
            let all = self.all("/v1/platform/followers");
            if all.iter().all(|f| f["lag_events"] == 0 && f["status"] == "following" && f["waiting_failures"] == 0) {
                return self;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the followers stay behind: {all:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// `n` callers at once, `f(i, client)` in a thread each; their answers in the order of `i`.
    pub fn parallel<R: Send>(&self, n: usize, f: impl Fn(usize, &Client) -> R + Sync) -> Vec<R> {
        let start = std::sync::Barrier::new(n);
        std::thread::scope(|scope| {
            let spawn = |i| {
                let (client, f, start) = (self.clone(), &f, &start);
                scope.spawn(move || {
                    start.wait();
                    f(i, &client)
                })
            };
            let threads: Vec<_> = (0..n).map(spawn).collect();
            threads.into_iter().map(|t| t.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
        })
    }

    /// Spreads `items` over `n` callers; the answers in the order of the items.
    pub fn spread<T: Sync, R: Send>(&self, n: usize, items: &[T], f: impl Fn(&T, &Client) -> R + Sync) -> Vec<R> {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let mut all: Vec<(usize, R)> = self
            .parallel(n, |_, client| {
                let mut mine = Vec::new();
                loop {
                    let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(i) else { return mine };
                    mine.push((i, f(item, client)));
                }
            })
            .into_iter()
            .flatten()
            .collect();
        all.sort_by_key(|(i, _)| *i);
        all.into_iter().map(|(_, r)| r).collect()
    }
}

/// A version to name in If-Match: a number, or the thing itself as it was answered.
pub trait Version {
    fn tag(&self) -> String;
}
impl Version for i64 {
    fn tag(&self) -> String {
        format!("\"{self}\"")
    }
}
impl Version for i32 {
    fn tag(&self) -> String {
        format!("\"{self}\"")
    }
}
impl Version for &Value {
    fn tag(&self) -> String {
        match self.as_i64().or_else(|| self["version"].as_i64()) {
            Some(v) => v.tag(),
            None => panic!("no version in {self}"),
        }
    }
}
impl Version for &str {
    fn tag(&self) -> String {
        self.to_string()
    }
}

/// A request being put together.
pub struct Request<'a> {
    client: &'a Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_lowercase(), value.to_string()));
        self
    }
    pub fn if_match(self, version: impl Version) -> Self {
        self.header("if-match", &version.tag())
    }
    /// Repeating the request with this key has no second effect.
    pub fn key(self, idempotency_key: &str) -> Self {
        self.header("idempotency-key", idempotency_key)
    }
    pub fn json(self, body: &Value) -> Self {
        let bytes = serde_json::to_vec(body).unwrap();
        self.bytes("application/json", bytes)
    }
    pub fn bytes(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    pub fn send(self) -> Answer {
        let Self { client, method, path, headers, body } = self;
        let shown = body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let request = format!("{method} {path} {}", shown.chars().take(4000).collect::<String>());
        let mut builder = http::Request::builder().method(&*method).uri(format!("{}{path}", client.base));
        if let Some(token) = &client.token {
            builder = builder.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in &headers {
            builder = builder.header(name, value);
        }
        let takes_body = matches!(&*method, "POST" | "PUT" | "PATCH");
        let sent = if takes_body || body.is_some() {
            builder.body(body.unwrap_or_default()).map(|r| client.agent.run(r))
        } else {
            builder.body(()).map(|r| client.agent.run(r))
        };
        let response = sent.unwrap_or_else(|e| panic!("{request}\ncannot be sent: {e}"));
        let mut response = response.unwrap_or_else(|e| panic!("{request}\nwas not answered: {e}"));
        let body = response.body_mut().with_config().limit(256 << 20).read_to_vec();
        let body = body.unwrap_or_else(|e| panic!("{request}\nanswer broke off: {e}"));
        let text = |v: &http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(n, v)| (n.as_str().to_string(), text(v))).collect();
        let status = response.status().as_u16();
        record::called(&method, &path, status);
        Answer { request, status, headers, body }
    }
}
