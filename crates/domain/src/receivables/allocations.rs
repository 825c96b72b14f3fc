//! Allocations: dated rows that say what settled what. Undoing one adds a row with the opposite signs.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AllocationId, CompanyId, CreditNoteId, InvoiceId, JournalEntryId, PartyId, PaymentId};
use crate::kernel::{Amount, Code};
use crate::receivables::parts::{Parts, TaxPart};

pub const OVER_ALLOCATED: Code = Code::invalid("allocation.too_much", "More is allocated than is open.");
pub const OTHER_CURRENCY: Code = Code::invalid("allocation.other_currency", "Both documents must be in the same currency.");
pub const OTHER_PARTY: Code = Code::invalid("allocation.other_party", "Both documents must be of the same customer.");
pub const TOO_EARLY: Code =
    Code::invalid("allocation.too_early", "An allocation is not dated before its documents, nor when less was open.");
pub const ALREADY_UNDONE: Code = Code::conflict("allocation.already_undone", "The allocation has been undone already.");

/// What settled what, on which day. Amounts are in the currency of the documents.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Allocation {
    /// The id.
    pub id: AllocationId,
    /// The company.
    pub company_id: CompanyId,
    /// The customer.
    pub party_id: PartyId,
    /// The payment that was used.
    #[schema(required)]
    pub payment_id: Option<PaymentId>,
    /// The credit note that was used, or that a refund settled.
    #[schema(required)]
    pub credit_note_id: Option<CreditNoteId>,
    /// The invoice that was settled.
    #[schema(required)]
    pub invoice_id: Option<InvoiceId>,
    /// The incoming payment that a refund paid back.
    #[schema(required)]
    pub refunded_payment_id: Option<PaymentId>,
    /// The day it counts for.
    pub effective_date: NaiveDate,
    /// How much.
    pub amount: Amount,
    /// Early-payment discount given with it, tax included.
    pub discount: Amount,
    /// The discount in the company's currency.
    pub discount_company: Amount,
    /// The tax in the discount, or the tax that came back with what was given up, by code.
    #[schema(max_items = 100)]
    pub taxes: Vec<TaxPart>,
    /// What was missing and let go, or given up.
    pub write_off: Amount,
    /// What was too much and kept.
    pub overpaid: Amount,
    /// Realised currency gain, negative for a loss, in the company's currency.
    pub exchange_gain: Amount,
    /// The entry of discount, differences and currency, when there was any.
    #[schema(required)]
    pub journal_entry_id: Option<JournalEntryId>,
    /// The allocation that this one undoes.
    #[schema(required)]
    pub reverses_id: Option<AllocationId>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated Allocation, AllocationId, "allocation", company: |a| Some(a.company_id), party: |a| Some(a.party_id) }

impl Allocation {
    /// Whether it gives up what was open, without a payment or credit note.
    pub fn is_write_off(&self) -> bool {
        self.payment_id.is_none() && self.credit_note_id.is_none()
    }

    /// The discount with its tax.
    pub fn discount_parts(&self) -> Parts {
        Parts::gross(self.discount, self.discount_company, &self.taxes)
    }
}

/// What is to be settled with a payment or credit note.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAllocation {
    /// The invoice to settle. Refunds name a credit note or a payment instead.
    #[serde(default)]
    pub invoice_id: Option<InvoiceId>,
    /// The credit note that a refund pays out.
    #[serde(default)]
    pub credit_note_id: Option<CreditNoteId>,
    /// The incoming payment of which a refund pays back what is not used.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// As much as possible when left out. Of several invoices without amounts each gets what settles it, early-payment discount
    /// considered, in the order given; what is more goes to the first.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// The day it counts for: when left out the later of the two documents' days, or that of the last change where less was
    /// open before.
    #[serde(default)]
    pub effective_date: Option<NaiveDate>,
    /// Give the early-payment discount when the payment came in time and covers the rest; true when left out.
    #[serde(default = "crate::kernel::yes")]
    pub take_discount: bool,
}

/// Which allocation is undone.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unallocate {
    /// The allocation.
    pub allocation_id: AllocationId,
    /// The day it counts for: that of the allocation when left out.
    #[serde(default)]
    pub effective_date: Option<NaiveDate>,
}

/// The allocations that stand: neither undone nor undoing another.
pub fn standing(all: &[Allocation]) -> impl Iterator<Item = &Allocation> {
    all.iter().filter(|a| a.reverses_id.is_none() && !all.iter().any(|o| o.reverses_id == Some(a.id)))
}
