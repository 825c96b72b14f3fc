//! What the books are set up with: which account serves, when an invoice is due.

use serde_json::json;

use super::{account, act, booked, buyer, draft, invoice, lines};
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

    fn a_changed_payment_term_holds_for_later_postings_only(s) {
        let party = buyer(s);
        let term = json!({"company_id": s.company_id(), "code": "N30", "name": "Net 30", "instalments": [{"percent": "100", "days": 30}]});
        let term = s.post("/v1/receivables/payment-terms", term).created();
        let path = format!("/v1/receivables/payment-terms/{}", id(&term));
        let on_terms = || {
            let made = draft(s, &party, "2026-01-01", "100", &[], json!({"payment_term_id": term["id"]}));
            act(s, &made, "invoices", "post", json!({})).ok()
        };
        let before = on_terms();
        s.patch(&path, &term, json!({"instalments": [{"percent": "99", "days": 10}]})).problem(422, "payment_term.not_a_hundred");
        let changed = s.patch(&path, &term, json!({"instalments": [{"percent": "100", "days": 10}], "name": "Net 10"})).ok();
        assert_eq!((&changed["name"], &changed["version"]), (&json!("Net 10"), &json!(2)));
        assert_eq!(on_terms()["instalments"][0]["due_date"], "2026-01-11");
        let kept = s.get(&format!("/v1/receivables/invoices/{}", id(&before))).ok();
        assert_eq!(kept["instalments"][0]["due_date"], "2026-01-31");
        s.delete(&path, &changed).problem(409, "in_use");
    }

    fn a_payment_term_nobody_used_can_be_deleted(s) {
        let term = json!({"company_id": s.company_id(), "code": "N30", "name": "Net 30", "instalments": [{"percent": "100", "days": 30}]});
        let made = s.post("/v1/receivables/payment-terms", term.clone()).created();
        let path = format!("/v1/receivables/payment-terms/{}", id(&made));
        s.delete(&path, &made).no_content();
        s.get(&path).problem(404, "not_found");
        s.post("/v1/receivables/payment-terms", term).created();
    }
}
