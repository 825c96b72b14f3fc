//! Promises of stock made by hand. Those of an order come and go with the order.

use domain::directory::companies::Company;
use domain::directory::products::Product;
use domain::ids::ReservationId;
use domain::inventory::locations::LOCATION_IS_VIRTUAL;
use domain::inventory::reservations::{NewReservation, RESERVATION_OF_ORDER, RESERVATION_QUANTITY, Reservation, ReservationKind};
use domain::inventory::stock::{NOT_ENOUGH_STOCK, NOT_STOCKED};
use domain::inventory::warehouses::Warehouse;
use domain::sales::orders::SalesOrder;
use platform::directory::units::check_whole;
use platform::prelude::*;

use super::locations;
use super::shelves::Shelves;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Reservation>(
        "inventory/reservations",
        "Promises of stock: hard ones hold pieces back, soft ones only say that they are wished for.",
    );
    n.list("List reservations.")
        .filter(&["company_id", "product_id", "warehouse_id", "location_id", "order_id", "order_line_id", "kind"])
        .expand::<Product>("product", "product_id")
        .expand::<SalesOrder>("order", "order_id");
    n.create(
        create,
        "Reserve stock outside an order. A hard reservation is refused when fewer pieces are free, also under concurrent requests.",
    )
    .fails(&[NOT_ENOUGH_STOCK, NOT_STOCKED, RESERVATION_QUANTITY, LOCATION_IS_VIRTUAL]);
    n.read("Get a reservation.");
    n.delete(delete, "End a reservation. Those of an order end with the order.").fails(&[RESERVATION_OF_ORDER]);
}

fn create(cx: &mut Cx, new: NewReservation) -> Result<Reservation> {
    if !new.quantity.is_positive() {
        return Err(RESERVATION_QUANTITY.field("/quantity", "The quantity must be more than zero."));
    }
    let warehouse = cx.refer::<Warehouse>("/warehouse_id", new.warehouse_id)?;
    let company = cx.find::<Company>(warehouse.company_id)?;
    let product = cx.refer::<Product>("/product_id", new.product_id)?;
    if !product.is_stocked() {
        return Err(NOT_STOCKED.field("/product_id", format!("{} is not kept in stock.", product.sku)));
    }
    check_whole(cx, [("/quantity".to_string(), product.id, new.quantity)])?;
    let location_id = locations::of_warehouse(cx, &warehouse, new.location_id, "/location_id")?;
    let reservation = Reservation {
        id: cx.new_id(),
        company_id: company.id,
        kind: new.kind,
        product_id: product.id,
        warehouse_id: warehouse.id,
        location_id,
        quantity: new.quantity,
        order_id: None,
        order_line_id: None,
        note: new.note,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    if reservation.kind == ReservationKind::Hard {
        let open = Shelves::below_zero(&company, &warehouse, &[product.id]);
        let mut shelves = Shelves::lock(cx, &company, &[product.id], &open)?;
        if !shelves.hold(&reservation)? {
            return Err(NOT_ENOUGH_STOCK.field("/quantity", format!("Fewer than {} of {} are free there.", new.quantity, product.sku)));
        }
        shelves.store(cx)?;
    }
    cx.create(reservation)
}

fn delete(cx: &mut Cx, id: ReservationId) -> Result<()> {
    let reservation = cx.load_for_update::<Reservation>(id)?;
    if let Some(order) = reservation.order_id {
        return Err(RESERVATION_OF_ORDER.with(format!("The order {order} holds it.")));
    }
    if reservation.kind == ReservationKind::Hard {
        let company = cx.find::<Company>(reservation.company_id)?;
        let mut shelves = Shelves::lock(cx, &company, &[reservation.product_id], &[])?;
        shelves.let_go(&reservation, reservation.quantity)?;
        shelves.store(cx)?;
    }
    cx.remove(reservation)
}
