//! Operations before anything is declared about them.

use std::sync::OnceLock;

use domain::kernel::{Problem, problems};

use super::kind::Kind;
use super::op::Op;

/// An operation of which nothing is known but its name and place.
pub(super) fn blank(kind: Kind, id: String, path: String, tag: String, permission: String, text: &'static str) -> Op {
    Op {
        id,
        kind,
        path,
        tag,
        permission,
        public: false,
        makes: None,
        link: false,
        redirects: false,
        page: None,
        text,
        codes: vec![],
        own_codes: 0,
        listing: None,
        expansions: vec![],
        path_params: vec![],
        query: Vec::new,
        body: None,
        clearable: None,
        item: None,
        output: None,
        entity: None,
        read_only: false,
        max_body: 1 << 20,
        actions_of: None,
        known: vec![],
        needed: vec![],
        times: vec![],
        validator: OnceLock::new(),
        bare: OnceLock::new(),
        outline: OnceLock::new(),
        places: OnceLock::new(),
        gather: None,
        run: Box::new(|_, op, _| Err(Problem::from(problems::internal).and_at(domain::FieldError::body("", "internal", &op.id)))),
        outside: None,
        for_users: false,
        paths: OnceLock::new(),
        before: None,
        shown_once: &[],
        rests_on: None,
        counts: None,
    }
}

/// An operation at a place of its own: `accounting/reports/trial-balance`, `tax/calculations/calculate`.
pub(super) fn single(kind: Kind, verb: Option<&str>, place: &str, text: &'static str) -> Op {
    let parts: Vec<&str> = place.split('/').collect();
    let last = parts.last().copied().unwrap_or_default().replace('-', "_");
    let verb = verb.unwrap_or("get");
    // A report may be called like a noun: `crm/reports/pipeline` beside `crm/pipelines`.
    let id = match parts[..] {
        [.., "reports", _] => format!("{verb}_{last}_report"),
        _ => format!("{verb}_{last}"),
    };
    let stem: Vec<_> = parts.iter().map(|p| p.replace('-', "_")).collect();
    let permission = match kind {
        Kind::Command | Kind::Job => stem.join("."),
        Kind::Report | Kind::Download | Kind::List => format!("{}.read", stem.join(".")),
        _ => format!("{}.{verb}", stem.join(".")),
    };
    blank(kind, id, format!("/v1/{place}"), parts[0].into(), permission, text)
}
