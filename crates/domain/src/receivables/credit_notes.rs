//! Credit notes: take a posted invoice back, wholly or in part, by line, quantity or amount, with the tax of the
//! original. All credit notes of a line together never exceed it.

use std::collections::BTreeMap;

use crate::ids::{CreditNoteId, CreditNoteLineId};
use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounting::posting::{AccountRef, ItemClass, PostingLine, Role};
use crate::ids::{CompanyId, InvoiceId, InvoiceLineId, JournalEntryId, PartyId, ProductId, TaxCodeId, UserId};
use crate::kernel::{Amount, Code, Decimals, Quantity, Rate, Result, round};
use crate::receivables::allocations::{Allocation, standing};
use crate::receivables::invoices::lines::InvoiceLine;
use crate::receivables::invoices::{Invoice, tax_account};
use crate::receivables::parts::{Both, Parts, Places, TaxPart, converted, taxes_by_code};
use crate::tax::calculations::DocumentTax;
use crate::tax::codes::TaxCode;
use crate::tax::engine::TaxComputation;

crate::words! {
    /// Where a credit note stands.
    pub enum CreditNoteStatus {
        Draft = "draft",
        Posted = "posted",
    }
}

pub const NOT_A_DRAFT: Code = Code::conflict("credit_note.not_a_draft", "Only draft credit notes change.");
pub const NOT_POSTED: Code = Code::conflict("credit_note.not_posted", "Only posted credit notes are allocated.");
pub const USED_UP: Code = Code::conflict("credit_note.used_up", "All of the credit note is used.");
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
    /// Without tax, the discount taken off.
    pub net: Amount,
    /// The tax, the discount taken off.
    pub tax: Amount,
    /// With tax: what the customer gets back. It is the sum of the lines less the discount.
    pub total: Amount,
    /// The total in the company's currency.
    pub total_company: Amount,
    /// The early-payment discount that was given on what is taken back, tax included. The customer did not pay it.
    pub discount: Amount,
    /// The discount in the company's currency.
    pub discount_company: Amount,
    /// The tax in the discount, by code.
    #[schema(max_items = 100)]
    pub discount_taxes: Vec<TaxPart>,
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
    pub taxes: BTreeMap<TaxCodeId, CreditedTax>,
}

/// What posted credit notes have taken back of one tax of an invoice line.
#[derive(Debug, Clone, Copy, Default)]
pub struct CreditedTax {
    pub base: Amount,
    pub amount: Amount,
    pub reverse_charge: Amount,
}

impl Credited {
    /// Counts a part as taken back.
    pub fn add(&mut self, quantity: Quantity, net: Amount, taxes: &[DocumentTax]) {
        self.quantity += quantity;
        self.net += net;
        for t in taxes {
            let sum = self.taxes.entry(t.tax_code_id).or_default();
            sum.base += t.base;
            sum.amount += t.amount;
            sum.reverse_charge += t.reverse_charge;
        }
    }
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

/// Takes `asked` off what is left of `line`: by quantity its share of what is left, by amount that amount, and of each tax
/// what belongs to it. A tax per unit follows the quantity. The last part takes whatever rounding left, so that all parts sum
/// to the line. `None` when nothing is left and nothing particular was asked.
pub fn credit_line(line: &InvoiceLine, before: &Credited, asked: &NewCreditNoteLine, places: u32) -> Result<Option<CreditPart>> {
    let left = line.quantity - before.quantity;
    let left_net = line.net - before.net;
    let share = |a: Amount, part: Decimal, whole: Decimal| -> Result<Amount> {
        if whole.is_zero() { Ok(Amount::ZERO) } else { Amount::exact(round(a.get() * part / whole, places)) }
    };
    let (quantity, net, whole) = match (asked.quantity, asked.net) {
        (Some(_), Some(_)) => return Err(QUANTITY_OR_NET.field("/quantity", QUANTITY_OR_NET.title)),
        (Some(q), None) => {
            if !q.is_positive() || q > left {
                return Err(TOO_MUCH.field("/quantity", format!("Between zero and {left} are left to credit.")));
            }
            (q, if q == left { left_net } else { share(left_net, q.get(), left.get())? }, q == left)
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
    let part = |t: &DocumentTax| -> Result<DocumentTax> {
        let gone = before.taxes.get(&t.tax_code_id).copied().unwrap_or_default();
        let of = |all: Amount, gone: Amount| match (whole, t.computation) {
            (true, _) => Ok(all - gone),
            (false, TaxComputation::FixedPerUnit) => share(all - gone, quantity.get(), left.get()),
            (false, TaxComputation::Percent) => share(all - gone, net.get(), left_net.get()),
        };
        Ok(DocumentTax {
            base: of(t.base, gone.base)?,
            amount: of(t.amount, gone.amount)?,
            reverse_charge: of(t.reverse_charge, gone.reverse_charge)?,
            ..t.clone()
        })
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
            CreditNoteStatus::Posted => {
                // what a refund paid out is taken back at the refund
                let used = standing(&self.allocations).any(|a| a.payment_id.is_none());
                let rules = [("allocate", self.unallocated.is_positive()), ("unallocate", used)];
                rules.into_iter().filter(|r| r.1).map(|r| r.0).collect()
            }
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

    /// Refuses credit notes of which nothing is left to use.
    pub fn must_have_left(&self) -> Result<()> {
        self.must_be_posted()?;
        match self.unallocated.is_positive() {
            true => Ok(()),
            false => Err(USED_UP.with("All of the credit note is used.").in_state(self.status, &self.actions())),
        }
    }

    /// The sum of the lines, the discount not taken off.
    pub fn lines_total(&self) -> Amount {
        self.total + self.discount
    }

    /// The discount with its tax.
    pub fn discount_parts(&self) -> Parts {
        Parts::gross(self.discount, self.discount_company, &self.discount_taxes)
    }

    /// What the lines take back, in the currency of the invoice.
    fn taken(&self) -> Parts {
        let both = |amount| Both { amount, company: Amount::ZERO };
        let taxes = taxes_by_code(self.lines.iter().flat_map(|l| &l.taxes)).into_iter().map(|(code, t)| (code, both(t))).collect();
        Parts { net: both(self.lines.iter().map(|l| l.net).sum()), taxes }
    }

    /// Sums the lines. Early-payment discount that was `given` on what is taken back goes off, each tax by its share, because
    /// the customer did not pay it; `sold` is the invoice less what was credited before, `credited` the latter's total. The
    /// company's amount is the step from what was credited before to what is credited then, so that all credit notes of an
    /// invoice together are the invoice.
    pub fn sum(&mut self, sold: &Parts, given: &Parts, credited: Amount, places: Places) -> Result<()> {
        let taken = self.taken();
        let discount = given.going_with(&taken, sold, places)?;
        let off = |a: Amount, code: TaxCodeId, all: Amount| -> Result<Amount> {
            let (part, whole) = if all.is_zero() { (discount.net, taken.net) } else { (discount.tax(code), taken.tax(code)) };
            if whole.amount.is_zero() {
                return Ok(a);
            }
            Ok(a - Amount::exact(round(a.get() * part.amount.get() / whole.amount.get(), places.document))?)
        };
        self.taxes = sum_taxes(self.lines.iter().flat_map(|l| &l.taxes));
        for t in &mut self.taxes {
            let all = t.amount;
            t.base = off(t.base, t.tax_code_id, all)?;
            t.reverse_charge = off(t.reverse_charge, t.tax_code_id, all)?;
            t.amount = all - discount.tax(t.tax_code_id).amount;
        }
        let Both { amount, company } = discount.total();
        (self.discount, self.discount_company, self.discount_taxes) = (amount, company, discount.tax_parts());
        self.net = taken.net.amount - discount.net.amount;
        self.tax = taken.total().amount - amount - self.net;
        self.total = self.net + self.tax;
        self.total_company = converted(credited, taken.total().amount, self.exchange_rate, places.company)? - company;
        Ok(())
    }

    /// The lines of its entry: returns and allowances, less the discount on them, and the taxes against the receivable.
    /// `before` are the lines of the credit notes that came before. All credit notes of an invoice together post what the
    /// invoice did, to the cent.
    pub fn posting_lines(
        &self,
        before: &[CreditNoteLine],
        codes: &BTreeMap<TaxCodeId, TaxCode>,
        company_places: u32,
    ) -> Result<Vec<PostingLine>> {
        let step = |before: Amount, amount: Amount| converted(before, amount, self.exchange_rate, company_places);
        let by_class = |lines: &[CreditNoteLine]| {
            let mut out: BTreeMap<ItemClass, Amount> = BTreeMap::new();
            for l in lines {
                *out.entry(l.item_class).or_default() += l.net;
            }
            out
        };
        let (gone, discount, taken) = (by_class(before), self.discount_parts(), self.taken());
        let mut net = Amount::ZERO;
        for (class, amount) in by_class(&self.lines) {
            net += step(gone.get(&class).copied().unwrap_or_default(), amount)?;
        }
        let mut left = self.total_company + discount.net.company - net;
        let mut out = vec![
            PostingLine::debit(AccountRef::Role(Role::SalesReturns, None), net).in_currency(taken.net.amount),
            PostingLine::credit(AccountRef::Role(Role::CashDiscounts, None), discount.net.company).in_currency(discount.net.amount),
        ];
        let gone = taxes_by_code(before.iter().flat_map(|l| &l.taxes));
        for t in &self.taxes {
            let code = t.tax_code_id;
            let before = gone.get(&code).copied().unwrap_or_default();
            let amount = step(before, taken.tax(code).amount)? - discount.tax(code).company;
            left -= amount;
            out.push(PostingLine::signed(tax_account(codes, code), amount).in_currency(t.amount).tax_code(code));
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
