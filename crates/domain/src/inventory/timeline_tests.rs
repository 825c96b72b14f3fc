//! The published cases of the moving average, and what must hold whatever moves.

use crate::kernel::Decimal;
use proptest::prelude::*;

use super::*;
use crate::inventory::costing::extend;
use crate::kernel::Id;
use crate::kernel::reexport::Uuid;

fn q(s: &str) -> Quantity {
    s.parse().expect("a quantity")
}
fn a(s: &str) -> Amount {
    s.parse().expect("an amount")
}
fn id(n: usize) -> ValueEntryId {
    ValueEntryId::from_uuid(Uuid::from_u128(n as u128 + 1))
}
fn fresh() -> Timeline {
    Timeline::new(CostState::default(), UnitPrice::ZERO, 2)
}

/// A timeline that counts its movements.
struct Book {
    line: Timeline,
    count: usize,
}

impl Book {
    fn new() -> Self {
        Self { line: fresh(), count: 0 }
    }
    fn play(&mut self, quantity: Quantity, effect: Effect) -> ValueEntryId {
        let id = id(self.count);
        self.count += 1;
        self.line.play(&Movement { id, quantity, effect }).expect("in range");
        id
    }
    fn receive(&mut self, quantity: i32, cost: &str) -> ValueEntryId {
        let amount = extend(quantity.into(), cost.parse().expect("a price"), 2).expect("in range");
        self.play(quantity.into(), Effect::In(amount))
    }
    fn issue(&mut self, quantity: i32) -> ValueEntryId {
        self.play(quantity.into(), Effect::Out { recorded: None })
    }
    fn back(&mut self, of: ValueEntryId, quantity: i32) -> ValueEntryId {
        self.play(quantity.into(), Effect::Back { of, unknown: Amount::ZERO })
    }
    /// What a movement changed the value by, corrections included.
    fn of(&self, id: ValueEntryId) -> Amount {
        self.line.changes().iter().filter(|(slot, _)| slot.1 == id).map(|(_, amount)| *amount).sum()
    }
    fn is(&self, quantity: &str, value: &str) {
        let s = self.line.state();
        assert_eq!((s.quantity, s.value), (q(quantity), a(value)));
    }
}

#[test]
fn g3_stock_below_zero_is_corrected_by_the_next_receipt_and_never_blended() {
    let mut b = Book::new();
    b.receive(10, "10");
    let sold = b.issue(12);
    assert_eq!(b.of(sold), a("-120.00"));
    b.is("-2", "-20.00");
    let came = b.receive(5, "13");
    assert_eq!(b.line.changes()[&(came, sold)], a("-6.00"));
    b.is("3", "39.00");
    assert_eq!(b.line.state().unit_cost(), "13".parse().expect("a price"));
}

#[test]
fn g4_the_last_issue_takes_the_remainder() {
    let mut b = Book::new();
    b.play(3.into(), Effect::In(a("10.00")));
    let costs: Vec<Amount> = (0..3).map(|_| b.issue(1)).collect::<Vec<_>>().into_iter().map(|i| -b.of(i)).collect();
    assert_eq!(costs, [a("3.33"), a("3.34"), a("3.33")]);
    b.is("0", "0.00");
}

#[test]
fn the_published_cases_of_the_moving_average_hold() {
    // INV-AVG-01
    let mut b = Book::new();
    b.receive(10, "10");
    b.receive(10, "20");
    b.is("20", "300.00");
    let sold = b.issue(15);
    assert_eq!(b.of(sold), a("-225.00"));
    b.is("5", "75.00");
    // INV-AVG-04
    b.issue(5);
    b.is("0", "0.00");
    assert_eq!(b.line.state().unit_cost(), "15".parse().expect("a price"));
    // INV-AVG-06
    b.receive(20, "15");
    let sold = b.issue(30);
    assert_eq!(b.of(sold), a("-450.00"));
    b.is("-10", "-150.00");
    b.receive(10, "30");
    b.is("0", "0.00");
    b.receive(10, "40");
    b.is("10", "400.00");
    // INV-AVG-13
    let mut b = Book::new();
    b.receive(1, "1.00");
    b.receive(1, "1.00");
    b.receive(1, "1.01");
    let sold = b.issue(3);
    assert_eq!(b.of(sold), a("-3.01"));
    b.is("0", "0.00");
}

#[test]
fn a_customer_return_comes_back_at_the_cost_of_its_issue() {
    // INV-AVG-10
    let mut b = Book::new();
    b.receive(1, "10");
    b.receive(1, "20");
    let sold = b.issue(1);
    assert_eq!(b.of(sold), a("-15.00"));
    let back = b.back(sold, 1);
    assert_eq!(b.of(back), a("15.00"));
    b.is("2", "30.00");
}

#[test]
fn parts_of_an_issue_come_back_at_what_it_cost_in_all() {
    let mut b = Book::new();
    b.play(3.into(), Effect::In(a("10.00")));
    let sold = b.issue(3);
    let (first, second) = (b.back(sold, 1), b.back(sold, 2));
    assert_eq!((b.of(first), b.of(second)), (a("3.33"), a("6.67")));
    b.is("3", "10.00");
}

#[test]
fn goods_sold_below_zero_come_back_at_the_corrected_cost() {
    let mut b = Book::new();
    b.receive(1, "10");
    b.issue(1);
    let sold = b.issue(1);
    b.is("-1", "-10.00");
    b.receive(2, "20");
    assert_eq!(b.of(sold), a("-20.00"));
    let back = b.back(sold, 1);
    assert_eq!(b.of(back), a("20.00"));
    b.is("2", "40.00");
}

#[test]
fn goods_that_come_back_before_they_are_covered_take_their_guess_with_them() {
    let mut b = Book::new();
    b.receive(1, "10");
    let sold = b.issue(3);
    b.is("-2", "-20.00");
    b.receive(1, "16");
    b.is("-1", "-10.00");
    let back = b.back(sold, 1);
    assert_eq!(b.of(back), a("10.00"));
    b.is("0", "0.00");
    assert_eq!(b.of(sold) + b.of(back), a("-26.00"));
}

#[test]
fn what_is_scrapped_on_arrival_costs_the_scrap_and_leaves_stock_as_it_is() {
    let mut b = Book::new();
    b.receive(4, "4");
    let sold = b.issue(2);
    b.receive(2, "10");
    let before = b.line.state();
    let by = id(900);
    let back = b.play(1.into(), Effect::Scrapped { of: sold, by, unknown: Amount::ZERO });
    assert_eq!((b.of(back), b.of(by), b.line.state()), (a("4.00"), a("-4.00"), before));
    // below zero, the scrap waits for the true cost instead of the sale
    let mut b = Book::new();
    b.receive(1, "10");
    b.issue(1);
    let sold = b.issue(1);
    let back = b.play(1.into(), Effect::Scrapped { of: sold, by, unknown: Amount::ZERO });
    b.receive(1, "20");
    assert_eq!((b.of(sold) + b.of(back), b.of(by)), (a("0.00"), a("-20.00")));
    b.is("0", "0.00");
}

#[test]
fn what_was_recorded_stays_when_only_rounding_differs() {
    let kept = |recorded: &str| {
        let mut b = Book::new();
        b.play(3.into(), Effect::In(a("10.00")));
        let first = b.play(1.into(), Effect::Out { recorded: Some(a(recorded)) });
        let (second, last) = (b.issue(1), b.issue(1));
        b.is("0", "0.00");
        [first, second, last].map(|i| -b.of(i))
    };
    assert_eq!(kept("-3.34"), [a("3.34"), a("3.33"), a("3.33")]);
    assert_eq!(kept("-3.36"), [a("3.33"), a("3.34"), a("3.33")]);
}

proptest! {
    #[test]
    fn value_is_zero_when_nothing_is_on_hand_and_changes_sum_to_it(
        steps in prop::collection::vec((0u8..4, 1i64..5_000_000, 0i64..500_000), 1..60),
    ) {
        let mut b = Book::new();
        let mut sold: Vec<(ValueEntryId, Quantity)> = Vec::new();
        for (what, quantity, cents) in steps {
            let quantity = Quantity::exact(Decimal::new(quantity, 3)).expect("fits");
            match (what, sold.pop()) {
                (0, Some((of, most))) => {
                    let part = if quantity < most { quantity } else { most };
                    b.play(part, Effect::Back { of, unknown: Amount::ZERO });
                    if part < most {
                        sold.push((of, most - part));
                    }
                }
                (1, Some((of, most))) => {
                    let part = if quantity < most { quantity } else { most };
                    let by = id(1_000_000 + b.count);
                    b.play(part, Effect::Scrapped { of, by, unknown: Amount::ZERO });
                }
                (2, kept) => {
                    sold.extend(kept);
                    let issue = b.play(quantity, Effect::Out { recorded: None });
                    sold.insert(0, (issue, quantity));
                }
                (_, kept) => {
                    sold.extend(kept);
                    b.play(quantity, Effect::In(Amount::exact(Decimal::new(cents, 2)).expect("fits")));
                }
            }
            let s = b.line.state();
            prop_assert_eq!(b.line.changes().values().copied().sum::<Amount>(), s.value);
            prop_assert!(b.line.changes().values().all(|c| c.get() == round(c.get(), 2)));
            if s.quantity.is_zero() { prop_assert!(s.value.is_zero(), "{:?}", s); }
            if s.quantity.is_positive() { prop_assert!(!s.value.is_negative(), "{:?}", s); }
            if s.quantity.is_negative() { prop_assert!(!s.value.is_positive(), "{:?}", s); }
        }
    }

    #[test]
    fn issuing_all_in_any_parts_costs_what_was_received(parts in prop::collection::vec(1i64..10_000, 1..30), cents in 0i64..10_000_000) {
        let total: i64 = parts.iter().sum();
        let mut b = Book::new();
        let paid = Amount::exact(Decimal::new(cents, 2)).expect("fits");
        b.play(Quantity::exact(Decimal::new(total, 2)).expect("fits"), Effect::In(paid));
        let issues: Vec<_> = parts.iter().map(|p| b.play(Quantity::exact(Decimal::new(*p, 2)).expect("fits"), Effect::Out { recorded: None })).collect();
        prop_assert_eq!(-issues.into_iter().map(|i| b.of(i)).sum::<Amount>(), paid);
        prop_assert!(b.line.state().quantity.is_zero() && b.line.state().value.is_zero());
    }
}
