//! Serial numbers: written down on the lines of a delivery, put on the customer when it ships, and taken off when pieces
//! come back. Stock and its value know nothing of them.

use std::collections::HashMap;

use domain::directory::overview::TOP;
use domain::directory::parties::Party;
use domain::directory::products::{Product, Tracking};
use domain::ids::{DeliveryId, DeliveryLineId, PartyId, ProductId};
use domain::inventory::serials::*;
use domain::sales::deliveries::{Delivery, DeliveryLine};
use persistence::inventory::serials as rows;
use platform::prelude::*;

/// What writing numbers down can answer.
pub const REFUSALS: &[Code] = &[SERIALS_WRONG];
/// What shipping pieces can answer.
pub const SHIP_REFUSALS: &[Code] = &[SERIALS_MISSING, WITH_A_CUSTOMER];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Serial>("inventory/serials", "Pieces of products that are tracked by serial numbers, once they were shipped.");
    n.list("List serial numbers.")
        .filter(&["product_id", "number", "status", "customer_id", "delivery_id", "shipped_at"])
        .search(&["number"])
        .sort(&["number", "shipped_at"])
        .expand::<Product>("product", "product_id")
        .expand::<Party>("customer", "customer_id")
        .expand::<Delivery>("delivery", "delivery_id");
    n.read("Get a serial number: who has the piece, since when, or when it came back.")
        .expand::<Product>("product", "product_id")
        .expand::<Party>("customer", "customer_id")
        .expand::<Delivery>("delivery", "delivery_id");
}

/// Whether pieces of a product are told apart.
pub fn tracked(products: &HashMap<ProductId, Product>) -> impl Fn(ProductId) -> bool + '_ {
    |id| products.get(&id).is_some_and(|p| p.tracking == Tracking::Serial)
}

/// Writes down which pieces leave on a draft delivery.
pub fn record(cx: &mut Cx, id: DeliveryId, body: RecordSerials) -> Result<Delivery> {
    let before = cx.load_for_update::<Delivery>(id)?;
    before.must_be_draft()?;
    let mut after = before.clone();
    for (i, of) in body.lines.into_iter().enumerate() {
        let Some(line) = after.lines.iter_mut().find(|l| l.id == of.delivery_line_id) else {
            return Err(SERIALS_WRONG.field(format!("/lines/{i}/delivery_line_id"), "The delivery has no such line."));
        };
        line.serial_numbers = tidied(of.serial_numbers, &format!("/lines/{i}/serial_numbers"))?;
    }
    let products = super::adjustments::products(cx, after.lines.iter().map(|l| l.product_id))?;
    check(after.lines.iter().map(DeliveryLine::pieces), tracked(&products))?;
    rows::store_numbers(cx.db(), &after.lines)?;
    after.updated_at = cx.now;
    cx.save(&before, after, "serials_recorded")
}

/// The pieces of a delivery leave: they are with the customer from now on.
pub fn ship(cx: &mut Cx, delivery: &Delivery, products: &HashMap<ProductId, Product>) -> Result<()> {
    let pieces = || delivery.lines.iter().map(DeliveryLine::pieces);
    check(pieces(), tracked(products))?;
    check_complete(pieces(), tracked(products))?;
    for line in delivery.lines.iter().filter(|l| !l.serial_numbers.is_empty()) {
        let known = rows::of_product(cx.db(), line.product_id, &line.serial_numbers)?;
        for number in &line.serial_numbers {
            let fresh = Serial {
                id: cx.new_id(),
                company_id: delivery.company_id,
                product_id: line.product_id,
                number: number.clone(),
                status: SerialStatus::Shipped,
                customer_id: delivery.customer_id,
                delivery_id: delivery.id,
                delivery_line_id: line.id,
                shipped_at: cx.now,
                returned_at: None,
                version: 1,
                created_at: cx.now,
                updated_at: cx.now,
            };
            match known.iter().find(|k| k.number == *number) {
                None => drop(cx.create_as(fresh, "shipped")?),
                Some(k) if k.status == SerialStatus::Shipped => {
                    return Err(WITH_A_CUSTOMER.with(format!("Line {}: {number} was shipped and did not come back.", line.position)));
                }
                Some(k) => {
                    let again = Serial { id: k.id, version: k.version, created_at: k.created_at, ..fresh };
                    cx.save(k, again, "shipped")?;
                }
            }
        }
    }
    Ok(())
}

/// So many pieces of a line of a delivery come back: those with these numbers, or all that are still out.
pub fn take_back(cx: &mut Cx, line: DeliveryLineId, numbers: Vec<String>, pieces: Quantity, at: &str) -> Result<()> {
    let out = rows::out_of_line(cx.db(), line)?;
    let numbers = tidied(numbers, at)?;
    let coming: Vec<Serial> = match numbers.is_empty() {
        true => out,
        false => {
            let mut coming: Vec<Serial> = Vec::with_capacity(numbers.len());
            for (i, number) in numbers.iter().enumerate() {
                let found = out.iter().find(|s| s.number == *number && coming.iter().all(|c| c.id != s.id));
                let found =
                    found.ok_or_else(|| SERIALS_WRONG.field(format!("{at}/{i}"), "It did not leave with this line, or is back."))?;
                coming.push(found.clone());
            }
            coming
        }
    };
    // pieces that left before the product was tracked have no numbers
    if coming.is_empty() && numbers.is_empty() {
        return Ok(());
    }
    if Quantity::from(coming.len() as i32) != pieces {
        return Err(SERIALS_MISSING.field(at, format!("{} numbers for {pieces} pieces.", coming.len())));
    }
    for piece in coming {
        let back = Serial { status: SerialStatus::Returned, returned_at: Some(cx.now), updated_at: cx.now, ..piece.clone() };
        cx.save(&piece, back, "returned")?;
    }
    Ok(())
}

/// What a customer has of tracked products.
pub fn of_customer(cx: &mut Cx, party: PartyId) -> Result<SerialsOverview> {
    let allowed = match &cx.caller.companies {
        platform::Companies::All => None,
        platform::Companies::These(ids) => Some(ids.iter().map(|c| c.uuid()).collect::<Vec<_>>()),
    };
    let (with_customer_count, latest_serials) = rows::of_customer(cx.db(), party, allowed.as_deref(), TOP)?;
    Ok(SerialsOverview { with_customer_count, latest_serials })
}

/// Whether a piece was shipped to a customer; nothing when pieces of the product are not told apart.
pub fn was_shipped_to(cx: &mut Cx, (party, product, number): (PartyId, ProductId, &str)) -> Result<Option<bool>> {
    if cx.find::<Product>(product)?.tracking != Tracking::Serial {
        return Ok(None);
    }
    let found = rows::of_product(cx.db(), product, &[number.to_string()])?;
    Ok(Some(found.iter().any(|s| s.customer_id == party)))
}
