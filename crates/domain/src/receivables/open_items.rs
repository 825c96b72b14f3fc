//! The receivables subledger: one item for each instalment, credit note and payment, and the dated rows that change it.
//! What was open on any day is the sum of the rows up to it; their sum in company currency is the control account.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AccountId, AllocationId, CompanyId, ItemEntryId, OpenItemId, PartyId};
use crate::kernel::{Amount, Rate};

crate::words! {
    /// What an open item comes from.
    pub enum ItemKind {
        /// An instalment of an invoice; positive.
        Invoice = "invoice",
        /// Negative.
        CreditNote = "credit_note",
        /// Money received; negative.
        Payment = "payment",
        /// Money paid back; positive.
        Refund = "refund",
    }
    /// Why an open item changed.
    pub enum EntryCause {
        /// The document itself.
        Document = "document",
        Allocation = "allocation",
        /// Early payment.
        Discount = "discount",
        /// Small differences.
        Tolerance = "tolerance",
        WriteOff = "write_off",
        /// The document was taken back.
        Reversal = "reversal",
    }
    /// How late an item is on a day.
    pub enum AgeBucket {
        NotDue = "not_due",
        Days1To30 = "days_1_30",
        Days31To60 = "days_31_60",
        Days61To90 = "days_61_90",
        Over90 = "over_90",
    }
}

/// Something a customer owes (positive) or has open with us (negative).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenItem {
    /// The id.
    pub id: OpenItemId,
    /// The company.
    pub company_id: CompanyId,
    /// The customer.
    pub party_id: PartyId,
    /// What it comes from.
    pub kind: ItemKind,
    /// The id of the document.
    #[schema(max_length = 60)]
    pub document_id: String,
    /// The number of the document.
    #[schema(max_length = 40, example = "INV-2026-00012")]
    pub document_number: String,
    /// The instalment.
    #[schema(minimum = 1, maximum = 36)]
    pub position: i32,
    /// The account it is booked on, and settled on whatever the account determinations say later.
    #[schema(required)]
    pub account_id: Option<AccountId>,
    /// The day of the document.
    pub document_date: NaiveDate,
    /// The day it is due.
    pub due_date: NaiveDate,
    /// The currency, ISO 4217.
    #[schema(min_length = 3, max_length = 3, example = "EUR")]
    pub currency: String,
    /// Company currency for one unit of the currency.
    pub exchange_rate: Rate,
    /// The original amount in the document's currency.
    pub amount: Amount,
    /// What is open of it: now, or on the day asked for.
    pub outstanding: Amount,
    /// The same in the company's currency, at the booked rate.
    pub outstanding_company: Amount,
    /// The last day on which something happened to it.
    pub last_entry_date: NaiveDate,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { OpenItem, OpenItemId, "open_item", company: |i| Some(i.company_id), party: |i| Some(i.party_id) }

/// A dated change of an open item. Never changed afterwards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemEntry {
    /// The id.
    pub id: ItemEntryId,
    /// The company.
    pub company_id: CompanyId,
    pub item_id: OpenItemId,
    /// The allocation.
    pub allocation_id: Option<AllocationId>,
    pub cause: EntryCause,
    pub effective_date: NaiveDate,
    /// How much.
    pub amount: Amount,
    pub amount_company: Amount,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl AgeBucket {
    /// The bucket of an item due on `due`, on the day `as_of`.
    pub fn of(due: NaiveDate, as_of: NaiveDate) -> Self {
        match (as_of - due).num_days() {
            ..=0 => Self::NotDue,
            1..=30 => Self::Days1To30,
            31..=60 => Self::Days31To60,
            61..=90 => Self::Days61To90,
            _ => Self::Over90,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_one_bucket() {
        let day = |s: &str| s.parse::<NaiveDate>().expect("a date");
        for (as_of, bucket) in [
            ("2026-01-01", AgeBucket::NotDue),
            ("2026-01-31", AgeBucket::NotDue),
            ("2026-02-01", AgeBucket::Days1To30),
            ("2026-03-02", AgeBucket::Days1To30),
            ("2026-03-03", AgeBucket::Days31To60),
            ("2026-04-01", AgeBucket::Days31To60),
            ("2026-04-02", AgeBucket::Days61To90),
            ("2026-05-01", AgeBucket::Days61To90),
            ("2026-05-02", AgeBucket::Over90),
        ] {
            assert_eq!(AgeBucket::of(day("2026-01-31"), day(as_of)), bucket, "{as_of}");
        }
    }
}
