//! Rows of accounting policies.

use domain::accounting::policies::AccountingPolicy;

crate::record! {
    accounting_policies: AccountingPolicy {
        id: uid, company_id: uid, entry_self_approval_limit: opt(amount), payment_self_approval_limit: opt(amount),
        version: int, created_at: instant, updated_at: instant,
    }
}
