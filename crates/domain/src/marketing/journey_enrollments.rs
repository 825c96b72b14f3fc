//! People on the way through a journey: where each is, until when, and how it ended.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{CompanyId, ContactId, JourneyEnrollmentId, JourneyId, JourneyVersionId, LeadId, PartyId};
use crate::kernel::{Result, problems};
use crate::marketing::journeys::EntryKind;

crate::words! {
    /// Where somebody stands.
    pub enum EnrollmentStatus as JourneyEnrollmentStatus {
        /// The next step is to be done.
        Active = "active",
        /// A step lets time pass.
        Waiting = "waiting",
        /// At the goal or at the end.
        Completed = "completed",
        /// Left before the end.
        Exited = "exited",
    }
    /// How it ended.
    pub enum JourneyOutcome {
        /// What the journey is for was reached.
        GoalReached = "goal_reached",
        /// All steps were done.
        Finished = "finished",
        /// A step ended it.
        ExitStep = "exit_step",
        /// Somebody of ours ended it.
        ByHand = "by_hand",
        /// The person wants no more.
        OptedOut = "opted_out",
        /// There is no consent for a message.
        NoConsent = "no_consent",
        /// There is no address for a message.
        NoAddress = "no_address",
        /// The address gets nothing any more.
        Suppressed = "suppressed",
        /// The person was archived, or is gone.
        Gone = "gone",
        /// The data of the person was erased.
        Erased = "erased",
        /// The person was merged into one who is on the same way.
        Merged = "merged",
        /// The journey is over.
        JourneyArchived = "journey_archived",
        /// A step could not be done.
        Failed = "failed",
    }
}

impl JourneyOutcome {
    /// The state it leads to.
    pub fn status(self) -> EnrollmentStatus {
        match self {
            Self::GoalReached | Self::Finished => EnrollmentStatus::Completed,
            _ => EnrollmentStatus::Exited,
        }
    }
}

impl EnrollmentStatus {
    /// Whether somebody is on the way.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Waiting)
    }
}

/// A step that somebody came to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JourneyVisit {
    /// The key of the step.
    #[schema(max_length = 40)]
    pub step: String,
    /// When.
    pub visited_at: DateTime<Utc>,
    /// What came of it: what became of the message at first, the step that a branch led to, the activity that was made.
    #[schema(required, max_length = 100)]
    pub result: Option<String>,
}

/// Somebody on the way through a journey. Exactly one of the party, the contact and the lead is there.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Enrollment)]
pub struct JourneyEnrollment {
    /// The id.
    pub id: JourneyEnrollmentId,
    /// The journey.
    pub journey_id: JourneyId,
    /// The version of the day of entry.
    pub journey_version_id: JourneyVersionId,
    /// Its number.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub journey_version: i64,
    /// The company of the journey.
    pub company_id: CompanyId,
    /// The party.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The contact.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The lead.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// How the person entered.
    pub entered_by: EntryKind,
    /// The how-manieth entry of this person into this journey it is, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub entry_number: i64,
    /// Where it stands.
    pub status: EnrollmentStatus,
    /// How it ended.
    #[schema(required)]
    pub outcome: Option<JourneyOutcome>,
    /// The last step that was begun; null before the first.
    #[schema(required, max_length = 40)]
    pub step: Option<String>,
    /// When it goes on.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
    /// The steps so far.
    #[schema(max_items = 50)]
    pub path: Vec<JourneyVisit>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When the person entered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { JourneyEnrollment, JourneyEnrollmentId, "journey_enrollment", company: |e| Some(e.company_id), party: |e| e.party_id,
actions: |e| if e.status.is_open() { vec!["exit"] } else { vec![] } }

impl JourneyEnrollment {
    /// The id of the person as it is written.
    pub fn person(&self) -> String {
        let ids = [self.party_id.map(|i| i.to_string()), self.contact_id.map(|i| i.to_string()), self.lead_id.map(|i| i.to_string())];
        ids.into_iter().flatten().next().unwrap_or_default()
    }
    /// Waiting at a step.
    pub fn wait(mut self, step: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        self.status = EnrollmentStatus::Waiting;
        self.step = Some(step.into());
        (self.due_at, self.updated_at) = (Some(until), now);
        self
    }
    /// Ended. Fails with `invalid_state` when it has ended before.
    pub fn end(mut self, outcome: JourneyOutcome, now: DateTime<Utc>) -> Result<Self> {
        if !self.status.is_open() {
            return Err(problems::invalid_state.with(format!("It is {}.", self.status)).in_state(self.status, &[]));
        }
        (self.status, self.outcome) = (outcome.status(), Some(outcome));
        (self.due_at, self.ended_at, self.updated_at) = (None, Some(now), now);
        Ok(self)
    }
}
