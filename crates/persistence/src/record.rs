//! Rows: a struct of the domain and the table it is kept in, declared once by [`crate::record!`], and the statements
//! every noun needs.

use std::borrow::Cow;
use std::sync::LazyLock;

use uuid::Uuid;

use crate::conn::{Conn, Engine};
use crate::error::Result;
use crate::query::Query;
use crate::statement::{FromCells, Statement, list as values_of, write_together};
use crate::value::{Cells, Column, Fail, Value};

/// The parts of the statements that depend on the columns alone.
#[derive(Debug)]
pub struct Texts {
    pub columns: Vec<Column>,
    /// How many of the columns are read; the rest are derived when written.
    pub read: usize,
    pub select: String,
    pub insert: String,
    pub update: String,
}

impl Texts {
    pub fn of(table: &str, columns: Vec<Column>, read: usize) -> Self {
        let names = |c: &[Column]| c.iter().map(|c| c.name).collect::<Vec<_>>().join(", ");
        let select = format!("SELECT {} FROM {table}", names(&columns[..read]));
        let insert = format!("INSERT INTO {table} ({}) VALUES ", names(&columns));
        Self { columns, read, select, insert, update: format!("UPDATE {table} SET ") }
    }
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

/// A struct of the domain that is kept in a table.
pub trait Record: Clone + Send + Sync + 'static {
    const TABLE: &'static str;
    fn texts() -> &'static LazyLock<Texts>;
    fn key(&self) -> Uuid;
    fn put(&self, out: &mut Vec<Value>);
    fn take(cells: &mut dyn Cells) -> Result<Self, Fail>;
    /// Fills in what is kept in other tables, for all rows at once.
    fn complete(_: &mut Conn, _: &mut [Self]) -> Result<()> {
        Ok(())
    }
    /// Master data that no transaction reads twice: what it once read stays true for it, unless it changes it itself.
    fn is_steady() -> bool {
        matches!(
            Self::TABLE,
            "companies" | "currencies" | "units" | "calendars" | "periods" | "account_determinations" | "warehouses" | "locations"
        )
    }
    /// The column that says whose document a row is, when it belongs to one company.
    fn company_column() -> Option<&'static str> {
        match Self::TABLE {
            "companies" => Some("id"),
            _ => Self::texts().column("company_id").map(|c| c.name),
        }
    }
}

struct Row<T>(T);

impl<T: Record> FromCells for Row<T> {
    fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail> {
        T::take(cells).map(Row)
    }
}

/// Runs a statement whose columns are those of the record, and completes the rows.
pub fn load<T: Record>(db: &mut Conn, statement: &Statement) -> Result<Vec<T>> {
    let mut rows = load_bare::<T>(db, statement)?;
    if !rows.is_empty() {
        T::complete(db, &mut rows)?;
    }
    Ok(rows)
}

/// As [`load`], without what is kept in other tables.
pub fn load_bare<T: Record>(db: &mut Conn, statement: &Statement) -> Result<Vec<T>> {
    Ok(statement.rows::<Row<T>>(db)?.into_iter().map(|r| r.0).collect())
}

/// `SELECT <columns> FROM <table>`, to be continued.
pub fn select<T: Record>() -> Statement {
    Statement::new(Cow::Borrowed(&*T::texts().select))
}

/// Statements stay below the engines' limit on bound values.
pub(crate) const MAX_VALUES: usize = 16_000;

/// Inserts all rows, in as few statements as the engine allows.
pub fn insert<T: Record>(db: &mut Conn, rows: &[T]) -> Result<()> {
    for statement in insertion(rows) {
        statement.execute(db)?;
    }
    Ok(())
}

/// The statements that insert all rows, for [`crate::write_together`].
pub fn insertion<T: Record>(rows: &[T]) -> Vec<Statement> {
    let texts = T::texts();
    rows.iter().for_each(|row| crate::lock_ranks::made(T::TABLE, row.key()));
    let chunks = rows.chunks((MAX_VALUES / texts.columns.len()).max(1));
    chunks
        .map(|chunk| {
            let mut statement = Statement::new(Cow::Borrowed(&*texts.insert));
            put_rows(&mut statement, chunk);
            statement
        })
        .collect()
}

/// Inserts rows and what belongs to them, in one statement where the engine has one for it. The rows are there before their parts,
/// so that the triggers of the parts find them.
pub fn insert_both<T: Record, P: Record>(db: &mut Conn, rows: &[T], parts: &[P]) -> Result<()> {
    let bound = rows.len() * T::texts().columns.len() + parts.len() * P::texts().columns.len();
    if db.engine() == Engine::Sqlite || rows.is_empty() || parts.is_empty() || bound > MAX_VALUES {
        insert(db, rows)?;
        return insert(db, parts);
    }
    let mut statement = Statement::new("WITH made AS (");
    statement.sql(&*T::texts().insert);
    put_rows(&mut statement, rows);
    statement.sql(" RETURNING 1) ");
    put_after_made(&mut statement, parts);
    statement.execute(db)?;
    rows.iter().for_each(|row| crate::lock_ranks::made(T::TABLE, row.key()));
    Ok(())
}

/// An INSERT of parts for a statement that began `WITH made AS (…)`: they come after what is made there.
pub(crate) fn put_after_made<P: Record>(to: &mut Statement, parts: &[P]) {
    to.sql(P::texts().insert.trim_end_matches("VALUES ")).sql("SELECT v.* FROM (SELECT COUNT(*) FROM made) AS m, (VALUES ");
    put_rows(to, parts);
    to.sql(") AS v");
    parts.iter().for_each(|row| crate::lock_ranks::made(P::TABLE, row.key()));
}

/// `(a, b), (c, d)` as bound values.
fn put_rows<T: Record>(to: &mut Statement, rows: &[T]) {
    let mut values = Vec::with_capacity(T::texts().columns.len());
    for (i, row) in rows.iter().enumerate() {
        to.sql(if i == 0 { "(" } else { ", (" });
        row.put(&mut values);
        to.values(values.drain(..)).sql(")");
    }
}

/// The row with this id.
pub fn find<T: Record>(db: &mut Conn, id: Uuid) -> Result<Option<T>> {
    let mut statement = select::<T>();
    statement.sql(" WHERE id = ").push(Value::Uid(id));
    Ok(load(db, &statement)?.pop())
}

/// The row with this id, locked until the end of the transaction (SQLite has one writer and needs no lock).
pub fn find_to_change<T: Record>(db: &mut Conn, id: Uuid) -> Result<Option<T>> {
    crate::lock_ranks::taken(T::TABLE, id);
    lock(db, id)
}

/// The row with this id, to be referred to: until the end of the transaction it is neither deleted nor merged away, and who is
/// at that is waited for. Others may change it (SQLite has one writer and needs no lock).
pub fn find_to_refer<T: Record>(db: &mut Conn, id: Uuid) -> Result<Option<T>> {
    let mut statement = select::<T>();
    statement.sql(" WHERE id = ").push(Value::Uid(id));
    if db.engine() == Engine::Postgres {
        statement.sql(" FOR KEY SHARE");
    }
    Ok(load(db, &statement)?.pop())
}

/// As [`find_to_change`], outside of the order of locks: for rows that only a decision of this transaction names. A deadlock that
/// comes of it is ended by the database and repeated by the door.
pub fn find_to_change_late<T: Record>(db: &mut Conn, id: Uuid) -> Result<Option<T>> {
    crate::lock_ranks::exempt(T::TABLE, id);
    lock(db, id)
}

fn lock<T: Record>(db: &mut Conn, id: Uuid) -> Result<Option<T>> {
    let mut statement = select::<T>();
    statement.sql(" WHERE id = ").push(Value::Uid(id));
    if db.engine() == Engine::Postgres {
        statement.sql(" FOR NO KEY UPDATE");
    }
    Ok(load(db, &statement)?.pop())
}

/// The rows with these ids, in no order; ids without a row are left out.
pub fn find_all<T: Record>(db: &mut Conn, ids: &[Uuid]) -> Result<Vec<T>> {
    by(db, "id", ids)
}

/// The rows whose `column` holds one of `ids`, by `position` where there is one, else by id.
pub fn by<T: Record>(db: &mut Conn, column: &'static str, ids: &[Uuid]) -> Result<Vec<T>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = select::<T>();
    statement.sql(" WHERE ").sql(column).sql(" IN (");
    crate::statement::Bind::bind(values_of(ids), &mut statement);
    let position = T::texts().column("position").is_some();
    statement.sql(if position { ") ORDER BY position, id" } else { ") ORDER BY id" });
    load(db, &statement)
}

/// Writes all columns of the row whose version is `expected`; whether there was such a row.
pub fn update<T: Record>(db: &mut Conn, row: &T, expected: Option<i64>) -> Result<bool> {
    crate::lock_ranks::taken(T::TABLE, row.key());
    let texts = T::texts();
    let mut values = Vec::with_capacity(texts.columns.len());
    row.put(&mut values);
    let mut statement = Statement::new(Cow::Borrowed(&*texts.update));
    let mut first = true;
    for (column, value) in texts.columns.iter().zip(values) {
        if column.name == "id" {
            continue;
        }
        statement.sql(if first { "" } else { ", " }).sql(column.name).sql(" = ").push(value);
        first = false;
    }
    statement.sql(" WHERE id = ").push(Value::Uid(row.key()));
    if let Some(version) = expected {
        statement.sql(" AND version = ").push(Value::Int(version));
    }
    Ok(statement.execute(db)? == 1)
}

/// Writes the columns in which `after` differs from `before`, to the row whose version is `expected`; whether there was such a
/// row. What is not written is not indexed anew either.
pub fn update_changed<T: Record>(db: &mut Conn, before: &T, after: &T, expected: i64) -> Result<bool> {
    update_with(db, before, after, expected, Vec::new())
}

/// As [`update_changed`], together with statements about its parts.
pub fn update_with<T: Record>(db: &mut Conn, before: &T, after: &T, expected: i64, parts: Vec<Statement>) -> Result<bool> {
    crate::lock_ranks::taken(T::TABLE, after.key());
    let mut statement = changes(before, after);
    statement.sql(" WHERE id = ").push(Value::Uid(after.key())).sql(" AND version = ").push(Value::Int(expected));
    Ok(write_together(db, parts, statement)? == 1)
}

/// An UPDATE with the columns in which `after` differs from `before`, up to its WHERE.
pub(crate) fn changes<T: Record>(before: &T, after: &T) -> Statement {
    let texts = T::texts();
    let (mut old, mut new) = (Vec::with_capacity(texts.columns.len()), Vec::with_capacity(texts.columns.len()));
    before.put(&mut old);
    after.put(&mut new);
    let mut statement = Statement::new(Cow::Borrowed(&*texts.update));
    let mut first = true;
    for ((column, value), _) in texts.columns.iter().zip(new).zip(old).filter(|((c, new), old)| c.name != "id" && new != old) {
        statement.sql(if first { "" } else { ", " }).sql(column.name).sql(" = ").push(value);
        first = false;
    }
    if first {
        // a row that never counts its version may be stored as it is
        statement.sql("id = id");
    }
    statement
}

/// Deletes the row with this id; whether there was one.
pub fn delete<T: Record>(db: &mut Conn, id: Uuid) -> Result<bool> {
    Ok(delete_by::<T>(db, "id", id)? == 1)
}

/// Deletes the rows whose `column` holds this id; how many.
pub fn delete_by<T: Record>(db: &mut Conn, column: &'static str, id: Uuid) -> Result<usize> {
    let mut statement = Statement::new(format!("DELETE FROM {} WHERE {column} = ", T::TABLE));
    statement.push(Value::Uid(id));
    statement.execute(db)
}

/// The rows of one page, without what is kept in other tables.
pub fn page<T: Record>(db: &mut Conn, query: &Query) -> Result<Vec<T>> {
    let mut statement = select::<T>();
    query.finish(&mut statement);
    load_bare(db, &statement)
}

/// How many rows fit the filters.
pub fn count<T: Record>(db: &mut Conn, query: &Query) -> Result<i64> {
    let mut statement = Statement::new(format!("SELECT COUNT(*) FROM {}", T::TABLE));
    query.filters(&mut statement);
    Ok(statement.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Declares how a struct of the domain is kept:
///
/// ```text
/// record! {
///     sales_orders: SalesOrder { id: uid, number: opt(text), status: word, total: amount, version: int }
///     derived { search: text = |o| search::normalise(&[&o.name]) }   // columns that are written and not read
///     late { rank: int = |o| o.rank() }                              // such columns that were added to filled tables: rows from before
///                                                                    // have NULL until the clock writes them
///     unstored { lines }                                             // fields that are kept elsewhere
///     complete = complete                                            // fn(&mut Conn, &mut [SalesOrder]) fills those in
/// }
/// ```
#[macro_export]
macro_rules! record {
    ($table:ident : $ty:ty { $($field:ident : $kind:ident $(($inner:ident))?),* $(,)? }
        $(derived { $($dname:ident : $dkind:ident = |$dv:ident| $dexpr:expr),* $(,)? })?
        $(late { $($lname:ident : $lkind:ident = |$lv:ident| $lexpr:expr),* $(,)? })?
        $(unstored { $($un:ident),* $(,)? })?
        $(complete = $complete:path)?
    ) => {
        impl $crate::Record for $ty {
            const TABLE: &'static str = stringify!($table);
            fn texts() -> &'static std::sync::LazyLock<$crate::record::Texts> {
                static TEXTS: std::sync::LazyLock<$crate::record::Texts> = std::sync::LazyLock::new(|| {
                    #[allow(unused_mut)]
                    let mut columns = vec![$($crate::record!(@column $ty, $field, $kind $(($inner))?)),*];
                    let read = columns.len();
                    $($(columns.push($crate::kind::made::derived::<$crate::kind::$dkind, $ty, _>(stringify!($dname), |$dv: &$ty| $dexpr));)*)?
                    $($(columns.push($crate::kind::made::derived::<$crate::kind::$lkind, $ty, _>(stringify!($lname), |$lv: &$ty| $lexpr));)*)?
                    $crate::record::Texts::of(stringify!($table), columns, read)
                });
                &TEXTS
            }
            fn key(&self) -> $crate::reexport::Uuid { $crate::reexport::Id::uuid(self.id) }
            fn put(&self, out: &mut Vec<$crate::Value>) {
                $(out.push($crate::record!(@put self.$field, $kind $(($inner))?));)*
                $($(out.push($crate::kind::made::put_derived::<$crate::kind::$dkind, $ty, _>(self, |$dv: &$ty| $dexpr));)*)?
                $($(out.push($crate::kind::made::put_derived::<$crate::kind::$lkind, $ty, _>(self, |$lv: &$ty| $lexpr));)*)?
            }
            fn take(cells: &mut dyn $crate::Cells) -> Result<Self, $crate::Fail> {
                Ok(Self {
                    $($field: $crate::record!(@take cells, $kind $(($inner))?),)*
                    $($($un: Default::default(),)*)?
                })
            }
            $(fn complete(db: &mut $crate::Conn, rows: &mut [Self]) -> $crate::Result<()> { $complete(db, rows) })?
        }
    };
    (@column $ty:ty, $field:ident, opt($inner:ident)) => { $crate::kind::made::column_opt::<$crate::kind::$inner, $ty, _>(stringify!($field), |x: &$ty| &x.$field) };
    (@column $ty:ty, $field:ident, $kind:ident) => { $crate::kind::made::column::<$crate::kind::$kind, $ty, _>(stringify!($field), |x: &$ty| &x.$field) };
    (@put $e:expr, opt($inner:ident)) => { $crate::kind::made::put_opt::<$crate::kind::$inner, _>(&$e) };
    (@put $e:expr, $kind:ident) => { $crate::kind::made::put::<$crate::kind::$kind, _>(&$e) };
    (@take $c:ident, opt($inner:ident)) => { $crate::kind::made::get_opt::<$crate::kind::$inner, _>($c)? };
    (@take $c:ident, $kind:ident) => { $crate::kind::made::get::<$crate::kind::$kind, _>($c)? };
}
