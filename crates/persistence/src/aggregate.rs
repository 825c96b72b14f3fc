//! Figures over the rows that a query finds: counted and summed by groups, exactly, in one statement. Keys and sums come as text,
//! so that one kind of row serves every grouping.

use std::borrow::Cow;

use chrono::NaiveDate;
use domain::kernel::{Decimal, Interval, StringEnum};
use uuid::Uuid;

use crate::conn::{Conn, Engine};
use crate::error::{Error, Result};
use crate::query::{Condition, Query};
use crate::statement::{FromCells, Statement};
use crate::value::{Cells, Fail, Kind, Value};

/// What rows are grouped by.
#[derive(Debug, Clone)]
pub enum Key {
    /// The value of a column.
    Column(&'static str, Kind),
    /// The span of the calendar that a day or an instant is in.
    Period { column: &'static str, kind: Kind, interval: Interval, zones: Zones },
}

/// In which time zone an instant falls on which day: that of the row's company, or one for all rows.
#[derive(Debug, Clone)]
pub struct Zones {
    /// The column with the company, and the zones of the companies.
    pub by_company: Option<(&'static str, Vec<(Uuid, String)>)>,
    pub otherwise: String,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValue {
    Uid(Uuid),
    Day(NaiveDate),
    Bool(bool),
    Int(i64),
    Text(String),
}

/// The rows of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub keys: Vec<Option<KeyValue>>,
    pub count: i64,
    pub sums: Vec<Decimal>,
}

/// A column that is summed, and its places.
pub type Measure = (&'static str, u32);

/// All cells of a row, as text.
struct Texts(Vec<Option<String>>);

impl FromCells for Texts {
    fn from_cells(cells: &mut dyn Cells) -> std::result::Result<Self, Fail> {
        (0..cells.width()).map(|_| cells.text()).collect::<std::result::Result<_, _>>().map(Texts)
    }
}

/// The rows that are grouped.
pub struct Rows<'q> {
    pub table: &'q str,
    pub query: &'q Query,
    /// Columns with few different values: a condition on one of them leaves too many rows for an index on it to be of use.
    pub broad: &'q [&'static str],
}

impl Rows<'_> {
    /// The query as it is best asked. SQLite knows nothing of how values are spread, and would rather look up a third of a table by
    /// an index on its states than read the one index that has all columns that are asked for.
    fn query(&self, engine: Engine) -> Cow<'_, Query> {
        if engine == Engine::Postgres {
            return Cow::Borrowed(self.query);
        }
        let unindexed = |condition: &Condition| match condition {
            Condition::In(column, values) if self.broad.contains(column) && !values.is_empty() => {
                let mut s = Statement::new(format!("+{column} IN ("));
                s.values(values.iter().cloned()).sql(")");
                Condition::Other(s)
            }
            other => other.clone(),
        };
        Cow::Owned(Query { conditions: self.query.conditions.iter().map(unindexed).collect(), ..self.query.clone() })
    }
}

/// The groups of the rows, in the order of their keys, at most `most` of them.
pub fn groups(db: &mut Conn, rows: &Rows<'_>, keys: &[Key], measures: &[Measure], most: usize) -> Result<Vec<Group>> {
    let engine = db.engine();
    let (table, query) = (rows.table, rows.query(engine));
    let mut inner = Statement::new("SELECT ");
    for (i, key) in keys.iter().enumerate() {
        inner.append(key.expression(engine)).sql(format!(" AS k{i}, "));
    }
    inner.sql("COUNT(*) AS n");
    for (i, (column, _)) in measures.iter().enumerate() {
        inner.sql(format!(", SUM({column}) AS s{i}"));
    }
    inner.sql(format!(" FROM {table}"));
    query.filters(&mut inner);
    for i in 0..keys.len() {
        inner.sql(format!("{}k{i}", if i == 0 { " GROUP BY " } else { ", " }));
    }
    let mut statement = Statement::new("SELECT ");
    for (i, key) in keys.iter().enumerate() {
        statement.sql(key.as_text(engine, i)).sql(", ");
    }
    statement.sql("CAST(n AS TEXT)");
    for i in 0..measures.len() {
        statement.sql(format!(", CAST(s{i} AS TEXT)"));
    }
    statement.sql(" FROM (").append(inner).sql(") AS g");
    for i in 0..keys.len() {
        statement.sql(format!("{}k{i} NULLS LAST", if i == 0 { " ORDER BY " } else { ", " }));
    }
    statement.sql(" LIMIT ").push(Value::Int(i64::try_from(most).unwrap_or(i64::MAX)));
    statement.rows::<Texts>(db)?.into_iter().map(|row| read(row.0, keys, measures, engine)).collect()
}

fn read(cells: Vec<Option<String>>, keys: &[Key], measures: &[Measure], engine: Engine) -> Result<Group> {
    let broken = || Error::Broken("a figure has another form than was asked for".into());
    let mut cells = cells.into_iter();
    let values = keys.iter().map(|key| key.read(cells.next().flatten())).collect();
    let count = cells.next().flatten().and_then(|n| n.parse().ok()).ok_or_else(broken)?;
    let sum = |(text, (_, places)): (Option<String>, &Measure)| {
        // a sum over no rows is nothing
        let Some(text) = text else { return Some(Decimal::ZERO) };
        match engine {
            Engine::Postgres => Decimal::from_str_exact(&text),
            Engine::Sqlite => text.parse::<i64>().ok().map(|scaled| Decimal::new(scaled, *places)),
        }
    };
    let sums = cells.zip(measures).map(sum).collect::<Option<Vec<_>>>().ok_or_else(broken)?;
    Ok(Group { keys: values, count, sums })
}

impl Key {
    fn expression(&self, engine: Engine) -> Statement {
        match self {
            Key::Column(column, _) => Statement::new(*column),
            Key::Period { column, kind: Kind::Date, interval, .. } => match engine {
                Engine::Postgres => Statement::new(format!("CAST(date_trunc('{interval}', CAST({column} AS timestamp)) AS date)")),
                Engine::Sqlite => Statement::new(format!("period_of({column}, '{interval}')")),
            },
            Key::Period { column, interval, zones, .. } => {
                let mut s = Statement::default();
                match engine {
                    Engine::Postgres => {
                        s.sql(format!("CAST(date_trunc('{interval}', {column} AT TIME ZONE "));
                        s.append(zones.expression()).sql(") AS date)");
                    }
                    Engine::Sqlite => {
                        s.sql(format!("period_at({column}, ")).append(zones.expression()).sql(format!(", '{interval}')"));
                    }
                }
                s
            }
        }
    }
    fn kind(&self) -> Kind {
        match self {
            Key::Column(_, kind) => *kind,
            Key::Period { .. } => Kind::Date,
        }
    }
    fn as_text(&self, engine: Engine, i: usize) -> String {
        match (self.kind(), engine) {
            (Kind::Uid, Engine::Sqlite) => format!("CASE WHEN k{i} IS NOT NULL THEN hex(k{i}) END"),
            _ => format!("CAST(k{i} AS TEXT)"),
        }
    }
    fn read(&self, text: Option<String>) -> Option<KeyValue> {
        let text = text?;
        match self.kind() {
            Kind::Uid => Uuid::parse_str(&text).ok().map(KeyValue::Uid),
            Kind::Date => text.parse().ok().map(KeyValue::Day),
            Kind::Bool => Some(KeyValue::Bool(matches!(text.as_str(), "1" | "true" | "t"))),
            Kind::Int => text.parse().ok().map(KeyValue::Int),
            _ => Some(KeyValue::Text(text)),
        }
    }
}

impl Zones {
    /// One zone for all rows.
    pub fn one(zone: &str) -> Self {
        Self { by_company: None, otherwise: zone.into() }
    }
    fn expression(&self) -> Statement {
        let mut s = Statement::default();
        let others: Vec<_> = match &self.by_company {
            Some((column, zones)) => zones.iter().filter(|(_, zone)| *zone != self.otherwise).map(|z| (*column, z)).collect(),
            None => vec![],
        };
        if others.is_empty() {
            s.push(Value::Text(self.otherwise.clone()));
            return s;
        }
        s.sql("CASE ").sql(others[0].0);
        for (_, (company, zone)) in others {
            s.sql(" WHEN ").push(Value::Uid(*company)).sql(" THEN ").push(Value::Text(zone.clone()));
        }
        s.sql(" ELSE ").push(Value::Text(self.otherwise.clone())).sql(" END");
        s
    }
}

/// The first day of the span that a day, as SQLite keeps it, is in; nothing for days after the year 9999.
pub(crate) fn period_of(day: &str, interval: &str) -> Option<String> {
    let day: NaiveDate = day.parse().ok()?;
    Some(Interval::from_word(interval)?.start_of(day).to_string())
}

/// The first day of the span that an instant is in, in a time zone.
pub(crate) fn period_at(micros: i64, zone: &str, interval: &str) -> Option<String> {
    let at = chrono::DateTime::from_timestamp_micros(micros)?;
    Some(Interval::from_word(interval)?.start_of(domain::kernel::day_at(at, zone)).to_string())
}
