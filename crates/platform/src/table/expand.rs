//! `expand=customer,lines.product`: the records that ids in an answer point to, put beside them. One query for each
//! name, however many rows there are.

use std::collections::{BTreeSet, HashMap};

use domain::Entity;
use domain::Result;
use domain::kernel::problems;
use persistence::Record;
use serde_json::Value;

use super::answer::to_json;
use super::op::{Op, Shape};
use crate::cx::Cx;
use crate::visibility::{self, Masking};

/// The fields by which people know a record, the first of them that it has.
const LABELS: [&str; 6] = ["name", "title", "number", "subject", "code", "sku"];

/// One name that `expand` may say.
#[derive(Clone)]
pub struct Expansion {
    /// `customer`, `lines.product`
    pub name: &'static str,
    /// Where the id is: `customer_id`, `lines.product_id`
    pub source: &'static str,
    pub shape: Shape,
    load: fn(&mut Cx, &[String]) -> Result<HashMap<String, Value>>,
}

impl Expansion {
    pub(crate) fn of<T: Entity + Record>(name: &'static str, source: &'static str) -> Self {
        Self { name, source, shape: Shape::of::<T>(), load: load::<T> }
    }
    /// What people call the records with these ids, of those that the caller may see; ids are as on the wire.
    pub(crate) fn labels(&self, cx: &mut Cx, ids: &[String]) -> Result<HashMap<String, String>> {
        let entity = (self.shape.name)();
        if cx.app().table.reader(&entity).is_some_and(|permission| !cx.caller.may(permission)) {
            return Ok(HashMap::new());
        }
        let found = (self.load)(cx, ids)?;
        let label = |thing: &Value| LABELS.iter().find_map(|field| thing[*field].as_str()).map(String::from);
        Ok(found.into_iter().filter_map(|(id, thing)| Some((id, label(&thing)?))).collect())
    }
    /// The property that the expansion adds, beside the id.
    pub fn property(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

fn load<T: Entity + Record>(cx: &mut Cx, ids: &[String]) -> Result<HashMap<String, Value>> {
    let ids: Vec<T::Id> = ids.iter().filter_map(|s| s.parse().ok()).collect();
    let found = cx.find_all::<T>(&ids)?;
    let masking = Masking::of(&cx.app().table, &cx.caller, &T::name());
    let shown = |row: &T| {
        let mut json = to_json(row)?;
        masking.mask(&mut json);
        Ok((row.id().to_string(), json))
    };
    found.iter().map(shown).collect()
}

/// Adds what `names` ask for to the resources in `rows`.
pub(crate) fn apply(cx: &mut Cx, op: &Op, names: &[String], rows: &mut [Value]) -> Result<()> {
    for name in names {
        let Some(expansion) = op.expansions.iter().find(|e| e.name == name) else { continue };
        let entity = (expansion.shape.name)();
        if let Some(permission) = cx.app().table.reader(&entity).map(String::from) {
            cx.require(&permission)?;
        }
        let path: Vec<&str> = expansion.source.split('.').collect();
        let mut ids = BTreeSet::new();
        rows.iter_mut().for_each(|r| visit(r, &path, &mut |o, key| ids.extend(o.get(key).and_then(Value::as_str).map(String::from))));
        let ids: Vec<String> = ids.into_iter().collect();
        let found = (expansion.load)(cx, &ids)?;
        rows.iter_mut().for_each(|r| {
            visit(r, &path, &mut |o, key| {
                let value = o.get(key).and_then(Value::as_str).and_then(|id| found.get(id)).cloned();
                o.insert(expansion.property().into(), value.unwrap_or(Value::Null));
            });
        });
    }
    Ok(())
}

/// Calls `f` with each object at the end of the path and its last key.
fn visit(v: &mut Value, path: &[&str], f: &mut dyn FnMut(&mut serde_json::Map<String, Value>, &str)) {
    match (v, path) {
        (Value::Array(items), path) => items.iter_mut().for_each(|i| visit(i, path, f)),
        (Value::Object(o), [key]) => f(o, key),
        (Value::Object(o), [key, rest @ ..]) => {
            if let Some(inner) = o.get_mut(*key) {
                visit(inner, rest, f);
            }
        }
        _ => {}
    }
}

/// Keeps the fields that `fields` names.
pub(crate) fn prune(fields: &[String], row: &mut Value) {
    if let Some(o) = row.as_object_mut() {
        let named = |k: &str| fields.iter().any(|f| f == k);
        // what is null because it is hidden says so
        o.retain(|k, _| k == "masked" || named(k));
        if let Some(hidden) = o.get_mut("masked").and_then(Value::as_array_mut) {
            hidden.retain(|f| f.as_str().and_then(|f| f.split('.').next()).is_some_and(named));
        }
        if !named("masked") {
            visibility::drop_empty(o);
        }
    }
}

/// The names of a comma-separated parameter, each of which must be one of `known`.
pub(crate) fn names(parameter: &str, value: &str, known: &[&str]) -> Result<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    for name in value.split(',') {
        if !known.contains(&name) {
            let error = domain::FieldError::parameter(parameter, "not_allowed", format!("{name:?} is none of {}.", known.join(", ")));
            // `expand` has a pattern in the document, so another value is malformed; others have none
            let code = if parameter == "expand" { problems::invalid_parameter } else { problems::invalid_query };
            return Err(code.at(vec![error]));
        }
        if !out.iter().any(|n| n == name) {
            out.push(name.to_string());
        }
    }
    Ok(out)
}
