//! Customer invoices: draft, posted, paid by allocations, corrected by credit notes. A posted invoice never changes but
//! for what has been settled of it.

pub mod lines;

use std::collections::BTreeMap;

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounting::posting::{AccountRef, ItemClass, PostingLine, Role};
use crate::directory::addresses::Address;
use crate::directory::companies::Rounding;
use crate::ids::{CompanyId, InvoiceId, JournalEntryId, PartyId, PaymentTermId, TaxCodeId, UserId};
use crate::kernel::{Amount, Code, Decimals, Rate, Result, problems, round};
use crate::receivables::invoices::lines::{DocumentTax, InvoiceLine, NewInvoiceLine};
use crate::receivables::payment_terms::Instalment;
use crate::tax::codes::TaxCode;
use crate::tax::engine;
use crate::tax::engine::{AppliedTax, TaxTreatment, TaxableLine};

crate::words! {
    /// Where an invoice stands.
    pub enum InvoiceStatus {
        /// May still change; owes nothing.
        Draft = "draft",
        /// Numbered, in the books, nothing settled yet.
        Posted = "posted",
        PartiallyPaid = "partially_paid",
        Paid = "paid",
        /// Taken back in full by credit notes.
        Credited = "credited",
        /// The rest was given up.
        WrittenOff = "written_off",
    }
}

pub const NOT_A_DRAFT: Code = Code::conflict("invoice.not_a_draft", "Only draft invoices change; a posted invoice is credited.");
pub const EMPTY: Code = Code::conflict("invoice.empty", "An invoice needs at least one line.");
pub const NO_PRICE: Code = Code::invalid("invoice.no_price", "The line has no price.");
pub const NO_DESCRIPTION: Code = Code::invalid("invoice.no_description", "A line without a product needs a description.");
pub const NOT_OPEN: Code = Code::conflict("invoice.not_open", "Nothing is open on the invoice.");

/// A customer invoice. Amounts are in the currency of the invoice unless they say otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invoice {
    /// The id.
    pub id: InvoiceId,
    /// The company.
    pub company_id: CompanyId,
    /// The legal number, gapless per company and year; assigned when posted.
    #[schema(required, max_length = 40, example = "INV-2026-00012")]
    pub number: Option<String>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// The customer.
    pub customer_id: PartyId,
    /// Name, tax number and address as they were.
    #[schema(max_length = 200)]
    pub customer_name: String,
    /// The customer's tax number, as it was.
    #[schema(required, max_length = 50)]
    pub customer_tax_id: Option<String>,
    /// Where it is sent, as it was.
    #[schema(required)]
    pub billing_address: Option<Address>,
    /// The customer's own reference.
    #[schema(required, max_length = 100)]
    pub reference: Option<String>,
    /// The order that this bills.
    #[schema(required, max_length = 60)]
    pub order_id: Option<String>,
    /// The currency, ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "EUR")]
    pub currency: String,
    /// Company currency for one unit of the invoice's currency.
    pub exchange_rate: Rate,
    /// The day of the invoice, of its tax and of its posting.
    pub invoice_date: NaiveDate,
    /// The payment term.
    #[schema(required)]
    pub payment_term_id: Option<PaymentTermId>,
    /// Days until it is due, as agreed for this invoice. A payment term comes before them; without either, the customer's
    /// days hold.
    #[schema(required, minimum = 0, maximum = 3650)]
    pub payment_terms_days: Option<i32>,
    /// The last due date; set when posted.
    #[schema(required)]
    pub due_date: Option<NaiveDate>,
    /// The last day of the early-payment discount.
    #[schema(required)]
    pub discount_until_date: Option<NaiveDate>,
    /// What early payment takes off the net and the tax.
    pub discount_percent: Rate,
    /// What may be missing for it to count as paid.
    pub tolerance: Amount,
    /// Where tax was rounded; pinned when the invoice is made.
    pub rounding: Rounding,
    /// Whether unit prices contain the tax.
    pub prices_include_tax: bool,
    /// The lines.
    #[schema(max_items = 500)]
    pub lines: Vec<InvoiceLine>,
    /// Tax by code.
    #[schema(max_items = 100)]
    pub taxes: Vec<DocumentTax>,
    /// The due schedule; set when posted.
    #[schema(max_items = 36)]
    pub instalments: Vec<Instalment>,
    /// Without tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// With tax.
    pub total: Amount,
    /// The total in the company's currency.
    pub total_company: Amount,
    /// What is still to be settled.
    pub outstanding: Amount,
    /// What credit notes took back.
    pub credited: Amount,
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

crate::entity! { Invoice, InvoiceId, "invoice", company: |i| Some(i.company_id), party: |i| Some(i.customer_id), actions: |i| i.actions() }

/// A new invoice. It starts as a draft without a number.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvoice {
    /// The company.
    pub company_id: CompanyId,
    /// The customer.
    pub customer_id: PartyId,
    /// Today, in the company's time zone, when left out.
    #[serde(default)]
    pub invoice_date: Option<NaiveDate>,
    /// ISO 4217; that of the customer or the company when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// Company currency for one unit of the invoice's currency; the rate of the day when left out.
    #[serde(default)]
    pub exchange_rate: Option<Rate>,
    /// The payment term.
    #[serde(default)]
    pub payment_term_id: Option<PaymentTermId>,
    /// Days until it is due, where there is no payment term; the customer's when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650, example = 14)]
    pub payment_terms_days: Option<i32>,
    /// The customer's own reference.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub reference: Option<String>,
    /// The order that this bills.
    #[serde(default)]
    #[schema(max_length = 29, pattern = "^so_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub order_id: Option<String>,
    /// Whether unit prices contain the tax; the company's habit when left out.
    #[serde(default)]
    pub prices_include_tax: Option<bool>,
    /// The lines.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub lines: Vec<NewInvoiceLine>,
    /// Own keys and values of the caller.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a draft invoice. Lines, when given, are replaced whole.
    pub struct InvoicePatch for DraftInvoice {
        /// The day of the invoice.
        set invoice_date: NaiveDate,
        /// The payment term.
        clear payment_term_id: PaymentTermId,
        /// Days until it is due, where there is no payment term; the customer's when null.
        clear payment_terms_days: i32 [minimum = 0, maximum = 3650],
        /// A reference.
        clear reference: String [max_length = 100],
        /// Where it is sent, as it was.
        clear billing_address: Address,
        /// Company currency for one unit of the currency.
        set exchange_rate: Rate,
        /// The lines.
        set lines: Vec<NewInvoiceLine> [max_items = 500],
        /// Own keys and values of the caller.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// What an update may replace in a draft.
#[derive(Debug, Clone)]
pub struct DraftInvoice {
    /// The day of the invoice.
    pub invoice_date: NaiveDate,
    /// The payment term.
    pub payment_term_id: Option<PaymentTermId>,
    /// Days until it is due.
    pub payment_terms_days: Option<i32>,
    /// A reference.
    pub reference: Option<String>,
    /// Where it is sent, as it was.
    pub billing_address: Option<Address>,
    /// Company currency for one unit of the currency.
    pub exchange_rate: Rate,
    /// The lines.
    pub lines: Vec<NewInvoiceLine>,
    /// Own keys and values of the caller.
    pub metadata: BTreeMap<String, String>,
}

/// How the rest of an invoice is given up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteOffInvoice {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// Today when left out.
    #[serde(default)]
    pub posting_date: Option<NaiveDate>,
    /// The loss was expected: use the allowance without a new expense.
    #[serde(default)]
    pub from_allowance: bool,
    /// The tax authority gives the tax of the lost part back.
    #[serde(default)]
    pub tax_relief: bool,
}

impl Invoice {
    fn actions(&self) -> Vec<&'static str> {
        match self.status {
            InvoiceStatus::Draft => vec!["post"],
            InvoiceStatus::Posted | InvoiceStatus::PartiallyPaid => vec!["credit", "write-off"],
            InvoiceStatus::Paid => vec!["credit"],
            InvoiceStatus::Credited | InvoiceStatus::WrittenOff => vec![],
        }
    }

    /// Refuses anything but a draft.
    pub fn must_be_draft(&self) -> Result<()> {
        match self.status {
            InvoiceStatus::Draft => Ok(()),
            s => Err(NOT_A_DRAFT.with(format!("The invoice is {s}.")).in_state(s, &self.actions())),
        }
    }

    /// Refuses drafts and whatever has nothing left to settle.
    pub fn must_be_open(&self) -> Result<()> {
        match self.status {
            InvoiceStatus::Posted | InvoiceStatus::PartiallyPaid if self.outstanding.is_positive() => Ok(()),
            s => Err(NOT_OPEN
                .with(format!("The invoice is {s}, {} {} are open.", self.outstanding, self.currency))
                .in_state(s, &self.actions())),
        }
    }

    /// Refuses what cannot be credited: drafts, and what was credited or given up in full.
    pub fn must_be_creditable(&self) -> Result<()> {
        match self.status {
            InvoiceStatus::Posted | InvoiceStatus::PartiallyPaid | InvoiceStatus::Paid => Ok(()),
            s => Err(problems::invalid_state.with(format!("A {s} invoice is not credited.")).in_state(s, &self.actions())),
        }
    }

    /// Taxes and sums the lines. `codes` holds every tax code that a line names; `places` are the minor units of the
    /// invoice's currency.
    pub fn assess(&mut self, codes: &BTreeMap<TaxCodeId, TaxCode>, places: u32) -> Result<()> {
        let mut taxes: Vec<AppliedTax> = Vec::new();
        let mut lines = Vec::with_capacity(self.lines.len());
        for (i, line) in self.lines.iter().enumerate() {
            let mut at = Vec::with_capacity(line.tax_code_ids.len());
            for id in &line.tax_code_ids {
                if let Some(known) = taxes.iter().position(|t| t.id == *id) {
                    at.push(known);
                    continue;
                }
                let code = codes
                    .get(id)
                    .ok_or_else(|| problems::unknown_reference.field(format!("/lines/{i}/tax_code_ids"), "There is no such tax code."))?;
                let mut applied = code.applied(self.invoice_date)?;
                applied.included |= self.prices_include_tax;
                at.push(taxes.len());
                taxes.push(applied);
            }
            lines.push(TaxableLine {
                quantity: line.quantity,
                unit_price: line.unit_price,
                discount_percent: line.discount_percent.get(),
                taxes: at,
            });
        }
        let taxed = engine::calculate(&lines, &taxes, self.rounding, places)?;
        let shown = |t: &engine::LineTax| document_tax(&taxes[t.tax], t);
        for (line, taxed) in self.lines.iter_mut().zip(&taxed.lines) {
            (line.net, line.tax, line.gross) = (taxed.net, taxed.tax, taxed.gross);
            line.taxes = taxed.taxes.iter().map(shown).collect::<Result<_>>()?;
        }
        self.taxes = taxed.taxes.iter().map(shown).collect::<Result<_>>()?;
        (self.net, self.tax, self.total) = (taxed.net, taxed.tax, taxed.gross);
        Ok(())
    }

    /// The lines of its entry in the company's currency: receivable against revenue by item class and tax by code. What
    /// the rate leaves over goes to the rounding account. `company_places` are the minor units of the company's currency.
    pub fn posting_lines(&self, codes: &BTreeMap<TaxCodeId, TaxCode>, company_places: u32) -> Result<Vec<PostingLine>> {
        let mut revenue: BTreeMap<ItemClass, Amount> = BTreeMap::new();
        for l in &self.lines {
            *revenue.entry(l.item_class).or_default() += l.net;
        }
        let parts = revenue.into_iter().map(|(class, net)| (AccountRef::Role(Role::Revenue, Some(class)), None, net));
        let taxes = self.taxes.iter().map(|t| (tax_account(codes, t.tax_code_id), Some(t.tax_code_id), t.amount));
        let mut out = vec![PostingLine::debit(AccountRef::Role(Role::Receivable, None), self.total_company).in_currency(self.total)];
        let mut left = self.total_company;
        for (account, code, amount) in parts.chain(taxes) {
            let company = self.to_company(amount, company_places)?;
            left -= company;
            out.push(PostingLine::credit(account, company).in_currency(amount).tax_code(code));
        }
        if !left.is_zero() {
            out.push(PostingLine::signed(AccountRef::Role(Role::RoundingDifferences, None), -left).in_currency(Amount::ZERO));
        }
        Ok(out.into_iter().map(|l| l.party(self.customer_id)).collect())
    }

    /// An amount of the invoice in the company's currency, rounded.
    pub fn to_company(&self, amount: Amount, company_places: u32) -> Result<Amount> {
        Amount::exact(round(amount.get() * self.exchange_rate.get(), company_places))
    }

    /// The invoice after this much of it is left open and this much credited.
    pub fn settled(mut self, outstanding: Amount, credited: Amount) -> Self {
        self.outstanding = outstanding;
        self.credited = credited;
        self.status = match () {
            () if self.status == InvoiceStatus::WrittenOff && outstanding.is_zero() => InvoiceStatus::WrittenOff,
            () if outstanding.is_zero() && credited >= self.total && self.total.is_positive() => InvoiceStatus::Credited,
            () if outstanding.is_zero() => InvoiceStatus::Paid,
            () if outstanding < self.total => InvoiceStatus::PartiallyPaid,
            () => InvoiceStatus::Posted,
        };
        self
    }

    /// The whole of the invoice that early payment may still concern: what has not been credited, as a factor.
    pub fn kept_part(&self) -> Decimal {
        if self.total.is_zero() { Decimal::ZERO } else { (self.total - self.credited).get() / self.total.get() }
    }
}

/// Where a tax is posted: its own account, or the one determined for output tax.
pub fn tax_account(codes: &BTreeMap<TaxCodeId, TaxCode>, id: TaxCodeId) -> AccountRef {
    codes.get(&id).and_then(|c| c.account_id).map_or(AccountRef::Role(Role::OutputTax, None), AccountRef::Id)
}

/// A tax of a document as it is shown.
pub fn document_tax(of: &AppliedTax, t: &engine::LineTax) -> Result<DocumentTax> {
    Ok(DocumentTax {
        tax_code_id: of.id,
        code: of.code.clone(),
        computation: of.computation,
        treatment: of.treatment,
        rate: Rate::exact(of.rate)?,
        base: t.base,
        amount: t.amount,
        reverse_charge: if of.treatment == TaxTreatment::ReverseCharge { t.shifted } else { Amount::ZERO },
    })
}
