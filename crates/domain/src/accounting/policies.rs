//! How one company keeps its books: the choices that are not data of a single document.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{AccountingPolicyId, CompanyId};
use crate::kernel::{Amount, Code, Failure};

pub const SELF_APPROVAL_ENTRY: Code =
    Code::new(Failure::Forbidden, "journal_entry.self_approval", "Who made a journal entry above the limit may not post it.");
pub const SELF_APPROVAL_PAYMENT: Code =
    Code::new(Failure::Forbidden, "payment.self_approval", "Who made a payment above the limit may not post it.");

/// How one company keeps its books.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountingPolicy {
    /// The id.
    pub id: AccountingPolicyId,
    /// The company.
    pub company_id: CompanyId,
    /// Journal entries above this total may not be posted by the user who made them. Empty: they may.
    #[schema(required)]
    pub entry_self_approval_limit: Option<Amount>,
    /// Outgoing payments above this amount may not be posted by the user who made them. Empty: they may.
    #[schema(required)]
    pub payment_self_approval_limit: Option<Amount>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { AccountingPolicy, AccountingPolicyId, "accounting_policy", company: |s| Some(s.company_id) }

crate::patch! {
    /// Changes to the accounting policy.
    pub struct AccountingPolicyPatch for AccountingPolicy {
        /// Journal entries above this total may not be posted by the user who made them.
        clear entry_self_approval_limit: Amount,
        /// Outgoing payments above this amount may not be posted by the user who made them.
        clear payment_self_approval_limit: Amount,
    }
}
