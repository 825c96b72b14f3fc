//! The kinds a column is declared with in [`crate::record!`], and how each is written and read.
#![allow(non_camel_case_types)]

use chrono::{DateTime, NaiveDate, Utc};
use domain::kernel::{Amount, Id, Quantity, Rate, StringEnum, UnitPrice};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::value::{Cells, Column, Fail, JsonText, Kind, Scalar, Value, decimal, required};

/// How a value of type `V` is kept in a column of this kind.
pub trait Store<V> {
    const KIND: Kind;
    fn put(v: &V) -> Value;
    fn get(cells: &mut dyn Cells) -> Result<Option<V>, Fail>;
    /// The prefix of an id.
    fn prefix() -> Option<&'static str> {
        None
    }
    /// The words of a closed set.
    fn words() -> &'static [&'static str] {
        &[]
    }
}

/// An id of the domain.
pub struct uid;
/// Text.
pub struct text;
/// A word of a closed set, kept as text.
pub struct word;
/// True or false.
pub struct bool;
/// A whole number.
pub struct int;
/// A whole number of 32 bits.
pub struct small;
/// A day.
pub struct date;
/// A moment in UTC, to the microsecond.
pub struct instant;
/// Money, four places.
pub struct amount;
/// A quantity, six places.
pub struct quantity;
/// Money for one unit, six places.
pub struct price;
/// A factor, ten places.
pub struct rate;
/// Anything with a JSON form.
pub struct json;
/// Bytes.
pub struct bytes;

impl<I: Id> Store<I> for uid {
    const KIND: Kind = Kind::Uid;
    fn put(v: &I) -> Value {
        Value::Uid(v.uuid())
    }
    fn get(cells: &mut dyn Cells) -> Result<Option<I>, Fail> {
        Ok(cells.uid()?.map(I::from_uuid))
    }
    fn prefix() -> Option<&'static str> {
        Some(I::PREFIX)
    }
}

impl<W: StringEnum> Store<W> for word {
    const KIND: Kind = Kind::StringEnum;
    fn put(v: &W) -> Value {
        Value::Text(v.as_str().to_owned())
    }
    fn get(cells: &mut dyn Cells) -> Result<Option<W>, Fail> {
        cells.text()?.map(|s| W::from_word(&s).ok_or_else(|| format!("unknown word {s}").into())).transpose()
    }
    fn words() -> &'static [&'static str] {
        W::WORDS
    }
}

impl<T: Serialize + DeserializeOwned> Store<T> for json {
    const KIND: Kind = Kind::Json;
    /// Plain data always has a JSON form; `null` would fail the column's NOT NULL.
    fn put(v: &T) -> Value {
        Value::Json(JsonText(serde_json::to_string(v).unwrap_or_else(|_| "null".into())))
    }
    fn get(cells: &mut dyn Cells) -> Result<Option<T>, Fail> {
        Ok(cells.json()?.map(serde_json::from_value).transpose()?)
    }
}

macro_rules! scalar_kinds { ($($kind:ident $ty:ty;)+) => { $(
    impl Store<$ty> for $kind {
        const KIND: Kind = <$ty as Scalar>::KIND;
        fn put(v: &$ty) -> Value { v.clone().put() }
        fn get(cells: &mut dyn Cells) -> Result<Option<$ty>, Fail> { <$ty as Scalar>::get(cells) }
    }
)+ } }
scalar_kinds! { text String; int i64; small i32; date NaiveDate; instant DateTime<Utc>; bytes Vec<u8>; }

impl Store<core::primitive::bool> for bool {
    const KIND: Kind = Kind::Bool;
    fn put(v: &core::primitive::bool) -> Value {
        Value::Bool(*v)
    }
    fn get(cells: &mut dyn Cells) -> Result<Option<core::primitive::bool>, Fail> {
        cells.bool()
    }
}

macro_rules! decimal_kinds { ($($kind:ident $ty:ty;)+) => { $(
    impl Store<$ty> for $kind {
        const KIND: Kind = <$ty as Scalar>::KIND;
        fn put(v: &$ty) -> Value { Value::decimal(*v) }
        fn get(cells: &mut dyn Cells) -> Result<Option<$ty>, Fail> { decimal(cells) }
    }
)+ } }
decimal_kinds! { amount Amount; quantity Quantity; price UnitPrice; rate Rate; }

/// Called by the code that [`crate::record!`] writes.
#[doc(hidden)]
pub mod made {
    use super::*;
    pub fn put<K: Store<V>, V>(v: &V) -> Value {
        K::put(v)
    }
    pub fn put_opt<K: Store<V>, V>(v: &Option<V>) -> Value {
        v.as_ref().map_or(Value::Null(K::KIND), K::put)
    }
    pub fn get<K: Store<V>, V>(cells: &mut dyn Cells) -> Result<V, Fail> {
        required(K::get(cells)?)
    }
    pub fn get_opt<K: Store<V>, V>(cells: &mut dyn Cells) -> Result<Option<V>, Fail> {
        K::get(cells)
    }
    pub fn column<K: Store<V>, T, V>(name: &'static str, _: fn(&T) -> &V) -> Column {
        Column { name, kind: K::KIND, nullable: false, prefix: K::prefix(), words: K::words() }
    }
    pub fn column_opt<K: Store<V>, T, V>(name: &'static str, _: fn(&T) -> &Option<V>) -> Column {
        Column { name, kind: K::KIND, nullable: true, prefix: K::prefix(), words: K::words() }
    }
    pub fn derived<K: Store<V>, T, V>(name: &'static str, _: fn(&T) -> V) -> Column {
        Column { name, kind: K::KIND, nullable: false, prefix: None, words: &[] }
    }
    pub fn put_derived<K: Store<V>, T, V>(of: &T, f: fn(&T) -> V) -> Value {
        K::put(&f(of))
    }
}
