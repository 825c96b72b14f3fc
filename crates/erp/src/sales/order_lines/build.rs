//! The lines of an order, built from what the caller gave and what the product says.

use std::collections::HashMap;

use domain::directory::currencies;
use domain::directory::products::{ARCHIVED, Product, TaxClass};
use domain::directory::units::Unit;
use domain::ids::{ProductId, UnitId};
use domain::sales::order_lines::ORDER_LINE;
use domain::sales::orders::*;
use domain::tax::rules::TAX_RULE_MISSING;
use platform::prelude::*;

/// What building and taxing lines may answer.
pub const REFUSALS: &[Code] =
    &[ORDER_LINE, ORDER_AMOUNT, ARCHIVED, TAX_RULE_MISSING, domain::tax::codes::NO_RATE_YET, domain::tax::engine::NEGATIVE_LINE];

/// The lines of an order as they are kept; everything that is wrong with them at once. `at` is where the list is in the
/// body: `/lines`, or nothing when the body is the line itself.
pub fn build(cx: &mut Cx, order: &SalesOrder, given: Vec<NewSalesOrderLine>, at: &str) -> Result<Vec<SalesOrderLine>> {
    let places = currencies::minor_units(&order.currency)?;
    let ids: Vec<ProductId> = given.iter().filter_map(|l| l.product_id).collect();
    let products: HashMap<ProductId, Product> = cx.find_all::<Product>(&ids)?.into_iter().map(|p| (p.id, p)).collect();
    let units = units(cx, &given, &products)?;
    let mut out = Vec::with_capacity(given.len());
    let mut errors = Vec::new();
    for (i, l) in given.into_iter().enumerate() {
        let pointer = if at.is_empty() { String::new() } else { format!("{at}/{i}") };
        let product = l.product_id.map(|id| products.get(&id));
        if let Some(None) = product {
            errors.push(FieldError::body(format!("{pointer}/product_id"), problems::unknown_reference.code, "There is no such product."));
            continue;
        }
        match line(cx, order, l, product.flatten(), &units, i, &pointer) {
            Ok(mut line) => {
                if let Err(wrong) = line.price(places, &pointer) {
                    errors.extend(wrong);
                }
                out.push(line);
            }
            Err(p) => errors.extend(p.errors().to_vec()),
        }
    }
    match errors.first() {
        None => {
            check_whole(cx, out.iter().enumerate().map(|(i, l)| (if at.is_empty() { String::new() } else { format!("{at}/{i}") }, l)))?;
            Ok(out)
        }
        Some(first) if first.code == problems::unknown_reference.code => Err(problems::unknown_reference.at(errors)),
        Some(first) if first.code == ARCHIVED.code => Err(ARCHIVED.at(errors)),
        Some(first) if first.code == problems::too_many_decimals.code => Err(problems::too_many_decimals.at(errors)),
        Some(_) => Err(ORDER_LINE.at(errors)),
    }
}

/// Refuses parts of goods that only come whole.
pub(super) fn check_whole<'a>(cx: &mut Cx, lines: impl Iterator<Item = (String, &'a SalesOrderLine)>) -> Result<()> {
    let mut wanted = Vec::new();
    for (at, l) in lines {
        if let (true, Some(product)) = (l.is_stocked, l.product_id) {
            wanted.push((format!("{at}/quantity"), product, l.in_stock_unit(l.quantity)?));
        }
    }
    platform::directory::units::check_whole(cx, wanted)
}

fn units(cx: &mut Cx, given: &[NewSalesOrderLine], products: &HashMap<ProductId, Product>) -> Result<HashMap<UnitId, Unit>> {
    let mut ids = Vec::new();
    for l in given {
        let own = l.product_id.and_then(|p| products.get(&p)).map(|p| p.unit_id);
        if l.unit_id.is_some() && l.unit_id != own {
            ids.extend(l.unit_id);
            ids.extend(own);
        }
    }
    if ids.is_empty() { Ok(HashMap::new()) } else { Ok(cx.find_all::<Unit>(&ids)?.into_iter().map(|u| (u.id, u)).collect()) }
}

fn line(
    cx: &Cx,
    order: &SalesOrder,
    l: NewSalesOrderLine,
    product: Option<&Product>,
    units: &HashMap<UnitId, Unit>,
    i: usize,
    pointer: &str,
) -> Result<SalesOrderLine> {
    let mut errors = Vec::new();
    let mut wrong = |field: &str, message: &str| errors.push(FieldError::body(format!("{pointer}/{field}"), ORDER_LINE.code, message));
    let description = l.description.or_else(|| product.map(|p| p.name.clone())).unwrap_or_else(|| {
        wrong("description", "A line without a product needs a description.");
        String::new()
    });
    let own_unit = product.map(|p| p.unit_id);
    let mut unit_factor = Rate::ONE;
    if let Some(unit) = l.unit_id.filter(|u| Some(*u) != own_unit) {
        match (units.get(&unit), own_unit.and_then(|u| units.get(&u))) {
            (Some(from), Some(to)) => {
                from.check_quantity(l.quantity, &format!("{pointer}/quantity"))?;
                match from.in_units_of(to) {
                    Ok(factor) => unit_factor = factor,
                    Err(p) => wrong("unit_id", &p.to_string()),
                }
            }
            (None, _) => wrong("unit_id", "There is no such unit."),
            _ => wrong("unit_id", "A line without a product has no unit."),
        }
    }
    let listed = product.filter(|p| p.currency.as_deref() == Some(&*order.currency)).and_then(|p| p.sales_price);
    let unit_price = match (l.unit_price, listed.map(|p| UnitPrice::try_from(p.get() * unit_factor.get()))) {
        (Some(given), _) => given,
        (None, Some(Ok(listed))) => listed,
        (None, Some(Err(_))) => {
            wrong("unit_price", "The list price of one such unit has too many digits; give a price.");
            UnitPrice::ZERO
        }
        (None, None) => {
            wrong("unit_price", "There is no list price in the order's currency; give a price.");
            UnitPrice::ZERO
        }
    };
    if !errors.is_empty() {
        return Err(ORDER_LINE.at(errors));
    }
    if let Some(p) = product {
        p.check_usable(&format!("{pointer}/product_id"))?;
    }
    Ok(SalesOrderLine {
        id: cx.new_id(),
        order_id: order.id,
        position: i as i32 + 1,
        product_id: l.product_id,
        description,
        is_stocked: product.is_some_and(Product::is_stocked),
        quantity: l.quantity,
        unit_id: l.unit_id.or(own_unit),
        unit_factor,
        unit_price,
        discount_percent: l.discount_percent,
        line_amount: Amount::ZERO,
        tax_class: l.tax_class.or(product.map(|p| p.tax_class)).unwrap_or(TaxClass::Standard),
        tax_code_ids: Vec::new(),
        net_amount: Amount::ZERO,
        tax_amount: Amount::ZERO,
        gross_amount: Amount::ZERO,
        quantity_reserved: Quantity::ZERO,
        quantity_shipped: Quantity::ZERO,
        quantity_returned: Quantity::ZERO,
        quantity_invoiced: Quantity::ZERO,
        quantity_drafted: Quantity::ZERO,
        quantity_cancelled: Quantity::ZERO,
        version: 1,
    })
}
