//! The OpenAPI 3.1 document, written from the operation table: what the table says is what the document says.
//! Nothing is described here by hand but the few endpoints outside the table.

mod examples;
mod operation;
mod outside;
mod parts;
mod schemas;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use platform::table::Table;
use serde_json::{Map, Value, json};

use crate::problem;

/// The document as canonical text: sorted members, two spaces, one newline at the end. For people who compare two of them.
pub fn text(table: &Table) -> String {
    canonical(sound(table))
}

fn sound(table: &Table) -> Value {
    let (document, findings) = document(table);
    findings.iter().for_each(|f| log::error!("the OpenAPI document: {f}"));
    document
}

/// What programs get: the whole document under an empty name, and one for each area under its name, all in the shortest form.
pub fn published(table: &Table) -> BTreeMap<String, String> {
    let whole = sorted(sound(table));
    let mut out: BTreeMap<String, String> =
        areas(&whole).into_iter().map(|area| (area.to_string(), area_of(&whole, area).to_string())).collect();
    out.insert(String::new(), whole.to_string());
    out
}

/// The area of a path: `sales` of `/v1/sales/orders`. What is outside of the API's own paths belongs to the server.
fn area(path: &str) -> &str {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("v1"), Some(area), Some(_)) => area,
        _ => outside::TAG,
    }
}

fn areas(document: &Value) -> BTreeSet<&str> {
    document["paths"].as_object().into_iter().flat_map(|p| p.keys()).map(|p| area(p)).collect()
}

/// The document of one area: its paths, its tags, and those of the shared parts that they refer to.
fn area_of(whole: &Value, name: &str) -> Value {
    let mut out = whole.clone();
    if let Some(paths) = out["paths"].as_object_mut() {
        paths.retain(|path, _| area(path) == name);
    }
    let used: BTreeSet<String> = out["paths"]
        .as_object()
        .into_iter()
        .flat_map(|p| p.values())
        .flat_map(|p| p.as_object().into_iter().flat_map(|o| o.values()))
        .filter_map(|o| Some(o["tags"][0].as_str()?.to_string()))
        .collect();
    if let Some(tags) = out["tags"].as_array_mut() {
        tags.retain(|t| t["name"].as_str().is_some_and(|n| used.contains(n)));
    }
    out["info"]["title"] = format!("Tandem: {name}").into();
    prune(&mut out);
    out
}

/// One text for one value: members sorted by name, whatever the map underneath keeps.
fn canonical(value: Value) -> String {
    let mut out = serde_json::to_string_pretty(&sorted(value)).unwrap_or_default();
    out.push('\n');
    out
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        plain => plain,
    }
}

/// The document, and where the table contradicts itself; a test demands that it does not.
pub fn document(table: &Table) -> (Value, Vec<String>) {
    let mut findings = Vec::new();
    let mut schemas = schemas::all(table, &mut findings);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut statuses: BTreeSet<u16> = outside::STATUSES.iter().copied().collect();
    for op in &table.ops {
        statuses.extend(op.codes.iter().map(|c| problem::status(c.failure)));
        let described = operation::of(op);
        paths.entry(op.path.clone()).or_default().insert(op.kind.method().to_lowercase(), described);
    }
    for (path, described) in outside::paths() {
        paths.entry(path).or_default().insert("get".into(), described);
    }
    outside::schemas(&mut schemas);
    for (name, pattern, about) in platform::table::FILTER_SCHEMAS {
        schemas.insert(name.into(), json!({ "type": "string", "maxLength": 40, "pattern": pattern, "description": about }));
    }
    examples::add(&mut schemas, &mut paths);
    let (mut parameters, mut responses) = shared::take(&mut paths);
    for (all, common) in [(&mut parameters, parts::parameters()), (&mut responses, parts::responses(&statuses))] {
        for (name, part) in common.as_object().into_iter().flatten() {
            if all.insert(name.clone(), part.clone()).is_some() {
                findings.push(format!("two shared parts are named {name}"));
            }
        }
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": parts::info(),
        "servers": [{ "url": "/", "description": "This server." }],
        "security": parts::credentials(),
        "tags": tags(table),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "parameters": parameters,
            "headers": parts::headers(),
            "securitySchemes": parts::security_schemes(),
        },
    });
    prune(&mut document);
    check(table, &document, &mut findings);
    (document, findings)
}

/// The name of a tag: `sales-orders` of `sales/orders`, because a slash breaks links to it and names made of it.
fn tag(place: &str) -> String {
    place.replace('/', "-")
}

/// The tags that operations have.
fn tags(table: &Table) -> Value {
    let text =
        |place: &str| table.tags.iter().find(|(name, _)| name == place).map_or("Commands and reports of this area.", |(_, text)| text);
    let mut tags: BTreeMap<String, &str> = table.ops.iter().map(|op| (tag(&op.tag), text(&op.tag))).collect();
    tags.insert(outside::TAG.into(), "Health, metrics and documentation of the server itself.");
    tags.into_iter().map(|(name, text)| json!({ "name": name, "description": text })).collect()
}

/// Takes out shared parts that nothing refers to.
fn prune(document: &mut Value) {
    loop {
        let mut references = Vec::new();
        collect_references(document, &mut references);
        let used: BTreeSet<String> = references.into_iter().map(String::from).collect();
        let mut removed = false;
        for kind in ["schemas", "responses", "parameters", "headers"] {
            if let Some(parts) = document["components"][kind].as_object_mut() {
                let before = parts.len();
                parts.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
                removed |= parts.len() != before;
            }
        }
        if !removed {
            return;
        }
    }
}

/// What no linter finds: references that lead nowhere and bodies that would swallow a misspelt field.
fn check(table: &Table, document: &Value, findings: &mut Vec<String>) {
    let mut references = Vec::new();
    collect_references(document, &mut references);
    for r in references {
        if document.pointer(&r[1..]).is_none() {
            findings.push(format!("{r} leads nowhere"));
        }
    }
    for op in &table.ops {
        for name in op.body_components().keys() {
            let schema = &document["components"]["schemas"][name];
            let open = schema.get("properties").is_some() && schema["additionalProperties"] != json!(false);
            if open {
                findings.push(format!("{name} is part of the body of {} and lacks deny_unknown_fields", op.id));
            }
        }
    }
}

fn collect_references<'v>(v: &'v Value, out: &mut Vec<&'v str>) {
    match v {
        Value::Object(o) => o.iter().for_each(|(k, v)| match v.as_str() {
            Some(r) if k == "$ref" => out.push(r),
            _ => collect_references(v, out),
        }),
        Value::Array(a) => a.iter().for_each(|v| collect_references(v, out)),
        _ => {}
    }
}

/// The listing of all operations: id, method, path and permission, in the order of their paths.
pub fn operations(table: &Table) -> String {
    let mut rows: Vec<[&str; 4]> =
        table.ops.iter().map(|op| [&*op.path, op.kind.method(), &*op.id, if op.public { "-" } else { &*op.permission }]).collect();
    rows.sort_unstable();
    let width = |n: usize| rows.iter().map(|r| r[n].len()).max().unwrap_or_default();
    let (path, id) = (width(0), width(2));
    rows.iter().map(|[p, m, i, right]| format!("{m:<6} {p:<path$}  {i:<id$}  {right}\n")).collect()
}

/// The catalogue of all problem codes, by code.
pub fn catalogue(table: &Table) -> Value {
    let standard = domain::kernel::problems::ALL.iter();
    let own = table.ops.iter().flat_map(|op| op.codes.iter());
    let mut all: BTreeMap<&str, Value> = BTreeMap::new();
    for c in standard.chain(own) {
        let entry = json!({ "code": c.code, "status": problem::status(c.failure), "title": c.title, "type": problem::type_of(*c) });
        if let Some(before) = all.insert(c.code, entry.clone())
            && before != entry
        {
            log::error!("two problems have the code {}: {before} and {entry}", c.code);
        }
    }
    json!({ "codes": all.into_values().collect::<Vec<_>>() })
}

/// The files of `openapi/`: name and contents.
pub fn files(table: &Table) -> Vec<(&'static str, String)> {
    let problems = canonical(catalogue(table));
    vec![("openapi.json", text(table)), ("problems.json", problems), ("operations.txt", operations(table))]
}
