//! Lines of invoices and credit notes: what was sold, at which price, with which tax.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounting::posting::ItemClass;
use crate::ids::{CompanyId, InvoiceId, InvoiceLineId, ProductId, TaxCodeId, UnitId};
use crate::kernel::{Amount, Quantity, Rate, UnitPrice};
use crate::tax::calculations::DocumentTax;

/// A line of an invoice. Amounts are in the currency of the invoice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvoiceLine {
    /// The id.
    pub id: InvoiceLineId,
    /// The company.
    pub company_id: CompanyId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 10000)]
    pub position: i32,
    /// The product, when it is one.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// Picks the revenue account.
    pub item_class: ItemClass,
    /// What it is, in words.
    #[schema(max_length = 500)]
    pub description: String,
    /// How much, in the unit.
    pub quantity: Quantity,
    /// The unit; null where nothing is counted in one.
    #[schema(required)]
    pub unit_id: Option<UnitId>,
    /// Money for one unit.
    pub unit_price: UnitPrice,
    /// Per cent off the price.
    pub discount_percent: Rate,
    /// The taxes, in the order in which they are computed.
    #[schema(max_items = 8)]
    pub tax_code_ids: Vec<TaxCodeId>,
    /// The taxes.
    #[schema(max_items = 8)]
    pub taxes: Vec<DocumentTax>,
    /// Without tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// With tax.
    pub gross: Amount,
    /// The order line that this bills.
    #[schema(required, max_length = 60)]
    pub order_line_id: Option<String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated InvoiceLine, InvoiceLineId, "invoice_line", company: |l| Some(l.company_id) }

/// A line of a new invoice.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvoiceLine {
    /// The product; leave out for anything else and describe it.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// Picks the revenue account: that of the product when left out, `service` without a product. Freight is `freight`.
    #[serde(default)]
    pub item_class: Option<ItemClass>,
    /// The name of the product when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub description: Option<String>,
    /// 1 when left out.
    #[serde(default = "one")]
    pub quantity: Quantity,
    /// The unit of quantity and price; that of the product when left out.
    #[serde(default)]
    pub unit_id: Option<UnitId>,
    /// The price of the product when left out.
    #[serde(default)]
    pub unit_price: Option<UnitPrice>,
    /// Per cent off the price.
    #[serde(default)]
    pub discount_percent: Rate,
    /// The taxes, in the order in which they are computed; determined from product, customer and date when left out.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub tax_code_ids: Option<Vec<TaxCodeId>>,
    /// The order line that this bills.
    #[serde(default)]
    #[schema(max_length = 30, pattern = "^sol_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub order_line_id: Option<String>,
}

fn one() -> Quantity {
    Quantity::ONE
}

crate::patch! {
    /// Changes to a line of a draft invoice.
    pub struct InvoiceLinePatch for InvoiceLine {
        /// Picks the account.
        set item_class: ItemClass,
        /// What it is, in words.
        set description: String [min_length = 1, max_length = 500],
        /// How much.
        set quantity: Quantity,
        /// Money for one unit.
        set unit_price: UnitPrice,
        /// Per cent off the price.
        set discount_percent: Rate,
        /// The taxes, in the order in which they are computed.
        set tax_code_ids: Vec<TaxCodeId> [max_items = 8],
    }
}
