//! Stock set right by hand: posting one moves goods, changes values and posts one journal entry.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use domain::directory::companies::Company;
use domain::directory::products::Product;
use domain::identity::visibility::FieldClass;
use domain::ids::{LocationId, ProductId, StockAdjustmentId};
use domain::inventory::adjustments::*;
use domain::inventory::costing::ValueKind;
use domain::inventory::locations::{LOCATION_IS_VIRTUAL, LocationKind};
use domain::inventory::stock::{DATE_IN_FUTURE, NOT_ENOUGH_STOCK, NOT_STOCKED};
use domain::inventory::warehouses::Warehouse;
use persistence::inventory::{adjustments, valuation};
use platform::directory::units::check_whole;
use platform::prelude::*;

use super::ledger::{Change, Ledger, not_in_future};
use super::shelves::{Shelves, Source};
use super::{locations, warehouses};
use crate::accounting::posting;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<StockAdjustment>("inventory/adjustments", "Manual stock adjustments: opening stock, counts, scrap and found goods.");
    n.masked(FieldClass::Cost, &["total_value", "lines.unit_cost", "lines.value"]);
    n.list("List stock adjustments.")
        .filter(&["company_id", "status", "reason", "warehouse_id", "adjustment_date", "number"])
        .sort(&["adjustment_date", "number"])
        .expand::<Product>("lines.product", "lines.product_id")
        .expand::<Warehouse>("warehouse", "warehouse_id");
    n.create(create, "Prepare a stock adjustment. It starts as a draft and changes nothing until it is posted.").fails(&[
        ADJUSTMENT_LINE,
        NOT_STOCKED,
        LOCATION_IS_VIRTUAL,
    ]);
    n.read("Get a stock adjustment.")
        .expand::<Product>("lines.product", "lines.product_id")
        .expand::<Warehouse>("warehouse", "warehouse_id");
    n.update(update, "Change a draft adjustment. Lines are replaced as a whole.").fails(&[
        ADJUSTMENT_NOT_A_DRAFT,
        ADJUSTMENT_LINE,
        NOT_STOCKED,
        LOCATION_IS_VIRTUAL,
    ]);
    n.delete(delete, "Delete a draft adjustment.").fails(&[ADJUSTMENT_NOT_A_DRAFT]);
    n.action(
        "post",
        post,
        "Post a stock adjustment. Takes a number, moves the goods, changes the value of stock and posts one journal entry. A count is \
         compared with the stock at the moment of the count and is refused once a later count of the same goods at the same location \
         is posted; a loss reduces reservations where needed, the most recent first.",
    )
    .fails(&[ADJUSTMENT_NOT_A_DRAFT, ADJUSTMENT_EMPTY, COUNTED_SINCE, NOT_ENOUGH_STOCK, DATE_IN_FUTURE])
    .fails(posting::REFUSALS);
}

fn create(cx: &mut Cx, new: NewStockAdjustment) -> Result<StockAdjustment> {
    let warehouse = cx.refer::<Warehouse>("/warehouse_id", new.warehouse_id)?;
    let company = cx.find::<Company>(warehouse.company_id)?;
    let location_id = locations::of_warehouse(cx, &warehouse, new.location_id, "/location_id")?;
    let id = cx.new_id();
    let lines = lines(cx, id, new.reason, &warehouse, location_id, new.lines)?;
    let adjustment_date = new.adjustment_date.unwrap_or_else(|| cx.today(&company));
    let adjustment = StockAdjustment {
        id,
        company_id: company.id,
        number: None,
        status: AdjustmentStatus::Draft,
        reason: new.reason,
        warehouse_id: warehouse.id,
        location_id,
        adjustment_date,
        counted_at: moment(cx, &company, new.reason, adjustment_date, new.counted_at)?,
        note: new.note,
        total_value: Amount::ZERO,
        lines,
        metadata: new.metadata,
        posted_at: None,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let made = cx.create(adjustment)?;
    cx.insert_all(&made.lines)?;
    Ok(made)
}

/// The moment of a count.
fn moment(
    cx: &Cx,
    company: &Company,
    reason: AdjustmentReason,
    date: NaiveDate,
    given: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>> {
    moment_of_count(reason, date, given.map(|at| (at, company.date_of(at))), (cx.now, cx.today(company)))
}

fn update(cx: &mut Cx, id: StockAdjustmentId, patch: StockAdjustmentPatch) -> Result<StockAdjustment> {
    let before = cx.load_for_update::<StockAdjustment>(id)?;
    before.must_be_draft()?;
    let mut after = before.clone();
    after.reason = patch.reason.unwrap_or(after.reason);
    after.adjustment_date = patch.adjustment_date.unwrap_or(after.adjustment_date);
    after.note = patch.note.unwrap_or(after.note);
    after.metadata = patch.metadata.unwrap_or(after.metadata);
    after.updated_at = cx.now;
    let warehouse = cx.find::<Warehouse>(after.warehouse_id)?;
    let recounted = patch.lines.is_some() || after.reason != before.reason || after.adjustment_date != before.adjustment_date;
    if recounted || patch.counted_at.is_some() {
        let company = cx.find::<Company>(after.company_id)?;
        after.counted_at = moment(cx, &company, after.reason, after.adjustment_date, patch.counted_at)?;
    }
    let given = patch.lines.unwrap_or_else(|| before.lines.iter().map(as_given).collect());
    after.lines = lines(cx, id, after.reason, &warehouse, after.location_id, given)?;
    cx.delete_by::<StockAdjustmentLine>("adjustment_id", id.uuid())?;
    cx.insert_all(&after.lines)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: StockAdjustmentId) -> Result<()> {
    let adjustment = cx.load_for_update::<StockAdjustment>(id)?;
    adjustment.must_be_draft()?;
    cx.remove(adjustment)
}

fn as_given(l: &StockAdjustmentLine) -> NewStockAdjustmentLine {
    NewStockAdjustmentLine {
        product_id: l.product_id,
        location_id: Some(l.location_id),
        quantity_delta: l.quantity_delta,
        counted_quantity: l.counted_quantity,
        unit_cost: l.unit_cost,
    }
}

/// The lines as they are kept: products that are stocked, at locations of the warehouse.
fn lines(
    cx: &mut Cx,
    id: StockAdjustmentId,
    reason: AdjustmentReason,
    warehouse: &Warehouse,
    location: LocationId,
    given: Vec<NewStockAdjustmentLine>,
) -> Result<Vec<StockAdjustmentLine>> {
    check_lines(reason, location, &given)?;
    let said = given.iter().enumerate().flat_map(|(i, l)| {
        let fields = [("quantity_delta", l.quantity_delta), ("counted_quantity", l.counted_quantity)];
        fields.into_iter().filter_map(move |(field, q)| Some((format!("/lines/{i}/{field}"), l.product_id, q?)))
    });
    check_whole(cx, said)?;
    let products = products(cx, given.iter().map(|l| l.product_id))?;
    let mut out = Vec::with_capacity(given.len());
    let mut known = HashMap::from([(location, location), (warehouse.stock_location_id, warehouse.stock_location_id)]);
    for (i, l) in given.into_iter().enumerate() {
        let pointer = format!("/lines/{i}/product_id");
        let Some(product) = products.get(&l.product_id) else {
            return Err(problems::unknown_reference.field(pointer, "There is no such product."));
        };
        if !product.is_stocked() {
            return Err(NOT_STOCKED.field(pointer, format!("{} is not kept in stock.", product.sku)));
        }
        let wanted = l.location_id.unwrap_or(location);
        let location_id = match known.get(&wanted) {
            Some(found) => *found,
            None => {
                let found = locations::of_warehouse(cx, warehouse, Some(wanted), &format!("/lines/{i}/location_id"))?;
                known.insert(wanted, found);
                found
            }
        };
        out.push(StockAdjustmentLine {
            id: cx.new_id(),
            adjustment_id: id,
            position: i as i32 + 1,
            product_id: product.id,
            location_id,
            quantity_delta: l.quantity_delta,
            counted_quantity: l.counted_quantity,
            unit_cost: l.unit_cost,
            value: None,
        });
    }
    Ok(out)
}

/// Products by id.
pub(crate) fn products(cx: &mut Cx, ids: impl Iterator<Item = ProductId>) -> Result<HashMap<ProductId, Product>> {
    let ids: Vec<ProductId> = ids.collect();
    Ok(cx.find_all::<Product>(&ids)?.into_iter().map(|p| (p.id, p)).collect())
}

fn post(cx: &mut Cx, id: StockAdjustmentId) -> Result<StockAdjustment> {
    let before = cx.load_for_update::<StockAdjustment>(id)?;
    before.must_be_draft()?;
    if before.lines.is_empty() {
        return Err(ADJUSTMENT_EMPTY.with("Give the adjustment lines first."));
    }
    let company = cx.find::<Company>(before.company_id)?;
    let (document, date) = (id.to_string(), before.adjustment_date);
    not_in_future(cx, &company, date, "/adjustment_date")?;
    let products = products(cx, before.lines.iter().map(|l| l.product_id))?;
    let ids: Vec<ProductId> = products.keys().copied().collect();
    let places: Vec<_> = before.lines.iter().map(|l| (l.product_id, before.warehouse_id, l.location_id)).collect();
    let mut shelves = Shelves::lock(cx, &company, &ids, &places)?;
    let loss = warehouses::virtual_location(cx, company.id, LocationKind::Loss)?;
    let mut ledger = Ledger::lock(cx, &company, &ids, date)?;
    let counted: Vec<_> = before.lines.iter().filter(|l| l.counted_quantity.is_some()).map(|l| (l.product_id, l.location_id)).collect();
    let since = since_count(cx, &counted, date, before.counted_at, &products)?;
    let mut after = before.clone();
    for i in 0..after.lines.len() {
        let line = &mut after.lines[i];
        let Some(product) = products.get(&line.product_id) else { return Err(problems::in_use.into()) };
        let place = (line.product_id, line.location_id);
        let delta = match line.counted_quantity {
            Some(counted) => counted - (shelves.on_hand(place.0, place.1) - since.get(&place).copied().unwrap_or_default()),
            None => line.quantity_delta.unwrap_or_default(),
        };
        line.quantity_delta = Some(delta);
        line.value = Some(Amount::ZERO);
        if delta.is_zero() {
            continue;
        }
        if !(shelves.adjust(place.0, place.1, delta)? || delta.is_negative() && shelves.lose(cx, place.0, place.1, -delta)?) {
            let message = format!("Only {} of {} are there.", shelves.on_hand(place.0, place.1), product.sku);
            return Err(NOT_ENOUGH_STOCK.field(format!("/lines/{i}/quantity_delta"), message));
        }
        let line_id = line.id.to_string();
        let source = Source { document: &document, line: Some(&line_id), date };
        let (from, to) = if delta.is_positive() { (loss, line.location_id) } else { (line.location_id, loss) };
        shelves.note(cx, &company, source, product.id, (from, to), delta.abs());
        let change = match delta.is_positive() {
            true => Change::Gain { unit_cost: line.unit_cost },
            false => Change::Out(ValueKind::Adjustment),
        };
        let worth = ledger.apply(cx, source, product, (before.reason.role(), None), change, delta.abs())?;
        after.lines[i].value = Some(worth);
    }
    if let Some(short) = shelves.short_in_the_past(cx, &company, date)?.first() {
        return Err(NOT_ENOUGH_STOCK.with(format!("The stock of {short} would have been below zero on a day since {date}.")));
    }
    shelves.store(cx)?;
    adjustments::store_results(cx.db(), &after.lines)?;
    after.total_value = after.lines.iter().filter_map(|l| l.value).sum();
    after.status = AdjustmentStatus::Posted;
    after.posted_at = Some(cx.now);
    after.updated_at = cx.now;
    let source = Source { document: &document, line: None, date };
    let entry = ledger.store(cx, source, format!("Stock adjustment ({})", before.reason), None)?;
    if let Some(entry) = entry {
        cx.link(id, entry, "posts")?;
    }
    after.number = Some(cx.number(company.id, "ADJ", date)?);
    cx.save(&before, after, "posted")
}

/// By how much the stock of places changed after they were counted. What earlier counts found belongs to what this one is compared
/// with, however late they were posted; otherwise two counts of the same loss would book it twice. A count that comes after a
/// later one is refused, because the later one has already set the books right.
fn since_count(
    cx: &mut Cx,
    counted: &[(ProductId, LocationId)],
    date: NaiveDate,
    moment: Option<DateTime<Utc>>,
    products: &HashMap<ProductId, Product>,
) -> Result<BTreeMap<(ProductId, LocationId), Quantity>> {
    let mut since = Shelves::since(cx, counted, date, moment)?;
    if counted.is_empty() {
        return Ok(since);
    }
    let places: Vec<_> = counted.iter().map(|(p, l)| (p.uuid(), l.uuid())).collect();
    let later = adjustments::counted_after(cx.db(), &places, date, moment)?;
    if let Some(i) = places.iter().position(|place| later.contains(place)) {
        let sku = products.get(&counted[i].0).map(|p| p.sku.as_str()).unwrap_or_default();
        return Err(COUNTED_SINCE.with(format!("{sku} was counted there again since. Delete this count, or count anew.")));
    }
    if let Some(moment) = moment {
        for (product, location, found) in adjustments::found_by_earlier_counts(cx.db(), &places, date, moment)? {
            *since.entry((ProductId::from_uuid(product), LocationId::from_uuid(location))).or_default() -= found;
        }
    }
    Ok(since)
}

/// Another document had goods of a posted adjustment costed anew: its lines say what they are worth now.
pub fn revalue(cx: &mut Cx, id: StockAdjustmentId) -> Result<()> {
    let before = cx.load_for_update::<StockAdjustment>(id)?;
    let worth: HashMap<String, Amount> = valuation::worth_of_lines(cx.db(), &id.to_string())?.into_iter().collect();
    let mut after = before.clone();
    for line in &mut after.lines {
        line.value = worth.get(&line.id.to_string()).copied().or(line.value);
    }
    after.total_value = after.lines.iter().filter_map(|l| l.value).sum();
    adjustments::store_results(cx.db(), &after.lines)?;
    cx.save(&before, after, "revalued")?;
    Ok(())
}
