//! What sales asks of accounting and of the directory: rates, taxes, what is owed.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::directory::exchange_rates::{RateKind, RateQuestion};
use domain::directory::parties::Party;
use domain::directory::products::TaxClass;
use domain::ids::{CompanyId, PartyId, TaxCodeId};
use domain::receivables::invoices::document_tax;
use domain::receivables::invoices::lines::DocumentTax;
use domain::sales::orders::SalesOrder;
use domain::tax::codes::TaxCode;
use domain::tax::engine;
use domain::tax::engine::{AppliedTax, TaxableLine, Taxed};
use domain::tax::rules::{TAX_RULE_MISSING, determine};
use persistence::accounting::setup;
use persistence::receivables::open_items;
use platform::directory::exchange_rates;
use platform::prelude::*;

/// How much of the company's currency one unit of `currency` is on a day.
pub fn exchange_rate(cx: &mut Cx, company: &Company, currency: &str, date: NaiveDate) -> Result<Rate> {
    if currency == company.currency {
        return Ok(Rate::ONE);
    }
    let question = RateQuestion { from: currency.into(), to: company.currency.clone(), kind: RateKind::Spot, date };
    Ok(exchange_rates::rate_at(cx, question, None, Some(&company.currency))?.rate)
}

/// The taxes of each class for a customer on a day.
pub struct Taxes {
    by_class: BTreeMap<TaxClass, Option<Vec<TaxCodeId>>>,
    codes: Vec<TaxCode>,
}

impl Taxes {
    /// Those of all classes on an order.
    pub fn of(cx: &mut Cx, order: &SalesOrder, customer: &Party) -> Result<Self> {
        let rules = setup::tax_rules_of(cx.db(), order.company_id.uuid())?;
        let mut by_class = BTreeMap::new();
        for class in order.lines.iter().map(|l| l.tax_class).chain([order.freight_tax_class]) {
            let found = determine(&rules, class, customer.customer_terms.tax_status, order.order_date);
            by_class.insert(class, found.map(<[TaxCodeId]>::to_vec));
        }
        let ids: Vec<TaxCodeId> = by_class.values().flatten().flatten().copied().collect();
        let codes = cx.find_all::<TaxCode>(&ids)?;
        Ok(Self { by_class, codes })
    }

    /// The taxes of one class; refused when no rule determines them.
    pub fn of_class(&self, class: TaxClass, pointer: &str) -> Result<&[TaxCodeId]> {
        match self.by_class.get(&class) {
            Some(Some(ids)) => Ok(ids),
            _ => Err(TAX_RULE_MISSING.field(pointer, format!("No tax is determined for the class {class}."))),
        }
    }
}

/// Taxes the lines and the freight of an order and writes the totals onto it; the taxes by code.
pub fn assess(order: &mut SalesOrder, taxes: &Taxes, company: &Company) -> Result<Vec<DocumentTax>> {
    let places = currencies::minor_units(&order.currency)?;
    let mut applied: Vec<AppliedTax> = Vec::with_capacity(taxes.codes.len());
    for code in &taxes.codes {
        let mut tax = code.applied(order.order_date)?;
        tax.included |= order.prices_include_tax;
        applied.push(tax);
    }
    let at = |ids: &[TaxCodeId]| ids.iter().filter_map(|id| applied.iter().position(|a| a.id == *id)).collect::<Vec<_>>();
    let mut taxable = Vec::with_capacity(order.lines.len() + 1);
    for (i, line) in order.lines.iter_mut().enumerate() {
        line.tax_code_ids = taxes.of_class(line.tax_class, &format!("/lines/{i}/tax_class"))?.to_vec();
        taxable.push(TaxableLine {
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount_percent: line.discount_percent.get(),
            taxes: at(&line.tax_code_ids),
        });
    }
    if !order.freight_amount.is_zero() {
        let freight = taxes.of_class(order.freight_tax_class, "/freight_tax_class")?;
        let unit_price = UnitPrice::try_from(order.freight_amount.get()).map_err(|p| p.under("/freight_amount"))?;
        taxable.push(TaxableLine { quantity: Quantity::ONE, unit_price, discount_percent: Default::default(), taxes: at(freight) });
    }
    let Taxed { lines, taxes, net, tax, gross } = engine::calculate(&taxable, &applied, company.rounding, places)?;
    for (line, taxed) in order.lines.iter_mut().zip(&lines) {
        (line.net_amount, line.tax_amount, line.gross_amount) = (taxed.net, taxed.tax, taxed.gross);
    }
    order.freight_gross = if order.freight_amount.is_zero() { Amount::ZERO } else { lines.last().map(|l| l.gross).unwrap_or_default() };
    (order.net_total, order.tax_total, order.total) = (net, tax, gross);
    taxes.iter().map(|t| document_tax(&applied[t.tax], t)).collect()
}

/// What a customer owes a company for invoices, in the company's currency.
pub fn open_receivables(cx: &mut Cx, company: CompanyId, customer: PartyId) -> Result<Amount> {
    Ok(open_items::balance(cx.db(), Some(company.uuid()), customer.uuid())?)
}
