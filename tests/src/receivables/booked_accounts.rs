//! Items are settled on the account where they were booked, whatever the account determinations say since.

use serde_json::{Value, json};

use crate::accounting::{account, act, booked, buyer, invoice, lines, payment, read};
use crate::fixtures::{id, trial_balance, verified};
use crate::harness::Server;

/// Another receivable account of the company.
fn another(s: &Server) -> Value {
    let body = json!({"company_id": s.company_id(), "code": "1101", "name": "Receivables, new", "account_type": "asset", "control": true});
    s.post("/v1/accounting/accounts", body).created()
}

fn determination(s: &Server) -> Value {
    s.all(&format!("/v1/accounting/account-determinations?company_id={}&role=receivable", s.company_id()))[0].clone()
}

fn difference(s: &Server, day: &str) -> Value {
    s.get(&format!("/v1/receivables/reports/ageing?company_id={}&as_of={day}", s.company_id())).ok()["difference"].clone()
}

each_engine! {
    fn a_later_rule_leaves_nothing_on_the_old_account(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let lost = invoice(s, &party, "2026-01-11", "50", &[]);
        let rule = json!({"company_id": s.company_id(), "role": "receivable", "account_id": another(s)["id"], "valid_from_date": "2026-02-01"});
        s.post("/v1/accounting/account-determinations", rule).created();
        let paid = payment(s, &party, "2026-02-10", "100");
        assert_eq!(booked(s, &paid["journal_entry_id"]), lines(&[("1030", "100.00", "0.00"), ("1101", "0.00", "100.00")]));
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        assert_eq!(booked(s, &paid["allocations"][0]["journal_entry_id"]), lines(&[("1101", "100.00", "0.00"), ("1100", "0.00", "100.00")]));
        act(s, &lost, "invoices", "write-off", json!({"reason": "Gone", "posting_date": "2026-03-01"})).ok();
        let balance = trial_balance(s, "2030-12-31");
        assert_eq!((balance.of("1100"), balance.of("1101")), Default::default());
        for day in ["2026-01-31", "2026-02-10", "2026-12-31"] {
            assert_eq!(difference(s, day), "0.00", "{day}");
        }
        let items = s.get(&format!("/v1/receivables/open-items?company_id={}&as_of=2026-01-31", s.company_id())).ok();
        assert_eq!(items["data"][0]["account_id"], json!(account(s, "1100")));
        let paid = act(s, &paid, "payments", "unallocate", json!({"allocation_id": paid["allocations"][0]["id"]})).ok();
        assert_eq!(paid["unallocated"], "100.00");
        let balance = trial_balance(s, "2030-12-31");
        assert_eq!((balance.of("1100"), balance.of("1101")), (100.into(), (-100).into()));
        verified(s);
    }

    fn changed_and_deleted_rules_do_not_break_the_proofs(s) {
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let rule = determination(s);
        let path = format!("/v1/accounting/account-determinations/{}", id(&rule));
        let rule = s.patch(&path, &rule, json!({"account_id": another(s)["id"]})).ok();
        assert_eq!(difference(s, "2026-12-31"), "0.00");
        verified(s);
        let paid = payment(s, &party, "2026-02-10", "60");
        act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        s.delete(&path, &rule).no_content();
        for day in ["2026-01-31", "2026-12-31"] {
            assert_eq!(difference(s, day), "0.00", "{day}");
        }
        assert_eq!(trial_balance(s, "2030-12-31").of("1100"), 40.into());
        assert_eq!(read(s, "invoices", &owed)["outstanding"], "40.00");
        verified(s);
    }
}
