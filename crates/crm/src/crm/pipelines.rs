//! Operations on pipelines and their stages. A stage is written with its pipeline and has its version.

use std::collections::BTreeMap;

use domain::crm::pipelines::{
    ARCHIVED_PIPELINE, DEFAULT_PIPELINE, LAST_STAGE, NewPipeline, NewStage, PIPELINE_OCCUPIED, Pipeline, PipelineId, PipelinePatch,
    STAGE_IN_HISTORY, STAGE_OCCUPIED, STAGE_REFUSALS, Stage, StageId, StagePatch,
};
use domain::directory::companies::CompanyId;
use persistence::crm::{pipelines as rows, stages};
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<Pipeline>("crm/pipelines", "The stages that deals go through, how likely each makes a sale, and what it asks for.");
    n.list("List pipelines with their stages.").filter(&["name", "is_default"]).sort(&["name", "updated_at"]);
    n.create(create, CREATE).fails(STAGE_REFUSALS);
    n.read("Get a pipeline with its stages.");
    n.update(update, "Change a pipeline. Its stages have their own operations.");
    n.action("make-default", make_default, MAKE_DEFAULT).fails(&[ARCHIVED_PIPELINE]);
    n.action("archive", archive, "Archive a pipeline. It must not be the default nor hold open opportunities.").fails(&[
        ARCHIVED_PIPELINE,
        DEFAULT_PIPELINE,
        PIPELINE_OCCUPIED,
    ]);
    n.action("restore", restore, "Restore an archived pipeline.");
    let mut p = n.part::<Stage>("stages");
    p.list_with(list_stages, "List the stages of a pipeline. By default the oldest first; each has its position.");
    p.create(add_stage, "Add a stage to a pipeline. Later stages make room for it.").fails(STAGE_REFUSALS);
    p.read_with(read_stage, "Get a stage.");
    p.update(change_stage, CHANGE_STAGE).fails(STAGE_REFUSALS).fails(&[LAST_STAGE, STAGE_OCCUPIED]);
    p.delete(remove_stage, "Delete a stage that no opportunity ever entered. Archive any other.").fails(&[
        LAST_STAGE,
        STAGE_OCCUPIED,
        STAGE_IN_HISTORY,
    ]);
}

const CREATE: &str = "Create a pipeline with its stages. Without stages it gets the standard ones; the first pipeline of a company \
becomes its default.";
const MAKE_DEFAULT: &str = "Make a pipeline the default of its company. New opportunities that name no pipeline go there.";
const CHANGE_STAGE: &str = "Change, move, archive or restore a stage. Opportunities in it keep their figures until they change, and \
their history never changes.";

/// Every company starts with a pipeline, so that its first deal needs no set-up.
pub fn seed(cx: &mut Cx, event: &Event) -> Result<()> {
    let Ok(company_id) = event.subject.parse::<CompanyId>() else { return Ok(()) };
    let new = NewPipeline { company_id, name: "Sales".into(), stages: Vec::new(), metadata: BTreeMap::new() };
    store(cx, new).map(drop)
}

fn create(cx: &mut Cx, new: NewPipeline) -> Result<Pipeline> {
    cx.company(new.company_id)?;
    store(cx, new)
}

fn store(cx: &mut Cx, new: NewPipeline) -> Result<Pipeline> {
    let is_default = rows::default_of(cx.db(), new.company_id)?.is_none();
    let id = cx.new_id();
    let made = new.build(id, is_default, || cx.new_id(), cx.now)?;
    let made = cx.create(made)?;
    cx.insert_all(&made.stages)?;
    Ok(made)
}

fn update(cx: &mut Cx, id: PipelineId, patch: PipelinePatch) -> Result<Pipeline> {
    let before = cx.change::<Pipeline>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn make_default(cx: &mut Cx, id: PipelineId) -> Result<Pipeline> {
    let before = cx.change::<Pipeline>(id)?;
    let after = before.clone().make_default(cx.now)?;
    if before.is_default {
        return Ok(before);
    }
    // The one before steps back first: a company has one default at every instant.
    if let Some(other) = rows::default_of(cx.db(), before.company_id)? {
        let old = cx.change::<Pipeline>(other)?;
        let stepped_back = Pipeline { is_default: false, updated_at: cx.now, ..old.clone() };
        cx.save(&old, stepped_back, "updated")?;
    }
    cx.save(&before, after, "made_default")
}

fn archive(cx: &mut Cx, id: PipelineId) -> Result<Pipeline> {
    let before = cx.change::<Pipeline>(id)?;
    let open = rows::open_deals(cx.db(), id)?;
    let after = before.clone().archive(open, cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: PipelineId) -> Result<Pipeline> {
    let before = cx.change::<Pipeline>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

fn list_stages(cx: &mut Cx, id: PipelineId, mut list: List) -> Result<Page<Stage>> {
    let version = cx.find::<Pipeline>(id)?.version;
    list.only("pipeline_id", id.uuid());
    let mut page = cx.page::<Stage>(list)?;
    page.data.iter_mut().for_each(|s| s.version = version);
    Ok(page)
}

fn read_stage(cx: &mut Cx, id: PipelineId, stage: StageId) -> Result<Stage> {
    let pipeline = cx.find::<Pipeline>(id)?;
    one(&pipeline, stage)
}

fn add_stage(cx: &mut Cx, id: PipelineId, new: NewStage) -> Result<Stage> {
    let before = cx.change::<Pipeline>(id)?;
    let stage = cx.new_id();
    let after = before.clone().add_stage(stage, new, cx.now)?;
    one(&keep(cx, &before, after)?, stage)
}

fn change_stage(cx: &mut Cx, id: PipelineId, stage: StageId, patch: StagePatch) -> Result<Stage> {
    let before = cx.change::<Pipeline>(id)?;
    let open = stages::open_deals(cx.db(), stage)?;
    let after = before.clone().change_stage(stage, patch, open, cx.now)?;
    one(&keep(cx, &before, after)?, stage)
}

fn remove_stage(cx: &mut Cx, id: PipelineId, stage: StageId) -> Result<()> {
    let before = cx.change::<Pipeline>(id)?;
    let open = stages::open_deals(cx.db(), stage)?;
    let ever = stages::was_entered(cx.db(), stage)?;
    let after = before.clone().remove_stage(stage, open, ever, cx.now)?;
    keep(cx, &before, after).map(drop)
}

fn keep(cx: &mut Cx, before: &Pipeline, after: Pipeline) -> Result<Pipeline> {
    stages::write(cx.db(), &before.stages, &after.stages)?;
    cx.save(before, after, "updated")
}

fn one(pipeline: &Pipeline, stage: StageId) -> Result<Stage> {
    let found = pipeline.stage(stage).cloned();
    found.ok_or_else(|| problems::not_found.with(format!("There is no stage {stage} in this pipeline.")))
}
