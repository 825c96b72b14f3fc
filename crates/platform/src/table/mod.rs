//! The operation table: one value per operation of the API. Routes, the OpenAPI document, permissions, preconditions,
//! idempotency and transactions all read it. It knows nothing of HTTP beyond the verbs' names.

mod aggregate;
mod all;
mod answer;
mod around;
mod blank;
mod body;
mod call;
mod cursor;
mod expand;
mod fields;
mod figures;
mod filter;
mod form;
mod html_page;
mod input;
mod json;
mod kind;
mod list;
mod listing;
mod noun;
mod op;
mod origin;
mod outline;
mod own;
mod page;
mod params;
mod references;
mod resource;
pub mod schema;
mod searched;
mod shape;
mod standalone;
mod survivors;
mod verbs;

pub use all::Table;
pub use answer::{Answer, Binary, Output};
pub use expand::Expansion;
pub use figures::Figures;
pub use form::FILTER_SCHEMAS;
pub use html_page::{HtmlPage, Shown};
pub use input::{Input, Pairs, Upload};
pub use kind::Kind;
pub use list::List;
pub use listing::{FIELDS_PATTERN, FIELDS_TEXT, Listing};
pub use noun::{NoFilter, Noun, Part};
pub use op::{Counts, Op};
pub use origin::Origin;
pub use outline::{Outline, Place};
pub use page::Page;
pub use params::Filter;
pub use shape::Shape;

pub(crate) use body::typed as typed_body;
pub(crate) use cursor::sign;
pub(crate) use expand::names as names_of;
pub(crate) use input::Prepared;
pub(crate) use list::{PAGE_BYTES, ROWS_AT_ONCE};
pub(crate) use op::Places;
pub(crate) use params::WAIT_FOR;
pub(crate) use shape::collect as collect_schema;

use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// A request body.
pub trait Body: DeserializeOwned + ToSchema + 'static {}
impl<T: DeserializeOwned + ToSchema + 'static> Body for T {}

/// What a report or a command answers.
pub trait Reply: serde::Serialize + ToSchema + 'static {}
impl<T: serde::Serialize + ToSchema + 'static> Reply for T {}

/// `SalesOrder` to `sales_order`.
pub fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// `party` to `parties`, `order` to `orders`, `address` to `addresses`.
pub fn plural(one: &str) -> String {
    let vowel_before = one.chars().rev().nth(1).is_some_and(|c| "aeiou".contains(c));
    if one.ends_with('y') && !vowel_before {
        format!("{}ies", &one[..one.len() - 1])
    } else if ["s", "x", "ch", "sh"].iter().any(|e| one.ends_with(e)) {
        format!("{one}es")
    } else {
        format!("{one}s")
    }
}
