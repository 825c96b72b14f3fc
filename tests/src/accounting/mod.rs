//! Features of the area `accounting`, one file for each noun.

mod accounts;
mod cases;
mod guards;
mod journal_entries;
mod periods;
mod reports;
mod setup;

use serde_json::{Value, json};

use crate::fixtures::{customer, id};
use crate::harness::{Client, Server};

/// The id of an account of the template's company by its number.
fn account(s: &Server, code: &str) -> String {
    let page = s.get(&format!("/v1/accounting/accounts?company_id={}&code={code}", s.company_id())).ok();
    page["data"][0]["id"].as_str().unwrap_or_else(|| panic!("no account {code} in {page}")).to_string()
}

/// The id of a tax code of the template's company.
fn tax(s: &Server, code: &str) -> String {
    let page = s.get(&format!("/v1/tax/codes?company_id={}&code={code}", s.company_id())).ok();
    page["data"][0]["id"].as_str().unwrap_or_else(|| panic!("no tax code {code} in {page}")).to_string()
}

/// A new tax code with one rate.
fn new_tax(s: &Server, code: &str, rate: &str) -> String {
    let body =
        json!({"company_id": s.company_id(), "code": code, "name": code, "rates": [{"valid_from_date": "2000-01-01", "rate": rate}]});
    id(&s.post("/v1/tax/codes", body).created()).to_string()
}

/// The lines of an entry as account numbers with debit and credit.
fn booked(s: &Server, entry: &Value) -> Vec<(String, String, String)> {
    let entry = s.get(&format!("/v1/accounting/journal-entries/{}?expand=lines.account", entry.as_str().expect("an entry"))).ok();
    let of = |l: &Value, f: &str| l[f].as_str().unwrap_or_else(|| panic!("no {f} in {l}")).to_string();
    let lines = entry["lines"].as_array().expect("lines");
    lines.iter().map(|l| (of(&l["account"], "code"), of(l, "debit"), of(l, "credit"))).collect()
}

/// The same lines, for comparing.
fn lines(expected: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    expected.iter().map(|(a, d, c)| (a.to_string(), d.to_string(), c.to_string())).collect()
}

/// A draft entry of two lines.
fn entry(s: &Server, date: &str, amount: &str) -> Value {
    let body = json!({"company_id": s.company_id(), "posting_date": date, "description": "test", "lines": [
        {"account_id": account(s, "1010"), "debit": amount}, {"account_id": account(s, "3010"), "credit": amount}]});
    s.post("/v1/accounting/journal-entries", body).created()
}

fn act(c: &Client, thing: &Value, noun: &str, verb: &str, body: Value) -> crate::harness::Answer {
    c.act(&format!("/v1/accounting/{noun}/{}/{verb}", id(thing)), thing, body)
}

/// A posted invoice over one service line.
fn invoice(s: &Server, party: &Value, date: &str, price: &str, taxes: &[String]) -> Value {
    let draft = draft(s, party, date, price, taxes, json!({}));
    act(s, &draft, "invoices", "post", json!({})).ok()
}

fn draft(s: &Server, party: &Value, date: &str, price: &str, taxes: &[String], more: Value) -> Value {
    let mut body = json!({"company_id": s.company_id(), "customer_id": party["id"], "invoice_date": date,
        "lines": [{"description": "Work", "unit_price": price, "tax_code_ids": taxes}]});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    s.post("/v1/receivables/invoices", body).created()
}

/// A posted payment, settling nothing yet.
fn payment(s: &Server, party: &Value, date: &str, amount: &str) -> Value {
    let body = json!({"company_id": s.company_id(), "party_id": party["id"], "payment_date": date, "amount": amount});
    let draft = s.post("/v1/banking/payments", body).created();
    act(s, &draft, "payments", "post", json!({})).ok()
}

fn read(s: &Server, noun: &str, thing: &Value) -> Value {
    s.get(&format!("/v1/accounting/{noun}/{}", id(thing))).ok()
}

fn buyer(s: &Server) -> Value {
    customer(s, "Buyer & Sons")
}
