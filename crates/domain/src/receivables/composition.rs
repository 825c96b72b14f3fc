//! What an invoice still consists of: without tax and tax by code, in both currencies, after credit notes, early-payment
//! discounts and losses. Every amount that is a part of an invoice takes its tax from here, so that the last part leaves zero.

use crate::kernel::{Amount, Result};
use crate::receivables::allocations::Allocation;
use crate::receivables::credit_notes::CreditNote;
use crate::receivables::invoices::Invoice;
use crate::receivables::parts::{Both, Parts, Places, TaxPart, taxes_by_code};

/// What became of an invoice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Composition {
    /// The invoice less the lines that credit notes took back.
    pub sold: Parts,
    /// Early-payment discounts that stand, less what credit notes took back of them.
    pub given: Parts,
    /// What was given up and not recovered, with the tax that came back.
    pub lost: Parts,
}

impl Composition {
    /// `notes` are the posted credit notes of the invoice, `allocations` whatever settled it.
    pub fn of(invoice: &Invoice, notes: &[CreditNote], allocations: &[Allocation], places: Places) -> Result<Self> {
        let credited = taxes_by_code(notes.iter().flat_map(|n| &n.lines).flat_map(|l| &l.taxes));
        let part = |all: Amount, gone: Amount| -> Result<Both> {
            let company = invoice.to_company(all, places.company)? - invoice.to_company(gone, places.company)?;
            Ok(Both { amount: all - gone, company })
        };
        let net = notes.iter().flat_map(|n| &n.lines).map(|l| l.net).sum();
        let taxes = taxes_by_code(&invoice.taxes).into_iter();
        let taxes = taxes.map(|(code, all)| Ok((code, part(all, credited.get(&code).copied().unwrap_or_default())?)));
        let sold = Parts { net: part(invoice.net, net)?, taxes: taxes.collect::<Result<_>>()? };
        let (mut given, mut lost) = (Parts::default(), Parts::default());
        for a in allocations {
            if a.is_write_off() {
                let tax: Amount = a.taxes.iter().map(|t| t.amount_company).sum();
                lost = lost.plus(&Parts::gross(a.write_off, tax, &a.taxes));
            } else {
                given = given.plus(&a.discount_parts());
            }
        }
        for n in notes {
            given = given.minus(&n.discount_parts());
        }
        Ok(Self { sold, given, lost })
    }

    /// What the customer was asked for and neither got back nor was forgiven.
    pub fn kept(&self) -> Parts {
        self.sold.clone().minus(&self.given).minus(&self.lost)
    }

    /// The tax in `amount` of what is kept, by code: all of it when the amount is all that is kept.
    pub fn tax_in(&self, amount: Amount, places: Places) -> Result<Vec<TaxPart>> {
        let kept = self.kept();
        let whole = kept.total().amount.get();
        let taxes = kept.taxes.iter().map(|(code, tax)| Ok((*code, tax.share(amount.get(), whole, places)?)));
        Ok(Parts { net: Both::default(), taxes: taxes.collect::<Result<_>>()? }.tax_parts())
    }
}

#[cfg(test)]
mod tests;
