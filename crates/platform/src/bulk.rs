//! Many of one kind in one request: all or none, or each for itself.

use std::marker::PhantomData;

use domain::Entity;
use domain::Result;
use domain::kernel::{Problem, StringEnum};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::cx::Cx;
use crate::table::Body;

/// How many items one request may have.
pub(crate) const MOST_ITEMS: usize = 500;

domain::string_enum! {
    /// What happens to the others when one item is refused.
    pub enum BulkMode {
        /// All are kept or none.
        Atomic = "atomic",
        /// Those that succeed are kept.
        Partial = "partial",
    }
}

/// Many items to create, as the document shows it; items are read one by one.
pub(crate) struct Bulk<B>(PhantomData<B>);

impl<B: ToSchema> utoipa::PartialSchema for Bulk<B> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::AdditionalProperties;
        use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref};
        ObjectBuilder::new()
            .description(Some("Many items to create."))
            .property("mode", Ref::from_schema_name("BulkMode"))
            .property("items", ArrayBuilder::new().items(Ref::from_schema_name(B::name())).min_items(Some(1)).max_items(Some(MOST_ITEMS)))
            .required("mode")
            .required("items")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .into()
    }
}

impl<B: ToSchema> ToSchema for Bulk<B> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Bulk", B::name()).into()
    }
    fn schemas(out: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        crate::table::collect_schema::<BulkMode>(out);
        crate::table::collect_schema::<B>(out);
    }
}

/// What became of the items.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    /// In the order of the request.
    #[schema(max_items = 500)]
    pub items: Vec<BulkItem>,
    /// How many were made.
    #[schema(minimum = 0, maximum = 500)]
    pub created: i32,
    /// How many were there already and were changed.
    #[schema(minimum = 0, maximum = 500)]
    pub updated: i32,
    /// How many were refused.
    #[schema(minimum = 0, maximum = 500)]
    pub refused: i32,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkItem {
    /// Its place in the request, from 0.
    #[schema(minimum = 0, maximum = 499)]
    pub index: i32,
    /// `created`, `updated` or `refused`.
    #[schema(max_length = 20)]
    pub status: String,
    /// The id of what was made.
    #[schema(required, max_length = 40)]
    pub id: Option<String>,
    /// Why it was refused: code, text, and pointers into the item.
    #[schema(required)]
    pub error: Option<BulkError>,
}

/// Why one item was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkError {
    /// Stable code of the problem.
    #[schema(max_length = 100)]
    pub code: String,
    /// What happened.
    #[schema(max_length = 2000)]
    pub detail: String,
    /// The places in the request that are wrong.
    #[schema(max_items = 100)]
    pub errors: Vec<BulkFieldError>,
}

/// One place that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkFieldError {
    /// JSON Pointer into the whole body.
    #[schema(max_length = 500)]
    pub pointer: String,
    /// The stable code of the error.
    #[schema(max_length = 100)]
    pub code: String,
    /// The error as text.
    #[schema(max_length = 1000)]
    pub message: String,
}

/// What an upsert of one item did.
pub(crate) struct Upserted {
    pub created: bool,
    pub id: String,
}

pub(crate) fn run<T: Entity, B: Body>(cx: &mut Cx, create: fn(&mut Cx, B) -> Result<T>, body: &Value) -> Result<BulkResult> {
    each(cx, |cx, item: B| create(cx, item).map(|made| Upserted { created: true, id: made.id().to_string() }), body)
}

/// Does it to every item, and tells what became of each.
pub(crate) fn each<B: Body>(cx: &mut Cx, write: impl Fn(&mut Cx, B) -> Result<Upserted>, body: &Value) -> Result<BulkResult> {
    let atomic = body["mode"].as_str().and_then(BulkMode::from_word) != Some(BulkMode::Partial);
    let items = body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut out = Vec::with_capacity(items.len());
    for (index, item) in (0..).zip(items) {
        let at = |p: Problem| p.under(&format!("/items/{index}"));
        let made = crate::table::typed_body::<B>(item).map_err(at).and_then(|b| match atomic {
            true => write(cx, b).map_err(at),
            false => cx.savepoint(|cx| write(cx, b)).map_err(at),
        });
        match made {
            Ok(done) => {
                let status = if done.created { "created" } else { "updated" };
                out.push(BulkItem { index, status: status.into(), id: Some(done.id), error: None });
            }
            Err(p) if atomic => return Err(p),
            Err(p) => out.push(BulkItem { index, status: "refused".into(), id: None, error: Some(error_of(&p)) }),
        }
    }
    let count = |status: &str| out.iter().filter(|i| i.status == status).count() as i32;
    Ok(BulkResult { created: count("created"), updated: count("updated"), refused: count("refused"), items: out })
}

fn error_of(p: &Problem) -> BulkError {
    let errors = p.errors().iter().map(|e| BulkFieldError {
        pointer: e.pointer.clone().unwrap_or_default(),
        code: e.code.clone(),
        message: e.message.clone(),
    });
    BulkError { code: p.code().code.into(), detail: p.to_string(), errors: errors.collect() }
}
