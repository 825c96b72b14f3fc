//! Resources as they are answered: with what the caller may do with them, without what the caller may not see, and in the form
//! that is asked for. They are written as the JSON text that goes out, straight from their structs; only where `expand` or
//! `fields` asks for another form are they taken apart first.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::identity::visibility::Reach;
use domain::kernel::Id;
use domain::{Entity, Result};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::answer::Answer;
use super::expand;
use super::fields;
use super::input::Input;
use super::json::{to_json, write};
use super::op::Op;
use super::verbs::Verbs;
use crate::caller::Caller;
use crate::cx::Cx;
use crate::visibility::Masking;

impl Answer {
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
        if !input.is_shaped() {
            return Self::entity(cx, op, value);
        }
        let masking = Masking::of(&cx.app().table, &cx.caller, &T::name());
        let actions = Actions::of(cx, op, &[value.id().uuid()])?.on(value.id().uuid(), || value.allowed_actions());
        let json = resource(value, actions, &masking)?;
        Ok(Self { version: Some(value.version()), id: Some(value.id().to_string()), ..Self::shaped_json(cx, op, input, json)? })
    }
    /// An answer in the form that the parameters `expand` and `fields` ask for.
    pub(super) fn shaped_json(cx: &mut Cx, op: &Op, input: &Input, json: Value) -> Result<Self> {
        let known: Vec<_> = op.expansions.iter().map(|e| e.name).collect();
        let mut expand = input.get("expand").map_or(Ok(vec![]), |names| expand::names("expand", names, &known))?;
        let named = match (input.get("fields"), &op.output) {
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

/// Adds what `expand` names, and keeps only that and what `fields` names.
pub(super) fn shape(cx: &mut Cx, op: &Op, expand: &[String], fields: Option<&[String]>, rows: &mut [Value]) -> Result<()> {
    expand::apply(cx, &op.expansions, expand, rows)?;
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

/// A resource taken apart, as [`write_resource`] writes it.
pub(super) fn resource<T: Serialize>(value: &T, actions: Option<Vec<&'static str>>, masking: &Masking) -> Result<Value> {
    let mut json = to_json(value)?;
    if let (Some(actions), Some(object)) = (actions, json.as_object_mut()) {
        object.insert("allowed_actions".into(), actions.into());
    }
    masking.mask(&mut json);
    Ok(json)
}
