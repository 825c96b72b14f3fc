//! Locks of periods: nothing dated in a closed period changes, also under a race.

use serde_json::{Value, json};

use super::{account, act, buyer, draft, entry, invoice, new_tax, payment, read};
use crate::fixtures::{id, user_with};
use crate::harness::Server;

fn period(s: &Server, start: &str) -> Value {
    let page = s.get(&format!("/v1/accounting/periods?company_id={}&start_date={start}", s.company_id())).ok();
    page["data"][0].clone()
}

fn turn(s: &Server, start: &str, verb: &str, body: Value) -> Value {
    let p = period(s, start);
    s.act(&format!("/v1/accounting/periods/{}/{verb}", id(&p)), &p, body).ok()
}

each_engine! {
    fn a_closed_period_takes_nothing(s) {
        let party = buyer(s);
        let open = invoice(s, &party, "2026-01-10", "100", &[]);
        let money = payment(s, &party, "2026-01-12", "100");
        let late = draft(s, &party, "2026-01-15", "50", &[], json!({}));
        let manual = entry(s, "2026-01-20", "5");
        let posted = act(s, &entry(s, "2026-01-21", "7"), "journal-entries", "post", json!({})).ok();
        let before = s.get(&format!("/v1/accounting/reports/trial-balance?company_id={}&to_date=2026-01-31", s.company_id())).ok();
        turn(s, "2026-01-01", "close", json!({}));
        act(s, &late, "invoices", "post", json!({})).problem(409, "period.closed");
        act(s, &manual, "journal-entries", "post", json!({})).problem(409, "period.closed");
        act(s, &money, "payments", "allocate", json!({"invoice_id": open["id"]})).problem(409, "period.closed");
        act(s, &open, "invoices", "write-off", json!({"reason": "gone", "posting_date": "2026-01-31"})).problem(409, "period.closed");
        let note = act(s, &open, "invoices", "credit", json!({"credit_date": "2026-01-31"})).ok();
        act(s, &note, "credit-notes", "post", json!({})).problem(409, "period.closed");
        let reversal = act(s, &posted, "journal-entries", "reverse", json!({})).ok();
        assert_eq!(reversal["posting_date"], "2026-02-01", "it goes to the first open day");
        let after = s.get(&format!("/v1/accounting/reports/trial-balance?company_id={}&to_date=2026-01-31", s.company_id())).ok();
        assert_eq!(before, after);
        turn(s, "2026-01-01", "reopen", json!({}));
        act(s, &late, "invoices", "post", json!({})).ok();
    }

    fn a_part_of_the_books_closes_alone(s) {
        turn(s, "2026-02-01", "close", json!({"classes": ["ar"]}));
        let late = draft(s, &buyer(s), "2026-02-15", "50", &[], json!({}));
        act(s, &late, "invoices", "post", json!({})).problem(409, "period.closed");
        act(s, &entry(s, "2026-02-20", "5"), "journal-entries", "post", json!({})).ok();
    }

    fn a_document_over_nothing_asks_its_lock_too(s) {
        let party = buyer(s);
        let free = invoice(s, &party, "2026-01-10", "0", &[]);
        let note = act(s, &free, "invoices", "credit", json!({"credit_date": "2026-01-31"})).ok();
        let late = draft(s, &party, "2026-01-15", "0", &[], json!({}));
        turn(s, "2026-01-01", "close", json!({}));
        act(s, &late, "invoices", "post", json!({})).problem(409, "period.closed");
        act(s, &note, "credit-notes", "post", json!({})).problem(409, "period.closed");
        turn(s, "2026-01-01", "reopen", json!({}));
        act(s, &note, "credit-notes", "post", json!({})).ok();
    }

    fn the_tax_lock_is_asked_by_whatever_changes_taxes(s) {
        let party = buyer(s);
        let t = new_tax(s, "T20", "20");
        let shifted = json!({"company_id": s.company_id(), "code": "SHIFTED", "name": "Shifted", "treatment": "reverse_charge", "rates": [{"valid_from_date": "2000-01-01", "rate": "20"}]});
        let shifted = id(&s.post("/v1/tax/codes", shifted).created()).to_string();
        let open = invoice(s, &party, "2026-01-10", "100", std::slice::from_ref(&t));
        let note = act(s, &open, "invoices", "credit", json!({"credit_date": "2026-01-31"})).ok();
        let taxed = draft(s, &party, "2026-01-15", "50", &[t], json!({}));
        let reverse = draft(s, &party, "2026-01-15", "50", &[shifted], json!({}));
        let free = draft(s, &party, "2026-01-15", "50", &[], json!({}));
        let manual = |code: &str| {
            let body = json!({"company_id": s.company_id(), "posting_date": "2026-01-20", "lines": [
                {"account_id": account(s, "1010"), "debit": "5"}, {"account_id": account(s, code), "credit": "5"}]});
            s.post("/v1/accounting/journal-entries", body).created()
        };
        let (on_tax, off_tax) = (manual("2100"), manual("3010"));
        turn(s, "2026-01-01", "close", json!({"classes": ["tax"]}));
        act(s, &taxed, "invoices", "post", json!({})).problem(409, "period.closed");
        act(s, &reverse, "invoices", "post", json!({})).problem(409, "period.closed");
        act(s, &note, "credit-notes", "post", json!({})).problem(409, "period.closed");
        act(s, &on_tax, "journal-entries", "post", json!({})).problem(409, "period.closed");
        let loss = |relief: bool| json!({"reason": "Gone", "posting_date": "2026-01-31", "tax_relief": relief});
        act(s, &open, "invoices", "write-off", loss(true)).problem(409, "period.closed");
        act(s, &free, "invoices", "post", json!({})).ok();
        act(s, &off_tax, "journal-entries", "post", json!({})).ok();
        act(s, &open, "invoices", "write-off", loss(false)).ok();
    }

    fn soft_closed_is_for_the_named_few(s) {
        turn(s, "2026-03-01", "soft-close", json!({}));
        let draft = entry(s, "2026-03-20", "5");
        let clerk = user_with(s, &["accounting.journal_entries.*"], &[s.company_id()]);
        act(&clerk, &draft, "journal-entries", "post", json!({})).problem(409, "period.soft_closed");
        act(s, &draft, "journal-entries", "post", json!({})).ok();
    }

    fn a_day_without_a_period_is_refused(s) {
        act(s, &entry(s, "2031-03-20", "5"), "journal-entries", "post", json!({})).problem(422, "period.missing");
        let body = json!({"company_id": s.company_id(), "start_date": "2028-01-01"});
        s.post("/v1/accounting/fiscal-years", body.clone()).created();
        s.post("/v1/accounting/fiscal-years", body).problem(409, "fiscal_year.overlaps");
        s.post("/v1/accounting/fiscal-years", json!({"company_id": s.company_id(), "start_date": "2030-01-02"})).problem(422, "fiscal_year.not_a_first_day");
    }

    fn closing_races_with_posting_and_nothing_slips_in(s) {
        let drafts: Vec<Value> = (0..12).map(|_| entry(s, "2026-04-10", "1")).collect();
        let p = period(s, "2026-04-01");
        let answers = s.parallel(13, |i, c| match drafts.get(i) {
            Some(d) => act(c, d, "journal-entries", "post", json!({})).status,
            None => c.act(&format!("/v1/accounting/periods/{}/close", id(&p)), &p, json!({})).status,
        });
        assert_eq!(answers[12], 200, "{answers:?}");
        let posted = answers[..12].iter().filter(|a| **a == 200).count();
        assert!(answers[..12].iter().all(|a| [200, 409].contains(a)), "{answers:?}");
        let in_books = s.all(&format!("/v1/accounting/journal-entries?company_id={}&status=posted", s.company_id()));
        assert_eq!(in_books.len(), posted);
        // whatever was posted was posted before the period closed
        let closed = s.get(&format!("/v1/platform/events?subject={}&limit=10", id(&p)));
        assert!(closed.status == 200 || closed.status == 400, "{}", closed.text());
        for draft in drafts {
            let now = read(s, "journal-entries", &draft);
            if now["status"] == "draft" {
                act(s, &now, "journal-entries", "post", json!({})).problem(409, "period.closed");
            }
        }
    }
}
