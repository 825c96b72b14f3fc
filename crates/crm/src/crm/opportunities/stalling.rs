//! Deals that wait too long: found by the clock and told once, not by whoever looks. An activity that is done lets a deal
//! wait anew.

use chrono::{DateTime, TimeDelta, Utc};
use domain::crm::opportunities::Opportunity;
use domain::crm::pipelines::Pipeline;
use domain::ids::OpportunityId;
use persistence::crm::opportunities as rows;
use platform::prelude::*;
use serde::Deserialize;

use super::stage_of;

/// Deals found stalled in one go; more come with the next.
const BATCH: i64 = 200;

pub fn operations(t: &mut Table) {
    t.every("crm.opportunities.stall", TimeDelta::minutes(1), find_stalled);
}

fn find_stalled(cx: &mut Cx) -> Result<()> {
    let now = cx.now;
    for id in rows::to_stall(cx.db(), now, BATCH)? {
        let before = cx.load_for_update::<Opportunity>(id)?;
        if let Some(after) = before.clone().stall(now) {
            // a mark of the clock and no change of the deal: whoever edits it meanwhile is not refused
            rows::touch(cx.db(), &after)?;
            cx.emit(Event::change("stalled", &before, &after));
        }
    }
    Ok(())
}

/// What matters of an activity that was told.
#[derive(Deserialize)]
struct Done {
    opportunity_id: Option<OpportunityId>,
    completed_at: Option<DateTime<Utc>>,
}

/// An activity was done about something.
pub fn worked_on(cx: &mut Cx, event: &Event) -> Result<()> {
    let read = serde_json::from_value::<Done>(event.data.clone());
    let done = read.map_err(|e| problems::internal.with(format!("{} tells no activity: {e}", event.kind)))?;
    let (Some(id), Some(at)) = (done.opportunity_id, done.completed_at) else { return Ok(()) };
    let before = cx.load_for_update::<Opportunity>(id)?;
    let pipeline = cx.find::<Pipeline>(before.pipeline_id)?;
    let after = before.clone().touched(at, stage_of(&pipeline, &before)?);
    if after != before {
        rows::touch(cx.db(), &after)?;
    }
    Ok(())
}
