//! Values that live on both engines, exact on each: how they are bound and how they are read.
//!
//! | kind | PostgreSQL | SQLite |
//! |---|---|---|
//! | decimals | NUMERIC | INTEGER, scaled by the places of the kind |
//! | ids | UUID | BLOB(16) |
//! | instants | TIMESTAMPTZ | INTEGER, µs |
//! | dates | DATE | TEXT `YYYY-MM-DD`, in the order of the days |
//! | JSON | JSONB | TEXT |
#![allow(clippy::disallowed_types)]

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Utc};
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::AstPass;
use diesel::row::{Field, NamedRow, Row};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types as st;
use diesel::sqlite::Sqlite;
use domain::kernel::{self, Amount, Decimals, Quantity, Rate, UnitPrice};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use crate::error::TooLarge;

/// Why a cell could not be read.
pub type Fail = Box<dyn std::error::Error + Send + Sync>;
type SqliteValue<'a> = <Sqlite as Backend>::RawValue<'a>;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Uid,
    Text,
    /// One of a closed set of words.
    StringEnum,
    Bool,
    Int,
    Date,
    Instant,
    /// A decimal with that many places.
    Decimal(u32),
    Json,
    Bytes,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub nullable: bool,
    /// The prefix of the ids in it.
    pub prefix: Option<&'static str>,
    /// The words it may hold.
    pub words: &'static [&'static str],
}

/// One value on its way into a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null(Kind),
    Uid(Uuid),
    Text(String),
    Bool(bool),
    Int(i64),
    Date(NaiveDate),
    /// The instant, and its microseconds since 1970.
    Instant(DateTime<Utc>, i64),
    /// The decimal, and the same scaled to the places of its kind; `None` when it does not fit.
    Decimal(Decimal, Option<i64>),
    Json(JsonText),
    Bytes(Vec<u8>),
}

/// A date as text on SQLite, ordered as the days are: a year of more than four digits comes after all others, which a bare `+`
/// would put before them.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType)]
#[diesel(sqlite_type(name = "Text"))]
pub(crate) struct Day;

/// Sorts after every digit.
const FAR: char = '~';

impl ToSql<Day, Sqlite> for NaiveDate {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let far = if self.year() > 9999 { String::from(FAR) } else { String::new() };
        out.set_value(format!("{far}{self}"));
        Ok(IsNull::No)
    }
}

impl FromSql<Day, Sqlite> for NaiveDate {
    fn from_sql(value: SqliteValue<'_>) -> diesel::deserialize::Result<Self> {
        let text = <String as FromSql<st::Text, Sqlite>>::from_sql(value)?;
        Ok(text.strip_prefix(FAR).unwrap_or(&text).parse()?)
    }
}

/// JSON as text; PostgreSQL takes it as JSONB.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonText(pub String);

impl ToSql<st::Jsonb, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        use std::io::Write;
        out.write_all(&[1])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

/// The value times 10^scale, when that is a whole number of 64 bits.
fn scaled(value: Decimal, scale: u32) -> Option<i64> {
    let mut x = value;
    x.rescale(scale);
    (x.scale() == scale && x == value).then(|| x.mantissa().to_i64()).flatten()
}

impl Value {
    pub fn decimal<D: Decimals>(v: D) -> Self {
        Self::of_decimal(v.into(), D::SCALE)
    }
    /// A decimal for a column with that many places.
    pub fn scaled(v: kernel::Decimal, places: u32) -> Option<Self> {
        Some(Self::of_decimal(v, places))
    }
    /// What is out of range fits no column.
    fn of_decimal(v: kernel::Decimal, places: u32) -> Self {
        match v.raw() {
            Some(v) => Value::Decimal(v, scaled(v, places)),
            None => Value::Decimal(Decimal::ZERO, None),
        }
    }
    /// PostgreSQL keeps microseconds, so both do.
    pub fn instant(v: DateTime<Utc>) -> Self {
        Value::Instant(v, v.timestamp_micros())
    }
    pub(crate) fn bind_pg<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
        match self {
            Value::Null(kind) => match kind {
                Kind::Uid => out.push_bind_param::<st::Nullable<st::Uuid>, Option<Uuid>>(&None),
                Kind::Text | Kind::StringEnum => out.push_bind_param::<st::Nullable<st::Text>, Option<String>>(&None),
                Kind::Bool => out.push_bind_param::<st::Nullable<st::Bool>, Option<bool>>(&None),
                Kind::Int => out.push_bind_param::<st::Nullable<st::BigInt>, Option<i64>>(&None),
                Kind::Date => out.push_bind_param::<st::Nullable<st::Date>, Option<NaiveDate>>(&None),
                Kind::Instant => out.push_bind_param::<st::Nullable<st::Timestamptz>, Option<DateTime<Utc>>>(&None),
                Kind::Decimal(_) => out.push_bind_param::<st::Nullable<st::Numeric>, Option<Decimal>>(&None),
                Kind::Json => out.push_bind_param::<st::Nullable<st::Jsonb>, Option<serde_json::Value>>(&None),
                Kind::Bytes => out.push_bind_param::<st::Nullable<st::Binary>, Option<Vec<u8>>>(&None),
            },
            Value::Uid(v) => out.push_bind_param::<st::Uuid, Uuid>(v),
            Value::Text(v) => out.push_bind_param::<st::Text, String>(v),
            Value::Bool(v) => out.push_bind_param::<st::Bool, bool>(v),
            Value::Int(v) => out.push_bind_param::<st::BigInt, i64>(v),
            Value::Date(v) => out.push_bind_param::<st::Date, NaiveDate>(v),
            Value::Instant(v, _) => out.push_bind_param::<st::Timestamptz, DateTime<Utc>>(v),
            // NUMERIC would round silently, so what does not fit the scale is refused here as on SQLite.
            Value::Decimal(_, None) => Err(diesel::result::Error::QueryBuilderError(Box::new(TooLarge))),
            Value::Decimal(v, _) => out.push_bind_param::<st::Numeric, Decimal>(v),
            Value::Json(v) => out.push_bind_param::<st::Jsonb, JsonText>(v),
            Value::Bytes(v) => out.push_bind_param::<st::Binary, Vec<u8>>(v),
        }
    }
    pub(crate) fn bind_sqlite<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> diesel::QueryResult<()> {
        match self {
            Value::Null(_) => out.push_bind_param::<st::Nullable<st::Text>, Option<String>>(&None),
            Value::Uid(v) => out.push_bind_param::<st::Binary, [u8]>(v.as_bytes().as_slice()),
            Value::Text(v) => out.push_bind_param::<st::Text, String>(v),
            Value::Bool(v) => out.push_bind_param::<st::Bool, bool>(v),
            Value::Int(v) | Value::Instant(_, v) | Value::Decimal(_, Some(v)) => out.push_bind_param::<st::BigInt, i64>(v),
            Value::Date(v) => out.push_bind_param::<Day, NaiveDate>(v),
            Value::Decimal(_, None) => Err(diesel::result::Error::QueryBuilderError(Box::new(TooLarge))),
            Value::Json(JsonText(v)) => out.push_bind_param::<st::Text, String>(v),
            Value::Bytes(v) => out.push_bind_param::<st::Binary, Vec<u8>>(v),
        }
    }
}

/// The cells of one row, read from left to right.
pub trait Cells {
    /// How many cells the row has.
    fn width(&self) -> usize;
    fn uid(&mut self) -> Result<Option<Uuid>, Fail>;
    fn text(&mut self) -> Result<Option<String>, Fail>;
    fn bool(&mut self) -> Result<Option<bool>, Fail>;
    fn int(&mut self) -> Result<Option<i64>, Fail>;
    fn date(&mut self) -> Result<Option<NaiveDate>, Fail>;
    fn instant(&mut self) -> Result<Option<DateTime<Utc>>, Fail>;
    fn decimal(&mut self, scale: u32) -> Result<Option<Decimal>, Fail>;
    fn json(&mut self) -> Result<Option<serde_json::Value>, Fail>;
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, Fail>;
}

pub(crate) struct PgCells<'r, R> {
    pub row: &'r R,
    pub at: usize,
}

pub(crate) struct SqliteCells<'r, R> {
    pub row: &'r R,
    pub at: usize,
}

/// The value of a column that is declared NOT NULL.
pub(crate) fn required<T>(value: Option<T>) -> Result<T, Fail> {
    value.ok_or_else(|| "an unexpected NULL".into())
}

fn missing(at: usize) -> Fail {
    format!("the row has no column {at}").into()
}

impl<R> PgCells<'_, R> {
    fn next<'a, T>(&mut self, read: impl FnOnce(PgValue<'_>) -> Result<T, Fail>) -> Result<Option<T>, Fail>
    where
        R: NamedRow<'a, Pg>,
    {
        let field = Row::get(self.row, self.at).ok_or_else(|| missing(self.at))?;
        self.at += 1;
        field.value().map(read).transpose()
    }
}

impl<'a, R: NamedRow<'a, Pg>> Cells for PgCells<'_, R> {
    fn width(&self) -> usize {
        self.row.field_count()
    }
    fn uid(&mut self) -> Result<Option<Uuid>, Fail> {
        self.next(FromSql::<st::Uuid, Pg>::from_sql)
    }
    fn text(&mut self) -> Result<Option<String>, Fail> {
        self.next(FromSql::<st::Text, Pg>::from_sql)
    }
    fn bool(&mut self) -> Result<Option<bool>, Fail> {
        self.next(FromSql::<st::Bool, Pg>::from_sql)
    }
    /// Any of the three widths: `COUNT(*)` and a literal `1` are not of the same type here.
    fn int(&mut self) -> Result<Option<i64>, Fail> {
        self.next(|v| match v.as_bytes() {
            b if b.len() == 8 => FromSql::<st::BigInt, Pg>::from_sql(v),
            b if b.len() == 4 => <i32 as FromSql<st::Integer, Pg>>::from_sql(v).map(i64::from),
            _ => <i16 as FromSql<st::SmallInt, Pg>>::from_sql(v).map(i64::from),
        })
    }
    fn date(&mut self) -> Result<Option<NaiveDate>, Fail> {
        self.next(FromSql::<st::Date, Pg>::from_sql)
    }
    fn instant(&mut self) -> Result<Option<DateTime<Utc>>, Fail> {
        self.next(FromSql::<st::Timestamptz, Pg>::from_sql)
    }
    fn decimal(&mut self, _: u32) -> Result<Option<Decimal>, Fail> {
        self.next(FromSql::<st::Numeric, Pg>::from_sql)
    }
    fn json(&mut self) -> Result<Option<serde_json::Value>, Fail> {
        self.next(FromSql::<st::Jsonb, Pg>::from_sql)
    }
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, Fail> {
        self.next(FromSql::<st::Binary, Pg>::from_sql)
    }
}

impl<R> SqliteCells<'_, R> {
    fn next<'a, T>(&mut self, read: impl FnOnce(SqliteValue<'_>) -> Result<T, Fail>) -> Result<Option<T>, Fail>
    where
        R: NamedRow<'a, Sqlite>,
    {
        let field = Row::get(self.row, self.at).ok_or_else(|| missing(self.at))?;
        self.at += 1;
        field.value().map(read).transpose()
    }
}

impl<'a, R: NamedRow<'a, Sqlite>> Cells for SqliteCells<'_, R> {
    fn width(&self) -> usize {
        self.row.field_count()
    }
    fn uid(&mut self) -> Result<Option<Uuid>, Fail> {
        self.next(|v| Ok(Uuid::from_slice(&<Vec<u8> as FromSql<st::Binary, Sqlite>>::from_sql(v)?)?))
    }
    fn text(&mut self) -> Result<Option<String>, Fail> {
        self.next(FromSql::<st::Text, Sqlite>::from_sql)
    }
    fn bool(&mut self) -> Result<Option<bool>, Fail> {
        self.next(FromSql::<st::Bool, Sqlite>::from_sql)
    }
    fn int(&mut self) -> Result<Option<i64>, Fail> {
        self.next(FromSql::<st::BigInt, Sqlite>::from_sql)
    }
    fn date(&mut self) -> Result<Option<NaiveDate>, Fail> {
        self.next(FromSql::<Day, Sqlite>::from_sql)
    }
    fn instant(&mut self) -> Result<Option<DateTime<Utc>>, Fail> {
        self.next(|v| {
            let micros = <i64 as FromSql<st::BigInt, Sqlite>>::from_sql(v)?;
            Utc.timestamp_micros(micros).single().ok_or_else(|| "not an instant".into())
        })
    }
    fn decimal(&mut self, scale: u32) -> Result<Option<Decimal>, Fail> {
        self.next(|v| Ok(Decimal::new(<i64 as FromSql<st::BigInt, Sqlite>>::from_sql(v)?, scale)))
    }
    fn json(&mut self) -> Result<Option<serde_json::Value>, Fail> {
        self.next(|v| Ok(serde_json::from_str(&<String as FromSql<st::Text, Sqlite>>::from_sql(v)?)?))
    }
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, Fail> {
        self.next(FromSql::<st::Binary, Sqlite>::from_sql)
    }
}

/// A plain type that a statement takes and gives.
pub trait Scalar: Sized {
    const KIND: Kind;
    fn put(self) -> Value;
    fn get(cells: &mut dyn Cells) -> Result<Option<Self>, Fail>;
}

macro_rules! scalars { ($($ty:ty, $kind:expr, |$v:ident| $put:expr, |$c:ident| $get:expr;)+) => { $(
    impl Scalar for $ty {
        const KIND: Kind = $kind;
        fn put(self) -> Value { let $v = self; $put }
        fn get($c: &mut dyn Cells) -> Result<Option<Self>, Fail> { $get }
    }
)+ } }
scalars! {
    Uuid, Kind::Uid, |v| Value::Uid(v), |c| c.uid();
    String, Kind::Text, |v| Value::Text(v), |c| c.text();
    bool, Kind::Bool, |v| Value::Bool(v), |c| c.bool();
    i64, Kind::Int, |v| Value::Int(v), |c| c.int();
    i32, Kind::Int, |v| Value::Int(v.into()), |c| Ok(c.int()?.map(i32::try_from).transpose()?);
    NaiveDate, Kind::Date, |v| Value::Date(v), |c| c.date();
    DateTime<Utc>, Kind::Instant, |v| Value::instant(v), |c| c.instant();
    serde_json::Value, Kind::Json, |v| Value::Json(JsonText(v.to_string())), |c| c.json();
    Vec<u8>, Kind::Bytes, |v| Value::Bytes(v), |c| c.bytes();
    Amount, Kind::Decimal(4), |v| Value::decimal(v), |c| decimal(c);
    Quantity, Kind::Decimal(6), |v| Value::decimal(v), |c| decimal(c);
    UnitPrice, Kind::Decimal(6), |v| Value::decimal(v), |c| decimal(c);
    Rate, Kind::Decimal(10), |v| Value::decimal(v), |c| decimal(c);
}

/// Sums may be wider than single values, so only the places are judged here.
pub(crate) fn decimal<D: Decimals>(cells: &mut dyn Cells) -> Result<Option<D>, Fail> {
    let read = |v: Decimal| D::sum_of(v.into()).map_err(|p| -> Fail { p.to_string().into() });
    cells.decimal(D::SCALE)?.map(read).transpose()
}
