//! Lists: filters, search, order, pages. Declared by naming columns; typed, documented and bound to SQL from the
//! columns' kinds, so that none of the three can drift from the others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use domain::Result;
use domain::kernel::{FieldError, decode, problems};
use persistence::record::Texts;
use persistence::{Column, Compare, Condition, Kind as Of, Order, Query, Record, Scalar, Value as Bound, is_ordered};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type};

use super::answer::{self, Actions, Answer, resource, shape, write_resource};
use super::cursor::{read, sign, write};
use super::expand;
use super::fields;
use super::figures::{self, Figures};
use super::filter::{FilterParameter, OUT_OF_USE, OutOfUse, TextFilter, invalid};
use super::form::{self, Days};
use super::op::{Input, Op, Shape};
use super::page::Page;
use super::survivors;
use crate::cx::Cx;
use crate::search;
use crate::visibility::Masking;

/// How every cursor begins, so that one that was tampered with can be told from one that never was.
const CURSOR_MARK: &[u8] = b"tndm";
/// What the document says of `fields`.
pub const FIELDS_TEXT: &str = "Return only these fields, separated by commas; in lists, of each row. A dot leads into an object, a list, or a \
related record, which is embedded then: `number,customer.name`. All other fields are left out, including required ones.";
/// Names of fields, separated by commas; a dot leads into an object or an expanded record.
pub const FIELDS_PATTERN: &str = "^[a-z0-9_.,]+$";
const CURSOR_PATTERN: &str = "^[A-Za-z0-9_-]{40,2000}$";

fn well_formed_cursor(cursor: &str) -> bool {
    (40..=2000).contains(&cursor.len()) && cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What a list may be asked for.
#[derive(Clone)]
pub struct Listing {
    pub row: Shape,
    texts: &'static Texts,
    pub filters: Vec<FilterParameter>,
    pub flags: Vec<Flag>,
    pub ids: Vec<IdFilter>,
    pub named: Vec<TextFilter>,
    pub out_of_use: Vec<OutOfUse>,
    /// Days that the list's own function is asked for, and what they mean.
    pub days: Vec<(&'static str, &'static str)>,
    pub search: &'static [&'static str],
    pub sort: Vec<&'static str>,
    /// Orders that callers know by another name than their column.
    sort_columns: Vec<(&'static str, &'static str)>,
    /// The column that pages are in when no order is asked; by default the id.
    first_by: Option<&'static str>,
    /// What the rows may be grouped by and what of them is summed.
    pub figures: Option<Figures>,
    /// The rows are asked for figures, and not for pages.
    pub(crate) aggregated: bool,
}

/// A filter that is true or false and no column: a condition that depends on the time or on other tables.
#[derive(Clone)]
pub struct Flag {
    pub name: &'static str,
    pub text: &'static str,
    pub condition: fn(DateTime<Utc>, bool) -> Condition,
}

/// A filter that is an id and no column: a condition on other tables.
#[derive(Clone)]
pub struct IdFilter {
    pub name: &'static str,
    pub text: &'static str,
    pub prefix: &'static str,
    pub condition: fn(uuid::Uuid) -> Condition,
}

impl Listing {
    pub(crate) fn of<T: Record + ToSchema>() -> Self {
        let texts: &'static Texts = T::texts();
        let sort = ["created_at", "updated_at"].into_iter().filter_map(|c| texts.column(c)).map(|c| c.name).collect();
        let mut listing = Listing {
            row: Shape::of::<T>(),
            texts,
            filters: vec![],
            flags: vec![],
            ids: vec![],
            named: vec![],
            out_of_use: OUT_OF_USE.into_iter().filter(|o| texts.column(o.column).is_some()).collect(),
            days: vec![],
            search: &[],
            sort,
            sort_columns: vec![],
            first_by: None,
            figures: None,
            aggregated: false,
        };
        for column in ["created_at", "updated_at"] {
            if texts.column(column).is_some() {
                listing.filter("", &[column]);
            }
        }
        if texts.column("company_id").is_some() {
            listing.filter("", &["company_id"]);
        }
        listing
    }
    /// The names of the columns that are read, in their order.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.texts.columns[..self.texts.read].iter().map(|c| c.name)
    }
    /// Columns with few different values: states, flags and the company.
    pub(crate) fn broad_columns(&self) -> Vec<&'static str> {
        let broad = |c: &&Column| c.name == "company_id" || matches!(c.kind, Of::StringEnum | Of::Bool);
        self.texts.columns.iter().filter(broad).map(|c| c.name).collect()
    }
    /// Whether the rows have this column.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.texts.column(name).is_some()
    }
    pub(super) fn column(&self, op: &str, name: &str) -> &'static Column {
        self.texts.column(name).unwrap_or_else(|| panic!("{op}: there is no column {name}"))
    }
    pub(crate) fn filter(&mut self, op: &str, columns: &[&'static str]) {
        for name in columns {
            self.filter_as(op, name, name);
        }
    }
    /// Filters on a column that callers know by another name.
    pub(crate) fn filter_as(&mut self, op: &str, name: &str, column: &str) {
        let column = self.column(op, column);
        let mut add = |suffix: &str, compare| {
            let full = format!("{name}{suffix}");
            if !self.filters.iter().any(|f| f.name == full) {
                self.filters.push(FilterParameter { name: full, base: name.into(), column, compare, patterns: false, presence: false });
            }
        };
        if column.kind != Of::Instant {
            add("", None);
        }
        if is_ordered(column.kind) {
            add("_gte", Some(Compare::GreaterOrEqual));
            add("_gt", Some(Compare::Greater));
            add("_lte", Some(Compare::LessOrEqual));
            add("_lt", Some(Compare::Less));
        }
        let is_state = OUT_OF_USE.iter().any(|o| o.column == column.name);
        if column.nullable && !is_state && !matches!(column.kind, Of::Json | Of::Bytes) {
            let full = format!("has_{}", name.strip_suffix("_id").unwrap_or(name));
            if !self.filters.iter().any(|f| f.name == full) && !self.flags.iter().any(|f| f.name == full) {
                self.filters.push(FilterParameter {
                    name: full,
                    base: name.into(),
                    column,
                    compare: None,
                    patterns: false,
                    presence: true,
                });
            }
        }
    }
    /// A filter on words with dots in them: several of them, and `invoice.*` for all that begin so.
    pub(crate) fn filter_patterns(&mut self, op: &str, name: &str) {
        let column = self.column(op, name);
        self.filters.push(FilterParameter { name: name.into(), base: name.into(), column, compare: None, patterns: true, presence: false });
    }
    /// One comparison under a name of its own, and pages in the order of that column: `after` for `seq`.
    pub(crate) fn follow(&mut self, op: &str, name: &str, column: &str) {
        let column = self.column(op, column);
        let (compare, base) = (Some(Compare::Greater), column.name.to_string());
        self.filters.push(FilterParameter { name: name.to_string(), base, column, compare, patterns: false, presence: false });
        self.first_by = Some(column.name);
    }
    pub(crate) fn sort(&mut self, op: &str, columns: &[&'static str]) {
        for name in columns {
            let column = self.column(op, name);
            if !self.sort.contains(&column.name) {
                self.sort.push(column.name);
            }
        }
    }
    pub(crate) fn sort_as(&mut self, op: &str, name: &'static str, column: &str) {
        let column = self.column(op, column).name;
        self.sort.push(name);
        self.sort_columns.push((name, column));
    }
    /// The column behind the name of an order.
    fn sorted_by(&self, name: &str) -> Option<&'static Column> {
        let known = self.sort.iter().find(|s| **s == name)?;
        let column = self.sort_columns.iter().find(|(n, _)| n == known).map_or(*known, |(_, column)| *column);
        self.texts.column(column)
    }
    /// The parameters as the document shows them, but for `fields` and `expand`, which depend on the whole table.
    pub fn parameters(&self) -> Vec<Parameter> {
        let of = |name: &str, about: String, schema: RefOr<Schema>| {
            ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(about)).schema(Some(schema)).build()
        };
        let text = |name: &str, about: String, schema: ObjectBuilder| of(name, about, schema.into());
        let string = || ObjectBuilder::new().schema_type(Type::String);
        let paging = || {
            vec![
                text(
                    "limit",
                    "The largest number of rows. A page is shorter when its rows are very large; `has_more` says whether rows follow."
                        .into(),
                    ObjectBuilder::new()
                        .schema_type(Type::Integer)
                        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
                        .minimum(Some(1))
                        .maximum(Some(200))
                        .default(Some(json!(50))),
                ),
                text(
                    "cursor",
                    "`next_cursor` of the previous page, with the same filters and order.".into(),
                    string().min_length(Some(40)).max_length(Some(2000)).pattern(Some(CURSOR_PATTERN)),
                ),
                text(
                    "include_total",
                    "Whether `total_count` is filled with the number of all matching rows. Slow on large tables.".into(),
                    ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false))),
                ),
                text("fields", FIELDS_TEXT.into(), string().min_length(Some(1)).max_length(Some(1000)).pattern(Some(FIELDS_PATTERN))),
            ]
        };
        let mut out = match &self.figures {
            Some(figures) if self.aggregated => figures.parameters(),
            _ => paging(),
        };
        if !self.sort.is_empty() && !self.aggregated {
            let one = format!("-?({})", self.sort.join("|"));
            let about = "Sort order: up to four fields, separated by commas; `-` before a name sorts descending.".into();
            out.push(text("sort", about, string().max_length(Some(200)).pattern(Some(format!("^{one}(,{one}){{0,3}}$")))));
        }
        if !self.search.is_empty() {
            out.push(text(
                "q",
                "Rows that have all these words: each begins a word of the row, or is a part of one. Case and accents do not matter."
                    .into(),
                string().min_length(Some(1)).max_length(Some(100)),
            ));
        }
        out.extend(self.filters.iter().map(|f| of(&f.name, f.about(), f.schema())));
        let flag = || ObjectBuilder::new().schema_type(Type::Boolean);
        out.extend(self.flags.iter().map(|f| text(f.name, f.text.into(), flag())));
        let id = |prefix: &str| string().max_length(Some(40)).pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")));
        out.extend(self.ids.iter().map(|f| text(f.name, f.text.into(), id(f.prefix))));
        let named = || string().min_length(Some(1)).max_length(Some(300));
        out.extend(self.named.iter().map(|f| text(f.name, f.text.into(), named())));
        let day = || Ref::from_schema_name(form::FILTER_DAY).into();
        out.extend(self.days.iter().map(|(name, about)| of(name, about.to_string(), day())));
        let state = || string().enum_values(Some(["false", "true", "any"])).default(Some(json!("false")));
        out.extend(self.out_of_use.iter().map(|o| text(o.name, o.about(), state())));
        out
    }
}

/// What a list was asked with, ready for the database.
#[derive(Debug, Clone)]
pub struct List {
    pub query: Query,
    pub expand: Vec<String>,
    pub fields: Option<Vec<String>>,
    pub include_total: bool,
    /// The days asked for, by the names declared with [`super::Op::day`].
    pub days: std::collections::BTreeMap<String, NaiveDate>,
    /// Binds a cursor to the operation, its filters and its order.
    digest: Vec<u8>,
    /// No page is wanted, but the conditions of its rows: [`Cx::page`] hands them over.
    pub(crate) gathers: bool,
}

impl List {
    pub(crate) fn parse(cx: &mut Cx, op: &Op, input: &Input) -> Result<Self> {
        let Some(listing) = &op.listing else { return Err(problems::internal.into()) };
        let mut list = List {
            query: Query { limit: 50, ..Query::default() },
            expand: vec![],
            fields: None,
            include_total: false,
            days: Default::default(),
            digest: vec![],
            gathers: false,
        };
        // who may not see a field learns nothing of it by asking for rows that have it
        let masking = Masking::of(&cx.app().table, &cx.caller, &(listing.row.name)());
        let days = Days::asked(cx, &input.query)?;
        let mut cursor = None;
        let mut sort = "";
        let mut digest = Sha256::new();
        // the order in which the parameters stand means nothing
        let mut asked = Vec::new();
        digest.update(&op.id);
        for v in &input.path {
            digest.update(v);
        }
        for (name, value) in &input.query {
            match name.as_str() {
                "limit" => {
                    list.query.limit = form::whole(value)
                        .filter(|n| (1..=200).contains(n))
                        .ok_or_else(|| invalid(name, "A whole number from 1 to 200.".into()))?
                }
                "cursor" => cursor = Some(value),
                "wait_for" => {} // the door's business
                _ if listing.aggregated && figures::PARAMETERS.contains(&name.as_str()) => {}
                "include_total" => list.include_total = value.parse().map_err(|_| invalid(name, "true or false".into()))?,
                "fields" => list.fields = Some(fields::named(cx, op, &listing.row, value)?),
                "expand" => list.expand = expand::names(name, value, &op.expansions.iter().map(|e| e.name).collect::<Vec<_>>())?,
                "sort" if value.is_empty() => return Err(invalid(name, format!("It names none of {}.", listing.sort.join(", ")))),
                "sort" => sort = value,
                "q" => {
                    if !(1..=100).contains(&value.chars().count()) {
                        return Err(invalid(name, "1 to 100 characters.".into()));
                    }
                    list.query.conditions.push(search::rows_with(cx, &(listing.row.name)(), listing.search, value)?);
                }
                _ if listing.flags.iter().any(|f| f.name == *name) => {
                    let wanted = value.parse().map_err(|_| invalid(name, "true or false".into()))?;
                    let flag = listing.flags.iter().filter(|f| f.name == *name);
                    list.query.conditions.extend(flag.map(|f| (f.condition)(cx.now, wanted)));
                }
                _ if listing.ids.iter().any(|f| f.name == *name) => {
                    for f in listing.ids.iter().filter(|f| f.name == *name) {
                        let id = decode(f.prefix, value).ok_or_else(|| invalid(name, format!("An id with the prefix {}_.", f.prefix)))?;
                        list.query.conditions.push(survivors::either(cx, f.prefix, id, f.condition)?);
                    }
                }
                _ if listing.days.iter().any(|d| d.0 == name) => {
                    let day = form::day(value).or_else(|| days.relative(value));
                    let day = day.ok_or_else(|| invalid(name, format!("{value:?} is not a day such as 2026-01-31 or today.")))?;
                    list.days.insert(name.clone(), day);
                }
                _ if listing.named.iter().any(|f| f.name == *name) => {
                    if !(1..=300).contains(&value.chars().count()) {
                        return Err(invalid(name, "1 to 300 characters.".into()));
                    }
                    list.query.conditions.extend(listing.named.iter().filter(|f| f.name == *name).map(|f| (f.condition)(value)));
                }
                _ if listing.out_of_use.iter().any(|o| o.name == *name) => {
                    for o in listing.out_of_use.iter().filter(|o| o.name == *name) {
                        list.query.conditions.extend(o.condition(Some(value))?);
                    }
                }
                _ => {
                    let filter = listing.filters.iter().find(|f| f.name == *name).ok_or(problems::unknown_parameter)?;
                    judge_column(&masking, filter.column.name)?;
                    list.query.conditions.push(survivors::included(cx, filter.column, filter.condition(value, &days)?)?);
                }
            }
            if !matches!(name.as_str(), "limit" | "cursor" | "include_total" | "fields" | "expand" | "wait_for") {
                asked.push(format!("\n{name}={value}"));
            }
        }
        for o in listing.out_of_use.iter().filter(|o| !is_asked(o, listing, input)) {
            list.query.conditions.extend(o.condition(None)?);
        }
        if let Some(named) = &list.fields {
            fields::expand_for(op, named, &mut list.expand);
        }
        asked.sort_unstable();
        asked.iter().for_each(|pair| digest.update(pair));
        list.order(listing, sort)?;
        list.query.order.iter().try_for_each(|o| judge_column(&masking, o.column))?;
        list.digest = digest.finalize()[..8].to_vec();
        if let Some(cursor) = cursor {
            list.query.after = Some(list.open_cursor(cx, listing, cursor)?);
        }
        Ok(list)
    }
    fn order(&mut self, listing: &Listing, sort: &str) -> Result<()> {
        for part in sort.split(',').filter(|_| !sort.is_empty()) {
            let (name, descending) = part.strip_prefix('-').map_or((part, false), |n| (n, true));
            let column = listing.sorted_by(name);
            let column = column.ok_or_else(|| invalid("sort", format!("{part:?} is none of {}.", listing.sort.join(", "))))?;
            if !self.query.order.iter().any(|o| o.column == column.name) {
                self.query.order.push(Order { column: column.name, descending, nullable: column.nullable });
            }
        }
        if let Some(column) = listing.first_by.filter(|_| self.query.order.is_empty()) {
            self.query.order.push(Order { column, descending: false, nullable: false });
        }
        let descending = self.query.order.last().is_some_and(|o| o.descending);
        self.query.order.push(Order { column: "id", descending, nullable: false });
        Ok(())
    }
    /// The first rows, as when nothing was asked but how many.
    pub fn first(limit: i64) -> Self {
        let order = vec![Order { column: "id", descending: false, nullable: false }];
        List {
            query: Query { limit, order, ..Query::default() },
            expand: vec![],
            fields: None,
            include_total: false,
            days: Default::default(),
            digest: vec![],
            gathers: false,
        }
    }
    /// The same, after the row with this id; for lists in the order of ids.
    pub fn after_id(mut self, id: uuid::Uuid) -> Self {
        self.query.after = Some(vec![Bound::Uid(id)]);
        self
    }
    /// Only rows whose column holds this.
    pub fn only(&mut self, column: &'static str, value: impl Scalar) -> &mut Self {
        self.query.conditions.push(Condition::In(column, vec![value.put()]));
        self
    }
    /// What the caller and the operation ask for so far.
    pub fn conditions(&self) -> &[Condition] {
        &self.query.conditions
    }
    pub fn condition(&mut self, condition: Condition) -> &mut Self {
        self.query.conditions.push(condition);
        self
    }
    /// Newest first, unless the caller asked for another order.
    pub fn newest_first(&mut self) -> &mut Self {
        if let [only] = &mut self.query.order[..] {
            only.descending = true;
        }
        self
    }
    /// Whether what is kept in other tables is wanted: not when `fields` names stored columns alone.
    pub(crate) fn wants_all<T: Record>(&self) -> bool {
        self.fields.as_ref().is_none_or(|f| f.iter().any(|f| T::texts().column(f).is_none()))
    }
    /// The cursor behind this row: the values of the order's columns, signed.
    pub(crate) fn cursor_after<T: Record>(&self, cx: &Cx, row: &T) -> String {
        self.cursor_at(cx, &self.values_at(row))
    }
    /// The values of the order's columns in this row.
    pub(crate) fn values_at<T: Record>(&self, row: &T) -> Vec<Bound> {
        let mut values = Vec::new();
        row.put(&mut values);
        let at = |name: &str| T::texts().columns.iter().position(|c| c.name == name);
        self.query.order.iter().filter_map(|o| at(o.column)).map(|i| values[i].clone()).collect()
    }
    /// The cursor behind a row with these values in the order's columns.
    pub(crate) fn cursor_at(&self, cx: &Cx, values: &[Bound]) -> String {
        let parts: Vec<Value> = values.iter().map(write).collect();
        let mut body = self.digest.clone();
        body.extend(Value::from(parts).to_string().into_bytes());
        let mut signed = CURSOR_MARK.to_vec();
        signed.extend(sign(cx.app().cursor_key(), &body));
        signed.extend(body);
        URL_SAFE_NO_PAD.encode(signed)
    }
    fn open_cursor(&self, cx: &Cx, listing: &Listing, cursor: &str) -> Result<Vec<Bound>> {
        let bad = || invalid("cursor", "Not a cursor of this service.".into());
        if !well_formed_cursor(cursor) {
            return Err(bad());
        }
        // of the right form, but never made here
        let foreign = || problems::invalid_query.at(vec![FieldError::parameter("cursor", "unknown", "There is no such cursor.")]);
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
        let signed = bytes.strip_prefix(CURSOR_MARK).ok_or_else(foreign)?;
        let (signature, body) = signed.split_at_checked(16).ok_or_else(bad)?;
        if subtle::ConstantTimeEq::ct_eq(&*sign(cx.app().cursor_key(), body), signature).unwrap_u8() == 0 {
            return Err(bad());
        }
        let (digest, values) = body.split_at_checked(8).ok_or_else(bad)?;
        if digest != self.digest {
            return Err(problems::cursor_mismatch.at(vec![FieldError::parameter(
                "cursor",
                "cursor_mismatch",
                "The cursor was made with other filters or another order.",
            )]));
        }
        let values: Vec<Value> = serde_json::from_slice(values).map_err(|_| bad())?;
        let read = |(o, v): (&Order, &Value)| listing.texts.column(o.column).and_then(|c| read(c, v));
        self.query.order.iter().zip(&values).map(read).collect::<Option<Vec<_>>>().ok_or_else(bad)
    }
    /// The page as an answer: rows with their actions, expansions, and only the fields asked for.
    pub(crate) fn answer<T: Record + Serialize>(
        self,
        cx: &mut Cx,
        op: &Op,
        mut page: Page<T>,
        verbs: fn(&T) -> Vec<&'static str>,
    ) -> Result<Answer> {
        let row_schema = op.listing.as_ref().map(|l| (l.row.name)().into_owned()).unwrap_or_default();
        let masking = Masking::of(&cx.app().table, &cx.caller, &row_schema);
        let ids: Vec<uuid::Uuid> = page.data.iter().map(Record::key).collect();
        let actions = Actions::of(cx, op, &ids)?;
        let mut text = Vec::with_capacity(256 + page.data.len() * 1024);
        text.extend_from_slice(b"{\"data\":[");
        let plain = self.expand.is_empty() && self.fields.is_none();
        let mut written = 0_usize;
        // what was expanded is put beside some rows at a time, so that what is in memory has a bound, too
        for rows in page.data.chunks(ROWS_AT_ONCE) {
            let mut shaped = Vec::new();
            if !plain {
                let whole = |row: &T| resource(row, actions.on(row.key(), || verbs(row)), &masking);
                shaped = rows.iter().map(whole).collect::<Result<Vec<_>>>()?;
                shape(cx, op, &self.expand, self.fields.as_deref(), &mut shaped)?;
            }
            for (i, row) in rows.iter().enumerate() {
                // at least one row, or the caller would never get on
                if text.len() < PAGE_BYTES {
                    text.extend_from_slice(if written == 0 { b"" } else { b"," });
                    match shaped.get(i) {
                        Some(shaped) => answer::write(&mut text, shaped)?,
                        None => write_resource(&mut text, row, actions.on(row.key(), || verbs(row)), &masking)?,
                    }
                    written += 1;
                }
            }
        }
        if let Some(last) = written.checked_sub(1).filter(|_| written < page.data.len()).and_then(|last| page.data.get(last)) {
            page.has_more = true;
            page.next_cursor = Some(self.cursor_after(cx, last));
        }
        text.extend_from_slice(b"],\"has_more\":");
        answer::write(&mut text, &page.has_more)?;
        text.extend_from_slice(b",\"next_cursor\":");
        answer::write(&mut text, &page.next_cursor)?;
        text.extend_from_slice(b",\"total_count\":");
        answer::write(&mut text, &page.total_count)?;
        text.push(b'}');
        Ok(Answer { next_cursor: page.next_cursor, ..Answer::json(text) })
    }
}

/// A page takes no further row once it has so many bytes.
pub(crate) const PAGE_BYTES: usize = 4 << 20;
/// Rows whose children, or whose expansions, are loaded by one query.
pub(crate) const ROWS_AT_ONCE: usize = 50;

pub(super) fn judge_column(masking: &Masking, column: &str) -> Result<()> {
    match masking.hides(column) {
        true => {
            Err(problems::missing_scope
                .with(format!("You may not see {column}, and so neither filter nor sort by it, nor group or sum it.")))
        }
        false => Ok(()),
    }
}

/// Whether the query says itself whether rows in this state are listed: by the parameter, by a filter on its column, or by their
/// status.
fn is_asked(o: &OutOfUse, listing: &Listing, input: &Input) -> bool {
    let on_column = |name: &str| listing.filters.iter().any(|f| f.name == name && f.column.name == o.column);
    let by_status = |value: &str| value.split(',').any(|word| word == o.name);
    // who was merged away is archived with it: asking for those alone asks for them all
    let merged = |name: &str, value: &str| o.name == "archived" && (name == "merged_into" || (name == "merged" && value == "true"));
    let asks = |name: &str, value: &str| name == o.name || on_column(name) || (name == "status" && by_status(value)) || merged(name, value);
    input.query.iter().any(|(name, value)| asks(name, value))
}
