//! The tax codes and rules that a new company starts with, written in the transaction that creates it.

use chrono::NaiveDate;
use domain::directory::products::TaxClass;
use domain::directory::terms::TaxStatus;
use domain::tax::codes::{TaxCode, TaxRate};
use domain::tax::engine::{TaxComputation, TaxTreatment};
use domain::tax::rules::TaxRule;

use platform::prelude::*;

/// The day from which everything that comes with a company holds.
fn always() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default()
}

/// Tax codes with rates to be adjusted to the country, and the rules that choose them: the class of the product at home,
/// zero for exports, nothing for exempt customers.
pub fn on_company_created(cx: &mut Cx, event: &Event) -> Result<()> {
    let Some(company_id) = event.company else { return Ok(()) };
    let code = |cx: &Cx, code: &str, name: &str, treatment, rate: i32| TaxCode {
        id: cx.new_id(),
        company_id,
        code: code.into(),
        name: name.into(),
        computation: TaxComputation::Percent,
        treatment,
        price_includes_tax: false,
        affects_base: false,
        rates: vec![TaxRate { valid_from_date: always(), rate: Rate::from(rate) }],
        account_id: None,
        archived: false,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let standard = code(cx, "STD", "Standard rate", TaxTreatment::Taxable, 20);
    let reduced = code(cx, "RED", "Reduced rate", TaxTreatment::Taxable, 10);
    let zero = code(cx, "ZERO", "Zero rate", TaxTreatment::ZeroRated, 0);
    let exempt = code(cx, "EXEMPT", "Exempt", TaxTreatment::Exempt, 0);
    let reverse = code(cx, "RC", "Reverse charge", TaxTreatment::ReverseCharge, 20);
    let rule = |cx: &Cx, tax_class, tax_status, of: &TaxCode| TaxRule {
        id: cx.new_id(),
        company_id,
        tax_class,
        tax_status,
        tax_code_ids: vec![of.id],
        valid_from_date: always(),
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let rules = [
        rule(cx, Some(TaxClass::Standard), None, &standard),
        rule(cx, Some(TaxClass::Reduced), None, &reduced),
        rule(cx, Some(TaxClass::Zero), None, &zero),
        rule(cx, Some(TaxClass::Exempt), None, &exempt),
        rule(cx, None, Some(TaxStatus::Foreign), &zero),
        rule(cx, None, Some(TaxStatus::Exempt), &exempt),
    ];
    cx.insert_all(&[standard, reduced, zero, exempt, reverse])?;
    cx.insert_all(&rules)
}
