//! Query parameters into typed structs.

use domain::Result;
use domain::kernel::{FieldError, problems};
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::op::Pairs;
use crate::followers::WAIT_FOR;

/// The parameters of a report. Every field needs a doc comment; optional ones are `Option`.
pub trait Filter: DeserializeOwned + IntoParams + 'static {}
impl<T: DeserializeOwned + IntoParams + 'static> Filter for T {}

pub(crate) fn query_of<F: Filter>() -> Vec<Parameter> {
    F::into_params(|| Some(ParameterIn::Query))
}

/// Refuses what the operation does not know, what is given twice and what no database takes; all at once.
pub(crate) fn known(known: &[String], query: &Pairs) -> Result<()> {
    let mut errors = Vec::new();
    for (i, (name, value)) in query.iter().enumerate() {
        if !known.contains(name) {
            errors.push(FieldError::parameter(
                name,
                "unknown_parameter",
                format!("There is no such parameter; there are {}.", known.join(", ")),
            ));
        } else if query[..i].iter().any(|(n, _)| n == name) {
            return Err(problems::invalid_parameter.at(vec![FieldError::parameter(name, "given_twice", "The parameter is given twice.")]));
        } else if value.contains('\0') {
            return Err(problems::invalid_parameter.at(vec![FieldError::parameter(name, "invalid", "The value contains a NUL.")]));
        }
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(problems::unknown_parameter.at(errors)),
    }
}

/// The pairs as a typed struct; what is wrong names its parameter.
pub(crate) fn typed<T: DeserializeOwned>(pairs: &Pairs) -> Result<T> {
    let own = pairs.iter().filter(|(k, _)| k != "dry_run" && k != WAIT_FOR);
    let map = MapDeserializer::new(own.map(|(k, v)| (k.as_str(), Text(v))));
    serde_path_to_error::deserialize(map).map_err(|e| {
        let path = e.path().to_string();
        let message = e.into_inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|m| m.split('`').next()).map(String::from);
        let code = if missing.is_some() { "required" } else { "invalid" };
        problems::invalid_parameter.at(vec![FieldError::parameter(missing.unwrap_or(path), code, message)])
    })
}

struct Text<'a>(&'a str);
type DeError = serde::de::value::Error;

macro_rules! parsed { ($($method:ident $ty:ty => $visit:ident),*) => { $(
    fn $method<V: Visitor<'de>>(self, v: V) -> Result<V::Value, DeError> {
        v.$visit(self.0.parse::<$ty>().map_err(serde::de::Error::custom)?)
    } )* } }

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = DeError;
    fn deserialize_any<V: Visitor<'de>>(self, v: V) -> Result<V::Value, DeError> {
        v.visit_str(self.0)
    }
    fn deserialize_option<V: Visitor<'de>>(self, v: V) -> Result<V::Value, DeError> {
        v.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, v: V) -> Result<V::Value, DeError> {
        v.visit_newtype_struct(self)
    }
    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], v: V) -> Result<V::Value, DeError> {
        v.visit_enum(self.0.into_deserializer())
    }
    /// A list is given as `a,b,c`.
    fn deserialize_seq<V: Visitor<'de>>(self, v: V) -> Result<V::Value, DeError> {
        v.visit_seq(serde::de::value::SeqDeserializer::new(self.0.split(',').filter(|s| !s.is_empty()).map(Text)))
    }
    parsed!(deserialize_bool bool => visit_bool, deserialize_i32 i32 => visit_i32, deserialize_i64 i64 => visit_i64,
        deserialize_u32 u32 => visit_u32, deserialize_u64 u64 => visit_u64);
    forward_to_deserialize_any! { i8 i16 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
    tuple_struct map struct identifier ignored_any }
}

impl<'de> IntoDeserializer<'de, DeError> for Text<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}
