//! The OpenAPI documents as they are published, and the catalogue of codes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::web::Bytes;
use platform::table::Table;
use serde_json::Value;

use crate::compression::gzip;
use crate::{openapi, request};

/// A document that is kept compressed, and its ETag.
#[derive(Clone)]
pub struct Published {
    pub packed: Bytes,
    pub etag: String,
}

/// The same for every server in the process, because they follow from the program alone. The whole has an empty name.
static PUBLISHED: OnceLock<BTreeMap<String, Published>> = OnceLock::new();

/// The OpenAPI documents, made when one is first asked for.
#[derive(Default)]
pub struct Document {
    catalogue: OnceLock<Value>,
}

impl Document {
    /// The documents, if they were made already.
    pub fn ready() -> Option<&'static BTreeMap<String, Published>> {
        PUBLISHED.get()
    }
    /// The documents; making them takes a while.
    pub fn published(table: &Table) -> &'static BTreeMap<String, Published> {
        PUBLISHED.get_or_init(|| {
            let packed = |text: String| Published {
                etag: format!("\"{}\"", request::digest(text.as_bytes())),
                packed: gzip(text.as_bytes()).into(),
            };
            openapi::published(table).into_iter().map(|(name, text)| (name, packed(text))).collect()
        })
    }
    /// All codes of problems.
    pub fn catalogue(&self, table: &Table) -> &Value {
        self.catalogue.get_or_init(|| openapi::catalogue(table))
    }
}
