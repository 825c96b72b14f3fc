//! `expand=customer,lines.product`: the records that ids in an answer point to, put beside them. One query for each
//! name, however many rows there are.

use std::collections::{BTreeSet, HashMap};

use domain::Entity;
use domain::Result;
use domain::kernel::problems;
use domain::platform::record_tags::RecordTag;
use persistence::Record;
use persistence::platform::record_tags;
use serde_json::Value;

use super::json::to_json;
use super::shape::Shape;
use crate::cx::Cx;
use crate::visibility::Masking;

/// The fields by which people know a record, the first of them that it has.
const LABELS: [&str; 6] = ["name", "title", "number", "subject", "code", "sku"];

/// One name that `expand` may say.
#[derive(Clone, Copy)]
pub struct Expansion {
    /// `customer`, `lines.product`
    pub name: &'static str,
    /// Where the id is: `customer_id`, `lines.product_id`
    pub source: &'static str,
    pub shape: Shape,
    /// The source is a list of ids, and becomes a list of records.
    pub many: bool,
    load: fn(&mut Cx, &[String]) -> Result<HashMap<String, Value>>,
}

impl Expansion {
    pub(crate) fn of<T: Entity + Record>(name: &'static str, source: &'static str) -> Self {
        Self::many_or_one::<T>(name, source, false)
    }
    pub(crate) fn many_or_one<T: Entity + Record>(name: &'static str, source: &'static str, many: bool) -> Self {
        Self { name, source, shape: Shape::of::<T>(), many, load: load::<T> }
    }
    /// `tags`: the tags of the record itself.
    pub(crate) fn tags() -> Self {
        Self { name: "tags", source: "id", shape: Shape::of::<RecordTag>(), many: true, load: load_tags }
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

fn load_tags(cx: &mut Cx, ids: &[String]) -> Result<HashMap<String, Value>> {
    let mut found: HashMap<String, Value> = HashMap::new();
    for tag in record_tags::of(cx.db(), ids)? {
        let record = tag.record_id.clone();
        if let Value::Array(tags) = found.entry(record).or_insert_with(|| Value::Array(Vec::new())) {
            tags.push(to_json(&tag)?);
        }
    }
    Ok(found)
}

/// Adds what `names` ask for to the resources in `rows`.
pub(crate) fn apply(cx: &mut Cx, expansions: &[Expansion], names: &[String], rows: &mut [Value]) -> Result<()> {
    for name in names {
        let Some(expansion) = expansions.iter().find(|e| e.name == name) else { continue };
        let entity = (expansion.shape.name)();
        if let Some(permission) = cx.app().table.reader(&entity).filter(|p| !p.is_empty()).map(String::from) {
            cx.require(&permission)?;
        }
        let path: Vec<&str> = expansion.source.split('.').collect();
        let mut ids = BTreeSet::new();
        rows.iter_mut().for_each(|r| visit(r, &path, &mut |o, key| ids.extend(o.get(key).into_iter().flat_map(ids_in).map(String::from))));
        let ids: Vec<String> = ids.into_iter().collect();
        let found = (expansion.load)(cx, &ids)?;
        rows.iter_mut().for_each(|r| {
            visit(r, &path, &mut |o, key| {
                let mut there: Vec<Value> = o.get(key).into_iter().flat_map(ids_in).filter_map(|id| found.get(id)).cloned().collect();
                // an id that leads to several
                if let [Value::Array(several)] = &there[..] {
                    there = several.clone();
                }
                let value = if expansion.many { there.into() } else { there.into_iter().next().unwrap_or(Value::Null) };
                o.insert(expansion.property().into(), value);
            });
        });
    }
    Ok(())
}

/// The ids that a field holds: one, several, or none.
fn ids_in(field: &Value) -> Vec<&str> {
    match field {
        Value::Array(ids) => ids.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
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
