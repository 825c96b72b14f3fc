//! Warehouses. Setting one up makes its stock location, and the company's virtual locations with the first.

use domain::ids::{CompanyId, LocationId, WarehouseId};
use domain::inventory::locations::{Location, LocationKind, VIRTUAL};
use domain::inventory::warehouses::{NewWarehouse, WAREHOUSE_CODE_TAKEN, Warehouse, WarehousePatch};
use persistence::inventory::{locations, warehouses};
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Warehouse>("inventory/warehouses", "Places where goods are kept.");
    n.list("List warehouses.").filter(&["company_id", "code", "is_active", "is_default"]).search(&["name", "code"]).sort(&["name"]);
    n.create(create, "Set up a warehouse. Its stock location is made with it, and the company's virtual locations with the first one. The first warehouse of a company is its default.")
        .fails(&[WAREHOUSE_CODE_TAKEN]);
    n.read("Get a warehouse.");
    n.update(update, "Change a warehouse. Making one the default takes that from the others.");
}

fn create(cx: &mut Cx, new: NewWarehouse) -> Result<Warehouse> {
    let company = cx.company(new.company_id)?;
    virtual_locations(cx, company.id)?;
    let first = warehouses::default_of(cx.db(), company.id)?;
    let id: WarehouseId = cx.new_id();
    let stock = location(cx, company.id, Some(id), LocationKind::Internal, "STOCK", "Stock");
    let warehouse = Warehouse {
        id,
        company_id: company.id,
        code: new.code,
        name: new.name,
        stock_location_id: stock.id,
        is_default: new.is_default || first.is_none(),
        is_active: true,
        metadata: new.metadata,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    cx.create(stock)?;
    if warehouse.is_default {
        let now = cx.now;
        warehouses::clear_default(cx.db(), company.id, id, now)?;
    }
    let code = warehouse.code.clone();
    cx.create(warehouse).map_err(|p| match p.code() == problems::already_exists {
        true => WAREHOUSE_CODE_TAKEN.field("/code", format!("The company has a warehouse {code}.")),
        false => p,
    })
}

fn update(cx: &mut Cx, id: WarehouseId, patch: WarehousePatch) -> Result<Warehouse> {
    let before = cx.load_for_update::<Warehouse>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    after.updated_at = cx.now;
    if after.is_default && !before.is_default {
        let now = cx.now;
        warehouses::clear_default(cx.db(), after.company_id, id, now)?;
    }
    cx.save(&before, after, "updated")
}

/// The company's virtual locations that do not exist yet.
fn virtual_locations(cx: &mut Cx, company: CompanyId) -> Result<()> {
    let have = locations::virtual_of(cx.db(), company)?;
    for &(kind, code, name) in VIRTUAL.iter().filter(|v| !have.iter().any(|h| h.0 == v.0)) {
        let made = location(cx, company, None, kind, code, name);
        cx.create(made)?;
    }
    Ok(())
}

fn location(cx: &Cx, company: CompanyId, warehouse: Option<WarehouseId>, kind: LocationKind, code: &str, name: &str) -> Location {
    Location {
        id: cx.new_id::<LocationId>(),
        company_id: company,
        warehouse_id: warehouse,
        parent_id: None,
        kind,
        code: code.into(),
        name: name.into(),
        is_active: true,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    }
}

/// The virtual locations of a company, read once in a transaction.
#[derive(Clone)]
struct Virtual(Vec<(LocationKind, LocationId)>);

/// The company's virtual location of this kind.
pub fn virtual_location(cx: &mut Cx, company: CompanyId, kind: LocationKind) -> Result<LocationId> {
    let all = cx.once(company.uuid(), |conn| locations::virtual_of(conn, company).map(Virtual))?.0;
    let found = all.into_iter().find(|l| l.0 == kind).map(|l| l.1);
    found.ok_or_else(|| problems::not_found.with(format!("The company has no {kind} location; set up a warehouse first.")))
}
