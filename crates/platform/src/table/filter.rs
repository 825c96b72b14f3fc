//! Filters of lists: what their values look like, what the document says of them, and the condition that they become.

use chrono::NaiveDate;
use domain::Result;
use domain::kernel::Decimal;
use domain::kernel::{FieldError, Problem, decode, problems};
use persistence::{Column, Compare, Condition, Kind as Of, Value as Bound};
use utoipa::openapi::{KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type};

use super::form::{self, Days};

/// The largest whole number that JSON carries exactly everywhere: 2^53 - 1.
pub(crate) const LARGEST_WHOLE: i64 = 9_007_199_254_740_991;

/// A filter that is a text and no column: a condition on other tables.
#[derive(Clone, Copy)]
pub struct TextFilter {
    pub name: &'static str,
    pub text: &'static str,
    pub condition: fn(&str) -> Condition,
}

/// A state that takes rows out of use. Rows in it are left out unless they are asked for.
#[derive(Clone, Copy)]
pub struct OutOfUse {
    pub name: &'static str,
    pub column: &'static str,
}

/// The states of rows that are out of use, by the column that has them.
pub(crate) const OUT_OF_USE: [OutOfUse; 3] = [
    OutOfUse { name: "archived", column: "archived_at" },
    OutOfUse { name: "merged", column: "merged_into" },
    OutOfUse { name: "merged", column: "merged_into_id" },
];

impl OutOfUse {
    pub(crate) fn about(&self) -> String {
        format!(
            "Rows that are {0}: `false` leaves them out, `true` lists them alone, `any` lists all. Left out as well by default.",
            self.name
        )
    }
    /// What `raw` asks for; by default, rows in use.
    pub(crate) fn condition(&self, raw: Option<&str>) -> Result<Option<Condition>> {
        match raw {
            None | Some("false") => Ok(Some(Condition::Null(self.column, true))),
            Some("true") => Ok(Some(Condition::Null(self.column, false))),
            Some("any") => Ok(None),
            Some(other) => Err(invalid(self.name, format!("{other:?} is none of false, true, any."))),
        }
    }
}

/// One declared filter.
#[derive(Clone)]
pub struct FilterParameter {
    pub name: String,
    /// The name without the suffix of the comparison, as the document speaks of it.
    pub(crate) base: String,
    pub(crate) column: &'static Column,
    pub(crate) compare: Option<Compare>,
    /// Several values, each of which may end in `.*` for all words that begin so.
    pub(crate) patterns: bool,
    /// Whether the column holds anything at all is asked, with true or false.
    pub(crate) presence: bool,
}

impl FilterParameter {
    /// The prefix of the ids that may be asked for, when it compares ids.
    pub fn id_prefix(&self) -> Option<&'static str> {
        self.column.prefix.filter(|_| !self.presence)
    }
    /// The column that it is about.
    pub fn column(&self) -> &'static str {
        self.column.name
    }
    /// Its name without the suffix of the comparison.
    pub fn base(&self) -> &str {
        &self.base
    }
    pub(crate) fn about(&self) -> String {
        if self.presence {
            return format!("`true`: only rows with `{0}`; `false`: only rows without.", self.column.name);
        }
        let what = match (self.compare, self.column.kind) {
            (Some(Compare::GreaterOrEqual), Of::Instant) => "at or after this instant",
            (Some(Compare::Greater), Of::Instant) => "after this instant",
            (Some(Compare::LessOrEqual), Of::Instant) => "at or before this instant",
            (Some(Compare::Less), Of::Instant) => "before this instant",
            (Some(Compare::GreaterOrEqual), Of::Date) => "on or after this day",
            (Some(Compare::Greater), Of::Date) => "after this day",
            (Some(Compare::LessOrEqual), Of::Date) => "on or before this day",
            (Some(Compare::Less), Of::Date) => "before this day",
            (Some(Compare::GreaterOrEqual), _) => "at least",
            (Some(Compare::Greater), _) => "greater than",
            (Some(Compare::LessOrEqual), _) => "at most",
            (Some(Compare::Less), _) => "less than",
            (None, _) if self.patterns => "is one of these, separated by commas; `invoice.*` matches all that begin with `invoice.`",
            (None, Of::Uid | Of::StringEnum) => "is one of these, separated by commas",
            (None, Of::Bool) => "is true, or is false",
            (None, Of::Date) => "is this day",
            (None, _) => "equals",
        };
        match (self.compare, self.column.kind) {
            (Some(_), Of::Int | Of::Decimal(_)) | (None, Of::Text | Of::Int | Of::Decimal(_)) if !self.patterns => {
                format!("`{}` {what} this value.", self.base)
            }
            _ => format!("`{}` {what}.", self.base),
        }
    }
    pub(crate) fn schema(&self) -> RefOr<Schema> {
        match self.column.kind {
            Of::Date if !self.presence => Ref::from_schema_name(form::FILTER_DAY).into(),
            Of::Instant if !self.presence => Ref::from_schema_name(form::FILTER_INSTANT).into(),
            _ => self.plain_schema().into(),
        }
    }
    fn plain_schema(&self) -> ObjectBuilder {
        let string = ObjectBuilder::new().schema_type(Type::String);
        match self.column.kind {
            _ if self.presence => ObjectBuilder::new().schema_type(Type::Boolean),
            _ if self.patterns => {
                let one = r"[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?";
                string.min_length(Some(1)).max_length(Some(1000)).pattern(Some(format!("^{one}(,{one}){{0,19}}$")))
            }
            Of::StringEnum => {
                let one = format!("({})", self.column.words.join("|"));
                string.max_length(Some(400)).pattern(Some(format!("^{one}(,{one}){{0,19}}$")))
            }
            Of::Uid => {
                let one = format!("{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}", self.column.prefix.unwrap_or("id"));
                string.max_length(Some(2000)).pattern(Some(format!("^{one}(,{one}){{0,49}}$")))
            }
            Of::Bool => ObjectBuilder::new().schema_type(Type::Boolean),
            Of::Int => ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(Some(-LARGEST_WHOLE))
                .maximum(Some(LARGEST_WHOLE)),
            Of::Decimal(_) => string.max_length(Some(30)).pattern(Some(form::DECIMAL)),
            _ => string.min_length(Some(1)).max_length(Some(200)),
        }
    }
    /// What is asked with `raw`; `days` tells the day of `today`.
    pub(crate) fn condition(&self, raw: &str, days: &Days) -> Result<Condition> {
        if self.presence {
            let wanted: bool = raw.parse().map_err(|_| self.bad(raw))?;
            return Ok(Condition::Null(self.column.name, !wanted));
        }
        if self.patterns {
            return self.any_of(raw);
        }
        if let Some(day) = days.relative(raw).filter(|_| matches!(self.column.kind, Of::Date | Of::Instant)) {
            return Ok(self.on_day(day, days));
        }
        let many = self.compare.is_none() && matches!(self.column.kind, Of::Uid | Of::StringEnum);
        let parts: Vec<&str> = if many { raw.split(',').collect() } else { vec![raw] };
        let values = parts.iter().map(|p| parse(self.column, p)).collect::<Option<Vec<_>>>().ok_or_else(|| self.bad(raw))?;
        Ok(match self.compare {
            Some(compare) => Condition::Is(self.column.name, compare, values.into_iter().next().ok_or_else(|| self.bad(raw))?),
            None => Condition::In(self.column.name, values),
        })
    }
    /// A day that was named by its distance from today. Of an instant, the whole day is meant: `_lte` includes it and `_gt` leaves it
    /// out.
    fn on_day(&self, day: NaiveDate, days: &Days) -> Condition {
        let column = self.column.name;
        if self.column.kind == Of::Date {
            return match self.compare {
                Some(compare) => Condition::Is(column, compare, Bound::Date(day)),
                None => Condition::In(column, vec![Bound::Date(day)]),
            };
        }
        let (begin, end) = (Bound::instant(days.begin(day)), Bound::instant(days.begin(day.succ_opt().unwrap_or(day))));
        match self.compare {
            Some(Compare::LessOrEqual) => Condition::Is(column, Compare::Less, end),
            Some(Compare::Greater) => Condition::Is(column, Compare::GreaterOrEqual, end),
            Some(Compare::Less) => Condition::Is(column, Compare::Less, begin),
            _ => Condition::Is(column, Compare::GreaterOrEqual, begin),
        }
    }
    /// Words, and beginnings of words that end in `.*`.
    fn any_of(&self, raw: &str) -> Result<Condition> {
        let parts: Vec<&str> = raw.split(',').collect();
        let word = |w: &str| w.split('.').all(|s| !s.is_empty() && s.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')));
        if raw.len() > 1000 || parts.len() > 20 || !parts.iter().all(|p| word(p.strip_suffix(".*").unwrap_or(p))) {
            return Err(self.bad(raw));
        }
        let (beginnings, words): (Vec<&str>, Vec<&str>) = parts.iter().partition(|p| p.ends_with(".*"));
        if beginnings.is_empty() {
            return Ok(Condition::In(self.column.name, words.iter().map(|w| Bound::Text((*w).into())).collect()));
        }
        let beginnings = beginnings.iter().filter_map(|p| p.strip_suffix('*')).map(String::from).collect();
        Ok(Condition::Begins(self.column.name, words.into_iter().map(String::from).collect(), beginnings))
    }
    fn bad(&self, raw: &str) -> Problem {
        let form = match self.column.kind {
            _ if self.patterns => "one or more words such as invoice.posted or invoice.*".into(),
            _ if self.presence => "true or false".into(),
            Of::StringEnum => format!("one or more of {}", self.column.words.join(", ")),
            Of::Uid => format!("one or more ids with the prefix {}_", self.column.prefix.unwrap_or_default()),
            Of::Bool => "true or false".into(),
            Of::Int => "a whole number".into(),
            Of::Date => "a day such as 2026-01-31, today or start_of_month-1m".into(),
            Of::Instant => "a moment such as 2026-01-31T12:00:00Z, or a day such as today-7d".into(),
            Of::Decimal(places) => format!("a decimal with at most {places} places"),
            _ => "1 to 200 characters".into(),
        };
        invalid(&self.name, format!("{raw:?} is not {form}."))
    }
}

pub(crate) fn invalid(parameter: &str, message: String) -> Problem {
    problems::invalid_parameter.at(vec![FieldError::parameter(parameter, "invalid", message)])
}

/// The text as a value for this column.
fn parse(column: &Column, raw: &str) -> Option<Bound> {
    Some(match column.kind {
        Of::Uid => Bound::Uid(decode(column.prefix?, raw)?),
        Of::StringEnum => column.words.contains(&raw).then(|| Bound::Text(raw.into()))?,
        Of::Text => (1..=200).contains(&raw.chars().count()).then(|| Bound::Text(raw.into()))?,
        Of::Bool => Bound::Bool(raw.parse().ok()?),
        Of::Int => Bound::Int(form::whole(raw).filter(|n| (-LARGEST_WHOLE..=LARGEST_WHOLE).contains(n))?),
        Of::Date => Bound::Date(form::day(raw)?),
        Of::Instant => Bound::instant(form::instant(raw)?),
        Of::Decimal(places) => {
            let value = form::is_decimal(raw).then(|| Decimal::from_str_exact(raw)).flatten()?;
            Bound::scaled(value, places).filter(|v| matches!(v, Bound::Decimal(_, Some(_))))?
        }
        Of::Json | Of::Bytes => return None,
    })
}
