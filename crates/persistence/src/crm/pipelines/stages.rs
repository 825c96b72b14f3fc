//! Rows of stages. They are written with their pipeline.

use std::collections::HashMap;

use domain::crm::pipelines::{Stage, StageId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, list, record, sql};

crate::record! {
    stages: Stage {
        id: uid, pipeline_id: uid, position: small, name: text, probability_percent: rate, forecast_category: word,
        required_fields: json, allow_skip: bool, stalled_after_days: opt(small), archived_at: opt(instant),
    }
    unstored { version }
    complete = complete
}

/// A stage has the version of its pipeline.
fn complete(db: &mut Conn, stages: &mut [Stage]) -> Result<()> {
    let mut of: Vec<Uuid> = stages.iter().map(|s| s.pipeline_id.uuid()).collect();
    of.sort_unstable();
    of.dedup();
    if of.is_empty() {
        return Ok(());
    }
    let versions: HashMap<Uuid, i64> =
        sql!("SELECT id, version FROM pipelines WHERE id IN ({})", list(&of)).load(db)?.into_iter().collect();
    stages.iter_mut().for_each(|s| s.version = versions.get(&s.pipeline_id.uuid()).copied().unwrap_or(1));
    Ok(())
}

/// Writes what differs between the stages before and after.
pub fn write(db: &mut Conn, before: &[Stage], after: &[Stage]) -> Result<()> {
    for gone in before.iter().filter(|b| after.iter().all(|a| a.id != b.id)) {
        record::delete::<Stage>(db, gone.id.uuid())?;
    }
    for stage in after {
        match before.iter().find(|b| b.id == stage.id) {
            None => record::insert(db, std::slice::from_ref(stage))?,
            Some(b) if b != stage => {
                record::update(db, stage, None)?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// How many open deals are in a stage.
pub fn open_deals(db: &mut Conn, stage: StageId) -> Result<i64> {
    let found = sql!("SELECT COUNT(*) FROM opportunities WHERE stage_id = {} AND status = 'open'", stage.uuid());
    Ok(found.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Whether any deal is or was in a stage.
pub fn was_entered(db: &mut Conn, stage: StageId) -> Result<bool> {
    let now = sql!("SELECT 1 FROM opportunities WHERE stage_id = {} LIMIT 1", stage.uuid());
    let ever = sql!("SELECT 1 FROM opportunity_changes WHERE field = 'stage' AND new_value = {} LIMIT 1", stage.to_string());
    Ok(now.first::<(i64,)>(db)?.is_some() || ever.first::<(i64,)>(db)?.is_some())
}
