//! Number series without gaps: one row for each company, series and year, taken last in the transaction that uses it.

use domain::platform::number_series::NumberSeries;
use uuid::Uuid;

use crate::{Conn, Engine, Error, Record, Result, Statement, Value, record, sql};

crate::record! {
    number_series: NumberSeries { id: uid, company_id: uid, code: text, year: int, next: int }
}

/// A series of a company in a fiscal year, of which a number is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub company: Uuid,
    pub code: String,
    pub year: i64,
}

impl Series {
    /// The next number, `INV-2026-00012`. The row stays locked until the transaction ends; a rollback gives it back.
    pub fn take(&self, db: &mut Conn) -> Result<String> {
        let next = self.taking().first::<(i64,)>(db)?.map_or(1, |r| r.0);
        Ok(format!("{}{next:05}", self.prefix()))
    }
    /// What comes before the digits.
    fn prefix(&self) -> String {
        format!("{}-{:04}-", self.code, self.year)
    }
    /// Takes the next number as `taken`; PostgreSQL can do that in a WITH clause.
    pub(crate) fn taking(&self) -> Statement {
        sql!(
            "INSERT INTO number_series (id, company_id, code, year, next) VALUES ({}, {}, {}, {}, 2) \
             ON CONFLICT (company_id, code, year) DO UPDATE SET next = number_series.next + 1 RETURNING next - 1 AS taken",
            Uuid::now_v7(),
            self.company,
            &*self.code,
            self.year
        )
    }
    /// The number in the words of PostgreSQL, where the series was `taken`.
    pub(crate) fn taken(&self) -> Statement {
        let mut s = Statement::default();
        s.push(Value::Text(self.prefix())).sql(" || CASE WHEN taken < 100000 THEN lpad(taken::TEXT, 5, '0') ELSE taken::TEXT END");
        s
    }
    /// Gives the next number to a row, in the statement that changes it: `changes` is an UPDATE with its assignments, to which the
    /// number is added. Nothing when there is no such row, or not in this version. Only PostgreSQL can write in a WITH clause; SQLite
    /// does it in two statements.
    pub fn give(&self, db: &mut Conn, changes: Statement, row: Uuid, version: Option<i64>) -> Result<Option<String>> {
        let mut s = Statement::default();
        if db.engine() == Engine::Postgres {
            s.sql("WITH series AS (").append(self.taking()).sql(") ").append(changes).sql(", number = ");
            s.append(self.taken()).sql(" FROM series");
        } else {
            let number = self.take(db)?;
            s.append(changes).sql(", number = ").push(Value::Text(number));
        }
        s.sql(" WHERE id = ").push(Value::Uid(row));
        if let Some(version) = version {
            s.sql(" AND version = ").push(Value::Int(version));
        }
        s.sql(" RETURNING number");
        Ok(s.first::<(String,)>(db)?.map(|r| r.0))
    }
}

/// As [`record::update_changed`], with the next number of a series.
pub fn update_numbered<T: Record>(db: &mut Conn, before: &T, after: &T, expected: i64, series: &Series) -> Result<Option<String>> {
    crate::lock_ranks::taken(T::TABLE, after.key());
    series.give(db, record::changes(before, after), after.key(), Some(expected))
}

/// Inserts a row with the next number of a series, and its parts; the number. PostgreSQL does it in one statement.
pub fn insert_numbered<T: Record, P: Record>(db: &mut Conn, row: &T, parts: &[P], series: &Series) -> Result<String> {
    let texts = T::texts();
    let mut values = Vec::with_capacity(texts.columns.len());
    row.put(&mut values);
    crate::lock_ranks::made(T::TABLE, row.key());
    let is_number = |at: usize| texts.columns[at].name == "number";
    let bound = values.len() + parts.len() * P::texts().columns.len();
    if db.engine() == Engine::Sqlite || bound > record::MAX_VALUES {
        let number = series.take(db)?;
        let mut statement = Statement::new(&*texts.insert);
        let numbered = values.into_iter().enumerate().map(|(at, v)| if is_number(at) { Value::Text(number.clone()) } else { v });
        statement.sql("(").values(numbered).sql(")").execute(db)?;
        record::insert(db, parts)?;
        return Ok(number);
    }
    let mut statement = Statement::new("WITH series AS (");
    statement.append(series.taking()).sql("), made AS (").sql(texts.insert.trim_end_matches("VALUES ")).sql("SELECT ");
    for (at, value) in values.into_iter().enumerate() {
        statement.sql(if at > 0 { ", " } else { "" });
        if is_number(at) {
            statement.append(series.taken());
        } else {
            statement.push(value);
        }
    }
    statement.sql(" FROM series RETURNING number)");
    if !parts.is_empty() {
        statement.sql(", parts AS (");
        record::put_after_made(&mut statement, parts);
        statement.sql(")");
    }
    statement.sql(" SELECT number FROM made");
    let made = statement.first::<(String,)>(db)?;
    made.map(|r| r.0).ok_or_else(|| Error::Broken("an INSERT gave no number".into()))
}

/// What the numbers of a series add up to, without any of them being loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub documents: i64,
    pub numbers: i64,
    /// Numbers that are not the prefix and digits.
    pub strange: i64,
    /// The digits of the first and the last.
    pub first: Option<i64>,
    pub last: Option<i64>,
}

/// The summary of the numbers that documents of this kind have, of a company and with a prefix such as `INV-2026-`.
pub fn summary<T: Record>(db: &mut Conn, company: Uuid, prefix: &str) -> Result<Summary> {
    let digits = || {
        let mut s = Statement::new("substr(number, CAST(");
        s.push(Value::Int(prefix.len() as i64 + 1)).sql(" AS INTEGER))");
        s
    };
    let is_strange = || {
        let mut s = Statement::new("(");
        s.append(digits()).append(Statement::by_engine(" !~ '^[0-9]{1,15}$')", " GLOB '*[^0-9]*' OR length(number) = 0)"));
        s
    };
    let mut s = Statement::new("SELECT COUNT(*), COUNT(DISTINCT number), COALESCE(SUM(CASE WHEN ");
    s.append(is_strange()).sql(" THEN 1 ELSE 0 END), 0)");
    for edge in [", MIN(", ", MAX("] {
        s.sql(edge).sql("CASE WHEN NOT ").append(is_strange()).sql(" THEN CAST(").append(digits()).sql(" AS BIGINT) END)");
    }
    s.sql(format!(" FROM {} WHERE company_id = ", T::TABLE));
    s.append(sql!("{} AND substr(number, 1, CAST({} AS INTEGER)) = {}", company, prefix.len() as i64, prefix));
    let found = s.first::<(i64, i64, i64, Option<i64>, Option<i64>)>(db)?;
    let (documents, numbers, strange, first, last) = found.unwrap_or_default();
    Ok(Summary { documents, numbers, strange, first, last })
}

/// The numbers that documents of this kind have, of a company and with a prefix such as `INV-2026-`.
pub fn used<T: Record>(db: &mut Conn, company: Uuid, prefix: &str) -> Result<Vec<String>> {
    let mut s = Statement::new(format!("SELECT number FROM {} WHERE company_id = ", T::TABLE));
    s.push(Value::Uid(company)).sql(" AND substr(number, 1, CAST(").push(Value::Int(prefix.len() as i64)).sql(" AS INTEGER)) = ");
    s.push(Value::Text(prefix.to_string()));
    Ok(s.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}
