//! The operations on the lines of an order.

pub mod build;

use domain::directory::currencies;
use domain::directory::products::Product;
use domain::ids::{SalesOrderId, SalesOrderLineId};
use domain::sales::order_lines::ORDER_LINE;
use domain::sales::orders::*;
use platform::prelude::*;
use platform::table::Noun;

use self::build::{REFUSALS, build, check_whole};
use super::drafts;

pub fn operations(n: &mut Noun<SalesOrder>) {
    let mut p = n.part::<SalesOrderLine>("lines");
    p.list_with(list, "List the lines of a sales order.").expand::<Product>("product", "product_id");
    p.create(create, "Add a line to a draft order.").fails(&[ORDER_NOT_A_DRAFT]).fails(REFUSALS);
    p.read_with(read, "Get a line of a sales order.").expand::<Product>("product", "product_id");
    p.update(update, "Change a line of a draft order.").fails(&[ORDER_NOT_A_DRAFT]).fails(REFUSALS);
    p.delete(delete, "Take a line off a draft order.").fails(&[ORDER_NOT_A_DRAFT]).fails(REFUSALS);
}

fn list(cx: &mut Cx, id: SalesOrderId, mut list: List) -> Result<Page<SalesOrderLine>> {
    let order = cx.find::<SalesOrder>(id)?;
    list.only("order_id", id.uuid());
    let mut page = cx.page::<SalesOrderLine>(list)?;
    for l in &mut page.data {
        l.version = order.version;
        l.quantity_drafted = order.lines.iter().find(|o| o.id == l.id).map(|o| o.quantity_drafted).unwrap_or_default();
    }
    Ok(page)
}

fn read(cx: &mut Cx, id: SalesOrderId, line: SalesOrderLineId) -> Result<SalesOrderLine> {
    of(&cx.find::<SalesOrder>(id)?, line)
}

fn of(order: &SalesOrder, line: SalesOrderLineId) -> Result<SalesOrderLine> {
    let found = order.lines.iter().find(|l| l.id == line).cloned();
    found.ok_or_else(|| problems::not_found.with(format!("The order has no line {line}.")))
}

fn create(cx: &mut Cx, id: SalesOrderId, new: NewSalesOrderLine) -> Result<SalesOrderLine> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    before.must_be_draft()?;
    let mut after = before.clone();
    let mut made = build(cx, &before, vec![new], "")?;
    let Some(mut line) = made.pop() else { return Err(problems::internal.into()) };
    line.position = before.lines.iter().map(|l| l.position).max().unwrap_or(0) + 1;
    let line_id = line.id;
    after.lines.push(line);
    of(&drafts::store(cx, &before, after)?, line_id)
}

fn update(cx: &mut Cx, id: SalesOrderId, line: SalesOrderLineId, patch: SalesOrderLinePatch) -> Result<SalesOrderLine> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    of(&before, line)?;
    before.must_be_draft()?;
    let mut after = before.clone();
    let places = currencies::minor_units(&after.currency)?;
    for l in after.lines.iter_mut().filter(|l| l.id == line) {
        patch.clone().apply(l);
        l.price(places, "").map_err(|errors| ORDER_LINE.at(errors))?;
    }
    check_whole(cx, after.lines.iter().filter(|l| l.id == line).map(|l| (String::new(), l)))?;
    of(&drafts::store(cx, &before, after)?, line)
}

fn delete(cx: &mut Cx, id: SalesOrderId, line: SalesOrderLineId) -> Result<()> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    of(&before, line)?;
    before.must_be_draft()?;
    let mut after = before.clone();
    after.lines.retain(|l| l.id != line);
    drafts::store(cx, &before, after)?;
    Ok(())
}
