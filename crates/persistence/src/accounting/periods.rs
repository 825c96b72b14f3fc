//! Rows of fiscal years and periods, and the lock that a posting holds on its period.

use chrono::NaiveDate;
use domain::accounting::fiscal_years::FiscalYear;
use domain::accounting::periods::Period;
use uuid::Uuid;

use crate::{Conn, Engine, Result, Value, record, sql};

crate::record! {
    fiscal_years: FiscalYear {
        id: uid, company_id: uid, name: text, start_date: date, end_date: date, version: int, created_at: instant, updated_at: instant,
    }
}

crate::record! {
    periods: Period {
        id: uid, company_id: uid, fiscal_year_id: uid, number: small, start_date: date, end_date: date, gl: word, ar: word,
        ap: word, inventory: word, payroll: word, tax: word, version: int, created_at: instant, updated_at: instant,
    }
}

/// The period that holds a day, as it is now, and kept so until the transaction ends: whoever wants to close it waits
/// for the postings in flight, and whoever posts waits for a closing in flight. SQLite has one writer.
pub fn hold(db: &mut Conn, company: Uuid, day: NaiveDate) -> Result<Option<Period>> {
    let mut statement = record::select::<Period>();
    statement.sql(" WHERE company_id = ").push(Value::Uid(company));
    statement.sql(" AND start_date <= ").push(Value::Date(day)).sql(" AND end_date >= ").push(Value::Date(day));
    if db.engine() == Engine::Postgres {
        statement.sql(" FOR SHARE");
    }
    Ok(record::load(db, &statement)?.pop())
}

/// The periods of a company from this day on, the earliest first.
pub fn from(db: &mut Conn, company: Uuid, day: NaiveDate) -> Result<Vec<Period>> {
    let mut statement = record::select::<Period>();
    statement.sql(" WHERE company_id = ").push(Value::Uid(company)).sql(" AND end_date >= ").push(Value::Date(day));
    statement.sql(" ORDER BY start_date");
    record::load(db, &statement)
}

/// Whether the company has a fiscal year with some of these days.
pub fn overlap(db: &mut Conn, company: Uuid, start: NaiveDate, end: NaiveDate) -> Result<bool> {
    let found =
        sql!("SELECT COUNT(*) FROM fiscal_years WHERE company_id = {} AND start_date <= {} AND end_date >= {}", company, end, start);
    Ok(found.first::<(i64,)>(db)?.is_some_and(|r| r.0 > 0))
}
