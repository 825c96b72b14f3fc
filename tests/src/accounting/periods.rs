//! Locks of periods: nothing dated in a closed period changes, also under a race.

use serde_json::{Value, json};

use super::{act, buyer, draft, entry, invoice, payment, read};
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
