//! What visitors send to capture forms, good or bad, with the consent they gave. Written once and never changed: it is
//! the evidence.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, LeadFormId, LeadFormSubmissionId, LeadId, TouchpointId};
use crate::kernel::Code;
use crate::marketing::lead_forms::{ConsentChannel, LeadForm};
use crate::marketing::touchpoints::TouchOrigin;

crate::words! {
    /// What became of a submission.
    pub enum SubmissionStatus {
        /// It made a lead or was added to one.
        Accepted = "accepted",
        /// It came from a machine.
        Spam = "spam",
        /// It was refused.
        Refused = "refused",
    }
}

/// The form takes nothing now.
pub const CLOSED: Code = Code::conflict("lead_form.closed", "The form takes no submissions.");
/// The token was used for another submission.
pub const TOKEN_REUSED: Code = Code::invalid("lead_form.token_reused", "The token was used for another submission.");
/// The form never had a wording with this number.
pub const UNKNOWN_WORDING: Code = Code::invalid("lead_form.unknown_wording", "The form never had this wording.");

/// What a visitor sends to a form.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitLeadForm {
    /// Made by the page for this submission: sending it again with the same content has no second effect.
    #[schema(min_length = 16, max_length = 100, pattern = "^[A-Za-z0-9_-]+$", example = "0192f0c1-2d3e-7abc-8def-0123456789ab")]
    pub token: String,
    /// What was filled in, by the names of the fields.
    #[schema(schema_with = values_schema)]
    pub fields: BTreeMap<String, String>,
    /// Whether the visitor ticked the consent.
    #[serde(default)]
    pub consent: bool,
    /// The number of the wording that was shown; the present one when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000000)]
    pub consent_version: Option<i32>,
    /// When the form was shown, by the clock of the visitor.
    #[serde(default)]
    pub shown_at: Option<DateTime<Utc>>,
    /// When it was sent, by the clock of the visitor; now when left out.
    #[serde(default)]
    pub occurred_at: Option<DateTime<Utc>>,
    /// The id that the visitor's browser keeps: its earlier touches become those of the lead.
    #[serde(default)]
    #[schema(min_length = 8, max_length = 100, pattern = "^[A-Za-z0-9._-]+$", example = "v-7f3a9c1e")]
    pub anonymous_id: Option<String>,
    /// Where the visitor came from.
    #[serde(default)]
    pub origin: TouchOrigin,
}

fn values_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    use utoipa::openapi::schema::AdditionalProperties;
    use utoipa::openapi::{ObjectBuilder, Type};
    let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(5000));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("What was filled in, by the names of the fields; at most 60."))
        .additional_properties(Some(AdditionalProperties::RefOr(text.into())))
        .max_properties(Some(60))
        .into()
}

/// The thanks for a submission. It says nothing of what is known already, and the same to people and machines.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubmissionReceipt {
    /// The token of the submission.
    #[schema(max_length = 100)]
    pub token: String,
    /// Always true.
    pub received: bool,
}

/// The key of a form, as the path has it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 10, max_length = 100, pattern = "^[A-Za-z0-9_]+$", example = "f_3kq8z1m5x7c9v2b4n6a8s0d1")]
pub struct LeadFormKey(pub String);

/// Something that was sent to a form.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeadFormSubmission {
    /// The id.
    pub id: LeadFormSubmissionId,
    /// The form.
    pub form_id: LeadFormId,
    /// Its company.
    pub company_id: CompanyId,
    /// What became of it.
    pub status: SubmissionStatus,
    /// Why it was not accepted, as a problem code, or what gave the machine away.
    #[schema(required, max_length = 100, example = "invalid_body")]
    pub reason: Option<String>,
    /// Why, in words.
    #[schema(required, max_length = 2000)]
    pub detail: Option<String>,
    /// The token of the page.
    #[schema(max_length = 100)]
    pub token: String,
    /// What was filled in.
    #[schema(schema_with = values_schema)]
    pub fields: BTreeMap<String, String>,
    /// Where the visitor came from, as it was said.
    pub origin: TouchOrigin,
    /// The id that the visitor's browser keeps.
    #[schema(required, max_length = 100)]
    pub anonymous_id: Option<String>,
    /// The e-mail address that was filled in.
    #[schema(required, max_length = 254)]
    pub email: Option<String>,
    /// When it was sent, by the clock of the visitor.
    pub occurred_at: DateTime<Utc>,
    /// When it arrived, by ours.
    pub received_at: DateTime<Utc>,
    /// The address it came from.
    #[schema(required, max_length = 50)]
    pub ip_address: Option<String>,
    /// Whether the consent was ticked.
    pub consent: bool,
    /// The number of the wording that was consented to.
    #[schema(required, minimum = 1, maximum = 1000000)]
    pub consent_version: Option<i32>,
    /// The exact words that were consented to.
    #[schema(required, max_length = 5000)]
    pub consent_text: Option<String>,
    /// What the messages are about that were consented to.
    #[schema(required, max_length = 100)]
    pub consent_topic: Option<String>,
    /// How they are sent.
    #[schema(required)]
    pub consent_channel: Option<ConsentChannel>,
    /// The lead that it made or was added to.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// Its touch.
    #[schema(required)]
    pub touchpoint_id: Option<TouchpointId>,
}

crate::entity! { unchanging LeadFormSubmission, LeadFormSubmissionId, "lead_form_submission", company: |o| Some(o.company_id) }

/// What gives a machine away: it filled in the trap, or it was faster than a person can be.
pub fn machine(form: &LeadForm, sent: &SubmitLeadForm, occurred_at: DateTime<Utc>) -> Option<&'static str> {
    let trapped = form.honeypot_field.as_ref().and_then(|h| sent.fields.get(h)).is_some_and(|v| !v.trim().is_empty());
    if trapped {
        return Some("honeypot");
    }
    let least = TimeDelta::seconds(form.min_seconds.into());
    let too_fast = form.min_seconds > 0 && sent.shown_at.is_none_or(|shown| occurred_at - shown < least);
    too_fast.then_some("too_fast")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::{Value, json};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000, 0).expect("a time")
    }

    #[test]
    fn machines_fill_in_what_nobody_sees_and_are_too_fast() {
        let body = json!({"company_id": "co_00000000000000000000000001", "name": "F", "honeypot_field": "fax", "min_seconds": 3,
            "fields": [{"name": "email", "target": "email", "required": true}]});
        let form = LeadForm::new(Id::from_uuid(Default::default()), "f_key".into(), serde_json::from_value(body).expect("a body"), now())
            .expect("a form");
        let sent = |shown: Value, fields: Value| -> SubmitLeadForm {
            serde_json::from_value(json!({"token": "0123456789abcdef", "fields": fields, "shown_at": shown})).expect("a submission")
        };
        let (long_ago, just_now) = (json!(now() - TimeDelta::seconds(30)), json!(now() - TimeDelta::seconds(2)));
        for (shown, fields, verdict) in [
            (long_ago.clone(), json!({"email": "a@example.org", "fax": " "}), None),
            (long_ago, json!({"email": "a@example.org", "fax": "1"}), Some("honeypot")),
            (just_now, json!({"email": "a@example.org"}), Some("too_fast")),
            (Value::Null, json!({"email": "a@example.org"}), Some("too_fast")),
        ] {
            assert_eq!(machine(&form, &sent(shown.clone(), fields.clone()), now()), verdict, "{shown} {fields}");
        }
    }
}
