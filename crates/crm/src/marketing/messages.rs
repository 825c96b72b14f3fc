//! What became of messages of campaigns, told as facts: `message.sent`, `message.opened` and so on.

use domain::marketing::campaigns::members::CampaignMember;
use platform::prelude::*;
use serde_json::json;

/// Tells what became of a message. Ids alone: who it was for is found by them.
pub fn tell(cx: &mut Cx, verb: &str, m: &CampaignMember) {
    cx.emit(Event {
        kind: format!("message.{verb}"),
        subject: m.id.to_string(),
        company: Some(m.company_id),
        party: m.party_id,
        version: 1,
        data: json!({
            "id": m.id, "campaign_id": m.campaign_id, "company_id": m.company_id, "enrollment_id": m.enrollment_id,
            "party_id": m.party_id, "contact_id": m.contact_id, "lead_id": m.lead_id, "variant": m.variant,
        }),
        previous: None,
    });
}
