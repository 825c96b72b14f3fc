//! Rows of stages. They are written with their pipeline.

use domain::crm::pipelines::{Stage, StageId};
use domain::kernel::Id;

use crate::{Conn, Result, record, sql};

crate::record! {
    stages: Stage {
        id: uid, pipeline_id: uid, position: small, name: text, probability_percent: rate, forecast_category: word,
        required_fields: json, allow_skip: bool, stalled_after_days: opt(small), archived_at: opt(instant),
    }
    unstored { version }
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
