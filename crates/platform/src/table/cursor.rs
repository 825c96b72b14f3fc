//! What a cursor carries: the values of the order at the last row of a page, signed so that nobody writes one by hand.

use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use persistence::{Column, Kind as Of, Value as Bound};
use serde_json::Value;
use sha2::Sha256;

/// The signature over a cursor, 16 bytes of HMAC-SHA256.
pub(crate) fn sign(key: &[u8], body: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(body);
    mac.finalize().into_bytes()[..16].to_vec()
}

/// A value of the order as JSON.
pub(super) fn write(value: &Bound) -> Value {
    match value {
        Bound::Null(_) => Value::Null,
        Bound::Uid(v) => v.to_string().into(),
        Bound::Text(v) => v.clone().into(),
        Bound::Bool(v) => (*v).into(),
        Bound::Int(v) => (*v).into(),
        Bound::Date(v) => v.to_string().into(),
        Bound::Instant(_, micros) => (*micros).into(),
        Bound::Decimal(v, _) => v.to_string().into(),
        Bound::Json(_) | Bound::Bytes(_) => Value::Null,
    }
}

/// A value of the order from JSON; `None` when it is not of the kind of its column.
pub(super) fn read(column: &Column, value: &Value) -> Option<Bound> {
    if value.is_null() {
        return Some(Bound::Null(column.kind));
    }
    Some(match column.kind {
        Of::Uid => Bound::Uid(value.as_str()?.parse().ok()?),
        Of::Text | Of::StringEnum => Bound::Text(value.as_str()?.into()),
        Of::Bool => Bound::Bool(value.as_bool()?),
        Of::Int => Bound::Int(value.as_i64()?),
        Of::Date => Bound::Date(value.as_str()?.parse().ok()?),
        Of::Instant => Bound::instant(DateTime::from_timestamp_micros(value.as_i64()?)?),
        Of::Decimal(places) => Bound::scaled(value.as_str()?.parse().ok()?, places)?,
        Of::Json | Of::Bytes => return None,
    })
}
