//! Cases: what customers ask of service, from the first message to the end. The rules of their way are in
//! [`self::steps`], their clocks in [`crate::service::sla_policies::clocks`].

pub mod context;
pub mod messages;
pub mod steps;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{
    CalendarId, CaseId, CompanyId, ContactId, EntitlementId, KbArticleId, PartyId, ProductId, QueueId, SalesOrderId, SlaPolicyId,
    SlaPolicyVersionId, UserId,
};
use crate::kernel::Code;
use crate::service::priorities::CasePriority;
use crate::service::sla_policies::HoldBehaviour;
use crate::service::sla_policies::clocks::{Pause, SlaClock, SlaMilestone, SlaState};

crate::words! {
    /// Where a case stands.
    pub enum CaseStatus {
        /// Nobody has answered or taken it.
        New = "new",
        /// Somebody works on it.
        Open = "open",
        /// On hold: it waits for the customer.
        Pending = "pending",
        /// Done; the customer may come back.
        Resolved = "resolved",
        /// Over.
        Closed = "closed",
    }
    /// The way a case or a message came.
    pub enum CaseChannel {
        Email = "email",
        Phone = "phone",
        Web = "web",
        Chat = "chat",
        Portal = "portal",
        InPerson = "in_person",
        Other = "other",
    }
    /// How much depends on it.
    pub enum CaseImpact {
        Low = "low",
        Medium = "medium",
        High = "high",
    }
    /// How soon it is needed.
    pub enum CaseUrgency {
        Low = "low",
        Medium = "medium",
        High = "high",
    }
}

/// A closed case does not change.
pub const CLOSED: Code = Code::conflict("case.closed", "The case is closed and does not change.");
/// It was merged into another case, where its story goes on.
pub const MERGED: Code = Code::conflict("case.merged", "The case was merged into another.");
/// The window for reopening is over; create a case that follows it.
pub const REOPEN_WINDOW_OVER: Code = Code::conflict("case.reopen_window_over", "The case can no longer be reopened.");
/// The user does not work on the queue of the case.
pub const NOT_A_MEMBER: Code = Code::invalid("case.not_a_member", "The user is not a member of the queue.");
/// Neither a user nor a queue is named.
pub const NOTHING_TO_ASSIGN: Code = Code::invalid("case.nothing_to_assign", "Name a user or a queue.");
/// The piece was never shipped to the customer.
pub const UNKNOWN_SERIAL: Code = Code::invalid("case.unknown_serial", "A piece with this serial number was never shipped to the customer.");
/// A case cannot be merged into itself.
pub const MERGED_INTO_ITSELF: Code = Code::invalid("case.merged_into_itself", "A case cannot be merged into itself.");
/// Cases of two customers or companies are never one.
pub const MERGED_ACROSS_PARTIES: Code = Code::invalid("case.merged_across_parties", "The cases belong to different customers.");
/// The case to merge into is over.
pub const MERGED_INTO_CLOSED: Code = Code::conflict("case.merged_into_closed", "The case to merge into is closed.");
/// The order is one of another customer or company.
pub const ORDER_OF_ANOTHER: Code = Code::invalid("case.order_of_another", "The order belongs to another customer.");

/// What a customer asks of service.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Case {
    /// The id.
    pub id: CaseId,
    /// The company that serves.
    pub company_id: CompanyId,
    /// The number, from a series without gaps.
    #[schema(max_length = 40, example = "CASE-2026-00012")]
    pub number: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// What it is about.
    #[schema(max_length = 300, example = "Machine leaks")]
    pub subject: String,
    /// The way it came.
    pub channel: CaseChannel,
    /// What kind of matter it is, in the words your reports group by.
    #[schema(required, max_length = 100)]
    pub category: Option<String>,
    /// How much depends on it.
    pub impact: CaseImpact,
    /// How soon it is needed.
    pub urgency: CaseUrgency,
    /// What follows from both: high and high is urgent; one step less is high; two steps less is normal; all else is low.
    pub priority: CasePriority,
    /// The customer.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The person at the customer.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// Who asks, by name.
    #[schema(required, max_length = 200)]
    pub requester_name: Option<String>,
    /// Who asks, by e-mail address.
    #[schema(required, max_length = 254)]
    pub requester_email: Option<String>,
    /// The product it is about.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// The order it is about.
    #[schema(required)]
    pub order_id: Option<SalesOrderId>,
    /// The serial number of the thing it is about.
    #[schema(required, max_length = 100)]
    pub serial_number: Option<String>,
    /// Where it waits.
    #[schema(required)]
    pub queue_id: Option<QueueId>,
    /// The user who works on it.
    #[schema(required)]
    pub assignee_id: Option<UserId>,
    /// How often it was escalated.
    #[schema(minimum = 0)]
    pub escalation_level: i32,
    /// When it was last escalated.
    #[schema(required)]
    pub escalated_at: Option<DateTime<Utc>>,
    /// The earlier case that it follows.
    #[schema(required)]
    pub follows_case_id: Option<CaseId>,
    /// The case into which it was merged.
    #[schema(required)]
    pub merged_into_id: Option<CaseId>,
    /// Articles of the knowledge base that answer it.
    #[schema(max_items = 20)]
    pub kb_article_ids: Vec<KbArticleId>,
    /// The entitlement it counts on.
    #[schema(required)]
    pub entitlement_id: Option<EntitlementId>,
    /// The service level policy it goes by.
    #[schema(required)]
    pub sla_policy_id: Option<SlaPolicyId>,
    /// The version of the policy's terms, fixed when the case began.
    #[schema(required)]
    pub sla_policy_version_id: Option<SlaPolicyVersionId>,
    /// How it stands to its service level.
    pub sla_state: SlaState,
    /// When the first answer is due.
    #[schema(required)]
    pub first_response_due_at: Option<DateTime<Utc>>,
    /// When the answer to the customer's latest question is due.
    #[schema(required)]
    pub next_response_due_at: Option<DateTime<Utc>>,
    /// When it is to be resolved; null while that clock stands still.
    #[schema(required)]
    pub resolution_due_at: Option<DateTime<Utc>>,
    /// The clocks behind these times.
    #[schema(max_items = 23)]
    pub clocks: Vec<SlaClock>,
    /// When an agent first answered in public.
    #[schema(required)]
    pub first_response_at: Option<DateTime<Utc>>,
    /// Since when the customer waits for an answer.
    #[schema(required)]
    pub awaiting_response_since: Option<DateTime<Utc>>,
    /// Since when it is on hold.
    #[schema(required)]
    pub held_since: Option<DateTime<Utc>>,
    /// What it waits for while it is on hold.
    #[schema(required, max_length = 500)]
    pub hold_reason: Option<String>,
    /// What was done.
    #[schema(required, max_length = 5000)]
    pub resolution: Option<String>,
    /// When it was last resolved.
    #[schema(required)]
    pub resolved_at: Option<DateTime<Utc>>,
    /// Until when it can be reopened; then it is closed.
    #[schema(required)]
    pub reopen_until: Option<DateTime<Utc>>,
    /// When it was closed.
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// How often it was reopened.
    #[schema(minimum = 0)]
    pub reopen_count: i32,
    /// Minutes of work counted so far.
    #[schema(minimum = 0)]
    pub spent_minutes: i32,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Times in which the resolution did not count.
    #[serde(skip)]
    #[schema(ignore)]
    pub pauses: Vec<Pause>,
    /// When the clocks have to be looked at next.
    #[serde(skip)]
    #[schema(ignore)]
    pub sla_look_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Case, CaseId, "case", company: |c| Some(c.company_id), party: |c| c.party_id, actions: |c| c.actions() }

/// A case to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    /// The company that serves.
    pub company_id: CompanyId,
    /// What it is about.
    #[schema(min_length = 1, max_length = 300, example = "Machine leaks")]
    pub subject: String,
    /// What the customer says: the first message of the case.
    #[serde(default)]
    #[schema(max_length = 50000)]
    pub description: Option<String>,
    /// The way it came; `other` when left out.
    #[serde(default = "other")]
    pub channel: CaseChannel,
    /// What kind of matter it is.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub category: Option<String>,
    /// How much depends on it; `medium` when left out.
    #[serde(default = "medium_impact")]
    pub impact: CaseImpact,
    /// How soon it is needed; `medium` when left out.
    #[serde(default = "medium_urgency")]
    pub urgency: CaseUrgency,
    /// The customer.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// The person at the customer.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// Who asks, by name.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub requester_name: Option<String>,
    /// Who asks, by e-mail address.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub requester_email: Option<String>,
    /// The product it is about.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// The order it is about.
    #[serde(default)]
    pub order_id: Option<SalesOrderId>,
    /// The serial number of the thing it is about.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub serial_number: Option<String>,
    /// Where it waits. The queue hands it out unless `assignee_id` names somebody.
    #[serde(default)]
    pub queue_id: Option<QueueId>,
    /// The user who is to work on it.
    #[serde(default)]
    pub assignee_id: Option<UserId>,
    /// The earlier case that it follows.
    #[serde(default)]
    pub follows_case_id: Option<CaseId>,
    /// The entitlement to count on. When left out, one of the customer that covers it is taken, if there is any.
    #[serde(default)]
    pub entitlement_id: Option<EntitlementId>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

fn other() -> CaseChannel {
    CaseChannel::Other
}
fn medium_impact() -> CaseImpact {
    CaseImpact::Medium
}
fn medium_urgency() -> CaseUrgency {
    CaseUrgency::Medium
}

crate::patch! {
    /// Changes to a case that is not closed. Another impact or urgency gives it another priority and other targets, which
    /// count from its creation.
    pub struct CasePatch for Case {
        /// What it is about.
        set subject: String [min_length = 1, max_length = 300],
        /// What kind of matter it is.
        clear category: String [max_length = 100],
        /// How much depends on it.
        set impact: CaseImpact,
        /// How soon it is needed.
        set urgency: CaseUrgency,
        /// The person at the customer.
        clear contact_id: ContactId,
        /// The product it is about.
        clear product_id: ProductId,
        /// The serial number of the thing it is about.
        clear serial_number: String [max_length = 100],
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// Who is to work on a case.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignCase {
    /// The user. When left out, the queue hands the case out.
    #[serde(default)]
    pub assignee_id: Option<UserId>,
    /// The queue to move it to; it stays where it is when left out.
    #[serde(default)]
    #[schema(example = "que_00000000000000000000000000")]
    pub queue_id: Option<QueueId>,
}

/// Why a case waits.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldCase {
    /// What it waits for.
    #[serde(default)]
    #[schema(max_length = 500, example = "The customer sends a photo.")]
    pub reason: Option<String>,
}

/// How a case was resolved.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveCase {
    /// What was done.
    #[schema(min_length = 1, max_length = 5000, example = "The pump was replaced.")]
    pub resolution: String,
}

/// Why and to whom a case is escalated.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalateCase {
    /// Why; it becomes an internal message.
    #[schema(min_length = 1, max_length = 5000, example = "The customer threatens to leave.")]
    pub reason: String,
    /// The queue to move it to.
    #[serde(default)]
    pub queue_id: Option<QueueId>,
    /// The user who is to work on it.
    #[serde(default)]
    pub assignee_id: Option<UserId>,
}

/// The case that goes on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeCase {
    /// The case to merge into. It gets the messages; the other is closed.
    pub into_case_id: CaseId,
}

/// The service level of a case, measured now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseSla {
    /// The case.
    pub case_id: CaseId,
    /// The moment all figures belong to. Nothing is raised by reading them.
    pub measured_at: DateTime<Utc>,
    /// How it stands.
    pub sla_state: SlaState,
    /// The terms it goes by; left out when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<CaseTerms>,
    /// The clocks.
    #[schema(max_items = 23)]
    pub clocks: Vec<MeasuredClock>,
    /// The mean time in which the customer was answered, in seconds of the calendar; null without answers.
    #[schema(required, minimum = 0)]
    pub average_response_seconds: Option<i64>,
    /// From the customer's first message to the resolution, in seconds of the calendar; null until it is resolved.
    #[schema(required, minimum = 0)]
    pub resolution_seconds: Option<i64>,
    /// The same without the times in which it was the customer's turn.
    #[schema(required, minimum = 0)]
    pub handling_seconds: Option<i64>,
}

/// The terms a case goes by.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseTerms {
    /// The policy.
    pub sla_policy_id: SlaPolicyId,
    /// What it is called now.
    #[schema(max_length = 100)]
    pub name: String,
    /// The version of its terms.
    #[schema(minimum = 1)]
    pub terms_version: i32,
    /// The calendar whose working time counts.
    pub calendar_id: CalendarId,
    /// The time zone of the calendar.
    #[schema(max_length = 64)]
    pub time_zone: String,
    /// What a hold does.
    pub hold_behaviour: HoldBehaviour,
}

/// A clock, measured.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeasuredClock {
    /// What it runs for.
    pub milestone: SlaMilestone,
    /// Working time until it is due, in minutes.
    #[schema(minimum = 1)]
    pub target_minutes: i32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it is due; null while it stands still.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
    /// When it was stopped for good.
    #[schema(required)]
    pub completed_at: Option<DateTime<Utc>>,
    /// Working time that has passed, in seconds.
    #[schema(minimum = 0)]
    pub elapsed_seconds: i64,
    /// Working time that remains, in seconds; below zero when it is overdue.
    pub remaining_seconds: i64,
    /// Whether it stands still.
    pub is_paused: bool,
    /// Whether it runs and the time is over.
    pub is_overdue: bool,
    /// When it was warned of.
    #[schema(required)]
    pub warned_at: Option<DateTime<Utc>>,
    /// When its breach was raised.
    #[schema(required)]
    pub breached_at: Option<DateTime<Utc>>,
}
