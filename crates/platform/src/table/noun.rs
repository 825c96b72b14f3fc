//! The words to declare the operations on a noun and on its parts.

use std::sync::Arc;

use domain::identity::visibility::FieldClass;
use domain::kernel::{PatchBody, problems};
use domain::{Entity, Result};
use persistence::identity::visibility::Owned;
use persistence::platform::record_tags;
use persistence::{Condition, Record};
use serde::Deserialize;

use super::all::Table;
use super::answer::{Answer, Binary, Output};
use super::blank::blank;
use super::input::{Input, Upload};
use super::kind::Kind;
use super::list::List;
use super::listing::Listing;
use super::op::Op;
use super::page::Page;
use super::params::{Filter, query_of, typed as typed_query};
use super::shape::Shape;
use super::{Body, Reply, body, plural, snake};
use crate::bulk;
use crate::cx::Cx;
use crate::search::Words;
use crate::visibility::{NounRows, Scope};

impl Table {
    /// A noun at `area/plural`, e.g. `sales/orders`.
    pub fn noun<'t, T: Entity>(&'t mut self, place: &str, text: &'static str) -> Noun<'t, T> {
        Noun::at(self, place, text)
    }
}

#[derive(Clone)]
struct Base {
    tag: String,
    path: String,
    one: String,
    many: String,
    /// `sales.orders`
    stem: String,
    parents: Vec<(String, Shape)>,
}

fn variable<T: Entity>() -> (String, Shape) {
    (format!("{}_id", snake(&T::name())), Shape::of::<T::Id>())
}

impl Base {
    fn on_all(&self, kind: Kind, text: &'static str) -> Op {
        let (id, verb) = match kind {
            Kind::List => (format!("list_{}", self.many), "read"),
            _ => (format!("create_{}", self.one), "create"),
        };
        let mut op = blank(kind, id, self.path.clone(), self.tag.clone(), format!("{}.{verb}", self.stem), text);
        op.path_params = self.parents.clone();
        op
    }
    fn on_one<T: Entity>(&self, kind: Kind, verb: &str, text: &'static str) -> Op {
        let (name, shape) = variable::<T>();
        let verb = verb.replace('-', "_");
        let tail = match kind {
            Kind::Action | Kind::Report | Kind::List | Kind::Download => format!("/{}", verb.replace('_', "-")),
            _ => String::new(),
        };
        let (id, right) = match kind {
            Kind::Read => (format!("get_{}", self.one), "read"),
            Kind::Report => (format!("get_{}_{verb}", self.one), "read"),
            Kind::List => (format!("list_{}_{verb}", self.one), "read"),
            Kind::Download => (format!("download_{}_{verb}", self.one), "read"),
            _ => (format!("{verb}_{}", self.one), &*verb),
        };
        let mut op = blank(kind, id, format!("{}/{{{name}}}{tail}", self.path), self.tag.clone(), format!("{}.{right}", self.stem), text);
        op.path_params = self.parents.clone();
        op.path_params.push((name, shape));
        op
    }
}

/// Nothing is asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct NoFilter {}

/// The operations on one noun.
pub struct Noun<'t, T> {
    table: &'t mut Table,
    base: Base,
    _of: std::marker::PhantomData<T>,
}

impl<'t, T: Entity> Noun<'t, T> {
    pub(crate) fn at(table: &'t mut Table, place: &str, text: &'static str) -> Self {
        let one = snake(&T::name());
        table.tag(place, text);
        let base = Base {
            tag: place.into(),
            path: format!("/v1/{place}"),
            stem: place.replace('/', ".").replace('-', "_"),
            many: plural(&one),
            one,
            parents: vec![],
        };
        Noun { table, base, _of: Default::default() }
    }
    /// Fields that need the permission of their class. Without it they are null, and named in `masked`, on every road.
    pub fn masked(&mut self, class: FieldClass, fields: &'static [&'static str]) -> &mut Self {
        self.table.masked::<T>(class, fields);
        self
    }
    /// Records are found by these fields, by the search and by `q` of the list.
    pub fn searched(&mut self, words: Words) -> &mut Self
    where
        T: Record,
    {
        self.table.searched_as::<T>(words);
        self
    }
    /// Records have an owner: permissions on them have a reach, by this column.
    pub fn owned_by(&mut self, owner: &'static str) -> &mut Self
    where
        T: Record,
    {
        self.own(owner, None)
    }
    /// As [`Noun::owned_by`], and records are in territories.
    pub fn owned_by_in(&mut self, owner: &'static str, territory: &'static str) -> &mut Self
    where
        T: Record,
    {
        self.own(owner, Some(territory))
    }
    fn own(&mut self, owner: &'static str, territory: Option<&'static str>) -> &mut Self
    where
        T: Record,
    {
        let texts = T::texts();
        for column in [Some(owner), territory].into_iter().flatten() {
            assert!(texts.column(column).is_some(), "{} has no column {column}", T::TABLE);
        }
        let owned = Owned { table: T::TABLE, owner, in_company: texts.column("company_id").is_some(), territory };
        self.table.scope(T::TABLE, Scope::Owned { stem: self.base.stem.clone(), owned });
        self
    }
    /// Who sees which records has a rule of its own: a condition, or nothing for a caller who may see all.
    pub fn seen_by(&mut self, rule: fn(&mut Cx) -> Result<Option<Condition>>) -> &mut Self
    where
        T: Record,
    {
        self.table.scope(T::TABLE, Scope::Judged(rule));
        self
    }
    /// Records take tags: the list has the filter `tag`, and list and read embed the tags.
    pub fn takes_tags(&mut self) -> &mut Self
    where
        T: Record,
    {
        self.table.take_tags(&T::name(), T::NOUN, |tag| record_tags::tagged(T::TABLE, tag));
        self
    }
    /// Users are told in the feed what happens to their own records, without a permission.
    pub fn told_to_owners(&mut self) -> &mut Self {
        self.table.tell_owners(&T::name(), T::NOUN);
        self
    }
    /// Records are about those that these columns lead to, and as visible as all of them: the column and the table it leads to.
    pub fn about(&mut self, by: &'static [(&'static str, &'static str)]) -> &mut Self
    where
        T: Record,
    {
        self.rows_about::<T>(by)
    }
    /// As [`Noun::about`], of rows that are listed under this noun.
    pub fn rows_about<R: Record>(&mut self, by: &'static [(&'static str, &'static str)]) -> &mut Self {
        for (column, _) in by {
            assert!(R::texts().column(column).is_some(), "{} has no column {column}", R::TABLE);
        }
        self.table.scope(R::TABLE, Scope::Leading { table: R::TABLE, by });
        self
    }
    fn add(&mut self, mut op: Op, run: impl Fn(&mut Cx, &Op, &Input) -> Result<Answer> + Send + Sync + 'static) -> &mut Op {
        op.run = Box::new(run);
        self.table.add(op)
    }
    fn resource(&mut self, mut op: Op, run: impl Fn(&mut Cx, &Op, &Input) -> Result<Answer> + Send + Sync + 'static) -> &mut Op {
        op.entity = Some(T::name().into());
        op.output = Some(Shape::of::<T>());
        self.add(op, run)
    }
    /// The list, straight from the table of the noun.
    pub fn list(&mut self, text: &'static str) -> &mut Op
    where
        T: Record,
    {
        self.table.expands_everywhere::<T>();
        self.list_with(|cx, list| cx.page::<T>(list), text)
    }
    /// A list with a function of its own.
    pub fn list_with(&mut self, f: fn(&mut Cx, List) -> Result<Page<T>>, text: &'static str) -> &mut Op
    where
        T: Record,
    {
        let mut op = self.base.on_all(Kind::List, text);
        self.table.keeps(&T::name(), NounRows::of::<T>());
        op.listing = Some(Listing::of::<T>());
        op.entity = Some(T::name().into());
        op.output = Some(Shape::of::<Page<T>>());
        op.gather = Some(Arc::new(move |cx, _, list| f(cx, list).map(drop)));
        self.add(op, move |cx, op, i| {
            let list = List::parse(cx, op, i)?;
            let page = f(cx, list.clone())?;
            list.answer(cx, op, page, T::allowed_actions)
        })
    }
    pub fn create<B: Body>(&mut self, f: fn(&mut Cx, B) -> Result<T>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_all(Kind::Create, text);
        op.body = Some(Shape::of::<B>());
        self.resource(op, move |cx, op, i| {
            let made = f(cx, body::typed(&i.body)?)?;
            Answer::entity(cx, op, &made)
        })
    }
    /// Many at once, at `…/bulk`, with the function and the codes of `create`.
    pub fn bulk<B: Body>(&mut self, f: fn(&mut Cx, B) -> Result<T>) -> &mut Op {
        let text = "Create many at once. At most 500 items; `atomic` keeps all or none, `partial` keeps those that succeed and answers an error for each of the others.";
        let codes = self.table.get(&format!("create_{}", self.base.one)).map(|op| op.declared().to_vec()).unwrap_or_default();
        let mut op = blank(
            Kind::Command,
            format!("bulk_create_{}", self.base.many),
            format!("{}/bulk", self.base.path),
            self.base.tag.clone(),
            format!("{}.create", self.base.stem),
            text,
        );
        op.body = Some(Shape::of::<bulk::Bulk<B>>());
        op.item = Some(Shape::of::<B>());
        op.output = Some(Shape::of::<bulk::BulkResult>());
        let op = self.add(op, move |cx, _, i| Answer::of(&bulk::run(cx, f, &i.body)?));
        op.max_body(16 << 20).fails(&codes)
    }
    /// One, straight from the table of the noun.
    pub fn read(&mut self, text: &'static str) -> &mut Op
    where
        T: Record,
    {
        self.table.expands_everywhere::<T>();
        self.read_with(|cx, id| cx.find::<T>(id), text)
    }
    /// One, with a function of its own.
    pub fn read_with(&mut self, f: fn(&mut Cx, T::Id) -> Result<T>, text: &'static str) -> &mut Op {
        let op = self.base.on_one::<T>(Kind::Read, "read", text);
        self.resource(op, move |cx, op, i| {
            let found = f(cx, i.id(0)?)?;
            Answer::shaped(cx, op, i, &found)
        })
    }
    pub fn update<B: Body + PatchBody>(&mut self, f: fn(&mut Cx, T::Id, B) -> Result<T>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_one::<T>(Kind::Update, "update", text);
        op.body = Some(Shape::of::<B>());
        op.clearable = Some(B::CLEARABLE);
        self.resource(op, move |cx, op, i| {
            let changed = f(cx, i.id(0)?, body::typed(&i.body)?)?;
            Answer::entity(cx, op, &changed)
        })
    }
    pub fn delete(&mut self, f: fn(&mut Cx, T::Id) -> Result<()>, text: &'static str) -> &mut Op {
        let op = self.base.on_one::<T>(Kind::Delete, "delete", text);
        self.add(op, move |cx, _, i| f(cx, i.id(0)?).map(|()| Answer::nothing()))
    }
    /// `POST …/{id}/verb` without a body.
    pub fn action(&mut self, verb: &str, f: fn(&mut Cx, T::Id) -> Result<T>, text: &'static str) -> &mut Op {
        let op = self.base.on_one::<T>(Kind::Action, verb, text);
        self.resource(op, move |cx, op, i| {
            let changed = f(cx, i.id(0)?)?;
            Answer::entity(cx, op, &changed)
        })
    }
    /// `POST …/{id}/verb` with a body.
    pub fn action_with<B: Body>(&mut self, verb: &str, f: fn(&mut Cx, T::Id, B) -> Result<T>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_one::<T>(Kind::Action, verb, text);
        op.body = Some(Shape::of::<B>());
        self.resource(op, move |cx, op, i| {
            let changed = f(cx, i.id(0)?, body::typed(&i.body)?)?;
            Answer::entity(cx, op, &changed)
        })
    }
    /// `POST …/{id}/verb` with a body and an answer of another type.
    pub fn command_on<B: Body, R: Reply>(&mut self, verb: &str, f: fn(&mut Cx, T::Id, B) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_one::<T>(Kind::Action, verb, text);
        op.body = Some(Shape::of::<B>());
        op.output = Some(Shape::of::<R>());
        self.add(op, move |cx, _, i| Answer::of(&f(cx, i.id(0)?, body::typed(&i.body)?)?))
    }
    /// `GET …/{id}/name`: something computed about one.
    pub fn view<F: Filter, R: Reply>(&mut self, name: &str, f: fn(&mut Cx, T::Id, F) -> Result<R>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_one::<T>(Kind::Report, name, text);
        op.query = query_of::<F>;
        op.output = Some(Shape::of::<R>());
        self.add(op, move |cx, _, i| Answer::of(&f(cx, i.id(0)?, typed_query(&i.query)?)?))
    }
    /// `GET …/{id}/name`: a page of rows about one.
    pub fn page_of<R: Reply + Record>(
        &mut self,
        name: &str,
        f: fn(&mut Cx, T::Id, List) -> Result<Page<R>>,
        text: &'static str,
    ) -> &mut Op {
        let mut op = self.base.on_one::<T>(Kind::List, name, text);
        op.listing = Some(Listing::of::<R>());
        op.output = Some(Shape::of::<Page<R>>());
        op.gather = Some(Arc::new(move |cx, i, list| f(cx, i.id(0)?, list).map(drop)));
        self.add(op, move |cx, op, i| {
            let list = List::parse(cx, op, i)?;
            let page = f(cx, i.id(0)?, list.clone())?;
            list.answer(cx, op, page, |_| vec![])
        })
    }
    /// A file in, as the part `file` of a multipart form; what is said of it is in the query.
    pub fn upload<F: Filter>(&mut self, f: fn(&mut Cx, F, Upload) -> Result<T>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_all(Kind::Upload, text);
        op.query = query_of::<F>;
        self.resource(op, move |cx, op, i| {
            let missing = || problems::invalid_body.at(vec![domain::FieldError::body("/file", "required", "The form has no part `file`.")]);
            let made = f(cx, typed_query(&i.query)?, i.upload.clone().ok_or_else(missing)?)?;
            Answer::entity(cx, op, &made)
        })
    }
    /// `GET …/{id}/name`: bytes out.
    pub fn content(&mut self, name: &str, f: fn(&mut Cx, T::Id) -> Result<Binary>, text: &'static str) -> &mut Op {
        let op = self.base.on_one::<T>(Kind::Download, name, text);
        self.add(op, move |cx, _, i| Ok(Answer { output: Output::Binary(f(cx, i.id(0)?)?), ..Answer::nothing() }))
    }
    /// The parts of this noun, at `…/{id}/plural`.
    pub fn part<P: Entity>(&mut self, plural: &str) -> Part<'_, T, P> {
        let parent = variable::<T>();
        let base = Base {
            path: format!("{}/{{{}}}/{plural}", self.base.path, parent.0),
            many: format!("{}_{}", self.base.one, plural.replace('-', "_")),
            one: snake(&P::name()),
            parents: vec![parent],
            ..self.base.clone()
        };
        Part { table: self.table, base, _of: Default::default() }
    }
}

/// The operations on the parts of a noun, as the lines of an order. Parts share the version of their noun: writing one
/// needs the noun's `update` permission and the noun's If-Match.
pub struct Part<'t, P, T> {
    table: &'t mut Table,
    base: Base,
    _of: std::marker::PhantomData<(P, T)>,
}

impl<'t, P: Entity, T: Entity> Part<'t, P, T> {
    fn add(&mut self, mut op: Op, resource: bool, run: impl Fn(&mut Cx, &Op, &Input) -> Result<Answer> + Send + Sync + 'static) -> &mut Op {
        op.run = Box::new(run);
        op.permission = format!("{}.{}", self.base.stem, if op.kind.reads() { "read" } else { "update" });
        if resource {
            op.entity = Some(T::name().into());
            op.output = Some(Shape::of::<T>());
        }
        self.table.add(op)
    }
    pub fn list_with(&mut self, f: fn(&mut Cx, P::Id, List) -> Result<Page<T>>, text: &'static str) -> &mut Op
    where
        T: Record,
    {
        let mut op = self.base.on_all(Kind::List, text);
        op.listing = Some(Listing::of::<T>());
        op.output = Some(Shape::of::<Page<T>>());
        op.gather = Some(Arc::new(move |cx, i, list| f(cx, i.id(0)?, list).map(drop)));
        self.add(op, false, move |cx, op, i| {
            let list = List::parse(cx, op, i)?;
            let page = f(cx, i.id(0)?, list.clone())?;
            list.answer(cx, op, page, T::allowed_actions)
        })
    }
    pub fn create<B: Body>(&mut self, f: fn(&mut Cx, P::Id, B) -> Result<T>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_all(Kind::Create, text);
        op.body = Some(Shape::of::<B>());
        self.add(op, true, move |cx, op, i| {
            let made = f(cx, i.id(0)?, body::typed(&i.body)?)?;
            Answer::entity(cx, op, &made)
        })
    }
    pub fn read_with(&mut self, f: fn(&mut Cx, P::Id, T::Id) -> Result<T>, text: &'static str) -> &mut Op {
        let op = self.base.on_one::<T>(Kind::Read, "read", text);
        self.add(op, true, move |cx, op, i| {
            let found = f(cx, i.id(0)?, i.id(1)?)?;
            Answer::shaped(cx, op, i, &found)
        })
    }
    pub fn update<B: Body + PatchBody>(&mut self, f: fn(&mut Cx, P::Id, T::Id, B) -> Result<T>, text: &'static str) -> &mut Op {
        let mut op = self.base.on_one::<T>(Kind::Update, "update", text);
        op.body = Some(Shape::of::<B>());
        op.clearable = Some(B::CLEARABLE);
        self.add(op, true, move |cx, op, i| {
            let changed = f(cx, i.id(0)?, i.id(1)?, body::typed(&i.body)?)?;
            Answer::entity(cx, op, &changed)
        })
    }
    pub fn delete(&mut self, f: fn(&mut Cx, P::Id, T::Id) -> Result<()>, text: &'static str) -> &mut Op {
        let op = self.base.on_one::<T>(Kind::Delete, "delete", text);
        self.add(op, false, move |cx, _, i| f(cx, i.id(0)?, i.id(1)?).map(|()| Answer::nothing()))
    }
}
