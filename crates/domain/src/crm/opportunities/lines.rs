//! The lines of an opportunity: what the customer may buy, and what that comes to. Nothing is ordered or reserved here.

use crate::kernel::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NOT_A_PERCENTAGE;
use crate::directory::currencies::round_money;
use crate::ids::{OpportunityId, OpportunityLineId, ProductId};
use crate::kernel::text::filled;
use crate::kernel::{Amount, Code, Quantity, Rate, Result, UnitPrice};

/// A line names a product or says in words what it is.
pub const EMPTY_LINE: Code = Code::invalid("opportunity_line.empty", "A line needs a product or a description.");
/// A quantity is more than zero.
pub const NO_QUANTITY: Code = Code::invalid("opportunity_line.no_quantity", "The quantity must be more than zero.");
/// A price is not below zero.
pub const NEGATIVE_PRICE: Code = Code::invalid("opportunity_line.negative_price", "The price must not be negative.");
/// A line of a product that is not sold, or text without a price.
pub const PRICE_MISSING: Code = Code::invalid("opportunity_line.price_missing", "The line has no price and its product gives none.");

/// A deal has at most [`MOST_LINES`] lines.
pub const TOO_MANY_LINES: Code = Code::invalid("opportunity.too_many_lines", "The opportunity has too many lines.");
/// Lines that a deal has at most.
pub const MOST_LINES: usize = 500;

/// Something the customer may buy.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpportunityLine {
    /// The id.
    pub id: OpportunityLineId,
    /// The opportunity.
    pub opportunity_id: OpportunityId,
    /// Its place among the lines, from 1.
    #[schema(minimum = 1, maximum = 500)]
    pub position: i32,
    /// The product; null for a line of words and money only.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// What it is.
    #[schema(max_length = 500, example = "Espresso machine E61")]
    pub description: String,
    /// How many, in the product's unit; more than zero.
    pub quantity: Quantity,
    /// The price of one unit before tax, in the currency of the opportunity.
    pub unit_price: UnitPrice,
    /// Off the price, 0 to 100.
    pub discount_percent: Rate,
    /// Quantity times price less the discount, rounded half away from zero to the minor unit of the currency.
    pub net_amount: Amount,
    /// How much of the product the company could promise now, over all warehouses. Not in lists of opportunities; null for
    /// lines without stock.
    #[schema(required)]
    pub available: Option<Quantity>,
    /// The version of the opportunity: it changes together with its parts.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated OpportunityLine, OpportunityLineId, "opportunity_line" }

/// A new line.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOpportunityLine {
    /// The product; without one the line needs a description and a price.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// What it is; the name of the product when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub description: Option<String>,
    /// How many, in the product's unit; more than zero.
    pub quantity: Quantity,
    /// The price of one unit before tax, in the currency of the opportunity; the list price of the product when left out.
    #[serde(default)]
    pub unit_price: Option<UnitPrice>,
    /// Off the price, 0 to 100.
    #[serde(default)]
    pub discount_percent: Rate,
}

crate::patch! {
    /// Changes to a line of an opportunity.
    pub struct OpportunityLinePatch for OpportunityLine {
        /// What it is.
        set description: String [min_length = 1, max_length = 500],
        /// How many, in the product's unit; more than zero.
        set quantity: Quantity,
        /// The price of one unit before tax, in the currency of the opportunity.
        set unit_price: UnitPrice,
        /// Off the price, 0 to 100.
        set discount_percent: Rate,
    }
}

/// What the product says about itself, for lines that leave it open.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductFacts {
    pub name: String,
    /// In the currency of the opportunity; `None` when the product has none in it.
    pub price: Option<UnitPrice>,
}

impl NewOpportunityLine {
    /// The line at this place. Fails with [`EMPTY_LINE`], [`PRICE_MISSING`] and what [`OpportunityLine::settle`] refuses.
    pub fn build(
        self,
        id: OpportunityLineId,
        opportunity_id: OpportunityId,
        position: i32,
        product: Option<ProductFacts>,
        currency: &str,
    ) -> Result<OpportunityLine> {
        let name = product.as_ref().map(|p| p.name.clone());
        let description = self.description.map(|d| d.trim().to_string()).filter(|d| !d.is_empty()).or(name);
        let price = self.unit_price.or(product.and_then(|p| p.price));
        let line = OpportunityLine {
            id,
            opportunity_id,
            position,
            product_id: self.product_id,
            description: description.ok_or_else(|| EMPTY_LINE.field("/description", "Name a product or say what it is."))?,
            quantity: self.quantity,
            unit_price: price.ok_or_else(|| PRICE_MISSING.field("/unit_price", "State the price of one unit."))?,
            discount_percent: self.discount_percent,
            net_amount: Amount::ZERO,
            available: None,
            version: 1,
        };
        line.settle(currency)
    }
}

impl OpportunityLine {
    /// The line with these changes, settled.
    pub fn change(mut self, patch: OpportunityLinePatch, currency: &str) -> Result<Self> {
        patch.apply(&mut self);
        self.description = filled(&self.description, "/description")?;
        self.settle(currency)
    }
    /// Checks the figures and computes the net amount, rounded half away from zero to the currency's minor unit.
    pub fn settle(mut self, currency: &str) -> Result<Self> {
        if !self.quantity.is_positive() {
            return Err(NO_QUANTITY.field("/quantity", "The quantity must be more than zero."));
        }
        if self.unit_price.is_negative() {
            return Err(NEGATIVE_PRICE.field("/unit_price", "The price must not be negative."));
        }
        percentage(self.discount_percent, "/discount_percent")?;
        let full = self.quantity.get() * self.unit_price.get();
        self.net_amount = round_money(full * (Decimal::ONE_HUNDRED - self.discount_percent.get()) / Decimal::ONE_HUNDRED, currency)?;
        Ok(self)
    }
}

/// Refuses what is not between 0 and 100 at this place of the body.
pub(crate) fn percentage(value: Rate, pointer: &str) -> Result<()> {
    if value.is_negative() || value.get() > Decimal::ONE_HUNDRED {
        return Err(NOT_A_PERCENTAGE.field(pointer, format!("{value} is not between 0 and 100.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn new(quantity: &str, price: Option<&str>, discount: &str) -> NewOpportunityLine {
        NewOpportunityLine {
            product_id: None,
            description: Some("Coffee".into()),
            quantity: quantity.parse().expect("a quantity"),
            unit_price: price.map(|p| p.parse().expect("a price")),
            discount_percent: discount.parse().expect("a rate"),
        }
    }

    fn build(line: NewOpportunityLine, product: Option<ProductFacts>, currency: &str) -> Result<OpportunityLine> {
        line.build(OpportunityLineId::from_uuid(Uuid::from_u128(1)), OpportunityId::from_uuid(Uuid::from_u128(2)), 1, product, currency)
    }

    #[test]
    fn the_net_amount_is_rounded_to_the_currency() {
        for (quantity, price, discount, currency, net) in [
            ("3", "0.99", "0", "EUR", "2.97"),
            ("2.5", "9.99", "10", "EUR", "22.48"),
            ("1", "0.125", "0", "EUR", "0.13"),
            ("3", "33.335", "0", "JPY", "100.00"),
            ("1", "100", "100", "EUR", "0.00"),
        ] {
            let line = build(new(quantity, Some(price), discount), None, currency).expect("a line");
            assert_eq!(line.net_amount.to_string(), net, "{quantity} × {price} − {discount} %");
        }
    }

    #[test]
    fn a_product_gives_its_name_and_price() {
        let product = Some(ProductFacts { name: "Chai".into(), price: Some("18".parse().expect("a price")) });
        let line = build(NewOpportunityLine { description: None, ..new("2", None, "0") }, product.clone(), "EUR").expect("a line");
        assert_eq!((line.description.as_str(), line.net_amount.to_string().as_str()), ("Chai", "36.00"));
        let line = build(new("2", Some("10"), "0"), product, "EUR").expect("a line");
        assert_eq!((line.description.as_str(), line.net_amount.to_string().as_str()), ("Coffee", "20.00"));
    }

    #[test]
    fn what_makes_no_line_is_refused() {
        let code = |l: NewOpportunityLine| build(l, None, "EUR").expect_err("refused").code();
        assert_eq!(code(NewOpportunityLine { description: Some("  ".into()), ..new("1", Some("1"), "0") }), EMPTY_LINE);
        assert_eq!(code(new("1", None, "0")), PRICE_MISSING);
        assert_eq!(code(new("0", Some("1"), "0")), NO_QUANTITY);
        assert_eq!(code(new("-1", Some("1"), "0")), NO_QUANTITY);
        assert_eq!(code(new("1", Some("-1"), "0")), NEGATIVE_PRICE);
        assert_eq!(code(new("1", Some("1"), "100.01")), NOT_A_PERCENTAGE);
        assert_eq!(code(new("1", Some("1"), "-1")), NOT_A_PERCENTAGE);
    }

    proptest! {
        #[test]
        fn no_figures_make_it_panic(q in 0i64..999_999_999_999_999, p in 0i64..999_999_999_999_999, d in 0i64..1_000_000_000_000) {
            let line = NewOpportunityLine {
                quantity: Decimal::new(q, 6).try_into().expect("in range"),
                unit_price: Some(Decimal::new(p, 6).try_into().expect("in range")),
                discount_percent: Decimal::new(d, 10).try_into().expect("in range"),
                ..new("1", Some("1"), "0")
            };
            if let Ok(line) = build(line, None, "EUR") {
                prop_assert!(!line.net_amount.is_negative());
            }
        }
    }
}
