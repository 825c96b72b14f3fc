//! One page of a list, as it is answered and as the document shows it.

use serde::Serialize;
use utoipa::openapi::{ArrayBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::shape::collect;

/// One page.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub has_more: bool,
    pub next_cursor: Option<String>,
    pub total_count: Option<i64>,
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        use utoipa::openapi::schema::SchemaType;
        let flag = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(Some("Whether more rows follow, also when this page is shorter than `limit`."));
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("Pass it as `cursor` to get the next page. Null on the last page."))
            .max_length(Some(2000));
        let total = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .maximum(Some(9_007_199_254_740_991i64))
            .description(Some("The number of all matching rows; null unless `include_total` was asked for."));
        ObjectBuilder::new()
            .description(Some("One page of a list."))
            .property(
                "data",
                ArrayBuilder::new().items(Ref::from_schema_name(T::name())).max_items(Some(200)).description(Some("The rows.")),
            )
            .property("has_more", flag)
            .property("next_cursor", cursor)
            .property("total_count", total)
            .required("data")
            .required("has_more")
            .required("next_cursor")
            .required("total_count")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }
    fn schemas(out: &mut Vec<(String, RefOr<Schema>)>) {
        collect::<T>(out);
    }
}
