//! Asking what tax would be due, without making a document.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::engine::{TaxComputation, TaxTreatment};
use crate::directory::companies::Rounding;
use crate::ids::{CompanyId, PartyId, ProductId, TaxCodeId};
use crate::kernel::{Amount, Quantity, Rate, UnitPrice};
use crate::tax::engine::DiscountBasis;

/// A line to be taxed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineToTax {
    /// The product, whose tax class is used when no taxes are named.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// 1 when left out.
    #[serde(default = "one")]
    pub quantity: Quantity,
    /// Money for one unit.
    pub unit_price: UnitPrice,
    /// Discount in percent of the price, 0 to 100.
    #[serde(default)]
    pub discount_percent: Rate,
    /// The taxes, in the order in which they are computed; determined from product, customer and date when left out.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub tax_code_ids: Option<Vec<TaxCodeId>>,
}

fn one() -> Quantity {
    Quantity::ONE
}

/// A discount on the whole document.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentDiscount {
    /// How much.
    pub amount: Amount,
    /// What it is taken from.
    pub basis: DiscountBasis,
}

/// What is to be taxed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalculateTax {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The customer, whose tax status is used; at home and taxable when left out.
    #[serde(default)]
    pub customer_id: Option<PartyId>,
    /// The day whose rates hold; today when left out.
    #[serde(default)]
    pub tax_date: Option<NaiveDate>,
    /// ISO 4217; that of the company when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// Where tax is rounded; the company's policy when left out.
    #[serde(default)]
    pub rounding: Option<Rounding>,
    /// Whether prices contain the tax; the company's habit when left out.
    #[serde(default)]
    pub prices_include_tax: Option<bool>,
    /// A discount on the whole document, apportioned over the lines.
    #[serde(default)]
    pub discount: Option<DocumentDiscount>,
    /// The lines.
    #[schema(min_items = 1, max_items = 500)]
    pub lines: Vec<LineToTax>,
}

/// A taxed line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalculatedLine {
    /// Amount before tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// Amount including tax.
    pub gross: Amount,
    /// The taxes.
    #[schema(max_items = 8)]
    pub taxes: Vec<DocumentTax>,
}

/// The tax of a document. Net and tax sum to gross, by line and in total.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxCalculation {
    /// The currency, ISO 4217.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The day whose rates hold.
    pub tax_date: NaiveDate,
    /// Where tax is rounded.
    pub rounding: Rounding,
    /// The lines.
    #[schema(max_items = 500)]
    pub lines: Vec<CalculatedLine>,
    /// Tax by code.
    #[schema(max_items = 100)]
    pub taxes: Vec<DocumentTax>,
    /// Amount before tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// Amount including tax.
    pub gross: Amount,
}

/// One tax of a line or of a document, at the rate of its date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DocumentTax {
    /// The tax.
    pub tax_code_id: TaxCodeId,
    /// Short code, unique within the company.
    #[schema(max_length = 20, example = "STD")]
    pub code: String,
    /// How it is computed.
    pub computation: TaxComputation,
    /// Why it is what it is.
    pub treatment: TaxTreatment,
    /// Per cent, or money for one unit.
    pub rate: Rate,
    /// What the tax is computed on.
    pub base: Amount,
    /// What is charged.
    pub amount: Amount,
    /// What the customer owes under reverse charge.
    pub reverse_charge: Amount,
}
