//! The table itself: every operation by its id, and the words to declare those that belong to no noun.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use domain::identity::visibility::FieldClass;
use domain::kernel::{Problem, problems};
use domain::platform::aggregates::TOO_MANY_GROUPS;
use domain::{Entity, Result};
use parking_lot::RwLock;
use utoipa::ToSchema;
use utoipa::openapi::Required;

use super::answer::{Answer, Binary, Output};
use super::list::{List, Listing};
use super::op::{Input, Kind, Op, Origin, Shape, Verbs, codes_of};
use super::references::{self, Face};
use super::{Body, Reply, body, figures, noun, params, schema};
use crate::app::App;
use crate::bulk;
use crate::cx::Cx;
use crate::search::Searched;
use crate::signed;
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
    nouns: BTreeMap<String, NounRows>,
    /// Nouns that are embedded wherever their ids are answered; the first one for an id.
    faces: Vec<Face>,
    /// The names of the properties of schemas, by schema name, once they were asked for.
    properties: RwLock<HashMap<String, Vec<&'static str>>>,
}

impl Table {
    /// A noun at `area/plural`, e.g. `sales/orders`.
    pub fn noun<'t, T: Entity>(&'t mut self, place: &str, text: &'static str) -> noun::Noun<'t, T> {
        noun::Noun::at(self, place, text)
    }
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
    /// A report at `area/…/name`, computed from its parameters.
    pub fn report<F: params::Filter, R: Reply>(&mut self, place: &str, f: fn(&mut Cx, F) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, _, i| Answer::of(&f(cx, params::typed(&i.query)?)?));
        self.add(op)
    }
    /// A report on one thing that the last part of the path names: `platform/trace/{id}`.
    pub fn report_on<I: domain::kernel::Id, F: params::Filter, R: Reply>(
        &mut self,
        place: &str,
        variable: &str,
        f: fn(&mut Cx, I, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.path = format!("{}/{{{variable}}}", op.path);
        op.path_params = vec![(variable.into(), Shape::of::<I>())];
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, _, i| Answer::of(&f(cx, noun::id(i, 0)?, params::typed(&i.query)?)?));
        self.add(op)
    }
    /// A report on what the last part of the path names by a word: `platform/schemas/{noun}`.
    pub fn report_on_name<K: ToSchema, F: params::Filter, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        variable: &str,
        f: fn(&mut Cx, &str, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.id = id.into();
        op.path = format!("{}/{{{variable}}}", op.path);
        op.path_params = vec![(variable.into(), Shape::of::<K>())];
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.run = Box::new(move |cx, _, i| Answer::of(&f(cx, token(i), params::typed(&i.query)?)?));
        self.add(op)
    }
    /// What a signed link opens, for people without an account: `GET area/…/{token}`. The function gets the token and opens
    /// it with [`crate::signed::open`].
    pub fn by_link<R: Reply>(&mut self, id: &str, place: &str, f: fn(&mut Cx, &str) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = linked(Kind::Report, id, place, "", text);
        op.output = Some(Shape::of::<R>());
        self.add(Op { run: Box::new(move |cx, _, i| Answer::of(&f(cx, token(i))?)), ..op }).public().fails(signed::REFUSALS)
    }
    /// What can be done with a signed link: `POST area/…/{token}/verb`.
    pub fn by_link_with<B: Body, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        verb: &str,
        f: fn(&mut Cx, &str, B) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = linked(Kind::Command, id, place, verb, text);
        op.body = Some(Shape::of::<B>());
        op.output = Some(Shape::of::<R>());
        let run = move |cx: &mut Cx, _: &Op, i: &Input| Answer::of(&f(cx, token(i), body::typed(&i.body)?)?);
        self.add(Op { run: Box::new(run), ..op }).public().fails(signed::REFUSALS)
    }
    /// Bytes that a signed link opens: `GET area/…/{token}/name`.
    pub fn download_by_link(
        &mut self,
        id: &str,
        place: &str,
        name: &str,
        f: fn(&mut Cx, &str) -> Result<Binary>,
        text: &'static str,
    ) -> &mut Op {
        let op = linked(Kind::Download, id, place, name, text);
        let run = move |cx: &mut Cx, _: &Op, i: &Input| Ok(Answer { output: Output::Binary(f(cx, token(i))?), ..Answer::nothing() });
        self.add(Op { run: Box::new(run), ..op }).public().fails(signed::REFUSALS)
    }
    /// A list that belongs to no noun of its own, at `area/plural`.
    pub fn rows<R: Reply + persistence::Record>(
        &mut self,
        place: &str,
        f: fn(&mut Cx, List) -> Result<super::Page<R>>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::List, Some("list"), place, text);
        op.permission = op.permission.replace(".list", ".read");
        op.listing = Some(Listing::of::<R>());
        op.output = Some(Shape::of::<super::Page<R>>());
        op.gather = Some(Arc::new(move |cx, _, list| f(cx, list).map(drop)));
        op.run = Box::new(move |cx, op, i| {
            let list = List::parse(cx, op, i)?;
            let page = f(cx, list.clone())?;
            list.answer(cx, op, page, |_| vec![])
        });
        self.add(op)
    }
    /// A command at `area/…/verb`: a body in, an answer out.
    pub fn command<B: Body, R: Reply>(&mut self, id: &str, place: &str, f: fn(&mut Cx, B) -> Result<R>, text: &'static str) -> &mut Op {
        let op = command_op::<B, R>(Kind::Command, id, place, text);
        self.add(Op { run: Box::new(move |cx, _, i| Answer::of(&f(cx, body::typed(&i.body)?)?)), ..op })
    }
    /// A command that opens its own transactions, because it does slow work (hashing) that must not happen in one.
    /// It has no idempotency key and no dry run.
    pub fn command_outside<B: Body, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        f: fn(&Origin, B) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = command_op::<B, R>(Kind::Command, id, place, text);
        op.outside = Some(Box::new(move |origin, i| Answer::of(&f(origin, body::typed(&i.body)?)?)));
        self.add(op)
    }
    /// As [`Table::command_outside`], on the thing whose key the path names: `public/forms/{key}/submissions`.
    pub fn command_outside_on<K: ToSchema, B: Body, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        variable: &str,
        f: fn(&Origin, &str, B) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = command_op::<B, R>(Kind::Command, id, place, text);
        op.path_params = vec![(variable.into(), Shape::of::<K>())];
        op.outside = Some(Box::new(move |origin, i| {
            let key = i.path.first().map(String::as_str).unwrap_or_default();
            Answer::of(&f(origin, key, body::typed(&i.body)?)?)
        }));
        self.add(op)
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
        one: fn(&Arc<App>, I) -> Result<()>,
    ) {
        let find = Box::new(move |cx: &mut Cx, limit| find(cx, limit).map(timers::subjects));
        let one = Box::new(move |app: &Arc<App>, subject: &str| one(app, timers::id_of(subject)?));
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
    /// A report that opens its own transactions, because looking at it is worth remembering: a link in a mail.
    pub fn report_outside<F: params::Filter, R: Reply>(
        &mut self,
        place: &str,
        f: fn(&Origin, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.outside = Some(Box::new(move |origin, i| Answer::of(&f(origin, params::typed(&i.query)?)?)));
        self.add(op)
    }
    /// As [`Table::report_outside`], and the answer leads elsewhere: the function says where.
    pub fn redirect_outside<F: params::Filter>(&mut self, place: &str, f: fn(&Origin, F) -> Result<String>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Report, None, place, text);
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<LinkTarget>());
        op.outside = Some(Box::new(move |origin, i| {
            let url = f(origin, params::typed(&i.query)?)?;
            Ok(Answer { redirect: Some(url.clone()), ..Answer::of(&LinkTarget { url })? })
        }));
        self.add(op).redirecting()
    }
    /// As [`Table::report_outside`], with bytes out.
    pub fn download_outside<F: params::Filter>(&mut self, place: &str, f: fn(&Origin, F) -> Result<Binary>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Download, Some("download"), place, text);
        op.query = params::query_of::<F>;
        op.outside = Some(Box::new(move |origin, i| {
            Ok(Answer { output: Output::Binary(f(origin, params::typed(&i.query)?)?), ..Answer::nothing() })
        }));
        self.add(op)
    }
    /// A command without a body that opens its own transactions; what it is about is in the query.
    pub fn command_without_body_outside_transaction<F: params::Filter, R: Reply>(
        &mut self,
        id: &str,
        place: &str,
        f: fn(&Origin, F) -> Result<R>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = single(Kind::Command, Some(""), place, text);
        op.id = id.into();
        op.query = params::query_of::<F>;
        op.output = Some(Shape::of::<R>());
        op.outside = Some(Box::new(move |origin, i| Answer::of(&f(origin, params::typed(&i.query)?)?)));
        self.add(op)
    }
    /// Many upserts at once, at `…/upsert/bulk`, with the permission to create; the function demands the one to change.
    pub(crate) fn bulk_upsert<B: Body>(&mut self, id: &str, place: &str, f: fn(&mut Cx, B) -> Result<bulk::Upserted>) -> &mut Op {
        let text = "Create or update many by the ids of another system. At most 500 items; `atomic` keeps all or none, `partial` keeps those that succeed and answers an error for each of the others.";
        let mut op = command_op::<bulk::Bulk<B>, bulk::BulkResult>(Kind::Command, id, &format!("{place}/bulk"), text);
        op.permission = format!("{}.create", place.trim_end_matches("/upsert").replace('/', "."));
        op.item = Some(Shape::of::<B>());
        op.run = Box::new(move |cx, _, i| Answer::of(&bulk::each(cx, f, &i.body)?));
        self.add(op).max_body(16 << 20)
    }
    /// A command that takes no body.
    pub fn command_without_body<R: Reply>(&mut self, id: &str, place: &str, f: fn(&mut Cx) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Command, Some(""), place, text);
        op.id = id.into();
        op.output = Some(Shape::of::<R>());
        self.add(Op { run: Box::new(move |cx, _, _| Answer::of(&f(cx)?)), ..op })
    }
    /// A command that starts a job; the answer is the job.
    pub fn job<B: Body, R: Entity>(&mut self, id: &str, place: &str, f: fn(&mut Cx, B) -> Result<R>, text: &'static str) -> &mut Op {
        let op = command_op::<B, R>(Kind::Job, id, place, text);
        let run = move |cx: &mut Cx, op: &Op, i: &Input| {
            let started = f(cx, body::typed(&i.body)?)?;
            Answer::entity(cx, op, &started)
        };
        self.add(Op { run: Box::new(run), entity: Some(R::name().into()), ..op })
    }
    /// Bytes out, at `area/…/name`.
    pub fn download<F: params::Filter>(&mut self, place: &str, f: fn(&mut Cx, F) -> Result<Binary>, text: &'static str) -> &mut Op {
        let mut op = single(Kind::Download, Some("download"), place, text);
        op.query = params::query_of::<F>;
        op.run = Box::new(move |cx, _, i| Ok(Answer { output: Output::Binary(f(cx, params::typed(&i.query)?)?), ..Answer::nothing() }));
        self.add(op)
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
            Scope::Judged(_) => None,
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
        references::level(&mut self.ops);
        // figures are labelled by what their list embeds
        let aggregates: Vec<Op> = self.ops.iter().filter_map(figures::operation).collect();
        for op in aggregates {
            self.add(op).fails(&[TOO_MANY_GROUPS]);
        }
        let mut verbs: BTreeMap<&String, Verbs> = self.actions.iter().map(|(entity, stem)| (entity, Verbs::of(stem))).collect();
        for op in self.ops.iter().filter(|op| op.kind == Kind::Action) {
            if let Some(known) = op.entity.as_ref().and_then(|e| verbs.get_mut(e)) {
                known.learn(op);
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

/// Where a link leads, for a caller that accepts JSON and does not want to be sent there.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct LinkTarget {
    /// The address.
    #[schema(max_length = 2000, example = "https://shop.example/offer")]
    url: String,
}

fn token(input: &Input) -> &str {
    input.path.first().map(String::as_str).unwrap_or_default()
}

fn linked(kind: Kind, id: &str, place: &str, tail: &str, text: &'static str) -> Op {
    let mut op = single(kind, None, place, text);
    op.id = id.into();
    op.path = match tail {
        "" => format!("{}/{{link}}", op.path),
        tail => format!("{}/{{link}}/{tail}", op.path),
    };
    op.path_params = vec![("link".into(), Shape::of::<signed::LinkToken>())];
    op.tag = place.into();
    op
}

fn command_op<B: utoipa::ToSchema, R: Reply>(kind: Kind, id: &str, place: &str, text: &'static str) -> Op {
    let mut op = single(kind, Some(""), place, text);
    op.id = id.into();
    op.body = Some(Shape::of::<B>());
    op.output = Some(Shape::of::<R>());
    op
}

pub(crate) fn blank(kind: Kind, id: String, path: String, tag: String, permission: String, text: &'static str) -> Op {
    Op {
        id,
        kind,
        path,
        tag,
        permission,
        public: false,
        makes: None,
        link: false,
        redirects: false,
        page: None,
        text,
        codes: vec![],
        own_codes: 0,
        listing: None,
        expansions: vec![],
        path_params: vec![],
        query: Vec::new,
        body: None,
        clearable: None,
        item: None,
        output: None,
        entity: None,
        read_only: false,
        max_body: 1 << 20,
        actions_of: None,
        known: vec![],
        needed: vec![],
        times: vec![],
        validator: OnceLock::new(),
        bare: OnceLock::new(),
        outline: OnceLock::new(),
        places: OnceLock::new(),
        gather: None,
        run: Box::new(|_, op, _| Err(Problem::from(problems::internal).and_at(domain::FieldError::body("", "internal", &op.id)))),
        outside: None,
        for_users: false,
        paths: OnceLock::new(),
        before: None,
        shown_once: &[],
        rests_on: None,
        counts: None,
    }
}

/// An operation at a place of its own: `accounting/reports/trial-balance`, `tax/calculations/calculate`.
pub(super) fn single(kind: Kind, verb: Option<&str>, place: &str, text: &'static str) -> Op {
    let parts: Vec<&str> = place.split('/').collect();
    let last = parts.last().copied().unwrap_or_default().replace('-', "_");
    let verb = verb.unwrap_or("get");
    // A report may be called like a noun: `crm/reports/pipeline` beside `crm/pipelines`.
    let id = match parts[..] {
        [.., "reports", _] => format!("{verb}_{last}_report"),
        _ => format!("{verb}_{last}"),
    };
    let stem: Vec<_> = parts.iter().map(|p| p.replace('-', "_")).collect();
    let permission = match kind {
        Kind::Command | Kind::Job => stem.join("."),
        Kind::Report | Kind::Download | Kind::List => format!("{}.read", stem.join(".")),
        _ => format!("{}.{verb}", stem.join(".")),
    };
    blank(kind, id, format!("/v1/{place}"), parts[0].into(), permission, text)
}
