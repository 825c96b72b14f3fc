//! A body that its schema accepts, as a typed struct.

use domain::Result;
use domain::kernel::{FieldError, problems};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::schema::escape;

/// The body as a typed struct. What a schema cannot say (ranges of decimals, real days) is found here.
pub(crate) fn typed<T: DeserializeOwned>(body: &Value) -> Result<T> {
    serde_path_to_error::deserialize(body).map_err(|e| {
        let mut pointer = String::new();
        for s in e.path() {
            match s {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
                Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
                Segment::Unknown => {}
            }
        }
        let message = e.into_inner().to_string();
        let known = [problems::too_many_decimals, problems::amount_out_of_range];
        match known.iter().find(|c| message.starts_with(c.code)) {
            Some(code) => code.field(pointer, message[code.code.len()..].trim_start_matches(": ")),
            None => problems::invalid_body.at(vec![FieldError::body(pointer, "invalid", message)]),
        }
    })
}
