//! The chart of accounts and account determination.

use serde_json::json;

use super::{account, act, booked, buyer, draft, entry};
use crate::fixtures::id;

each_engine! {
    fn every_company_starts_with_a_whole_chart(s) {
        let accounts = s.all(&format!("/v1/accounting/accounts?company_id={}", s.company_id()));
        assert!(accounts.len() > 110, "{}", accounts.len());
        let receivable = accounts.iter().find(|a| a["code"] == "1100").expect("1100");
        assert_eq!((receivable["control"].as_bool(), receivable["normal_side"].as_str()), (Some(true), Some("debit")));
        let years = s.all(&format!("/v1/accounting/fiscal-years?company_id={}", s.company_id()));
        let names: Vec<_> = years.iter().map(|y| y["name"].as_str().unwrap_or_default()).collect();
        assert_eq!(names, ["2025", "2026", "2027"]);
        assert_eq!(s.all(&format!("/v1/accounting/periods?company_id={}", s.company_id())).len(), 36);
    }

    fn an_account_has_a_number_of_its_own(s) {
        let body = json!({"company_id": s.company_id(), "code": "6115", "name": "Water", "account_type": "expense"});
        let made = s.post("/v1/accounting/accounts", body.clone()).created();
        s.post("/v1/accounting/accounts", body).problem(409, "already_exists");
        let path = format!("/v1/accounting/accounts/{}", id(&made));
        let changed = s.patch(&path, &made, json!({"name": "Water and sewage"})).ok();
        assert_eq!(changed["name"], "Water and sewage");
        s.patch(&path, &made, json!({"name": "Lost update"})).problem(412, "precondition_failed");
        s.delete(&path, &changed).no_content();
    }

    fn an_account_in_use_is_not_deleted(s) {
        let cash = account(s, "1010");
        let draft = entry(s, "2026-01-02", "10");
        act(s, &draft, "journal-entries", "post", json!({})).ok();
        s.delete(&format!("/v1/accounting/accounts/{cash}"), 1).problem(409, "in_use");
    }

    fn a_posting_without_a_rule_is_refused_and_the_most_specific_rule_wins(s) {
        let rules = s.all(&format!("/v1/accounting/account-determinations?company_id={}&role=revenue&item_class=service", s.company_id()));
        let rule = rules.first().expect("a rule for services");
        s.delete(&format!("/v1/accounting/account-determinations/{}", id(rule)), rule).no_content();
        let made = draft(s, &buyer(s), "2026-01-02", "10", &[], json!({}));
        act(s, &made, "invoices", "post", json!({})).problem(422, "posting_rule_missing");
        let body = json!({"company_id": s.company_id(), "role": "revenue", "account_id": account(s, "4900"), "valid_from_date": "2026-01-01"});
        s.post("/v1/accounting/account-determinations", body).created();
        let posted = act(s, &made, "invoices", "post", json!({})).ok();
        assert_eq!(booked(s, &posted["journal_entry_id"])[1].0, "4900");
        assert_eq!(posted["number"], "INV-2026-00001", "the refusal took no number");
    }
}
