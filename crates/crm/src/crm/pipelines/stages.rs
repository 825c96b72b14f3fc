//! Operations on the stages of pipelines. A stage is written with its pipeline and has its version.

use domain::crm::pipelines::{
    LAST_STAGE, NewStage, Pipeline, STAGE_IN_HISTORY, STAGE_OCCUPIED, STAGE_REFUSALS, Stage, StageId, StagePatch,
};
use domain::ids::PipelineId;
use persistence::crm::pipelines::stages as rows;
use platform::prelude::*;

pub fn operations(n: &mut platform::table::Noun<'_, Pipeline>) {
    let mut p = n.part::<Stage>("stages");
    p.list_with(list, "List the stages of a pipeline. By default the oldest first; each has its position.");
    p.create(create, "Add a stage to a pipeline. Later stages make room for it.").fails(STAGE_REFUSALS);
    p.read_with(read, "Get a stage.");
    p.update(update, UPDATE).fails(STAGE_REFUSALS).fails(&[LAST_STAGE, STAGE_OCCUPIED]);
    p.delete(delete, "Delete a stage that no opportunity ever entered. Archive any other.").fails(&[
        LAST_STAGE,
        STAGE_OCCUPIED,
        STAGE_IN_HISTORY,
    ]);
}

const UPDATE: &str = "Change, move, archive or restore a stage. Opportunities in it keep their figures until they change, and \
their history never changes.";

fn list(cx: &mut Cx, id: PipelineId, mut list: List) -> Result<Page<Stage>> {
    let version = cx.find::<Pipeline>(id)?.version;
    list.only("pipeline_id", id.uuid());
    let mut page = cx.page::<Stage>(list)?;
    page.data.iter_mut().for_each(|s| s.version = version);
    Ok(page)
}

fn read(cx: &mut Cx, id: PipelineId, stage: StageId) -> Result<Stage> {
    let pipeline = cx.find::<Pipeline>(id)?;
    one(&pipeline, stage)
}

fn create(cx: &mut Cx, id: PipelineId, new: NewStage) -> Result<Stage> {
    let before = cx.load_for_update::<Pipeline>(id)?;
    let stage = cx.new_id();
    let after = before.clone().add_stage(stage, new, cx.now)?;
    one(&keep(cx, &before, after)?, stage)
}

fn update(cx: &mut Cx, id: PipelineId, stage: StageId, patch: StagePatch) -> Result<Stage> {
    let before = cx.load_for_update::<Pipeline>(id)?;
    let open = rows::open_deals(cx.db(), stage)?;
    let after = before.clone().change_stage(stage, patch, open, cx.now)?;
    one(&keep(cx, &before, after)?, stage)
}

fn delete(cx: &mut Cx, id: PipelineId, stage: StageId) -> Result<()> {
    let before = cx.load_for_update::<Pipeline>(id)?;
    let open = rows::open_deals(cx.db(), stage)?;
    let ever = rows::was_entered(cx.db(), stage)?;
    let after = before.clone().remove_stage(stage, open, ever, cx.now)?;
    keep(cx, &before, after).map(drop)
}

fn keep(cx: &mut Cx, before: &Pipeline, after: Pipeline) -> Result<Pipeline> {
    rows::write(cx.db(), &before.stages, &after.stages)?;
    cx.save(before, after, "updated")
}

fn one(pipeline: &Pipeline, stage: StageId) -> Result<Stage> {
    let found = pipeline.stage(stage).cloned();
    found.ok_or_else(|| problems::not_found.with(format!("There is no stage {stage} in this pipeline.")))
}
