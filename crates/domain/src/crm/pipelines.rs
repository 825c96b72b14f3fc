//! Pipelines: the stages that deals of a company go through, how likely each stage makes a sale, and what a deal must
//! have to enter it. The deals themselves, and the record of their way, are not kept here: renaming or reordering
//! stages changes no history.

pub mod stages;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::crm::percentages::{NOT_A_PERCENTAGE, percentage};
pub use crate::crm::pipelines::stages::{ForecastCategory, NewStage, Stage, StagePatch, StageRequirement, standard_stages};
use crate::ids::StageId;
use crate::ids::{CompanyId, PipelineId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Result};

/// A stage cannot claim `closed`: that is what won deals are.
pub const CLOSED_STAGE: Code = Code::invalid("pipeline.closed_stage", "A stage of open deals cannot have the category closed.");
/// Two stages of one pipeline have the same name.
pub const DUPLICATE_STAGE: Code = Code::invalid("pipeline.duplicate_stage", "Two stages have the same name.");
/// A pipeline keeps at least one stage that is not archived.
pub const LAST_STAGE: Code = Code::conflict("pipeline.last_stage", "A pipeline keeps at least one stage.");
/// Open deals are in the stage; move them first.
pub const STAGE_OCCUPIED: Code = Code::conflict("pipeline.stage_occupied", "Open opportunities are in this stage.");
/// Deals have been in the stage; archive it instead, so that their history stays readable.
pub const STAGE_IN_HISTORY: Code = Code::conflict("pipeline.stage_in_history", "Opportunities have been in this stage.");
/// The default pipeline takes the deals that name none; make another the default first.
pub const DEFAULT_PIPELINE: Code = Code::conflict("pipeline.is_default", "The default pipeline cannot be archived.");
/// The pipeline is archived and takes no deals.
pub const ARCHIVED_PIPELINE: Code = Code::conflict("pipeline.archived", "The pipeline is archived.");
/// Open deals are in the pipeline; win, lose or move them first.
pub const PIPELINE_OCCUPIED: Code = Code::conflict("pipeline.occupied", "Open opportunities are in this pipeline.");
/// What the rules of stages can answer.
pub const STAGE_REFUSALS: &[Code] = &[CLOSED_STAGE, DUPLICATE_STAGE, TOO_MANY_STAGES, NOT_A_PERCENTAGE];
/// A pipeline has at most [`MOST_STAGES`] stages.
pub const TOO_MANY_STAGES: Code = Code::invalid("pipeline.too_many_stages", "The pipeline has too many stages.");

/// Stages that a pipeline has at most, archived ones included.
pub const MOST_STAGES: usize = 50;

/// The stages that deals of a company go through.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Pipeline {
    /// The id.
    pub id: PipelineId,
    /// The company whose deals go through it.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 100, example = "Sales")]
    pub name: String,
    /// Whether it takes the deals that name no pipeline. One pipeline of each company does.
    pub is_default: bool,
    /// The stages in their order; archived ones are at the end.
    #[schema(max_items = 50)]
    pub stages: Vec<Stage>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was archived; archived pipelines take no new deals.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Pipeline, PipelineId, "pipeline", company: |o| Some(o.company_id), actions: |o| o.actions(), parts: stages }
crate::archivable! { Pipeline }

/// A pipeline to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPipeline {
    /// The company whose deals go through it.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Sales")]
    pub name: String,
    /// The stages in their order. Without any the pipeline gets the standard ones.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub stages: Vec<NewStage>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a pipeline. Its stages have their own operations.
    pub struct PipelinePatch for Pipeline {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Pipeline {
    fn actions(&self) -> Vec<&'static str> {
        match (self.archived_at.is_some(), self.is_default) {
            (true, _) => vec!["restore"],
            (false, true) => vec![],
            (false, false) => vec!["make-default", "archive"],
        }
    }
    /// The stages that deals can enter, in their order.
    pub fn active(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|s| s.archived_at.is_none())
    }
    pub fn stage(&self, id: StageId) -> Option<&Stage> {
        self.stages.iter().find(|s| s.id == id)
    }
    /// Refuses a pipeline that takes no deals.
    pub fn open_for_deals(&self) -> Result<()> {
        match self.archived_at {
            Some(_) => Err(ARCHIVED_PIPELINE.with("Restore it first.").in_state("archived", &self.actions())),
            None => Ok(()),
        }
    }
    /// The pipeline with these changes.
    pub fn change(mut self, patch: PipelinePatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.name = filled(&self.name, "/name")?;
        self.updated_at = now;
        Ok(self)
    }
    /// Archives it, when it is not the default and holds no open deal.
    pub fn archive(mut self, open_deals: i64, now: DateTime<Utc>) -> Result<Self> {
        self.open_for_deals()?;
        if self.is_default {
            return Err(DEFAULT_PIPELINE.into());
        }
        if open_deals > 0 {
            return Err(PIPELINE_OCCUPIED.with(format!("{open_deals} open opportunities are in {}.", self.name)));
        }
        self.archived_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// Makes it take the deals that name no pipeline.
    pub fn make_default(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.open_for_deals()?;
        self.is_default = true;
        self.updated_at = now;
        Ok(self)
    }
    /// Takes a new stage in at its place.
    pub fn add_stage(mut self, id: StageId, new: NewStage, now: DateTime<Utc>) -> Result<Self> {
        if self.stages.len() >= MOST_STAGES {
            return Err(TOO_MANY_STAGES.with(format!("A pipeline has at most {MOST_STAGES} stages, archived ones included.")));
        }
        let at = new.position;
        self.stages.push(Stage {
            id,
            pipeline_id: self.id,
            position: 0,
            name: new.name.trim().to_string(),
            probability_percent: new.probability_percent,
            forecast_category: new.forecast_category,
            required_fields: new.required_fields,
            allow_skip: new.allow_skip,
            stalled_after_days: new.stalled_after_days,
            archived_at: None,
            version: 1,
        });
        self.arrange(id, Some(at.unwrap_or(i32::MAX)));
        self.updated_at = now;
        self.checked(id)
    }
    /// Changes a stage. `open_deals` are those in it now.
    pub fn change_stage(mut self, id: StageId, patch: StagePatch, open_deals: i64, now: DateTime<Utc>) -> Result<Self> {
        let only_one = self.active().count() == 1;
        let Some(stage) = self.stages.iter_mut().find(|s| s.id == id) else {
            return Err(crate::kernel::problems::not_found.into());
        };
        if let Some(name) = patch.name {
            stage.name = name.trim().to_string();
        }
        stage.probability_percent = patch.probability_percent.unwrap_or(stage.probability_percent);
        stage.forecast_category = patch.forecast_category.unwrap_or(stage.forecast_category);
        stage.allow_skip = patch.allow_skip.unwrap_or(stage.allow_skip);
        stage.stalled_after_days = patch.stalled_after_days.unwrap_or(stage.stalled_after_days);
        if let Some(required) = patch.required_fields {
            stage.required_fields = required;
        }
        let mut to = patch.position;
        match (patch.archived, stage.archived_at) {
            (Some(true), None) => {
                vacate(stage, only_one, open_deals)?;
                stage.archived_at = Some(now);
            }
            (Some(false), Some(_)) => {
                stage.archived_at = None;
                to = Some(to.unwrap_or(i32::MAX));
            }
            _ => {}
        }
        self.arrange(id, to);
        self.updated_at = now;
        self.checked(id)
    }
    /// Takes a stage out for good. `open_deals` are in it now, `ever` tells whether any deal was.
    pub fn remove_stage(mut self, id: StageId, open_deals: i64, ever: bool, now: DateTime<Utc>) -> Result<Self> {
        let only_one = self.active().count() == 1;
        let Some(stage) = self.stage(id) else {
            return Err(crate::kernel::problems::not_found.into());
        };
        vacate(stage, only_one && stage.archived_at.is_none(), open_deals)?;
        if ever {
            return Err(STAGE_IN_HISTORY.with("Archive the stage instead: opportunities have been in it."));
        }
        self.stages.retain(|s| s.id != id);
        self.arrange(id, None);
        self.updated_at = now;
        Ok(self)
    }
    /// Numbers the stages from 1, archived ones last; moves one of them to `to`.
    fn arrange(&mut self, id: StageId, to: Option<i32>) {
        if let (Some(to), Some(from)) = (to, self.stages.iter().position(|s| s.id == id)) {
            let stage = self.stages.remove(from);
            let to = usize::try_from(to.saturating_sub(1)).unwrap_or(0).min(self.stages.len());
            self.stages.insert(to, stage);
        }
        self.stages.sort_by_key(|s| s.archived_at.is_some());
        for (i, stage) in self.stages.iter_mut().enumerate() {
            stage.position = i32::try_from(i).unwrap_or(i32::MAX - 1) + 1;
        }
    }
    /// Refuses what a stage cannot be; places are those of the stage.
    fn checked(mut self, id: StageId) -> Result<Self> {
        let Some(at) = self.stages.iter().position(|s| s.id == id) else { return Ok(self) };
        let stage = &self.stages[at];
        if stage.name.is_empty() {
            return Err(crate::kernel::problems::invalid_body.field("/name", "The name must not be blank."));
        }
        percentage(stage.probability_percent, "/probability_percent")?;
        if stage.forecast_category == ForecastCategory::Closed {
            return Err(CLOSED_STAGE.field("/forecast_category", "Only won opportunities have the category closed."));
        }
        let same = |s: &&Stage| s.id != id && s.archived_at.is_none() && s.name.to_lowercase() == stage.name.to_lowercase();
        if stage.archived_at.is_none() && self.stages.iter().any(|s| same(&s)) {
            return Err(DUPLICATE_STAGE.field("/name", format!("There is a stage called {} already.", stage.name)));
        }
        let required = &mut self.stages[at].required_fields;
        required.sort_unstable();
        required.dedup();
        Ok(self)
    }
}

fn vacate(stage: &Stage, only_one: bool, open_deals: i64) -> Result<()> {
    if only_one {
        return Err(LAST_STAGE.with(format!("{} is the only stage left.", stage.name)));
    }
    if open_deals > 0 {
        return Err(STAGE_OCCUPIED.with(format!("{open_deals} open opportunities are in {}.", stage.name)));
    }
    Ok(())
}

impl NewPipeline {
    /// The pipeline with its stages; `ids` makes their ids. The first pipeline of a company becomes its default.
    pub fn build(self, id: PipelineId, is_default: bool, mut ids: impl FnMut() -> StageId, now: DateTime<Utc>) -> Result<Pipeline> {
        let mut made = Pipeline {
            id,
            company_id: self.company_id,
            name: filled(&self.name, "/name")?,
            is_default,
            stages: Vec::new(),
            metadata: self.metadata,
            archived_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let stages = if self.stages.is_empty() { standard_stages() } else { self.stages };
        for (i, stage) in stages.into_iter().enumerate() {
            let stage = NewStage { position: None, ..stage };
            made = made.add_stage(ids(), stage, now).map_err(|p| p.under(&format!("/stages/{i}")))?;
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Archivable;
    use crate::kernel::{Id, Rate};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000, 0).expect("a time")
    }

    fn stage_id(n: u128) -> StageId {
        StageId::from_uuid(Uuid::from_u128(n))
    }

    fn new(name: &str) -> NewStage {
        NewStage {
            name: name.into(),
            probability_percent: Rate::from(50),
            forecast_category: ForecastCategory::Pipeline,
            required_fields: vec![],
            allow_skip: true,
            stalled_after_days: None,
            position: None,
        }
    }

    fn of(names: &[&str]) -> Pipeline {
        let mut n = 0;
        let new = NewPipeline {
            company_id: CompanyId::from_uuid(Uuid::from_u128(1)),
            name: "Sales".into(),
            stages: names.iter().map(|n| new(n)).collect(),
            metadata: BTreeMap::new(),
        };
        new.build(
            PipelineId::from_uuid(Uuid::from_u128(1)),
            true,
            || {
                n += 1;
                stage_id(n)
            },
            now(),
        )
        .expect("a pipeline")
    }

    fn names(p: &Pipeline) -> Vec<&str> {
        p.stages.iter().map(|s| s.name.as_str()).collect()
    }

    #[test]
    fn the_standard_stages_rise_in_probability() {
        let p = of(&[]);
        assert_eq!(p.stages.len(), 5);
        assert!(p.stages.windows(2).all(|w| w[0].probability_percent < w[1].probability_percent));
    }

    #[test]
    fn a_stage_moves_and_the_others_make_room() {
        let to = |p: Pipeline, id, position| {
            p.change_stage(stage_id(id), StagePatch { position: Some(position), ..StagePatch::default() }, 0, now()).expect("moved")
        };
        let p = of(&["a", "b", "c"]);
        let p = to(p, 3, 1);
        assert_eq!(names(&p), ["c", "a", "b"]);
        let p = to(p, 3, 50);
        assert_eq!(names(&p), ["a", "b", "c"]);
        assert_eq!(p.stages.iter().map(|s| s.position).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn archiving_empties_nobodys_pipeline() {
        let archive = |p: &Pipeline, id, deals| {
            p.clone().change_stage(stage_id(id), StagePatch { archived: Some(true), ..StagePatch::default() }, deals, now())
        };
        let p = of(&["a", "b"]);
        assert_eq!(archive(&p, 1, 3).expect_err("occupied").code(), STAGE_OCCUPIED);
        let p = archive(&p, 1, 0).expect("archived");
        assert_eq!(names(&p), ["b", "a"]);
        assert_eq!(archive(&p, 2, 0).expect_err("the last").code(), LAST_STAGE);
        assert_eq!(p.clone().remove_stage(stage_id(2), 0, false, now()).expect_err("the last").code(), LAST_STAGE);
        assert_eq!(p.clone().remove_stage(stage_id(1), 0, true, now()).expect_err("in history").code(), STAGE_IN_HISTORY);
        assert_eq!(names(&p.remove_stage(stage_id(1), 0, false, now()).expect("removed")), ["b"]);
    }

    #[test]
    fn what_makes_no_stage_is_refused() {
        let add = |s: NewStage| of(&["a"]).add_stage(stage_id(9), s, now()).expect_err("refused").code();
        assert_eq!(add(new("A")), DUPLICATE_STAGE);
        assert_eq!(add(NewStage { forecast_category: ForecastCategory::Closed, ..new("b") }), CLOSED_STAGE);
        assert_eq!(add(NewStage { probability_percent: Rate::from(101), ..new("b") }), NOT_A_PERCENTAGE);
        assert_eq!(add(new("  ")), crate::kernel::problems::invalid_body);
    }

    #[test]
    fn the_default_pipeline_stays() {
        assert_eq!(of(&["a"]).archive(0, now()).expect_err("default").code(), DEFAULT_PIPELINE);
        let other = Pipeline { is_default: false, ..of(&["a"]) };
        assert_eq!(other.clone().archive(1, now()).expect_err("occupied").code(), PIPELINE_OCCUPIED);
        let gone = other.archive(0, now()).expect("archived");
        assert_eq!(gone.clone().make_default(now()).expect_err("archived").code(), ARCHIVED_PIPELINE);
        assert!(gone.restore(now()).expect("restored").archived_at.is_none());
    }

    proptest! {
        #[test]
        fn positions_always_count_from_one(moves in prop::collection::vec((1u128..6, 0i32..60), 0..30)) {
            let mut p = of(&["a", "b", "c", "d", "e"]);
            for (id, to) in moves {
                p = p.change_stage(stage_id(id), StagePatch { position: Some(to), ..StagePatch::default() }, 0, now()).expect("moved");
                prop_assert_eq!(p.stages.iter().map(|s| s.position).collect::<Vec<_>>(), vec![1, 2, 3, 4, 5]);
            }
        }
    }
}
