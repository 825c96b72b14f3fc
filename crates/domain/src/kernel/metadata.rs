//! The free keys and values that callers may hang on main objects.

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

/// The schema of a `metadata` field, `#[schema(schema_with = crate::kernel::metadata)]`: at most 50 texts by key.
pub fn metadata() -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(500));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Own keys and values of the caller, at most 50."))
        .additional_properties(Some(AdditionalProperties::RefOr(text.into())))
        .max_properties(Some(50))
        .into()
}
