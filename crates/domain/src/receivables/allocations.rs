//! Allocations: dated rows that say what settled what. Undoing one adds a row with the opposite signs.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AllocationId, CompanyId, CreditNoteId, InvoiceId, JournalEntryId, PartyId, PaymentId};
use crate::kernel::{Amount, Code};

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
    /// The day it counts for.
    pub effective_date: NaiveDate,
    /// How much.
    pub amount: Amount,
    /// Early-payment discount given with it, tax included.
    pub discount: Amount,
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

/// What is to be settled with a payment or credit note.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAllocation {
    /// The invoice to settle. Refunds name a credit note instead.
    #[serde(default)]
    pub invoice_id: Option<InvoiceId>,
    /// The credit note that a refund pays out.
    #[serde(default)]
    pub credit_note_id: Option<CreditNoteId>,
    /// As much as possible when left out.
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
