//! Which taxes a line has, and what they come to.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::directory::currencies;
use domain::directory::parties::Party;
use domain::directory::products::{Product, TaxClass};
use domain::directory::terms::TaxStatus;
use domain::ids::{CompanyId, TaxCodeId};
use domain::receivables::invoices::document_tax;
use domain::tax::calculations::{CalculateTax, CalculatedLine, LineToTax, TaxCalculation};
use domain::tax::codes::TaxCode;
use domain::tax::engine::TaxableLine;
use domain::tax::rules::{TAX_RULE_MISSING, TaxRule, determine};
use domain::tax::{codes, engine};
use persistence::tax::rules;

use platform::prelude::*;

/// What taxing a document can be refused with.
pub const REFUSALS: &[Code] = &[TAX_RULE_MISSING, codes::NO_RATE_YET, codes::IS_ARCHIVED, engine::NEGATIVE_LINE];

pub fn operations(t: &mut Table) {
    t.tag("accounting", "Calculations of the books that belong to no document.");
    t.command(
        "calculate_tax",
        "tax/calculations/calculate",
        calculate,
        "Calculate the tax of a document. Nothing is stored. Net and tax always sum to gross, by line and in total.",
    )
    .read_only()
    .fails(REFUSALS)
    .fails(&[engine::DISCOUNT_TOO_LARGE, currencies::UNKNOWN_CURRENCY]);
}

/// The rules of a company, read once for a document.
pub struct Determination {
    rules: Vec<TaxRule>,
    status: TaxStatus,
    date: NaiveDate,
}

impl Determination {
    pub fn new(cx: &mut Cx, company: CompanyId, status: TaxStatus, date: NaiveDate) -> Result<Self> {
        Ok(Self { rules: rules::tax_rules_of(cx.db(), company.uuid())?, status, date })
    }
    /// The taxes of a line with this tax class; a line without a product counts as standard.
    pub fn of(&self, class: TaxClass, line: usize) -> Result<Vec<TaxCodeId>> {
        let found = determine(&self.rules, class, self.status, self.date);
        found.map(<[_]>::to_vec).ok_or_else(|| {
            let detail = format!("No tax rule for class {class} and status {} on {}.", self.status, self.date);
            TAX_RULE_MISSING.with(detail).under(&format!("/lines/{line}"))
        })
    }
}

/// These tax codes of a company; unknown and archived ones are refused at their line.
pub fn codes(cx: &mut Cx, company: CompanyId, by_line: &[&[TaxCodeId]], fresh: bool) -> Result<BTreeMap<TaxCodeId, TaxCode>> {
    let ids: Vec<TaxCodeId> = by_line.iter().flat_map(|l| l.iter().copied()).collect();
    let found: BTreeMap<_, _> = cx.find_all::<TaxCode>(&ids)?.into_iter().filter(|c| c.company_id == company).map(|c| (c.id, c)).collect();
    for (i, line) in by_line.iter().enumerate() {
        for id in *line {
            let at = format!("/lines/{i}/tax_code_ids");
            match found.get(id) {
                None => return Err(problems::unknown_reference.field(at, format!("There is no tax code {id} in the company."))),
                Some(c) if c.archived && fresh => return Err(codes::IS_ARCHIVED.field(at, format!("Tax code {} is archived.", c.code))),
                Some(_) => {}
            }
        }
    }
    Ok(found)
}

/// The lines with the taxes that apply to them, each tax once.
fn applied(
    given: &[LineToTax],
    ids: &[Vec<TaxCodeId>],
    known: &BTreeMap<TaxCodeId, TaxCode>,
    date: NaiveDate,
    inclusive: bool,
) -> Result<(Vec<TaxableLine>, Vec<engine::AppliedTax>)> {
    let mut taxes = Vec::new();
    let mut lines = Vec::with_capacity(ids.len());
    for (line, ids) in given.iter().zip(ids) {
        let mut at = Vec::with_capacity(ids.len());
        for id in ids {
            let place = taxes.iter().position(|t: &engine::AppliedTax| t.id == *id);
            at.push(match (place, known.get(id)) {
                (Some(place), _) => place,
                (None, Some(code)) => {
                    let applied = code.applied(date)?;
                    taxes.push(engine::AppliedTax { included: applied.included || inclusive, ..applied });
                    taxes.len() - 1
                }
                (None, None) => continue,
            });
        }
        lines.push(TaxableLine {
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount_percent: line.discount_percent.get(),
            taxes: at,
        });
    }
    Ok((lines, taxes))
}

fn calculate(cx: &mut Cx, asked: CalculateTax) -> Result<TaxCalculation> {
    let company = cx.company(asked.company_id)?;
    let date = asked.tax_date.unwrap_or_else(|| cx.today(&company));
    let currency = asked.currency.unwrap_or_else(|| company.currency.clone());
    let places = currencies::minor_units(&currency).map_err(|p| p.under("/currency"))?;
    let status = match asked.customer_id {
        Some(id) => cx.refer::<Party>("/customer_id", id)?.customer_terms.tax_status,
        None => TaxStatus::Domestic,
    };
    let determination = Determination::new(cx, company.id, status, date)?;
    let products: Vec<_> = asked.lines.iter().filter_map(|l| l.product_id).collect();
    let products: BTreeMap<_, _> = cx.find_all::<Product>(&products)?.into_iter().map(|p| (p.id, p)).collect();
    let mut ids = Vec::with_capacity(asked.lines.len());
    for (i, line) in asked.lines.iter().enumerate() {
        let class = match line.product_id {
            None => TaxClass::Standard,
            Some(id) => {
                let unknown = || problems::unknown_reference.field(format!("/lines/{i}/product_id"), "There is no such product.");
                products.get(&id).ok_or_else(unknown)?.tax_class
            }
        };
        ids.push(match &line.tax_code_ids {
            Some(given) => given.clone(),
            None => determination.of(class, i)?,
        });
    }
    let known = codes(cx, company.id, &ids.iter().map(Vec::as_slice).collect::<Vec<_>>(), true)?;
    let inclusive = asked.prices_include_tax.unwrap_or(company.prices_include_tax);
    let (lines, taxes) = applied(&asked.lines, &ids, &known, date, inclusive)?;
    let rounding = asked.rounding.unwrap_or(company.rounding);
    let taxed = match asked.discount {
        Some(d) => engine::calculate_discounted(&lines, &taxes, rounding, places, d.amount, d.basis)?,
        None => engine::calculate(&lines, &taxes, rounding, places)?,
    };
    let shown = |t: &engine::LineTax| document_tax(&taxes[t.tax], t);
    let line = |l: &engine::TaxedLine| -> Result<CalculatedLine> {
        Ok(CalculatedLine { net: l.net, tax: l.tax, gross: l.gross, taxes: l.taxes.iter().map(shown).collect::<Result<_>>()? })
    };
    Ok(TaxCalculation {
        currency,
        tax_date: date,
        rounding,
        lines: taxed.lines.iter().map(line).collect::<Result<_>>()?,
        taxes: taxed.taxes.iter().map(shown).collect::<Result<_>>()?,
        net: taxed.net,
        tax: taxed.tax,
        gross: taxed.gross,
    })
}
