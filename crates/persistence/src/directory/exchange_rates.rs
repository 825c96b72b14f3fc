//! Rows of exchange rates.

use chrono::NaiveDate;
use domain::directory::exchange_rates::{ExchangeRate, RateKind};
use domain::kernel::StringEnum;

use crate::{Conn, Result, Value, record};

crate::record! {
    exchange_rates: ExchangeRate {
        id: uid, from_currency: text, to_currency: text, kind: word, rate_date: date, rate: rate, source: text,
        created_at: instant, updated_at: instant, version: int,
    }
}

/// The latest rate on or before a day as it was entered, of one source or of any; of several on one day the one entered last.
pub fn latest(db: &mut Conn, from: &str, to: &str, kind: RateKind, day: NaiveDate, source: Option<&str>) -> Result<Option<ExchangeRate>> {
    let mut s = record::select::<ExchangeRate>();
    s.sql(" WHERE from_currency = ").push(Value::Text(from.to_string()));
    s.sql(" AND to_currency = ").push(Value::Text(to.to_string()));
    s.sql(" AND kind = ").push(Value::Text(kind.as_str().to_string()));
    s.sql(" AND rate_date <= ").push(Value::Date(day));
    if let Some(source) = source {
        s.sql(" AND source = ").push(Value::Text(source.to_string()));
    }
    s.sql(" ORDER BY rate_date DESC, id DESC LIMIT 1");
    Ok(record::load(db, &s)?.pop())
}
