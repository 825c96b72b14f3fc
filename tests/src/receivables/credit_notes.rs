//! Credit notes: by line, quantity, amount; never more than the invoice.

use serde_json::json;

use crate::accounting::{act, booked, buyer, invoice, lines, new_tax, payment, read};
use crate::fixtures::{id, verified};

each_engine! {
    fn a_full_credit_note_takes_everything_back(s) {
        let t10 = new_tax(s, "T10", "10");
        let posted = invoice(s, &buyer(s), "2026-01-10", "200", &[t10]);
        let note = act(s, &posted, "invoices", "credit", json!({"reason": "Wrong goods"})).ok();
        assert_eq!((note["status"].as_str(), note["total"].as_str()), (Some("draft"), Some("220.00")));
        let done = act(s, &note, "credit-notes", "post", json!({})).ok();
        assert_eq!((done["number"].as_str(), done["unallocated"].as_str()), (Some("CN-2026-00001"), Some("0.00")));
        assert_eq!(booked(s, &done["journal_entry_id"]), lines(&[("4100", "200.00", "0.00"), ("2100", "20.00", "0.00"), ("1100", "0.00", "220.00")]));
        let now = read(s, "invoices", &posted);
        assert_eq!((now["status"].as_str(), now["outstanding"].as_str()), (Some("credited"), Some("0.00")));
        act(s, &now, "invoices", "credit", json!({})).problem(409, "invalid_state");
        verified(s);
    }

    fn parts_sum_to_the_line_and_no_more(s) {
        let posted = invoice(s, &buyer(s), "2026-01-10", "100", &[new_tax(s, "T19", "19")]);
        let line = posted["lines"][0]["id"].clone();
        let part = |net: &str| json!({"lines": [{"invoice_line_id": line, "net": net}]});
        let note = act(s, &posted, "invoices", "credit", part("33.33")).ok();
        act(s, &note, "credit-notes", "post", json!({})).ok();
        let now = read(s, "invoices", &posted);
        assert_eq!((now["status"].as_str(), now["credited"].as_str()), (Some("partially_paid"), Some("39.66")));
        act(s, &now, "invoices", "credit", part("66.68")).problem(422, "credit_note.too_much");
        let rest = act(s, &now, "invoices", "credit", json!({})).ok();
        assert_eq!((rest["net"].as_str(), rest["total"].as_str()), (Some("66.67"), Some("79.34")));
        let twin = act(s, &now, "invoices", "credit", json!({})).ok();
        act(s, &rest, "credit-notes", "post", json!({})).ok();
        let refused = act(s, &twin, "credit-notes", "post", json!({}));
        assert!([409, 422].contains(&refused.status), "{}", refused.text());
        verified(s);
    }

    fn a_credit_for_a_paid_invoice_stays_open_and_settles_another(s) {
        let party = buyer(s);
        let first = invoice(s, &party, "2026-01-10", "100", &[]);
        let money = payment(s, &party, "2026-01-12", "100");
        act(s, &money, "payments", "allocate", json!({"invoice_id": first["id"]})).ok();
        let paid = read(s, "invoices", &first);
        let note = act(s, &paid, "invoices", "credit", json!({"credit_date": "2026-01-20"})).ok();
        let note = act(s, &note, "credit-notes", "post", json!({})).ok();
        assert_eq!(note["unallocated"], "100.00");
        let second = invoice(s, &party, "2026-01-25", "70", &[]);
        let note = act(s, &note, "credit-notes", "allocate", json!({"invoice_id": second["id"]})).ok();
        assert_eq!(note["unallocated"], "30.00");
        assert_eq!(read(s, "invoices", &second)["status"], "paid");
        let refund = json!({"company_id": s.company_id(), "direction": "out", "party_id": party["id"], "payment_date": "2026-01-28", "amount": "30",
            "allocate_to": [{"credit_note_id": note["id"]}]});
        let refund = s.post("/v1/banking/payments", refund).created();
        let refund = act(s, &refund, "payments", "post", json!({})).ok();
        assert_eq!(booked(s, &refund["journal_entry_id"]), lines(&[("1100", "30.00", "0.00"), ("1035", "0.00", "30.00")]));
        assert_eq!(read(s, "credit-notes", &note)["unallocated"], "0.00");
        let items = s.all(&format!("/v1/receivables/open-items?party_id={}", id(&party)));
        assert!(items.is_empty(), "{items:?}");
        verified(s);
    }

    fn only_a_draft_can_be_deleted_and_leaves_no_gap(s) {
        let posted = invoice(s, &buyer(s), "2026-01-10", "100", &[]);
        let new = json!({"invoice_id": posted["id"], "reason": "Late", "lines": [{"invoice_line_id": posted["lines"][0]["id"], "net": "25"}]});
        let note = s.post("/v1/receivables/credit-notes", new.clone()).created();
        assert_eq!((&note["status"], &note["total"], &note["customer_id"]), (&json!("draft"), &json!("25.00"), &posted["customer_id"]));
        let path = format!("/v1/receivables/credit-notes/{}", id(&note));
        s.delete(&path, &note).no_content();
        s.get(&path).problem(404, "not_found");
        assert_eq!(read(s, "invoices", &posted)["outstanding"], "100.00");
        let note = s.post("/v1/receivables/credit-notes", new).created();
        let done = act(s, &note, "credit-notes", "post", json!({})).ok();
        assert_eq!(done["number"], "CN-2026-00001");
        s.delete(&format!("/v1/receivables/credit-notes/{}", id(&done)), &done).problem(409, "credit_note.not_a_draft");
        verified(s);
    }

    fn an_allocation_of_a_credit_note_can_be_taken_back(s) {
        let party = buyer(s);
        let (first, second) = (invoice(s, &party, "2026-01-10", "100", &[]), invoice(s, &party, "2026-01-11", "70", &[]));
        let new = json!({"invoice_id": first["id"], "apply_to_invoice": false});
        let note = s.post("/v1/receivables/credit-notes", new).created();
        let note = act(s, &note, "credit-notes", "post", json!({})).ok();
        let used = act(s, &note, "credit-notes", "allocate", json!({"invoice_id": second["id"]})).ok();
        assert_eq!((&used["unallocated"], &read(s, "invoices", &second)["status"]), (&json!("30.00"), &json!("paid")));
        let undo = json!({"allocation_id": used["allocations"][0]["id"]});
        let back = act(s, &used, "credit-notes", "unallocate", undo.clone()).ok();
        assert_eq!(back["unallocated"], "100.00");
        let open = read(s, "invoices", &second);
        assert_eq!((&open["status"], &open["outstanding"]), (&json!("posted"), &json!("70.00")));
        act(s, &back, "credit-notes", "unallocate", undo).problem(409, "allocation.already_undone");
        verified(s);
    }
}
