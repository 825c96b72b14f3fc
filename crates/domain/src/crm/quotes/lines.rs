//! The lines of a quote: what is offered, at which price, with which tax. They are priced and taxed as the lines of a
//! sales order are, by the same calculation, so that the order that comes of a quote costs what was offered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::products::TaxClass;
use crate::ids::{ProductId, QuoteId, QuoteLineId, TaxCodeId, UnitId};
use crate::kernel::{Amount, Quantity, Rate, UnitPrice};
use crate::sales::orders::{NewSalesOrderLine, SalesOrderLine};

/// What is offered on one line.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuoteLine {
    /// The id.
    pub id: QuoteLineId,
    /// The quote.
    pub quote_id: QuoteId,
    /// The place among the lines, from 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub position: i32,
    /// The product; null for a service in free text.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// What it is.
    #[schema(max_length = 500, example = "Espresso machine E61")]
    pub description: String,
    /// How many, in the line's unit.
    pub quantity: Quantity,
    /// The unit; null for a service in free text.
    #[schema(required)]
    pub unit_id: Option<UnitId>,
    /// Price of one unit before discount, in the quote's currency.
    pub unit_price: UnitPrice,
    /// Discount in percent, 0 to 100.
    pub discount_percent: Rate,
    /// Quantity × price less discount, rounded to the minor unit; with tax inside when the quote's prices include tax.
    pub line_amount: Amount,
    /// Which rate of tax it falls under.
    pub tax_class: TaxClass,
    /// The taxes that apply, in the order in which they are computed.
    #[schema(max_items = 8)]
    pub tax_code_ids: Vec<TaxCodeId>,
    /// Without tax.
    pub net_amount: Amount,
    /// Tax.
    pub tax_amount: Amount,
    /// With tax.
    pub gross_amount: Amount,
    /// The version of the quote: what If-Match must name to change the line.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated QuoteLine, QuoteLineId, "quote_line" }

/// A line to be offered. Give a product, or a description and a price for a service in free text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuoteLine {
    /// The product.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// What it is; the product's name when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub description: Option<String>,
    /// How many, in the line's unit; more than zero.
    pub quantity: Quantity,
    /// The unit; the product's when left out. Another one must convert to it exactly.
    #[serde(default)]
    pub unit_id: Option<UnitId>,
    /// Price of one unit before discount, in the quote's currency; what one such unit of the product costs by its list price
    /// when left out.
    #[serde(default)]
    pub unit_price: Option<UnitPrice>,
    /// Discount in percent, 0 to 100.
    #[serde(default)]
    pub discount_percent: Rate,
    /// Which rate of tax it falls under; the product's when left out, standard for free text.
    #[serde(default)]
    pub tax_class: Option<TaxClass>,
}

crate::patch! {
    /// Changes to one line of a draft quote.
    pub struct QuoteLinePatch for QuoteLine {
        /// What it is.
        set description: String [min_length = 1, max_length = 500],
        /// How many, in the line's unit; more than zero.
        set quantity: Quantity,
        /// Price of one unit before discount, in the quote's currency.
        set unit_price: UnitPrice,
        /// Discount in percent, 0 to 100.
        set discount_percent: Rate,
        /// Which rate of tax it falls under.
        set tax_class: TaxClass,
    }
}

/// A line as the back office is asked for its price, and as it is ordered in the end.
impl From<NewQuoteLine> for NewSalesOrderLine {
    fn from(l: NewQuoteLine) -> Self {
        NewSalesOrderLine {
            product_id: l.product_id,
            description: l.description,
            quantity: l.quantity,
            unit_id: l.unit_id,
            unit_price: l.unit_price,
            discount_percent: l.discount_percent,
            tax_class: l.tax_class,
        }
    }
}

/// A line that is priced already: nothing of it is left open.
impl From<&QuoteLine> for NewQuoteLine {
    fn from(l: &QuoteLine) -> Self {
        NewQuoteLine {
            product_id: l.product_id,
            description: Some(l.description.clone()),
            quantity: l.quantity,
            unit_id: l.unit_id,
            unit_price: Some(l.unit_price),
            discount_percent: l.discount_percent,
            tax_class: Some(l.tax_class),
        }
    }
}

impl QuoteLine {
    /// The line as the back office priced and taxed it.
    pub fn priced(id: QuoteLineId, quote_id: QuoteId, position: i32, l: SalesOrderLine) -> Self {
        QuoteLine {
            id,
            quote_id,
            position,
            product_id: l.product_id,
            description: l.description,
            quantity: l.quantity,
            unit_id: l.unit_id,
            unit_price: l.unit_price,
            discount_percent: l.discount_percent,
            line_amount: l.line_amount,
            tax_class: l.tax_class,
            tax_code_ids: l.tax_code_ids,
            net_amount: l.net_amount,
            tax_amount: l.tax_amount,
            gross_amount: l.gross_amount,
            version: 1,
        }
    }
}
