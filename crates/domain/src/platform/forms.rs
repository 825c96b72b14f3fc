//! What a user interface needs to know of a noun to show a form and a list of it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::labels::LabelLanguage;

crate::string_enum! {
    /// How a field is entered and shown.
    pub enum FormFieldKind {
        /// Text.
        Text = "text",
        /// One word of a closed set: `words`.
        Choice = "choice",
        /// The id of a record: `refers_to`.
        Reference = "reference",
        /// True or false.
        Flag = "flag",
        /// A whole number.
        Integer = "integer",
        /// A number with a fraction that is no exact decimal.
        Number = "number",
        /// An exact decimal, as a string.
        Decimal = "decimal",
        /// A calendar day.
        Date = "date",
        /// An instant in UTC.
        Instant = "instant",
        /// A list; `items` says of which kind its items are.
        List = "list",
        /// A group of fields: `fields`.
        Group = "group",
        /// Any JSON.
        Any = "any",
    }
}

/// A word of a closed set.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FormWord {
    /// The word as the API takes it.
    #[schema(max_length = 100, example = "in_progress")]
    pub value: String,
    /// The word for people to read.
    #[schema(max_length = 200, example = "In progress")]
    pub label: String,
}

/// A field of a noun, as far as the caller may see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NounField {
    /// The name in resources and bodies; inside of groups and lists with the path to it, such as `lines.quantity`.
    #[schema(max_length = 200, example = "stage_id")]
    pub name: String,
    /// The name for people to read.
    #[schema(max_length = 200, example = "Stage")]
    pub label: String,
    /// What the field means, in English.
    #[schema(max_length = 2000)]
    pub description: String,
    /// How it is entered and shown.
    pub kind: FormFieldKind,
    /// Of a list: the kind of its items.
    #[schema(required)]
    pub items: Option<FormFieldKind>,
    /// Whether the field may be null in an answer.
    pub is_nullable: bool,
    /// Whether the caller may give it when creating a record.
    pub is_creatable: bool,
    /// Whether it must be given when creating a record.
    pub is_required: bool,
    /// Whether the caller may change it.
    pub is_updatable: bool,
    /// The shortest text, in characters.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub min_length: Option<i64>,
    /// The longest text, in characters.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub max_length: Option<i64>,
    /// A regular expression that the text matches.
    #[schema(required, max_length = 2000)]
    pub pattern: Option<String>,
    /// The smallest whole number.
    #[schema(required, minimum = -9007199254740991i64, maximum = 9007199254740991i64)]
    pub minimum: Option<i64>,
    /// The largest whole number.
    #[schema(required, minimum = -9007199254740991i64, maximum = 9007199254740991i64)]
    pub maximum: Option<i64>,
    /// The largest number of items in a list.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub max_items: Option<i64>,
    /// The words of a choice.
    #[schema(max_items = 1000)]
    pub words: Vec<FormWord>,
    /// The noun whose ids the field holds.
    #[schema(required, max_length = 100, example = "stage")]
    pub refers_to: Option<String>,
}

/// Something that a list takes: a filter, an order or an expansion.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FormParameter {
    /// The name of the parameter, or the word that it takes.
    #[schema(max_length = 200, example = "status")]
    pub name: String,
    /// The name for people to read.
    #[schema(max_length = 200, example = "Status")]
    pub label: String,
}

/// An operation on records of the noun that the caller may use; which of the actions a record allows is in its `allowed_actions`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FormAction {
    /// `create`, `update`, `delete`, or the last segment of the path of an action.
    #[schema(max_length = 100, example = "confirm")]
    pub name: String,
    /// The name for people to read.
    #[schema(max_length = 200, example = "Confirm")]
    pub label: String,
    /// The operation in the OpenAPI document.
    #[schema(max_length = 200, example = "confirm_sales_order")]
    pub operation_id: String,
    /// The HTTP method.
    #[schema(max_length = 10, example = "POST")]
    pub method: String,
    /// The path with its variables.
    #[schema(max_length = 300)]
    pub path: String,
}

/// Fields, filters and actions of a noun, as far as the caller has rights to them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NounForm {
    /// The noun.
    #[schema(max_length = 100, example = "opportunity")]
    pub noun: String,
    /// The noun for people to read.
    #[schema(max_length = 200, example = "Opportunity")]
    pub label: String,
    /// Language of the labels, chosen by `Accept-Language`.
    pub language: LabelLanguage,
    /// Path of the list.
    #[schema(max_length = 300, example = "/v1/crm/opportunities")]
    pub path: String,
    /// The fields, in the order of the resource; those that are given only when creating or changing a record follow.
    #[schema(max_items = 2000)]
    pub fields: Vec<NounField>,
    /// The filters of the list.
    #[schema(max_items = 1000)]
    pub filters: Vec<FormParameter>,
    /// The fields that the list can be sorted by.
    #[schema(max_items = 200)]
    pub sorts: Vec<FormParameter>,
    /// Whether the list takes `q`.
    pub is_searchable: bool,
    /// The related records that the list can embed.
    #[schema(max_items = 200)]
    pub expansions: Vec<FormParameter>,
    /// The operations on its records.
    #[schema(max_items = 200)]
    pub actions: Vec<FormAction>,
}

/// A noun that the caller may read.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NounSummary {
    /// The noun.
    #[schema(max_length = 100, example = "opportunity")]
    pub noun: String,
    /// The noun for people to read.
    #[schema(max_length = 200, example = "Opportunity")]
    pub label: String,
    /// Path of the list.
    #[schema(max_length = 300, example = "/v1/crm/opportunities")]
    pub path: String,
}

/// The nouns that the caller may read.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NounSummaries {
    /// Language of the labels, chosen by `Accept-Language`.
    pub language: LabelLanguage,
    /// The nouns, by name.
    #[schema(max_items = 1000)]
    pub nouns: Vec<NounSummary>,
}

/// The name of a noun, in a path.
pub struct NounName;

impl utoipa::PartialSchema for NounName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("The name of a noun."))
            .pattern(Some("^[a-z][a-z_]*$"))
            .min_length(Some(1))
            .max_length(Some(100))
            .examples(["opportunity"])
            .into()
    }
}

impl ToSchema for NounName {
    fn name() -> std::borrow::Cow<'static, str> {
        "NounName".into()
    }
}
