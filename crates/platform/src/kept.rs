//! Answers that are kept under an idempotency key: what is kept of them, for whom, and how they are given again.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::Result;
use domain::ids::{CompanyId, EventId};
use domain::kernel::problems;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::caller::Caller;
use crate::cx::{Cx, any_id};
use crate::table::{Answer, Op, Output};

/// What is kept under an idempotency key.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    version: Option<i64>,
    id: Option<String>,
    /// The companies that it concerned: a replay is for who has a grant on all of them.
    #[serde(default)]
    companies: BTreeSet<CompanyId>,
    /// The last fact that was told.
    #[serde(default)]
    event: Option<EventId>,
    /// The text of the answer as it went out, but for secrets; null when there was none.
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The answer in the form in which it is kept.
pub(crate) fn kept_of(op: &Op, answer: &Answer, companies: BTreeSet<CompanyId>) -> Result<String> {
    let text = match &answer.output {
        Output::Json(_) if !op.shown_once.is_empty() => Cow::Owned(without_secrets(op, &answer.output)),
        Output::Json(text) => Cow::Borrowed(text.as_slice()),
        _ => Cow::Borrowed(b"null".as_slice()),
    };
    let written =
        |body| serde_json::to_string(&Kept { version: answer.version, id: answer.id.clone(), companies, event: answer.event, body });
    serde_json::from_slice::<&RawValue>(&text).and_then(written).map_err(unreadable)
}

/// The answer with null for what is shown once.
pub(crate) fn without_secrets(op: &Op, output: &Output) -> Vec<u8> {
    let mut body = output.value();
    op.shown_once.iter().for_each(|name| body[*name] = Value::Null);
    body.to_string().into_bytes()
}

/// Whose idempotency keys a public operation claims: those of whoever holds the link that the path, the query or the body
/// brings, or else of whoever comes from this network address. Strangers never share keys.
pub(crate) fn visitor(caller: &Caller, path: &[String], query: &[(String, String)], body: &Value) -> String {
    let in_body = || ["link", "token"].iter().find_map(|name| body[*name].as_str()).map(String::from);
    let in_query = || query.iter().find(|(name, _)| name == "link" || name == "token").map(|(_, v)| v.clone());
    let link = path.first().cloned().or_else(in_body).or_else(in_query);
    match (link, caller.address) {
        (Some(link), _) => format!("{} link {link}", caller.id),
        (None, Some(address)) => format!("{} address {address}", caller.id),
        (None, None) => caller.id.clone(),
    }
}

/// The answer of the earlier request, as far as the caller may see it now: rights that were taken since count.
pub(crate) fn replay(cx: &mut Cx, op: &Op, kept: &str) -> Result<Answer> {
    let kept: Kept = serde_json::from_str(kept).map_err(unreadable)?;
    let gone = || problems::not_found.with("What the first request with this key answered is not visible to you any more.");
    // who comes by a link has no companies, and the key is that of the link
    if !op.public && !kept.companies.iter().all(|c| cx.caller.companies.contain(*c)) {
        return Err(gone());
    }
    let app = cx.app().clone();
    let rows = op.entity.as_ref().and_then(|e| app.table.rows_of(e));
    if let (Some(rows), Some(id)) = (rows, kept.id.as_deref().and_then(any_id))
        && cx.hides(rows.table, id)?
    {
        return Err(gone());
    }
    let output = match kept.body.get() {
        "null" if op.output.is_some() => {
            return Err(problems::not_found.with("What the first request with this key answered was erased."));
        }
        "null" => Output::Nothing,
        text => Output::Json(text.into()),
    };
    let answer = Answer { output, version: kept.version, id: kept.id, event: kept.event, replayed: true, ..Answer::nothing() };
    op.masked_again(&app, &cx.caller, answer)
}

fn unreadable(e: serde_json::Error) -> domain::Problem {
    log::error!("a kept answer cannot be read or written: {e}");
    problems::internal.into()
}

/// SHA-256 over the parts, each with its length, so that no two lists of parts give the same bytes.
pub(crate) fn hash(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    STANDARD_NO_PAD.encode(digest.finalize())
}
