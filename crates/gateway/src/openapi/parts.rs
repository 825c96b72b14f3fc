//! What operations share in the document: headers, parameters, refusals, credentials.

use std::collections::BTreeSet;

use domain::kernel::{Code, Failure, FieldError, Problem, problems};
use serde_json::{Map, Value, json};

use crate::problem::{self, MEDIA_TYPE, WireProblem};

pub fn info() -> Value {
    json!({
        "title": "Tandem",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "CRM and ERP in one headless service.",
        "description": INTRODUCTION,
        "contact": { "name": "Tandem" },
        "license": { "name": "Apache License 2.0", "identifier": "Apache-2.0" },
    })
}

const INTRODUCTION: &str = "From the first lead to the last payment, over one HTTP API.\n\n\
## Start\n\nLog in at `POST /v1/identity/login` and send the access token as `Authorization: Bearer …`. \
An API key travels the same way.\n\n\
## Conventions\n\n\
- Money, quantities and rates are strings with exact decimals, never JSON numbers.\n\
- Lists answer `data`, `has_more`, `next_cursor` and `total_count`; `limit` is at most 200; a page of very large rows may be shorter, and `has_more` says whether rows follow. An unknown parameter is refused.\n\
- Every resource has a `version`, which its `ETag` begins with. Changing it needs `If-Match`; without it the answer is 428, with an old one 412.\n\
- `POST` takes an `Idempotency-Key`: the same key answers the same and does nothing twice.\n\
- `dry_run=true` computes the answer and keeps nothing.\n\
- States change through actions such as `POST …/confirm`; `allowed_actions` says which are possible now.\n\
- A permission may have a reach (`own`, `team`, `territory`): what the permission to read does not reach does not exist for you (404), \
what another one does not reach is refused with `beyond_reach`.\n\
- Fields with cost, margin, bank accounts, salaries or personal data need a permission of their own (`fields.cost.read`). Without it they \
are null, and named in `masked`.\n\
- Every refusal is `application/problem+json` with a stable `code`; all codes are at `/v1/error-codes`.\n\
- A text that may have at most 300 characters, or has the format `line`, is one line: line breaks and control characters are refused. Longer texts may have line breaks and tabs.\n\
- Words in answers may gain new values; be ready for ones you do not know.";

pub fn credentials() -> Value {
    json!([{ "bearerAuth": [] }, { "apiKeyAuth": [] }])
}

pub fn security_schemes() -> Value {
    json!({
        "bearerAuth": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token from `POST /v1/identity/login`, valid for 15 minutes (RFC 9068, judged as in RFC 8725)." },
        "apiKeyAuth": { "type": "http", "scheme": "bearer",
            "description": "An API key (`sk_live_…`), sent as a bearer token (RFC 6750). It has the permissions it was made with, at most those of its user." },
    })
}

/// Name, description and where it is used of each shared refusal.
pub fn refusal(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("BadRequest", "The request cannot be read: malformed, an unknown or wrong parameter, a wrong header."),
        401 => ("Unauthorized", "No valid credentials."),
        403 => ("Forbidden", "The permission is missing."),
        404 => ("NotFound", "There is no such resource for this caller."),
        405 => ("MethodNotAllowed", "The method is not allowed here."),
        406 => ("NotAcceptable", "None of the accepted media types can be produced."),
        408 => ("TooSlow", "The request arrived too slowly. Any operation answers so when the head does not arrive in time."),
        409 => ("Conflict", "The state of the resource, or its uniqueness, does not allow this."),
        412 => ("PreconditionFailed", "The resource has changed since it was read."),
        413 => ("PayloadTooLarge", "The body is too large."),
        415 => ("UnsupportedMediaType", "The body has an unsupported type."),
        416 => ("RangeNotSatisfiable", "The content has no such range."),
        422 => ("Unprocessable", "The request can be read and is wrong: all wrong places are listed."),
        428 => ("PreconditionRequired", "If-Match is required."),
        429 => ("TooMany", "Too many requests; Retry-After says when to come back."),
        431 => ("HeadTooLarge", "The head of the request is too large."),
        500 => ("InternalError", "Something went wrong; nothing was kept."),
        503 => ("Unavailable", "Not now; Retry-After says when to come back. Nothing was kept."),
        other => panic!("no shared response for status {other}"),
    }
}

pub fn responses(statuses: &BTreeSet<u16>) -> Value {
    let mut out = Map::new();
    for &status in statuses {
        let (name, text) = refusal(status);
        let mut heads = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
        match status {
            401 => heads.push("WWW-Authenticate"),
            405 => heads.push("Allow"),
            412 => heads.push("ETag"),
            429 | 503 => heads.push("Retry-After"),
            _ => {}
        }
        let codes: Vec<Code> = problems::ALL.iter().copied().filter(|c| problem::status(c.failure) == status).collect();
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let mut content = json!({ MEDIA_TYPE: { "schema": schema } });
        if let Some(example) = codes.first().and_then(|c| example(*c)) {
            content[MEDIA_TYPE]["example"] = example;
        }
        let names: Vec<&str> = codes.iter().map(|c| c.code).collect();
        let response = json!({ "description": text, "headers": header_refs(&heads), "content": content, "x-problem-codes": names });
        out.insert(name.into(), response);
    }
    out.into()
}

/// A refusal with this code, as the server answers it.
fn example(code: Code) -> Option<Value> {
    let place = match code.failure {
        Failure::Malformed => Some(FieldError::parameter("limit", "invalid", "It is not a whole number from 1 to 200.")),
        Failure::Invalid => Some(FieldError::body("/name", "required", "name is required.")),
        Failure::PreconditionRequired => Some(FieldError::header("If-Match", "required", "Give the ETag that you have seen.")),
        _ => None,
    };
    let problem = place.into_iter().fold(code.with(code.title), Problem::and_at);
    let wire = WireProblem::of(&problem, "/v1/directory/parties/pty_01hv1g3m9rfqq1z9q9h4d2k7aa", "req_0192f0c12d3e7abc8def0123456789ab");
    serde_json::to_value(wire).ok()
}

pub fn header_refs(names: &[&str]) -> Value {
    names.iter().map(|n| (n.to_string(), json!({ "$ref": format!("#/components/headers/{n}") }))).collect::<Map<_, _>>().into()
}

pub fn headers() -> Value {
    let text = |about: &str, max: u32, example: &str| json!({ "description": about, "schema": { "type": "string", "maxLength": max }, "example": example });
    json!({
        "Allow": text("The methods that are allowed.", 100, "GET, HEAD, OPTIONS"),
        "Content-Disposition": text("The name of the file.", 500, "attachment; filename=\"export.csv\""),
        "Dry-Run": text("`true` when nothing was kept.", 5, "true"),
        "ETag": text("The version of the resource, as `\"3\"`; `\"3.<digest>\"` where the answer also has embedded or computed values, which the digest covers. If-Match compares the version alone.", 80, "\"3\""),
        "Idempotency-Replayed": text("`true` when this is the answer to an earlier request with the same key.", 5, "true"),
        "Link": text("The next page, as `rel=\"next\"` (RFC 8288).", 4000, "</v1/directory/parties?cursor=AbC>; rel=\"next\""),
        "Location": text("Where the new resource is.", 500, "/v1/directory/parties/pty_01j1rc2f9yfaybvvh014j4j55b"),
        "RateLimit": text("Remaining requests `r` of the bucket, and seconds `t` until it is full. Comes with `RateLimit-Policy`.", 100, "\"default\";r=997;t=1"),
        "RateLimit-Policy": text("The bucket: requests `q`, and seconds `w` in which it fills.", 100, "\"default\";q=1000;w=10"),
        "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 86400 } },
        "Tandem-Event": text("The last event of what was written. Give it as `wait_for` to a report that rests on a follower, to see all that came of it.", 40, "evt_01j1rc2f9yfaybvvh014j4j55b"),
        "WWW-Authenticate": text("How to authenticate.", 200, "Bearer realm=\"tandem\""),
        "X-Request-Id": text("The id of the request, for support. A given one is kept.", 64, "req_0192f0c12d3e7abc8def0123456789ab"),
    })
}

/// A version as in the ETag, with both its quotes or, as people write it, with none.
const VERSION_TAG: &str = "^(\"[0-9]{1,16}([.][0-9a-f]{16})?\"|[0-9]{1,16}([.][0-9a-f]{16})?)$";

pub fn parameters() -> Value {
    json!({
        "DryRun": { "name": "dry_run", "in": "query", "description": "Compute and answer the result, but keep nothing.",
            "schema": { "type": "boolean", "default": false } },
        "IdempotencyKey": { "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes a repetition safe: the same key with the same request answers the same and does nothing twice. Kept for at least 24 hours.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" } },
        "IfMatch": { "name": "If-Match", "in": "header", "required": true,
            "description": "The ETag of the resource as the caller last saw it. Only its version is compared. Without the header the answer is 428.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 40, "pattern": VERSION_TAG } },
        "WaitFor": { "name": "wait_for", "in": "query", "required": false,
            "description": "Answer when the follower behind this has reached an event: its id, as the header `Tandem-Event` of a write says it, or its number. Waits for a few seconds; then the answer is 503 and can be asked for again.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 40, "pattern": "^(evt_[0-9a-hjkmnp-tv-z]{26}|[0-9]{1,16})$" } },
        "IfNoneMatch": { "name": "If-None-Match", "in": "header", "required": false,
            "description": "The ETag of a representation that the caller has; the answer is 304 when it is still current.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 40, "pattern": VERSION_TAG } },
    })
}
