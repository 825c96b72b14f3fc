//! Parts of an invoice (credit notes, discounts, losses) carry the tax, the discount and the currency of exactly that part, so
//! that the last part leaves zero on every account.

use serde_json::{Value, json};

use crate::accounting::{act, booked, buyer, draft, lines, new_tax, payment, read};
use crate::fixtures::{id, money, trial_balance, verified};
use crate::harness::Server;

/// A posted invoice over two lines, each with its price and taxes.
fn two_lines(s: &Server, party: &Value, prices: [(&str, &[String]); 2]) -> Value {
    let lines = prices.map(|(price, taxes)| json!({"description": "Work", "unit_price": price, "tax_code_ids": taxes}));
    let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": "2026-01-10", "lines": lines});
    act(s, &s.post("/v1/receivables/invoices", body).created(), "invoices", "post", json!({})).ok()
}

/// Credits lines of the invoice, all that is left of each; the posted credit note.
pub(super) fn credited(s: &Server, owed: &Value, lines: &[usize], more: Value) -> Value {
    let lines: Vec<Value> = lines.iter().map(|l| json!({"invoice_line_id": owed["lines"][*l]["id"]})).collect();
    let mut body = json!({"lines": lines, "credit_date": "2026-01-20"});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let note = act(s, &read(s, "invoices", owed), "invoices", "credit", body).ok();
    act(s, &note, "credit-notes", "post", json!({})).ok()
}

/// An invoice over 100.00 and 20 % with 2 % for payment within ten days.
fn with_discount(s: &Server, party: &Value) -> Value {
    let term = json!({"company_id": s.company_id(), "code": "EARLY", "name": "Early", "instalments": [{"percent": "100", "days": 30}],
        "discount_percent": "2", "discount_days": 10});
    let term = s.post("/v1/receivables/payment-terms", term).created();
    let made = draft(s, party, "2026-01-10", "100", &[new_tax(s, "T20", "20")], json!({"payment_term_id": term["id"]}));
    act(s, &made, "invoices", "post", json!({})).ok()
}

fn on(s: &Server, accounts: &[&str]) -> Vec<String> {
    let balance = trial_balance(s, "2030-12-31");
    accounts.iter().map(|a| format!("{:.2}", balance.of(a))).collect()
}

each_engine! {
    fn a_loss_claims_no_tax_back_that_was_credited(s) {
        let party = buyer(s);
        let t = [new_tax(s, "T20", "20")];
        let owed = two_lines(s, &party, [("100", &t), ("100", &[])]);
        credited(s, &owed, &[0], json!({}));
        let loss = json!({"reason": "Bankrupt", "posting_date": "2026-02-01", "tax_relief": true});
        let gone = act(s, &read(s, "invoices", &owed), "invoices", "write-off", loss.clone()).ok();
        assert_eq!((&gone["status"], &gone["written_off"]), (&json!("written_off"), &json!("100.00")));
        assert_eq!(on(s, &["1100", "2100", "6500"]), ["0.00", "0.00", "100.00"], "the taxed line was credited, so no tax comes back");
        // the other way round all of the tax is in what is left
        let owed = two_lines(s, &party, [("100", &t), ("100", &[])]);
        credited(s, &owed, &[1], json!({}));
        act(s, &read(s, "invoices", &owed), "invoices", "write-off", loss).ok();
        assert_eq!(on(s, &["1100", "2100", "6500"]), ["0.00", "0.00", "200.00"]);
        verified(s);
    }

    fn a_full_credit_after_an_early_payment_gives_back_what_was_paid(s) {
        let party = buyer(s);
        let owed = with_discount(s, &party);
        let paid = payment(s, &party, "2026-01-15", "117.60");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        let given = &paid["allocations"][0];
        assert_eq!((&given["discount"], &given["taxes"][0]["amount"]), (&json!("2.40"), &json!("0.40")));
        let entry = s.get(&format!("/v1/accounting/journal-entries/{}", given["journal_entry_id"].as_str().unwrap())).ok();
        let coded: Vec<&Value> = entry["lines"].as_array().unwrap().iter().filter(|l| !l["tax_code_id"].is_null()).collect();
        assert_eq!((coded.len(), &coded[0]["debit"]), (1, &json!("0.40")), "the tax in the discount names its code");
        let note = credited(s, &owed, &[0], json!({}));
        let figures = ["net", "tax", "total", "discount", "unallocated"].map(|f| note[f].as_str().unwrap());
        assert_eq!(figures, ["98.00", "19.60", "117.60", "2.40", "117.60"], "the customer gets back what was paid");
        assert_eq!(booked(s, &note["journal_entry_id"]), lines(&[
            ("4100", "100.00", "0.00"), ("4110", "0.00", "2.00"), ("2100", "19.60", "0.00"), ("1100", "0.00", "117.60")]));
        let now = read(s, "invoices", &owed);
        assert_eq!((&now["status"], &now["credited"]), (&json!("credited"), &json!("120.00")));
        assert_eq!(on(s, &["2100", "4110", "1100"]), ["0.00", "0.00", "-117.60"]);
        // the payment is returned after all: the discount does not come back twice
        let back = s.act(&format!("/v1/banking/payments/{}/reverse", id(&paid)), &paid, json!({"reason": "Returned", "reversal_date": "2026-02-01"})).ok();
        assert_eq!((&back["status"], &back["unallocated"]), (&json!("reversed"), &json!("0.00")));
        let open = read(s, "invoices", &owed);
        assert_eq!(open["outstanding"], "117.60");
        act(s, &note, "credit-notes", "allocate", json!({"invoice_id": owed["id"]})).ok();
        assert_eq!(read(s, "invoices", &owed)["outstanding"], "0.00");
        assert_eq!(on(s, &["2100", "4110", "1100", "1030"]), ["0.00", "0.00", "0.00", "0.00"]);
        verified(s);
    }

    fn a_discount_follows_what_is_left_by_its_own_mix_of_rates(s) {
        let party = buyer(s);
        let term = json!({"company_id": s.company_id(), "code": "EARLY", "name": "Early", "instalments": [{"percent": "100", "days": 30}],
            "discount_percent": "10", "discount_days": 30});
        let term = s.post("/v1/receivables/payment-terms", term).created();
        let t = new_tax(s, "T20", "20");
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": "2026-01-10", "payment_term_id": term["id"], "lines": [
            {"description": "Taxed", "unit_price": "100", "tax_code_ids": [t]}, {"description": "Free of tax", "unit_price": "100", "tax_code_ids": []}]});
        let owed = act(s, &s.post("/v1/receivables/invoices", body).created(), "invoices", "post", json!({})).ok();
        credited(s, &owed, &[0], json!({}));
        let paid = payment(s, &party, "2026-01-25", "90");
        let paid = act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        assert_eq!((&paid["allocations"][0]["discount"], &paid["allocations"][0]["taxes"]), (&json!("10.00"), &json!([])));
        assert_eq!(on(s, &["1100", "2100", "4110"]), ["0.00", "0.00", "10.00"]);
        verified(s);
    }

    fn credit_notes_of_a_foreign_invoice_leave_no_cent(s) {
        let party = buyer(s);
        let more = json!({"currency": "USD", "exchange_rate": "0.9"});
        let owed = act(s, &draft(s, &party, "2026-01-10", "100.01", &[new_tax(s, "T20", "20")], more), "invoices", "post", json!({})).ok();
        for net in ["33.34", "33.34", "33.33"] {
            let line = json!([{"invoice_line_id": owed["lines"][0]["id"], "net": net}]);
            let note = act(s, &read(s, "invoices", &owed), "invoices", "credit", json!({"lines": line, "credit_date": "2026-01-20"})).ok();
            act(s, &note, "credit-notes", "post", json!({})).ok();
        }
        assert_eq!(read(s, "invoices", &owed)["status"], "credited");
        let balance = trial_balance(s, "2030-12-31");
        let sales = balance.of("4020") + balance.of("4100");
        assert_eq!((balance.of("1100"), balance.of("2100"), sales, balance.of("6610")), Default::default());
        verified(s);
    }

    fn tax_that_rounds_to_nothing_in_the_books_keeps_its_code_and_currency(s) {
        let party = buyer(s);
        let t = [new_tax(s, "T10", "10")];
        let more = json!({"currency": "KRW", "exchange_rate": "0.0006"});
        let post = |price: &str| act(s, &draft(s, &party, "2026-01-10", price, &t, more.clone()), "invoices", "post", json!({})).ok();
        let taxed = || -> Vec<(Value, Value, Value)> {
            let lines = s.all("/v1/accounting/gl-lines?sort=posting_date");
            let coded = lines.iter().filter(|l| l["tax_code_id"] == t[0].as_str());
            coded.map(|l| (l["debit"].clone(), l["credit"].clone(), l["amount_currency"].clone())).collect()
        };
        let owed = post("50");
        assert_eq!((&owed["tax"], &owed["total"]), (&json!("5.00"), &json!("55.00")));
        assert_eq!(taxed(), [(json!("0.00"), json!("0.00"), json!("-5.00"))]);
        let note = credited(s, &owed, &[0], json!({}));
        assert_eq!(note["tax"], "5.00");
        assert_eq!(taxed()[1], (json!("0.00"), json!("0.00"), json!("5.00")));
        // nothing at all in the company's currency
        let tiny = post("5");
        let paid = json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": "2026-01-12", "amount": tiny["total"],
            "currency": "KRW", "exchange_rate": "0.0006", "allocate_to": [{"invoice_id": tiny["id"]}]});
        let paid = s.post("/v1/banking/payments", paid).created();
        let paid = act(s, &paid, "payments", "post", json!({})).ok();
        assert_eq!(read(s, "invoices", &tiny)["outstanding"], "0.00");
        act(s, &paid, "payments", "reverse", json!({"reason": "No money", "reversal_date": "2026-01-14"})).ok();
        assert_eq!(read(s, "invoices", &tiny)["outstanding"], tiny["total"]);
        verified(s);
    }

    fn drafts_made_side_by_side_sum_to_the_invoice_when_they_are_posted(s) {
        let party = buyer(s);
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": "2026-01-10", "lines": [
            {"description": "Work", "quantity": "3", "unit_price": "33.335", "tax_code_ids": [new_tax(s, "T20", "20")]}]});
        let owed = act(s, &s.post("/v1/receivables/invoices", body).created(), "invoices", "post", json!({})).ok();
        let one = json!({"lines": [{"invoice_line_id": owed["lines"][0]["id"], "quantity": "1"}], "credit_date": "2026-01-20"});
        let drafts: Vec<Value> = (0..3).map(|_| act(s, &owed, "invoices", "credit", one.clone()).ok()).collect();
        let posted: Vec<Value> = drafts.iter().map(|d| act(s, d, "credit-notes", "post", json!({})).ok()).collect();
        let sum = |f: &str| posted.iter().map(|n| money(&n[f])).sum::<rust_decimal::Decimal>();
        assert_eq!((sum("net"), sum("tax"), sum("total")), (money(&owed["net"]), money(&owed["tax"]), money(&owed["total"])));
        assert_eq!(read(s, "invoices", &owed)["status"], "credited");
        assert_eq!(on(s, &["1100", "2100"]), ["0.00", "0.00"]);
        verified(s);
    }

    fn reverse_charge_in_parts_is_that_of_the_whole(s) {
        let body = json!({"company_id": s.company_id(), "code": "RC20", "name": "RC", "treatment": "reverse_charge",
            "rates": [{"valid_from_date": "2000-01-01", "rate": "20"}]});
        let code = id(&s.post("/v1/tax/codes", body).created()).to_string();
        let owed = act(s, &draft(s, &buyer(s), "2026-01-10", "100.01", &[code], json!({})), "invoices", "post", json!({})).ok();
        assert_eq!(owed["taxes"][0]["reverse_charge"], "20.00");
        let mut sum = rust_decimal::Decimal::ZERO;
        for net in ["33.34", "33.34", "33.33"] {
            let line = json!([{"invoice_line_id": owed["lines"][0]["id"], "net": net}]);
            let note = act(s, &read(s, "invoices", &owed), "invoices", "credit", json!({"lines": line, "credit_date": "2026-01-20"})).ok();
            sum += money(&act(s, &note, "credit-notes", "post", json!({})).ok()["taxes"][0]["reverse_charge"]);
        }
        assert_eq!(sum.to_string(), "20.00");
    }

    fn an_invoice_over_nothing_is_credited_once(s) {
        let owed = act(s, &draft(s, &buyer(s), "2026-01-10", "0", &[], json!({})), "invoices", "post", json!({})).ok();
        assert_eq!((&owed["status"], &owed["allowed_actions"]), (&json!("paid"), &json!(["credit"])));
        let note = credited(s, &owed, &[0], json!({}));
        assert_eq!((&note["total"], &note["allowed_actions"]), (&json!("0.00"), &json!([])));
        let now = read(s, "invoices", &owed);
        assert_eq!((&now["status"], &now["allowed_actions"]), (&json!("credited"), &json!([])));
        act(s, &now, "invoices", "credit", json!({})).problem(409, "invalid_state");
        verified(s);
    }
}
