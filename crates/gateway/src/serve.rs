//! Every request and every answer passes here, whatever it is for: names, limits, routes, headers, log, counters.
//! The work itself happens elsewhere: in [`crate::dispatch`] for the operation table, in [`crate::outside`] for the rest.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode, Version};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::kernel::{Failure, Problem, Result, problems};
use futures_util::FutureExt;
use platform::table::Table;

use crate::compression::gzip;
use crate::edge::{Edge, Seen};
use crate::limits::Who;
use crate::trace::Trace;
use crate::tree::Node;
use crate::{body, cors, dispatch, log, outside, problem, request};

/// The paths of everything that is served: the operations by their place in the table, and what is outside of it.
pub fn routes(table: &Table) -> Node {
    let mut tree = Node::default();
    for (i, op) in table.ops.iter().enumerate() {
        tree.add(&op.path, op.kind.method(), i);
    }
    outside::routes(&mut tree);
    tree
}

async fn answer(edge: &Arc<Edge>, req: &HttpRequest, payload: &mut web::Payload, seen: &mut Seen) -> Result<HttpResponse> {
    let head = request::head_bytes(req.method().as_str(), &req.uri().to_string(), req.headers());
    if head > edge.config.limits.head_bytes {
        return Err(
            problems::headers_too_large.with(format!("The request line and headers may have {} bytes.", edge.config.limits.head_bytes))
        );
    }
    let found = edge.tree.find(req.path()).ok_or_else(|| problems::not_found.with("There is nothing at this path."))?;
    if req.method() == actix_web::http::Method::OPTIONS {
        let allow = found.allow();
        seen.route = "OPTIONS".into();
        let plain = || HttpResponse::NoContent().insert_header((header::ALLOW, allow.clone())).finish();
        return Ok(cors::preflight(req, &allow).unwrap_or_else(plain));
    }
    let Some(leaf) = found.leaf(req.method().as_str()) else {
        seen.allow = Some(found.allow());
        return Err(problems::method_not_allowed.with(format!("This path allows {}.", found.allow())));
    };
    match edge.app.table.ops.get(leaf) {
        Some(op) => {
            seen.route.clone_from(&op.path);
            dispatch::run(edge, leaf, found.variables, req, payload, seen).await
        }
        None => outside::run(edge, leaf, &found.variables, req, seen).await,
    }
}

/// What came to no operation draws from the bucket of its address: whoever probes for paths is slowed down, too, and
/// every answer under `/v1` says what is left.
fn count(edge: &Edge, req: &HttpRequest, seen: &mut Seen, outcome: &mut Result<HttpResponse>) {
    if seen.verdict.is_some() || !req.path().starts_with("/v1/") {
        return;
    }
    let verdict = edge.buckets.draw(Who::Address(seen.address));
    let lost = |p: &Problem| matches!(p.code().failure, Failure::NotFound | Failure::MethodNotAllowed);
    if !verdict.allowed && outcome.as_ref().is_err_and(lost) {
        *outcome = Err(problems::too_many_requests.with("Come back later.").after_seconds(verdict.retry_after));
    }
    seen.verdict = Some(verdict);
}

/// Adds what every response carries.
fn dress(edge: &Edge, req: &HttpRequest, seen: &Seen, headers: &mut HeaderMap) {
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::HeaderName::from_static("x-request-id"), &seen.trace.request_id);
    set(header::HeaderName::from_static("traceparent"), &seen.trace.parent);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    if let Some(allow) = &seen.allow {
        set(header::ALLOW, allow);
    }
    if let Some(v) = &seen.verdict {
        set(header::HeaderName::from_static("ratelimit-policy"), &v.policy);
        set(header::HeaderName::from_static("ratelimit"), &v.state);
    }
    if edge.config.behind_tls() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    }
    let speaks = headers.get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"application/problem+json"));
    if speaks {
        // the texts of problems exist in one language; whoever asks for another one learns which
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
    }
    cors::mark(&edge.config.cors_origins, req.headers(), headers);
}

/// The handler of everything.
pub async fn serve(edge: web::Data<Edge>, req: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let edge = edge.into_inner();
    let mut seen = Seen {
        started: Instant::now(),
        trace: Trace::of(req.headers()),
        route: "unknown".into(),
        caller: "-".into(),
        address: request::client_address(req.peer_addr().map(|a| a.ip()), req.headers(), &edge.config.trusted_proxies),
        verdict: None,
        body_read: !has_body(req.headers()),
        allow: None,
    };
    let flight = Flight::begin(&edge, &req, &seen);
    let answered = AssertUnwindSafe(answer(&edge, &req, &mut payload, &mut seen)).catch_unwind().await;
    let mut outcome = answered.unwrap_or_else(|_| Err(problems::internal.into()));
    count(&edge, &req, &mut seen, &mut outcome);
    let mut code = "";
    let mut response = outcome.unwrap_or_else(|p: Problem| {
        code = p.code().code;
        let mut r = problem::response(&p, req.path(), &seen.trace.request_id);
        if let Some(version) = p.version()
            && let Ok(tag) = HeaderValue::from_str(&request::etag(version))
        {
            r.headers_mut().insert(header::ETAG, tag);
        }
        r
    });
    dress(&edge, &req, &seen, response.headers_mut());
    let response = compress(&req, response).await;
    let response = settle(&edge, &req, payload, &seen, response).await;
    let bytes = match response.body().size() {
        BodySize::Sized(n) => n,
        BodySize::None | BodySize::Stream => 0,
    };
    flight.end(&seen, response.status().as_u16(), code, bytes);
    response
}

/// An answer given before the body was read must not leave the rest of it to be taken for the next request.
async fn settle(edge: &Edge, req: &HttpRequest, mut payload: web::Payload, seen: &Seen, mut response: HttpResponse) -> HttpResponse {
    let drained = seen.body_read || body::drain(req.headers(), &mut payload).await;
    if !drained || (edge.draining.load(Ordering::Relaxed) && req.version() <= Version::HTTP_11) {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    if drained { response } else { body::hold(response, payload) }
}

/// The port of the counters, with the same care for the rest of a request.
pub async fn serve_counters(edge: web::Data<Edge>, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let mut response = outside::metrics_port(&edge.into_inner(), &req).await;
    if !has_body(req.headers()) {
        return response;
    }
    response.head_mut().set_connection_type(ConnectionType::Close);
    body::hold(response, payload)
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).is_some_and(|v| v.as_bytes() != b"0");
    length || headers.contains_key(header::TRANSFER_ENCODING)
}

/// Answers shorter than this fit into one packet anyhow.
const WORTH_COMPRESSING: usize = 1400;

/// Answers up to this size are compressed at once; larger ones would keep other connections of the thread waiting.
const COMPRESSED_AT_ONCE: usize = 16 << 10;

async fn compress(req: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let headers = response.headers();
    let text =
        headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).is_some_and(|t| t.contains("json") || t.starts_with("text/"));
    if !text || headers.contains_key(header::CONTENT_ENCODING) || response.status() == StatusCode::NOT_MODIFIED {
        return response;
    }
    let (mut response, body) = response.into_parts();
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    match body.try_into_bytes() {
        Ok(bytes) if bytes.len() >= WORTH_COMPRESSING && request::accepts_gzip(req.headers()) => {
            let packed = match bytes.len() {
                ..=COMPRESSED_AT_ONCE => Some(gzip(&bytes)),
                _ => {
                    let bytes = bytes.clone();
                    actix_web::rt::task::spawn_blocking(move || gzip(&bytes)).await.ok()
                }
            };
            match packed {
                Some(packed) => {
                    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                    response.set_body(packed).map_into_boxed_body()
                }
                None => response.set_body(bytes).map_into_boxed_body(),
            }
        }
        Ok(bytes) => response.set_body(bytes).map_into_boxed_body(),
        Err(body) => response.set_body(body),
    }
}

/// One request in the counters and in the log; ends also when the client goes away before the answer.
struct Flight<'e> {
    edge: &'e Edge,
    method: String,
    trace: Trace,
    address: IpAddr,
    started: Instant,
    ended: bool,
}

impl<'e> Flight<'e> {
    fn begin(edge: &'e Edge, req: &HttpRequest, seen: &Seen) -> Self {
        edge.metrics.begin(req.path());
        let method = req.method().as_str();
        // other words than these come from strangers and would fill the counters
        let known = matches!(method, "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE" | "OPTIONS");
        let method = if known { method.into() } else { "OTHER".into() };
        Self { edge, method, trace: seen.trace.clone(), address: seen.address, started: seen.started, ended: false }
    }
    fn end(mut self, seen: &Seen, status: u16, code: &str, bytes: u64) {
        self.ended = true;
        let took = seen.started.elapsed();
        self.edge.metrics.end(&self.method, &seen.route, status, took, bytes);
        log::request(&log::Line {
            request_id: &seen.trace.request_id,
            trace_id: &seen.trace.trace_id,
            method: &self.method,
            route: &seen.route,
            status,
            code,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            caller: &seen.caller,
            address: self.address,
            bytes,
        });
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let took = self.started.elapsed();
            self.edge.metrics.end(&self.method, "gone", 499, took, 0);
            log::request(&log::Line {
                request_id: &self.trace.request_id,
                trace_id: &self.trace.trace_id,
                method: &self.method,
                route: "gone",
                status: 499,
                code: "",
                milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                caller: "-",
                address: self.address,
                bytes: 0,
            });
        }
    }
}
