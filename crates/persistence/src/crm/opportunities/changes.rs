//! Rows of the history of opportunities. The database refuses to change them.

use crate::ledger::Ledger;
use domain::crm::opportunities::changes::OpportunityChange;

crate::record! {
    opportunity_changes: OpportunityChange {
        id: uid, opportunity_id: uid, company_id: uid, field: word, old_value: opt(text), new_value: opt(text),
        old_label: opt(text), new_label: opt(text), reason: opt(text), changed_by_user_id: opt(uid), changed_at: instant,
    }
}

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] =
    &[Ledger { table: "opportunity_changes", columns: &["old_value", "new_value", "old_label", "new_label", "reason"] }];
