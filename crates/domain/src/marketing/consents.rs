//! Consent: an append-only ledger of who allowed or forbade what, over which channel, on what ground, and how that is
//! known. The last word counts, a withdrawal wins when two words are of the same moment, and a double opt-in that was not
//! confirmed is no consent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::directory::address_keys::AddressKind;
use crate::ids::{CompanyId, ConsentId, ContactId, LeadId, PartyId};
use crate::kernel::{Code, Findings, Id, Result};

crate::string_enum! {
    /// The channel of a message.
    pub enum ConsentChannel as MessageChannel {
        /// E-mail.
        Email = "email",
        /// Telephone calls.
        Phone = "phone",
        /// Text messages.
        Sms = "sms",
        /// Letters.
        Post = "post",
    }
    /// What a row of the ledger says.
    pub enum ConsentStatus {
        /// Allowed.
        Granted = "granted",
        /// Asked for and not yet confirmed; no consent.
        PendingDoi = "pending_doi",
        /// Forbidden.
        Withdrawn = "withdrawn",
    }
    /// The lawful basis for messages, Article 6 (1) GDPR.
    pub enum LawfulBasis {
        Consent = "consent",
        Contract = "contract",
        LegalObligation = "legal_obligation",
        LegitimateInterest = "legitimate_interest",
    }
    /// Why a message may or may not be sent.
    pub enum ConsentReason {
        /// The last word is a grant that has not expired.
        Granted = "granted",
        /// The message is part of a transaction and needs no consent.
        Transactional = "transactional",
        /// Nothing was ever said.
        NoConsent = "no_consent",
        /// The double opt-in was not confirmed.
        NotConfirmed = "not_confirmed",
        /// The grant has expired.
        Expired = "expired",
        /// Withdrawn for this topic.
        Withdrawn = "withdrawn",
        /// Withdrawn for everything on this channel.
        OptedOut = "opted_out",
        /// The address is on the list of suppressions.
        Suppressed = "suppressed",
    }
}

/// A row is about exactly one party, contact or lead.
pub const ONE_SUBJECT: Code = Code::invalid("consent.one_subject", "Name exactly one party, contact or lead.");
/// What is said today cannot begin tomorrow.
pub const IN_THE_FUTURE: Code = Code::invalid("consent.in_the_future", "Consent cannot be recorded ahead of time.");
/// Only a grant expires, and after it began.
pub const WRONG_EXPIRY: Code = Code::invalid("consent.wrong_expiry", "Only a grant expires, and later than it began.");
/// A grant that nobody can prove is none.
pub const NO_EVIDENCE: Code = Code::invalid("consent.no_evidence", "A grant needs the version of the wording and its source.");

/// What the rules of a row can answer.
pub const REFUSALS: &[Code] = &[ONE_SUBJECT, IN_THE_FUTURE, WRONG_EXPIRY, NO_EVIDENCE];

/// How it is known: what was read, where, from which address. The only part of the ledger that an erasure takes away;
/// its hash stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentEvidence {
    /// Which version of the wording was agreed to.
    #[serde(default)]
    #[schema(max_length = 100, example = "newsletter-2026-01")]
    pub wording_version: Option<String>,
    /// The wording itself.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub wording: Option<String>,
    /// Where it was said: a form, a call, a fair.
    #[serde(default)]
    #[schema(max_length = 200, example = "web form")]
    pub source: Option<String>,
    /// The network address it came from.
    #[serde(default)]
    #[schema(max_length = 45, example = "192.0.2.7")]
    pub ip_address: Option<String>,
    /// The browser it came from.
    #[serde(default)]
    #[schema(max_length = 500, format = "line")]
    pub user_agent: Option<String>,
}

/// Whom consent is about; exactly one of the three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentSubject {
    /// The party.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// The contact.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// The lead.
    #[serde(default)]
    pub lead_id: Option<LeadId>,
}

impl ConsentSubject {
    /// The id inside; fails with [`ONE_SUBJECT`] unless exactly one is named.
    pub fn one(&self) -> Result<Uuid> {
        match (self.party_id, self.contact_id, self.lead_id) {
            (Some(id), None, None) => Ok(id.uuid()),
            (None, Some(id), None) => Ok(id.uuid()),
            (None, None, Some(id)) => Ok(id.uuid()),
            _ => Err(ONE_SUBJECT.field("", "Name exactly one of party_id, contact_id and lead_id.")),
        }
    }
}

/// One entry of the consent ledger. Rows are added and never changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Consent {
    /// Id, generated by the server.
    pub id: ConsentId,
    /// The company of the lead; null when it is about a party or contact, which all companies share.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// The party it is about.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The contact it is about.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The lead it is about.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// The channel.
    pub channel: ConsentChannel,
    /// What for; null for everything on the channel.
    #[schema(required, max_length = 100, example = "newsletter")]
    pub topic: Option<String>,
    /// What was said.
    pub status: ConsentStatus,
    /// On what ground.
    pub lawful_basis: LawfulBasis,
    /// From when on it counts.
    pub effective_at: DateTime<Utc>,
    /// Until when a grant counts.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// How it is known; null once it was erased.
    #[schema(required)]
    pub evidence: Option<ConsentEvidence>,
    /// SHA-256 of the evidence in hexadecimal; it survives an erasure.
    #[schema(max_length = 64)]
    pub evidence_hash: String,
    /// The row this one was carried over from, by a conversion or a merge.
    #[schema(required)]
    pub carried_from_id: Option<ConsentId>,
    /// Always 1: rows never change.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated Consent, ConsentId, "consent", company: |c| c.company_id, party: |c| c.party_id }

/// A row to add.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// The party it is about.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// The contact it is about.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// The lead it is about.
    #[serde(default)]
    pub lead_id: Option<LeadId>,
    /// The channel.
    pub channel: ConsentChannel,
    /// What for; left out for everything on the channel.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "newsletter")]
    pub topic: Option<String>,
    /// What was said.
    pub status: ConsentStatus,
    /// On what ground; `consent` when left out.
    #[serde(default = "on_consent")]
    pub lawful_basis: LawfulBasis,
    /// From when on it counts; now when left out.
    #[serde(default)]
    pub effective_at: Option<DateTime<Utc>>,
    /// Until when a grant counts.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// How it is known.
    #[serde(default)]
    pub evidence: ConsentEvidence,
}

fn on_consent() -> LawfulBasis {
    LawfulBasis::Consent
}

impl NewConsent {
    pub fn subject(&self) -> ConsentSubject {
        ConsentSubject { party_id: self.party_id, contact_id: self.contact_id, lead_id: self.lead_id }
    }
}

impl Consent {
    /// A new row; `company` is that of the lead and `hash` that of the evidence. Fails with [`REFUSALS`].
    pub fn new(id: ConsentId, new: NewConsent, company: Option<CompanyId>, hash: String, now: DateTime<Utc>) -> Result<Self> {
        let mut found = Findings::default();
        let subject = new.subject();
        found.take("", subject.one());
        let effective_at = new.effective_at.unwrap_or(now);
        if effective_at > now {
            found.add(IN_THE_FUTURE, "/effective_at", "It is later than now.");
        }
        if new.expires_at.is_some_and(|end| new.status != ConsentStatus::Granted || end <= effective_at) {
            found.add(WRONG_EXPIRY, "/expires_at", "Only a grant expires, and later than it began.");
        }
        let empty = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
        if new.status != ConsentStatus::Withdrawn && new.lawful_basis == LawfulBasis::Consent {
            for (missing, at) in
                [(empty(&new.evidence.wording_version), "/evidence/wording_version"), (empty(&new.evidence.source), "/evidence/source")]
            {
                if missing {
                    found.add(NO_EVIDENCE, at, "Say what was agreed to, and where.");
                }
            }
        }
        found.done()?;
        Ok(Self {
            id,
            company_id: company,
            party_id: subject.party_id,
            contact_id: subject.contact_id,
            lead_id: subject.lead_id,
            channel: new.channel,
            topic: new.topic,
            status: new.status,
            lawful_basis: new.lawful_basis,
            effective_at,
            expires_at: new.expires_at,
            evidence: Some(new.evidence),
            evidence_hash: hash,
            carried_from_id: None,
            version: 1,
            created_at: now,
        })
    }
    /// The same word about somebody else: the party or contact that a lead became, or the winner of a merge.
    pub fn carried(&self, id: ConsentId, to: ConsentSubject, now: DateTime<Utc>) -> Self {
        Self {
            id,
            company_id: None,
            party_id: to.party_id,
            contact_id: to.contact_id,
            lead_id: to.lead_id,
            carried_from_id: Some(self.id),
            version: 1,
            created_at: now,
            ..self.clone()
        }
    }
    /// Whom it is about.
    pub fn subject(&self) -> ConsentSubject {
        ConsentSubject { party_id: self.party_id, contact_id: self.contact_id, lead_id: self.lead_id }
    }
}

/// The last word of a subject for one channel and topic.
#[derive(Debug, Clone, PartialEq)]
pub struct LastWord {
    pub consent: ConsentId,
    pub channel: ConsentChannel,
    pub topic: Option<String>,
    pub status: ConsentStatus,
    pub effective_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl ConsentChannel {
    /// What is written to on it.
    pub fn addresses(self) -> AddressKind {
        match self {
            Self::Email => AddressKind::Mailbox,
            Self::Phone | Self::Sms => AddressKind::Phone,
            Self::Post => AddressKind::Household,
        }
    }
}

impl ConsentStatus {
    /// How strict it is: a withdrawal above a question above a grant.
    pub fn strictness(self) -> i64 {
        match self {
            Self::Granted => 0,
            Self::PendingDoi => 1,
            Self::Withdrawn => 2,
        }
    }
}

impl LastWord {
    /// Whether this word counts and not `other`, of the same subject, channel and topic: the later one, and of two of the
    /// same moment the stricter one.
    pub fn prevails_over(&self, other: &LastWord) -> bool {
        (self.effective_at, self.status.strictness()) >= (other.effective_at, other.status.strictness())
    }
    /// Whether it is stricter than the word of another subject; in a merge the strictest stays, the later of equals.
    pub fn is_stricter_than(&self, other: &LastWord) -> bool {
        (self.status.strictness(), self.effective_at) > (other.status.strictness(), other.effective_at)
    }
}

/// The answer for one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    pub reason: ConsentReason,
    pub consent: Option<ConsentId>,
}

/// The last word of a mailbox or number for one channel and topic, whichever record it was said for.
#[derive(Debug, Clone, PartialEq)]
pub struct AddressWord {
    pub consent: ConsentId,
    pub channel: ConsentChannel,
    pub topic: Option<String>,
    pub status: ConsentStatus,
}

/// As [`judge`], and a "no" that somebody with the same mailbox or number said last holds, too: for everything on the channel,
/// or for the topic.
pub fn judge_at(words: &[LastWord], at: &[AddressWord], channel: ConsentChannel, topic: Option<&str>, now: DateTime<Utc>) -> Verdict {
    let own = judge(words, channel, topic, now);
    let no = |topic: Option<&str>| {
        at.iter().find(|w| w.channel == channel && w.topic.as_deref() == topic && w.status == ConsentStatus::Withdrawn)
    };
    let refused = |reason, w: &AddressWord| Verdict { allowed: false, reason, consent: Some(w.consent) };
    match (own.reason, no(None), topic.and_then(|t| no(Some(t)))) {
        (ConsentReason::OptedOut, ..) => own,
        (_, Some(word), _) => refused(ConsentReason::OptedOut, word),
        (ConsentReason::Withdrawn, ..) => own,
        (_, _, Some(word)) => refused(ConsentReason::Withdrawn, word),
        _ => own,
    }
}

/// Whether somebody with these last words may be written to about a topic. An opt-out for the whole channel dominates
/// every topic; a topic without a word of its own follows the channel.
pub fn judge(words: &[LastWord], channel: ConsentChannel, topic: Option<&str>, now: DateTime<Utc>) -> Verdict {
    let of = |topic: Option<&str>| words.iter().find(|w| w.channel == channel && w.topic.as_deref() == topic);
    let general = of(None);
    let verdict = |allowed, reason, word: Option<&LastWord>| Verdict { allowed, reason, consent: word.map(|w| w.consent) };
    if let Some(word) = general.filter(|w| w.status == ConsentStatus::Withdrawn) {
        return verdict(false, ConsentReason::OptedOut, Some(word));
    }
    let Some(word) = topic.and_then(|t| of(Some(t))).or(general) else { return verdict(false, ConsentReason::NoConsent, None) };
    match word.status {
        ConsentStatus::Withdrawn => verdict(false, ConsentReason::Withdrawn, Some(word)),
        ConsentStatus::PendingDoi => verdict(false, ConsentReason::NotConfirmed, Some(word)),
        ConsentStatus::Granted if word.expires_at.is_some_and(|end| end <= now) => verdict(false, ConsentReason::Expired, Some(word)),
        ConsentStatus::Granted => verdict(true, ConsentReason::Granted, Some(word)),
    }
}

/// Who may be written to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckConsent {
    /// The channel.
    pub channel: ConsentChannel,
    /// What for; left out for anything.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, example = "newsletter")]
    pub topic: Option<String>,
    /// Whether the message is part of a transaction, as a receipt is: that needs no consent, only an address that works.
    #[serde(default)]
    pub transactional: bool,
    /// Who, each named by exactly one id.
    #[schema(min_items = 1, max_items = 500)]
    pub subjects: Vec<ConsentSubject>,
}

/// The answers, in the order of the question.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckedConsents {
    /// One for each subject.
    #[schema(max_items = 500)]
    pub results: Vec<CheckedConsent>,
}

/// Whether one may be written to, and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckedConsent {
    /// The party asked for.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The contact asked for.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The lead asked for.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// Whether a message may be sent.
    pub allowed: bool,
    /// Why or why not.
    pub reason: ConsentReason,
    /// The row of the ledger that decides; null when none does.
    #[schema(required)]
    pub consent_id: Option<ConsentId>,
}

#[cfg(test)]
mod tests;
