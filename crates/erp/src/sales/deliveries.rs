//! Deliveries: the operations. What shipping does is in [`super::shipping`].

use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::identity::visibility::FieldClass;
use domain::ids::DeliveryId;
use domain::inventory::stock::DATE_IN_FUTURE;
use domain::inventory::warehouses::Warehouse;
use domain::sales::deliveries::*;
use domain::sales::orders::*;
use platform::prelude::*;

use super::orders::CUSTOMER;
use super::shipping;
use crate::accounting::posting;
use crate::inventory::serials;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Delivery>("sales/deliveries", "Goods on their way to customers. One order may have several.");
    n.takes_tags();
    n.searched(Words::numbered(&["number", "tracking_number"]).details(&["carrier", "note"]));
    n.masked(FieldClass::Cost, &["cost_total", "lines.unit_cost", "lines.cost_amount", "lines.cost_returned"]);
    n.list("List deliveries.")
        .filter(&["company_id", "status", "order_id", "customer_id", "warehouse_id", "number", "delivery_date", "tracking_number"])
        .search(&["number", "tracking_number"])
        .sort(&["delivery_date", "number"])
        .expand::<Party>("customer", "customer_id")
        .expand::<SalesOrder>("order", "order_id")
        .expand::<Warehouse>("warehouse", "warehouse_id")
        .expand::<Product>("lines.product", "lines.product_id")
        .figures(Figures::by(&["status", "customer_id", "warehouse_id", "carrier", "company_id"]).company_money(&["cost_total"]).dates(&[
            "delivery_date",
            "created_at",
            "shipped_at",
        ]));
    n.create(create, "Draft a delivery for a confirmed order. Everything open when no lines are given.")
        .fails(&[ORDER_NOT_CONFIRMED, ORDER_ON_HOLD, ORDER_NO_WAREHOUSE, ORDER_NOTHING_TO_SHIP, DELIVERY_LINE, DELIVERY_OVER_ORDERED])
        .fails(serials::REFUSALS);
    n.read("Get a delivery.")
        .expand::<Party>("customer", "customer_id")
        .expand::<SalesOrder>("order", "order_id")
        .expand::<Warehouse>("warehouse", "warehouse_id")
        .expand::<Product>("lines.product", "lines.product_id");
    n.update(update, "Change a draft delivery.").fails(&[DELIVERY_NOT_A_DRAFT]);
    n.action_with(
        "ship",
        shipping::ship,
        "Ship a delivery. Takes a number, takes the goods off the shelves, values them at the moving average of that day and posts their cost.",
    )
    .fails(&[DATE_IN_FUTURE, DELIVERY_NOT_A_DRAFT, ORDER_NOT_CONFIRMED, ORDER_ON_HOLD, DELIVERY_OVER_ORDERED, DELIVERY_NOT_ENOUGH_STOCK])
    .fails(serials::REFUSALS)
    .fails(serials::SHIP_REFUSALS)
    .fails(CUSTOMER)
    .fails(posting::REFUSALS);
    n.action_with(
        "record-serials",
        serials::record,
        "Write down which pieces leave on a draft delivery. A product that is tracked by serial numbers ships with one for each piece.",
    )
    .fails(&[DELIVERY_NOT_A_DRAFT])
    .fails(serials::REFUSALS);
    n.action("cancel", cancel, "Cancel a draft delivery. What it would have shipped stays open on the order.")
        .fails(&[DELIVERY_NOT_A_DRAFT]);
}

fn create(cx: &mut Cx, new: NewDelivery) -> Result<Delivery> {
    let order = cx.refer::<SalesOrder>("/order_id", new.order_id)?;
    shipping::draft(cx, &order, new)
}

fn update(cx: &mut Cx, id: DeliveryId, patch: DeliveryPatch) -> Result<Delivery> {
    let before = cx.load_for_update::<Delivery>(id)?;
    before.must_be_draft()?;
    let mut after = before.clone();
    patch.apply(&mut after);
    after.updated_at = cx.now;
    cx.save(&before, after, "updated")
}

fn cancel(cx: &mut Cx, id: DeliveryId) -> Result<Delivery> {
    let before = cx.load_for_update::<Delivery>(id)?;
    let after = before.clone().cancel(cx.now)?;
    cx.save(&before, after, "cancelled")
}
