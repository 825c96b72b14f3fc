//! What holds for every operation alike, driven by the published document: who is let in, in which order things are
//! judged, how wrong requests are answered. A new operation is covered the moment it is declared.

mod access;
mod actions;
mod bounds;
mod committed;
pub mod demo;
mod document;
mod edge;
mod hostile;
mod lists;
mod requests;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::harness::{Answer, Client};

/// One operation as published.
pub struct Operation {
    pub id: String,
    pub method: String,
    /// With `{names}` in it.
    pub path: String,
    pub spec: Value,
    document: std::sync::Arc<Value>,
}

/// All operations of a server, from its own document.
pub fn operations(client: &Client) -> Vec<Operation> {
    let document = std::sync::Arc::new(client.anonymous().get("/openapi.json").ok());
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, spec) in item.as_object().unwrap() {
            // what never ends has tests of its own: `platform::event_stream`
            let ends = spec["responses"]["200"]["content"].get("text/event-stream").is_none();
            if let Some(id) = spec["operationId"].as_str().filter(|_| ends) {
                let (id, method, path) = (id.to_string(), method.to_uppercase(), path.clone());
                all.push(Operation { id, method, path, spec: spec.clone(), document: document.clone() });
            }
        }
    }
    assert!(all.len() > 20, "the document lists only {} operations", all.len());
    all
}

impl Operation {
    /// Follows a `$ref`, if it is one.
    pub fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(r) => self.resolve(self.document.pointer(r.trim_start_matches('#')).unwrap_or(&Value::Null)),
            None => value,
        }
    }
    pub fn parameters(&self) -> Vec<&Value> {
        let own = self.spec["parameters"].as_array();
        own.into_iter().flatten().map(|p| self.resolve(p)).collect()
    }
    /// Whether it answers without credentials.
    pub fn is_public(&self) -> bool {
        self.spec["security"].as_array().is_some_and(|s| s.is_empty()) || !self.path.starts_with("/v1/")
    }
    /// The permissions it publishes.
    pub fn permissions(&self) -> Vec<&str> {
        self.spec["x-required-scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).filter(|p| !p.is_empty()).collect()
    }
    /// The path with an id in each place that exists for nobody, unless `ids` knows one by the name of the place.
    pub fn path_with(&self, ids: &BTreeMap<String, String>) -> String {
        let mut path = self.path.clone();
        for p in self.parameters() {
            let name = p["name"].as_str().unwrap_or_default();
            if p["in"] == "path" {
                let unknown = || self.example(&p["schema"]).as_str().map_or_else(|| "none".to_string(), str::to_string);
                path = path.replace(&format!("{{{name}}}"), &ids.get(name).cloned().unwrap_or_else(unknown));
            }
        }
        path
    }
    /// The query string with a value for each required parameter.
    pub fn query(&self) -> String {
        let required = self.parameters().into_iter().filter(|p| p["in"] == "query" && p["required"] == true);
        let pairs: Vec<String> = required
            .map(|p| {
                let value = self.example(&p["schema"]);
                format!("{}={}", p["name"].as_str().unwrap_or_default(), value.as_str().map_or_else(|| value.to_string(), str::to_string))
            })
            .collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
    pub fn has_body(&self) -> bool {
        self.spec["requestBody"].is_object()
    }
    pub fn body_schema(&self) -> Option<&Value> {
        let (_, content) = self.resolve(&self.spec["requestBody"])["content"].as_object()?.iter().next()?;
        Some(self.resolve(&content["schema"]))
    }
    /// The example of a body that readers of the document see.
    pub fn shown_body(&self) -> Option<&Value> {
        let (_, content) = self.resolve(&self.spec["requestBody"])["content"].as_object()?.iter().next()?;
        content.get("example")
    }
    pub fn body_type(&self) -> Option<&str> {
        Some(self.resolve(&self.spec["requestBody"])["content"].as_object()?.keys().next()?.as_str())
    }
    /// A value that fits a schema, with no more than it requires.
    pub fn example(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(example) = schema["examples"].as_array().and_then(|e| e.first()) {
            return example.clone();
        }
        if !schema["example"].is_null() {
            return schema["example"].clone();
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.first().cloned().unwrap_or_default();
        }
        for union in ["oneOf", "anyOf", "allOf"] {
            if let Some(first) = schema[union].as_array().and_then(|u| u.iter().find(|s| s["type"] != "null")) {
                return self.example(first);
            }
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"].as_array().and_then(|t| t.first()).and_then(Value::as_str));
        match kind {
            Some("string") => match schema["format"].as_str() {
                Some("date") => json!("2026-01-15"),
                Some("date-time") => json!("2026-01-15T10:00:00Z"),
                _ => json!("x".repeat(schema["minLength"].as_u64().unwrap_or(1).max(1) as usize)),
            },
            Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            Some("boolean") => json!(false),
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
                Value::Array(vec![self.example(&schema["items"]); least])
            }
            Some("object") => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                Value::Object(required.map(|n| (n.to_string(), self.example(&schema["properties"][n]))).collect::<Map<_, _>>())
            }
            _ => Value::Null,
        }
    }
    /// Sends it with a body of the right form.
    pub fn call(&self, client: &Client, ids: &BTreeMap<String, String>) -> Answer {
        let body = self.body_schema().map(|s| self.example(s));
        self.call_with(client, ids, body.as_ref())
    }
    pub fn call_with(&self, client: &Client, ids: &BTreeMap<String, String>, body: Option<&Value>) -> Answer {
        let path = format!("{}{}", self.path_with(ids), self.query());
        let mut request = client.request(&self.method, &path);
        if self.parameters().iter().any(|p| p["name"] == "If-Match") {
            request = request.if_match(1);
        }
        match body {
            Some(b) => request.json(b).send(),
            None => request.send(),
        }
    }
    /// For messages.
    pub fn shown(&self) -> String {
        format!("{} {} ({})", self.method, self.path, self.id)
    }
}

/// Collects what is wrong with many operations, to show it all at once.
#[derive(Default)]
pub struct Breaches(Vec<String>);

impl Breaches {
    pub fn add(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }
    /// Notes the answer unless it has this status and code.
    pub fn unless(&mut self, operation: &Operation, answer: &Answer, status: u16, code: &str) {
        let told = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        let problem = answer.header("content-type").is_some_and(|t| t.starts_with("application/problem+json"));
        if answer.status != status || told["code"] != code || !problem {
            self.add(format!("{}: {} {} instead of {status} {code}", operation.shown(), answer.status, told["code"]));
        }
    }
    #[track_caller]
    pub fn none(self, rule: &str) {
        assert!(self.0.is_empty(), "{rule}: {} breaches\n  {}", self.0.len(), self.0.join("\n  "));
    }
}
