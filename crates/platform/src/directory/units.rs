//! Operations on units of measure, and exact conversion between them.

use domain::directory::products::Product;
use domain::directory::units;
use domain::directory::units::{ConvertQuantity, ConvertedQuantity, NewUnit, Remainder, Unit, UnitPatch};
use domain::ids::{ProductId, UnitId};

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Unit>("directory/units", "Units of measure with exact conversion.");
    n.list("List units of measure.").filter(&["code", "category"]).search(&["name", "code"]).sort(&["name"]);
    n.create(create, "Create a unit of measure. Category and factor are fixed from then on.").fails(&[units::INVALID_FACTOR]);
    n.read("Get a unit of measure.");
    n.update(update, "Change a unit of measure.");
    n.delete(delete, "Delete a unit of measure that nothing uses.");
    n.action("archive", archive, "Archive a unit of measure. New products cannot use it; those that do keep it.");
    n.action("restore", restore, "Restore an archived unit of measure.");
    t.command("convert_quantity", "directory/units/convert", convert, CONVERT).permission("directory.units.read").read_only().fails(&[
        units::DIFFERENT_CATEGORIES,
        units::INEXACT_CONVERSION,
        problems::unknown_reference,
    ]);
}

const CONVERT: &str = "Convert a quantity into another unit. The conversion is exact; a result with more places than the target \
unit has is rounded half away from zero, or refused when `remainder` says so. Nothing is written.";

fn create(cx: &mut Cx, new: NewUnit) -> Result<Unit> {
    let unit = Unit::new(cx.new_id(), new, cx.now)?;
    cx.create(unit)
}

fn update(cx: &mut Cx, id: UnitId, patch: UnitPatch) -> Result<Unit> {
    let before = cx.load_for_update::<Unit>(id)?;
    let after = before.clone().change(patch, cx.now);
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: UnitId) -> Result<()> {
    let unit = cx.load_for_update::<Unit>(id)?;
    cx.remove(unit)
}

fn archive(cx: &mut Cx, id: UnitId) -> Result<Unit> {
    let before = cx.load_for_update::<Unit>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: UnitId) -> Result<Unit> {
    let before = cx.load_for_update::<Unit>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

fn convert(cx: &mut Cx, asked: ConvertQuantity) -> Result<ConvertedQuantity> {
    let from = cx.refer::<Unit>("/from_unit_id", asked.from_unit_id)?;
    let to = cx.refer::<Unit>("/to_unit_id", asked.to_unit_id)?;
    let (quantity, exact) = from.convert_rounded(asked.quantity, &to)?;
    if !exact && asked.remainder == Remainder::Refuse {
        from.convert(asked.quantity, &to, Remainder::Refuse)?;
    }
    Ok(ConvertedQuantity { quantity, unit_id: to.id, exact })
}

/// Refuses quantities of stocked goods with more places than the unit of their product has: half a piece. Quantities in that
/// unit, each with its place in the body. Reads products and units only where a quantity has places.
pub fn check_whole(cx: &mut Cx, wanted: impl IntoIterator<Item = (String, ProductId, Quantity)>) -> Result<()> {
    let parts: Vec<_> = wanted.into_iter().filter(|w| !w.2.get().fract().is_zero()).collect();
    if parts.is_empty() {
        return Ok(());
    }
    let products = cx.find_all::<Product>(&parts.iter().map(|p| p.1).collect::<Vec<_>>())?;
    let units = cx.find_all::<Unit>(&products.iter().map(|p| p.unit_id).collect::<Vec<_>>())?;
    let mut errors = Vec::new();
    for (pointer, product, quantity) in parts {
        let of = products.iter().find(|p| p.id == product && p.is_stocked());
        if let Some(unit) = of.and_then(|p| units.iter().find(|u| u.id == p.unit_id))
            && let Err(p) = unit.check_quantity(quantity, &pointer)
        {
            errors.extend(p.errors().to_vec());
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(problems::too_many_decimals.at(errors)) }
}
