//! Query parameters into typed structs.

use domain::Result;
use domain::kernel::{FieldError, Problem, problems};
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::form;
use super::input::Pairs;

/// The parameters of a report. Every field needs a doc comment; optional ones are `Option`.
pub trait Filter: DeserializeOwned + IntoParams + 'static {}
impl<T: DeserializeOwned + IntoParams + 'static> Filter for T {}

pub(crate) fn query_of<F: Filter>() -> Vec<Parameter> {
    F::into_params(|| Some(ParameterIn::Query))
}

/// The parameter by which a caller waits for a follower.
pub(crate) const WAIT_FOR: &str = "wait_for";

/// A parameter that is a day or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    Day,
    Instant,
}

/// Those of the parameters that are days or instants.
pub(crate) fn times(parameters: &[Parameter]) -> Vec<(String, Time)> {
    let format_of = |p: &Parameter| {
        let schema = serde_json::to_value(p.schema.as_ref()?).ok()?;
        let branches = schema["oneOf"].as_array().into_iter().flatten().chain([&schema]);
        branches.filter_map(|s| s["format"].as_str()).find_map(|f| match f {
            "date" => Some(Time::Day),
            "date-time" => Some(Time::Instant),
            _ => None,
        })
    };
    parameters.iter().filter_map(|p| Some((p.name.clone(), format_of(p)?))).collect()
}

/// Refuses days and instants in another form than the document shows.
pub(crate) fn in_form(times: &[(String, Time)], query: &Pairs) -> Result<()> {
    for (name, value) in query {
        let wrong = times.iter().find(|(n, _)| n == name).and_then(|(_, time)| match time {
            Time::Day if form::day(value).is_none() => Some("a day such as 2026-01-31"),
            Time::Instant if form::instant(value).is_none() => Some("an instant such as 2026-01-31T12:00:00Z"),
            _ => None,
        });
        if let Some(form) = wrong {
            return Err(problems::invalid_parameter.at(vec![FieldError::parameter(name, "invalid", format!("{value:?} is not {form}."))]));
        }
    }
    Ok(())
}

/// Unknown parameters that a refusal names; somebody who sends more has another problem than a typing mistake.
const NAMED: usize = 20;

/// Refuses what the operation does not know, what is given twice and what no database takes; all at once.
pub(crate) fn known(known: &[String], query: &Pairs) -> Result<()> {
    let mut errors = Vec::new();
    for (i, (name, value)) in query.iter().enumerate() {
        if !known.contains(name) {
            if errors.len() < NAMED {
                errors.push(FieldError::parameter(name, "unknown_parameter", "There is no such parameter."));
            }
        } else if query[..i].iter().any(|(n, _)| n == name) {
            return Err(problems::invalid_parameter.at(vec![FieldError::parameter(name, "given_twice", "The parameter is given twice.")]));
        } else if value.contains('\0') {
            return Err(problems::invalid_parameter.at(vec![FieldError::parameter(name, "invalid", "The value contains a NUL.")]));
        }
    }
    match errors.is_empty() {
        true => Ok(()),
        false => {
            let detail = match known {
                [] => "The operation takes no parameters.".to_string(),
                some => format!("The parameters are {}.", some.join(", ")),
            };
            Err(errors.into_iter().fold(problems::unknown_parameter.with(detail), Problem::and_at))
        }
    }
}

/// Refuses a request without parameters that the operation needs; all of them at once.
pub(crate) fn complete(needed: &[String], query: &Pairs) -> Result<()> {
    let missing = needed.iter().filter(|name| query.iter().all(|(given, _)| given != *name));
    let errors: Vec<FieldError> = missing.map(|name| FieldError::parameter(name, "required", "The parameter is required.")).collect();
    if errors.is_empty() { Ok(()) } else { Err(problems::invalid_parameter.at(errors)) }
}

/// The pairs as a typed struct; what is wrong names its parameter.
pub(crate) fn typed<T: DeserializeOwned>(pairs: &Pairs) -> Result<T> {
    let own = pairs.iter().filter(|(k, _)| k != "dry_run" && k != "expand" && k != WAIT_FOR);
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

macro_rules! whole { ($($method:ident $ty:ty => $visit:ident),*) => { $(
    fn $method<V: Visitor<'de>>(self, v: V) -> Result<V::Value, DeError> {
        let number = form::whole(self.0).and_then(|n| <$ty>::try_from(n).ok());
        v.$visit(number.ok_or_else(|| serde::de::Error::custom(format!("{:?} is not a whole number in range", self.0)))?)
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
    fn deserialize_bool<V: Visitor<'de>>(self, v: V) -> Result<V::Value, DeError> {
        v.visit_bool(self.0.parse().map_err(|_| serde::de::Error::custom(format!("{:?} is neither true nor false", self.0)))?)
    }
    whole!(deserialize_i32 i32 => visit_i32, deserialize_i64 i64 => visit_i64,
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
