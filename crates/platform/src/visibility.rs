//! What a caller may see: the records within reach of a permission, as one condition for every road, and the fields of
//! classes that need a permission of their own. Declared beside the noun, judged here and nowhere else.

use std::collections::BTreeSet;

use domain::identity::visibility::{FieldClass, Reach};
use domain::ids::UserId;
use domain::kernel::{Code, Id, problems};
use domain::{Entity, Result};
use persistence::identity::visibility::{self as rows, Owned};
use persistence::{Condition, Record, Statement};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::caller::Caller;
use crate::cx::Cx;
use crate::records::{self, Open};
use crate::table::{Counts, Op, Places, Table};

/// Fields of one class. A path leads through objects and lists: `lines.unit_cost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask {
    pub class: FieldClass,
    pub fields: &'static [&'static str],
}

/// Which rows of a table a caller may see, beyond those of other companies.
pub(crate) enum Scope {
    /// By the reach of the permission with this stem: `crm.leads`.
    Owned { stem: String, owned: Owned },
    /// As the records that these columns lead to: rows about people, of which whoever may not see the person sees nothing.
    Leading { table: &'static str, by: &'static [(&'static str, &'static str)] },
    /// By a rule of its own; nothing when the caller may see all.
    Judged(fn(&mut Cx) -> Result<Option<Condition>>),
}

/// The table behind the facts of a noun, and how one of its records is found.
pub(crate) struct NounRows {
    pub table: &'static str,
    /// The stem of its facts: `sales_order`.
    pub noun: &'static str,
    /// The prefix of its ids.
    pub prefix: &'static str,
    pub open: Open,
}

impl NounRows {
    pub fn of<T: Entity + Record>() -> Self {
        Self { table: T::TABLE, noun: T::NOUN, prefix: T::Id::PREFIX, open: records::open::<T> }
    }
}

/// The fields that a caller does not see of one schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Masking {
    /// Whether the schema has fields of any class, and so `masked`.
    pub declared: bool,
    pub hidden: Vec<&'static str>,
}

impl Masking {
    /// What the caller does not see of things with this schema.
    pub fn of(table: &Table, caller: &Caller, schema: &str) -> Self {
        let masks = table.masks_of(schema);
        let hidden = masks.iter().filter(|m| !caller.sees(m.class)).flat_map(|m| m.fields.iter().copied());
        Masking { declared: !masks.is_empty(), hidden: hidden.collect() }
    }
    /// Sets what is hidden to null and names it in `masked`; of a part of a thing, what is there of it.
    pub fn mask(&self, thing: &mut Value) {
        if !self.declared {
            return;
        }
        // an answer that was kept names what was hidden when it was made
        let mut names = thing.get("masked").and_then(Value::as_array).cloned().unwrap_or_default();
        for field in &self.hidden {
            let path: Vec<&str> = field.split('.').collect();
            if clear(thing, &path) && !names.iter().any(|n| n == field) {
                names.push(Value::from(*field));
            }
        }
        if let Some(object) = thing.as_object_mut() {
            object.insert("masked".into(), names.into());
        }
    }
    /// Whether a column holds what is hidden.
    pub fn hides(&self, column: &str) -> bool {
        self.hidden.contains(&column)
    }
}

/// Sets what the path leads to to null; whether there was something.
fn clear(at: &mut Value, path: &[&str]) -> bool {
    match (at, path) {
        (Value::Array(items), path) => items.iter_mut().fold(false, |found, item| clear(item, path) | found),
        (Value::Object(o), [name]) => o.get_mut(*name).map(|v| *v = Value::Null).is_some(),
        (Value::Object(o), [name, rest @ ..]) => o.get_mut(*name).is_some_and(|inner| clear(inner, rest)),
        _ => false,
    }
}

/// The places of schemas with masked fields in a schema.
pub(crate) fn places(table: &Table, root: &str, schemas: &std::collections::BTreeMap<String, Value>) -> Places {
    let mut out = Places::new();
    walk(table, schemas, &format!("#/components/schemas/{root}"), &mut Vec::new(), &mut BTreeSet::new(), &mut out);
    out
}

fn walk(
    table: &Table,
    schemas: &std::collections::BTreeMap<String, Value>,
    reference: &str,
    path: &mut Vec<String>,
    above: &mut BTreeSet<String>,
    out: &mut Places,
) {
    let name = reference.rsplit('/').next().unwrap_or_default().to_string();
    if !table.masks_of(&name).is_empty() {
        return out.push((path.clone(), name));
    }
    if !above.insert(name.clone()) {
        return;
    }
    if let Some(properties) = schemas.get(&name).and_then(|s| s["properties"].as_object()) {
        for (property, schema) in properties {
            let mut inner = Vec::new();
            references(schema, &mut inner);
            path.push(property.clone());
            inner.iter().for_each(|r| walk(table, schemas, r, path, above, out));
            path.pop();
        }
    }
    above.remove(&name);
}

/// What a property refers to: directly, as items of a list, or as one of several.
fn references(schema: &Value, out: &mut Vec<String>) {
    out.extend(schema["$ref"].as_str().map(String::from));
    for inner in schema.get("items").into_iter().chain(["oneOf", "allOf", "anyOf"].iter().filter_map(|k| schema[*k].as_array()).flatten()) {
        references(inner, out);
    }
}

/// How far figures over the records of these nouns reach: as far as the permission for the figures does, and that to read each noun.
fn reach_of_figures<'n>(caller: &Caller, permission: &str, nouns: impl IntoIterator<Item = &'n str>) -> Reach {
    let reach = |permission: &str| caller.permissions.reach(permission).unwrap_or(Reach::All);
    nouns.into_iter().map(|noun| reach(&format!("{noun}.read"))).fold(reach(permission), Reach::min)
}

/// Refuses figures over all records to a caller whose permissions do not reach all.
pub(crate) fn admit_figures(op: &Op, caller: &Caller) -> Result<()> {
    let Some(Counts::All(nouns)) = op.counts else { return Ok(()) };
    let reach = reach_of_figures(caller, &op.permission, nouns.iter().copied());
    match reach.is_limited() {
        false => Ok(()),
        true => Err(problems::beyond_reach.with(format!("These figures count all records, and your permissions reach {}.", words(reach)))),
    }
}

/// Covers what the caller does not see, wherever it stands in an answer.
pub(crate) fn mask(table: &Table, caller: &Caller, places: &Places, answer: &mut Value) {
    for (path, schema) in places {
        let masking = Masking::of(table, caller, schema);
        at_each(answer, path, &mut |thing| masking.mask(thing));
    }
}

fn at_each(at: &mut Value, path: &[String], f: &mut dyn FnMut(&mut Value)) {
    match (at, path) {
        (Value::Array(items), path) => items.iter_mut().for_each(|item| at_each(item, path, f)),
        (thing @ Value::Object(_), []) => f(thing),
        (Value::Object(o), [name, rest @ ..]) => {
            if let Some(inner) = o.get_mut(name) {
                at_each(inner, rest, f);
            }
        }
        _ => {}
    }
}

impl Cx<'_> {
    /// The row, when the caller may see it.
    pub(crate) fn if_visible<T: Entity + Record>(&mut self, found: Option<T>) -> Result<Option<T>> {
        let Some(row) = found else { return Ok(None) };
        let seen = self.seen(T::TABLE, &[row.key()])?.contains(&row.key());
        Ok(Some(row).filter(|_| seen))
    }
    /// Refuses the row named by the path when the permission of the operation does not reach it.
    pub(crate) fn reaches_target<T: Record>(&mut self, id: Uuid) -> Result<()> {
        match self.permission.clone().filter(|_| self.target == Some(id)) {
            Some(permission) => self.require_reach(T::TABLE, id, &permission, problems::beyond_reach),
            None => Ok(()),
        }
    }
    /// Refuses to make what the caller could not reach afterwards: on behalf of others only within reach.
    pub(crate) fn reaches_new<T: Record>(&mut self, id: Uuid) -> Result<()> {
        let app = self.app().clone();
        match app.table.scope_of(T::TABLE) {
            Some(Scope::Owned { stem, .. }) => self.require_reach(T::TABLE, id, &format!("{stem}.create"), problems::beyond_reach),
            _ => Ok(()),
        }
    }
    /// The rows of a table that the caller may see of those of its companies; nothing when these are all.
    pub(crate) fn visible_rows(&mut self, table: &str) -> Result<Option<Condition>> {
        if self.unlimited {
            return Ok(None);
        }
        let app = self.app().clone();
        match app.table.scope_of(table) {
            None => Ok(None),
            Some(Scope::Judged(rule)) => rule(self),
            Some(Scope::Leading { table, by }) => self.leading_to_visible(table, by),
            Some(Scope::Owned { stem, owned }) => {
                let reach = self.caller.permissions.reach(&format!("{stem}.read"));
                self.within(owned, reach.unwrap_or(Reach::All))
            }
        }
    }
    /// The condition that leaves the rows visible to the caller, for a query that calls the table of an owned noun by this name.
    pub fn visible_rows_as<T: Record>(&mut self, name: &'static str) -> Result<Statement> {
        self.rows_as::<T>(name, Reach::All)
    }
    /// As [`Cx::visible_rows_as`], for figures: the permission of the operation bounds them, too.
    pub fn counted_rows_as<T: Record>(&mut self, name: &'static str) -> Result<Statement> {
        let bound = self.reach_of_operation();
        self.rows_as::<T>(name, bound)
    }
    fn rows_as<T: Record>(&mut self, name: &'static str, bound: Reach) -> Result<Statement> {
        let app = self.app().clone();
        let condition = match app.table.scope_of(T::TABLE) {
            Some(Scope::Owned { stem, owned }) if !self.unlimited => {
                let reach = self.caller.permissions.reach(&format!("{stem}.read"));
                self.within(&Owned { table: name, ..*owned }, reach.unwrap_or(Reach::All).min(bound))?
            }
            _ => None,
        };
        Ok(condition.map_or_else(|| Statement::new("1 = 1"), |c| c.statement()))
    }
    fn reach_of_operation(&self) -> Reach {
        self.permission.as_ref().and_then(|p| self.caller.permissions.reach(p)).unwrap_or(Reach::All)
    }
    /// How far the figures of this operation over the records of a noun (`crm.opportunities`) reach.
    pub fn reach_of_figures(&self, noun: &str) -> Reach {
        match self.unlimited {
            true => Reach::All,
            false => reach_of_figures(&self.caller, self.permission.as_deref().unwrap_or_default(), [noun]),
        }
    }
    /// The rows of a table that lead to records the caller may see, by each of these columns that leads anywhere: the column and the
    /// table it leads to. Nothing when the caller may see all of them.
    pub fn leading_to_visible(&mut self, table: &'static str, by: &[(&'static str, &'static str)]) -> Result<Option<Condition>> {
        let mut conditions = Vec::new();
        for (column, target) in by {
            if let Some(seen) = self.visible_rows(target)? {
                conditions.push(rows::leading_to(table, column, target, &seen));
            }
        }
        Ok(rows::all_of(conditions))
    }
    /// As [`Cx::visible_rows_as`], of the caller's companies alone.
    pub fn visible_in_companies<T: Record>(&mut self) -> Result<Statement> {
        let mut seen = self.only().on("company_id");
        seen.sql(" AND ").append(self.visible_rows_as::<T>(T::TABLE)?);
        Ok(seen)
    }
    /// What follows from what the caller did, to whatever it concerns, visible to the caller or not.
    pub fn consequence<R>(&mut self, f: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        let bound = std::mem::replace(&mut self.unlimited, true);
        let done = f(self);
        self.unlimited = bound;
        done
    }
    /// Looks with the eyes of another caller.
    pub(crate) fn seen_as<R>(&mut self, caller: Caller, f: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        let own = std::mem::replace(&mut self.caller, std::sync::Arc::new(caller));
        let bound = std::mem::replace(&mut self.unlimited, false);
        let around = std::mem::take(&mut self.around);
        let done = f(self);
        self.caller = own;
        self.unlimited = bound;
        self.around = around;
        done
    }
    /// The condition that a reach puts on a table.
    fn within(&mut self, owned: &Owned, reach: Reach) -> Result<Option<Condition>> {
        if !reach.is_limited() {
            return Ok(None);
        }
        let Some(user) = self.caller.user_id else { return Ok(Some(rows::nothing())) };
        if reach == Reach::Own {
            return Ok(Some(rows::own(owned, user)));
        }
        let teams = self.teams(user)?;
        let territories = if reach == Reach::Territory && owned.territory.is_some() { self.territories(user)? } else { Vec::new() };
        Ok(Some(rows::around(owned, user, &teams, &territories)))
    }
    fn teams(&mut self, user: UserId) -> Result<Vec<Uuid>> {
        if self.around.teams.is_none() {
            self.around.teams = Some(rows::teams_of(self.db(), user)?);
        }
        Ok(self.around.teams.clone().unwrap_or_default())
    }
    fn territories(&mut self, user: UserId) -> Result<Vec<Uuid>> {
        if self.around.territories.is_none() {
            self.around.territories = Some(rows::territories_of(self.db(), user)?);
        }
        Ok(self.around.territories.clone().unwrap_or_default())
    }
    /// Those of these rows of a table that the caller may see.
    pub(crate) fn seen(&mut self, table: &'static str, ids: &[Uuid]) -> Result<BTreeSet<Uuid>> {
        match self.visible_rows(table)? {
            None => Ok(ids.iter().copied().collect()),
            Some(condition) => Ok(rows::among(self.db(), table, ids, Some(&condition))?.into_iter().collect()),
        }
    }
    /// Those of these rows that there are.
    pub(crate) fn there(&mut self, table: &'static str, ids: &[Uuid]) -> Result<BTreeSet<Uuid>> {
        Ok(rows::among(self.db(), table, ids, None)?.into_iter().collect())
    }
    /// Whether a row is there and the caller may not see it.
    pub(crate) fn hides(&mut self, table: &'static str, id: Uuid) -> Result<bool> {
        let Some(condition) = self.visible_rows(table)? else { return Ok(false) };
        let there = !rows::among(self.db(), table, &[id], None)?.is_empty();
        Ok(there && rows::among(self.db(), table, &[id], Some(&condition))?.is_empty())
    }
    /// Those of these rows of a table that a permission of the caller reaches.
    pub(crate) fn reached(&mut self, table: &str, ids: &[Uuid], reach: Reach) -> Result<BTreeSet<Uuid>> {
        let app = self.app().clone();
        let Some(Scope::Owned { owned, .. }) = app.table.scope_of(table) else { return Ok(ids.iter().copied().collect()) };
        match self.within(owned, reach)? {
            None => Ok(ids.iter().copied().collect()),
            Some(condition) => Ok(rows::among(self.db(), owned.table, ids, Some(&condition))?.into_iter().collect()),
        }
    }
    /// Refuses a record that the permission does not reach.
    pub(crate) fn require_reach(&mut self, table: &str, id: Uuid, permission: &str, code: Code) -> Result<()> {
        let Some(reach) = self.caller.permissions.reach(permission).filter(|r| r.is_limited() && !self.unlimited) else { return Ok(()) };
        match self.reached(table, &[id], reach)?.is_empty() {
            false => Ok(()),
            true => Err(code.with(format!("Your permission {permission} reaches {}.", words(reach)))),
        }
    }
    /// Refuses a caller without this permission, or whose permission does not reach this record.
    pub fn require_on<T: Entity + Record>(&mut self, permission: &str, id: T::Id) -> Result<()> {
        self.require(permission)?;
        self.require_reach(T::TABLE, id.uuid(), permission, problems::beyond_reach)
    }
    /// Whether the caller has this permission, and it reaches this record.
    pub fn may_on<T: Entity + Record>(&mut self, permission: &str, id: T::Id) -> Result<bool> {
        match self.require_on::<T>(permission, id) {
            Ok(()) => Ok(true),
            Err(p) if [problems::missing_scope, problems::beyond_reach].contains(&p.code()) => Ok(false),
            Err(p) => Err(p),
        }
    }
    /// Who owns what a caller makes without saying whose it is: the caller, when what is nobody's is beyond its reach.
    pub fn default_owner(&self, permission: &str) -> Option<UserId> {
        let limited = self.caller.permissions.reach(permission).is_some_and(Reach::is_limited);
        self.caller.user_id.filter(|_| limited && !self.unlimited)
    }
    /// Whether the caller may see what a deleted thing was, by what was last told of it.
    pub(crate) fn saw(&mut self, table: &str, data: &Value) -> Result<bool> {
        let app = self.app().clone();
        let (owned, stem) = match app.table.scope_of(table) {
            None => return Ok(true),
            Some(Scope::Judged(rule)) => return Ok(rule(self)?.is_none()),
            Some(Scope::Leading { table, by }) => return Ok(self.leading_to_visible(table, by)?.is_none()),
            Some(Scope::Owned { stem, owned }) => (owned, stem),
        };
        let reach = self.caller.permissions.reach(&format!("{stem}.read")).unwrap_or(Reach::All);
        if !reach.is_limited() {
            return Ok(true);
        }
        let owner = data[owned.owner].as_str().and_then(|id| id.parse::<UserId>().ok());
        match (self.caller.user_id, owner) {
            (Some(user), Some(owner)) if user == owner => Ok(true),
            (Some(user), Some(owner)) if reach > Reach::Own => {
                let teams = self.teams(user)?;
                Ok(rows::members_of(self.db(), &teams, owner)?)
            }
            _ => Ok(false),
        }
    }
}

fn words(reach: Reach) -> &'static str {
    match reach {
        Reach::Own => "your own records",
        Reach::Team => "the records of your team",
        Reach::Territory => "the records of your team and of your territories",
        Reach::Company | Reach::All => "the records of your companies",
    }
}

/// The object without its `masked`, when it says nothing.
pub(crate) fn drop_empty(object: &mut Map<String, Value>) {
    if object.get("masked").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        object.remove("masked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_hidden_is_null_and_named() {
        let masking = Masking { declared: true, hidden: vec!["cost_total", "lines.unit_cost", "lines.cost_amount"] };
        let mut thing = json!({"id": "dlv_1", "cost_total": "5.00", "lines": [{"unit_cost": "1", "quantity": "5"}, {"unit_cost": null}]});
        masking.mask(&mut thing);
        let expected = json!({"id": "dlv_1", "cost_total": null, "lines": [{"unit_cost": null, "quantity": "5"}, {"unit_cost": null}],
            "masked": ["cost_total", "lines.unit_cost"]});
        assert_eq!(thing, expected);
        let mut open = json!({"id": 1, "cost_total": "5.00"});
        Masking { declared: true, hidden: vec![] }.mask(&mut open);
        assert_eq!(open, json!({"id": 1, "cost_total": "5.00", "masked": []}));
    }
}
