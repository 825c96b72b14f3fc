//! The endpoints outside the operation table: health, metrics, the document and its viewer, keys, codes.
//! None of them changes anything.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use domain::identity::signing_keys::PUBLISHED_MAX_AGE;
use domain::kernel::{Result, problems};
use platform::observation::Observation;
use serde_json::{Value, json};

use crate::compression::packed;
use crate::document::{Document, Published};
use crate::edge::{Edge, Seen};
use crate::limits::Who;
use crate::trace::Trace;
use crate::tree::Node;
use crate::{docs, metrics, request, streams};

/// Leaves of the path tree that are not operations of the table begin here.
const FIRST: usize = 1 << 20;

const PATHS: [&str; 12] = [
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/openapi/{file}",
    "/.well-known/jwks.json",
    "/v1/error-codes",
    streams::PATH,
    "/problems/{code}",
    "/",
    "/docs",
    "/docs/{file}",
];

/// Adds their paths.
pub fn routes(tree: &mut Node) {
    for (i, path) in PATHS.iter().enumerate() {
        tree.add(path, "GET", FIRST + i);
    }
}

/// Answers one of them.
pub async fn run(edge: &Arc<Edge>, leaf: usize, variables: &[String], req: &HttpRequest, seen: &mut Seen) -> Result<HttpResponse> {
    let path = PATHS.get(leaf.wrapping_sub(FIRST)).copied().unwrap_or_default();
    seen.route = path.into();
    let variable = variables.first().map(String::as_str).unwrap_or_default();
    match path {
        "/livez" => Ok(json_response(&json!({ "status": "ok", "checks": [] }))),
        "/readyz" => ready(edge),
        "/metrics" => counters(edge, req, seen).await,
        "/openapi.json" => document(edge, req, "").await,
        "/openapi/{file}" => match variable.strip_suffix(".json").filter(|area| !area.is_empty()) {
            Some(area) => document(edge, req, area).await,
            None => Err(problems::not_found.into()),
        },
        "/.well-known/jwks.json" => keys(edge).await,
        "/v1/error-codes" => {
            let verdict = edge.buckets.draw(Who::Address(seen.address));
            let (allowed, wait) = (verdict.allowed, verdict.retry_after);
            seen.verdict = Some(verdict);
            if !allowed {
                return Err(problems::too_many_requests.with("Come back later.").after_seconds(wait));
            }
            if let Some((name, _)) = request::query(req.query_string())?.first() {
                return Err(unknown_parameter(name));
            }
            Ok(json_response(edge.document.catalogue(&edge.app.table)))
        }
        streams::PATH => streams::open::run(edge, req, seen).await,
        "/problems/{code}" => problem_page(edge, variable),
        "/" | "/docs" => Ok(docs::redirect()),
        "/docs/{file}" => edge.docs.file(req, variable).await.ok_or_else(|| problems::not_found.into()),
        _ => Err(problems::not_found.into()),
    }
}

fn unknown_parameter(name: &str) -> domain::kernel::Problem {
    let error = domain::kernel::FieldError::parameter(name, "unknown_parameter", "There is no such parameter.");
    problems::unknown_parameter.at(vec![error])
}

fn json_response(value: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(value.to_string())
}

fn ready(edge: &Edge) -> Result<HttpResponse> {
    match edge.health.report(edge.draining.load(Ordering::Relaxed)) {
        (true, report) => Ok(json_response(&report)),
        (false, report) => {
            let failed = report["checks"].as_array().into_iter().flatten().filter(|c| c["passed"] == false);
            let names: Vec<&str> = failed.filter_map(|c| c["name"].as_str()).collect();
            Err(problems::unavailable.with(format!("Not ready: {}.", names.join(", "))).after_seconds(1))
        }
    }
}

async fn document(edge: &Arc<Edge>, req: &HttpRequest, name: &str) -> Result<HttpResponse> {
    let all = match Document::ready() {
        Some(ready) => ready,
        None => {
            let edge = edge.clone();
            actix_web::rt::task::spawn_blocking(move || Document::published(&edge.app.table)).await.map_err(|_| problems::internal)?
        }
    };
    let Published { packed: compressed, etag } = all.get(name).ok_or_else(|| problems::not_found.with("There is no such area."))?;
    let known = request::none_match(req.headers(), Some(etag))?;
    let mut r = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    r.insert_header((header::CACHE_CONTROL, "no-cache")).insert_header((header::ETAG, etag.as_str()));
    if known {
        return Ok(r.finish());
    }
    r.content_type("application/json");
    Ok(packed(req, &mut r, compressed.clone()).await)
}

async fn keys(edge: &Arc<Edge>) -> Result<HttpResponse> {
    let app = edge.app.clone();
    let keys = actix_web::rt::task::spawn_blocking(move || platform::identity::jwks(&app)).await;
    let keys = keys.map_err(|_| problems::internal)??;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, format!("public, max-age={}", PUBLISHED_MAX_AGE.num_seconds())))
        .body(keys.to_string()))
}

/// What the main port answers depends on whether the counters have a port of their own.
async fn counters(edge: &Arc<Edge>, req: &HttpRequest, seen: &mut Seen) -> Result<HttpResponse> {
    if edge.config.metrics_bind.is_some() {
        return Err(problems::not_found.with("The counters have a port of their own."));
    }
    let token = request::bearer(req.headers()).ok_or_else(|| problems::unauthenticated.with("Send a bearer token."))?.to_string();
    let app = edge.app.clone();
    let caller = actix_web::rt::task::spawn_blocking(move || platform::identity::authenticate(&app, &token)).await;
    let caller = caller.map_err(|_| problems::internal)??;
    seen.caller.clone_from(&caller.id);
    if !caller.may("platform.metrics.read") {
        return Err(problems::missing_scope.with("This needs the permission platform.metrics.read."));
    }
    Ok(exposition(edge).await)
}

/// The measurements as text.
async fn exposition(edge: &Arc<Edge>) -> HttpResponse {
    let app = edge.app.clone();
    let waiting = actix_web::rt::task::spawn_blocking(move || Observation::of(&app)).await;
    let look = metrics::Look {
        app: &edge.app,
        ready: edge.health.report(edge.draining.load(Ordering::Relaxed)).0,
        queue: (edge.config.queue.saturating_sub(edge.queue.available_permits()), edge.config.queue),
        waiting: waiting.ok().and_then(|w| w.inspect_err(|p| log::warn!("what waits could not be counted: {p}")).ok()),
    };
    HttpResponse::Ok().content_type(metrics::MEDIA_TYPE).body(edge.metrics.text(&look))
}

fn problem_page(edge: &Edge, code: &str) -> Result<HttpResponse> {
    let codes = edge.document.catalogue(&edge.app.table)["codes"].as_array();
    let found = codes.into_iter().flatten().find(|c| c["code"] == code);
    found.map(json_response).ok_or_else(|| problems::not_found.with("There is no such problem code."))
}

/// The port of the counters: they and nothing else.
pub async fn metrics_port(edge: &Arc<Edge>, req: &HttpRequest) -> HttpResponse {
    let refused = match (req.path(), req.method().as_str()) {
        ("/metrics", "GET" | "HEAD") => return exposition(edge).await,
        ("/metrics", _) => problems::method_not_allowed.with("This path allows GET, HEAD."),
        _ => problems::not_found.with("There are the counters here, at /metrics, and nothing else."),
    };
    let request_id = Trace::of(req.headers()).request_id;
    let mut r = crate::problem::response(&refused, req.path(), &request_id);
    if refused.code() == problems::method_not_allowed {
        r.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    }
    if let Ok(id) = header::HeaderValue::from_str(&request_id) {
        r.headers_mut().insert(header::HeaderName::from_static("x-request-id"), id);
    }
    r
}
