//! The taxes of an invoice: the codes on its lines, and what they come to.

use std::collections::BTreeMap;

use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::ids::TaxCodeId;
use domain::receivables::invoices::Invoice;
use domain::tax::codes::TaxCode;
use platform::prelude::*;

use crate::tax::calculations;

/// The tax codes of the invoice's lines.
pub(crate) fn codes(cx: &mut Cx, invoice: &Invoice, fresh: bool) -> Result<BTreeMap<TaxCodeId, TaxCode>> {
    let ids: Vec<_> = invoice.lines.iter().map(|l| &*l.tax_code_ids).collect();
    calculations::codes(cx, invoice.company_id, &ids, fresh)
}

/// Taxes and sums the draft.
pub(super) fn assess(cx: &mut Cx, company: &Company, invoice: &mut Invoice, fresh: bool) -> Result<()> {
    let codes = codes(cx, invoice, fresh)?;
    invoice.assess(&codes, currencies::minor_units(&invoice.currency)?)?;
    invoice.total_company = invoice.to_company(invoice.total, company.minor_units())?;
    Ok(())
}
