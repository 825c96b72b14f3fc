//! Bytes to JSON, strictly: no duplicate members, no more than 32 levels, nothing after the value, no NUL in strings.
//! What reaches an operation is then the same for every reader of it. An array with more items than its schema allows is
//! refused at the first one too many, so that what a body takes in memory is in proportion to what is accepted.

use std::cell::{Cell, RefCell};
use std::fmt;

use domain::kernel::{FieldError, Result, problems};
use platform::table::{Outline, Place, schema};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Levels of objects and arrays.
pub const MAX_DEPTH: usize = 32;

/// Values of a body, all levels together. A body of 1 MiB cannot have many more.
const MAX_VALUES: usize = 500_000;
/// Whole numbers up to this are whole numbers however they are written: 2^53.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Parses a body. Malformed text is `malformed`; a NUL character, and an array that is too long for its place in the
/// outline, is `invalid_body` with its pointer; too many values are `payload_too_large`.
pub fn parse(bytes: &[u8], outline: &Outline) -> Result<Value> {
    let mut de = serde_json::Deserializer::from_slice(bytes);
    let reading = Reading { outline, values: Cell::new(0), refusal: RefCell::new(None) };
    let value = Strict { reading: &reading, depth: 0, place: outline.root() }.deserialize(&mut de).and_then(|v| de.end().map(|()| v));
    let value = value.map_err(|e| match reading.refusal.take() {
        Some(Refusal::TooManyItems { pointer, most }) => problems::invalid_body.at(vec![schema::too_many(pointer, most)]),
        Some(Refusal::TooManyValues) => problems::payload_too_large.with(format!("The body may have {MAX_VALUES} values at most.")),
        None => problems::malformed.with(format!("The body is not valid JSON: {e}.")),
    })?;
    let mut errors = Vec::new();
    find_nul(&value, &mut String::new(), &mut errors);
    if errors.is_empty() { Ok(value) } else { Err(problems::invalid_body.at(errors)) }
}

fn find_nul(value: &Value, at: &mut String, errors: &mut Vec<FieldError>) {
    let refused = |at: &str| FieldError::body(at, "invalid_character", "must not contain the character U+0000");
    match value {
        Value::String(s) if s.contains('\0') => errors.push(refused(at)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| descend(&i.to_string(), v, at, errors)),
        Value::Object(members) => members.iter().for_each(|(k, v)| {
            if k.contains('\0') {
                errors.push(refused(at));
            } else {
                descend(k, v, at, errors);
            }
        }),
        _ => {}
    }
}

fn descend(segment: &str, value: &Value, at: &mut String, errors: &mut Vec<FieldError>) {
    let before = at.len();
    at.push('/');
    at.push_str(&segment.replace('~', "~0").replace('/', "~1"));
    find_nul(value, at, errors);
    at.truncate(before);
}

/// What is known while a body is read.
struct Reading<'o> {
    outline: &'o Outline,
    values: Cell<usize>,
    /// Why reading stopped, when it was not for the form of the text.
    refusal: RefCell<Option<Refusal>>,
}

enum Refusal {
    /// The pointer grows on the way out.
    TooManyItems {
        pointer: String,
        most: usize,
    },
    TooManyValues,
}

impl Reading<'_> {
    /// An error passes a member or an item on its way out.
    fn under(&self, segment: &str) {
        if let Some(Refusal::TooManyItems { pointer, .. }) = &mut *self.refusal.borrow_mut() {
            pointer.insert_str(0, &format!("/{}", segment.replace('~', "~0").replace('/', "~1")));
        }
    }
    fn stop<E: serde::de::Error>(&self, refusal: Refusal) -> E {
        *self.refusal.borrow_mut() = Some(refusal);
        E::custom("too much")
    }
}

struct Strict<'o> {
    reading: &'o Reading<'o>,
    depth: usize,
    place: Place,
}

impl<'o> Strict<'o> {
    fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("more than {MAX_DEPTH} levels")));
        }
        Ok(())
    }
    fn deeper(&self, place: Place) -> Strict<'o> {
        Strict { reading: self.reading, depth: self.depth + 1, place }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        let values = self.reading.values.get() + 1;
        self.reading.values.set(values);
        if values > MAX_VALUES {
            return Err(self.reading.stop(Refusal::TooManyValues));
        }
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        // 30.0 is the whole number 30 (JSON Schema, 6.1.1)
        if v.fract() == 0.0 && v.abs() <= LARGEST_WHOLE {
            return Ok((v as i64).into());
        }
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.check_depth::<A::Error>()?;
        let most = self.reading.outline.most_items(&self.place).unwrap_or(usize::MAX);
        let place = self.reading.outline.items(&self.place);
        let mut out = Vec::new();
        while let Some(v) =
            items.next_element_seed(self.deeper(place.clone())).inspect_err(|_| self.reading.under(&out.len().to_string()))?
        {
            if out.len() >= most {
                return Err(self.reading.stop(Refusal::TooManyItems { pointer: String::new(), most }));
            }
            out.push(v);
        }
        Ok(Value::Array(out))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.check_depth::<A::Error>()?;
        let mut out = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if out.contains_key(&key) {
                return Err(serde::de::Error::custom(format!("the member {key:?} appears twice")));
            }
            let place = self.reading.outline.member(&self.place, &key);
            let value = members.next_value_seed(self.deeper(place)).inspect_err(|_| self.reading.under(&key))?;
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(bytes: &[u8]) -> Result<Value> {
        super::parse(bytes, &Outline::default())
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        assert_eq!(parse(b"[30.0, -2.0, 1e2, 2.5, 0.0]").expect("json"), json!([30, -2, 100, 2.5, 0]));
        assert!(parse(b"1e300").expect("json").is_f64());
    }

    #[test]
    fn values_are_counted() {
        let many = format!("[{}1]", "1,".repeat(MAX_VALUES));
        assert_eq!(parse(many.as_bytes()).expect_err("refused").code().code, "payload_too_large");
    }

    #[test]
    fn plain_json_comes_through() {
        let text = r#"{"a":[1,-2,2.5,"x\n\u00e9",true,null],"b":{}}"#;
        assert_eq!(parse(text.as_bytes()).expect("json"), json!({ "a": [1, -2, 2.5, "x\né", true, null], "b": {} }));
    }

    #[test]
    fn what_readers_understand_differently_is_malformed() {
        let deep = "[".repeat(33) + &"]".repeat(33);
        let cases: [&[u8]; 12] = [
            b"",
            b"{",
            br#"{"a":1,"a":1}"#,
            br#"{"a":{"b":1,"b":2}}"#,
            b"1 2",
            b"{} x",
            br#""\ud800""#,
            b"\"\xff\"",
            b"[1e999]",
            b"NaN",
            b"\xef\xbb\xbf{}",
            deep.as_bytes(),
        ];
        for bad in cases {
            let p = parse(bad).expect_err("refused");
            assert_eq!(p.code().code, "malformed", "{:?}", String::from_utf8_lossy(bad));
        }
        let just_right = "[".repeat(32) + &"]".repeat(32);
        assert!(parse(just_right.as_bytes()).is_ok());
    }

    #[test]
    fn a_nul_is_invalid_and_named() {
        let p = parse(br#"{"lines":[{"na/me":"a\u0000b"}]}"#).expect_err("refused");
        assert_eq!(p.code().code, "invalid_body");
        assert_eq!(p.errors()[0].pointer.as_deref(), Some("/lines/0/na~1me"));
    }
}
