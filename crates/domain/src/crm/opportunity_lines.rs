//! The lines of an opportunity: what the customer may buy, and what that comes to. Nothing is ordered or reserved here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::opportunities::OpportunityId;
use crate::directory::products::ProductId;
use crate::kernel::{Amount, Code, Quantity, Rate, UnitPrice};

crate::ids! {
    /// A line of an opportunity.
    OpportunityLineId "oppl";
}

/// A line names a product or says in words what it is.
pub const EMPTY_LINE: Code = Code::invalid("opportunity_line.empty", "A line needs a product or a description.");
/// A quantity is more than zero.
pub const NO_QUANTITY: Code = Code::invalid("opportunity_line.no_quantity", "The quantity must be more than zero.");
/// A price is not below zero.
pub const NEGATIVE_PRICE: Code = Code::invalid("opportunity_line.negative_price", "The price must not be negative.");
/// A line of a product that is not sold, or text without a price.
pub const PRICE_MISSING: Code = Code::invalid("opportunity_line.price_missing", "The line has no price and its product gives none.");

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
    /// How much of the product the company could promise now, over all warehouses. Only on the read of a single
    /// opportunity or of its lines; null for lines without stock.
    #[schema(required)]
    pub available: Option<Quantity>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { OpportunityLine, OpportunityLineId, "opportunity_line" }

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
