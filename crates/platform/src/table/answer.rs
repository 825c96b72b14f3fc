//! What an operation gives back. Resources and reports are written as the JSON text that goes out, straight from their
//! structs; only where `expand` or `fields` asks for another form are they taken apart first.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::identity::visibility::Reach;
use domain::ids::EventId;
use domain::kernel::{Id, problems};
use domain::{Entity, Result};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::expand;
use super::fields;
use super::op::{Input, Op, Verbs};
use crate::caller::Caller;
use crate::cx::Cx;
use crate::visibility::Masking;

/// Bytes out.
#[derive(Debug, Clone)]
pub struct Binary {
    pub media_type: String,
    pub file_name: String,
    /// A strong validator of the bytes, for conditional requests and ranges.
    pub etag: Option<String>,
    pub bytes: Vec<u8>,
}

/// What an operation gives back.
#[derive(Debug, Clone)]
pub enum Output {
    Nothing,
    /// JSON text.
    Json(Vec<u8>),
    Binary(Binary),
}

impl Output {
    /// What the JSON text says; null when there is none.
    pub fn value(&self) -> Value {
        match self {
            Output::Json(text) => serde_json::from_slice(text).unwrap_or(Value::Null),
            Output::Nothing | Output::Binary(_) => Value::Null,
        }
    }
}

/// The answer of an operation, and what the door learned on the way.
#[derive(Debug, Clone)]
pub struct Answer {
    pub output: Output,
    /// The version of the one resource in it: its ETag.
    pub version: Option<i64>,
    /// The id of the resource that was made: its Location.
    pub id: Option<String>,
    /// Nothing was kept.
    pub dry_run: bool,
    /// This is the answer of an earlier request with the same key.
    pub replayed: bool,
    /// Where the next page is, for a Link header.
    pub next_cursor: Option<String>,
    /// Where the caller is sent on.
    pub redirect: Option<String>,
    /// The last fact that was told: what followers must have reached for the caller to see all that came of it.
    pub event: Option<EventId>,
}

impl Answer {
    pub fn nothing() -> Self {
        Self {
            output: Output::Nothing,
            version: None,
            id: None,
            dry_run: false,
            replayed: false,
            next_cursor: None,
            redirect: None,
            event: None,
        }
    }
    pub fn json(text: Vec<u8>) -> Self {
        Self { output: Output::Json(text), ..Self::nothing() }
    }
    pub fn of<T: Serialize>(value: &T) -> Result<Self> {
        let mut text = Vec::with_capacity(1024);
        write(&mut text, value)?;
        Ok(Self::json(text))
    }
    /// One resource, with what the caller may do with it.
    pub fn entity<T: Entity>(cx: &mut Cx, op: &Op, value: &T) -> Result<Self> {
        let mut text = Vec::with_capacity(1024);
        let masking = Masking::of(&cx.app().table, &cx.caller, &T::name());
        let actions = Actions::of(cx, op, &[value.id().uuid()])?.on(value.id().uuid(), || value.allowed_actions());
        write_resource(&mut text, value, actions, &masking)?;
        Ok(Self { version: Some(value.version()), id: Some(value.id().to_string()), ..Self::json(text) })
    }
    /// As [`Answer::entity`], in the form that the parameters `expand` and `fields` ask for.
    pub fn shaped<T: Entity>(cx: &mut Cx, op: &Op, input: &Input, value: &T) -> Result<Self> {
        if !is_shaped(input) {
            return Self::entity(cx, op, value);
        }
        let masking = Masking::of(&cx.app().table, &cx.caller, &T::name());
        let actions = Actions::of(cx, op, &[value.id().uuid()])?.on(value.id().uuid(), || value.allowed_actions());
        let json = resource(value, actions, &masking)?;
        Ok(Self { version: Some(value.version()), id: Some(value.id().to_string()), ..Self::shaped_json(cx, op, input, json)? })
    }
    /// An answer in the form that the parameters `expand` and `fields` ask for.
    pub(super) fn shaped_json(cx: &mut Cx, op: &Op, input: &Input, json: Value) -> Result<Self> {
        let get = |name: &str| input.query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        let known: Vec<_> = op.expansions.iter().map(|e| e.name).collect();
        let mut expand = get("expand").map_or(Ok(vec![]), |names| expand::names("expand", names, &known))?;
        let named = match (get("fields"), &op.output) {
            (Some(names), Some(shape)) => Some(fields::named(cx, op, shape, names)?),
            _ => None,
        };
        if let Some(named) = &named {
            fields::expand_for(op, named, &mut expand);
        }
        let mut rows = [json];
        shape(cx, op, &expand, named.as_deref(), &mut rows)?;
        Self::of(&rows[0])
    }
}

/// Whether another form than the whole resource is asked for.
pub(super) fn is_shaped(input: &Input) -> bool {
    input.query.iter().any(|(name, _)| name == "expand" || name == "fields")
}

/// Adds what `expand` names, and keeps only that and what `fields` names.
pub(super) fn shape(cx: &mut Cx, op: &Op, expand: &[String], fields: Option<&[String]>, rows: &mut [Value]) -> Result<()> {
    expand::apply(cx, op, expand, rows)?;
    if let Some(fields) = fields {
        let mut kept = fields.to_vec();
        // what is embedded is kept, unless the fields lead into it
        let top = expand.iter().filter_map(|e| e.split('.').next());
        let whole = top.filter(|top| !fields.iter().any(|f| f.split('.').next() == Some(*top))).map(String::from);
        kept.extend(whole);
        rows.iter_mut().for_each(|row| fields::prune(&kept, row));
    }
    Ok(())
}

/// Which verbs on resources of the operation's noun the caller may use. Each permission is judged once.
pub(super) struct Actions {
    /// What the verbs of the noun need; nothing when it has none.
    verbs: Option<Arc<Verbs>>,
    caller: Arc<Caller>,
    /// How far each verb reaches; nothing where the caller may not use it.
    judged: RefCell<Vec<(&'static str, Option<Reach>)>>,
    /// Of each reach that leaves out records, those of the resources that it has.
    within: BTreeMap<Reach, BTreeSet<Uuid>>,
}

impl Actions {
    /// For the resources with these ids.
    pub(super) fn of(cx: &mut Cx, op: &Op, ids: &[Uuid]) -> Result<Self> {
        let mut within = BTreeMap::new();
        let app = cx.app().clone();
        if let (Some(_), Some(rows)) = (&op.actions_of, op.entity.as_ref().and_then(|e| app.table.rows_of(e)))
            && app.table.scope_of(rows.table).is_some()
        {
            for reach in cx.caller.permissions.reaches() {
                within.insert(reach, cx.reached(rows.table, ids, reach)?);
            }
        }
        Ok(Self { verbs: op.actions_of.clone(), caller: cx.caller.clone(), judged: RefCell::default(), within })
    }
    /// Those of `verbs` that the caller may use on the resource; nothing when the noun has no verbs.
    pub(super) fn on(&self, id: Uuid, verbs: impl FnOnce() -> Vec<&'static str>) -> Option<Vec<&'static str>> {
        let known = self.verbs.as_deref()?;
        let mut judged = self.judged.borrow_mut();
        let mut may = |verb: &'static str| {
            debug_assert!(!verb.contains('_'), "{verb} is no segment of a path");
            let reach = match judged.iter().find(|(of, _)| *of == verb) {
                Some((_, reach)) => *reach,
                None => {
                    let permission = known.permission(verb);
                    // what every user may do with the own records needs none
                    let reach = if permission.is_empty() { Some(Reach::All) } else { self.caller.permissions.reach(&permission) };
                    judged.push((verb, reach));
                    reach
                }
            };
            reach.is_some_and(|r| self.within.get(&r).is_none_or(|ids| ids.contains(&id)))
        };
        Some(verbs().into_iter().filter(|verb| may(verb)).collect())
    }
}

fn no_form(e: serde_json::Error) -> domain::Problem {
    log::error!("an answer has no JSON form: {e}");
    problems::internal.into()
}

/// Appends the JSON text of a value.
pub(super) fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<()> {
    serde_json::to_writer(out, value).map_err(no_form)
}

/// Appends a resource, which is an object with at least an id; with `allowed_actions` when its noun has any, and with `masked`
/// when it has fields that need a permission of their own.
pub(super) fn write_resource<T: Serialize>(
    out: &mut Vec<u8>,
    value: &T,
    actions: Option<Vec<&'static str>>,
    masking: &Masking,
) -> Result<()> {
    if !masking.hidden.is_empty() {
        return write(out, &resource(value, actions, masking)?);
    }
    write(out, value)?;
    if let Some(actions) = actions {
        out.pop();
        out.extend_from_slice(b",\"allowed_actions\":");
        write(out, &actions)?;
        out.push(b'}');
    }
    if masking.declared {
        out.pop();
        out.extend_from_slice(b",\"masked\":[]}");
    }
    Ok(())
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(no_form)
}

/// A resource taken apart, as [`write_resource`] writes it.
pub(super) fn resource<T: Serialize>(value: &T, actions: Option<Vec<&'static str>>, masking: &Masking) -> Result<Value> {
    let mut json = to_json(value)?;
    if let (Some(actions), Some(object)) = (actions, json.as_object_mut()) {
        object.insert("allowed_actions".into(), actions.into());
    }
    masking.mask(&mut json);
    Ok(json)
}
