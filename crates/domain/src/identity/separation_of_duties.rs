//! Pairs of duties that should not be in one hand, as data. They are reported, not enforced: a small company may have
//! only one pair of hands, and then the report is what its auditor asks for.

use serde::Serialize;
use utoipa::ToSchema;

use super::permissions::Permissions;
use crate::ids::UserId;

/// A pair of duties that should not be in one hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SodRule {
    /// The stable name.
    pub code: &'static str,
    /// What could go wrong.
    pub risk: &'static str,
    /// One duty, as a permission.
    pub first: &'static str,
    /// The other.
    pub second: &'static str,
}

const fn rule(code: &'static str, first: &'static str, second: &'static str, risk: &'static str) -> SodRule {
    SodRule { code, risk, first, second }
}

/// The shipped pairs.
pub const RULES: &[SodRule] = &[
    rule("vendor_and_payment", "directory.parties.create", "banking.payments.post", "Invents a business partner and pays it."),
    rule("order_and_receipt", "purchasing.orders.approve", "purchasing.receipts.post", "Approves a purchase and confirms its arrival."),
    rule("bill_and_payment", "purchasing.bills.post", "banking.payments.post", "Books a bill and pays it."),
    rule(
        "journal_and_approval",
        "accounting.journal_entries.create",
        "accounting.journal_entries.post",
        "Writes a journal entry and approves it.",
    ),
    rule("bank_details_and_payroll", "people.employees.update", "people.payroll_runs.pay", "Changes a bank account and pays wages to it."),
    rule(
        "credit_limit_and_release",
        "directory.customer_terms.update",
        "sales.orders.release",
        "Raises a credit limit and releases orders held for credit.",
    ),
    rule(
        "adjustment_and_approval",
        "inventory.adjustments.create",
        "inventory.adjustments.post",
        "Notes what is missing and writes it off.",
    ),
    rule("count_and_approval", "inventory.counts.record", "inventory.counts.approve", "Counts the stock and approves the count."),
    rule(
        "inspection_and_release",
        "manufacturing.inspections.record",
        "manufacturing.inspections.release",
        "Inspects goods and releases them.",
    ),
    rule("invoice_and_payment", "receivables.invoices.post", "banking.payments.post", "Invoices a customer and keeps the payment."),
    rule(
        "users_and_books",
        "identity.users.update",
        "accounting.journal_entries.post",
        "Makes users and posts to the books in their name.",
    ),
    rule(
        "periods_and_books",
        "accounting.periods.reopen",
        "accounting.journal_entries.create",
        "Reopens a closed period and books into it.",
    ),
];

/// The shipped pairs of duties.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SodRules {
    /// The pairs.
    #[schema(max_items = 100)]
    pub rules: Vec<SodConflict>,
}

/// A pair of duties that should not be in one hand.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SodConflict {
    /// The stable name of the pair.
    #[schema(max_length = 60)]
    pub code: String,
    /// What could go wrong.
    #[schema(max_length = 200)]
    pub risk: String,
    /// The two permissions.
    #[schema(min_items = 2, max_items = 2)]
    pub permissions: Vec<String>,
}

/// A user with pairs of duties in one hand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserSodConflicts {
    pub user_id: UserId,
    /// The name of the user.
    #[schema(max_length = 200)]
    pub name: String,
    /// The codes of the roles of the user.
    #[schema(max_items = 200)]
    pub roles: Vec<String>,
    /// The pairs in this hand.
    #[schema(max_items = 100)]
    pub conflicts: Vec<SodConflict>,
}

/// All active users with pairs of duties in one hand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SodReport {
    /// How many active users were looked at.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub users_checked: i64,
    /// How many of them have a conflict; `users` names the first 1000.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub users_with_conflicts: i64,
    /// The users with conflicts, by name.
    #[schema(max_items = 1000)]
    pub users: Vec<UserSodConflicts>,
}

impl From<&SodRule> for SodConflict {
    fn from(r: &SodRule) -> Self {
        Self { code: r.code.into(), risk: r.risk.into(), permissions: vec![r.first.into(), r.second.into()] }
    }
}

/// The pairs that these permissions put into one hand.
pub fn conflicts(permissions: &Permissions) -> Vec<SodConflict> {
    let both = |r: &&SodRule| permissions.allow(r.first) && permissions.allow(r.second);
    RULES.iter().filter(both).map(SodConflict::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_duty_is_no_conflict_and_two_are() {
        assert!(conflicts(&Permissions::of(["accounting.journal_entries.create"])).is_empty());
        let found = conflicts(&Permissions::of(["accounting.journal_entries.create", "accounting.journal_entries.post"]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, "journal_and_approval");
    }

    #[test]
    fn wildcards_count() {
        assert_eq!(conflicts(&Permissions::of(["*"])).len(), RULES.len());
        assert!(conflicts(&Permissions::of(["*.*.read"])).is_empty());
    }

    #[test]
    fn every_rule_names_two_permissions() {
        for r in RULES {
            for p in [r.first, r.second] {
                assert!(super::super::permissions::is_pattern(p) && !p.contains('*'), "{p}");
            }
        }
    }
}
