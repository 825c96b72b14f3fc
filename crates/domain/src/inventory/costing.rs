//! The words and figures of costing by moving average. How movements change them is in [`super::timeline`].

use crate::kernel::{Amount, Decimals, Quantity, Result, UnitPrice, round, round_to};

crate::string_enum! {
    /// Why the value of stock changed.
    pub enum ValueKind {
        /// Goods came in at a cost.
        Receipt = "receipt",
        /// Goods went out at the moving average.
        Issue = "issue",
        /// A gain or loss found by counting, scrap, or opening stock.
        Adjustment = "adjustment",
        /// Goods that moved before turned out to cost something else: they left below zero, or something was dated before them.
        Correction = "correction",
        /// The value was set anew without goods moving.
        Revaluation = "revaluation",
        /// What rounding left over.
        Rounding = "rounding",
        /// Goods came back at the cost at which they were issued.
        Return = "return",
        /// The value went to another inventory account.
        Transfer = "transfer",
    }
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
