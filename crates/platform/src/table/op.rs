//! What an operation is.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use domain::kernel::{Code, Problem, problems};
use domain::platform::followers::NOT_REACHED;
use domain::{Entity, Result};
use serde_json::Value;
use utoipa::openapi::path::Parameter;

use super::answer::Answer;
use super::expand::Expansion;
use super::figures::Figures;
use super::filter::TextFilter;
use super::html_page::HtmlPage;
use super::input::{Input, Pairs, Prepared};
use super::kind::Kind;
use super::list::List;
use super::listing::{Flag, IdFilter, Listing};
use super::origin::Origin;
use super::outline::Outline;
use super::params::WAIT_FOR;
use super::shape::Shape;
use super::verbs::Verbs;
use super::{params, schema};
use crate::cx::Cx;

pub(crate) type Run = Box<dyn Fn(&mut Cx, &Op, &Input) -> Result<Answer> + Send + Sync>;
pub(crate) type RunOutside = Box<dyn Fn(&Origin, &Input) -> Result<Answer> + Send + Sync>;
/// Lets a list's own function put its conditions on the rows, without reading a page.
pub(crate) type Gather = Arc<dyn Fn(&mut Cx, &Input, List) -> Result<()> + Send + Sync>;
/// Where things with masked fields stand in an answer: the path to them, and their schema.
pub(crate) type Places = Vec<(Vec<String>, String)>;
pub(crate) type Before = Box<dyn Fn(&Origin, &Input) -> Result<Prepared> + Send + Sync>;

/// Which records the figures of an operation count, when it answers figures over many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Those that the caller may see: its function takes [`Cx::counted_rows_as`] into its queries.
    Visible,
    /// All of a company, or all about what the path names. Only a caller whose permission for the operation, and for reading each of these
    /// nouns, reaches them all is let in.
    All(&'static [&'static str]),
}

/// One operation of the API.
pub struct Op {
    pub id: String,
    pub kind: Kind,
    /// `/v1/sales/orders/{sales_order_id}/confirm`
    pub path: String,
    pub tag: String,
    pub permission: String,
    /// Needs no credentials.
    pub public: bool,
    pub text: &'static str,
    /// All codes it may answer: those of its kind first, then its own.
    pub codes: Vec<Code>,
    pub own_codes: usize,
    pub listing: Option<Listing>,
    pub expansions: Vec<Expansion>,
    pub path_params: Vec<(String, Shape)>,
    pub query: fn() -> Vec<Parameter>,
    pub body: Option<Shape>,
    /// For an update: the fields that `null` may clear.
    pub clearable: Option<&'static [&'static str]>,
    /// For a bulk body: the shape of one item.
    pub item: Option<Shape>,
    pub output: Option<Shape>,
    /// The schema name of the resource in the output (itself, or in the rows of the page).
    pub entity: Option<String>,
    /// The media type of a file that the program makes itself; none for one that somebody uploaded.
    pub makes: Option<&'static str>,
    /// A link in a mail: it draws from the bucket of the address, and a form that comes with it is not read.
    pub link: bool,
    /// The answer leads elsewhere.
    pub redirects: bool,
    /// What a browser is shown.
    pub page: Option<HtmlPage>,
    /// A POST that writes nothing: no idempotency key, no dry run, a snapshot instead of a transaction.
    pub read_only: bool,
    /// The largest body in bytes.
    pub max_body: usize,
    pub(crate) actions_of: Option<Arc<Verbs>>,
    pub(crate) known: Vec<String>,
    pub(crate) needed: Vec<String>,
    /// The parameters that are days or instants; found when the table is closed.
    pub(crate) times: Vec<(String, params::Time)>,
    pub(crate) validator: OnceLock<schema::Judge>,
    pub(crate) bare: OnceLock<bool>,
    /// How many items the arrays of the body may have.
    pub(super) outline: OnceLock<Arc<Outline>>,
    /// Where things with masked fields stand in the answer, but for the resource itself.
    pub(crate) places: OnceLock<Places>,
    /// For a list: its conditions alone.
    pub(crate) gather: Option<Gather>,
    pub(crate) run: Run,
    pub(crate) outside: Option<RunOutside>,
    /// Needs no permission, and is not about the own account alone: not for who has yet to change the password.
    pub(crate) for_users: bool,
    /// The paths that `fields` may name, once they were asked for.
    pub(crate) paths: OnceLock<BTreeSet<String>>,
    /// Slow work that must be done before the transaction begins.
    pub(crate) before: Option<Before>,
    /// The fields of the answer that are shown once and not kept for a repetition.
    pub(crate) shown_once: &'static [&'static str],
    /// The follower that keeps what is read.
    pub rests_on: Option<&'static str>,
    /// Which records its figures count.
    pub counts: Option<Counts>,
}

impl Op {
    /// Codes beyond those of the kind.
    pub fn fails(&mut self, codes: &[Code]) -> &mut Self {
        for c in codes {
            if !self.codes.contains(c) {
                self.codes.push(*c);
            }
        }
        self
    }
    /// Another permission than the one that follows from noun and verb.
    pub fn permission(&mut self, permission: impl Into<String>) -> &mut Self {
        self.permission = permission.into();
        self
    }
    /// Needs no credentials.
    pub fn public(&mut self) -> &mut Self {
        self.public = true;
        self.codes.retain(|c| *c != problems::unauthenticated && *c != problems::missing_scope);
        self.own_codes = self.own_codes.min(self.codes.len());
        self
    }
    /// Needs credentials and no permission: what everybody may do with the own account.
    pub fn for_everybody(&mut self) -> &mut Self {
        self.permission = String::new();
        self
    }
    /// Needs credentials and no permission: what every user may know.
    pub fn for_users(&mut self) -> &mut Self {
        self.for_users = true;
        self.for_everybody()
    }
    /// Slow work (hashing) that is done before the transaction begins, once permission and body are judged; the
    /// operation gets at it with `cx.prepared::<P>()`.
    pub fn before<P: Any + Send + Sync>(&mut self, f: fn(&Origin, &Value) -> Result<P>) -> &mut Self {
        self.before = Some(Box::new(move |origin, input| Ok(Arc::new(f(origin, &input.body)?))));
        self
    }
    /// As [`Op::before`], of what the path names and of what the operation reads of the database outside of its transaction.
    pub fn before_at<P: Any + Send + Sync>(&mut self, f: fn(&Origin, &Input) -> Result<P>) -> &mut Self {
        self.before = Some(Box::new(move |origin, input| Ok(Arc::new(f(origin, input)?))));
        self
    }
    /// These fields of the answer are secrets: they are shown once, and a repetition with the same key has null instead.
    pub fn shown_once(&mut self, fields: &'static [&'static str]) -> &mut Self {
        self.shown_once = fields;
        self
    }
    /// What it reads is kept by this follower: with `wait_for` a caller waits until the follower has reached an event. Declare
    /// it after the filters.
    pub fn rests_on(&mut self, follower: &'static str) -> &mut Self {
        self.rests_on = Some(follower);
        self.known.push(WAIT_FOR.into());
        self.fails(&[NOT_REACHED])
    }
    /// Its figures count the records that the caller may see.
    pub fn counts_visible(&mut self) -> &mut Self {
        self.counts = Some(Counts::Visible);
        self
    }
    /// Its figures count all records, among them those of these nouns (`crm.opportunities`): for callers whose permissions reach all.
    pub fn counts_all(&mut self, nouns: &'static [&'static str]) -> &mut Self {
        self.counts = Some(Counts::All(nouns));
        self.fails(&[problems::beyond_reach])
    }
    /// A POST that writes nothing.
    pub fn read_only(&mut self) -> &mut Self {
        self.read_only = true;
        self.known.retain(|k| k != "dry_run");
        self
    }
    /// The file is made by the program, or judged by it, and has this media type or one of this family (`image/*`).
    pub fn makes(&mut self, media_type: &'static str) -> &mut Self {
        self.makes = Some(media_type);
        self
    }
    /// A link in a mail (see [`Op::link`]), for whoever holds it.
    pub fn linked(&mut self) -> &mut Self {
        self.link = true;
        self.public()
    }
    /// The answer leads elsewhere: [`Answer::redirect`].
    pub fn redirecting(&mut self) -> &mut Self {
        self.redirects = true;
        self
    }
    /// What a browser is shown, who asks for HTML.
    pub fn page(&mut self, page: HtmlPage) -> &mut Self {
        self.page = Some(page);
        self
    }
    /// The largest body in bytes, when it is not 1 MiB.
    pub fn max_body(&mut self, bytes: usize) -> &mut Self {
        self.max_body = bytes;
        self
    }
    /// Equality and, for ordered kinds, `_gte`, `_gt`, `_lte`, `_lt` on these columns.
    pub fn filter(&mut self, columns: &[&'static str]) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.filter(&self.id, columns);
            self.known = l.parameters().into_iter().map(|p| p.name).collect();
        }
        self
    }
    /// As [`Op::filter`], on a column that callers know by another name: `occurred_at` for `at`.
    pub fn filter_as(&mut self, name: &str, column: &'static str) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.filter_as(&self.id, name, column);
            self.known = l.parameters().into_iter().map(|p| p.name).collect();
        }
        self
    }
    /// A filter on words with dots in them: several separated by commas, and `invoice.*` for all that begin so.
    pub fn filter_patterns(&mut self, column: &'static str) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.filter_patterns(&self.id, column);
            self.known = l.parameters().into_iter().map(|p| p.name).collect();
        }
        self
    }
    /// The list is followed along a column: pages come in its order, and `name` says after which value to go on.
    pub fn follow(&mut self, name: &str, column: &'static str) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.follow(&self.id, name, column);
            self.known = l.parameters().into_iter().map(|p| p.name).collect();
        }
        self
    }
    /// Another operation id than the one that follows from the path.
    pub fn named(&mut self, id: &str) -> &mut Self {
        self.id = id.into();
        self
    }
    /// A filter that is true or false and no column; `condition` gets the time and what is wanted.
    pub fn flag(
        &mut self,
        name: &'static str,
        text: &'static str,
        condition: fn(chrono::DateTime<chrono::Utc>, bool) -> persistence::Condition,
    ) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.filters.retain(|f| f.name != name);
            l.flags.push(Flag { name, text, condition });
            self.known.retain(|known| known != name);
            self.known.push(name.into());
        }
        self
    }
    /// A filter that is an id of a noun and no column; `condition` gets the id.
    pub fn filter_by<I: domain::kernel::Id>(
        &mut self,
        name: &'static str,
        text: &'static str,
        condition: fn(uuid::Uuid) -> persistence::Condition,
    ) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.ids.push(IdFilter { name, text, prefix: I::PREFIX, condition });
            self.known.push(name.into());
        }
        self
    }
    /// A filter that is a text and no column; `condition` gets what is asked for, of 1 to 300 characters.
    pub fn filter_text(&mut self, name: &'static str, text: &'static str, condition: fn(&str) -> persistence::Condition) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.named.push(TextFilter { name, text, condition });
            self.known.push(name.into());
        }
        self
    }
    /// A day that the list's own function is asked for; it finds it in [`List::days`].
    pub fn day(&mut self, name: &'static str, text: &'static str) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.days.push((name, text));
            self.known.push(name.into());
        }
        self
    }
    /// `q` looks into these columns.
    pub fn search(&mut self, columns: &'static [&'static str]) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.search = columns;
            self.known.push("q".into());
        }
        self
    }
    /// The columns that `sort` may name; `created_at` is always one where it exists.
    pub fn sort(&mut self, columns: &[&'static str]) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.sort(&self.id, columns);
            if !self.known.iter().any(|k| k == "sort") {
                self.known.push("sort".into());
            }
        }
        self
    }
    /// As [`Op::sort`], by a column that callers know by another name.
    pub fn sort_as(&mut self, name: &'static str, column: &'static str) -> &mut Self {
        if let Some(l) = &mut self.listing {
            l.sort_as(&self.id, name, column);
        }
        self.sort(&[])
    }
    /// Figures over the rows, at `…/aggregate`: with the filters of the list, and over the rows that the caller may see in it.
    pub fn figures(&mut self, figures: Figures) -> &mut Self {
        if let Some(l) = &mut self.listing {
            figures.check(&self.id, &|name| l.find_column(name));
            l.figures = Some(figures);
        }
        self
    }
    /// `expand=name` puts the record that `source` names beside it: `("customer", "customer_id")`, `("lines.product", "lines.product_id")`.
    pub fn expand<T: Entity + persistence::Record>(&mut self, name: &'static str, source: &'static str) -> &mut Self {
        self.embed(Expansion::of::<T>(name, source));
        self
    }
    /// Adds an expansion, unless there is one of this name.
    pub(crate) fn embed(&mut self, expansion: Expansion) {
        if self.expansions.iter().all(|e| e.name != expansion.name) {
            self.expansions.push(expansion);
        }
        if !self.known.iter().any(|k| k == "expand") {
            self.known.push("expand".into());
        }
    }
    /// The first sentence of the text.
    pub fn summary(&self) -> &str {
        let line = self.text.split('\n').next().unwrap_or_default();
        line.split_once(". ").map_or(line, |(s, _)| s).trim_end_matches('.')
    }
    /// Whether the body may be left out: a POST whose body has nothing but optional fields.
    pub fn takes_no_body(&self) -> bool {
        self.kind.is_post() && self.judge(&Value::Object(Default::default())).is_ok()
    }
    /// The schemas of the body. In an update, a field that must keep a value takes no null.
    pub fn body_components(&self) -> BTreeMap<String, Value> {
        self.body.as_ref().map(|shape| schema::body_components(shape, self.clearable)).unwrap_or_default()
    }
    /// Holds a body to the schema.
    pub(crate) fn judge(&self, body: &Value) -> Result<(), Problem> {
        let made = || schema::Judge::of(self.body, self.item, self.clearable);
        self.validator.get_or_init(made).judge(body)
    }
    /// Whether it opens its own transactions, without idempotency key and dry run.
    pub fn is_outside(&self) -> bool {
        self.outside.is_some()
    }
    /// Whether it writes, and so has a transaction, an idempotency key and a dry run.
    pub fn writes(&self) -> bool {
        !self.kind.reads() && !self.read_only
    }
    /// Its own codes, without those of its kind.
    pub fn declared(&self) -> &[Code] {
        &self.codes[self.own_codes..]
    }
    /// What may be in a body of this operation, as far as it bounds the reading of one.
    pub fn outline(&self) -> Arc<Outline> {
        let made = || Outline::of(self.body_components(), self.body.map(|shape| (shape.name)()).as_deref());
        self.outline.get_or_init(|| Arc::new(made())).clone()
    }
    /// Refuses parameters that the operation does not know, all of them at once, and times that are none.
    pub(crate) fn check_query(&self, query: &Pairs) -> Result<()> {
        params::known(&self.known, query)?;
        params::complete(&self.needed, query)?;
        params::in_form(&self.times, query)
    }
}
