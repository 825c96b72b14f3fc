//! Journeys: what somebody gets step by step over time. What is published is a version that never changes; whoever enters
//! stays on the version of that day. Who is on the way is in [`super::journey_enrollments`], what a step means in
//! [`self::steps`].

pub mod stats;
pub mod steps;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{
    CalendarId, CampaignId, CompanyId, ContactId, JourneyEnrollmentId, JourneyId, JourneyVersionId, LeadFormId, LeadId, PartyId, SegmentId,
    TemplateId,
};
use crate::kernel::Code;
use crate::marketing::campaigns::FrequencyCap;
use crate::marketing::campaigns::quiet_hours::QuietHours;

crate::string_enum! {
    /// Status of a journey.
    pub enum JourneyStatus {
        /// Never published.
        Draft = "draft",
        /// People enter and go on.
        Published = "published",
        /// Nobody enters and nobody goes on for now.
        Paused = "paused",
        /// Over; whoever was on the way has left.
        Archived = "archived",
    }
    /// How people enter.
    pub enum EntryKind as JourneyEntryKind {
        /// By somebody of ours alone.
        ByHand = "by_hand",
        /// Whoever is in a segment, looked at every few minutes.
        Segment = "segment",
        /// Whoever something happens to.
        Fact = "fact",
    }
    /// What can happen to people that a journey hears of.
    pub enum JourneyFact {
        /// A lead came to be.
        LeadCreated = "lead_created",
        /// A lead is worth the work.
        LeadQualified = "lead_qualified",
        /// A lead became a customer or a contact.
        LeadConverted = "lead_converted",
        /// A capture form was sent.
        FormSubmitted = "lead_form_submitted",
        /// A party is a customer for the first time.
        BecameCustomer = "party_became_customer",
        /// A deal was won.
        OpportunityWon = "opportunity_won",
        /// A deal was lost.
        OpportunityLost = "opportunity_lost",
        /// A quote was accepted.
        QuoteAccepted = "quote_accepted",
        /// An order was confirmed.
        OrderConfirmed = "sales_order_confirmed",
        /// Goods were shipped.
        DeliveryShipped = "delivery_shipped",
        /// An invoice was posted.
        InvoicePosted = "invoice_posted",
        /// A case was resolved.
        CaseResolved = "case_resolved",
    }
    /// Whether a person may enter again.
    pub enum ReentryKind as JourneyReentryKind {
        /// Never.
        Once = "once",
        /// So many days after the last entry, when it is over.
        AfterDays = "after_days",
        /// As soon as the last one is over.
        Always = "always",
    }
    /// What a step does.
    pub enum StepKind as JourneyStepKind {
        /// Writes a message.
        Send = "send",
        /// Lets time pass.
        Wait = "wait",
        /// Goes one way or the other.
        Branch = "branch",
        /// Gives or takes a tag; leads have none.
        Tag = "tag",
        /// Gives the owner something to do.
        Activity = "activity",
        /// Ends the journey before its end.
        Exit = "exit",
    }
}

/// Nobody enters a journey that is not published.
pub const NOT_PUBLISHED: Code = Code::conflict("journey.not_published", "The journey is not published.");
/// Only what was never published can be deleted.
pub const NOT_A_DRAFT: Code = Code::conflict("journey.not_a_draft", "Only a journey that was never published can be deleted.");
/// Two steps have one key.
pub const SAME_STEP: Code = Code::invalid("journey.same_step", "Two steps have the same key.");
/// Steps lead forward only, to steps that exist.
pub const UNKNOWN_STEP: Code = Code::invalid("journey.unknown_step", "There is no such step where it is named.");
/// A step has what its kind needs and nothing else.
pub const WRONG_STEP: Code = Code::invalid("journey.wrong_step", "A step has what its kind needs and nothing else.");
/// An entry has what its kind needs and nothing else.
pub const WRONG_ENTRY: Code = Code::invalid("journey.wrong_entry", "An entry has what its kind needs and nothing else.");
/// A goal is a segment or a fact.
pub const WRONG_GOAL: Code = Code::invalid("journey.wrong_goal", "A goal is either a segment or a fact.");
/// The days of a re-entry.
pub const WRONG_REENTRY: Code = Code::invalid("journey.wrong_reentry", "Days belong to `after_days` and to nothing else.");
/// Whoever stays in a segment would go round for ever.
pub const ENDLESS_REENTRY: Code =
    Code::invalid("journey.endless_reentry", "Who enters by a segment may do so once, or again after days; never `always`.");
/// What a journey uses is of its company.
pub const OTHER_COMPANY: Code = Code::invalid("journey.other_company", "Segments, templates and forms must be of the journey's company.");
/// Nobody was named.
pub const NOBODY: Code = Code::invalid("journey.nobody", "Name people or a segment, not both.");

/// What the rules of a journey's data can answer.
pub const REFUSALS: &[Code] = &[
    SAME_STEP,
    UNKNOWN_STEP,
    WRONG_STEP,
    WRONG_ENTRY,
    WRONG_GOAL,
    WRONG_REENTRY,
    ENDLESS_REENTRY,
    OTHER_COMPANY,
    crate::marketing::campaigns::WRONG_QUIET_HOURS,
    crate::directory::emails::INVALID_EMAIL,
];

/// How people enter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyEntry {
    /// How.
    pub kind: EntryKind,
    /// The segment, when it is by a segment.
    #[serde(default)]
    pub segment_id: Option<SegmentId>,
    /// What happens, when it is by a fact.
    #[serde(default)]
    pub fact: Option<JourneyFact>,
    /// The one capture form that counts, of `lead_form_submitted`; any when left out.
    #[serde(default)]
    pub form_id: Option<LeadFormId>,
}

/// Whether a person may enter again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyReentry {
    /// Whether.
    pub kind: ReentryKind,
    /// Days from one entry to the next, for `after_days`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3660)]
    pub days: Option<i32>,
}

/// The goal of the journey: an enrolment that reaches it is completed at once. Either of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyGoal {
    /// Being in this segment.
    #[serde(default)]
    pub segment_id: Option<SegmentId>,
    /// That this happens. What happens to a party counts for its contacts too.
    #[serde(default)]
    pub fact: Option<JourneyFact>,
}

/// How long a step waits: exactly one of `minutes`, `working_minutes` and `until`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyWait {
    /// So many minutes; a day has 1440.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 5256000)]
    pub minutes: Option<i64>,
    /// So many minutes of working time of the calendar.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 525600)]
    pub working_minutes: Option<i64>,
    /// The business calendar of `working_minutes`.
    #[serde(default)]
    pub calendar_id: Option<CalendarId>,
    /// Until this moment; who comes later goes on at once.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

/// What a branch asks: exactly one of the three.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyCondition {
    /// Whether the person is in this segment now.
    #[serde(default)]
    pub segment_id: Option<SegmentId>,
    /// Whether the message of this earlier step was looked at by a person.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_-]+$")]
    pub opened: Option<String>,
    /// Whether a link in the message of this earlier step was followed by a person.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_-]+$")]
    pub clicked: Option<String>,
}

/// A step. Steps are walked in their order; `next`, `then` and `otherwise` lead to later ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyStep {
    /// What it is called; unique in the journey.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_-]+$", example = "welcome")]
    pub key: String,
    /// What it does.
    pub kind: StepKind,
    /// The later step that follows; the next one in the order when left out. Not for branches and exits.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_-]+$")]
    pub next: Option<String>,
    /// The template that is sent. Its content is that of the day of publication.
    #[serde(default)]
    pub template_id: Option<TemplateId>,
    /// How long is waited.
    #[serde(default)]
    pub wait: Option<JourneyWait>,
    /// What a branch asks.
    #[serde(default)]
    pub condition: Option<JourneyCondition>,
    /// The later step when the condition holds; the next one in the order when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_-]+$")]
    pub then: Option<String>,
    /// The later step when it does not hold; the next one in the order when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_-]+$")]
    pub otherwise: Option<String>,
    /// The tag that is given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 50)]
    pub add_tag: Option<String>,
    /// The tag that is taken.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 50)]
    pub remove_tag: Option<String>,
    /// What is to be done, in a line.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub subject: Option<String>,
    /// Within how many days it is to be done; without a due time when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 366)]
    pub due_in_days: Option<i32>,
}

/// A series of steps over time: the draft, and the published version.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Journey {
    /// Id, generated by the server.
    pub id: JourneyId,
    /// The company that writes.
    pub company_id: CompanyId,
    /// Display name; it need not be unique.
    #[schema(max_length = 200, example = "Welcome")]
    pub name: String,
    /// Purpose of the journey, for colleagues.
    #[schema(required, max_length = 2000)]
    pub description: Option<String>,
    /// Current status.
    pub status: JourneyStatus,
    /// How people enter.
    pub entry: JourneyEntry,
    /// Whether they may enter again.
    pub reentry: JourneyReentry,
    /// Event that counts as success of the journey; null when nothing is measured.
    #[schema(required)]
    pub goal: Option<JourneyGoal>,
    /// The steps.
    #[schema(max_items = 50)]
    pub steps: Vec<JourneyStep>,
    /// What the readers must have consented to; null for anything by e-mail.
    #[schema(required, max_length = 100)]
    pub topic: Option<String>,
    /// The name of the sender; that of the mail server's configuration when null.
    #[schema(required, max_length = 100)]
    pub from_name: Option<String>,
    /// Address for replies.
    #[schema(required, max_length = 254)]
    pub reply_to: Option<String>,
    /// Quiet hours, in the reader's time zone.
    #[schema(required)]
    pub quiet_hours: Option<QuietHours>,
    /// How much an address may get; messages of campaigns count too. Who has had enough is not written to and goes on.
    #[schema(required)]
    pub frequency_cap: Option<FrequencyCap>,
    /// The number of the version that people enter; null before the first publication.
    #[schema(required, minimum = 1, maximum = 9007199254740991i64)]
    pub published_version: Option<i64>,
    /// When it was last published.
    #[schema(required)]
    pub published_at: Option<DateTime<Utc>>,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Journey, JourneyId, "journey", company: |j| Some(j.company_id), actions: |j| steps::actions(j.status) }

/// The campaign that sends the message of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JourneyMessage {
    /// The key of the step.
    #[schema(max_length = 40)]
    pub step: String,
    /// The campaign.
    pub campaign_id: CampaignId,
}

/// What was published. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JourneyVersion {
    /// Id, generated by the server.
    pub id: JourneyVersionId,
    /// The journey.
    pub journey_id: JourneyId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its number, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub number: i64,
    /// How people enter.
    pub entry: JourneyEntry,
    /// Whether they may enter again.
    pub reentry: JourneyReentry,
    /// Event that counts as success of the journey; null when nothing is measured.
    #[schema(required)]
    pub goal: Option<JourneyGoal>,
    /// The steps.
    #[schema(max_items = 50)]
    pub steps: Vec<JourneyStep>,
    /// What the readers must have consented to.
    #[schema(required, max_length = 100)]
    pub topic: Option<String>,
    /// The campaigns that send its messages.
    #[schema(max_items = 50)]
    pub messages: Vec<JourneyMessage>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// A journey to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJourney {
    /// The company that writes.
    pub company_id: CompanyId,
    /// Display name; it need not be unique.
    #[schema(min_length = 1, max_length = 200, example = "Welcome")]
    pub name: String,
    /// Purpose of the journey, for colleagues.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub description: Option<String>,
    /// How people enter; by hand when left out.
    #[serde(default = "by_hand")]
    pub entry: JourneyEntry,
    /// Whether they may enter again; once when left out.
    #[serde(default = "once")]
    pub reentry: JourneyReentry,
    /// Event that counts as success of the journey; null when nothing is measured.
    #[serde(default)]
    pub goal: Option<JourneyGoal>,
    /// The steps.
    #[schema(min_items = 1, max_items = 50)]
    pub steps: Vec<JourneyStep>,
    /// What the readers must have consented to; left out for anything by e-mail.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "newsletter")]
    pub topic: Option<String>,
    /// The name of the sender.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub from_name: Option<String>,
    /// Address for replies.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub reply_to: Option<String>,
    /// Quiet hours, in the reader's time zone.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// How much an address may get.
    #[serde(default)]
    pub frequency_cap: Option<FrequencyCap>,
}

fn by_hand() -> JourneyEntry {
    JourneyEntry { kind: EntryKind::ByHand, segment_id: None, fact: None, form_id: None }
}

fn once() -> JourneyReentry {
    JourneyReentry { kind: ReentryKind::Once, days: None }
}

crate::patch! {
    /// Changes to a journey. What is published stays as it is until the next publication.
    pub struct JourneyPatch for Journey {
        /// Display name; it need not be unique.
        set name: String [min_length = 1, max_length = 200],
        /// Purpose of the journey, for colleagues.
        clear description: String [min_length = 1, max_length = 2000],
        /// How people enter; replaced whole.
        set entry: JourneyEntry,
        /// Whether they may enter again; replaced whole.
        set reentry: JourneyReentry,
        /// What it is for; replaced whole.
        clear goal: JourneyGoal,
        /// The steps; replaced whole.
        set steps: Vec<JourneyStep> [min_items = 1, max_items = 50],
        /// What the readers must have consented to.
        clear topic: String [min_length = 1, max_length = 100, pattern = "^[a-z0-9][a-z0-9_.-]*$"],
        /// The name of the sender.
        clear from_name: String [min_length = 1, max_length = 100],
        /// Address for replies.
        clear reply_to: String [max_length = 254],
        /// Quiet hours; replaced as a whole.
        clear quiet_hours: QuietHours,
        /// How much an address may get; replaced whole.
        clear frequency_cap: FrequencyCap,
    }
}

/// Who is to enter: people, or everybody in a segment.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrollInJourney {
    /// Parties.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub party_ids: Vec<PartyId>,
    /// Contacts.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub contact_ids: Vec<ContactId>,
    /// Leads.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub lead_ids: Vec<LeadId>,
    /// Everybody who is in this segment now; 500 at once.
    #[serde(default)]
    pub segment_id: Option<SegmentId>,
}

/// Who has entered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EnrolledInJourney {
    /// The new enrolments.
    #[schema(max_items = 1500)]
    pub enrollment_ids: Vec<JourneyEnrollmentId>,
    /// Of the people named, those who did not enter: on the way already, kept out by the re-entry policy, or archived.
    #[schema(minimum = 0, maximum = 1500)]
    pub skipped: i32,
    /// Whether the segment may have more: ask again.
    pub has_more: bool,
}
