//! One error type for every layer: a published code, what happened this time, and the places that are wrong.
//! Which HTTP status a failure has is not known here; the gateway decides.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// The answer of anything that can be refused.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// Why something was refused, in the broadest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// The request cannot be read.
    Malformed,
    /// No valid credentials.
    Unauthenticated,
    /// The permission is missing.
    Forbidden,
    /// There is no such thing for this caller.
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    /// The state of the thing, or its uniqueness, does not allow this.
    Conflict,
    /// The thing has changed since it was read.
    Stale,
    TooLarge,
    UnsupportedMediaType,
    /// A byte range that the content does not have.
    RangeNotSatisfiable,
    /// The request is readable and wrong.
    Invalid,
    PreconditionRequired,
    TooManyRequests,
    HeadersTooLarge,
    /// A fault of ours.
    Internal,
    /// Not now; later.
    Unavailable,
    /// The deadline passed and nothing was kept.
    Timeout,
    /// The caller sent its request too slowly.
    TooSlow,
}

/// A published problem code. Declared once as a constant beside the rule, named by the operations that can answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub failure: Failure,
    /// Stable, lower snake case, `noun.what_is_wrong`.
    pub code: &'static str,
    pub title: &'static str,
}

impl Code {
    /// A state or uniqueness that does not allow this (409).
    pub const fn conflict(code: &'static str, title: &'static str) -> Self {
        Self { failure: Failure::Conflict, code, title }
    }
    /// A business rule that the request breaks (422).
    pub const fn invalid(code: &'static str, title: &'static str) -> Self {
        Self { failure: Failure::Invalid, code, title }
    }
    pub const fn new(failure: Failure, code: &'static str, title: &'static str) -> Self {
        Self { failure, code, title }
    }
    /// The problem with what happened this time.
    pub fn with(self, detail: impl Into<String>) -> Problem {
        Problem(Box::new(Inner {
            code: self,
            detail: Some(detail.into()),
            errors: Vec::new(),
            state: None,
            retry_after: None,
            version: None,
        }))
    }
    /// The problem at these places.
    pub fn at(self, errors: Vec<FieldError>) -> Problem {
        Problem(Box::new(Inner { code: self, detail: None, errors, state: None, retry_after: None, version: None }))
    }
    /// The problem at one field of the body; `pointer` as in RFC 6901.
    pub fn field(self, pointer: impl Into<String>, message: impl Into<String>) -> Problem {
        let message = message.into();
        let mut p = self.with(message.clone());
        p.0.errors.push(FieldError::body(pointer, self.code, message));
        p
    }
}

/// One place in the request that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body.
    pub pointer: Option<String>,
    /// Name of the query parameter or path variable.
    pub parameter: Option<String>,
    /// Name of the header.
    pub header: Option<String>,
    /// The stable code of the error.
    pub code: String,
    /// The error as text.
    pub message: String,
    /// The figures and names in the words, for whoever says it in words of their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<&'static str, String>,
}

impl FieldError {
    pub fn body(pointer: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Some(pointer.into()), None, None, code.into(), message.into())
    }
    pub fn parameter(name: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(None, Some(name.into()), None, code.into(), message.into())
    }
    pub fn header(name: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(None, None, Some(name.into()), code.into(), message.into())
    }
    fn new(pointer: Option<String>, parameter: Option<String>, header: Option<String>, code: String, message: String) -> Self {
        Self { pointer, parameter, header, code, message, params: BTreeMap::new() }
    }
    /// Names a figure that the words are about, such as the limit that was passed.
    pub fn param(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.params.insert(name, value.to_string());
        self
    }
}

/// A refusal, on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    state: Option<(String, Vec<String>)>,
    retry_after: Option<u32>,
    version: Option<i64>,
}

impl Problem {
    pub fn code(&self) -> Code {
        self.0.code
    }
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }
    /// The current state of the thing and what it would allow, for `invalid_state` and its like.
    pub fn state(&self) -> Option<(&str, &[String])> {
        self.0.state.as_ref().map(|(s, a)| (s.as_str(), a.as_slice()))
    }
    /// Seconds after which a repetition may succeed.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }
    /// Says the state that forbids this, and the actions it would allow.
    pub fn in_state(mut self, state: impl fmt::Display, allowed: &[&str]) -> Self {
        self.0.state = Some((state.to_string(), allowed.iter().map(|a| a.to_string()).collect()));
        self
    }
    /// Says the version that the resource has now, for its ETag.
    pub fn at_version(mut self, version: i64) -> Self {
        self.0.version = Some(version);
        self
    }
    pub fn version(&self) -> Option<i64> {
        self.0.version
    }
    pub fn after_seconds(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }
    pub fn and_at(mut self, error: FieldError) -> Self {
        self.0.errors.push(error);
        self
    }
    /// Takes `prefix` off the places, when the body was judged as a part of something larger.
    pub fn out_of(mut self, prefix: &str) -> Self {
        for e in &mut self.0.errors {
            e.pointer = e.pointer.take().map(|p| p.strip_prefix(prefix).map(String::from).unwrap_or(p));
        }
        self
    }
    /// Names the places in the body otherwise.
    pub fn places(mut self, named: impl Fn(&str) -> String) -> Self {
        for e in &mut self.0.errors {
            e.pointer = e.pointer.take().map(|p| named(&p));
        }
        self
    }
    /// Moves the places under `prefix`, for a body inside a body (`/items/3`); a problem without places gets this one.
    pub fn under(mut self, prefix: &str) -> Self {
        for e in &mut self.0.errors {
            e.pointer = Some(format!("{prefix}{}", e.pointer.as_deref().unwrap_or_default()));
        }
        if self.0.errors.is_empty() {
            let message = self.0.detail.clone().unwrap_or_else(|| self.0.code.title.to_string());
            self.0.errors.push(FieldError::body(prefix, self.0.code.code, message));
        }
        self
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Problem(Box::new(Inner { code, detail: None, errors: Vec::new(), state: None, retry_after: None, version: None }))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.detail.as_deref().unwrap_or(self.0.code.title))
    }
}

impl std::error::Error for Problem {}

macro_rules! standard { ($($name:ident $failure:ident $title:literal;)*) => {
    /// The codes that belong to no noun: what any operation of a kind may answer.
    #[allow(non_upper_case_globals)]
    pub mod problems {
        use super::{Code, Failure};
        $(pub const $name: Code = Code::new(Failure::$failure, stringify!($name), $title);)*
        /// All of them, for the catalogue.
        pub const ALL: &[Code] = &[$($name),*];
    }
} }
standard! {
    malformed Malformed "The request is malformed.";
    unknown_parameter Malformed "The query has an unknown parameter.";
    invalid_parameter Malformed "A parameter has a wrong value.";
    invalid_header Malformed "A header has a wrong value.";
    cursor_mismatch Malformed "The cursor belongs to another query.";
    unauthenticated Unauthenticated "No valid credentials.";
    missing_scope Forbidden "The permission is missing.";
    beyond_reach Forbidden "The permission does not reach this record.";
    not_found NotFound "There is no such resource.";
    method_not_allowed MethodNotAllowed "The method is not allowed here.";
    not_acceptable NotAcceptable "None of the accepted media types can be produced.";
    invalid_state Conflict "The state of the resource does not allow this.";
    already_exists Conflict "There is one like this already.";
    in_use Conflict "Other records refer to this one.";
    idempotency_in_progress Conflict "A request with this key is still running.";
    precondition_failed Stale "The resource has changed.";
    payload_too_large TooLarge "The body is too large.";
    unsupported_media_type UnsupportedMediaType "The body has an unsupported type.";
    range_not_satisfiable RangeNotSatisfiable "The content has no such range.";
    invalid_body Invalid "The body does not fit.";
    invalid_query Invalid "The parameters are readable and ask for something that cannot be.";
    unknown_field Invalid "The body has an unknown field.";
    decimal_must_be_string Invalid "A decimal must be a JSON string.";
    too_many_decimals Invalid "The value has more decimal places than allowed.";
    amount_out_of_range Invalid "The value is too large.";
    unknown_reference Invalid "A reference leads to nothing.";
    idempotency_key_reused Invalid "The key was used with another request.";
    precondition_required PreconditionRequired "If-Match is required.";
    too_many_requests TooManyRequests "Too many requests.";
    headers_too_large HeadersTooLarge "The head of the request is too large.";
    internal Internal "Something went wrong.";
    unavailable Unavailable "The service cannot answer now.";
    request_timeout TooSlow "The request arrived too slowly.";
    deadline_exceeded Timeout "The request took too long and was given up; nothing was kept.";
}
