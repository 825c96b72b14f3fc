//! Locations in a warehouse. The virtual ones come with the first warehouse of a company and stay as they are.

use domain::ids::LocationId;
use domain::inventory::locations::{
    LOCATION_HAS_STOCK, LOCATION_IS_VIRTUAL, Location, LocationKind, LocationPatch, NewLocation, PARENT_ELSEWHERE,
};
use domain::inventory::warehouses::Warehouse;
use persistence::inventory::locations;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Location>("inventory/locations", "Places in a warehouse, and the virtual places where goods come from and go to.");
    n.list("List locations.")
        .filter(&["company_id", "warehouse_id", "parent_id", "kind", "code", "is_active"])
        .search(&["name", "code"])
        .sort(&["code"]);
    n.create(create, "Set up a location in a warehouse.").fails(&[PARENT_ELSEWHERE]);
    n.read("Get a location.");
    n.update(update, "Change a location. One where goods lie cannot be put out of use.").fails(&[LOCATION_HAS_STOCK, LOCATION_IS_VIRTUAL]);
}

fn create(cx: &mut Cx, new: NewLocation) -> Result<Location> {
    let warehouse = cx.refer::<Warehouse>("/warehouse_id", new.warehouse_id)?;
    if let Some(parent) = new.parent_id {
        let parent = cx.refer::<Location>("/parent_id", parent)?;
        if parent.warehouse_id != Some(warehouse.id) {
            return Err(PARENT_ELSEWHERE.field("/parent_id", "The parent must be in the same warehouse."));
        }
    }
    let location = Location {
        id: cx.new_id(),
        company_id: warehouse.company_id,
        warehouse_id: Some(warehouse.id),
        parent_id: new.parent_id,
        kind: LocationKind::Internal,
        code: new.code,
        name: new.name,
        is_active: true,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    cx.create(location)
}

fn update(cx: &mut Cx, id: LocationId, patch: LocationPatch) -> Result<Location> {
    let before = cx.load_for_update::<Location>(id)?;
    if before.kind != LocationKind::Internal {
        return Err(LOCATION_IS_VIRTUAL.with("Virtual locations stay as they are."));
    }
    let mut after = before.clone();
    patch.apply(&mut after);
    after.updated_at = cx.now;
    if before.is_active && !after.is_active && locations::has_stock(cx.db(), id)? {
        return Err(LOCATION_HAS_STOCK.with("Move the goods and end the reservations first."));
    }
    cx.save(&before, after, "updated")
}

/// The location that a body names, or the warehouse's own; it must be a real one of that warehouse.
pub fn of_warehouse(cx: &mut Cx, warehouse: &Warehouse, named: Option<LocationId>, pointer: &str) -> Result<LocationId> {
    let Some(id) = named.filter(|id| *id != warehouse.stock_location_id) else { return Ok(warehouse.stock_location_id) };
    let location = cx.refer::<Location>(pointer, id)?;
    if location.kind != LocationKind::Internal {
        return Err(LOCATION_IS_VIRTUAL.field(pointer, "Name a location in the warehouse."));
    }
    if location.warehouse_id != Some(warehouse.id) {
        return Err(problems::unknown_reference.field(pointer, "The location is in another warehouse."));
    }
    Ok(id)
}
