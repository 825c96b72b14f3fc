//! Rows of pipelines, with their stages read along.

pub mod stages;

use domain::crm::pipelines::{Pipeline, Stage};
use domain::ids::{CompanyId, PipelineId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

crate::record! {
    pipelines: Pipeline {
        id: uid, company_id: uid, name: text, is_default: bool, metadata: json, archived_at: opt(instant),
        created_at: instant, updated_at: instant, version: int,
    }
    unstored { stages }
    complete = complete
}

fn complete(db: &mut Conn, rows: &mut [Pipeline]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|p| p.id.uuid()).collect();
    for mut stage in record::by::<Stage>(db, "pipeline_id", &ids)? {
        if let Some(p) = rows.iter_mut().find(|p| p.id == stage.pipeline_id) {
            stage.version = p.version;
            p.stages.push(stage);
        }
    }
    Ok(())
}

/// The pipeline that takes the deals of a company that name none.
pub fn default_of(db: &mut Conn, company: CompanyId) -> Result<Option<PipelineId>> {
    let found = sql!("SELECT id FROM pipelines WHERE company_id = {} AND is_default = {}", company.uuid(), true);
    Ok(found.first::<(Uuid,)>(db)?.map(|r| PipelineId::from_uuid(r.0)))
}

/// How many open deals are in a pipeline.
pub fn open_deals(db: &mut Conn, pipeline: PipelineId) -> Result<i64> {
    let found = sql!("SELECT COUNT(*) FROM opportunities WHERE pipeline_id = {} AND status = 'open'", pipeline.uuid());
    Ok(found.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}
