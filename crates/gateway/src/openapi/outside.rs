//! The endpoints outside the operation table, described by hand: health, metrics, keys, the document, the codes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::parts::{header_refs, refusal};
use super::shared::NAME;

pub const TAG: &str = "server";
/// The refusals that any of them may answer.
pub const STATUSES: [u16; 10] = [400, 401, 403, 404, 406, 422, 429, 431, 500, 503];

struct Endpoint {
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    text: &'static str,
    content: Value,
    public: bool,
    refusals: &'static [u16],
    rate_limited: bool,
}

fn endpoints() -> Vec<Endpoint> {
    let reference = |name: &str| json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } });
    let plain: &[u16] = &[400, 431, 500];
    vec![
        Endpoint {
            path: "/livez",
            id: "get_liveness",
            summary: "Whether the process is alive",
            text: "Whether the process is alive. Checks nothing else, not even the database.",
            content: reference("Health"),
            public: true,
            refusals: plain,
            rate_limited: false,
        },
        Endpoint {
            path: "/readyz",
            id: "get_readiness",
            summary: "Whether the server can take requests",
            text: "Whether the server can take requests: the database answers and can be written to, its schema is current, and the server is not about to stop.",
            content: reference("Health"),
            public: true,
            refusals: &[400, 431, 500, 503],
            rate_limited: false,
        },
        Endpoint {
            path: "/metrics",
            id: "get_metrics",
            summary: "Metrics in the OpenMetrics text format",
            text: "Metrics in the OpenMetrics text format, for Prometheus. Needs the permission `platform.metrics.read`, unless the operator has given them a port of their own; then they are not found here.",
            content: json!({ "application/openmetrics-text": { "schema": { "type": "string", "maxLength": 10_000_000 } } }),
            public: false,
            refusals: &[400, 401, 403, 404, 429, 431, 500, 503],
            rate_limited: false,
        },
        Endpoint {
            path: "/openapi.json",
            id: "get_openapi_document",
            summary: "This document",
            text: "This document, as OpenAPI 3.1. Its ETag changes with its contents. The part of it for one area is at `/openapi/<area>.json`: `/openapi/sales.json` has the operations under `/v1/sales` and what they refer to, `/openapi/server.json` those outside of `/v1`. `/docs/` shows it to people.",
            content: json!({ "application/json": { "schema": { "type": "object", "description": "An OpenAPI 3.1 document." } } }),
            public: true,
            refusals: plain,
            rate_limited: false,
        },
        Endpoint {
            path: "/.well-known/jwks.json",
            id: "get_key_set",
            summary: "The public keys of access tokens",
            text: "The public keys of access tokens, as a JSON Web Key Set (RFC 7517).",
            content: reference("KeySet"),
            public: true,
            refusals: &[400, 431, 500, 503],
            rate_limited: false,
        },
        Endpoint {
            path: "/v1/error-codes",
            id: "list_error_codes",
            summary: "All codes that a problem may have",
            text: "All codes that a problem may have. Codes are never renamed; new ones may come.",
            content: reference("ErrorCodes"),
            public: true,
            refusals: &[400, 429, 431, 500],
            rate_limited: true,
        },
        Endpoint {
            path: crate::streams::PATH,
            id: "stream_events",
            summary: "Stream events as they happen",
            text: STREAM,
            content: json!({ "text/event-stream": { "schema": { "type": "string", "description": "Server-sent events; `data` of each is an event as in the list of events, in JSON on one line." } } }),
            public: false,
            refusals: &[400, 401, 403, 406, 422, 429, 431, 500, 503],
            rate_limited: true,
        },
    ]
}

const STREAM: &str = "Stream events as server-sent events, in the order of `seq`. Needs the permission `platform.events.read`; the events \
are those that the list of events would show to the caller. `id` of each event is its `seq`, and `data` is the event in JSON. The stream \
begins with the next event, or after the number in `Last-Event-ID` or `after`, so that a client that connects again gets every event once. \
A comment with the current `id` is sent every 15 seconds. The stream ends with an event `end`, whose `data` has a `reason`: \
`unauthenticated` (the token has expired, or the session has ended), `rights_changed`, `stopping` (the server stops) or `unavailable`; \
a client that reads too slowly is disconnected. Send the token in the header `Authorization`: the request works with `fetch`, not with the \
`EventSource` of browsers.";

/// The parameters of the stream of events.
fn stream_parameters() -> Value {
    let text = |name: &str, place: &str, about: &str, most: u32, pattern: &str| {
        json!({ "name": name, "in": place, "description": about,
        "schema": { "type": "string", "minLength": 1, "maxLength": most, "pattern": pattern } })
    };
    let id = |prefix: &str| format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$");
    let kind = r"^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?(,[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?){0,19}$";
    json!([
        text("Last-Event-ID", "header", "The `id` of the last event that was received; the stream goes on after it.", 16, "^[0-9]+$"),
        text("after", "query", "The `seq` after which the stream begins; `Last-Event-ID` takes precedence.", 16, "^[0-9]+$"),
        text("company_id", "query", "Only events of this company.", 40, &id("co")),
        text(
            "kind",
            "query",
            "Only events of these kinds, separated by commas; `invoice.*` stands for all that begin with `invoice.`.",
            1000,
            kind
        ),
        text("party_id", "query", "Only events that concern this party.", 40, &id("pty")),
        text("subject", "query", "Only events about the record with this id.", 40, "^[a-z0-9_]+$"),
    ])
}

/// Path and description of each.
pub fn paths() -> Vec<(String, Value)> {
    endpoints().into_iter().map(|e| (e.path.to_string(), describe(&e))).collect()
}

fn describe(e: &Endpoint) -> Value {
    let heads: &[&str] = if e.rate_limited { &["X-Request-Id", "RateLimit", "RateLimit-Policy"] } else { &["X-Request-Id"] };
    let documents = e.path.starts_with("/openapi");
    let heads = [heads, if documents { &["ETag"] } else { &[] }].concat();
    let mut responses = json!({ "200": { "description": "Success.", "headers": header_refs(&heads), "content": e.content } });
    let mut parameters = Vec::new();
    if documents {
        responses["304"] =
            json!({ "description": "Not modified.", "headers": header_refs(&["ETag", "X-Request-Id"]), NAME: "DocumentNotModified" });
        parameters.push(json!({ "$ref": "#/components/parameters/IfNoneMatch" }));
    }
    for status in e.refusals {
        responses[status.to_string()] = json!({ "$ref": format!("#/components/responses/{}", refusal(*status).0) });
    }
    let mut out = json!({ "operationId": e.id, "tags": [TAG], "summary": e.summary, "description": e.text, "parameters": parameters, "responses": responses });
    if e.path == crate::streams::PATH {
        out["parameters"] = stream_parameters();
        // that of the list of events
        out["tags"] = json!([super::tag("platform")]);
        out["x-required-scopes"] = json!(["platform.events.read"]);
    } else if e.public {
        out["security"] = json!([]);
    } else {
        out["x-required-scopes"] = json!(["platform.metrics.read"]);
    }
    out
}

/// Their schemas.
pub fn schemas(all: &mut BTreeMap<String, Value>) {
    let text = |about: &str, max: u32| json!({ "type": "string", "maxLength": max, "description": about });
    let mut add = |name: &str, schema: Value| {
        assert!(all.insert(name.to_string(), schema).is_none(), "two types are named {name}");
    };
    let check = json!({ "type": "object", "description": "One health check.", "required": ["name", "passed"], "properties": {
        "name": text("The name of the check.", 60),
        "passed": { "type": "boolean", "description": "Whether the check passed." } } });
    let health = json!({ "type": "object", "description": "The health of the server.", "required": ["status", "checks"], "properties": {
        "status": { "type": "string", "enum": ["ok"], "description": "Always `ok`; otherwise the answer is a problem." },
        "checks": { "type": "array", "maxItems": 20, "items": { "$ref": "#/components/schemas/HealthCheck" }, "description": "The checks and their results." } } });
    let code = json!({ "type": "object", "description": "One code.", "required": ["code", "status", "title", "type"], "properties": {
        "code": text("The stable code.", 100),
        "status": { "type": "integer", "format": "int32", "minimum": 400, "maximum": 599, "description": "The HTTP status it comes with." },
        "title": text("What it means.", 200),
        "type": text("Where it is explained, as in a problem's `type`.", 200) } });
    let codes = json!({ "type": "object", "description": "All codes.", "required": ["codes"], "properties": {
        "codes": { "type": "array", "maxItems": 10_000, "items": { "$ref": "#/components/schemas/ErrorCode" }, "description": "In alphabetical order." } } });
    let key = json!({ "type": "object", "description": "One public key (RFC 7517, RFC 8037).", "required": ["kty", "kid", "alg"], "properties": {
        "alg": text("The algorithm.", 20), "crv": text("The curve.", 20), "kid": text("The id that tokens name.", 100),
        "kty": text("The kind of key.", 20), "use": text("Intended use of the key; `sig` for signatures.", 20), "x": text("The public key.", 200) } });
    let keys = json!({ "type": "object", "description": "A JSON Web Key Set.", "required": ["keys"], "properties": {
        "keys": { "type": "array", "maxItems": 20, "items": { "$ref": "#/components/schemas/PublicKey" }, "description": "All keys that are good now." } } });
    add("HealthCheck", check);
    add("Health", health);
    add("ErrorCode", code);
    add("ErrorCodes", codes);
    add("PublicKey", key);
    add("KeySet", keys);
}
