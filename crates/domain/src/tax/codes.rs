//! Tax codes: what a tax is called, how it is computed and which rate it has from which day on.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AccountId, CompanyId, TaxCodeId};
use crate::kernel::{Code, FieldError, Rate, Result, problems};
use crate::tax::engine::{AppliedTax, TaxComputation, TaxTreatment};

pub const NO_RATE_YET: Code = Code::invalid("tax_code.no_rate", "The tax code has no rate on this date.");
pub const IS_ARCHIVED: Code = Code::invalid("tax_code.archived", "The tax code is archived.");

/// A rate and the first day it holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxRate {
    /// The first tax date the rate holds for, until the next one.
    pub valid_from_date: NaiveDate,
    /// Per cent, or money for one unit; at least zero.
    pub rate: Rate,
}

/// A tax as it is put on documents.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxCode {
    /// The id.
    pub id: TaxCodeId,
    /// The company.
    pub company_id: CompanyId,
    /// Unique in the company.
    #[schema(min_length = 1, max_length = 20, example = "STD")]
    pub code: String,
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "Standard rate")]
    pub name: String,
    /// How it is computed.
    pub computation: TaxComputation,
    /// Why it is what it is.
    pub treatment: TaxTreatment,
    /// The price of a line contains this tax.
    pub price_includes_tax: bool,
    /// Later taxes of the same line are computed on this one too.
    pub affects_base: bool,
    /// Rates by their first day, oldest first.
    #[schema(max_items = 100)]
    pub rates: Vec<TaxRate>,
    /// The account of the tax; the one determined for output tax when empty.
    #[schema(required)]
    pub account_id: Option<AccountId>,
    /// An archived code is not put on new documents.
    pub archived: bool,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { TaxCode, TaxCodeId, "tax_code", company: |t| Some(t.company_id) }

/// A new tax code.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTaxCode {
    /// The company.
    pub company_id: CompanyId,
    /// Unique in the company.
    #[schema(min_length = 1, max_length = 20, pattern = r"^[0-9A-Za-z][0-9A-Za-z.\-]{0,19}$", example = "STD")]
    pub code: String,
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "Standard rate")]
    pub name: String,
    /// How it is computed.
    #[serde(default = "percent")]
    pub computation: TaxComputation,
    /// Why it is what it is.
    #[serde(default = "taxable")]
    pub treatment: TaxTreatment,
    /// The price of a line contains this tax.
    #[serde(default)]
    pub price_includes_tax: bool,
    /// Later taxes of the same line are computed on this one too.
    #[serde(default)]
    pub affects_base: bool,
    /// Rates by their first day.
    #[schema(min_items = 1, max_items = 100)]
    pub rates: Vec<TaxRate>,
    /// The account of the tax; the one determined for output tax when left out.
    #[serde(default)]
    pub account_id: Option<AccountId>,
}

fn percent() -> TaxComputation {
    TaxComputation::Percent
}

fn taxable() -> TaxTreatment {
    TaxTreatment::Taxable
}

crate::patch! {
    /// Changes to a tax code. How it is computed stays, because documents rest on it; add a rate for a new rate.
    pub struct TaxCodePatch for TaxCode {
        /// The name.
        set name: String [min_length = 1, max_length = 200],
        /// Rates by their first day; replaced whole. Posted documents keep the rate they were posted with.
        set rates: Vec<TaxRate> [min_items = 1, max_items = 100],
        /// The account of the tax; the one determined for output tax when cleared.
        clear account_id: AccountId,
        /// An archived code is not put on new documents.
        set archived: bool,
    }
}

/// Sorts rates by their first day; refuses negative rates, percentages above 1000 and two rates for one day.
pub fn check_rates(mut rates: Vec<TaxRate>) -> Result<Vec<TaxRate>> {
    let mut wrong = Vec::new();
    for (i, r) in rates.iter().enumerate() {
        if r.rate.is_negative() || r.rate > Rate::from(1000) {
            wrong.push(FieldError::body(format!("/rates/{i}/rate"), problems::invalid_body.code, "A rate is between 0 and 1000."));
        }
        if rates[..i].iter().any(|o| o.valid_from_date == r.valid_from_date) {
            wrong.push(FieldError::body(
                format!("/rates/{i}/valid_from_date"),
                problems::invalid_body.code,
                "There is a rate for this day already.",
            ));
        }
    }
    if !wrong.is_empty() {
        return Err(problems::invalid_body.at(wrong));
    }
    rates.sort_by_key(|r| r.valid_from_date);
    Ok(rates)
}

impl TaxCode {
    pub fn new(id: TaxCodeId, new: NewTaxCode, now: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            id,
            company_id: new.company_id,
            code: new.code,
            name: new.name,
            computation: new.computation,
            treatment: new.treatment,
            price_includes_tax: new.price_includes_tax,
            affects_base: new.affects_base,
            rates: check_rates(new.rates)?,
            account_id: new.account_id,
            archived: false,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The rate that holds on `date`.
    fn rate_on(&self, date: NaiveDate) -> Option<Rate> {
        self.rates.iter().rev().find(|r| r.valid_from_date <= date).map(|r| r.rate)
    }

    /// The tax as it applies to a document with this tax date.
    pub fn applied(&self, date: NaiveDate) -> Result<AppliedTax> {
        let rate = self.rate_on(date).ok_or_else(|| NO_RATE_YET.with(format!("Tax code {} has no rate on {date}.", self.code)))?;
        Ok(AppliedTax {
            id: self.id,
            code: self.code.clone(),
            computation: self.computation,
            treatment: self.treatment,
            rate: rate.get(),
            included: self.price_includes_tax,
            affects_base: self.affects_base,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn rates() -> Vec<TaxRate> {
        serde_json::from_value(serde_json::json!([
            {"valid_from_date": "2021-01-01", "rate": "19"},
            {"valid_from_date": "2020-07-01", "rate": "16"},
            {"valid_from_date": "2007-01-01", "rate": "19"},
        ]))
        .expect("rates")
    }

    #[test]
    fn the_rate_is_that_of_the_day() {
        let new = NewTaxCode {
            company_id: CompanyId::from_uuid(uuid::Uuid::nil()),
            code: "STD".into(),
            name: "Standard".into(),
            computation: percent(),
            treatment: taxable(),
            price_includes_tax: false,
            affects_base: false,
            rates: rates(),
            account_id: None,
        };
        let code = TaxCode::new(TaxCodeId::from_uuid(uuid::Uuid::nil()), new, Utc::now()).expect("valid");
        let on = |s: &str| code.rate_on(s.parse().expect("a date")).map(|r| r.to_string());
        assert_eq!(on("2020-06-30").as_deref(), Some("19"));
        assert_eq!(on("2020-07-01").as_deref(), Some("16"));
        assert_eq!(on("2026-01-01").as_deref(), Some("19"));
        assert_eq!(on("2006-12-31"), None);
        assert_eq!(code.applied("2006-12-31".parse().expect("a date")).expect_err("no rate").code(), NO_RATE_YET);
    }

    #[test]
    fn two_rates_for_one_day_are_refused() {
        let mut twice = rates();
        twice.push(twice[0]);
        assert!(check_rates(twice).is_err());
    }
}
