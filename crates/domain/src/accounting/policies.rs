//! How one company keeps its books: the choices that are not data of a single document.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{AccountingPolicyId, CompanyId, UserId};
use crate::kernel::{Amount, Code, Failure};

pub const SELF_APPROVAL_ENTRY: Code =
    Code::new(Failure::Forbidden, "journal_entry.self_approval", "Who wrote a journal entry above the limit may not post it.");
pub const SELF_APPROVAL_PAYMENT: Code =
    Code::new(Failure::Forbidden, "payment.self_approval", "Who wrote a payment above the limit may not post it.");

/// How one company keeps its books.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountingPolicy {
    /// The id.
    pub id: AccountingPolicyId,
    /// The company.
    pub company_id: CompanyId,
    /// Journal entries above this total may not be posted by a user who made them or changed their substance. Empty: they may.
    #[schema(required)]
    pub entry_self_approval_limit: Option<Amount>,
    /// Outgoing payments above this amount may not be posted by a user who made them or changed their substance. Empty: they may.
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

/// Whether a document needs a second pair of eyes: it is above the limit, and whoever wants to post it is among those who
/// wrote it.
pub fn is_self_approval(by: Option<UserId>, authors: &[UserId], total: Amount, limit: Option<Amount>) -> bool {
    by.is_some_and(|by| authors.contains(&by)) && limit.is_some_and(|limit| total > limit)
}

/// The authors of a document after `by` has changed its substance.
pub fn with_author(mut authors: Vec<UserId>, by: Option<UserId>) -> Vec<UserId> {
    authors.extend(by.filter(|by| !authors.contains(by)));
    authors
}

crate::patch! {
    /// Changes to the accounting policy.
    pub struct AccountingPolicyPatch for AccountingPolicy {
        /// Journal entries above this total may not be posted by a user who made them or changed their substance.
        clear entry_self_approval_limit: Amount,
        /// Outgoing payments above this amount may not be posted by a user who made them or changed their substance.
        clear payment_self_approval_limit: Amount,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn whoever_wrote_a_part_needs_somebody_else_above_the_limit() {
        let amount = |text: &str| text.parse::<Amount>().expect("an amount");
        let authors = with_author(with_author(vec![user(1)], Some(user(2))), Some(user(1)));
        assert_eq!(authors, [user(1), user(2)]);
        for (by, total, limit, expected) in [
            (Some(1), "100.01", Some("100"), true),
            (Some(2), "100.01", Some("100"), true),
            (Some(3), "100.01", Some("100"), false),
            (Some(2), "100.00", Some("100"), false),
            (Some(2), "100.01", None, false),
            (None, "100.01", Some("100"), false),
        ] {
            assert_eq!(is_self_approval(by.map(user), &authors, amount(total), limit.map(amount)), expected, "{by:?} {total}");
        }
    }
}
