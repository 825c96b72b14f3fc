//! What stands beside every id: a noun is embedded wherever an answer has its ids, without being declared there. Nouns that every
//! caller may know (who and where) stand for their ids before all others.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use domain::Entity;
use parking_lot::RwLock;
use persistence::Record;
use serde_json::Value;
use utoipa::ToSchema;

use super::expand::Expansion;
use super::kind::Kind;
use super::op::Op;
use super::shape::Shape;
use super::{plural, schema, snake};

/// A noun that is embedded wherever its ids are answered.
pub(crate) struct Face {
    /// The schema of its ids.
    pub id: fn() -> Cow<'static, str>,
    of: fn(&'static str, &'static str, bool) -> Expansion,
    /// `person`
    one: String,
}

impl Face {
    pub(crate) fn of<T: Entity + Record>() -> Self
    where
        T::Id: ToSchema,
    {
        Face { id: <T::Id as ToSchema>::name, of: Expansion::many_or_one::<T>, one: snake(&T::name()) }
    }
}

/// An id somewhere in an answer: `lines.product_id`, its schema, and whether there are many.
struct Place {
    path: String,
    id: String,
    many: bool,
    /// Whether something beside it has the name that would be given.
    taken: Vec<String>,
}

/// What is known of shapes, which never change in a process.
fn places(shape: &Shape) -> Arc<Vec<Place>> {
    static KNOWN: OnceLock<RwLock<HashMap<String, Arc<Vec<Place>>>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    let name = (shape.name)().into_owned();
    if let Some(found) = known.read().get(&name) {
        return found.clone();
    }
    let mut out = Vec::new();
    walk(&schema::components(shape), &name, "", true, &mut out);
    let found = Arc::new(out);
    known.write().insert(name, found.clone());
    found
}

fn walk(schemas: &BTreeMap<String, Value>, name: &str, prefix: &str, deeper: bool, out: &mut Vec<Place>) {
    let Some(properties) = schemas.get(name).and_then(|s| s["properties"].as_object()) else { return };
    let taken: Vec<String> = properties.keys().cloned().collect();
    for (property, schema) in properties.iter().filter(|(p, _)| *p != "id") {
        let Some(what) = schema::refers_to(schema) else { continue };
        let path = format!("{prefix}{property}");
        if schemas.get(&what).is_some_and(|s| s["type"] == "string") {
            let many = !schema["items"].is_null();
            out.push(Place { path, id: what, many, taken: taken.clone() });
        } else if deeper {
            walk(schemas, &what, &format!("{path}."), false, out);
        }
    }
}

/// The name beside a field: `owner` for `owner_id`, `members` for `member_ids`, `created_by_person` for `created_by`.
fn beside(field: &str, one: &str) -> String {
    match (field.strip_suffix("_ids"), field.strip_suffix("_id")) {
        (Some(stem), _) => plural(stem),
        (_, Some(stem)) => stem.to_string(),
        _ => format!("{field}_{one}"),
    }
}

/// Adds to an operation what can be embedded in its answer.
pub(crate) fn add(op: &mut Op, faces: &BTreeMap<String, Face>) {
    let answers = matches!(op.kind, Kind::List | Kind::Read | Kind::Report) && !op.public && op.outside.is_none();
    let shape = op.listing.as_ref().map(|l| l.row).or(op.output).filter(|_| answers);
    let Some(shape) = shape else { return };
    for place in places(&shape).iter() {
        if let Some(face) = faces.get(&place.id) {
            let (parent, field) = place.path.rsplit_once('.').map_or(("", &*place.path), |(p, f)| (p, f));
            let name = beside(field, &face.one);
            if place.taken.contains(&name) {
                continue;
            }
            let name = if parent.is_empty() { name } else { format!("{parent}.{name}") };
            if op.expansions.iter().all(|e| e.name != name) {
                // they live as long as the table, which lives as long as the process
                op.embed((face.of)(name.leak(), place.path.clone().leak(), place.many));
            }
        }
    }
}

/// A list and the read of one of its rows embed the same.
pub(crate) fn level(ops: &mut [Op]) {
    let reads: Vec<(usize, String)> = ops
        .iter()
        .enumerate()
        .filter(|(_, op)| op.kind == Kind::Read)
        .filter_map(|(i, op)| Some((i, op.path.rsplit_once('/')?.0.to_string())))
        .collect();
    for (read, path) in reads {
        let Some(list) = ops.iter().position(|op| op.kind == Kind::List && op.path == path) else { continue };
        if ops[read].entity.is_none() {
            continue;
        }
        let of_list = ops[list].expansions.clone();
        let of_read = ops[read].expansions.clone();
        of_list.into_iter().for_each(|e| ops[read].embed(e));
        of_read.into_iter().for_each(|e| ops[list].embed(e));
    }
}
