//! What an operation gives back.

use domain::Result;
use domain::ids::EventId;
use serde::Serialize;
use serde_json::Value;

use super::json::write;

/// Bytes out.
#[derive(Debug, Clone)]
pub struct Binary {
    pub media_type: String,
    pub file_name: String,
    /// A strong validator of the bytes, for conditional requests and ranges.
    pub etag: Option<String>,
    pub bytes: Vec<u8>,
}

/// What an operation gives back.
#[derive(Debug, Clone)]
pub enum Output {
    Nothing,
    /// JSON text.
    Json(Vec<u8>),
    Binary(Binary),
}

impl Output {
    /// What the JSON text says; null when there is none.
    pub fn value(&self) -> Value {
        match self {
            Output::Json(text) => serde_json::from_slice(text).unwrap_or(Value::Null),
            Output::Nothing | Output::Binary(_) => Value::Null,
        }
    }
}

/// The answer of an operation, and what the door learned on the way.
#[derive(Debug, Clone)]
pub struct Answer {
    pub output: Output,
    /// The version of the one resource in it: its ETag.
    pub version: Option<i64>,
    /// The id of the resource that was made: its Location.
    pub id: Option<String>,
    /// Nothing was kept.
    pub dry_run: bool,
    /// This is the answer of an earlier request with the same key.
    pub replayed: bool,
    /// Where the next page is, for a Link header.
    pub next_cursor: Option<String>,
    /// Where the caller is sent on.
    pub redirect: Option<String>,
    /// The last fact that was told: what followers must have reached for the caller to see all that came of it.
    pub event: Option<EventId>,
}

impl Answer {
    pub fn nothing() -> Self {
        Self {
            output: Output::Nothing,
            version: None,
            id: None,
            dry_run: false,
            replayed: false,
            next_cursor: None,
            redirect: None,
            event: None,
        }
    }
    pub fn json(text: Vec<u8>) -> Self {
        Self { output: Output::Json(text), ..Self::nothing() }
    }
    pub fn of<T: Serialize>(value: &T) -> Result<Self> {
        let mut text = Vec::with_capacity(1024);
        write(&mut text, value)?;
        Ok(Self::json(text))
    }
}
