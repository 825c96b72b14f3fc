//! The table itself: every operation by its id, what happens by the clock and what follows from facts. How operations are declared
//! is in the files for nouns, for what stands alone and for what is the caller's own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use domain::identity::visibility::FieldClass;
use domain::platform::aggregates::TOO_MANY_GROUPS;
use domain::{Entity, Result};
use parking_lot::RwLock;
use persistence::Condition;
use utoipa::ToSchema;
use utoipa::openapi::Required;

use super::kind::{Kind, codes_of};
use super::op::Op;
use super::references::{self, Face};
use super::shape::Shape;
use super::verbs::Verbs;
use super::{aggregate, params, schema};
use crate::cx::Cx;
use crate::search::Searched;
use crate::timers::{self, How, Timer};
use crate::visibility::{Mask, NounRows, Scope};

/// All operations of the API.
#[derive(Default)]
pub struct Table {
    pub ops: Vec<Op>,
    /// What is done for each kind of job.
    pub(crate) works: BTreeMap<&'static str, (crate::work::Lane, crate::work::Run)>,
    /// What happens by the clock.
    pub(crate) timers: Vec<Timer>,
    /// The nouns whose records are found, by their names in the kinds of facts.
    pub(crate) searched: BTreeMap<&'static str, Searched>,
    /// What follows from facts after their commit.
    pub followers: Vec<crate::followers::Declared>,
    /// Tags and what they are about.
    pub tags: Vec<(String, &'static str)>,
    by_id: BTreeMap<String, usize>,
    /// Schema name → permission stem, for the nouns that have actions.
    actions: BTreeMap<String, String>,
    /// Schema name → permission to read it.
    readers: BTreeMap<String, String>,
    /// Schema name → its fields that need a permission of their own.
    masks: BTreeMap<String, Vec<Mask>>,
    /// Database table → which of its rows a caller may see.
    scopes: BTreeMap<&'static str, Scope>,
    /// Schema name → where its rows are.
    pub(super) nouns: BTreeMap<String, NounRows>,
    /// Schema name → noun and filter, for the nouns whose records take tags.
    pub(super) tagged: BTreeMap<String, (&'static str, fn(&str) -> Condition)>,
    /// Schema name → noun, for the nouns whose facts their owners are told in the feed, without a permission.
    pub(super) told_to_owners: BTreeMap<String, &'static str>,
    /// Schema name → permission to read it, for the nouns with a page of their own; known once the table is closed.
    pub(super) opened: BTreeMap<String, String>,
    /// Nouns that are embedded wherever their ids are answered; the first one for an id.
    faces: Vec<Face>,
    /// The names of the properties of schemas, by schema name, once they were asked for.
    properties: RwLock<HashMap<String, Vec<&'static str>>>,
}

impl Table {
    /// Records of this noun are embedded by `expand` wherever an answer has their ids, for callers who may read them. Nouns whose list
    /// or read is plain, and so judged by permission and sight alone, are without saying so.
    pub fn expands_everywhere<T: Entity + persistence::Record>(&mut self)
    where
        T::Id: ToSchema,
    {
        self.faces.push(Face::of::<T>());
    }
    /// A tag for operations that belong to no noun.
    pub fn tag(&mut self, name: &str, text: &'static str) {
        if !self.tags.iter().any(|(n, _)| n == name) {
            self.tags.push((name.to_string(), text));
        }
    }
    /// What is done for jobs of a kind. `jobs::start` starts one.
    pub fn work(&mut self, kind: &'static str, run: crate::work::Run) {
        self.work_in(crate::work::Lane::Ordinary, kind, run);
    }
    /// As [`Table::work`], for what takes minutes: it holds up only its like.
    pub fn long_work(&mut self, kind: &'static str, run: crate::work::Run) {
        self.work_in(crate::work::Lane::Long, kind, run);
    }
    fn work_in(&mut self, lane: crate::work::Lane, kind: &'static str, run: crate::work::Run) {
        assert!(self.works.insert(kind, (lane, run)).is_none(), "the job kind {kind} is declared twice");
    }
    /// What is done once a period, by one replica, in one transaction.
    pub fn every(&mut self, name: &'static str, period: TimeDelta, tick: timers::Tick) {
        self.timer(name, period, How::Once(tick));
    }
    /// What is repeated once a period, in transactions of its own, while it says that there is more.
    pub fn parts(&mut self, name: &'static str, period: TimeDelta, part: fn(&mut Cx) -> Result<bool>) {
        self.timer(name, period, How::Parts(part));
    }
    /// What is done once a period for each of at most `limit` things that `find` finds due: each in a savepoint of its own.
    pub fn each<I: std::str::FromStr + ToString + 'static>(
        &mut self,
        name: &'static str,
        period: TimeDelta,
        limit: i64,
        find: fn(&mut Cx, i64) -> Result<Vec<I>>,
        one: fn(&mut Cx, I) -> Result<()>,
    ) {
        let find = Box::new(move |cx: &mut Cx, limit| find(cx, limit).map(timers::subjects));
        let one = Arc::new(move |cx: &mut Cx, subject: &str| one(cx, timers::id_of(subject)?));
        self.timer(name, period, How::Each { limit, find, one });
    }
    /// As [`Table::each`], for what opens its transactions itself.
    pub fn each_outside<I: std::str::FromStr + ToString + 'static>(
        &mut self,
        name: &'static str,
        period: TimeDelta,
        limit: i64,
        find: fn(&mut Cx, i64) -> Result<Vec<I>>,
        one: timers::OneOutside<I>,
    ) {
        let find = Box::new(move |cx: &mut Cx, limit| find(cx, limit).map(timers::subjects));
        let one = Box::new(move |app: &_, subject: &str| one(app, timers::id_of(subject)?));
        self.timer(name, period, How::EachOutside { limit, find, one });
    }
    fn timer(&mut self, name: &'static str, period: TimeDelta, how: How) {
        assert!(self.timers.iter().all(|t| t.name != name), "the timer {name} is declared twice");
        self.timers.push(Timer { name, period, how });
    }
    /// What follows from facts of these kinds after their commit; see [`crate::followers`].
    pub fn follow(
        &mut self,
        name: &'static str,
        text: &'static str,
        kinds: &[&'static str],
        f: crate::followers::Follow,
    ) -> &mut crate::followers::Declared {
        assert!(self.follower(name).is_none(), "the follower {name} is declared twice");
        self.followers.push(crate::followers::Declared::new(name, text, kinds, f));
        let last = self.followers.len() - 1;
        &mut self.followers[last]
    }
    pub(crate) fn follower(&self, name: &str) -> Option<&crate::followers::Declared> {
        self.followers.iter().find(|f| f.name == name)
    }
    pub fn get(&self, id: &str) -> Option<&Op> {
        self.by_id.get(id).map(|&i| &self.ops[i])
    }
    /// The permission to read resources of this schema name.
    pub fn reader(&self, entity: &str) -> Option<&str> {
        self.readers.get(entity).map(String::as_str)
    }
    /// The fields of a schema that need a permission of their own; its objects carry `masked`.
    pub fn masks_of(&self, schema: &str) -> &[Mask] {
        self.masks.get(schema).map(Vec::as_slice).unwrap_or_default()
    }
    /// All schemas with such fields.
    pub fn masked_schemas(&self) -> impl Iterator<Item = &str> {
        self.masks.keys().map(String::as_str)
    }
    /// Fields of a type that need the permission of their class, wherever it is answered.
    pub fn masked<T: ToSchema>(&mut self, class: FieldClass, fields: &'static [&'static str]) {
        self.masks.entry(T::name().into_owned()).or_default().push(Mask { class, fields });
    }
    /// The nouns whose permissions have a reach: the stem of the permissions and the field with the owner.
    pub fn owned(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.scopes.values().filter_map(|s| match s {
            Scope::Owned { stem, owned } => Some((stem.as_str(), owned.owner)),
            Scope::Leading { .. } | Scope::Judged(_) => None,
        })
    }
    pub(crate) fn scope_of(&self, table: &str) -> Option<&Scope> {
        self.scopes.get(table)
    }
    pub(crate) fn scope(&mut self, table: &'static str, scope: Scope) {
        assert!(self.scopes.insert(table, scope).is_none(), "who sees {table} is declared twice");
    }
    /// Schemas and tables of the nouns of which callers may see a part.
    pub(crate) fn scoped(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.nouns.iter().filter(|(_, rows)| self.scopes.contains_key(rows.table)).map(|(schema, rows)| (schema.as_str(), rows.table))
    }
    pub(crate) fn rows_of(&self, schema: &str) -> Option<&NounRows> {
        self.nouns.get(schema)
    }
    pub(crate) fn keeps(&mut self, schema: &str, rows: NounRows) {
        self.nouns.insert(schema.into(), rows);
    }
    /// Whether resources of this schema name carry `allowed_actions`.
    pub fn has_actions(&self, entity: &str) -> bool {
        self.actions.contains_key(entity)
    }
    pub(crate) fn add(&mut self, mut op: Op) -> &mut Op {
        assert!(self.by_id.insert(op.id.clone(), self.ops.len()).is_none(), "operation {} is declared twice", op.id);
        op.codes = codes_of(op.kind, !op.path_params.is_empty(), op.body.is_some());
        op.own_codes = op.codes.len();
        let parameters = match &op.listing {
            Some(listing) => listing.parameters(),
            None => (op.query)(),
        };
        op.needed = parameters.iter().filter(|p| matches!(p.required, Required::True)).map(|p| p.name.clone()).collect();
        op.known = parameters.into_iter().map(|p| p.name).collect();
        match op.kind {
            Kind::Read => op.known.push("fields".into()),
            k if k.is_post() && op.outside.is_none() => op.known.push("dry_run".into()),
            _ => {}
        }
        if let Some(entity) = &op.entity {
            let stem = op.permission.rsplit_once('.').map_or(op.permission.clone(), |(s, _)| s.to_string());
            match op.kind {
                Kind::Read => drop(self.readers.insert(entity.clone(), op.permission.clone())),
                Kind::List => drop(self.readers.entry(entity.clone()).or_insert_with(|| op.permission.clone())),
                Kind::Action => drop(self.actions.insert(entity.clone(), stem)),
                _ => {}
            }
        }
        self.ops.push(op);
        let last = self.ops.len() - 1;
        &mut self.ops[last]
    }
    /// The names of the properties of a schema.
    pub(crate) fn properties(&self, shape: &Shape) -> Vec<&'static str> {
        let name = (shape.name)();
        if let Some(found) = self.properties.read().get(&*name) {
            return found.clone();
        }
        let found: Vec<&'static str> = schema::properties(shape).into_iter().map(|p| &*Box::leak(p.into_boxed_str())).collect();
        self.properties.write().insert(name.into_owned(), found.clone());
        found
    }
    /// Closes the table: tells every operation whether its resource has actions. Panics, and so fails a test and the
    /// start, when the table contradicts itself.
    pub fn finish(mut self) -> Self {
        self.check_searched();
        let mut faces = BTreeMap::new();
        for face in std::mem::take(&mut self.faces) {
            faces.entry((face.id)().into_owned()).or_insert(face);
        }
        self.ops.iter_mut().for_each(|op| references::add(op, &faces));
        self.embed_tags();
        references::level(&mut self.ops);
        // figures are labelled by what their list embeds
        let aggregates: Vec<Op> = self.ops.iter().filter_map(aggregate::operation).collect();
        for op in aggregates {
            self.add(op).fails(&[TOO_MANY_GROUPS]);
        }
        let mut verbs: BTreeMap<&String, Verbs> = self.actions.iter().map(|(entity, stem)| (entity, Verbs::of(stem))).collect();
        for op in self.ops.iter().filter(|op| op.kind == Kind::Action) {
            if let Some(known) = op.entity.as_ref().and_then(|e| verbs.get_mut(e)) {
                known.learn(&op.path, &op.permission);
            }
        }
        let verbs: BTreeMap<String, Arc<Verbs>> = verbs.into_iter().map(|(entity, v)| (entity.clone(), Arc::new(v))).collect();
        for op in &mut self.ops {
            op.actions_of = op.entity.as_ref().and_then(|e| verbs.get(e)).cloned();
            op.times = params::times(&(op.query)());
        }
        // what the operations say at last counts: their permissions may have been given after they were added
        for op in &self.ops {
            if let (Some(entity), Kind::List | Kind::Read) = (&op.entity, op.kind) {
                match op.kind {
                    Kind::Read => drop(self.readers.insert(entity.clone(), op.permission.clone())),
                    _ if op.for_users => drop(self.readers.insert(entity.clone(), String::new())),
                    _ => {}
                }
            }
        }
        self.open_records();
        self.by_id = self.ops.iter().enumerate().map(|(i, op)| (op.id.clone(), i)).collect();
        assert_eq!(self.by_id.len(), self.ops.len(), "two operations have one id");
        let mut routes = BTreeSet::new();
        for op in &self.ops {
            let shape: Vec<_> = op.path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s }).collect();
            assert!(op.rests_on.is_none_or(|name| self.follower(name).is_some()), "{} rests on no follower", op.id);
            assert!(routes.insert((op.kind.method(), shape.join("/"))), "{} {} is served twice", op.kind.method(), op.path);
        }
        self
    }
}
