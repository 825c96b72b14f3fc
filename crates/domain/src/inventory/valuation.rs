//! The value ledger as it is stored and shown: entries that never change, and the running cost of each product.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::costing::{CostState, ValueKind};
use crate::ids::{AccountId, CompanyId, ProductCostId, ProductId, ValueEntryId};
use crate::kernel::{Amount, Quantity, UnitPrice};

/// A change of the value of stock. Written once and never changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ValueEntry {
    /// The id.
    pub id: ValueEntryId,
    /// The company.
    pub company_id: CompanyId,
    /// The product.
    pub product_id: ProductId,
    /// Why the value changed.
    pub kind: ValueKind,
    /// Signed quantity in the product's unit; zero where only the value changed.
    pub quantity: Quantity,
    /// Signed value in the company's currency.
    pub amount: Amount,
    /// The document that changed it.
    #[schema(max_length = 40)]
    pub source_id: String,
    /// The line of the document.
    #[schema(required, max_length = 40)]
    pub source_line_id: Option<String>,
    /// The business date on which it is in the books.
    pub entry_date: NaiveDate,
    /// The business date for which it counts in the average: that of the movement that it values. Later than this is only what was
    /// corrected after the period was closed.
    pub valuation_date: NaiveDate,
    /// Whose cost this is: for a correction the entry that it corrects, for a return the issue that came back, for goods scrapped on
    /// their return the entry of that return.
    #[schema(required)]
    pub applies_to_id: Option<ValueEntryId>,
    /// The receipt that covered goods issued below zero and so found out their cost.
    #[schema(required)]
    pub covered_by_id: Option<ValueEntryId>,
    /// The inventory account; null where nothing had value.
    #[schema(required)]
    pub account_id: Option<AccountId>,
    /// The account on the other side; null where nothing had value.
    #[schema(required)]
    pub counter_account_id: Option<AccountId>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

crate::entity! { unchanging ValueEntry, ValueEntryId, "value_entry", company: |o| Some(o.company_id) }

/// What a company owns of a product and what it is worth now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProductCost {
    /// The id.
    pub id: ProductCostId,
    /// The company.
    pub company_id: CompanyId,
    /// The product.
    pub product_id: ProductId,
    /// Quantity owned, in the product's unit; below zero when more was issued than received.
    pub quantity: Quantity,
    /// Its value in the company's currency.
    pub value: Amount,
    /// What one unit cost when that was last known.
    pub last_unit_cost: UnitPrice,
    /// The inventory account on which the value is booked.
    #[schema(required)]
    pub account_id: Option<AccountId>,
    /// The latest business date of a movement.
    #[schema(required)]
    pub last_entry_date: Option<NaiveDate>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { ProductCost, ProductCostId, "product_cost", company: |c| Some(c.company_id) }

impl ProductCost {
    /// The figures the costing rules work on.
    pub fn state(&self) -> CostState {
        CostState { quantity: self.quantity, value: self.value, last_unit_cost: self.last_unit_cost }
    }
    /// Takes the figures back.
    pub fn set(&mut self, s: CostState) {
        (self.quantity, self.value, self.last_unit_cost) = (s.quantity, s.value, s.last_unit_cost);
    }
}

/// Which valuation is asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ValuationFilter {
    /// The company.
    pub company_id: CompanyId,
    /// Count entries up to and including this business date; today and later when left out.
    #[serde(default)]
    pub as_of: Option<NaiveDate>,
    /// Only this product.
    #[serde(default)]
    pub product_id: Option<ProductId>,
}

/// What the stock of a company is worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Valuation {
    /// The company.
    pub company_id: CompanyId,
    /// The date up to which entries count; null for all.
    #[schema(required)]
    pub as_of_date: Option<NaiveDate>,
    /// The company's currency, in which the values are.
    #[schema(max_length = 3)]
    pub currency: String,
    /// The sum of all values.
    pub total_value: Amount,
    /// One line for each product that has quantity or value.
    #[schema(max_items = 100000)]
    pub lines: Vec<ValuationLine>,
}

/// What the stock of one product is worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ValuationLine {
    /// The product.
    pub product_id: ProductId,
    /// Quantity in the product's unit.
    pub quantity: Quantity,
    /// Value in the company's currency.
    pub value: Amount,
    /// Value divided by quantity, six places; null when the quantity is zero.
    #[schema(required)]
    pub unit_cost: Option<UnitPrice>,
}
