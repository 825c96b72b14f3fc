//! What callers may say about a sales order as a whole: taking it down, changing it, confirming it, giving a reason.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::order_lines::NewSalesOrderLine;
use crate::directory::addresses::Address;
use crate::directory::products::TaxClass;
use crate::ids::{CompanyId, PartyId, SalesOrderLineId, UserId, WarehouseId};
use crate::kernel::{Amount, Quantity, Rate};

/// An order to be taken. It starts as a draft without a number.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSalesOrder {
    /// The company that sells.
    pub company_id: CompanyId,
    /// The customer.
    pub customer_id: PartyId,
    /// The customer's own number for the order.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub customer_reference: Option<String>,
    /// Who looks after it; the caller when left out.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// The warehouse the goods come from; the company's default one when left out.
    #[serde(default)]
    pub warehouse_id: Option<WarehouseId>,
    /// The business date; today when left out.
    #[serde(default)]
    pub order_date: Option<NaiveDate>,
    /// When the customer wants the goods.
    #[serde(default)]
    pub requested_date: Option<NaiveDate>,
    /// Shipping address; the customer's when left out.
    #[serde(default)]
    pub ship_to: Option<Address>,
    /// Days from the invoice until payment is due, when another number than with the customer is agreed for this order.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650, example = 14)]
    pub payment_terms_days: Option<i32>,
    /// The currency of all amounts; the company's when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// How much of the company's currency one unit of the order's is, as agreed with the customer; the rate of the day when left out.
    /// Its invoices are drafted at an agreed rate.
    #[serde(default)]
    pub exchange_rate: Option<Rate>,
    /// Whether prices have the tax inside; as the company says when left out.
    #[serde(default)]
    pub prices_include_tax: Option<bool>,
    /// Whether it may be confirmed with less stock than ordered.
    #[serde(default)]
    pub allow_backorder: bool,
    /// Freight, without tax, or with it when prices include tax.
    #[serde(default)]
    pub freight_amount: Amount,
    /// Which rate of tax freight falls under; standard when left out.
    #[serde(default)]
    pub freight_tax_class: Option<TaxClass>,
    /// Remark, as free text.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// What is ordered.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub lines: Vec<NewSalesOrderLine>,
    /// Free notes.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a draft order. Lines are replaced as a whole; single lines have endpoints of their own.
    pub struct SalesOrderPatch {
        /// The customer.
        set customer_id: PartyId,
        /// The customer's own number for the order.
        clear customer_reference: String [max_length = 100],
        /// Who looks after it.
        clear owner_id: UserId,
        /// The warehouse the goods come from.
        set warehouse_id: WarehouseId,
        /// The business date. An agreed exchange rate stays; any other follows the day.
        set order_date: NaiveDate,
        /// How much of the company's currency one unit of the order's is, as agreed with the customer.
        set exchange_rate: Rate,
        /// When the customer wants the goods.
        clear requested_date: NaiveDate,
        /// Shipping address.
        clear ship_to: Address,
        /// Days from the invoice until payment is due; as agreed with the customer when null.
        clear payment_terms_days: i32 [minimum = 0, maximum = 3650],
        /// Whether it may be confirmed with less stock than ordered.
        set allow_backorder: bool,
        /// Freight.
        set freight_amount: Amount,
        /// Which rate of tax freight falls under.
        set freight_tax_class: TaxClass,
        /// Remark, as free text.
        clear note: String [max_length = 2000],
        /// All lines anew.
        set lines: Vec<NewSalesOrderLine> [max_items = 1000],
        /// Free notes.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// How an order is confirmed.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSalesOrder {
    /// Confirm although the credit limit is exceeded. Needs the permission `sales.orders.override_credit`.
    #[serde(default)]
    pub override_credit: bool,
    /// Whether less stock than ordered is accepted; as the order says when left out.
    #[serde(default)]
    pub allow_backorder: Option<bool>,
}

/// What to cancel of an order, and why.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelSalesOrder {
    /// Reason, as free text.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
    /// How many of which lines; everything that was not shipped when left out.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 1000)]
    pub lines: Option<Vec<CancelSalesOrderLine>>,
}

/// How many of a line to cancel.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelSalesOrderLine {
    /// The line of the order.
    pub order_line_id: SalesOrderLineId,
    /// How many, in the line's unit; more than zero, and no more than can still be cancelled.
    pub quantity: Quantity,
}

/// Why an order is stopped.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesOrderReason {
    /// Reason, as free text.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}
