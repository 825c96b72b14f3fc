//! Bulk creation holds alike for every noun that offers it: all or nothing, or each item on its own.

use serde_json::{Value, json};

use crate::fixtures::{customer, id, product, verified};
use crate::harness::Server;

const NOBODY: &str = "pty_00000000000000000000000000";

/// Paths of nouns, each with the field by which an item can name a party that is not there.
const NOUNS: [(&str, &str); 6] = [
    ("receivables/invoices", "customer_id"),
    ("banking/payments", "party_id"),
    ("sales/orders", "customer_id"),
    ("crm/opportunities", "party_id"),
    ("crm/activities", "regarding_id"),
    ("directory/relationships", "party_id"),
];

/// What the items name.
struct Facts {
    company: Value,
    party: Value,
    goods: Value,
    people: Vec<Value>,
}

impl Facts {
    fn new(s: &Server) -> Self {
        let person = |n| s.post("/v1/directory/contacts", json!({"last_name": format!("Person {n}")})).created()["id"].clone();
        Self {
            company: s.company["id"].clone(),
            party: customer(s, "Bulk buyer")["id"].clone(),
            goods: product(s, "BULK", "10.00", None)["id"].clone(),
            people: (0..4).map(person).collect(),
        }
    }

    /// The n-th item of a noun.
    fn item(&self, noun: &str, n: usize) -> Value {
        let Self { company, party, goods, people } = self;
        let many = (n + 1).to_string();
        match noun {
            "receivables/invoices" => {
                let lines = json!([{"description": "Work", "unit_price": many, "tax_code_ids": []}]);
                json!({"company_id": company, "customer_id": party, "lines": lines})
            }
            "banking/payments" => json!({"company_id": company, "party_id": party, "amount": many}),
            "sales/orders" => json!({"company_id": company, "customer_id": party, "lines": [{"product_id": goods, "quantity": many}]}),
            "crm/opportunities" => json!({"company_id": company, "party_id": party, "name": format!("Deal {n}")}),
            "crm/activities" => json!({"company_id": company, "regarding_id": party, "kind": "task", "subject": format!("Call {n}")}),
            _ => json!({"party_id": party, "contact_id": people[n]}),
        }
    }
}

each_engine! {
    fn every_noun_is_created_in_bulk_whole_or_in_part(s) {
        let facts = Facts::new(s);
        for (noun, field) in NOUNS {
            let item = |n| facts.item(noun, n);
            let (path, list) = (format!("/v1/{noun}/bulk"), format!("/v1/{noun}"));
            let mut wrong = item(3);
            wrong[field] = NOBODY.into();
            let all = s.post(&path, json!({"mode": "atomic", "items": [item(0), item(1)]})).ok();
            assert_eq!((&all["created"], &all["refused"]), (&json!(2), &json!(0)), "{noun}");
            for made in all["items"].as_array().unwrap() {
                let thing = s.get(&format!("{list}/{}", id(made))).ok();
                assert_eq!(thing["version"], 1, "{noun}");
            }
            let refused = s.post(&path, json!({"mode": "atomic", "items": [item(2), wrong]})).problem(422, "unknown_reference");
            assert_eq!(refused["errors"][0]["pointer"], format!("/items/1/{field}"), "{noun}");
            assert_eq!(s.all(&list).len(), 2, "{noun}: nothing of a refused request stays");
            let part = s.post(&path, json!({"mode": "partial", "items": [wrong, item(2)]})).ok();
            assert_eq!((&part["created"], &part["refused"]), (&json!(1), &json!(1)), "{noun}");
            assert_eq!((&part["items"][0]["error"]["code"], &part["items"][1]["status"]), (&json!("unknown_reference"), &json!("created")), "{noun}");
            assert_eq!(s.all(&list).len(), 3, "{noun}");
        }
        verified(s);
    }
}
