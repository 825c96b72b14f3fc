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
        exchange_rate_agreed: false,
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

/// Ordered 10 goods: so many cancelled, shipped, returned, invoiced and on drafts.
fn ten(is_stocked: bool, [cancelled, shipped, returned, invoiced, drafted]: [i32; 5]) -> SalesOrderLine {
    let mut l = line(1, 10, "10", is_stocked);
    (l.quantity_cancelled, l.quantity_shipped, l.quantity_returned) = (cancelled.into(), shipped.into(), returned.into());
    (l.quantity_invoiced, l.quantity_drafted) = (invoiced.into(), drafted.into());
    l
}

#[test]
fn what_is_open_of_a_line_follows_from_what_became_of_it() {
    // cancelled, shipped, returned, invoiced, drafted: to ship, billable, to invoice, to draft, to cancel
    for (is_stocked, became, open) in [
        (true, [0, 0, 0, 0, 0], [10, 10, 0, 0, 10]),
        (true, [2, 5, 0, 0, 0], [3, 8, 5, 5, 3]),
        (true, [2, 5, 1, 0, 3], [3, 7, 4, 1, 3]),
        (true, [2, 5, 1, 4, 0], [3, 7, 0, 0, 3]),
        (true, [0, 10, 4, 10, 0], [0, 6, 0, 0, 0]),
        (true, [0, 10, 0, 6, 5], [0, 10, 4, 0, 0]),
        (false, [0, 0, 0, 0, 0], [0, 10, 10, 10, 10]),
        (false, [3, 0, 0, 2, 4], [0, 7, 5, 1, 5]),
        (false, [0, 0, 0, 10, 0], [0, 10, 0, 0, 0]),
    ] {
        let l = ten(is_stocked, became);
        let found = [l.open_to_ship(), l.billable(), l.open_to_invoice(), l.open_to_draft(), l.cancellable()];
        assert_eq!(found, open.map(Quantity::from), "{is_stocked} {became:?}");
        assert_eq!(l.gross_of(l.open_to_ship()), Decimal::from(10) * l.open_to_ship().get(), "{became:?}");
    }
}

#[test]
fn what_an_order_allows_follows_from_its_state_and_lines() {
    use SalesOrderStatus::*;
    let in_state = |status, is_on_hold, lines: Vec<SalesOrderLine>| SalesOrder { status, is_on_hold, ..order(lines) }.settle(Utc::now());
    for (o, allowed) in [
        (in_state(Draft, false, vec![]), vec!["confirm", "hold", "cancel"]),
        (in_state(Draft, true, vec![]), vec!["release", "cancel"]),
        (in_state(Confirmed, false, vec![ten(true, [0, 0, 0, 0, 0])]), vec!["hold", "deliver", "cancel"]),
        (in_state(Confirmed, false, vec![ten(true, [0, 4, 0, 0, 0])]), vec!["hold", "deliver", "invoice", "cancel"]),
        (in_state(Confirmed, true, vec![ten(true, [0, 4, 0, 0, 0])]), vec!["release", "cancel"]),
        (in_state(Confirmed, false, vec![ten(true, [0, 10, 0, 0, 0])]), vec!["hold", "invoice"]),
        (in_state(Confirmed, false, vec![ten(true, [0, 10, 0, 0, 10])]), vec!["hold"]),
        (in_state(Confirmed, false, vec![ten(true, [0, 10, 0, 10, 0])]), vec!["hold", "close"]),
        (in_state(Confirmed, true, vec![ten(true, [0, 10, 0, 10, 0])]), vec!["release"]),
        (in_state(Closed, false, vec![ten(true, [0, 10, 0, 10, 0])]), vec![]),
        (in_state(Cancelled, false, vec![ten(true, [10, 0, 0, 0, 0])]), vec![]),
    ] {
        assert_eq!(o.allowed(), allowed, "{} {}", o.status, o.is_on_hold);
        let refused = |r: Result<()>| r.err().map(|p| p.code());
        assert_eq!(refused(o.must_be_draft()), (o.status != Draft).then_some(ORDER_NOT_A_DRAFT));
        let active = match (o.status, o.is_on_hold) {
            (Confirmed, false) => None,
            (Confirmed, true) => Some(ORDER_ON_HOLD),
            _ => Some(ORDER_NOT_CONFIRMED),
        };
        assert_eq!(refused(o.must_be_active()), active);
        assert_eq!(refused(o.must_be_billable()), active.filter(|_| o.status != Closed), "an invoice of a closed order may be posted");
        assert_eq!(o.clone().close(Utc::now()).is_ok(), allowed.contains(&"close"));
        assert_eq!(o.clone().hold(None, Utc::now()).is_ok(), allowed.contains(&"hold"));
        assert_eq!(o.clone().release(Utc::now()).is_ok(), o.is_on_hold);
        assert_eq!(o.clone().cancel(CancelSalesOrder::default(), Utc::now()).is_ok(), allowed.contains(&"cancel"));
    }
}

#[test]
fn no_more_is_billed_than_is_due_and_what_is_billed_is_a_draft_no_more() {
    let billed = |quantity: i32, drafted: i32| {
        let mut o = confirmed(vec![ten(true, [0, 6, 1, 2, drafted])]);
        let id = o.lines[0].id.to_string();
        let verdict = o.bill(&id, quantity.into()).map_err(|p| p.code());
        (verdict, o.lines[0].quantity_invoiced, o.lines[0].quantity_drafted)
    };
    assert_eq!(billed(3, 3), (Ok(()), 5.into(), 0.into()));
    assert_eq!(billed(2, 3), (Ok(()), 4.into(), 1.into()));
    assert_eq!(billed(3, 1), (Ok(()), 5.into(), 0.into()));
    assert_eq!(billed(4, 3), (Err(ORDER_OVER_INVOICED), 2.into(), 3.into()));
    let mut o = confirmed(vec![ten(true, [0, 6, 0, 0, 0])]);
    assert_eq!(o.bill("another line", 1.into()).expect_err("refused").code(), ORDER_OVER_INVOICED);
}

#[test]
fn some_of_some_lines_is_given_up() {
    let now = Utc::now();
    let giving_up = |o: SalesOrder, line: u128, quantity: i32| {
        let line = CancelSalesOrderLine { order_line_id: SalesOrderLineId::from_uuid(uuid(line)), quantity: quantity.into() };
        o.cancel(CancelSalesOrder { reason: Some("less".into()), lines: Some(vec![line]) }, now)
    };
    let open = || confirmed(vec![line(1, 4, "10", true), line(2, 1, "30", false)]);
    let less = giving_up(open(), 1, 3).expect("less");
    assert_eq!((less.status, less.lines[0].open_to_ship(), less.unshipped_amount), (SalesOrderStatus::Confirmed, 1.into(), amount("40")));
    for (line, quantity) in [(1, 5), (1, 0), (1, -1), (2, 2), (9, 1)] {
        let refused = giving_up(open(), line, quantity).expect_err("refused");
        assert_eq!(refused.code(), super::super::order_lines::ORDER_LINE, "{line} {quantity}");
    }
    assert_eq!(giving_up(order(vec![line(1, 4, "10", true)]), 1, 1).expect_err("a draft").code(), ORDER_NOT_CONFIRMED);
    // the last of all lines makes it a cancelled order, and nothing is held any more
    let one = confirmed(vec![line(1, 4, "10", true)]).hold(None, now).expect("held");
    let gone = giving_up(one.clone(), 1, 4).expect("gone");
    assert_eq!((gone.status, gone.is_on_hold, gone.cancelled_at), (SalesOrderStatus::Cancelled, false, Some(now)));
    let kept = giving_up(one, 1, 3).expect("less");
    assert_eq!((kept.status, kept.is_on_hold), (SalesOrderStatus::Confirmed, true));
}

#[test]
fn freight_goes_on_the_first_invoice_once_something_left() {
    let with = |freight: &str, shipped: i32, invoiced: i32, drafted: i32| {
        let mut o = confirmed(vec![ten(true, [0, shipped, 0, invoiced, drafted])]);
        (o.freight_amount, o.freight_gross) = (amount(freight), amount(freight));
        o.settle(Utc::now())
    };
    assert_eq!(with("5", 0, 0, 0).freight_to_draft(), Amount::ZERO);
    assert_eq!(with("5", 1, 0, 0).freight_to_draft(), amount("5"));
    assert_eq!(with("5", 1, 0, 1).freight_to_draft(), Amount::ZERO, "the draft has it, or the next one gets it");
    assert_eq!(with("5", 2, 0, 1).freight_to_draft(), amount("5"));
    let mut o = with("5", 10, 10, 0);
    assert_eq!((o.billing_status, o.unshipped_amount), (BillingStatus::Partial, amount("5")), "freight is left to bill");
    assert_eq!(o.allowed(), ["hold", "invoice"]);
    o.freight_drafted = amount("5");
    assert_eq!(o.freight_to_draft(), Amount::ZERO);
    o.freight_invoiced = amount("5");
    let o = o.settle(Utc::now());
    assert_eq!((o.billing_status, o.unshipped_amount, o.freight_due()), (BillingStatus::Billed, Amount::ZERO, Amount::ZERO));
    assert!(o.clone().close(Utc::now()).is_ok_and(|o| o.reopen(Utc::now()).status == SalesOrderStatus::Confirmed));
}

#[test]
fn what_is_open_is_in_the_company_s_currency_at_the_rate_of_the_order() {
    let mut o = confirmed(vec![ten(true, [0, 4, 0, 1, 0]), line(2, 1, "30", false)]);
    o.exchange_rate = "0.88".parse().expect("a rate");
    let o = o.settle(Utc::now());
    assert_eq!((o.unshipped_amount, o.unbilled_amount), (amount("79.2"), amount("26.4")));
    assert_eq!(o.agreed_rate(), None, "the rate of the day binds no invoice");
    assert_eq!(SalesOrder { exchange_rate_agreed: true, ..o.clone() }.agreed_rate(), Some(o.exchange_rate));
    let closed = SalesOrder { status: SalesOrderStatus::Closed, ..o }.settle(Utc::now());
    assert_eq!((closed.unshipped_amount, closed.unbilled_amount), (Amount::ZERO, Amount::ZERO));
}
