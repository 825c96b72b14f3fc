//! What rows hold of a person. Each noun says beside its rows which columns hold a person's addresses, names and words, and how
//! a row leads to its person; areas collect it, and export and erasure follow it. A test walks the schema and fails for a
//! column with text that is declared neither as personal nor as not.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use domain::directory::personal_data::Terms;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::record::Texts;
use crate::{Conn, Record, Result, record};

/// Values in one statement.
pub(crate) const CHUNK: usize = 500;

/// What leads from a row to its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    Party,
    Contact,
    Lead,
    /// A party, contact or lead, whichever it is.
    Anyone,
    /// An e-mail address, as it compares.
    Mailbox,
    /// The hash of an e-mail address or number.
    Hash,
    /// An id on the wire, or a mailbox.
    Name,
    /// A row of another table that is declared before.
    Row(&'static str),
}

/// One way from a row to its person.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The column, as an export names it.
    pub column: &'static str,
    pub to: To,
    /// The condition, with `{}` for the list of what is looked for, where it is more than the column: on PostgreSQL and on SQLite.
    pub(crate) condition: Option<(&'static str, &'static str)>,
    /// The row is about the person. One that is not, as a deal of a firm that the person answers for, only loses who that is.
    pub(crate) about: bool,
}

/// A row of this column is about the person.
pub const fn by(column: &'static str, to: To) -> Way {
    Way { column, to, condition: None, about: true }
}

/// A row of this column is about somebody else, and names the person.
pub const fn names(column: &'static str, to: To) -> Way {
    Way { column, to, condition: None, about: false }
}

impl Way {
    /// Found by a condition with `{}` for the list.
    pub const fn where_is(self, condition: &'static str) -> Self {
        self.where_either(condition, condition)
    }
    /// As [`Way::where_is`], written for PostgreSQL and for SQLite.
    pub const fn where_either(self, postgres: &'static str, sqlite: &'static str) -> Self {
        Self { condition: Some((postgres, sqlite)), ..self }
    }
}

/// What becomes of a column in an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// A word, because it must not be empty.
    StringEnum,
    Null,
    /// `{}`
    Object,
    /// `[]`
    List,
    /// An empty text: what rows are found by.
    Blank,
    /// What it is, unless the person is named in it: the words of documents and of others.
    Unnamed,
    /// What it is: law wants it kept, or it is kept in step with its owner.
    Kept,
}

/// A column that holds something of a person.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub column: &'static str,
    pub left: Left,
    /// It says who somebody is, so that it goes from a row about somebody else, too.
    pub(crate) identity: bool,
}

const fn held(column: &'static str, left: Left) -> Held {
    Held { column, left, identity: false }
}
pub const fn word(column: &'static str) -> Held {
    held(column, Left::StringEnum)
}
pub const fn null(column: &'static str) -> Held {
    held(column, Left::Null)
}
pub const fn object(column: &'static str) -> Held {
    held(column, Left::Object)
}
pub const fn array(column: &'static str) -> Held {
    held(column, Left::List)
}
pub const fn blank(column: &'static str) -> Held {
    held(column, Left::Blank)
}
pub const fn unnamed(column: &'static str) -> Held {
    held(column, Left::Unnamed)
}
pub const fn kept(column: &'static str) -> Held {
    held(column, Left::Kept)
}

impl Held {
    /// It says who somebody is.
    pub const fn identity(self) -> Self {
        Self { identity: true, ..self }
    }
}

/// What happens to the rows that are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Emptied,
    Deleted,
    /// Nothing: their owner writes them.
    Owned,
}

pub(crate) type Read = fn(&mut Conn, &[Uuid]) -> Result<Vec<Json>>;
pub(crate) type Part = fn(&mut Conn, &[Uuid], &Terms, DateTime<Utc>) -> Result<()>;

/// What the rows of a table hold of a person.
pub struct Personal {
    pub table: &'static str,
    pub ways: &'static [Way],
    pub columns: &'static [Held],
    /// Columns with text that say nothing about a person.
    pub plain: &'static [&'static str],
    pub(crate) fate: Fate,
    pub(crate) texts: Option<fn() -> &'static LazyLock<Texts>>,
    pub(crate) read: Option<Read>,
    /// What is set besides.
    pub(crate) also: &'static str,
    /// How rows about somebody else lose the person, where that takes more than columns.
    pub(crate) part: Option<Part>,
}

impl Personal {
    const fn blank(table: &'static str) -> Self {
        Self { table, ways: &[], columns: &[], plain: &[], fate: Fate::Emptied, texts: None, read: None, also: "", part: None }
    }
    /// Of the rows of a noun.
    pub const fn of<T: Record + Serialize>() -> Self {
        Self { texts: Some(T::texts), read: Some(rows::<T>), ..Self::blank(T::TABLE) }
    }
    /// Of a table that is no noun.
    pub const fn table(table: &'static str) -> Self {
        Self::blank(table)
    }
    /// Of rows that are written with their owner, and emptied with it.
    pub const fn owned(table: &'static str, columns: &'static [Held]) -> Self {
        Self { columns, fate: Fate::Owned, ..Self::blank(table) }
    }
    pub const fn ways(self, ways: &'static [Way]) -> Self {
        Self { ways, ..self }
    }
    pub const fn columns(self, columns: &'static [Held]) -> Self {
        Self { columns, ..self }
    }
    pub const fn plain(self, plain: &'static [&'static str]) -> Self {
        Self { plain, ..self }
    }
    /// The rows go.
    pub const fn deleted(self) -> Self {
        Self { fate: Fate::Deleted, ..self }
    }
    /// The rows are emptied by whoever looks after the noun.
    pub const fn with_owner(self) -> Self {
        Self { fate: Fate::Owned, ..self }
    }
    /// The rows are not exported: they speak of others, too.
    pub const fn unread(self) -> Self {
        Self { read: None, ..self }
    }
    /// Sets something besides, `, due_at = NULL`.
    pub const fn also(self, also: &'static str) -> Self {
        Self { also, ..self }
    }
    pub const fn part(self, part: Part) -> Self {
        Self { part: Some(part), ..self }
    }
    /// The prefix of ids of the rows.
    pub(crate) fn prefix(&self) -> Option<&'static str> {
        self.texts.and_then(|t| t().column("id")).and_then(|c| c.prefix)
    }
    pub(crate) fn has(&self, column: &str) -> bool {
        self.texts.is_some_and(|t| t().column(column).is_some())
    }
}

/// Columns with text of tables without anything of a person.
pub type Plain = (&'static str, &'static [&'static str]);

/// The rows with these ids, as the API shows them.
fn rows<T: Record + Serialize>(db: &mut Conn, ids: &[Uuid]) -> Result<Vec<Json>> {
    let mut out = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        // plain data with string keys always has a JSON form
        out.extend(record::find_all::<T>(db, chunk)?.iter().map(|row| serde_json::to_value(row).unwrap_or(Json::Null)));
    }
    Ok(out)
}
