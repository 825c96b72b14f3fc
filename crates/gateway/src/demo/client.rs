//! Calls operations like a client would, by method and path, but through the door and without HTTP. The clock is set
//! before each step, so that a year can pass in seconds. Only operations write here, never the database itself.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::kernel::{Problem, problems};
use platform::table::Upload;
use platform::{App, Caller, Request};
use serde_json::Value;

/// Why the demo stopped: the call, and the problem it met.
#[derive(Debug)]
pub struct Stopped {
    pub call: String,
    pub problem: Problem,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.call, self.problem, self.problem.code().code)?;
        for e in self.problem.errors() {
            write!(f, "\n  {} {}", e.pointer.as_deref().or(e.parameter.as_deref()).unwrap_or_default(), e.message)?;
        }
        Ok(())
    }
}
impl std::error::Error for Stopped {}

pub type Done<T> = Result<T, Stopped>;

/// Somebody who may do everything, with a clock in hand.
pub struct ApiClient {
    app: Arc<App>,
    caller: Arc<Caller>,
}

impl ApiClient {
    pub fn new(app: &Arc<App>) -> Self {
        Self { app: app.clone(), caller: Arc::new(Caller::system()) }
    }
    /// Sets the clock to this hour (UTC) of a day.
    pub fn at(&self, day: NaiveDate, hour: u32) {
        let time = NaiveTime::from_hms_opt(hour % 24, 0, 0).unwrap_or_default();
        self.app.clock.set(Some(DateTime::<Utc>::from_naive_utc_and_offset(day.and_time(time), Utc)));
    }
    pub fn get(&self, path: &str) -> Done<Value> {
        self.call("GET", path, None, None)
    }
    pub fn post(&self, path: &str, body: Value) -> Done<Value> {
        self.call("POST", path, Some(body), None)
    }
    /// Learns from the customers of a company, as the job does that a caller would start.
    pub fn learn(&self, company: &Value) -> Done<()> {
        let stopped = |problem| Stopped { call: "the job of POST /v1/insight/clv-fits/fit".into(), problem };
        let id = company["id"].as_str().unwrap_or_default().parse().map_err(|_| stopped(problems::not_found.into()))?;
        crm::insight::clv_fits::learn(&self.app, &self.caller, id).map(drop).map_err(stopped)
    }
    /// An action on `thing`, in the version in hand: `act("/v1/sales/orders", &order, "confirm", json!({}))`.
    pub fn act(&self, place: &str, thing: &Value, verb: &str, body: Value) -> Done<Value> {
        let id = thing["id"].as_str().unwrap_or_default();
        self.call("POST", &format!("{place}/{id}/{verb}"), Some(body), thing["version"].as_i64())
    }
    /// A write under a thing that must be in this version.
    pub fn write(&self, method: &str, path: &str, body: Value, version: &Value) -> Done<Value> {
        self.call(method, path, Some(body), version.as_i64())
    }

    /// Attaches a text to a record.
    pub fn attach(&self, record: &Value, name: &str, text: &str) -> Done<Value> {
        let path = format!("/v1/platform/attachments?record_id={}", record["id"].as_str().unwrap_or_default());
        let file = Upload { name: name.into(), media_type: "text/plain".into(), bytes: text.into() };
        self.send("POST", &path, None, None, Some(file))
    }

    fn call(&self, method: &str, path: &str, body: Option<Value>, if_match: Option<i64>) -> Done<Value> {
        self.send(method, path, body, if_match, None)
    }

    fn send(&self, method: &str, path: &str, body: Option<Value>, if_match: Option<i64>, upload: Option<Upload>) -> Done<Value> {
        let stopped = |problem: Problem| Stopped { call: format!("{method} {path}"), problem };
        let (plain, query) = path.split_once('?').unwrap_or((path, ""));
        let segments: Vec<&str> = plain.split('/').collect();
        let found = self.app.table.ops.iter().enumerate().filter(|(_, o)| o.kind.method() == method);
        let found = found.filter_map(|(i, o)| Some((i, o, variables(&o.path, &segments)?))).min_by_key(|(_, _, v)| v.len());
        let (op, operation, variables) = found.ok_or_else(|| stopped(problems::not_found.with("There is no such operation.")))?;
        let pairs = query.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_string(), v.to_string()));
        let request = Request {
            op,
            caller: self.caller.clone(),
            path: variables,
            query: pairs.collect(),
            body: body.filter(|_| operation.body.is_some()),
            upload,
            if_match: if_match.filter(|_| operation.kind.needs_if_match()),
            idempotency_key: None,
            request_id: "demo".into(),
            deadline: None,
        };
        let answer = self.app.call(request).map_err(stopped)?;
        Ok(answer.output.value())
    }
}

/// The values of the path's variables when it fits the template.
fn variables(template: &str, segments: &[&str]) -> Option<Vec<String>> {
    let places: Vec<&str> = template.split('/').collect();
    if places.len() != segments.len() {
        return None;
    }
    let mut found = Vec::new();
    for (place, given) in places.iter().zip(segments) {
        if place.starts_with('{') {
            found.push(given.to_string());
        } else if place != given {
            return None;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_variables_of_its_template() {
        let of = |template, path: &str| variables(template, &path.split('/').collect::<Vec<_>>());
        assert_eq!(of("/v1/sales/orders/{id}/confirm", "/v1/sales/orders/so_1/confirm"), Some(vec!["so_1".into()]));
        assert_eq!(of("/v1/sales/orders/{id}", "/v1/sales/quotes/so_1"), None);
        assert_eq!(of("/v1/sales/orders", "/v1/sales/orders"), Some(vec![]));
    }
}
