//! Warehouses.

use chrono::{DateTime, Utc};
use domain::ids::{CompanyId, WarehouseId};
use domain::inventory::warehouses::Warehouse;
use domain::kernel::Id;

use crate::{Conn, Result, record, sql};

record! {
    warehouses: Warehouse {
        id: uid, company_id: uid, code: text, name: text, stock_location_id: uid, is_default: bool, is_active: bool,
        metadata: json, version: int, created_at: instant, updated_at: instant,
    }
}

/// The company's default warehouse, or its oldest active one.
pub fn default_of(db: &mut Conn, company: CompanyId) -> Result<Option<Warehouse>> {
    let mut statement = record::select::<Warehouse>();
    statement.append(sql!(" WHERE company_id = {} AND is_active = {} ORDER BY is_default DESC, id LIMIT 1", company.uuid(), true));
    Ok(record::load(db, &statement)?.pop())
}

/// No other warehouse of the company is the default any more.
pub fn clear_default(db: &mut Conn, company: CompanyId, except: WarehouseId, now: DateTime<Utc>) -> Result<usize> {
    let (yes, no) = (true, false);
    sql!(
        "UPDATE warehouses SET is_default = {}, version = version + 1, updated_at = {} WHERE company_id = {} AND is_default = {} AND id <> {}",
        no,
        now,
        company.uuid(),
        yes,
        except.uuid()
    )
    .execute(db)
}
