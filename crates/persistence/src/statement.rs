//! A statement put together at run time, and the rows it gives. Diesel prepares, caches (by text), binds and decodes.
//!
//! Lists have their filters, order and columns chosen by the caller, and every noun has the same five statements; a
//! statement built from the columns of the noun serves them all with one piece of code per engine instead of one per
//! noun, engine and filter.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::RunQueryDsl;
use diesel::deserialize::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::row::NamedRow;
use diesel::sql_types::Untyped;
use diesel::sqlite::Sqlite;

use crate::conn::{Conn, Engine};
use crate::deadline;
use crate::error::Result;
use crate::on;
use crate::statement_log::{self, Places};
use crate::value::{Cells, Fail, Kind, PgCells, Scalar, SqliteCells, Value, required};

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Sql(Cow<'static, str>),
    /// Where the engines say it differently: PostgreSQL's words and SQLite's.
    Either(&'static str, &'static str),
    Bind(Value),
}

/// SQL with its values. Values are always bound, never written into the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statement {
    parts: Vec<Part>,
    /// Where in the source the parts were written, in debug builds.
    places: Places,
}

impl Statement {
    pub fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { parts: vec![Part::Sql(sql.into())], places: Places::default() }
    }
    /// Words that differ between the engines.
    pub(crate) fn by_engine(postgres: &'static str, sqlite: &'static str) -> Self {
        Self { parts: vec![Part::Either(postgres, sqlite)], places: Places::default() }
    }
    /// Begun by [`crate::sql!`] at this place.
    #[doc(hidden)]
    pub fn written_at(sql: &'static str, file: &'static str, line: u32) -> Self {
        Self { parts: vec![Part::Sql(sql.into())], places: Places::of(file, line) }
    }
    /// The value of one `{}`.
    #[doc(hidden)]
    pub fn bind_value<B: Bind>(&mut self, value: B) {
        debug_assert!(!(B::NULLABLE && self.ends_with_a_comparison()), "`= NULL` holds for no row: {self:?}");
        value.bind(self);
    }
    /// Whether what comes next is compared, so that NULL there would never match.
    fn ends_with_a_comparison(&self) -> bool {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Sql(s) => text.push_str(s),
                Part::Either(s, _) => text.push_str(s),
                Part::Bind(_) => text.push('?'),
            }
        }
        // after SET it is an assignment, and alone it may be the part of one
        let since = text.rfind(" SET ").map_or(&*text, |set| &text[set..]);
        let is_condition = [" WHERE ", " AND ", " OR ", " ON "].iter().any(|word| since.contains(word));
        is_condition && text.trim_end().ends_with(['=', '<', '>'])
    }
    pub fn sql(&mut self, sql: impl Into<Cow<'static, str>>) -> &mut Self {
        self.parts.push(Part::Sql(sql.into()));
        self
    }
    pub fn push(&mut self, value: Value) -> &mut Self {
        self.parts.push(Part::Bind(value));
        self
    }
    pub fn append(&mut self, other: Statement) -> &mut Self {
        self.parts.extend(other.parts);
        self.places.extend(other.places);
        self
    }
    /// `a, b, c` as bound values.
    pub fn values(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        for (i, v) in values.into_iter().enumerate() {
            if i > 0 {
                self.sql(", ");
            }
            self.push(v);
        }
        self
    }
    /// Runs it; how many rows it touched.
    pub fn execute(&self, db: &mut Conn) -> Result<usize> {
        deadline::check()?;
        statement_log::ran(&self.places, db.engine());
        Ok(on!(db, |c| self.clone_ref().execute(c))?)
    }
    /// All rows as tuples, left to right.
    pub fn load<T: Tuple>(&self, db: &mut Conn) -> Result<Vec<T>> {
        self.rows(db)
    }
    /// The first row, if there is one.
    pub fn first<T: Tuple>(&self, db: &mut Conn) -> Result<Option<T>> {
        Ok(self.rows::<T>(db)?.into_iter().next())
    }
    pub(crate) fn rows<T: FromCells>(&self, db: &mut Conn) -> Result<Vec<T>> {
        deadline::check()?;
        statement_log::ran(&self.places, db.engine());
        let rows: Vec<Loaded<T>> = on!(db, |c| self.clone_ref().load(c))?;
        Ok(rows.into_iter().map(|l| l.0).collect())
    }
    fn clone_ref(&self) -> Borrowed<'_> {
        Borrowed(&self.parts)
    }
}

/// Writes different rows by several statements, in one where the engine can, which is PostgreSQL: there all of them see the rows as
/// they were before. How many rows the last one touched. None of them may begin with WITH.
pub fn write_together(db: &mut Conn, first: Vec<Statement>, last: Statement) -> Result<usize> {
    if first.is_empty() || db.engine() == Engine::Sqlite {
        for statement in first {
            statement.execute(db)?;
        }
        return last.execute(db);
    }
    let mut all = Statement::new("WITH ");
    for (i, statement) in first.into_iter().enumerate() {
        all.sql(if i > 0 { ", " } else { "" }).sql(format!("also{i} AS (")).append(statement).sql(")");
    }
    all.sql(" ").append(last);
    all.execute(db)
}

/// What Diesel runs: the parts of a statement.
struct Borrowed<'a>(&'a [Part]);

impl QueryId for Borrowed<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Borrowed<'_> {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Borrowed<'_> {}

impl QueryFragment<Pg> for Borrowed<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
        for part in self.0 {
            match part {
                Part::Sql(s) => out.push_sql(s),
                Part::Either(s, _) => out.push_sql(s),
                Part::Bind(v) => v.bind_pg(&mut out)?,
            }
        }
        Ok(())
    }
}

impl QueryFragment<Sqlite> for Borrowed<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> diesel::QueryResult<()> {
        for part in self.0 {
            match part {
                Part::Sql(s) => out.push_sql(s),
                Part::Either(_, s) => out.push_sql(s),
                Part::Bind(v) => v.bind_sqlite(&mut out)?,
            }
        }
        Ok(())
    }
}

/// What can be read from a row.
pub trait FromCells: Sized + 'static {
    fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail>;
}

struct Loaded<T>(T);

fn in_time() -> Result<(), Fail> {
    if deadline::is_over_at_a_row() { Err(crate::error::Late.into()) } else { Ok(()) }
}

impl<T: FromCells> QueryableByName<Pg> for Loaded<T> {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> diesel::deserialize::Result<Self> {
        in_time()?;
        T::from_cells(&mut PgCells { row, at: 0 }).map(Loaded)
    }
}

impl<T: FromCells> QueryableByName<Sqlite> for Loaded<T> {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> diesel::deserialize::Result<Self> {
        in_time()?;
        T::from_cells(&mut SqliteCells { row, at: 0 }).map(Loaded)
    }
}

/// One cell of a tuple: a scalar, or an `Option` of one.
pub trait Cell: Sized + 'static {
    fn cell(cells: &mut dyn Cells) -> Result<Self, Fail>;
}

impl<S: Scalar + 'static> Cell for S {
    fn cell(cells: &mut dyn Cells) -> Result<Self, Fail> {
        required(S::get(cells)?)
    }
}

impl<S: Scalar + 'static> Cell for Option<S> {
    fn cell(cells: &mut dyn Cells) -> Result<Self, Fail> {
        S::get(cells)
    }
}

/// A row of cells: `(A,)`, `(A, B)`, …
pub trait Tuple: FromCells {}

macro_rules! tuples { ($(($($t:ident)+))+) => { $(
    impl<$($t: Cell),+> FromCells for ($($t,)+) {
        fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail> { Ok(($($t::cell(cells)?,)+)) }
    }
    impl<$($t: Cell),+> Tuple for ($($t,)+) {}
)+ } }
tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L) }

/// A list for `IN ({})`; an empty one matches nothing. The last value is repeated up to a power of two: each length is a
/// statement of its own, prepared and kept for each connection, and there should be few of them.
pub fn list<S: Scalar + Clone>(values: &[S]) -> List {
    let length = if values.len() > 1024 { values.len() } else { values.len().next_power_of_two() };
    let padded = values.iter().chain(std::iter::repeat_n(values.last(), length).flatten()).take(length);
    List(padded.cloned().map(S::put).collect(), PhantomData)
}

/// The values of an `IN` list.
pub struct List(Vec<Value>, PhantomData<()>);

/// What may stand for a `{}` in [`crate::sql!`].
pub trait Bind {
    /// Whether the value may be NULL.
    const NULLABLE: bool;
    fn bind(self, to: &mut Statement);
}

impl<S: Scalar> Bind for S {
    const NULLABLE: bool = false;
    fn bind(self, to: &mut Statement) {
        to.push(self.put());
    }
}

impl<S: Scalar> Bind for Option<S> {
    const NULLABLE: bool = true;
    fn bind(self, to: &mut Statement) {
        to.push(self.map_or(Value::Null(S::KIND), S::put));
    }
}

impl Bind for &str {
    const NULLABLE: bool = false;
    fn bind(self, to: &mut Statement) {
        to.push(Value::Text(self.to_owned()));
    }
}

impl Bind for &String {
    const NULLABLE: bool = false;
    fn bind(self, to: &mut Statement) {
        to.push(Value::Text(self.clone()));
    }
}

impl Bind for Option<&str> {
    const NULLABLE: bool = true;
    fn bind(self, to: &mut Statement) {
        to.push(self.map_or(Value::Null(Kind::Text), |s| Value::Text(s.to_owned())));
    }
}

impl Bind for Value {
    const NULLABLE: bool = false;
    fn bind(self, to: &mut Statement) {
        to.push(self);
    }
}

impl Bind for List {
    const NULLABLE: bool = false;
    fn bind(self, to: &mut Statement) {
        match self.0.is_empty() {
            true => to.sql("NULL"),
            false => to.values(self.0),
        };
    }
}

impl Bind for Statement {
    const NULLABLE: bool = false;
    fn bind(self, to: &mut Statement) {
        to.append(self);
    }
}

/// How many `{}` a text has.
#[doc(hidden)]
pub const fn places_for_values(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut found) = (1, 0);
    while at < bytes.len() {
        if bytes[at - 1] == b'{' && bytes[at] == b'}' {
            found += 1;
        }
        at += 1;
    }
    found
}

/// A statement whose `{}` are the values that follow, bound: `sql!("SELECT a FROM t WHERE b = {}", b).load::<(i64,)>(db)`.
/// That there are as many values as places is judged by the compiler; that no value compared with `=`, `<` or `>` may be
/// NULL, by debug builds. What only one engine runs says so, `sql!(postgres: "…")`; of all others a test after the suite demands that
/// they ran on both.
#[macro_export]
macro_rules! sql {
    (@one $value:expr) => { 1 };
    (postgres: $($statement:tt)*) => { $crate::sql!($($statement)*) };
    (sqlite: $($statement:tt)*) => { $crate::sql!($($statement)*) };
    ($text:literal $(, $value:expr)* $(,)?) => {{
        const _: () = assert!(
            $crate::places_for_values($text) == 0 $(+ $crate::sql!(@one $value))*,
            "a statement needs one value for each place",
        );
        let mut pieces = $text.split("{}");
        #[allow(unused_mut)]
        let mut statement = $crate::Statement::written_at(pieces.next().unwrap_or_default(), file!(), line!());
        $(
            statement.bind_value($value);
            statement.sql(pieces.next().unwrap_or_default());
        )*
        statement
    }};
}
