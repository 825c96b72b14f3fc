//! Foreign keys that lead to a party or a contact, with what a merge does to them and how their rows are read for an export. Each
//! noun declares its own beside its rows, areas collect them. A test walks the schema and fails when one is missing.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{Bind, Condition, Conn, Record, Result, Statement, list, record};

/// What a foreign key leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Party,
    Contact,
}

/// What a merge does to the rows of the one that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMerge {
    /// They follow, and count a version: callers hold them by their ETag.
    Follow,
    /// They follow silently: rows of ledgers, of which the database lets nothing else change.
    FollowUnchanged,
    /// They follow unless the one that stays has a row with the same in these columns; then they stay with the tombstone.
    FollowUnlessDouble(&'static [&'static str]),
    /// The same for parts of a noun, which have no version of their own.
    PartUnlessDouble(&'static [&'static str]),
    /// They stay: they are written with it, or are history.
    Stay,
}

/// One foreign key that leads to a party or a contact.
pub struct Reference {
    pub to: Target,
    pub table: &'static str,
    pub column: &'static str,
    pub on_merge: OnMerge,
    /// `None` where the rows are no more than a copy for looking up.
    read: Option<fn(&mut Conn, &'static str, &[Uuid]) -> Result<Vec<Value>>>,
}

impl Reference {
    /// From a column of a noun to a party.
    pub(crate) const fn to_party<T: Record + Serialize>(column: &'static str, on_merge: OnMerge) -> Self {
        Self { to: Target::Party, table: T::TABLE, column, on_merge, read: Some(rows::<T>) }
    }
    /// From a column of a noun to a contact.
    pub(crate) const fn to_contact<T: Record + Serialize>(column: &'static str, on_merge: OnMerge) -> Self {
        Self { to: Target::Contact, table: T::TABLE, column, on_merge, read: Some(rows::<T>) }
    }
    /// From rows that are written with the party or contact and found by it alone.
    pub(crate) const fn copy(to: Target, table: &'static str, column: &'static str) -> Self {
        Self { to, table, column, on_merge: OnMerge::Stay, read: None }
    }
    /// `invoices.customer_id`
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
    /// Whether its rows are read for an export.
    pub fn is_exported(&self) -> bool {
        self.read.is_some()
    }
    /// The rows that lead to these parties or contacts, as the API shows them; none of a copy.
    pub(crate) fn rows(&self, db: &mut Conn, ids: &[Uuid]) -> Result<Vec<Value>> {
        self.read.map_or_else(|| Ok(Vec::new()), |read| read(db, self.column, ids))
    }
}

fn rows<T: Record + Serialize>(db: &mut Conn, column: &'static str, ids: &[Uuid]) -> Result<Vec<Value>> {
    let found = record::by::<T>(db, column, ids)?;
    // plain data with string keys always has a JSON form
    Ok(found.iter().map(|row| serde_json::to_value(row).unwrap_or(Value::Null)).collect())
}

/// Into whom those of these parties or contacts were merged that were.
pub fn survivors(db: &mut Conn, table: &'static str, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut s = Statement::new(format!("SELECT id, merged_into FROM {table} WHERE merged_into IS NOT NULL AND id IN ("));
    list(ids).bind(&mut s);
    s.sql(")");
    s.load(db)
}

/// Rows of a table that lead to nobody who was merged away. What stays with a tombstone is the double of what the survivor has.
pub fn not_of_tombstones(table: &str, pointers: &[(&str, &str)]) -> Condition {
    let mut s = Statement::default();
    for (i, (column, target)) in pointers.iter().enumerate() {
        s.sql(if i == 0 { "" } else { " AND " });
        s.sql(format!("NOT EXISTS (SELECT 1 FROM {target} gone WHERE gone.id = {table}.{column} AND gone.merged_into IS NOT NULL)"));
    }
    Condition::Other(s)
}
