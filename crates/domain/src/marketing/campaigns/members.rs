//! The readers of a campaign, frozen at its launch, what became of the message to each of them, and what the world reports
//! about it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CampaignId, CampaignMemberId, CompanyId, ContactId, JourneyEnrollmentId, LeadId, PartyId};
use crate::kernel::Code;

crate::words! {
    /// Where a reader stands: the furthest that is known.
    pub enum MemberStatus as CampaignMemberStatus {
        /// In the frozen audience; not yet judged.
        Pending = "pending",
        /// Gets nothing, for the reason beside.
        Excluded = "excluded",
        /// Will be written to.
        Queued = "queued",
        /// The message is on its way.
        Sending = "sending",
        /// The mail server took it.
        Sent = "sent",
        /// Something broke while it was on its way; it is not sent again.
        Unknown = "unknown",
        /// The mail server refused it, or it could not be written.
        Failed = "failed",
        /// It arrived.
        Delivered = "delivered",
        /// It was looked at.
        Opened = "opened",
        /// A link in it was followed.
        Clicked = "clicked",
        /// What it was for has happened.
        Converted = "converted",
        /// It came back.
        Bounced = "bounced",
        /// It was called spam.
        Complained = "complained",
        /// Its reader wants no more.
        Unsubscribed = "unsubscribed",
        /// The campaign ended before its turn.
        Dropped = "dropped",
    }
    /// Why somebody in the audience gets nothing.
    pub enum ExclusionReason as CampaignExclusionReason {
        /// There is no e-mail address.
        NoAddress = "no_address",
        /// Somebody before in the audience has the same address.
        DuplicateEmail = "duplicate_email",
        /// The address is suppressed.
        Suppressed = "suppressed",
        /// There is no consent for the topic.
        NoConsent = "no_consent",
        /// Enough was sent to the address lately.
        FrequencyCap = "frequency_cap",
    }
    /// What the world reports about a message.
    pub enum ReportKind as CampaignReportKind {
        Delivered = "delivered",
        /// A mailbox that is full or a server that was away.
        SoftBounce = "soft_bounce",
        /// A mailbox that does not exist; its address is suppressed.
        HardBounce = "hard_bounce",
        /// The reader called it spam; the address is suppressed.
        Complaint = "complaint",
        /// What the message was for has happened.
        Converted = "converted",
    }
}

/// The report names no message of a campaign.
pub const UNKNOWN_MESSAGE: Code = Code::invalid("campaign.unknown_message", "There is no such message.");

/// One reader of a campaign, as it was when the audience was frozen, and what became of the message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CampaignMember {
    /// The id.
    pub id: CampaignMemberId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The company of the campaign.
    pub company_id: CompanyId,
    /// The enrolment in a journey that the message is for.
    #[schema(required)]
    pub enrollment_id: Option<JourneyEnrollmentId>,
    /// The party.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The contact.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The lead.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// The name.
    #[schema(max_length = 450)]
    pub name: String,
    /// The given name.
    #[schema(required, max_length = 100)]
    pub first_name: Option<String>,
    /// The family name.
    #[schema(required, max_length = 100)]
    pub last_name: Option<String>,
    /// The address written to.
    #[schema(required, max_length = 254)]
    pub email: Option<String>,
    /// The language.
    #[schema(required, max_length = 35)]
    pub language: Option<String>,
    /// The country.
    #[schema(required, max_length = 2)]
    pub country: Option<String>,
    /// The time zone, when it is known better than by the country.
    #[schema(required, max_length = 100)]
    pub time_zone: Option<String>,
    /// The variant drawn.
    #[schema(required, max_length = 20)]
    pub variant: Option<String>,
    /// Where it stands.
    pub status: MemberStatus,
    /// Why it gets nothing.
    #[schema(required)]
    pub exclusion_reason: Option<ExclusionReason>,
    /// When its turn comes.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
    /// When the message was handed to the mail server.
    #[schema(required)]
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was first looked at by a person.
    #[schema(required)]
    pub opened_at: Option<DateTime<Utc>>,
    /// When a link was first followed by a person.
    #[schema(required)]
    pub clicked_at: Option<DateTime<Utc>>,
    /// When what it was for happened.
    #[schema(required)]
    pub converted_at: Option<DateTime<Utc>>,
    /// When it came back.
    #[schema(required)]
    pub bounced_at: Option<DateTime<Utc>>,
    /// When it was called spam.
    #[schema(required)]
    pub complained_at: Option<DateTime<Utc>>,
    /// When its reader unsubscribed.
    #[schema(required)]
    pub unsubscribed_at: Option<DateTime<Utc>>,
    /// All openings by people.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_count: i64,
    /// All followed links by people.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub click_count: i64,
    /// Openings and followed links by programs.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub bot_count: i64,
    /// What the mail server said.
    #[schema(required, max_length = 500)]
    pub note: Option<String>,
}

/// Reports about messages.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportMessages {
    /// The reports, the oldest first.
    #[schema(min_items = 1, max_items = 500)]
    pub reports: Vec<MessageReport>,
}

/// One report.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageReport {
    /// The reader; the part of the message's id before the `@`.
    pub member_id: CampaignMemberId,
    /// What happened.
    pub kind: ReportKind,
    /// When; now when left out.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// What the server said.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

/// What the reports changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageReports {
    /// Readers whose state changed.
    #[schema(minimum = 0, maximum = 500)]
    pub changed: i32,
    /// Addresses that were suppressed.
    #[schema(minimum = 0, maximum = 500)]
    pub suppressed: i32,
}

/// Programs look at messages the moment they arrive; people do not.
const TOO_FAST: TimeDelta = TimeDelta::seconds(3);
/// What programs that look at messages say of themselves. Image proxies of mail providers fetch for a person and are not
/// among them.
const PROGRAMS: [&str; 11] =
    ["bot", "crawl", "spider", "scan", "curl", "wget", "python", "barracuda", "mimecast", "proofpoint", "safelinks"];

/// Whether a visit is that of a program: it says so, says nothing, or came too soon after the message.
pub fn is_program(agent: Option<&str>, sent_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let soon = sent_at.is_some_and(|sent| now - sent < TOO_FAST);
    let named = agent.map(str::to_lowercase).is_none_or(|a| a.trim().is_empty() || PROGRAMS.iter().any(|p| a.contains(p)));
    soon || named
}

impl CampaignMember {
    fn reach(&mut self, status: MemberStatus, now: DateTime<Utc>) {
        if self.status == MemberStatus::Unknown {
            // whatever broke then, it has arrived
            self.sent_at = self.sent_at.or(Some(now));
        }
        // the words are in the order of a message's way; what went wrong comes after and stays
        if status > self.status && self.status != MemberStatus::Excluded {
            self.status = status;
        }
    }
    fn was_sent(&self) -> bool {
        self.sent_at.is_some() || self.status == MemberStatus::Unknown
    }
    /// Looked at, by a person or a program.
    pub fn open(mut self, program: bool, now: DateTime<Utc>) -> Self {
        if program {
            self.bot_count += 1;
            return self;
        }
        self.open_count += 1;
        self.opened_at = self.opened_at.or(Some(now));
        self.reach(MemberStatus::Opened, now);
        self
    }
    /// A link was followed. Who follows a link has looked at the message, whatever the images say.
    pub fn click(mut self, program: bool, now: DateTime<Utc>) -> Self {
        if program {
            self.bot_count += 1;
            return self;
        }
        self.click_count += 1;
        self.clicked_at = self.clicked_at.or(Some(now));
        self.opened_at = self.opened_at.or(Some(now));
        self.reach(MemberStatus::Clicked, now);
        self
    }
    /// Wants no more.
    pub fn unsubscribe(mut self, now: DateTime<Utc>) -> Self {
        self.unsubscribed_at = self.unsubscribed_at.or(Some(now));
        self.reach(MemberStatus::Unsubscribed, now);
        self
    }
    /// What the world reports; whether the address is to be suppressed. A message that was never sent has no reports.
    pub fn report(mut self, kind: ReportKind, at: DateTime<Utc>, note: Option<String>) -> Option<(Self, bool)> {
        if !self.was_sent() {
            return None;
        }
        let bad = matches!(kind, ReportKind::HardBounce | ReportKind::Complaint);
        match kind {
            ReportKind::Delivered => self.reach(MemberStatus::Delivered, at),
            ReportKind::SoftBounce | ReportKind::HardBounce => {
                self.bounced_at = self.bounced_at.or(Some(at));
                self.reach(MemberStatus::Bounced, at);
            }
            ReportKind::Complaint => {
                self.complained_at = self.complained_at.or(Some(at));
                self.reach(MemberStatus::Complained, at);
            }
            ReportKind::Converted => {
                self.converted_at = self.converted_at.or(Some(at));
                self.reach(MemberStatus::Converted, at);
            }
        }
        self.note = note.or(self.note);
        Some((self, bad))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    #[test]
    fn programs_are_not_readers() {
        let firefox = Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        let cases = [
            (firefox, Some(0), 100, false),
            (firefox, Some(99), 100, true),
            (Some("Mozilla/5.0 (via ggpht.com GoogleImageProxy)"), Some(0), 100, false),
            (Some("Barracuda Sentinel (EE)"), Some(0), 100, true),
            (Some("curl/8.0"), Some(0), 100, true),
            (Some(""), Some(0), 100, true),
            (None, Some(0), 100, true),
        ];
        for (agent, sent, now, program) in cases {
            assert_eq!(is_program(agent, sent.map(at), at(now)), program, "{agent:?}");
        }
    }
}
