//! Merges while others write: what is made for somebody who is being merged away belongs to who stays, at once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fixtures::{customer, id, ready_to_sell, verified};
use crate::harness::Server;

/// What is made for a party or contact: the list, the body, and the field that leads there.
struct Making {
    place: &'static str,
    body: Value,
    field: &'static str,
}

fn makings(s: &Server, party: &Value, contact: &Value, product: &Value) -> Vec<Making> {
    let company = s.company_id();
    let lines = json!([{"product_id": product["id"], "quantity": "1"}]);
    let work = json!([{"description": "Work", "unit_price": "10", "tax_code_ids": []}]);
    let stays = customer(s, "Bystander");
    let of = |place, body, field| Making { place, body, field };
    vec![
        of("/v1/sales/orders", json!({"company_id": company, "customer_id": party["id"], "lines": lines}), "customer_id"),
        of("/v1/receivables/invoices", json!({"company_id": company, "customer_id": party["id"], "lines": work}), "customer_id"),
        of("/v1/crm/opportunities", json!({"company_id": company, "name": "Deal", "party_id": party["id"]}), "party_id"),
        of(
            "/v1/crm/quotes",
            json!({"company_id": company, "party_id": party["id"], "lines": [{"description": "Advice", "quantity": "1", "unit_price": "10"}]}),
            "party_id",
        ),
        of(
            "/v1/crm/activities",
            json!({"company_id": company, "kind": "call", "subject": "Ask", "regarding_id": party["id"]}),
            "regarding_id",
        ),
        of("/v1/service/cases", json!({"company_id": company, "subject": "Leaks", "party_id": party["id"]}), "party_id"),
        of("/v1/marketing/touchpoints", json!({"company_id": company, "kind": "chat", "party_id": party["id"]}), "party_id"),
        of("/v1/directory/relationships", json!({"contact_id": contact["id"], "party_id": stays["id"]}), "contact_id"),
        of(
            "/v1/crm/activities",
            json!({"company_id": company, "kind": "call", "subject": "Ask", "regarding_id": contact["id"]}),
            "regarding_id",
        ),
        of(
            "/v1/service/cases",
            json!({"company_id": company, "subject": "Leaks", "party_id": stays["id"], "contact_id": contact["id"]}),
            "contact_id",
        ),
    ]
}

each_engine! {
    fn what_is_made_during_a_merge_belongs_to_who_stays(s) {
        let books = ready_to_sell(s);
        let mut late = 0;
        for round in 0..4 {
            let (winner, loser) = (customer(s, &format!("Winner {round}")), customer(s, &format!("Loser {round}")));
            let person = |name: String| s.post("/v1/directory/contacts", json!({"last_name": name})).created();
            let (stays, goes) = (person(format!("Stays {round}")), person(format!("Goes {round}")));
            let all = makings(s, &loser, &goes, &books.product("BEANS"));
            let made: Vec<Vec<(usize, Value)>> = s.parallel(all.len() + 2, |i, c| {
                let Some(making) = all.get(i) else {
                    std::thread::sleep(Duration::from_millis(15 * (round + 1)));
                    let (path, winner, loser) = match i == all.len() {
                        true => (format!("/v1/directory/parties/{}/merge", id(&winner)), &winner, &loser),
                        false => (format!("/v1/directory/contacts/{}/merge", id(&stays)), &stays, &goes),
                    };
                    c.act(&path, winner, json!({"source_id": loser["id"]})).ok();
                    return Vec::new();
                };
                let mut made = Vec::new();
                for _ in 0..12 {
                    let answer = c.post(making.place, making.body.clone());
                    // a tombstone may be refused, nothing else
                    if answer.status != 409 && answer.status != 422 {
                        made.push((i, answer.created()));
                    }
                }
                made
            });
            let survivors = [id(&winner), id(&stays)];
            for (i, thing) in made.into_iter().flatten() {
                let Making { place, field, .. } = &all[i];
                let now = s.get(&format!("{place}/{}", id(&thing))).ok();
                let to = now[*field].as_str().unwrap();
                assert!(survivors.contains(&to), "round {round}: {place} {} leads to who went: {now}", id(&thing));
                late += usize::from(survivors.contains(&thing[*field].as_str().unwrap_or_default()));
            }
        }
        assert!(late > 0, "nothing was made after a merge");
        verified(s);
    }
}
