//! Values as JSON: text that goes out, or a tree to be changed first.

use domain::Result;
use domain::kernel::problems;
use serde::Serialize;
use serde_json::Value;

fn no_form(e: serde_json::Error) -> domain::Problem {
    log::error!("an answer has no JSON form: {e}");
    problems::internal.into()
}

/// Appends the JSON text of a value.
pub(super) fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<()> {
    serde_json::to_writer(out, value).map_err(no_form)
}

/// A value taken apart.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(no_form)
}
