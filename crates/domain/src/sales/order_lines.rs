//! The lines of a sales order: what was ordered, at which price, and how far each line has come. Quantities are in the
//! line's unit; `unit_factor` leads to the product's unit, in which stock is counted.

use crate::kernel::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::products::TaxClass;
use crate::ids::{ProductId, SalesOrderId, SalesOrderLineId, TaxCodeId, UnitId};
use crate::kernel::{Amount, Code, Decimals, FieldError, Quantity, Rate, Result, UnitPrice, round};

pub const ORDER_LINE: Code = Code::invalid("sales_order.line_invalid", "A line of the order is wrong.");

/// What was ordered on one line, and how far it has come.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SalesOrderLine {
    /// The id.
    pub id: SalesOrderLineId,
    /// The order.
    pub order_id: SalesOrderId,
    /// The place among the lines, from 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub position: i32,
    /// The product; null for a service in free text.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// What it is.
    #[schema(max_length = 500)]
    pub description: String,
    /// Whether goods are to be delivered; services are only invoiced.
    pub is_stocked: bool,
    /// How many were ordered, in the line's unit.
    pub quantity: Quantity,
    /// The unit; null for a service in free text.
    #[schema(required)]
    pub unit_id: Option<UnitId>,
    /// How many of the product's unit make one of the line's.
    pub unit_factor: Rate,
    /// Price of one unit before discount, in the order's currency.
    pub unit_price: UnitPrice,
    /// Discount in percent, 0 to 100.
    pub discount_percent: Rate,
    /// Quantity × price less discount, rounded to the minor unit; with tax inside when the order's prices include tax.
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
    /// How many are held back in stock for this line.
    pub quantity_reserved: Quantity,
    /// How many were shipped.
    pub quantity_shipped: Quantity,
    /// How many came back.
    pub quantity_returned: Quantity,
    /// How many were invoiced, less those credited.
    pub quantity_invoiced: Quantity,
    /// How many will never be delivered.
    pub quantity_cancelled: Quantity,
    /// The version of the order: what If-Match must name to change the line.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated SalesOrderLine, SalesOrderLineId, "sales_order_line" }

/// A line to be ordered. Give a product, or a description and a price for a service in free text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSalesOrderLine {
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
    /// Price of one unit before discount, in the order's currency; what one such unit of the product costs by its list price
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
    /// Changes to one line of a draft order.
    pub struct SalesOrderLinePatch for SalesOrderLine {
        /// What it is.
        set description: String [min_length = 1, max_length = 500],
        /// How many, in the line's unit; more than zero.
        set quantity: Quantity,
        /// Price of one unit before discount, in the order's currency.
        set unit_price: UnitPrice,
        /// Discount in percent, 0 to 100.
        set discount_percent: Rate,
        /// Which rate of tax it falls under.
        set tax_class: TaxClass,
    }
}

impl SalesOrderLine {
    /// What is wrong with the figures, each below `pointer`; also works out `line_amount`.
    /// `minor_units` is that of the order's currency.
    pub fn price(&mut self, minor_units: u32, pointer: &str) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: &str| errors.push(FieldError::body(format!("{pointer}/{field}"), ORDER_LINE.code, message));
        if !self.quantity.is_positive() {
            wrong("quantity", "The quantity must be more than zero.");
        }
        if self.unit_price.is_negative() {
            wrong("unit_price", "A price is not below zero.");
        }
        if self.discount_percent.is_negative() || self.discount_percent.get() > Decimal::ONE_HUNDRED {
            wrong("discount_percent", "A discount is between 0 and 100 percent.");
        }
        if Quantity::exact(self.quantity.get() * self.unit_factor.get()).is_err() {
            wrong("quantity", "The quantity does not convert exactly into the product's unit.");
        }
        match Amount::exact(self.price_of(self.quantity, minor_units)) {
            Ok(amount) => self.line_amount = amount,
            Err(_) => wrong("quantity", "The amount of the line is too large."),
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// `round(quantity × price × (1 − discount))` to the minor unit.
    fn price_of(&self, quantity: Quantity, minor_units: u32) -> Decimal {
        let off = (Decimal::ONE_HUNDRED - self.discount_percent.get()) / Decimal::ONE_HUNDRED;
        round(quantity.get() * self.unit_price.get() * off, minor_units)
    }

    /// So many of the line's unit in the product's unit. Refused when that is not exact.
    pub fn in_stock_unit(&self, quantity: Quantity) -> Result<Quantity> {
        Quantity::exact(quantity.get() * self.unit_factor.get())
    }

    /// So many of the product's unit in the line's unit, cut to six places.
    pub fn from_stock_unit(&self, quantity: Quantity) -> Quantity {
        if self.unit_factor.is_zero() {
            return quantity;
        }
        Quantity::exact((quantity.get() / self.unit_factor.get()).trunc_with_scale(Quantity::SCALE)).unwrap_or(quantity)
    }

    /// How many goods are still to be shipped.
    pub fn open_to_ship(&self) -> Quantity {
        if self.is_stocked { self.quantity - self.quantity_cancelled - self.quantity_shipped } else { Quantity::ZERO }
    }

    /// How many the customer will pay for in the end.
    pub fn billable(&self) -> Quantity {
        self.quantity - self.quantity_cancelled - self.quantity_returned
    }

    /// How many can be invoiced now: goods that were shipped and kept, services that were ordered.
    pub fn open_to_invoice(&self) -> Quantity {
        let due = if self.is_stocked { self.quantity_shipped - self.quantity_returned } else { self.billable() };
        at_least_zero(due - self.quantity_invoiced)
    }

    /// How many can still be given up: not shipped, and as a service not invoiced.
    pub fn cancellable(&self) -> Quantity {
        if self.is_stocked { self.open_to_ship() } else { at_least_zero(self.quantity - self.quantity_cancelled - self.quantity_invoiced) }
    }

    /// The part of the gross amount that belongs to this quantity, not rounded.
    pub fn gross_of(&self, quantity: Quantity) -> Decimal {
        if self.quantity.is_zero() { Decimal::ZERO } else { self.gross_amount.get() * quantity.get() / self.quantity.get() }
    }
}

fn at_least_zero(q: Quantity) -> Quantity {
    if q.is_negative() { Quantity::ZERO } else { q }
}
