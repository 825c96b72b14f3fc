//! What a list was asked with, ready for the database. It is read from a request in [`parse`] and answered in [`answer`].

mod answer;
mod parse;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use domain::Result;
use domain::kernel::problems;
use persistence::{Condition, Order, Query, Record, Scalar, Value as Bound};
use serde_json::Value;

use super::cursor::{sign, write};
use crate::visibility::Masking;

/// How every cursor begins, so that one that was tampered with can be told from one that never was.
const CURSOR_MARK: &[u8] = b"tndm";

/// What a list was asked with, ready for the database.
#[derive(Debug, Clone)]
pub struct List {
    pub query: Query,
    pub expand: Vec<String>,
    pub fields: Option<Vec<String>>,
    pub include_total: bool,
    /// The days asked for, by the names declared with [`super::Op::day`].
    pub days: BTreeMap<String, NaiveDate>,
    /// Binds a cursor to the operation, its filters and its order.
    digest: Vec<u8>,
    /// No page is wanted, but the conditions of its rows: [`crate::Cx::page`] hands them over.
    pub(crate) gathers: bool,
}

impl List {
    /// The first rows, as when nothing was asked but how many.
    pub fn first(limit: i64) -> Self {
        let order = vec![Order { column: "id", descending: false, nullable: false }];
        List {
            query: Query { limit, order, ..Query::default() },
            expand: vec![],
            fields: None,
            include_total: false,
            days: Default::default(),
            digest: vec![],
            gathers: false,
        }
    }
    /// The same, after the row with this id; for lists in the order of ids.
    pub fn after_id(mut self, id: uuid::Uuid) -> Self {
        self.query.after = Some(vec![Bound::Uid(id)]);
        self
    }
    /// Only rows whose column holds this.
    pub fn only(&mut self, column: &'static str, value: impl Scalar) -> &mut Self {
        self.query.conditions.push(Condition::In(column, vec![value.put()]));
        self
    }
    /// What the caller and the operation ask for so far.
    pub fn conditions(&self) -> &[Condition] {
        &self.query.conditions
    }
    pub fn condition(&mut self, condition: Condition) -> &mut Self {
        self.query.conditions.push(condition);
        self
    }
    /// Newest first, unless the caller asked for another order.
    pub fn newest_first(&mut self) -> &mut Self {
        if let [only] = &mut self.query.order[..] {
            only.descending = true;
        }
        self
    }
    /// Whether what is kept in other tables is wanted: not when `fields` names stored columns alone.
    pub(crate) fn wants_all<T: Record>(&self) -> bool {
        self.fields.as_ref().is_none_or(|f| f.iter().any(|f| T::texts().column(f).is_none()))
    }
    /// The cursor behind this row: the values of the order's columns, signed.
    pub(crate) fn cursor_after<T: Record>(&self, key: &[u8], row: &T) -> String {
        self.cursor_at(key, &self.values_at(row))
    }
    /// The values of the order's columns in this row.
    pub(crate) fn values_at<T: Record>(&self, row: &T) -> Vec<Bound> {
        let mut values = Vec::new();
        row.put(&mut values);
        let at = |name: &str| T::texts().columns.iter().position(|c| c.name == name);
        self.query.order.iter().filter_map(|o| at(o.column)).map(|i| values[i].clone()).collect()
    }
    /// The cursor behind a row with these values in the order's columns.
    pub(crate) fn cursor_at(&self, key: &[u8], values: &[Bound]) -> String {
        let parts: Vec<Value> = values.iter().map(write).collect();
        let mut body = self.digest.clone();
        body.extend(Value::from(parts).to_string().into_bytes());
        let mut signed = CURSOR_MARK.to_vec();
        signed.extend(sign(key, &body));
        signed.extend(body);
        URL_SAFE_NO_PAD.encode(signed)
    }
}

/// A page takes no further row once it has so many bytes.
pub(crate) const PAGE_BYTES: usize = 4 << 20;
/// Rows whose children, or whose expansions, are loaded by one query.
pub(crate) const ROWS_AT_ONCE: usize = 50;

pub(super) fn judge_column(masking: &Masking, column: &str) -> Result<()> {
    match masking.hides(column) {
        true => {
            Err(problems::missing_scope
                .with(format!("You may not see {column}, and so neither filter nor sort by it, nor group or sum it.")))
        }
        false => Ok(()),
    }
}
