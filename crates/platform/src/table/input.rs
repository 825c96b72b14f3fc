//! What the door hands to an operation.

use std::any::Any;
use std::sync::Arc;

use domain::Result;
use domain::kernel::{Id, problems};
use serde_json::Value;

/// Query parameters in the order given.
pub type Pairs = Vec<(String, String)>;

/// A file that came in.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What the door hands to an operation.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The variables of the path, in order.
    pub path: Vec<String>,
    pub query: Pairs,
    /// The body, already judged by its schema.
    pub body: Value,
    pub upload: Option<Upload>,
}

/// What an operation's `before` made, outside of the transaction.
pub(crate) type Prepared = Arc<dyn Any + Send + Sync>;

impl Input {
    /// The id at place `n` of the path; what is not an id of that noun leads to nothing.
    pub(crate) fn id<I: Id>(&self, n: usize) -> Result<I> {
        let raw = self.path.get(n).map(String::as_str).unwrap_or_default();
        raw.parse().map_err(|_| problems::not_found.with(format!("{raw:?} is not an id with the prefix {}_.", I::PREFIX)))
    }
    /// The first variable of the path, as a word.
    pub(crate) fn word(&self) -> &str {
        self.path.first().map(String::as_str).unwrap_or_default()
    }
    /// What the query says of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }
    /// Whether another form than the whole resource is asked for.
    pub(crate) fn is_shaped(&self) -> bool {
        self.query.iter().any(|(name, _)| name == "expand" || name == "fields")
    }
}
