//! The way of a delivery: what its states allow, what it ships of an order and what that costs.

use std::collections::HashMap;

use uuid::Uuid;

use super::*;
use crate::kernel::Id;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

fn a(s: &str) -> Amount {
    s.parse().expect("an amount")
}

fn q(s: &str) -> Quantity {
    s.parse().expect("a quantity")
}

fn line(n: u128, quantity: &str, stock: &str) -> DeliveryLine {
    DeliveryLine {
        id: id(n),
        delivery_id: id(1),
        position: n as i32,
        order_line_id: id(n),
        product_id: id(n),
        description: "Tea".into(),
        quantity: q(quantity),
        unit_id: None,
        stock_quantity: q(stock),
        unit_cost: None,
        cost_amount: Amount::ZERO,
        quantity_returned: Quantity::ZERO,
        cost_returned: Amount::ZERO,
        serial_numbers: vec![],
    }
}

fn delivery(status: DeliveryStatus) -> Delivery {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    Delivery {
        id: id(1),
        company_id: id(1),
        number: None,
        status,
        order_id: id(1),
        customer_id: id(1),
        warehouse_id: id(1),
        delivery_date: now.date_naive(),
        ship_to: None,
        carrier: None,
        tracking_number: None,
        order_is_on_hold: false,
        cost_total: Amount::ZERO,
        journal_entry_id: None,
        note: None,
        lines: vec![line(1, "2", "24"), line(2, "3", "3")],
        metadata: BTreeMap::new(),
        shipped_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

#[test]
fn only_a_draft_ships_or_is_given_up() {
    use DeliveryStatus::*;
    let now = DateTime::<Utc>::UNIX_EPOCH + chrono::Duration::days(1);
    for status in [Draft, Shipped, Cancelled] {
        let is_draft = status == Draft;
        let d = delivery(status);
        assert_eq!(d.must_be_draft().map_err(|p| p.code()), if is_draft { Ok(()) } else { Err(DELIVERY_NOT_A_DRAFT) }, "{status}");
        assert_eq!((d.clone().cancel(now).is_ok(), d.clone().ship("D".into(), &[], None, now).is_ok()), (is_draft, is_draft), "{status}");
        assert_eq!(d.allowed(), if is_draft { vec!["ship", "record-serials", "cancel"] } else { vec![] }, "{status}");
        let held = Delivery { order_is_on_hold: true, ..d };
        assert_eq!(held.allowed(), if is_draft { vec!["record-serials", "cancel"] } else { vec![] }, "{status}");
    }
    let gone = delivery(Draft).cancel(now).expect("cancelled");
    assert_eq!((gone.status, gone.updated_at), (Cancelled, now));
}

#[test]
fn what_leaves_costs_what_its_lines_cost() {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let shipped = delivery(DeliveryStatus::Draft).ship("D-1".into(), &[a("12"), a("7")], Some(id(5)), now).expect("ships");
    assert_eq!((shipped.status, shipped.cost_total, shipped.number.as_deref()), (DeliveryStatus::Shipped, a("19"), Some("D-1")));
    assert_eq!((shipped.journal_entry_id, shipped.shipped_at), (Some(id(5)), Some(now)));
    let unit: Vec<_> = shipped.lines.iter().map(|l| l.unit_cost.map(|c| c.to_string())).collect();
    assert_eq!(
        unit,
        [Some("0.500000".parse::<UnitPrice>().expect("a price").to_string()), Some("2.333333".into())],
        "in the unit of stock"
    );
    let recosted = shipped.recost(&HashMap::from([(id::<crate::ids::DeliveryLineId>(1).to_string(), a("24"))]));
    assert_eq!((recosted.cost_total, recosted.lines[0].cost_amount, recosted.lines[1].cost_amount), (a("31"), a("24"), a("7")));
    assert_eq!(recosted.lines[0].unit_cost, "1".parse().ok());
}

#[test]
fn quantities_convert_by_what_was_delivered_or_not_at_all() {
    let l = line(1, "2", "24");
    assert_eq!(l.in_stock_unit(q("1")), Some(q("12")));
    assert_eq!(l.in_stock_unit(q("0.5")), Some(q("6")));
    assert_eq!(line(1, "3", "1").in_stock_unit(q("1")), None, "a third is not exact");
}
