//! What the rows of a list may be grouped by and what of them is summed, declared beside the list's filters.

use domain::kernel::{Interval, StringEnum};
use persistence::{Column, Kind as Of};
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};

/// The parameters beside the filters.
pub(super) const PARAMETERS: [&str; 5] = ["group_by", "sum", "date", "interval", "count"];
/// Fields that rows are grouped by at most, beside the period.
pub(super) const MOST_KEYS: usize = 4;
/// Fields that are summed at most.
pub(super) const MOST_SUMS: usize = 5;
/// In which currency a measure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// It is no money.
    Plain,
    /// That in this column.
    In(&'static str),
    /// That of the company's books.
    OfCompany,
}

/// What the rows of a list may be grouped by and what of them is summed.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub(super) by: Vec<&'static str>,
    pub(super) measures: Vec<(&'static str, Unit)>,
    pub(super) dates: Vec<&'static str>,
}

impl Figures {
    /// The columns to group by. Ids need an expansion of the list, from which their labels come; only the company needs none.
    pub fn by(columns: &[&'static str]) -> Self {
        Self { by: columns.to_vec(), ..Self::default() }
    }
    /// More columns to group by.
    pub fn and_by(mut self, columns: &[&'static str]) -> Self {
        self.by.extend(columns);
        self
    }
    /// Columns to sum that are no money.
    pub fn sum(mut self, columns: &[&'static str]) -> Self {
        self.measures.extend(columns.iter().map(|c| (*c, Unit::Plain)));
        self
    }
    /// Columns with money in the currency that another column names.
    pub fn money(mut self, currency: &'static str, columns: &[&'static str]) -> Self {
        self.measures.extend(columns.iter().map(|c| (*c, Unit::In(currency))));
        self
    }
    /// Columns with money in the currency of the company's books.
    pub fn company_money(mut self, columns: &[&'static str]) -> Self {
        self.measures.extend(columns.iter().map(|c| (*c, Unit::OfCompany)));
        self
    }
    /// Days and instants by which rows fall into periods; the first is taken when none is named.
    pub fn dates(mut self, columns: &[&'static str]) -> Self {
        self.dates.extend(columns);
        self
    }
    /// Queries that use each field once, for tests.
    pub fn every_query(&self) -> Vec<String> {
        let by = self.by.iter().map(|c| format!("group_by={c}"));
        let sums = self.measures.iter().map(|(c, _)| format!("sum={c}"));
        let dates = self.dates.iter().flat_map(|c| Interval::ALL.iter().map(move |i| format!("date={c}&interval={i}")));
        by.chain(sums).chain(dates).collect()
    }
    /// Panics, and so fails a test and the start, when a column is none or of another kind.
    pub(super) fn check(&self, op: &str, find: &dyn Fn(&str) -> Option<&'static Column>) {
        let kind_of = |name: &str| find(name).unwrap_or_else(|| panic!("{op}: there is no column {name}")).kind;
        for column in &self.by {
            let kind = kind_of(column);
            let plain = matches!(kind, Of::Uid | Of::StringEnum | Of::Text | Of::Bool | Of::Int | Of::Date);
            assert!(plain, "{op}: rows cannot be grouped by {column}");
        }
        for (column, unit) in &self.measures {
            let kind = kind_of(column);
            assert!(matches!(kind, Of::Decimal(_) | Of::Int), "{op}: {column} cannot be summed");
            match unit {
                Unit::In(currency) => assert!(find(currency).is_some(), "{op}: there is no column {currency}"),
                Unit::OfCompany => assert!(find("company_id").is_some(), "{op}: the rows belong to no company"),
                Unit::Plain => {}
            }
        }
        for column in &self.dates {
            let kind = kind_of(column);
            assert!(matches!(kind, Of::Date | Of::Instant), "{op}: {column} is no date");
        }
    }
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        let parameter = |name: &str, about: String, schema: ObjectBuilder| {
            ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(about)).schema(Some(schema)).build()
        };
        let string = || ObjectBuilder::new().schema_type(Type::String);
        let several = |names: &[&str], most: usize| {
            let one = format!("({})", names.join("|"));
            string().min_length(Some(1)).max_length(Some(400)).pattern(Some(format!("^{one}(,{one}){{0,{}}}$", most - 1)))
        };
        let measures: Vec<&str> = self.measures.iter().map(|m| m.0).collect();
        let mut out = vec![
            parameter(
                "group_by",
                format!("Group the rows by these fields, at most {MOST_KEYS}, separated by commas: {}.", self.by.join(", ")),
                several(&self.by, MOST_KEYS),
            ),
            parameter(
                "count",
                "Groups always have the number of their rows; the parameter may be given and changes nothing.".into(),
                ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(true))),
            ),
        ];
        if !measures.is_empty() {
            let about = format!("Sum these fields, at most {MOST_SUMS}, separated by commas: {}.", measures.join(", "));
            out.push(parameter("sum", about, several(&measures, MOST_SUMS)));
        }
        if let Some(first) = self.dates.first() {
            let words = string().enum_values(Some(Interval::WORDS.iter().copied()));
            let about = "Group the rows by period as well. Periods are those of the calendar, weeks begin on Mondays, and instants \
                         fall on the day that it is in the time zone of the row's company (UTC for rows of no company). Periods without rows are left out.";
            out.push(parameter("interval", about.into(), words));
            let about =
                format!("The field that decides in which period a row is; `{first}` when it is left out. Only together with `interval`.");
            out.push(parameter("date", about, string().enum_values(Some(self.dates.iter().copied()))));
        }
        out
    }
}
