//! Number series without gaps: one row for each company, series and year, taken last in the transaction that uses it.

use uuid::Uuid;

use crate::{Conn, Result, sql};

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
