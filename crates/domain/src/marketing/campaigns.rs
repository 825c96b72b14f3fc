//! Campaigns: one message, or variants of it, to everybody in a segment. The audience is frozen at the launch, with the
//! reason for everybody who gets nothing; each of the others gets the message at most once.

pub mod members;
pub mod quiet_hours;
pub mod stats;
pub mod steps;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::crm::campaign_names;
use crate::directory::search;
use crate::ids::{CampaignId, CampaignVariantId, CompanyId, JobId, JourneyId, SegmentId, TemplateId};
use crate::kernel::Code;
use crate::marketing::campaigns::quiet_hours::QuietHours;

crate::words! {
    /// Where a campaign stands.
    pub enum CampaignStatus {
        /// Can still change.
        Draft = "draft",
        /// Is launched at a moment.
        Scheduled = "scheduled",
        /// Launched; messages go out.
        Running = "running",
        /// Launched; no messages go out for now.
        Paused = "paused",
        /// Everybody was written to, or it was ended.
        Completed = "completed",
        /// Given up; whoever was not written to will not be.
        Cancelled = "cancelled",
    }
}

/// No server for mail was configured.
pub const NO_MAIL_SERVER: Code = Code::conflict("campaign.no_mail_server", "No mail server is configured (TANDEM_SMTP_URL).");
/// Only drafts change.
pub const NOT_A_DRAFT: Code = Code::conflict("campaign.not_a_draft", "Only a draft can be changed or deleted.");
/// A marketing message says how to stop it.
pub const NO_UNSUBSCRIBE_LINK: Code =
    Code::invalid("campaign.no_unsubscribe_link", "Every body of the template must contain {{ unsubscribe_url }}.");
/// The template is archived.
pub const TEMPLATE_ARCHIVED: Code = Code::conflict("campaign.template_archived", "The template is archived.");
/// Template and segment are of the same company.
pub const OTHER_COMPANY: Code = Code::invalid("campaign.other_company", "Segment and templates must be of the campaign's company.");
/// The shares of the variants are 100 together.
pub const WRONG_SHARES: Code = Code::invalid("campaign.wrong_shares", "The shares of the variants must be 100 together.");
/// Two variants have one name.
pub const SAME_VARIANT: Code = Code::invalid("campaign.same_variant", "Two variants have the same name.");
/// The moment has passed.
pub const IN_THE_PAST: Code = Code::invalid("campaign.in_the_past", "The launch must be in the future.");
/// Quiet hours that last all day leave no time.
pub const WRONG_QUIET_HOURS: Code = Code::invalid("campaign.wrong_quiet_hours", "Quiet hours are two different times of the day, HH:MM.");
/// What a journey sends by is led by the journey.
pub const OF_A_JOURNEY: Code =
    Code::conflict("campaign.of_a_journey", "The campaign belongs to a journey, which starts, pauses and ends it.");
/// A name that messages have already.
pub const RESERVED_VALUE: Code = Code::invalid("campaign.reserved_value", "This name is given by the campaign itself.");

/// What the rules of a campaign's data can answer.
pub const REFUSALS: &[Code] =
    &[OTHER_COMPANY, WRONG_SHARES, SAME_VARIANT, WRONG_QUIET_HOURS, RESERVED_VALUE, crate::directory::emails::INVALID_EMAIL];

/// At most so many messages to one address in so many days, over all campaigns of the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrequencyCap {
    /// Messages at most.
    #[schema(minimum = 1, maximum = 100)]
    pub messages: i32,
    /// In how many days.
    #[schema(minimum = 1, maximum = 366)]
    pub days: i32,
}

/// A variant of the message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CampaignVariant {
    /// The id.
    pub id: CampaignVariantId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Its place among the variants, from 1.
    #[schema(minimum = 1, maximum = 26)]
    pub position: i32,
    /// What it is called.
    #[schema(max_length = 20, example = "a")]
    pub name: String,
    /// The template.
    pub template_id: TemplateId,
    /// Which content of it is sent; null before the launch.
    #[schema(required, minimum = 1, maximum = 9007199254740991i64)]
    pub template_revision: Option<i64>,
    /// Out of 100 readers, how many get it. They are drawn by lot.
    #[schema(minimum = 1, maximum = 100)]
    pub share_percent: i32,
}

/// One message, or variants of it, to everybody in a segment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Campaign {
    /// The id.
    pub id: CampaignId,
    /// The company that writes.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 200, example = "Spring sale")]
    pub name: String,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Whom it is for; null for one of a journey, whose readers come one by one.
    #[schema(required)]
    pub segment_id: Option<SegmentId>,
    /// The journey that sends by it; null for one of its own.
    #[schema(required)]
    pub journey_id: Option<JourneyId>,
    /// What the readers must have consented to; null for anything on the channel.
    #[schema(required, max_length = 100)]
    pub topic: Option<String>,
    /// The name of the sender; that of the mail server's configuration when null.
    #[schema(required, max_length = 100)]
    pub from_name: Option<String>,
    /// Where answers go.
    #[schema(required, max_length = 254)]
    pub reply_to: Option<String>,
    /// Values for variables of the templates, the same for all readers.
    #[schema(schema_with = crate::kernel::metadata)]
    pub variables: BTreeMap<String, String>,
    /// When nobody is written to, in the reader's own time zone.
    #[schema(required)]
    pub quiet_hours: Option<QuietHours>,
    /// How much an address may get.
    #[schema(required)]
    pub frequency_cap: Option<FrequencyCap>,
    /// The message, or its variants.
    #[schema(max_items = 5)]
    pub variants: Vec<CampaignVariant>,
    /// When it is to be launched.
    #[schema(required)]
    pub scheduled_at: Option<DateTime<Utc>>,
    /// When it was launched.
    #[schema(required)]
    pub launched_at: Option<DateTime<Utc>>,
    /// The moment as of which its audience was found and is frozen. While it is null after a launch, it is being found.
    #[schema(required)]
    pub audience_at: Option<DateTime<Utc>>,
    /// How many were in the audience at that moment.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub audience_count: Option<i64>,
    /// When everybody in it had been judged, so that messages could go out. While it is null after a launch, nothing is
    /// sent, and the job tells how far it is.
    #[schema(required)]
    pub ready_at: Option<DateTime<Utc>>,
    /// When it was completed.
    #[schema(required)]
    pub completed_at: Option<DateTime<Utc>>,
    /// When it was cancelled.
    #[schema(required)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// The job that freezes the audience or sends, when one does.
    #[schema(required)]
    pub job_id: Option<JobId>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Campaign, CampaignId, "campaign", company: |c| Some(c.company_id), actions: |c| match c.journey_id {
    Some(_) => vec![],
    None => steps::actions(c.status),
} }

impl Campaign {
    /// What the campaign is called in the marks of links and in the dimensions of journal lines: its id, and its name in normal
    /// form with spaces, hyphens or underscores.
    pub fn codes(&self) -> Vec<String> {
        let (said, name) = (search::normalise(&self.name), campaign_names::normal(&self.name));
        let codes = BTreeSet::from([self.id.to_string(), name.replace(' ', "-"), name.replace(' ', "_"), name, said]);
        codes.into_iter().filter(|c| !c.is_empty()).collect()
    }
}

/// A variant to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaignVariant {
    /// What it is called; unique in the campaign.
    #[schema(min_length = 1, max_length = 20, pattern = "^[a-z0-9_-]+$", example = "a")]
    pub name: String,
    /// The template.
    pub template_id: TemplateId,
    /// Out of 100 readers, how many get it.
    #[schema(minimum = 1, maximum = 100)]
    pub share_percent: i32,
}

/// A campaign to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// The company that writes.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Spring sale")]
    pub name: String,
    /// Whom it is for.
    pub segment_id: SegmentId,
    /// The message, or variants of it to compare.
    #[schema(min_items = 1, max_items = 5)]
    pub variants: Vec<NewCampaignVariant>,
    /// What the readers must have consented to; left out for anything on the channel.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "newsletter")]
    pub topic: Option<String>,
    /// The name of the sender.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub from_name: Option<String>,
    /// Where answers go.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub reply_to: Option<String>,
    /// Values for variables of the templates, the same for all readers.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub variables: BTreeMap<String, String>,
    /// When nobody is written to, in the reader's own time zone.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// How much an address may get.
    #[serde(default)]
    pub frequency_cap: Option<FrequencyCap>,
}

crate::patch! {
    /// Changes to a draft.
    pub struct CampaignPatch for Campaign {
        /// What it is called.
        set name: String [min_length = 1, max_length = 200],
        /// Whom it is for.
        set segment_id: SegmentId,
        /// What the readers must have consented to.
        clear topic: String [min_length = 1, max_length = 100, pattern = "^[a-z0-9][a-z0-9_.-]*$"],
        /// The name of the sender.
        clear from_name: String [min_length = 1, max_length = 100],
        /// Where answers go.
        clear reply_to: String [max_length = 254],
        /// Values for variables of the templates; replaced whole.
        set variables: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
        /// When nobody is written to; replaced whole.
        clear quiet_hours: QuietHours,
        /// How much an address may get; replaced whole.
        clear frequency_cap: FrequencyCap,
    }
}

/// When a campaign is to be launched.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleCampaign {
    /// The moment.
    pub scheduled_at: DateTime<Utc>,
}
