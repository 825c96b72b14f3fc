//! One operation in the document.

use std::collections::{BTreeMap, BTreeSet};

use platform::table::{Counts, Kind, Op, Shape, schema};
use serde_json::{Map, Value, json};

use super::parts::{header_refs, refusal};
use super::shared::NAME;
use crate::problem;

fn schema_ref(shape: &Shape) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", (shape.name)()) })
}

fn shared(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

pub fn of(op: &Op) -> Value {
    let mut out = json!({
        "operationId": op.id,
        "tags": [super::tag(&op.tag)],
        "summary": op.summary(),
        "description": description(op),
        "parameters": parameters(op),
        "responses": responses(op),
        "x-problem-codes": op.declared().iter().map(|c| c.code).collect::<BTreeSet<_>>(),
        "x-required-scopes": if op.public || op.permission.is_empty() { vec![] } else { vec![&op.permission] },
    });
    if op.public {
        out["security"] = json!([]);
    }
    if let Some(body) = body(op) {
        out["requestBody"] = body;
    }
    out
}

fn description(op: &Op) -> String {
    let mut text = op.text.trim().to_string();
    match op.public {
        true => text.push_str("\n\nNeeds no credentials."),
        false if op.permission.is_empty() => text.push_str("\n\nNeeds credentials, but no permission."),
        false => text.push_str(&format!("\n\nNeeds the permission `{}`.", op.permission)),
    }
    match op.counts {
        Some(Counts::Visible) => text.push_str("\n\nFigures count the records that you may see."),
        Some(Counts::All(nouns)) => {
            text.push_str("\n\nFigures count all records: a permission with a narrower reach is refused");
            match nouns {
                [] => text.push('.'),
                nouns => {
                    text.push_str(&format!(", here and to read {}.", nouns.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")))
                }
            }
        }
        None => {}
    }
    let own: BTreeMap<&str, _> = op.declared().iter().map(|c| (c.code, c)).collect();
    if !own.is_empty() {
        text.push_str("\n\nSpecific errors:\n");
        for c in own.values() {
            text.push_str(&format!("\n- `{}` ({}): {}", c.code, problem::status(c.failure), c.title));
        }
    }
    text
}

fn parameters(op: &Op) -> Vec<Value> {
    let mut out: Vec<Value> = op.path_params.iter().map(|(name, shape)| variable(name, shape)).collect();
    let own = match &op.listing {
        Some(listing) => listing.parameters(),
        None => (op.query)(),
    };
    let mut query: Vec<Value> = own.into_iter().map(|p| described(serde_json::to_value(p).unwrap_or_default())).collect();
    if op.kind == Kind::Read {
        query.push(json!({ "name": "fields", "in": "query", "description": platform::table::FIELDS_TEXT,
                "schema": { "type": "string", "minLength": 1, "maxLength": 1000, "pattern": platform::table::FIELDS_PATTERN } }));
    }
    if !op.expansions.is_empty() {
        query.push(expand(op));
    }
    query.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    out.extend(query);
    if has_dry_run(op) {
        out.push(shared("DryRun"));
    }
    // harmless where nothing is written; clients may send it with every POST
    if op.kind.is_post() && !op.public {
        out.push(shared("IdempotencyKey"));
    }
    if op.kind.needs_if_match() {
        out.push(shared("IfMatch"));
    }
    if op.rests_on.is_some() {
        out.push(shared("WaitFor"));
    }
    if op.kind == Kind::Read {
        out.push(shared("IfNoneMatch"));
    }
    out
}

fn has_dry_run(op: &Op) -> bool {
    op.kind.is_post() && op.writes() && !op.is_outside()
}

fn variable(name: &str, shape: &Shape) -> Value {
    let what = name.trim_end_matches("_id").replace('_', " ");
    json!({ "name": name, "in": "path", "required": true, "description": format!("The {what}."), "schema": schema_ref(shape) })
}

/// An optional parameter is absent, never null; `Option` in Rust says both.
fn described(mut parameter: Value) -> Value {
    if let Some(s) = parameter.get_mut("schema") {
        schema::strip_null(s);
    }
    if let Some(object) = parameter.as_object_mut() {
        object.remove("required").filter(|r| r == true).map(|r| object.insert("required".into(), r));
        object.remove("deprecated").filter(|d| d == true).map(|d| object.insert("deprecated".into(), d));
        // lists travel as `a,b,c`
        if object.get("schema").is_some_and(|s| s["type"] == "array") {
            object.insert("style".into(), "form".into());
            object.insert("explode".into(), false.into());
        }
    }
    parameter
}

fn expand(op: &Op) -> Value {
    let names: Vec<&str> = op.expansions.iter().map(|e| e.name).collect();
    let one = format!("({})", names.join("|").replace('.', "\\."));
    json!({ "name": "expand", "in": "query",
        "description": "Related resources to embed, separated by commas.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 400, "pattern": format!("^{one}(,{one}){{0,9}}$") } })
}

fn body(op: &Op) -> Option<Value> {
    if op.kind == Kind::Upload {
        let form = json!({ "type": "object", "required": ["file"], "additionalProperties": false, "properties": {
            "file": { "type": "string", "contentMediaType": "application/octet-stream", "description": "The file." } } });
        return Some(json!({ "required": true, "content": { "multipart/form-data": { "schema": form } } }));
    }
    let shape = op.body.as_ref()?;
    let kind = if op.kind == Kind::Update { "application/merge-patch+json" } else { "application/json" };
    Some(json!({ "required": !op.takes_no_body(), "content": { kind: { "schema": schema_ref(shape) } } }))
}

fn responses(op: &Op) -> Value {
    let mut out = Map::new();
    // the shared refusals describe the policy, which every answer has, too
    let mut heads = vec!["X-Request-Id", "RateLimit"];
    let entity = op.entity.is_some();
    match op.kind {
        Kind::List => heads.push("Link"),
        Kind::Create | Kind::Upload | Kind::Job => heads.extend(["ETag", "Location"]),
        Kind::Read | Kind::Update => heads.push("ETag"),
        Kind::Action if entity => heads.push("ETag"),
        Kind::Download => heads.extend(["Content-Disposition", "ETag"]),
        _ => {}
    }
    if op.kind == Kind::Job {
        heads.push("Retry-After");
    }
    if op.redirects {
        heads.push("Location");
    }
    if op.writes() && !op.is_outside() {
        heads.push("Tandem-Event");
    }
    if has_dry_run(op) {
        heads.extend(["Dry-Run", "Idempotency-Replayed"]);
    }
    let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
    let content = match (&op.output, op.kind) {
        // the picture in a message, or the page behind it; some generators know bytes by the first of the two alone
        (_, Kind::Download) if op.link => Some(json!({ "application/octet-stream": bytes, "image/gif": bytes, "text/html": bytes })),
        (_, Kind::Download) => Some(json!({ op.makes.unwrap_or("application/octet-stream"): bytes })),
        (Some(shape), _) => Some(json!({ "application/json": { "schema": schema_ref(shape) } })),
        (None, _) => None,
    };
    let shape = op.output.as_ref().filter(|_| content.is_some()).map(|s| (s.name)().into_owned()).unwrap_or_default();
    let dry = if has_dry_run(op) { "" } else { "Plain" };
    let answer = |name: &str, text: &str| {
        let mut r = json!({ "description": text, "headers": header_refs(&heads), NAME: format!("{shape}{name}") });
        if let Some(c) = &content {
            r["content"] = c.clone();
        }
        r
    };
    match op.kind {
        Kind::Create => {
            out.insert("200".into(), answer("CreationDryRun", "Dry run: the resource as it would be created."));
            out.insert("201".into(), answer("Created", "Created."));
        }
        Kind::Job => {
            if has_dry_run(op) {
                out.insert("200".into(), answer("StartDryRun", "Dry run: the job that would be started."));
            }
            out.insert("202".into(), answer("Accepted", "Accepted; poll the job for progress."));
        }
        Kind::Upload => {
            if has_dry_run(op) {
                out.insert("200".into(), answer("UploadDryRun", "Dry run: the resource as it would be created."));
            }
            out.insert("201".into(), answer("Uploaded", "Uploaded."));
        }
        Kind::Delete => drop(out.insert("204".into(), answer("Deleted", "Deleted."))),
        _ if op.redirects => {
            let mut away = answer("Redirect", "Redirect to the target of the link.");
            away.as_object_mut().map(|a| a.remove("content"));
            out.insert("302".into(), away);
            out.insert("200".into(), answer("Target", "The target of the link, for clients that accept only JSON."));
        }
        _ if content.is_none() => drop(out.insert("204".into(), answer(&format!("{dry}Done"), "Success, without content."))),
        Kind::Read => drop(out.insert("200".into(), answer("Read", "Success."))),
        Kind::Update => drop(out.insert("200".into(), answer("Updated", "Success: the resource as it is now."))),
        Kind::Action if entity => drop(out.insert("200".into(), answer(&format!("{dry}Changed"), "Success: the resource as it is now."))),
        kind => drop(out.insert("200".into(), answer(&format!("{dry}{kind:?}"), "Success."))),
    }
    if op.kind == Kind::Download {
        out.insert("206".into(), answer("Range", "The requested range."));
    }
    if op.kind == Kind::Read {
        out.insert(
            "304".into(),
            json!({ "description": "Not modified.", "headers": header_refs(&["ETag", "X-Request-Id", "RateLimit", "RateLimit-Policy"]), NAME: "NotModified" }),
        );
    }
    let statuses: BTreeSet<u16> = op.codes.iter().map(|c| problem::status(c.failure)).collect();
    for status in statuses {
        out.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{}", refusal(status).0) }));
    }
    out.into()
}
