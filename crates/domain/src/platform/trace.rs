//! The document flow: which document came from which, as a graph around one of them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::CompanyId;
use crate::kernel::{Id, decode, encode};
use uuid::Uuid;

/// Documents in one graph at most.
pub const MOST_NODES: usize = 200;

/// The id of anything, whatever its prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyId {
    prefix: [u8; 12],
    uuid: Uuid,
}

impl AnyId {
    /// What stands before the underscore.
    pub fn prefix(&self) -> &str {
        let end = self.prefix.iter().position(|b| *b == 0).unwrap_or(self.prefix.len());
        std::str::from_utf8(&self.prefix[..end]).unwrap_or_default()
    }
}

impl Id for AnyId {
    const PREFIX: &'static str = "any";
    fn from_uuid(uuid: Uuid) -> Self {
        Self { prefix: [0; 12], uuid }
    }
    fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl std::fmt::Display for AnyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode(self.prefix(), self.uuid))
    }
}

impl std::fmt::Debug for AnyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for AnyId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl std::str::FromStr for AnyId {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let wrong = || "not an id".to_string();
        let (name, _) = s.rsplit_once('_').ok_or_else(wrong)?;
        if name.is_empty() || name.len() > 12 || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err(wrong());
        }
        let uuid = decode(name, s).ok_or_else(wrong)?;
        let mut prefix = [0; 12];
        prefix[..name.len()].copy_from_slice(name.as_bytes());
        Ok(Self { prefix, uuid })
    }
}

impl utoipa::PartialSchema for AnyId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("The id of anything, with its prefix."))
            .pattern(Some("^[a-z_]{1,12}_[0-7][0-9a-hjkmnp-tv-z]{25}$"))
            .max_length(Some(40))
            .examples([encode("so", Uuid::from_u128(0x0192_f0c1_2d3e_7abc_8def_0123_4567_89ab))])
            .into()
    }
}

impl ToSchema for AnyId {
    fn name() -> std::borrow::Cow<'static, str> {
        "AnyId".into()
    }
}

crate::string_enum! {
    /// Which way to follow the flow: to what it came from, to what came from it, or both.
    pub enum TraceDirection {
        Both = "both",
        Upstream = "upstream",
        Downstream = "downstream",
    }
}

/// How the flow is followed.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TraceQuery {
    /// Which way to follow the flow; `both` when left out.
    #[param(inline)]
    pub direction: Option<TraceDirection>,
    /// Steps to follow at most; 20 when left out.
    #[param(minimum = 1, maximum = 50)]
    pub depth: Option<i32>,
}

/// The document flow around one document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Trace {
    /// The document it was asked for.
    #[schema(max_length = 40)]
    pub root: String,
    /// All documents found, the nearest first.
    #[schema(max_items = 200)]
    pub nodes: Vec<TraceNode>,
    /// Which came from which.
    #[schema(max_items = 2000)]
    pub edges: Vec<TraceEdge>,
    /// Whether there are more documents than are shown.
    pub truncated: bool,
}

/// One document of the flow.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TraceNode {
    /// Its id.
    #[schema(max_length = 40)]
    pub id: String,
    /// What it is: `sales_order`.
    #[schema(max_length = 100)]
    pub noun: String,
    /// Its number, name or title; null when it has none or the caller may not read it.
    #[schema(required, max_length = 300)]
    pub title: Option<String>,
    /// Its status; null when it has none or the caller may not read it.
    #[schema(required, max_length = 50)]
    pub status: Option<String>,
    /// The company whose document it is.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// Steps from the root.
    #[schema(minimum = 0, maximum = 50)]
    pub distance: i32,
}

/// `to` came from `from`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct TraceEdge {
    /// The earlier document.
    #[schema(max_length = 40)]
    pub from: String,
    /// The later document.
    #[schema(max_length = 40)]
    pub to: String,
    /// How the later one came from the earlier one.
    #[schema(max_length = 50, example = "ships")]
    pub kind: String,
}

/// What a document is called among people: its number, or else its name.
pub fn title_of(data: &serde_json::Value) -> Option<String> {
    let text = |key: &str| data.get(key).and_then(|v| v.as_str()).filter(|s| !s.is_empty());
    let found = ["number", "name", "title", "subject", "sku", "code"].into_iter().find_map(text);
    found.map(|s| s.chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_id_comes_back_as_it_was() {
        for prefix in ["so", "inv", "pty", "je_line"] {
            let text = encode(prefix, Uuid::from_u128(12_345));
            let id: AnyId = text.parse().expect("an id");
            assert_eq!((id.to_string(), id.prefix()), (text.clone(), prefix));
        }
        for bad in ["", "so", "so_", "_00000000000000000000000000", "so_short", "a-b_00000000000000000000000000"] {
            assert!(bad.parse::<AnyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_goes_before_a_name() {
        assert_eq!(title_of(&json!({"name": "x", "number": "SO-1"})).as_deref(), Some("SO-1"));
        assert_eq!(title_of(&json!({"name": "x", "number": null})).as_deref(), Some("x"));
        assert_eq!(title_of(&json!({})), None);
    }
}
