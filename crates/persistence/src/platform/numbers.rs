//! Number series without gaps: one row for each company, series and year, taken last in the transaction that uses it.

use domain::platform::number_series::NumberSeries;
use uuid::Uuid;

use crate::{Conn, Record, Result, Statement, Value, sql};

crate::record! {
    number_series: NumberSeries { id: uid, company_id: uid, code: text, year: int, next: int }
}

/// The next number of a series, from 1. The row stays locked until the transaction ends; a rollback gives it back.
pub fn next(db: &mut Conn, company: Uuid, code: &str, year: i64) -> Result<i64> {
    let taken = sql!(
        "INSERT INTO number_series (id, company_id, code, year, next) VALUES ({}, {}, {}, {}, 2) \
         ON CONFLICT (company_id, code, year) DO UPDATE SET next = number_series.next + 1 RETURNING next - 1",
        Uuid::now_v7(),
        company,
        code,
        year
    );
    Ok(taken.first::<(i64,)>(db)?.map_or(1, |r| r.0))
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
