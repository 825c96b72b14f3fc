//! The kinds of operations, and what follows from the kind alone: the verb of HTTP and the codes that it may answer.

use domain::kernel::{Code, problems};

/// What an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    List,
    Create,
    Read,
    Update,
    Delete,
    /// A verb on one resource.
    Action,
    /// A computed answer; reads only.
    Report,
    /// A verb on the whole system; answers at once.
    Command,
    /// A verb on the whole system; answers with a job that goes on.
    Job,
    /// Bytes out.
    Download,
    /// A file in, as one part of a form.
    Upload,
}

impl Kind {
    pub fn method(self) -> &'static str {
        match self {
            Kind::List | Kind::Read | Kind::Report | Kind::Download => "GET",
            Kind::Create | Kind::Action | Kind::Command | Kind::Job | Kind::Upload => "POST",
            Kind::Update => "PATCH",
            Kind::Delete => "DELETE",
        }
    }
    pub fn reads(self) -> bool {
        self.method() == "GET"
    }
    pub fn needs_if_match(self) -> bool {
        matches!(self, Kind::Update | Kind::Delete | Kind::Action)
    }
    pub fn is_post(self) -> bool {
        self.method() == "POST"
    }
}

/// The codes that come with the kind itself.
pub(super) fn codes_of(kind: Kind, path_params: bool, body: bool) -> Vec<Code> {
    use problems::*;
    let mut out = vec![malformed, unknown_parameter, invalid_parameter, invalid_header, unauthenticated, missing_scope];
    out.extend([not_acceptable, headers_too_large, too_many_requests, internal, unavailable, deadline_exceeded]);
    // a report may be about things that its parameters name
    // the answer to a repetition may be hidden from the caller by then
    if path_params || kind == Kind::Report || kind.is_post() {
        out.push(not_found);
    }
    if kind == Kind::List {
        out.push(cursor_mismatch);
    }
    if kind.reads() {
        out.push(invalid_query);
    }
    if !kind.reads() {
        out.extend([beyond_reach, payload_too_large, request_timeout, already_exists, in_use, invalid_state]);
        out.extend([invalid_body, unknown_field, decimal_must_be_string, too_many_decimals, amount_out_of_range, unknown_reference]);
    }
    if body || kind == Kind::Upload {
        out.push(unsupported_media_type);
    }
    if kind == Kind::Download {
        out.push(range_not_satisfiable);
    }
    if kind.needs_if_match() {
        out.extend([precondition_failed, precondition_required]);
    }
    if kind.is_post() {
        out.extend([idempotency_key_reused, idempotency_in_progress]);
    }
    out
}
