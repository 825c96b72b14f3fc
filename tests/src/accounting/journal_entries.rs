//! Entries by hand: balanced, numbered without gaps, never changed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{account, act, entry, read};
use crate::fixtures::{id, money, user_with, verified};

each_engine! {
    fn a_draft_becomes_a_posted_entry_with_a_number(s) {
        let made = entry(s, "2026-01-05", "12.50");
        assert_eq!((made["status"].as_str(), made["number"].as_str()), (Some("draft"), None));
        assert!(s.all(&format!("/v1/accounting/gl-lines?company_id={}", s.company_id())).is_empty(), "a draft is not in the ledger");
        let posted = act(s, &made, "journal-entries", "post", json!({})).ok();
        assert_eq!((posted["number"].as_str(), posted["total"].as_str()), (Some("GJ-2026-00001"), Some("12.50")));
        let lines = s.all(&format!("/v1/accounting/gl-lines?account_id={}&posting_date_gte=2026-01-01", account(s, "1010")));
        assert_eq!((lines.len(), lines[0]["debit"].as_str()), (1, Some("12.50")));
        act(s, &posted, "journal-entries", "post", json!({})).problem(409, "journal_entry.not_a_draft");
        s.patch(&format!("/v1/accounting/journal-entries/{}", id(&posted)), &posted, json!({"description": "x"})).problem(409, "journal_entry.not_a_draft");
        s.delete(&format!("/v1/accounting/journal-entries/{}", id(&posted)), &posted).problem(409, "journal_entry.not_a_draft");
        verified(s);
    }

    fn an_entry_must_balance_when_it_is_posted(s) {
        let body = |credit: &str| json!({"company_id": s.company_id(), "posting_date": "2026-01-05", "lines": [
            {"account_id": account(s, "1010"), "debit": "10"}, {"account_id": account(s, "3010"), "credit": credit}]});
        let made = s.post("/v1/accounting/journal-entries", body("9.99")).created();
        act(s, &made, "journal-entries", "post", json!({})).problem(422, "journal_entry.unbalanced");
        let path = format!("/v1/accounting/journal-entries/{}", id(&made));
        let fixed = s.patch(&path, &made, json!({"lines": body("10")["lines"]})).ok();
        act(s, &fixed, "journal-entries", "post", json!({})).ok();
        let two_sided = json!({"company_id": s.company_id(), "posting_date": "2026-01-05", "lines": [
            {"account_id": account(s, "1010"), "debit": "10", "credit": "10"}]});
        s.post("/v1/accounting/journal-entries", two_sided).problem(422, "invalid_body");
        let too_fine = json!({"company_id": s.company_id(), "posting_date": "2026-01-05", "lines": [{"account_id": account(s, "1010"), "debit": "0.001"}]});
        s.post("/v1/accounting/journal-entries", too_fine).problem(422, "invalid_body");
    }

    fn headings_and_control_accounts_are_closed_to_hands(s) {
        for (code, problem) in [("1000", "account.is_heading"), ("1100", "account.is_control")] {
            let body = json!({"company_id": s.company_id(), "posting_date": "2026-01-05", "lines": [
                {"account_id": account(s, code), "debit": "10"}, {"account_id": account(s, "3010"), "credit": "10"}]});
            s.post("/v1/accounting/journal-entries", body).problem(422, problem);
        }
    }

    fn a_reversal_links_back_and_happens_once(s) {
        let posted = act(s, &entry(s, "2026-01-05", "80"), "journal-entries", "post", json!({})).ok();
        let reversal = act(s, &posted, "journal-entries", "reverse", json!({"posting_date": "2026-01-31"})).ok();
        assert_eq!((&reversal["reverses_id"], reversal["number"].as_str()), (&posted["id"], Some("GJ-2026-00002")));
        let now = read(s, "journal-entries", &posted);
        assert_eq!((&now["reversed_by_id"], now["status"].as_str()), (&reversal["id"], Some("posted")));
        act(s, &now, "journal-entries", "reverse", json!({})).problem(409, "journal_entry.already_reversed");
        let report = s.get(&format!("/v1/accounting/reports/trial-balance?company_id={}&to_date=2026-12-31", s.company_id())).ok();
        assert!(report["rows"].as_array().expect("rows").iter().all(|r| money(&r["closing"]).is_zero()), "{report}");
        verified(s);
    }

    fn who_made_a_large_entry_does_not_post_it(s) {
        let policy = s.all(&format!("/v1/accounting/policies?company_id={}", s.company_id())).remove(0);
        let path = format!("/v1/accounting/policies/{}", id(&policy));
        s.patch(&path, &policy, json!({"entry_self_approval_limit": "100"})).ok();
        let large = entry(s, "2026-01-05", "100.01");
        act(s, &large, "journal-entries", "post", json!({})).problem(403, "journal_entry.self_approval");
        act(s, &entry(s, "2026-01-05", "100"), "journal-entries", "post", json!({})).ok();
        let other = user_with(s, &["accounting.journal_entries.*"], &[s.company_id()]);
        act(&other, &large, "journal-entries", "post", json!({})).ok();
    }

    fn who_changed_the_substance_does_not_post_it_either(s) {
        let policy = s.all(&format!("/v1/accounting/policies?company_id={}", s.company_id())).remove(0);
        let path = format!("/v1/accounting/policies/{}", id(&policy));
        s.patch(&path, &policy, json!({"entry_self_approval_limit": "100"})).ok();
        let clerk = || user_with(s, &["accounting.journal_entries.*"], &[s.company_id()]);
        let (second, third) = (clerk(), clerk());
        let small = entry(s, "2026-01-05", "1");
        let place = format!("/v1/accounting/journal-entries/{}", id(&small));
        let line = |from: &Value, side: &str| {
            let other = if side == "debit" { "credit" } else { "debit" };
            json!({"account_id": from["account_id"], side: "100000.00", other: "0"})
        };
        let lines = json!([line(&small["lines"][0], "debit"), line(&small["lines"][1], "credit")]);
        let large = second.patch(&place, &small, json!({"lines": lines})).ok();
        assert_eq!(large["authors"].as_array().unwrap().len(), 2, "{large}");
        act(&second, &large, "journal-entries", "post", json!({})).problem(403, "journal_entry.self_approval");
        act(s, &large, "journal-entries", "post", json!({})).problem(403, "journal_entry.self_approval");
        // words are not the substance, and whoever only wrote words is no author
        let worded = third.patch(&place, &large, json!({"description": "Reviewed", "metadata": {"seen": "yes"}})).ok();
        assert_eq!(worded["authors"], large["authors"]);
        act(&second, &worded, "journal-entries", "post", json!({})).problem(403, "journal_entry.self_approval");
        act(&third, &worded, "journal-entries", "post", json!({})).ok();
        verified(s);
    }

    fn sixteen_posters_leave_no_gap_and_no_double(s) {
        let drafts: Vec<Value> = (0..32).map(|_| entry(s, "2026-01-05", "1")).collect();
        let answers = s.spread(16, &drafts, |d, c| act(c, d, "journal-entries", "post", json!({})).ok());
        let numbers: BTreeSet<String> = answers.iter().map(|a| a["number"].as_str().unwrap_or_default().to_string()).collect();
        let expected: BTreeSet<String> = (1..=32).map(|n| format!("GJ-2026-{n:05}")).collect();
        assert_eq!(numbers, expected);
        verified(s);
    }

    fn a_dry_run_takes_no_number(s) {
        let made = entry(s, "2026-01-05", "1");
        let path = format!("/v1/accounting/journal-entries/{}/post?dry_run=true", id(&made));
        assert_eq!(s.act(&path, &made, json!({})).ok()["number"], "GJ-2026-00001");
        assert_eq!(read(s, "journal-entries", &made)["status"], "draft");
        assert_eq!(act(s, &made, "journal-entries", "post", json!({})).ok()["number"], "GJ-2026-00001");
    }

    fn a_deleted_draft_leaves_nothing_and_no_gap(s) {
        let (gone, kept) = (entry(s, "2026-01-05", "1"), entry(s, "2026-01-05", "2"));
        let path = format!("/v1/accounting/journal-entries/{}", id(&gone));
        s.delete(&path, 99).problem(412, "precondition_failed");
        s.delete(&path, &gone).no_content();
        s.get(&path).problem(404, "not_found");
        assert_eq!(act(s, &kept, "journal-entries", "post", json!({})).ok()["number"], "GJ-2026-00001");
        verified(s);
    }

    /// Four writers move money between three accounts on two replicas while two readers look: whatever moment they see,
    /// both sides are equal and nothing was made or lost.
    fn readers_see_balanced_books_at_every_moment(s) {
        let other = s.replica();
        let places: [&crate::harness::Client; 2] = [s, &other];
        let accounts = ["1010", "1020", "3010"].map(|code| account(s, code));
        let path = format!("/v1/accounting/reports/trial-balance?company_id={}&to_date=2026-12-31", s.company_id());
        let done = std::sync::atomic::AtomicUsize::new(0);
        const WRITERS: usize = 4;
        let seen = s.parallel(WRITERS + 2, |i, _| {
            let c = places[i % 2];
            if i < WRITERS {
                for n in 0..15 {
                    let (from, to) = (&accounts[(i + n) % 3], &accounts[(i + n + 1) % 3]);
                    let amount = format!("{}.{:02}", n + 1, i);
                    let body = json!({"company_id": s.company_id(), "posting_date": "2026-01-05", "lines": [
                        {"account_id": to, "debit": amount}, {"account_id": from, "credit": amount}]});
                    let draft = c.post("/v1/accounting/journal-entries", body).created();
                    act(c, &draft, "journal-entries", "post", json!({})).ok();
                }
                done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                return 0;
            }
            let mut looks = 0;
            while done.load(std::sync::atomic::Ordering::SeqCst) < WRITERS || looks < 20 {
                let report = c.get(&path).ok();
                assert_eq!(report["total_debit"], report["total_credit"], "{report}");
                assert!(money(&report["total_closing"]).is_zero(), "{report}");
                let sum: rust_decimal::Decimal = report["rows"].as_array().unwrap().iter().map(|r| money(&r["closing"])).sum();
                assert!(sum.is_zero(), "{report}");
                looks += 1;
            }
            looks
        });
        assert!(seen[WRITERS..].iter().all(|looks| *looks >= 20), "{seen:?}");
        let expected: rust_decimal::Decimal = (0..WRITERS).flat_map(|i| (0..15).map(move |n| format!("{}.{:02}", n + 1, i).parse::<rust_decimal::Decimal>().unwrap())).sum();
        assert_eq!(money(&s.get(&path).ok()["total_debit"]), expected);
        verified(s);
    }
}
