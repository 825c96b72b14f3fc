//! Locations.

use domain::ids::{CompanyId, LocationId};
use domain::inventory::locations::{Location, LocationKind};
use domain::kernel::{Id, StringEnum};

use crate::{Conn, Result, record, sql};

record! {
    locations: Location {
        id: uid, company_id: uid, warehouse_id: opt(uid), parent_id: opt(uid), kind: word, code: text, name: text,
        is_active: bool, version: int, created_at: instant, updated_at: instant,
    }
}

/// The company's virtual locations.
pub fn virtual_of(db: &mut Conn, company: CompanyId) -> Result<Vec<(LocationKind, LocationId)>> {
    let rows = sql!("SELECT kind, id FROM locations WHERE company_id = {} AND warehouse_id IS NULL", company.uuid())
        .load::<(String, uuid::Uuid)>(db)?;
    Ok(rows.into_iter().filter_map(|(kind, id)| Some((LocationKind::from_word(&kind)?, LocationId::from_uuid(id)))).collect())
}

/// Whether goods lie at the location or are promised there.
pub fn has_stock(db: &mut Conn, location: LocationId) -> Result<bool> {
    let found = sql!("SELECT 1 FROM stock_levels WHERE location_id = {} AND (on_hand <> 0 OR reserved <> 0) LIMIT 1", location.uuid());
    Ok(found.first::<(i64,)>(db)?.is_some())
}
