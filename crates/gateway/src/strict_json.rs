//! Bytes to JSON, strictly: no duplicate members, no more than 32 levels, nothing after the value, no NUL in strings.
//! What reaches an operation is then the same for every reader of it.

use std::fmt;

use domain::kernel::{FieldError, Result, problems};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Levels of objects and arrays.
pub const MAX_DEPTH: usize = 32;

/// Parses a body. Malformed text is `malformed`; a NUL character is `invalid_body` with its pointer.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    let mut de = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut de).and_then(|v| de.end().map(|()| v));
    let value = value.map_err(|e| problems::malformed.with(format!("The body is not valid JSON: {e}.")))?;
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

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<Strict, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("more than {MAX_DEPTH} levels")));
        }
        Ok(Strict { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.deeper::<A::Error>()?;
        let mut out = Vec::new();
        while let Some(v) = items.next_element_seed(Strict { depth: self.depth + 1 })? {
            out.push(v);
        }
        Ok(Value::Array(out))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.deeper::<A::Error>()?;
        let mut out = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if out.contains_key(&key) {
                return Err(serde::de::Error::custom(format!("the member {key:?} appears twice")));
            }
            let value = members.next_value_seed(Strict { depth: self.depth + 1 })?;
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
