//! Operations on pipelines. Their stages have operations of their own.

pub mod stages;

use std::collections::BTreeMap;

use domain::crm::pipelines::{
    ARCHIVED_PIPELINE, DEFAULT_PIPELINE, NewPipeline, PIPELINE_OCCUPIED, Pipeline, PipelinePatch, STAGE_REFUSALS,
};
use domain::ids::{CompanyId, PipelineId};
use persistence::crm::pipelines as rows;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<Pipeline>("crm/pipelines", "The stages that deals go through, how likely each makes a sale, and what it asks for.");
    n.list("List pipelines with their stages.").filter(&["name", "is_default"]).sort(&["name"]);
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
    stages::operations(&mut n);
}

const CREATE: &str = "Create a pipeline with its stages. Without stages it gets the standard ones; the first pipeline of a company \
becomes its default.";
const MAKE_DEFAULT: &str = "Make a pipeline the default of its company. New opportunities that name no pipeline go there.";

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
    let before = cx.load_for_update::<Pipeline>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn make_default(cx: &mut Cx, id: PipelineId) -> Result<Pipeline> {
    let before = cx.load_for_update::<Pipeline>(id)?;
    let after = before.clone().make_default(cx.now)?;
    if before.is_default {
        return Ok(before);
    }
    // The one before steps back first: a company has one default at every instant.
    if let Some(other) = rows::default_of(cx.db(), before.company_id)? {
        let old = cx.load_for_update::<Pipeline>(other)?;
        let stepped_back = Pipeline { is_default: false, updated_at: cx.now, ..old.clone() };
        cx.save(&old, stepped_back, "updated")?;
    }
    cx.save(&before, after, "made_default")
}

fn archive(cx: &mut Cx, id: PipelineId) -> Result<Pipeline> {
    let before = cx.load_for_update::<Pipeline>(id)?;
    let open = rows::open_deals(cx.db(), id)?;
    let after = before.clone().archive(open, cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: PipelineId) -> Result<Pipeline> {
    let before = cx.load_for_update::<Pipeline>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}
