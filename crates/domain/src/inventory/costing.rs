//! The moving average: what an issue costs, what a receipt adds, and what happens when stock was below zero.
//! Pure arithmetic on one product of one company; who stores the figures and who posts them is not known here.

use crate::kernel::Decimal;

use crate::kernel::{Amount, Decimals, Quantity, Result, UnitPrice, round, round_to};

crate::words! {
    /// Why the value of stock changed.
    pub enum ValueKind {
        /// Goods came in at a cost.
        Receipt = "receipt",
        /// Goods went out at the moving average.
        Issue = "issue",
        /// A gain or loss found by counting, scrap, or opening stock.
        Adjustment = "adjustment",
        /// Goods issued below zero turned out to cost something else.
        Correction = "correction",
        /// The value was set anew without goods moving.
        Revaluation = "revaluation",
        /// What rounding left over.
        Rounding = "rounding",
        /// Goods came back at the cost at which they were issued.
        Return = "return",
    }
}

/// One change of value: signed quantity (zero for corrections) and signed amount in the company's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueChange {
    pub kind: ValueKind,
    pub quantity: Quantity,
    pub amount: Amount,
}

/// What is owned of a product and what it is worth. Quantity in the product's unit, value in the company's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CostState {
    pub quantity: Quantity,
    pub value: Amount,
    /// What one unit cost when that was last known; used when there is nothing on hand to ask.
    pub last_unit_cost: UnitPrice,
}

impl CostState {
    /// Value divided by quantity, six places; the last known cost when nothing is on hand.
    pub fn unit_cost(&self) -> UnitPrice {
        if self.quantity.is_positive() { per_unit(self.value, self.quantity).unwrap_or(self.last_unit_cost) } else { self.last_unit_cost }
    }

    /// Goods come in for `amount` as a whole. Stock below zero is covered first: the goods already issued at a guessed cost
    /// get their true cost by a correction (its other side is cost of goods sold), and only what remains enters the average.
    /// Answers the receipt and, when there was something to correct, the correction. `minor_units` as in ISO 4217.
    pub fn receive(&mut self, kind: ValueKind, quantity: Quantity, amount: Amount, minor_units: u32) -> Result<Vec<ValueChange>> {
        let mut changes = vec![ValueChange { kind, quantity, amount }];
        let before = *self;
        self.quantity = Quantity::exact((before.quantity + quantity).get())?;
        let plain = (before.value + amount).get();
        let value = if !before.quantity.is_negative() {
            plain
        } else if self.quantity.is_positive() {
            round(amount.get() * self.quantity.get() / quantity.get(), minor_units)
        } else if self.quantity.is_zero() {
            Decimal::ZERO
        } else {
            round(before.value.get() * self.quantity.get() / before.quantity.get(), minor_units)
        };
        self.value = Amount::exact(value)?;
        if value != plain {
            changes.push(ValueChange { kind: ValueKind::Correction, quantity: Quantity::ZERO, amount: Amount::exact(value - plain)? });
        }
        let known = if self.quantity.is_positive() { per_unit(self.value, self.quantity) } else { per_unit(amount, quantity) };
        self.last_unit_cost = known.unwrap_or(self.last_unit_cost);
        Ok(changes)
    }

    /// Goods go out: `round(value × quantity / on hand)`, the last issue takes what remains, and what is issued below zero
    /// goes at the last known cost. The change has a negative quantity and amount.
    pub fn issue(&mut self, kind: ValueKind, quantity: Quantity, minor_units: u32) -> Result<ValueChange> {
        let before = *self;
        self.last_unit_cost = before.unit_cost();
        let cost = if quantity < before.quantity {
            round(before.value.get() * quantity.get() / before.quantity.get(), minor_units)
        } else {
            let held = if before.quantity.is_positive() { before.quantity } else { Quantity::ZERO };
            let worth = if before.quantity.is_positive() { before.value.get() } else { Decimal::ZERO };
            worth + round((quantity - held).get() * self.last_unit_cost.get(), minor_units)
        };
        self.quantity = Quantity::exact((before.quantity - quantity).get())?;
        let value = if self.quantity.is_zero() { Decimal::ZERO } else { before.value.get() - cost };
        self.value = Amount::exact(value)?;
        Ok(ValueChange { kind, quantity: -quantity, amount: Amount::exact(value - before.value.get())? })
    }
}

/// The part of `cost` that belongs to `quantity` of `whole`, after `taken_cost` for `taken` has been used already:
/// the last part takes the remainder, so that the parts sum to the whole.
pub fn share(cost: Amount, whole: Quantity, taken: Quantity, taken_cost: Amount, quantity: Quantity, minor_units: u32) -> Amount {
    if taken + quantity >= whole || whole.is_zero() {
        return cost - taken_cost;
    }
    Amount::exact(round(cost.get() * quantity.get() / whole.get(), minor_units)).unwrap_or(cost - taken_cost)
}

/// Amount for one unit, six places; nothing when the quantity is zero or the price does not fit.
pub fn per_unit(amount: Amount, quantity: Quantity) -> Option<UnitPrice> {
    if quantity.is_zero() {
        return None;
    }
    UnitPrice::exact(round_to(amount.get() / quantity.get(), UnitPrice::SCALE)).ok()
}

/// `quantity × price`, rounded to the minor unit. Refused when the amount is out of range.
pub fn extend(quantity: Quantity, price: UnitPrice, minor_units: u32) -> Result<Amount> {
    Amount::exact(round(quantity.get() * price.get(), minor_units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(s: &str) -> Quantity {
        s.parse().expect("a quantity")
    }
    fn a(s: &str) -> Amount {
        s.parse().expect("an amount")
    }
    fn receive(state: &mut CostState, quantity: i32, cost: &str) -> Vec<ValueChange> {
        let price: UnitPrice = cost.parse().expect("a price");
        let amount = extend(quantity.into(), price, 2).expect("in range");
        state.receive(ValueKind::Receipt, quantity.into(), amount, 2).expect("in range")
    }
    fn issue(state: &mut CostState, quantity: i32) -> Amount {
        -state.issue(ValueKind::Issue, quantity.into(), 2).expect("in range").amount
    }
    fn is(state: CostState, quantity: &str, value: &str) {
        assert_eq!((state.quantity, state.value), (q(quantity), a(value)));
    }

    #[test]
    fn g3_stock_below_zero_is_corrected_by_the_next_receipt_and_never_blended() {
        let mut s = CostState::default();
        receive(&mut s, 10, "10");
        assert_eq!(issue(&mut s, 12), a("120.00"));
        is(s, "-2", "-20.00");
        let changes = receive(&mut s, 5, "13");
        assert_eq!(changes[1], ValueChange { kind: ValueKind::Correction, quantity: Quantity::ZERO, amount: a("-6.00") });
        is(s, "3", "39.00");
        assert_eq!(s.unit_cost(), "13".parse().expect("a price"));
    }

    #[test]
    fn g4_the_last_issue_takes_the_remainder() {
        let mut s = CostState::default();
        s.receive(ValueKind::Receipt, 3.into(), a("10.00"), 2).expect("in range");
        assert_eq!([issue(&mut s, 1), issue(&mut s, 1), issue(&mut s, 1)], [a("3.33"), a("3.34"), a("3.33")]);
        is(s, "0", "0.00");
    }

    #[test]
    fn the_published_cases_of_the_moving_average_hold() {
        // INV-AVG-01
        let mut s = CostState::default();
        receive(&mut s, 10, "10");
        receive(&mut s, 10, "20");
        is(s, "20", "300.00");
        assert_eq!(issue(&mut s, 15), a("225.00"));
        is(s, "5", "75.00");
        // INV-AVG-04
        issue(&mut s, 5);
        is(s, "0", "0.00");
        assert_eq!(s.unit_cost(), "15".parse().expect("a price"));
        // INV-AVG-06
        receive(&mut s, 20, "15");
        assert_eq!(issue(&mut s, 30), a("450.00"));
        is(s, "-10", "-150.00");
        receive(&mut s, 10, "30");
        is(s, "0", "0.00");
        receive(&mut s, 10, "40");
        is(s, "10", "400.00");
        // INV-AVG-13
        let mut s = CostState::default();
        receive(&mut s, 1, "1.00");
        receive(&mut s, 1, "1.00");
        receive(&mut s, 1, "1.01");
        assert_eq!(issue(&mut s, 3), a("3.01"));
        is(s, "0", "0.00");
    }

    #[test]
    fn a_customer_return_comes_back_at_the_cost_of_its_issue() {
        // INV-AVG-10
        let mut s = CostState::default();
        receive(&mut s, 1, "10");
        receive(&mut s, 1, "20");
        let cost = issue(&mut s, 1);
        assert_eq!(cost, a("15.00"));
        s.receive(ValueKind::Return, 1.into(), cost, 2).expect("in range");
        is(s, "2", "30.00");
    }

    #[test]
    fn shares_of_a_cost_sum_to_it() {
        let (cost, whole) = (a("10.00"), q("3"));
        let first = share(cost, whole, q("0"), a("0"), q("1"), 2);
        let second = share(cost, whole, q("1"), first, q("2"), 2);
        assert_eq!((first, second), (a("3.33"), a("6.67")));
    }

    proptest! {
        #[test]
        fn value_is_zero_when_nothing_is_on_hand_and_entries_sum_to_it(steps in prop::collection::vec((prop::bool::ANY, 1i64..5_000_000, 0i64..500_000), 1..60)) {
            let (mut s, mut sum, mut moved) = (CostState::default(), Amount::ZERO, Quantity::ZERO);
            for (comes, quantity, cents) in steps {
                let quantity = Quantity::exact(Decimal::new(quantity, 3)).expect("fits");
                let changes = if comes {
                    s.receive(ValueKind::Receipt, quantity, Amount::exact(Decimal::new(cents, 2)).expect("fits"), 2).expect("in range")
                } else {
                    vec![s.issue(ValueKind::Issue, quantity, 2).expect("in range")]
                };
                for c in changes {
                    sum += c.amount;
                    moved += c.quantity;
                    prop_assert_eq!(c.amount.get(), round(c.amount.get(), 2));
                }
                prop_assert_eq!(sum, s.value);
                prop_assert_eq!(moved, s.quantity);
                if s.quantity.is_zero() { prop_assert!(s.value.is_zero()); }
                if s.quantity.is_positive() { prop_assert!(!s.value.is_negative()); }
                if s.quantity.is_negative() { prop_assert!(!s.value.is_positive()); }
            }
        }

        #[test]
        fn issuing_all_in_any_parts_costs_what_was_received(parts in prop::collection::vec(1i64..10_000, 1..30), cents in 0i64..10_000_000) {
            let total: i64 = parts.iter().sum();
            let mut s = CostState::default();
            let paid = Amount::exact(Decimal::new(cents, 2)).expect("fits");
            s.receive(ValueKind::Receipt, Quantity::exact(Decimal::new(total, 2)).expect("fits"), paid, 2).expect("in range");
            let mut cost = Amount::ZERO;
            for p in parts {
                cost -= s.issue(ValueKind::Issue, Quantity::exact(Decimal::new(p, 2)).expect("fits"), 2).expect("in range").amount;
            }
            prop_assert_eq!(cost, paid);
            prop_assert!(s.quantity.is_zero() && s.value.is_zero());
        }
    }
}
