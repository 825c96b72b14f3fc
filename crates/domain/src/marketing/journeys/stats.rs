//! What became of a journey: who entered, where they are, how it ended for them, and what became of the messages of each step.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::StepKind;
use crate::ids::{CampaignId, JourneyId};
use crate::marketing::campaigns::stats::{Counts, Rates};
use crate::marketing::journey_enrollments::JourneyOutcome;

/// What became of a journey.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JourneyStats {
    /// The journey.
    pub journey_id: JourneyId,
    /// As of which event this is: the number of the last one that was taken into account. `wait_for` waits for a later one.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub as_of_seq: i64,
    /// When that event happened; null before the first.
    #[schema(required)]
    pub as_of_at: Option<DateTime<Utc>>,
    /// Number of enrolments so far; a person who entered twice counts twice.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub entered: i64,
    /// On the way, with a step to do now.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub active: i64,
    /// On the way, waiting.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub waiting: i64,
    /// At the goal or at the end.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub completed: i64,
    /// Left before the end.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub exited: i64,
    /// Why those who are not on the way any more are not.
    #[schema(max_items = 50)]
    pub outcomes: Vec<JourneyOutcomes>,
    /// The steps of all versions, each version in its order.
    #[schema(max_items = 10000)]
    pub steps: Vec<JourneyStepStats>,
}

/// How many ended so.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JourneyOutcomes {
    /// How.
    pub outcome: JourneyOutcome,
    /// Quantity.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
}

/// What became of a step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JourneyStepStats {
    /// The number of the version.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The key of the step.
    #[schema(max_length = 40)]
    pub step: String,
    /// What it does.
    pub kind: StepKind,
    /// Who came to it.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub reached: i64,
    /// Who waits at it now.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub here: i64,
    /// The campaign that sends its messages.
    #[schema(required)]
    pub campaign_id: Option<CampaignId>,
    /// What became of its messages.
    #[schema(required)]
    pub counts: Option<Counts>,
    /// Their rates.
    #[schema(required)]
    pub rates: Option<Rates>,
}
