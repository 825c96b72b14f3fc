//! What a list may be asked for: filters, search, order. Declared by naming columns; typed, documented and bound to SQL from the
//! columns' kinds, so that none of the three can drift from the others.

use chrono::{DateTime, Utc};
use persistence::record::Texts;
use persistence::{Column, Compare, Condition, Kind as Of, Record, is_ordered};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type};

use super::figures::Figures;
use super::filter::{FilterParameter, OUT_OF_USE, OutOfUse, TextFilter};
use super::form::FILTER_DAY;
use super::shape::Shape;

/// What the document says of `fields`.
pub const FIELDS_TEXT: &str = "Return only these fields, separated by commas; in lists, of each row. A dot leads into an object, a list, or a \
related record, which is embedded then: `number,customer.name`. All other fields are left out, including required ones.";
/// Names of fields, separated by commas; a dot leads into an object or an expanded record.
pub const FIELDS_PATTERN: &str = "^[a-z0-9_.,]+$";
const CURSOR_PATTERN: &str = "^[A-Za-z0-9_-]{40,2000}$";

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
    pub(super) first_by: Option<&'static str>,
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
    pub(super) fn find_column(&self, name: &str) -> Option<&'static Column> {
        self.texts.column(name)
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
    pub(super) fn sorted_by(&self, name: &str) -> Option<&'static Column> {
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
            let about = "Words that the row has, whole or in part; of long numbers the first or the last digits.".into();
            out.push(text("q", about, string().min_length(Some(1)).max_length(Some(100))));
        }
        out.extend(self.filters.iter().map(|f| of(&f.name, f.about(), f.schema())));
        let flag = || ObjectBuilder::new().schema_type(Type::Boolean);
        out.extend(self.flags.iter().map(|f| text(f.name, f.text.into(), flag())));
        let id = |prefix: &str| string().max_length(Some(40)).pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")));
        out.extend(self.ids.iter().map(|f| text(f.name, f.text.into(), id(f.prefix))));
        let named = || string().min_length(Some(1)).max_length(Some(300));
        out.extend(self.named.iter().map(|f| text(f.name, f.text.into(), named())));
        let day = || Ref::from_schema_name(FILTER_DAY).into();
        out.extend(self.days.iter().map(|(name, about)| of(name, about.to_string(), day())));
        let state = || string().enum_values(Some(["false", "true", "any"])).default(Some(json!("false")));
        out.extend(self.out_of_use.iter().map(|o| text(o.name, o.about(), state())));
        out
    }
}
