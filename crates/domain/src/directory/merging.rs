//! What merges of parties and of contacts have in common: lists are united without doubles, and what a merge brought is
//! taken out again when it is taken back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::emails::{self, EmailAddress};
use super::phones::PhoneNumber;
use crate::kernel::{Code, Result, problems};

crate::string_enum! {
    /// One of the two of a merge.
    pub enum MergeSide {
        /// The one that stays.
        Winner = "winner",
        /// The one that goes.
        Loser = "loser",
    }
    /// Status of a merge.
    pub enum MergeStatus {
        /// The two are one.
        Merged = "merged",
        /// It was taken back.
        Undone = "undone",
    }
}

/// Days in which a merge can be taken back.
pub const UNDO_DAYS: i64 = 30;

/// Rows that follow the one that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MovedRows {
    /// Which ones: `invoices.customer_id`.
    #[schema(max_length = 100, example = "invoices.customer_id")]
    pub what: String,
    /// Quantity.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub rows: i64,
}

/// What can be merged with another of its kind.
pub(super) trait Mergeable {
    /// A field of which only one value can stay.
    type Field: Copy + PartialEq + 'static;
    /// All such fields.
    const FIELDS: &'static [Self::Field];
    /// The field as text; `None` when there is nothing to lose.
    fn text(&self, field: Self::Field) -> Option<String>;
    /// Takes the value of the field from the other.
    fn copy(&mut self, field: Self::Field, from: &Self);
}

/// A field in which the two differ.
pub(super) struct Difference<F> {
    pub field: F,
    pub winner: Option<String>,
    pub loser: Option<String>,
    pub kept: MergeSide,
}

/// Gives `after`, which is the winner as it was, the values it gets from the loser: those of the fields in `take`, and those
/// of which the winner has none, but for fields that stay as they are. What differed.
pub(super) fn settle<T: Mergeable>(after: &mut T, loser: &T, take: &[T::Field], stays: &[T::Field]) -> Vec<Difference<T::Field>> {
    let mut differences = Vec::new();
    for field in T::FIELDS.iter().copied() {
        let (mine, theirs) = (after.text(field), loser.text(field));
        let from_loser = take.contains(&field) || (mine.is_none() && !stays.contains(&field));
        if from_loser && theirs.is_some() {
            after.copy(field, loser);
        }
        if mine.is_some() && theirs.is_some() && mine != theirs {
            let kept = if from_loser { MergeSide::Loser } else { MergeSide::Winner };
            differences.push(Difference { field, winner: mine, loser: theirs, kept });
        }
    }
    differences
}

/// Adds the addresses of the one that goes. What was primary stays primary.
pub(super) fn unite_emails(to: &mut Vec<EmailAddress>, from: &[EmailAddress]) {
    for mail in from {
        if !to.iter().any(|e| emails::key(&e.address) == emails::key(&mail.address)) {
            let primary = mail.primary && to.is_empty();
            to.push(EmailAddress { primary, ..mail.clone() });
        }
    }
}

/// Adds the phone numbers of the one that goes. What was primary stays primary.
pub(super) fn unite_phones(to: &mut Vec<PhoneNumber>, from: &[PhoneNumber]) {
    for phone in from {
        if !to.iter().any(|p| p.normalised == phone.normalised) {
            let primary = phone.primary && to.is_empty();
            to.push(PhoneNumber { primary, ..phone.clone() });
        }
    }
}

/// Adds what is not there yet.
pub(super) fn unite<T: Clone + PartialEq>(to: &mut Vec<T>, from: &[T]) {
    for one in from {
        if !to.contains(one) {
            to.push(one.clone());
        }
    }
}

/// Adds the values under keys that are not there yet.
pub(super) fn unite_metadata(to: &mut BTreeMap<String, String>, from: &BTreeMap<String, String>) {
    for (key, value) in from {
        to.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// Refuses lists that became too long: name, length, how long it may be.
pub(super) fn check_sizes(sizes: &[(&str, usize, usize)], refusal: Code) -> Result<()> {
    match sizes.iter().find(|(_, size, most)| size > most) {
        Some((list, size, most)) => Err(refusal.with(format!("There would be {size} {list}; there are at most {most}."))),
        None => Ok(()),
    }
}

/// Refuses to take back what is too long ago.
pub(super) fn check_in_time(until: DateTime<Utc>, now: DateTime<Utc>, refusal: Code) -> Result<()> {
    match now > until {
        true => Err(refusal.with(format!("It could be taken back until {}.", until.to_rfc3339()))),
        false => Ok(()),
    }
}

/// The one that stayed without what the merge brought; what happened to it since stays.
///
/// # Errors
/// `internal` when it has no JSON form, which cannot be.
pub(super) fn without_merge<T: Serialize + DeserializeOwned>(before: &T, after: &T, now: &T) -> Result<T> {
    let of = |v: &T| serde_json::to_value(v).map_err(|_| problems::internal);
    Ok(serde_json::from_value(taken_back(&of(before)?, &of(after)?, of(now)?)).map_err(|_| problems::internal)?)
}

/// `now` without what `after` has more than `before`: values that nobody has touched since are those of before again, and
/// lists lose what the merge added to them.
fn taken_back(before: &Value, after: &Value, now: Value) -> Value {
    if &now == after {
        return before.clone();
    }
    match (before, after, now) {
        (Value::Object(before), Value::Object(after), Value::Object(now)) => Value::Object(members_back(before, after, now)),
        (Value::Array(before), Value::Array(after), Value::Array(now)) => {
            let brought = |v: &Value| after.contains(v) && !before.contains(v);
            Value::Array(now.into_iter().filter(|v| !brought(v)).collect())
        }
        (_, _, now) => now,
    }
}

fn members_back(before: &Map<String, Value>, after: &Map<String, Value>, now: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in now {
        match (before.get(&key), after.get(&key)) {
            (Some(b), Some(a)) => drop(out.insert(key, taken_back(b, a, value))),
            // the merge brought it and nobody changed it since
            (None, Some(a)) if *a == value => {}
            _ => drop(out.insert(key, value)),
        }
    }
    out
}
