//! Facts as they are read: the ordered feed for other systems, and the audit trail for auditors. Two views of one row.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::ids::{CompanyId, EventId, PartyId};

/// A fact in the feed. The feed has no holes: whoever has seen a number has seen all before it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublishedEvent {
    /// The id.
    pub id: EventId,
    /// Its place in the feed, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub seq: i64,
    /// What happened: `invoice.posted`. New kinds are added without notice.
    #[schema(max_length = 100, example = "invoice.posted")]
    pub kind: String,
    /// The id of the thing it happened to.
    #[schema(max_length = 40)]
    pub subject: String,
    /// The company whose document it is.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// The party it concerns.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The version of the thing afterwards.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The thing as it was afterwards, without the members that are null; for a deletion, as it last was.
    #[schema(value_type = Object)]
    pub data: Value,
    /// Of what changed, how it was before: the members of `data` that differ, with their earlier values. Of a list of parts with
    /// ids, such as lines, only the parts that were removed, and of those that changed their `id` and what changed. Null when
    /// the thing did not exist before.
    #[schema(value_type = Option<Object>, required)]
    pub previous: Option<Value>,
    /// When it happened.
    #[serde(rename = "occurred_at")]
    pub at: DateTime<Utc>,
}

/// A row of the audit trail: who did what when, what changed, and the link of the hash chain.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEntry {
    /// The id.
    pub id: EventId,
    /// Its place in the chain, from 1; null for the moment between the commit and the numbering.
    #[schema(required, minimum = 1, maximum = 9007199254740991i64)]
    pub seq: Option<i64>,
    /// What happened: `invoice.posted`.
    #[schema(max_length = 100, example = "invoice.posted")]
    pub kind: String,
    /// The id of the thing it happened to.
    #[schema(max_length = 40)]
    pub subject: String,
    /// The company whose document it is.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// The party it concerns.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The version of the thing afterwards.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The thing as it was afterwards, without the members that are null; for a deletion, as it last was.
    #[schema(value_type = Object)]
    pub data: Value,
    /// Of what changed, how it was before: the members of `data` that differ, with their earlier values. Of a list of parts with
    /// ids, such as lines, only the parts that were removed, and of those that changed their `id` and what changed. Null when
    /// the thing did not exist before.
    #[schema(value_type = Option<Object>, required)]
    pub previous: Option<Value>,
    /// The id of who did it: `usr_…`, `key_…` or `system`.
    #[schema(max_length = 100)]
    pub actor: String,
    /// The name of who did it, as it was then.
    #[schema(max_length = 200)]
    pub actor_name: String,
    /// The request by which it was done.
    #[schema(max_length = 200)]
    pub request_id: String,
    /// Why, when a reason was given.
    #[schema(required, max_length = 1000)]
    pub reason: Option<String>,
    /// When it happened.
    #[serde(rename = "occurred_at")]
    pub at: DateTime<Utc>,
    /// SHA-256 over this row and the hash of the one before, in hex; null until numbered.
    #[schema(required, min_length = 64, max_length = 64)]
    pub chain_hash: Option<String>,
    /// The hash as bytes, kept for the hex form.
    #[serde(skip)]
    #[schema(ignore)]
    pub hash: Option<Vec<u8>>,
}
