//! Account determination: which account serves a role.

use serde_json::json;

use super::{account, act, booked, buyer, invoice, lines};
use crate::fixtures::{id, verified};

each_engine! {
    fn the_next_posting_uses_the_account_that_is_named_now(s) {
        let party = buyer(s);
        let posted = invoice(s, &party, "2026-01-10", "100", &[]);
        let rule = s.all(&format!("/v1/accounting/account-determinations?company_id={}&role=sales_returns", s.company_id())).remove(0);
        let path = format!("/v1/accounting/account-determinations/{}", id(&rule));
        s.patch(&path, &rule, json!({"account_id": account(s, "4000")})).problem(422, "account.is_heading");
        let changed = s.patch(&path, &rule, json!({"account_id": account(s, "4900")})).ok();
        assert_eq!((&changed["account_id"], &changed["version"]), (&json!(account(s, "4900")), &json!(2)));
        let note = act(s, &posted, "invoices", "credit", json!({})).ok();
        let note = act(s, &note, "credit-notes", "post", json!({})).ok();
        assert_eq!(booked(s, &note["journal_entry_id"]), lines(&[("4900", "100.00", "0.00"), ("1100", "0.00", "100.00")]));
        verified(s);
    }
}
