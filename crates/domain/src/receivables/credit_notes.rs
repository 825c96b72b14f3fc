//! Credit notes: take a posted invoice back, wholly or in part, by line, quantity or amount, with the tax of the
//! original. All credit notes of a line together never exceed it.

use std::collections::BTreeMap;

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounting::posting::{AccountRef, ItemClass, PostingLine, Role};
use crate::ids::{
    CompanyId, CreditNoteId, CreditNoteLineId, InvoiceId, InvoiceLineId, JournalEntryId, PartyId, ProductId, TaxCodeId, UserId,
};
use crate::kernel::{Amount, Code, Decimals, Quantity, Rate, Result, round};
use crate::receivables::allocations::Allocation;
use crate::receivables::invoices::lines::{DocumentTax, InvoiceLine};
use crate::receivables::invoices::{Invoice, tax_account};
use crate::tax::codes::TaxCode;

crate::words! {
    /// Where a credit note stands.
    pub enum CreditNoteStatus {
        Draft = "draft",
        Posted = "posted",
    }
}

pub const NOT_A_DRAFT: Code = Code::conflict("credit_note.not_a_draft", "Only draft credit notes change.");
pub const NOT_POSTED: Code = Code::conflict("credit_note.not_posted", "Only posted credit notes are allocated.");
pub const TOO_MUCH: Code = Code::invalid("credit_note.too_much", "More would be credited than was invoiced.");
pub const NOTHING_LEFT: Code = Code::conflict("credit_note.nothing_left", "Everything on the invoice has been credited.");
pub const QUANTITY_OR_NET: Code = Code::invalid("credit_note.quantity_or_net", "Give a quantity or a net amount, not both.");

/// A credit note for a posted invoice. Amounts are in the currency of the invoice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreditNote {
    /// The id.
    pub id: CreditNoteId,
    /// The company.
    pub company_id: CompanyId,
    /// The legal number, gapless per company and year; assigned when posted.
    #[schema(required, max_length = 40, example = "CN-2026-00003")]
    pub number: Option<String>,
    /// Where it stands.
    pub status: CreditNoteStatus,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// The customer.
    pub customer_id: PartyId,
    /// The name of the customer, as it was.
    #[schema(max_length = 200)]
    pub customer_name: String,
    /// Why.
    #[schema(max_length = 500)]
    pub reason: String,
    /// The day of the credit note and of its posting.
    pub credit_date: NaiveDate,
    /// The currency, ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "EUR")]
    pub currency: String,
    /// That of the invoice.
    pub exchange_rate: Rate,
    /// Settle the invoice with it as far as it is open, when posted.
    pub apply_to_invoice: bool,
    /// The lines.
    #[schema(max_items = 500)]
    pub lines: Vec<CreditNoteLine>,
    /// Tax by code, at the rates of the invoice.
    #[schema(max_items = 100)]
    pub taxes: Vec<DocumentTax>,
    /// Without tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// With tax.
    pub total: Amount,
    /// The total in the company's currency.
    pub total_company: Amount,
    /// What is not yet used to settle something.
    pub unallocated: Amount,
    /// What it was used for.
    #[schema(max_items = 1000)]
    pub allocations: Vec<Allocation>,
    /// The entry that it posted.
    #[schema(required)]
    pub journal_entry_id: Option<JournalEntryId>,
    /// Who made it.
    #[schema(required)]
    pub created_by: Option<UserId>,
    /// When it was posted.
    #[schema(required)]
    pub posted_at: Option<DateTime<Utc>>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { CreditNote, CreditNoteId, "credit_note", company: |c| Some(c.company_id), party: |c| Some(c.customer_id), actions: |c| c.actions() }

/// A line of a credit note: the part of an invoice line that is taken back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreditNoteLine {
    /// The id.
    pub id: CreditNoteLineId,
    /// The company.
    pub company_id: CompanyId,
    /// The credit note.
    pub credit_note_id: CreditNoteId,
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 10000)]
    pub position: i32,
    /// The line of the invoice.
    pub invoice_line_id: InvoiceLineId,
    /// The product.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// Picks the account.
    pub item_class: ItemClass,
    /// What it is, in words.
    #[schema(max_length = 500)]
    pub description: String,
    /// Zero for a credit by amount.
    pub quantity: Quantity,
    /// The taxes.
    #[schema(max_items = 8)]
    pub taxes: Vec<DocumentTax>,
    /// Without tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// With tax.
    pub gross: Amount,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated CreditNoteLine, CreditNoteLineId, "credit_note_line", company: |l| Some(l.company_id) }

/// What is credited of an invoice line.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCreditNoteLine {
    /// The line of the invoice.
    pub invoice_line_id: InvoiceLineId,
    /// How much of the quantity; everything left when neither this nor `net` is given.
    #[serde(default)]
    pub quantity: Option<Quantity>,
    /// A net amount instead of a quantity, as for a price allowance.
    #[serde(default)]
    pub net: Option<Amount>,
}

/// A new credit note for a posted invoice. It starts as a draft.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCreditNote {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: String,
    /// Today when left out; not before the invoice.
    #[serde(default)]
    pub credit_date: Option<NaiveDate>,
    /// What is credited; everything left when empty.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub lines: Vec<NewCreditNoteLine>,
    /// Settle the invoice with it as far as it is open, when posted; true when left out.
    #[serde(default = "crate::kernel::yes")]
    pub apply_to_invoice: bool,
    /// Own keys and values of the caller.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

/// How an invoice is credited.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditInvoice {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: String,
    /// Today when left out; not before the invoice.
    #[serde(default)]
    pub credit_date: Option<NaiveDate>,
    /// What is credited; everything left when empty.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub lines: Vec<NewCreditNoteLine>,
    /// Settle the invoice with it as far as it is open, when posted; true when left out.
    #[serde(default = "crate::kernel::yes")]
    pub apply_to_invoice: bool,
}

/// What posted credit notes have taken back of an invoice line.
#[derive(Debug, Clone, Default)]
pub struct Credited {
    /// How much.
    pub quantity: Quantity,
    /// Without tax.
    pub net: Amount,
    /// The taxes.
    pub taxes: BTreeMap<TaxCodeId, Amount>,
}

/// The part of a line that is credited, with its taxes at the original rates.
#[derive(Debug, Clone, PartialEq)]
pub struct CreditPart {
    /// How much.
    pub quantity: Quantity,
    /// Without tax.
    pub net: Amount,
    /// The taxes.
    pub taxes: Vec<DocumentTax>,
}

/// Takes `asked` off what is left of `line`. The last part takes whatever rounding left, so that all parts sum to the
/// line. `None` when nothing is left and nothing particular was asked.
pub fn credit_line(line: &InvoiceLine, before: &Credited, asked: &NewCreditNoteLine, places: u32) -> Result<Option<CreditPart>> {
    let left = line.quantity - before.quantity;
    let left_net = line.net - before.net;
    let (quantity, net, whole) = match (asked.quantity, asked.net) {
        (Some(_), Some(_)) => return Err(QUANTITY_OR_NET.field("/quantity", QUANTITY_OR_NET.title)),
        (Some(q), None) => {
            if !q.is_positive() || q > left {
                return Err(TOO_MUCH.field("/quantity", format!("Between zero and {left} are left to credit.")));
            }
            let share = round(line.net.get() * q.get() / line.quantity.get(), places);
            let net = if q == left { left_net } else { Amount::exact(share)?.min(left_net) };
            (q, net, q == left)
        }
        (None, Some(net)) => {
            if !net.is_positive() || net > left_net {
                return Err(TOO_MUCH.field("/net", format!("Between zero and {left_net} are left to credit.")));
            }
            (Quantity::ZERO, net, net == left_net)
        }
        (None, None) if left_net.is_zero() && left.is_zero() => return Ok(None),
        (None, None) => (left, left_net, true),
    };
    let share = if line.net.is_zero() { Decimal::ZERO } else { net.get() / line.net.get() };
    let part = |t: &DocumentTax| -> Result<DocumentTax> {
        let left_tax = t.amount - before.taxes.get(&t.tax_code_id).copied().unwrap_or_default();
        let amount = if whole { left_tax } else { Amount::exact(round(t.amount.get() * share, places))?.min(left_tax) };
        let scaled = |a: Amount| Amount::exact(round(a.get() * share, places));
        Ok(DocumentTax { amount, base: scaled(t.base)?, reverse_charge: scaled(t.reverse_charge)?, ..t.clone() })
    };
    Ok(Some(CreditPart { quantity, net, taxes: line.taxes.iter().map(part).collect::<Result<_>>()? }))
}

/// Sums taxes by code, in the order of their first appearance.
fn sum_taxes<'a>(taxes: impl IntoIterator<Item = &'a DocumentTax>) -> Vec<DocumentTax> {
    let mut out: Vec<DocumentTax> = Vec::new();
    for t in taxes {
        match out.iter_mut().find(|o| o.tax_code_id == t.tax_code_id && o.rate == t.rate) {
            Some(o) => {
                o.base += t.base;
                o.amount += t.amount;
                o.reverse_charge += t.reverse_charge;
            }
            None => out.push(t.clone()),
        }
    }
    out
}

impl CreditNote {
    fn actions(&self) -> Vec<&'static str> {
        match self.status {
            CreditNoteStatus::Draft => vec!["post"],
            CreditNoteStatus::Posted if self.unallocated.is_positive() => vec!["allocate"],
            CreditNoteStatus::Posted => vec![],
        }
    }

    pub fn must_be_draft(&self) -> Result<()> {
        match self.status {
            CreditNoteStatus::Draft => Ok(()),
            s => Err(NOT_A_DRAFT.with(format!("The credit note is {s}.")).in_state(s, &self.actions())),
        }
    }

    pub fn must_be_posted(&self) -> Result<()> {
        match self.status {
            CreditNoteStatus::Posted => Ok(()),
            s => Err(NOT_POSTED.with(format!("The credit note is {s}.")).in_state(s, &self.actions())),
        }
    }

    /// Sums the lines; the company's amount follows the rate of the invoice.
    pub fn sum(&mut self, company_places: u32) -> Result<()> {
        self.taxes = sum_taxes(self.lines.iter().flat_map(|l| &l.taxes));
        self.net = self.lines.iter().map(|l| l.net).sum();
        self.tax = self.lines.iter().map(|l| l.tax).sum();
        self.total = self.net + self.tax;
        self.total_company = Amount::exact(round(self.total.get() * self.exchange_rate.get(), company_places))?;
        Ok(())
    }

    /// The lines of its entry: returns and allowances and the taxes against the receivable.
    pub fn posting_lines(&self, codes: &BTreeMap<TaxCodeId, TaxCode>, company_places: u32) -> Result<Vec<PostingLine>> {
        let company = |a: Amount| Amount::exact(round(a.get() * self.exchange_rate.get(), company_places));
        let net = company(self.net)?;
        let mut left = self.total_company - net;
        let mut out = vec![PostingLine::debit(AccountRef::Role(Role::SalesReturns, None), net).in_currency(self.net)];
        for t in &self.taxes {
            let amount = company(t.amount)?;
            left -= amount;
            out.push(PostingLine::debit(tax_account(codes, t.tax_code_id), amount).in_currency(t.amount).tax_code(t.tax_code_id));
        }
        if !left.is_zero() {
            out.push(PostingLine::signed(AccountRef::Role(Role::RoundingDifferences, None), left).in_currency(Amount::ZERO));
        }
        out.push(PostingLine::credit(AccountRef::Role(Role::Receivable, None), self.total_company).in_currency(self.total));
        Ok(out.into_iter().map(|l| l.party(self.customer_id)).collect())
    }
}

/// Refuses to credit more than the invoice in total.
pub fn check_total(invoice: &Invoice, more: Amount) -> Result<()> {
    if invoice.credited + more > invoice.total {
        return Err(TOO_MUCH.with(format!("{} of {} are credited already; {more} more are too much.", invoice.credited, invoice.total)));
    }
    Ok(())
}
