//! The way of an order, rule by rule.

use super::*;
use crate::directory::products::TaxClass;
use crate::ids::SalesOrderLineId;
use crate::ids::{ProductId, SalesOrderId};
use crate::kernel::reexport::Uuid;
use crate::kernel::{FieldError, Id, UnitPrice};

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn line(n: u128, quantity: i32, price: &str, is_stocked: bool) -> SalesOrderLine {
    let mut line = SalesOrderLine {
        id: SalesOrderLineId::from_uuid(uuid(n)),
        order_id: SalesOrderId::from_uuid(uuid(1)),
        position: n as i32,
        product_id: Some(ProductId::from_uuid(uuid(n))),
        description: "Tea".into(),
        is_stocked,
        quantity: quantity.into(),
        unit_id: None,
        unit_factor: Rate::ONE,
        unit_price: price.parse::<UnitPrice>().expect("a price"),
        discount_percent: Rate::ZERO,
        line_amount: Amount::ZERO,
        tax_class: TaxClass::Standard,
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
    };
    line.price(2, "/lines/0").expect("priced");
    (line.net_amount, line.gross_amount) = (line.line_amount, line.line_amount);
    line
}

fn order(lines: Vec<SalesOrderLine>) -> SalesOrder {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let total = lines.iter().map(|l| l.gross_amount).sum();
    SalesOrder {
        id: SalesOrderId::from_uuid(uuid(1)),
        company_id: CompanyId::from_uuid(uuid(1)),
        number: None,
        status: SalesOrderStatus::Draft,
        fulfilment_status: FulfilmentStatus::Unfulfilled,
        billing_status: BillingStatus::Unbilled,
        is_on_hold: false,
        status_reason: None,
        customer_id: PartyId::from_uuid(uuid(1)),
        customer_reference: None,
        opportunity_id: None,
        owner_id: None,
        quote_id: None,
        warehouse_id: None,
        order_date: now.date_naive(),
        requested_date: None,
        ship_to: None,
        payment_terms_days: None,
        currency: "EUR".into(),
        exchange_rate: Rate::ONE,
        prices_include_tax: false,
        allow_backorder: false,
        freight_amount: Amount::ZERO,
        freight_tax_class: TaxClass::Standard,
        freight_gross: Amount::ZERO,
        freight_invoiced: Amount::ZERO,
        freight_drafted: Amount::ZERO,
        net_total: total,
        tax_total: Amount::ZERO,
        total,
        unshipped_amount: Amount::ZERO,
        unbilled_amount: Amount::ZERO,
        credit_status: CreditStatus::Unchecked,
        note: None,
        lines,
        metadata: BTreeMap::new(),
        confirmed_at: None,
        cancelled_at: None,
        closed_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn confirmed(lines: Vec<SalesOrderLine>) -> SalesOrder {
    let reserved: Vec<_> = lines.iter().map(|l| l.quantity).collect();
    order(lines).confirm(&reserved, CreditStatus::Passed, Utc::now()).expect("confirmed")
}

fn amount(s: &str) -> Amount {
    s.parse().expect("an amount")
}

#[test]
fn a_draft_with_lines_is_confirmed_once() {
    let o = confirmed(vec![line(1, 2, "10", true)]);
    assert_eq!((o.status, o.lines[0].quantity_reserved, o.unshipped_amount), (SalesOrderStatus::Confirmed, 2.into(), amount("20")));
    assert_eq!(o.confirm(&[], CreditStatus::Passed, Utc::now()).expect_err("twice").code(), ORDER_NOT_A_DRAFT);
    assert_eq!(order(Vec::new()).must_be_confirmable().expect_err("empty").code(), ORDER_EMPTY);
}

#[test]
fn an_order_on_hold_waits() {
    let o = order(vec![line(1, 1, "10", true)]).hold(Some("check the address".into()), Utc::now()).expect("held");
    assert_eq!(o.must_be_confirmable().expect_err("on hold").code(), ORDER_ON_HOLD);
    assert_eq!(o.allowed(), ["release", "cancel"]);
    assert!(o.release(Utc::now()).expect("released").must_be_confirmable().is_ok());
}

#[test]
fn shipping_and_billing_have_states_of_their_own() {
    let mut o = confirmed(vec![line(1, 4, "10", true), line(2, 1, "30", false)]);
    o.lines[0].quantity_shipped = 1.into();
    o = o.settle(Utc::now());
    assert_eq!((o.fulfilment_status, o.billing_status), (FulfilmentStatus::PartiallyShipped, BillingStatus::Unbilled));
    assert_eq!((o.unshipped_amount, o.unbilled_amount), (amount("60"), amount("10")));
    o.lines[0].quantity_shipped = 4.into();
    o.lines[0].quantity_invoiced = 4.into();
    o = o.settle(Utc::now());
    assert_eq!((o.fulfilment_status, o.billing_status), (FulfilmentStatus::Shipped, BillingStatus::Partial));
    assert_eq!(o.clone().close(Utc::now()).expect_err("unbilled").code(), ORDER_UNFINISHED);
    o.lines[1].quantity_invoiced = 1.into();
    o = o.settle(Utc::now());
    assert_eq!(o.billing_status, BillingStatus::Billed);
    assert_eq!(o.close(Utc::now()).expect("closed").status, SalesOrderStatus::Closed);
}

#[test]
fn only_what_was_not_shipped_is_cancelled() {
    let whole = confirmed(vec![line(1, 4, "10", true)]).cancel(CancelSalesOrder::default(), Utc::now()).expect("cancelled");
    assert_eq!((whole.status, whole.unshipped_amount), (SalesOrderStatus::Cancelled, Amount::ZERO));
    let mut part = confirmed(vec![line(1, 4, "10", true)]);
    part.lines[0].quantity_shipped = 3.into();
    let part = part.cancel(CancelSalesOrder::default(), Utc::now()).expect("the rest");
    assert_eq!((part.status, part.fulfilment_status), (SalesOrderStatus::Confirmed, FulfilmentStatus::Shipped));
    assert_eq!((part.lines[0].quantity_cancelled, part.lines[0].open_to_invoice()), (1.into(), 3.into()));
    assert_eq!(part.cancel(CancelSalesOrder::default(), Utc::now()).expect_err("again").code(), ORDER_NOTHING_TO_CANCEL);
}

#[test]
fn what_came_back_is_not_invoiced() {
    let mut l = line(1, 5, "10", true);
    l.quantity_shipped = 5.into();
    l.quantity_returned = 2.into();
    assert_eq!((l.open_to_invoice(), l.billable()), (3.into(), 3.into()));
    l.quantity_invoiced = 5.into();
    assert_eq!(l.open_to_invoice(), 0.into());
}

#[test]
fn a_price_is_rounded_once_after_the_discount_and_wrong_figures_are_all_named() {
    let mut l = line(1, 3, "0.335", true);
    l.discount_percent = "10".parse().expect("a rate");
    l.price(2, "/lines/0").expect("priced");
    assert_eq!(l.line_amount, amount("0.90"));
    l.quantity = 0.into();
    l.discount_percent = "101".parse().expect("a rate");
    let at: Vec<_> = l.price(2, "/lines/4").expect_err("refused").into_iter().filter_map(|e: FieldError| e.pointer).collect();
    assert_eq!(at, ["/lines/4/quantity", "/lines/4/discount_percent"]);
}

#[test]
fn units_convert_exactly_or_not_at_all() {
    let mut l = line(1, 2, "10", true);
    l.unit_factor = "12".parse().expect("a rate");
    assert_eq!(l.in_stock_unit(2.into()).expect("exact"), 24.into());
    assert_eq!(l.from_stock_unit(24.into()), 2.into());
    l.unit_factor = "0.0000001".parse().expect("a rate");
    assert!(l.in_stock_unit(1.into()).is_err());
}
