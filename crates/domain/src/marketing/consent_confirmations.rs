//! Double opt-in: a message asks whether a consent is meant, and the link in it makes the pending consent a granted one.
//! Until then it is no consent.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, ConsentConfirmationId, ConsentId, ContactId, LeadId, PartyId};
use crate::kernel::Code;
use crate::marketing::consents::{Consent, ConsentSubject};

crate::words! {
    /// Where a request for confirmation stands.
    pub enum ConfirmationStatus as ConsentConfirmationStatus {
        /// The message will go out.
        Queued = "queued",
        /// The message is on its way.
        Sending = "sending",
        /// The mail server took it.
        Sent = "sent",
        /// Something broke while it was on its way; it is not sent again.
        Unknown = "unknown",
        /// The mail server refused it, or it came too late.
        Failed = "failed",
        /// The address gets nothing any more.
        Suppressed = "suppressed",
        /// The link was followed and the consent is granted.
        Confirmed = "confirmed",
    }
}

/// Nobody can be asked without an address.
pub const NO_ADDRESS: Code = Code::invalid("consent_confirmation.no_address", "There is no e-mail address to ask at.");
/// What is granted needs no confirmation.
pub const ALREADY_GRANTED: Code = Code::conflict("consent_confirmation.already_granted", "The consent is granted already.");
/// It was asked a moment ago.
pub const ASKED_ALREADY: Code =
    Code::conflict("consent_confirmation.asked_already", "A message that asks for this went out within the last hour.");
/// The topic is none that the company writes about.
pub const UNKNOWN_TOPIC: Code = Code::invalid("consent.unknown_topic", "The company does not write about this topic.");

/// What asking can be refused for.
pub const REFUSALS: &[Code] = &[NO_ADDRESS, ALREADY_GRANTED, ASKED_ALREADY];

/// So long a link can be followed.
pub const HOLDS: TimeDelta = TimeDelta::days(7);
/// So long nobody is asked for the same again.
pub const REST: TimeDelta = TimeDelta::hours(1);
/// So often a message is tried that the mail server does not take now.
pub const TRIES: i64 = 5;

/// A message that asks whether a consent is meant.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConsentConfirmation {
    /// The id.
    pub id: ConsentConfirmationId,
    /// The company that asks.
    pub company_id: CompanyId,
    /// The party that is asked.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The contact that is asked.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The lead that is asked.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// What the messages will be about; null for anything by e-mail.
    #[schema(required, max_length = 100)]
    pub topic: Option<String>,
    /// The address that is asked; null once it was erased.
    #[schema(required, max_length = 254)]
    pub email: Option<String>,
    /// Where it stands.
    pub status: ConfirmationStatus,
    /// Which version of the wording is to be confirmed.
    #[schema(max_length = 100)]
    pub wording_version: String,
    /// The wording.
    #[schema(required, max_length = 5000)]
    pub wording: Option<String>,
    /// Where it was asked for first.
    #[schema(max_length = 200)]
    pub source: String,
    /// The page of the company that the message leads to; null for a plain page of this server.
    #[schema(required, max_length = 500)]
    pub confirm_url: Option<String>,
    /// The pending row of the ledger.
    pub pending_consent_id: ConsentId,
    /// The row that granted it.
    #[schema(required)]
    pub granted_consent_id: Option<ConsentId>,
    /// Until when the link can be followed.
    pub expires_at: DateTime<Utc>,
    /// When the message was handed to the mail server.
    #[schema(required)]
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was confirmed.
    #[schema(required)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// What the mail server said.
    #[schema(required, max_length = 500)]
    pub note: Option<String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { ConsentConfirmation, ConsentConfirmationId, "consent_confirmation", company: |c| Some(c.company_id), party: |c| c.party_id }

/// Somebody to ask.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsentConfirmation {
    /// The company that asks.
    pub company_id: CompanyId,
    /// The party to ask.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// The contact to ask.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// The lead to ask.
    #[serde(default)]
    pub lead_id: Option<LeadId>,
    /// What the messages will be about; left out for anything by e-mail.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "newsletter")]
    pub topic: Option<String>,
    /// Which version of the wording is to be confirmed.
    #[schema(min_length = 1, max_length = 100, example = "newsletter-2026-01")]
    pub wording_version: String,
    /// The wording; it stands in the message.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 4000)]
    pub wording: Option<String>,
    /// Where it was asked for first.
    #[schema(min_length = 1, max_length = 200, example = "call of 2026-03-01")]
    pub source: String,
    /// The page of the company that the message leads to. It gets the token of the link as `link` and sends it back to
    /// `POST /v1/marketing/links/confirmation`.
    #[serde(default)]
    #[schema(max_length = 500, pattern = "^https?://[!-~]{1,490}$", example = "https://shop.example/confirm")]
    pub confirm_url: Option<String>,
}

impl NewConsentConfirmation {
    pub fn subject(&self) -> ConsentSubject {
        ConsentSubject { party_id: self.party_id, contact_id: self.contact_id, lead_id: self.lead_id }
    }
}

impl ConsentConfirmation {
    /// To be sent.
    pub fn new(id: ConsentConfirmationId, new: NewConsentConfirmation, email: String, pending: &Consent, now: DateTime<Utc>) -> Self {
        Self {
            id,
            company_id: new.company_id,
            party_id: new.party_id,
            contact_id: new.contact_id,
            lead_id: new.lead_id,
            topic: new.topic,
            email: Some(email),
            status: ConfirmationStatus::Queued,
            wording_version: new.wording_version,
            wording: new.wording,
            source: new.source,
            confirm_url: new.confirm_url,
            pending_consent_id: pending.id,
            granted_consent_id: None,
            expires_at: now + HOLDS,
            sent_at: None,
            confirmed_at: None,
            note: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
    /// Who is asked.
    pub fn subject(&self) -> ConsentSubject {
        ConsentSubject { party_id: self.party_id, contact_id: self.contact_id, lead_id: self.lead_id }
    }
    /// Confirmed by this row of the ledger.
    pub fn confirmed(mut self, granted: ConsentId, now: DateTime<Utc>) -> Self {
        self.status = ConfirmationStatus::Confirmed;
        (self.granted_consent_id, self.confirmed_at, self.updated_at) = (Some(granted), Some(now), now);
        self
    }
    /// Without what identifies a person, for facts.
    pub fn told(&self) -> Self {
        Self { email: None, note: None, ..self.clone() }
    }
}

/// The text of the message.
pub fn letter(company: &str, topic: Option<&str>, wording: Option<&str>, link: &str) -> (String, String) {
    let about = topic.map(|t| format!(" about {t}")).unwrap_or_default();
    let words = wording.map(|w| format!("What you agree to:\n\n{w}\n\n")).unwrap_or_default();
    let subject = format!("Please confirm: messages from {company}");
    let text = format!(
        "Somebody, you we hope, asked {company} for messages{about} to this address.\n\n{words}Confirm it here, within seven days:\n{link}\n\n\
         If it was not you, do nothing: you will get no further messages.\n"
    );
    (subject, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_says_what_and_where() {
        let (subject, text) = letter("Acme", Some("news"), Some("Send me news."), "https://x/y");
        assert!(
            subject.contains("Acme") && text.contains("about news") && text.contains("Send me news.") && text.contains("\nhttps://x/y\n")
        );
        assert!(!letter("Acme", None, None, "l").1.contains("about"));
    }
}
