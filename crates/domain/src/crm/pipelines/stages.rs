//! Stages: the steps of a pipeline, how likely each makes a sale and what a deal must have to enter. How they are
//! arranged is a matter of the pipeline.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{PipelineId, StageId};
use crate::kernel::Rate;

crate::words! {
    /// How a forecast counts a deal.
    pub enum ForecastCategory {
        /// Possible.
        Pipeline = "pipeline",
        /// Likely when all goes well.
        BestCase = "best_case",
        /// Promised by its owner.
        Commit = "commit",
        /// Won.
        Closed = "closed",
        /// Not counted.
        Omitted = "omitted",
    }
    /// Something a deal must have to enter a stage.
    pub enum StageRequirement {
        /// A contact person.
        Contact = "contact_id",
        /// A user who works on it.
        Owner = "owner_id",
        /// An amount above zero.
        Amount = "amount",
        /// An expected day of the decision.
        ExpectedCloseDate = "expected_close_date",
        /// At least one line.
        Lines = "lines",
        /// A quote that was sent and is neither rejected nor expired.
        Quote = "quote",
    }
}

/// A step on the way of a deal.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Stage {
    /// The id.
    pub id: StageId,
    /// The pipeline.
    pub pipeline_id: PipelineId,
    /// Its place among the stages, from 1.
    #[schema(minimum = 1, maximum = 50)]
    pub position: i32,
    /// What it is called.
    #[schema(max_length = 100, example = "Negotiation")]
    pub name: String,
    /// How likely a deal in this stage is won, 0 to 100.
    pub probability_percent: Rate,
    /// How a forecast counts a deal in this stage.
    pub forecast_category: ForecastCategory,
    /// What a deal must have to enter.
    #[schema(max_items = 6)]
    pub required_fields: Vec<StageRequirement>,
    /// Whether deals may jump over it.
    pub allow_skip: bool,
    /// After how many days in it without an activity done a deal counts as stalled; null for never.
    #[schema(required, minimum = 1, maximum = 3650)]
    pub stalled_after_days: Option<i32>,
    /// When it was archived; no deal enters an archived stage.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// The version of the pipeline: it changes together with its parts.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated Stage, StageId, "stage" }

/// A stage to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStage {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Negotiation")]
    pub name: String,
    /// How likely a deal in this stage is won, 0 to 100.
    pub probability_percent: Rate,
    /// How a forecast counts a deal in this stage; `pipeline` when left out, never `closed`.
    #[serde(default = "pipeline")]
    pub forecast_category: ForecastCategory,
    /// What a deal must have to enter.
    #[serde(default)]
    #[schema(max_items = 6)]
    pub required_fields: Vec<StageRequirement>,
    /// Whether deals may jump over it; true when left out.
    #[serde(default = "crate::kernel::yes")]
    pub allow_skip: bool,
    /// After how many days in it without an activity done a deal counts as stalled; never when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    pub stalled_after_days: Option<i32>,
    /// Its place among the stages, from 1; the last when left out. Ignored in the list of a new pipeline.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50)]
    pub position: Option<i32>,
}

crate::patch! {
    /// Changes to a stage. Deals that are in it keep their figures until they change; their history never changes.
    pub struct StagePatch {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// How likely a deal in this stage is won, 0 to 100.
        set probability_percent: Rate,
        /// How a forecast counts a deal in this stage; never `closed`.
        set forecast_category: ForecastCategory,
        /// What a deal must have to enter; replaced whole.
        set required_fields: Vec<StageRequirement> [max_items = 6],
        /// Whether deals may jump over it.
        set allow_skip: bool,
        /// After how many days in it without an activity done a deal counts as stalled; null for never. Deals in it count
        /// anew with their next change.
        clear stalled_after_days: i32 [minimum = 1, maximum = 3650],
        /// Its new place among the stages, from 1; the others make room.
        set position: i32 [minimum = 1, maximum = 50],
        /// True archives the stage, false brings it back as the last one.
        set archived: bool,
    }
}

fn pipeline() -> ForecastCategory {
    ForecastCategory::Pipeline
}

/// The stages that a pipeline has when nobody says otherwise.
pub fn standard_stages() -> Vec<NewStage> {
    use ForecastCategory::*;
    let stage = |name: &str, percent: i32, forecast_category, required_fields: &[StageRequirement]| NewStage {
        name: name.to_string(),
        probability_percent: Rate::from(percent),
        forecast_category,
        required_fields: required_fields.to_vec(),
        allow_skip: true,
        stalled_after_days: Some(30),
        position: None,
    };
    vec![
        stage("Qualification", 10, Pipeline, &[]),
        stage("Needs analysis", 20, Pipeline, &[]),
        stage("Value proposition", 50, BestCase, &[]),
        stage("Proposal", 65, BestCase, &[StageRequirement::Amount]),
        stage("Negotiation", 80, Commit, &[StageRequirement::Amount, StageRequirement::ExpectedCloseDate]),
    ]
}
