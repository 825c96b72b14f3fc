//! Money received from customers and paid back to them. Posting puts it into the books; allocating says what it was for.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounting::posting::{AccountRef, PostingLine, Role};
use crate::ids::{CompanyId, JournalEntryId, PartyId, PaymentId, UserId};
use crate::kernel::{Amount, Code, Decimals, Rate, Result, round};
use crate::receivables::allocations::{Allocation, NewAllocation, standing};

crate::words! {
    /// Which way the money goes.
    pub enum PaymentDirection {
        /// A customer pays.
        In = "in",
        /// A customer is paid back.
        Out = "out",
    }
    /// Where a payment stands.
    pub enum PaymentStatus {
        Draft = "draft",
        /// In the books, with some of it open.
        Posted = "posted",
        /// In the books, and all of it used.
        Allocated = "allocated",
        /// Taken back, as when a bank returns it; what it settled is open again.
        Reversed = "reversed",
    }
    /// How it was paid.
    pub enum PaymentMethod {
        BankTransfer = "bank_transfer",
        Card = "card",
        Cash = "cash",
        Cheque = "cheque",
        DirectDebit = "direct_debit",
        Other = "other",
    }
}

pub const NOT_A_DRAFT: Code = Code::conflict("payment.not_a_draft", "Only draft payments change.");
pub const NOT_POSTED: Code = Code::conflict("payment.not_posted", "Only posted payments are allocated and reversed.");
pub const NOTHING_LEFT: Code = Code::conflict("payment.nothing_left", "All of the payment is used.");
pub const REFUNDED: Code = Code::conflict("payment.refunded", "The payment was paid back by a refund.");
pub const NOT_POSITIVE: Code = Code::invalid("payment.not_positive", "The amount is above zero, the fee between zero and the amount.");

/// Money received from a customer or paid back. Amounts are in the currency of the payment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Payment {
    /// The id.
    pub id: PaymentId,
    /// The company.
    pub company_id: CompanyId,
    /// Assigned when posted, gapless per company and year.
    #[schema(required, max_length = 40, example = "PAY-2026-00007")]
    pub number: Option<String>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Which way the money goes.
    pub direction: PaymentDirection,
    /// The customer.
    pub party_id: PartyId,
    /// The day of the payment and of its posting.
    pub payment_date: NaiveDate,
    /// How it was paid.
    pub method: PaymentMethod,
    /// What the payer wrote.
    #[schema(required, max_length = 200)]
    pub reference: Option<String>,
    /// The currency, ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "EUR")]
    pub currency: String,
    /// Company currency for one unit of the payment's currency.
    pub exchange_rate: Rate,
    /// Whether the rate was given. A given rate stays when the date of a draft changes; any other is the rate of the day.
    pub exchange_rate_agreed: bool,
    /// How much.
    pub amount: Amount,
    /// What the bank kept of it.
    pub fee: Amount,
    /// The amount in the company's currency.
    pub amount_company: Amount,
    /// What is not yet used to settle something.
    pub unallocated: Amount,
    /// What it settles when it is posted.
    #[schema(max_items = 200)]
    pub allocate_to: Vec<NewAllocation>,
    /// What it was used for, and the refunds that paid it back.
    #[schema(max_items = 1000)]
    pub allocations: Vec<Allocation>,
    /// The entry that it posted.
    #[schema(required)]
    pub journal_entry_id: Option<JournalEntryId>,
    /// The day on which it was taken back.
    #[schema(required)]
    pub reversal_date: Option<NaiveDate>,
    /// Why it was taken back.
    #[schema(required, max_length = 500)]
    pub reversal_reason: Option<String>,
    /// The entry of the reversal.
    #[schema(required)]
    pub reversal_entry_id: Option<JournalEntryId>,
    /// Who made it.
    #[schema(required)]
    pub created_by: Option<UserId>,
    /// Who made it, and everybody who changed its substance while it was a draft.
    #[schema(max_items = 1000)]
    pub authors: Vec<UserId>,
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

crate::entity! { Payment, PaymentId, "payment", company: |p| Some(p.company_id), party: |p| Some(p.party_id), actions: |p| p.actions() }

/// A new payment. It starts as a draft.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// The company.
    pub company_id: CompanyId,
    /// `in` when left out.
    #[serde(default = "incoming")]
    pub direction: PaymentDirection,
    /// The customer.
    pub party_id: PartyId,
    /// Today, in the company's time zone, when left out.
    #[serde(default)]
    pub payment_date: Option<NaiveDate>,
    /// How it was paid.
    #[serde(default = "bank_transfer")]
    pub method: PaymentMethod,
    /// What the payer wrote.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reference: Option<String>,
    /// ISO 4217; that of the company when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// Company currency for one unit of the payment's currency; the rate of the day when left out.
    #[serde(default)]
    pub exchange_rate: Option<Rate>,
    /// How much.
    pub amount: Amount,
    /// What the bank kept of it.
    #[serde(default)]
    pub fee: Amount,
    /// What it settles when it is posted.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub allocate_to: Vec<NewAllocation>,
    /// Own keys and values of the caller.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

fn incoming() -> PaymentDirection {
    PaymentDirection::In
}

fn bank_transfer() -> PaymentMethod {
    PaymentMethod::BankTransfer
}

crate::patch! {
    /// Changes to a draft payment.
    pub struct PaymentPatch for Payment {
        /// The day of the payment. A rate that was given stays; any other follows the day.
        set payment_date: NaiveDate,
        /// How it was paid.
        set method: PaymentMethod,
        /// A reference.
        clear reference: String [max_length = 200],
        /// Company currency for one unit of the currency.
        set exchange_rate: Rate,
        /// How much.
        set amount: Amount,
        /// What the bank kept of it.
        set fee: Amount,
        /// What it settles when it is posted; replaced whole.
        set allocate_to: Vec<NewAllocation> [max_items = 200],
        /// Own keys and values of the caller.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// How a payment is taken back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversePayment {
    /// Why, as the bank says it.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// The day it counts for, not before the payment and what it was used for: today when left out.
    #[serde(default)]
    pub reversal_date: Option<NaiveDate>,
    /// What the bank charges for it, in the currency of the payment.
    #[serde(default)]
    pub fee: Amount,
}

impl Payment {
    fn actions(&self) -> Vec<&'static str> {
        match self.status {
            PaymentStatus::Draft => return vec!["post"],
            PaymentStatus::Reversed => return vec![],
            PaymentStatus::Posted | PaymentStatus::Allocated => {}
        }
        // what a refund paid back is taken back at the refund
        let used = standing(&self.allocations).any(|a| a.payment_id == Some(self.id));
        let refunded = standing(&self.allocations).any(|a| a.refunded_payment_id == Some(self.id));
        let rules = [("allocate", self.unallocated.is_positive()), ("unallocate", used), ("reverse", !refunded)];
        rules.into_iter().filter(|r| r.1).map(|r| r.0).collect()
    }

    /// Refuses payments of which nothing is left to use.
    pub fn must_have_left(&self) -> Result<()> {
        self.must_be_posted()?;
        match self.unallocated.is_positive() {
            true => Ok(()),
            false => Err(NOTHING_LEFT.with("All of the payment is used.").in_state(self.status, &self.actions())),
        }
    }

    /// Refuses payments that a refund paid back: the refund is reversed first.
    pub fn must_be_reversible(&self) -> Result<()> {
        self.must_be_posted()?;
        match self.actions().contains(&"reverse") {
            true => Ok(()),
            false => Err(REFUNDED.with("A refund paid it back; reverse the refund first.").in_state(self.status, &self.actions())),
        }
    }

    /// The payment after it was taken back on a day.
    pub fn reversed(mut self, on: NaiveDate, reason: String, entry: Option<JournalEntryId>) -> Self {
        self.status = PaymentStatus::Reversed;
        self.unallocated = Amount::ZERO;
        self.reversal_date = Some(on);
        self.reversal_reason = Some(reason);
        self.reversal_entry_id = entry;
        self
    }

    pub fn must_be_draft(&self) -> Result<()> {
        match self.status {
            PaymentStatus::Draft => Ok(()),
            s => Err(NOT_A_DRAFT.with(format!("The payment is {s}.")).in_state(s, &self.actions())),
        }
    }

    pub fn must_be_posted(&self) -> Result<()> {
        match self.status {
            PaymentStatus::Posted | PaymentStatus::Allocated => Ok(()),
            s => Err(NOT_POSTED.with(format!("The payment is {s}.")).in_state(s, &self.actions())),
        }
    }

    /// Refuses amounts that make no sense and computes the company's amount.
    pub fn check(mut self, company_places: u32) -> Result<Self> {
        if !self.amount.is_positive() {
            return Err(NOT_POSITIVE.field("/amount", "The amount is above zero."));
        }
        if self.fee.is_negative() || self.fee > self.amount || (self.direction == PaymentDirection::Out && !self.fee.is_zero()) {
            return Err(NOT_POSITIVE.field("/fee", "The fee of an incoming payment is between zero and the amount; others have none."));
        }
        self.amount_company = Amount::exact(round(self.amount.get() * self.exchange_rate.get(), company_places))?;
        Ok(self)
    }

    /// Whether two drafts move the same money on the same day for the same documents. The reference is not of the substance.
    pub fn is_same_in_substance(&self, other: &Self) -> bool {
        let settles = |p: &Self| -> Vec<_> { p.allocate_to.iter().map(|a| (a.invoice_id, a.credit_note_id, a.amount)).collect() };
        (self.payment_date, self.method, self.exchange_rate, self.amount, self.fee)
            == (other.payment_date, other.method, other.exchange_rate, other.amount, other.fee)
            && settles(self) == settles(other)
    }

    /// The lines of its entry. In: clearing and fee against the receivable; out: the receivable against clearing.
    pub fn posting_lines(&self, company_places: u32) -> Result<Vec<PostingLine>> {
        let receivable = AccountRef::Role(Role::Receivable, None);
        let fee = Amount::exact(round(self.fee.get() * self.exchange_rate.get(), company_places))?;
        let lines = match self.direction {
            PaymentDirection::In => vec![
                PostingLine::debit(AccountRef::Role(Role::ReceiptsInTransit, None), self.amount_company - fee)
                    .in_currency(self.amount - self.fee),
                PostingLine::debit(AccountRef::Role(Role::BankCharges, None), fee).in_currency(self.fee),
                PostingLine::credit(receivable, self.amount_company).in_currency(self.amount),
            ],
            PaymentDirection::Out => vec![
                PostingLine::debit(receivable, self.amount_company).in_currency(self.amount),
                PostingLine::credit(AccountRef::Role(Role::PaymentsInTransit, None), self.amount_company).in_currency(self.amount),
            ],
        };
        Ok(lines.into_iter().map(|l| l.party(self.party_id)).collect())
    }

    /// The payment with this much not yet used.
    pub fn settled(mut self, unallocated: Amount) -> Self {
        self.unallocated = unallocated;
        self.status = if unallocated.is_zero() { PaymentStatus::Allocated } else { PaymentStatus::Posted };
        self
    }
}
