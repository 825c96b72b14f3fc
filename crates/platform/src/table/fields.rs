//! `fields=number,customer.name`: the parts of a resource that an answer keeps. A dot leads into an object, into each object of a
//! list, and into a related record, which is embedded because it is named.

use std::collections::{BTreeMap, BTreeSet};

use domain::Result;
use domain::kernel::{FieldError, problems};
use serde_json::Value;

use super::expand::names;
use super::op::Op;
use super::schema;
use super::shape::Shape;
use crate::cx::Cx;
use crate::visibility;

/// How many names a path has at most.
const DEEPEST: usize = 4;

/// The fields that `fields` may name without a dot: those of the resource, and its actions.
fn top(cx: &Cx, op: &Op, row: &Shape) -> Vec<&'static str> {
    let mut names = cx.app().properties(row);
    if op.actions_of.is_some() {
        names.push("allowed_actions");
    }
    if !cx.app().table.masks_of(&(row.name)()).is_empty() {
        names.push("masked");
    }
    names
}

/// The fields that a query names.
///
/// # Errors
/// `invalid_query` when one does not exist.
pub(crate) fn named(cx: &Cx, op: &Op, row: &Shape, value: &str) -> Result<Vec<String>> {
    let own = top(cx, op, row);
    if value.split(',').all(|name| own.contains(&name)) {
        return names("fields", value, &own);
    }
    let inner = op.paths.get_or_init(|| paths(op, row));
    let unknown = value.split(',').find(|name| !own.contains(name) && !inner.contains(*name));
    if let Some(name) = unknown {
        let error = FieldError::parameter("fields", "not_allowed", format!("There is no field {name:?}; there are {}.", own.join(", ")));
        return Err(problems::invalid_query.at(vec![error]));
    }
    let mut out: Vec<String> = Vec::new();
    for name in value.split(',').filter(|name| !name.is_empty()) {
        if !out.iter().any(|n| n == name) {
            out.push(name.to_string());
        }
    }
    Ok(out)
}

/// Embeds the related records into which the fields lead.
pub(crate) fn expand_for(op: &Op, fields: &[String], expand: &mut Vec<String>) {
    for e in &op.expansions {
        let leads = fields.iter().any(|f| f.strip_prefix(e.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        if leads && !expand.iter().any(|name| name == e.name) {
            expand.push(e.name.to_string());
        }
    }
}

/// All paths into the resource and what can be embedded in it.
fn paths(op: &Op, row: &Shape) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    below(&schema::components(row), &(row.name)(), "", 1, &mut out);
    for e in &op.expansions {
        out.insert(e.name.to_string());
        let depth = e.name.split('.').count() + 1;
        below(&schema::components(&e.shape), &(e.shape.name)(), &format!("{}.", e.name), depth, &mut out);
    }
    out
}

fn below(schemas: &BTreeMap<String, Value>, name: &str, prefix: &str, depth: usize, out: &mut BTreeSet<String>) {
    let Some(properties) = schemas.get(name).and_then(|s| s["properties"].as_object()) else { return };
    for (property, schema) in properties {
        let path = format!("{prefix}{property}");
        if depth < DEEPEST
            && let Some(inner) = schema::refers_to(schema)
        {
            below(schemas, &inner, &format!("{path}."), depth + 1, out);
        }
        out.insert(path);
    }
}

/// What is kept of an object: all of it, or some members.
#[derive(Default)]
struct Kept<'a> {
    whole: bool,
    members: BTreeMap<&'a str, Kept<'a>>,
}

/// Keeps the fields that are named.
pub(crate) fn prune(fields: &[String], row: &mut Value) {
    let mut kept = Kept::default();
    for field in fields {
        let mut at = &mut kept;
        for name in field.split('.') {
            at = at.members.entry(name).or_default();
        }
        at.whole = true;
    }
    keep(&kept, row);
}

fn keep(kept: &Kept, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| keep(kept, item)),
        Value::Object(o) => {
            // what is null because it is hidden says so
            o.retain(|k, _| k == "masked" || kept.members.contains_key(k.as_str()));
            for (name, inner) in &kept.members {
                if let Some(value) = o.get_mut(*name).filter(|_| !inner.whole) {
                    keep(inner, value);
                }
            }
            if let Some(hidden) = o.get_mut("masked").and_then(Value::as_array_mut) {
                hidden.retain(|f| f.as_str().and_then(|f| f.split('.').next()).is_some_and(|f| kept.members.contains_key(f)));
            }
            if !kept.members.contains_key("masked") {
                visibility::drop_empty(o);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_dot_leads_into_objects_and_lists() {
        let mut row = json!({"id": "a", "number": "1", "customer": {"id": "c", "name": "Ann"}, "lines": [{"id": "l", "quantity": "1", "product": {"sku": "x", "name": "X"}}]});
        let fields = ["number", "customer.name", "lines.product.sku", "lines.quantity"].map(String::from);
        prune(&fields, &mut row);
        assert_eq!(row, json!({"number": "1", "customer": {"name": "Ann"}, "lines": [{"quantity": "1", "product": {"sku": "x"}}]}));
    }

    #[test]
    fn who_names_the_whole_gets_the_whole() {
        let mut row = json!({"lines": [{"id": "l", "quantity": "1"}], "x": 1});
        prune(&["lines.quantity".to_string(), "lines".to_string()], &mut row);
        assert_eq!(row, json!({"lines": [{"id": "l", "quantity": "1"}]}));
    }
}
