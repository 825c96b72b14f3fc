//! Timelines: what happened to a record and around it, in the words of people.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::identity::actors::ActorKind;
use crate::ids::{CompanyId, EventId};
use crate::kernel::Amount;

/// Something that happened and concerns a party.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimelineEntry {
    /// The id of the event.
    pub id: EventId,
    /// What happened: `invoice.posted`. New kinds are added without notice.
    #[schema(max_length = 100, example = "invoice.posted")]
    pub kind: String,
    /// The area it belongs to.
    #[schema(max_length = 50, example = "accounting")]
    pub area: String,
    /// The id of the record it happened to.
    #[schema(max_length = 40)]
    pub subject: String,
    /// Its number, name or title, when it has one.
    #[schema(required, max_length = 300)]
    pub title: Option<String>,
    /// The company whose document it is.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// Who did it, by name. Names can be chosen freely; `actor_kind` and `actor_id` say who it really was.
    #[serde(rename = "actor")]
    #[schema(max_length = 200)]
    pub actor_name: String,
    /// What kind of caller did it.
    pub actor_kind: ActorKind,
    /// The id of who did it: `usr_…`, `key_…`, `system`, `anonymous`, or the form that was filled in.
    #[serde(rename = "actor_id")]
    #[schema(max_length = 100)]
    pub actor: String,
    /// When it happened.
    #[serde(rename = "occurred_at")]
    pub at: DateTime<Utc>,
    /// What it came to: the total or the amount of the record afterwards; null when it has none or the caller may not see it.
    #[schema(required)]
    pub amount: Option<Amount>,
    /// The currency of the amount.
    #[schema(required, max_length = 3)]
    pub currency: Option<String>,
    /// The words that belong to it: a comment, a message, a note, a reason.
    #[schema(required, max_length = 20000)]
    pub text: Option<String>,
    /// What changed of the record, with the old and the new value.
    #[schema(max_items = 60)]
    pub changes: Vec<TimelineChange>,
    /// The thing afterwards, from which the rest is taken.
    #[serde(skip)]
    #[schema(ignore)]
    pub data: serde_json::Value,
    /// Of what changed, how it was before.
    #[serde(skip)]
    #[schema(ignore)]
    pub previous: Option<serde_json::Value>,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimelineChange {
    /// The field.
    #[schema(max_length = 100, example = "stage_id")]
    pub field: String,
    /// Its value before; null when it had none, or has several or a long text.
    #[schema(required, max_length = 500)]
    pub old_value: Option<String>,
    /// Its value afterwards; null when it has none, or has several or a long text.
    #[schema(required, max_length = 500)]
    pub new_value: Option<String>,
    /// What the old value is called, when it is the id of a record that the caller may see.
    #[schema(required, max_length = 300)]
    pub old_name: Option<String>,
    /// What the new value is called, when it is the id of a record that the caller may see.
    #[schema(required, max_length = 300)]
    pub new_name: Option<String>,
}

/// The fields whose changes people want to read, in the order in which they are told.
pub const TOLD_FIELDS: &[&str] = &[
    "status",
    "stage_id",
    "owner_id",
    "assignee_id",
    "queue_id",
    "priority",
    "name",
    "subject",
    "title",
    "amount",
    "total",
    "total_amount",
    "currency",
    "probability_percent",
    "forecast_category",
    "expected_close_date",
    "close_date",
    "due_at",
    "due_date",
    "valid_until",
    "requested_date",
    "fulfilment_status",
    "billing_status",
    "credit_status",
    "party_id",
    "customer_id",
    "contact_id",
    "outstanding",
    "job_title",
    "legal_name",
    "tax_id",
    "website",
    "first_name",
    "last_name",
    "description",
    "outcome",
    "resolution",
    "loss_reason",
    "reason",
    "sla_state",
];

/// Fields of several values or of long texts, of which only is told that they changed.
pub const CHANGED_FIELDS: &[&str] = &[
    "lines",
    "emails",
    "phones",
    "address",
    "addresses",
    "billing_address",
    "ship_to",
    "tags",
    "participants",
    "body",
    "note",
    "customer_terms",
    "vendor_terms",
    "splits",
    "products",
    "competitors",
];

impl TimelineEntry {
    /// Whether there is something in it for people: more than a change of fields that nobody reads.
    pub fn is_news(&self) -> bool {
        !self.kind.ends_with(".updated") || !self.changes.is_empty()
    }
    /// Takes amount, words and changes from the fact; values of ids are named later.
    pub fn tell(&mut self) {
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => Some(text.clone()).filter(|t| !t.is_empty()),
            serde_json::Value::Number(n) => Some(n.to_string()),
            serde_json::Value::Bool(b) => Some(b.to_string()),
            _ => None,
        };
        let of = |names: &[&str]| names.iter().find_map(|name| text(&self.data[*name]));
        let is_deleted = self.kind == "comment.deleted";
        self.amount = of(&["total", "total_amount", "amount"]).and_then(|a| a.parse().ok());
        self.currency = of(&["currency"]).filter(|_| self.amount.is_some());
        let words = match self.kind.split_once('.') {
            Some(("comment", _)) if is_deleted => &[][..],
            Some(("comment", _)) => &["body"][..],
            Some(("attachment", _)) => &["name"][..],
            Some(("activity", "completed")) => &["outcome", "body"][..],
            Some(("activity", "created")) => &["body"][..],
            Some((_, "lost")) => &["loss_reason"][..],
            Some((_, "disqualified")) => &["disqualification_reason", "reason"][..],
            Some((_, "rejected" | "cancelled" | "held" | "reversed")) => {
                &["status_reason", "rejection_reason", "reversal_reason", "reason"][..]
            }
            Some((_, "resolved")) => &["resolution"][..],
            _ => &[][..],
        };
        self.text = of(words);
        let short = |value: Option<String>| value.map(|v| v.chars().take(500).collect::<String>());
        let Some(before) = &self.previous else { return };
        let change = |field: &str, old_value, new_value| {
            let field = field.to_string();
            TimelineChange { field, old_value, new_value, old_name: None, new_name: None }
        };
        for field in TOLD_FIELDS {
            if let Some(was) = before.get(*field) {
                let (old_value, new_value) = (short(text(was)), short(text(&self.data[*field])));
                if old_value != new_value {
                    self.changes.push(change(field, old_value, new_value));
                }
            }
        }
        let told = CHANGED_FIELDS.iter().filter(|field| before.get(**field).is_some());
        self.changes.extend(told.map(|field| change(field, None, None)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(kind: &str, data: serde_json::Value, previous: Option<serde_json::Value>) -> TimelineEntry {
        let mut entry = TimelineEntry {
            id: crate::kernel::Id::from_uuid(uuid::Uuid::nil()),
            kind: kind.into(),
            area: String::new(),
            subject: String::new(),
            title: None,
            company_id: None,
            actor_name: String::new(),
            actor_kind: ActorKind::of("system"),
            actor: String::new(),
            at: DateTime::UNIX_EPOCH,
            amount: None,
            currency: None,
            text: None,
            changes: Vec::new(),
            data,
            previous,
        };
        entry.tell();
        entry
    }

    #[test]
    fn amounts_words_and_changes_are_told() {
        let won = entry("quote.sent", json!({"total": "119.00", "currency": "EUR", "status": "sent"}), Some(json!({"status": "draft"})));
        assert_eq!((won.amount.map(|a| a.to_string()), won.currency.as_deref()), (Some("119.00".into()), Some("EUR")));
        let change = &won.changes[0];
        assert_eq!((&*change.field, change.old_value.as_deref(), change.new_value.as_deref()), ("status", Some("draft"), Some("sent")));
        assert_eq!(entry("comment.created", json!({"body": "Hello"}), None).text.as_deref(), Some("Hello"));
        assert_eq!(entry("opportunity.lost", json!({"loss_reason": "price"}), None).text.as_deref(), Some("price"));
    }

    #[test]
    fn a_change_that_nobody_reads_is_no_news() {
        let sync = entry("party.updated", json!({"metadata": {"a": "1"}}), Some(json!({"metadata": {}})));
        assert!(!sync.is_news());
        let phone = entry("contact.updated", json!({"phones": ["1"]}), Some(json!({"phones": []})));
        assert!(phone.is_news() && phone.changes[0].field == "phones");
        assert!(entry("party.created", json!({}), None).is_news());
    }
}
