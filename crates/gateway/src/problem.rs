//! Refusals on the wire (RFC 9457). The only file that knows which HTTP status a failure has.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use domain::kernel::{Code, Failure, FieldError, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

/// The media type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The HTTP status of a failure.
pub const fn status(failure: Failure) -> u16 {
    match failure {
        Failure::Malformed => 400,
        Failure::Unauthenticated => 401,
        Failure::Forbidden => 403,
        Failure::NotFound => 404,
        Failure::MethodNotAllowed => 405,
        Failure::NotAcceptable => 406,
        Failure::TooSlow => 408,
        Failure::Conflict => 409,
        Failure::Stale => 412,
        Failure::TooLarge => 413,
        Failure::UnsupportedMediaType => 415,
        Failure::RangeNotSatisfiable => 416,
        Failure::Invalid => 422,
        Failure::PreconditionRequired => 428,
        Failure::TooManyRequests => 429,
        Failure::HeadersTooLarge => 431,
        Failure::Internal => 500,
        // A passed deadline is no fault of another server: nothing was kept, and later it may work.
        Failure::Unavailable | Failure::Timeout => 503,
    }
}

/// What every refusal answers (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({ "type": "/problems/not_found", "title": "There is no such resource.", "status": 404,
    "detail": "There is no such resource.", "instance": "/v1/directory/parties/pty_01hv1g3m9rfqq1z9q9h4d2k7aa", "code": "not_found",
    "request_id": "req_0192f0c12d3e7abc8def0123456789ab", "errors": [] }))]
pub struct WireProblem {
    /// Where the kind of problem is explained, relative to this server.
    #[schema(max_length = 200, format = "uri-reference")]
    pub r#type: String,
    /// What kind of problem it is.
    #[schema(max_length = 200)]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: i32,
    /// What happened this time.
    #[schema(max_length = 2000)]
    pub detail: String,
    /// The path that was asked for.
    #[schema(max_length = 500)]
    pub instance: String,
    /// The stable code of the problem, listed at `/v1/error-codes`.
    #[schema(max_length = 100)]
    pub code: String,
    /// The id of the request, for support.
    #[schema(max_length = 64)]
    pub request_id: String,
    /// The places in the request that are wrong.
    #[schema(max_items = 1000)]
    pub errors: Vec<FieldProblem>,
    /// The state of the resource, when the state is what forbids the request.
    #[schema(max_length = 100, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_state: Option<String>,
    /// The actions that the state allows, when the state is what forbids the request.
    #[schema(max_items = 50, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_actions: Option<Vec<String>>,
}

/// One place in the request that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON Pointer (RFC 6901) into the body.
    #[schema(max_length = 500, required)]
    pub pointer: Option<String>,
    /// The name of the query parameter or path variable.
    #[schema(max_length = 100, required)]
    pub parameter: Option<String>,
    /// The name of the header.
    #[schema(max_length = 100, required)]
    pub header: Option<String>,
    /// The stable code of the error.
    #[schema(max_length = 100)]
    pub code: String,
    /// The error as text.
    #[schema(max_length = 2000)]
    pub message: String,
    /// Parameters of the message (e.g. `max_length`), for clients that build localized messages.
    #[schema(schema_with = params)]
    pub params: BTreeMap<&'static str, String>,
}

fn params() -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(2000));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Parameters of the message (e.g. `max_length`), for clients that build localized messages."))
        .max_properties(Some(10))
        .additional_properties(Some(AdditionalProperties::RefOr(text.into())))
        .into()
}

impl From<&FieldError> for FieldProblem {
    fn from(e: &FieldError) -> Self {
        Self {
            pointer: e.pointer.as_deref().map(|p| clip(p, 500)),
            parameter: e.parameter.as_deref().map(|p| clip(p, 100)),
            header: e.header.clone(),
            code: clip(&e.code, 100),
            message: clip(&e.message, 2000),
            params: e.params.iter().map(|(name, value)| (*name, clip(value, 2000))).collect(),
        }
    }
}

impl WireProblem {
    pub fn of(problem: &Problem, instance: &str, request_id: &str) -> Self {
        let code = problem.code();
        // what went wrong inside is for the log, not for the caller
        let detail = problem.detail().filter(|_| code.failure != Failure::Internal).unwrap_or(code.title);
        let state = problem.state();
        Self {
            r#type: type_of(code),
            title: code.title.into(),
            status: status(code.failure).into(),
            detail: clip(detail, 2000),
            instance: clip(instance, 500),
            code: code.code.into(),
            request_id: request_id.into(),
            errors: errors_of(problem),
            current_state: state.map(|(s, _)| s.to_string()),
            allowed_actions: state.map(|(_, a)| a.to_vec()),
        }
    }
}

/// Characters that the places of a problem may have together. A refusal must not be much longer than what it refuses.
const ERRORS_LENGTH: usize = 64 << 10;

/// The places that are wrong, as many as fit; one at least.
fn errors_of(problem: &Problem) -> Vec<FieldProblem> {
    let mut length = 0;
    let wire = problem.errors().iter().take(1000).map(FieldProblem::from);
    wire.take_while(|e| {
        let fits = length < ERRORS_LENGTH;
        let place = [&e.pointer, &e.parameter, &e.header].into_iter().flatten().map(String::len).sum::<usize>();
        length += place + e.code.len() + e.message.len() + e.params.values().map(String::len).sum::<usize>() + 100;
        fits
    })
    .collect()
}

/// Where a code is explained.
pub fn type_of(code: Code) -> String {
    format!("/problems/{}", code.code)
}

/// The refusal as a response.
pub fn response(problem: &Problem, instance: &str, request_id: &str) -> HttpResponse {
    let failure = problem.code().failure;
    let mut r = HttpResponse::build(StatusCode::from_u16(status(failure)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if failure == Failure::Unauthenticated {
        r.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"tandem\""));
    }
    let retry = problem.retry_after().or(match failure {
        Failure::Unavailable | Failure::Timeout | Failure::TooManyRequests => Some(1),
        _ => None,
    });
    if let Some(seconds) = retry {
        r.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    r.insert_header((header::CONTENT_LANGUAGE, "en"));
    let body = serde_json::to_vec(&WireProblem::of(problem, instance, request_id)).unwrap_or_default();
    r.content_type(MEDIA_TYPE).body(body)
}

/// The first `most` characters.
fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_string(),
        Some((end, _)) => text[..end].to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::kernel::problems;

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let p = problems::internal.with("SELECT secret FROM users");
        let wire = WireProblem::of(&p, "/v1/x", "req_1");
        assert!(!serde_json::to_string(&wire).expect("json").contains("SELECT"));
        assert_eq!((wire.status, wire.r#type.as_str()), (500, "/problems/internal"));
    }

    #[test]
    fn a_wrong_state_says_what_is_possible() {
        let p = problems::invalid_state.with("It is posted.").in_state("posted", &["reverse"]);
        let json = serde_json::to_value(WireProblem::of(&p, "/", "r")).expect("json");
        assert_eq!(json["current_state"], "posted");
        assert_eq!(json["allowed_actions"], serde_json::json!(["reverse"]));
        let plain = serde_json::to_value(WireProblem::of(&problems::not_found.into(), "/", "r")).expect("json");
        assert!(plain.get("current_state").is_none() && plain["errors"].as_array().is_some_and(Vec::is_empty));
    }

    #[test]
    fn every_code_has_a_status_and_long_words_are_clipped() {
        for code in problems::ALL {
            assert!((400..600).contains(&status(code.failure)), "{}", code.code);
        }
        assert_eq!(clip("äöü", 2), "äö");
    }
}
