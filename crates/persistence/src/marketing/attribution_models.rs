//! Rows of attribution models.

use domain::ids::{AttributionModelId, CompanyId};
use domain::kernel::Id;
use domain::marketing::attribution_models::AttributionModel;
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

record! {
    attribution_models: AttributionModel {
        id: uid, company_id: uid, name: text, kind: word, lookback_days: small, half_life_days: opt(small), weights: opt(json),
        effects: json, trained_at: opt(instant), trained_paths: opt(int), is_ready: bool, credited_through: opt(uid), version: int,
        created_at: instant, updated_at: instant,
    }
}

/// The model of a company with this name.
pub fn named(db: &mut Conn, company: CompanyId, name: &str) -> Result<Option<Uuid>> {
    let found = sql!("SELECT id FROM attribution_models WHERE company_id = {} AND name = {}", company.uuid(), name);
    Ok(found.first::<(Uuid,)>(db)?.map(|r| r.0))
}

/// How many models a company has.
pub fn count(db: &mut Conn, company: CompanyId) -> Result<i64> {
    let found = sql!("SELECT COUNT(*) FROM attribution_models WHERE company_id = {}", company.uuid());
    Ok(found.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// The first linear model of a company.
pub fn first_linear(db: &mut Conn, company: CompanyId) -> Result<Option<AttributionModelId>> {
    let found = sql!("SELECT id FROM attribution_models WHERE company_id = {} AND kind = 'linear' ORDER BY id LIMIT 1", company.uuid());
    Ok(found.first::<(Uuid,)>(db)?.map(|r| AttributionModelId::from_uuid(r.0)))
}

/// Up to `limit` companies without a model: those that were there before attribution was.
pub fn companies_without(db: &mut Conn, limit: i64) -> Result<Vec<CompanyId>> {
    let found = sql!(
        "SELECT c.id FROM companies c WHERE NOT EXISTS (SELECT 1 FROM attribution_models m WHERE m.company_id = c.id) ORDER BY c.id LIMIT {}",
        limit
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| CompanyId::from_uuid(r.0)).collect())
}

/// Up to `limit` models that have not credited all deals.
pub fn behind(db: &mut Conn, limit: i64) -> Result<Vec<AttributionModelId>> {
    let found = sql!("SELECT id FROM attribution_models WHERE NOT is_ready ORDER BY id LIMIT {}", limit);
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| AttributionModelId::from_uuid(r.0)).collect())
}
