//! The feed: in order, without holes, and only what the caller may see.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixtures::{customer, id, user_with};
use crate::harness::Client;

/// The events about a thing, waiting for the moment in which they get their place.
fn about(s: &Client, subject: &str, count: usize) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let found = s.all(&format!("/v1/platform/events?subject={subject}"));
        if found.len() >= count || begin.elapsed() > Duration::from_secs(10) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

each_engine! {
    /// Of a hundred lines, those that change are told with what they were; the new state is whole.
    fn a_fact_holds_the_new_state_and_of_the_old_only_what_changed(s) {
        let books = crate::fixtures::ready_to_sell(s);
        let line = |sku: &str| json!({"product_id": books.product(sku)["id"], "quantity": "1"});
        let lines = json!([line("MACHINE"), line("BEANS"), line("VISIT")]);
        let buyer = customer(s, "Buyer");
        let order = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": lines})).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.patch(&path, &order, json!({"note": "By noon."})).ok();
        s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        let events = about(s, id(&order), 3);
        let of = |kind: &str| events.iter().find(|e| e["kind"] == kind).unwrap().clone();
        let updated = of("sales_order.updated");
        let names = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
        let mut told = names(&updated["previous"]);
        told.remove("updated_at");
        assert_eq!(told, ["note", "version"].map(String::from).into());
        assert_eq!((&updated["previous"]["note"], &updated["data"]["note"]), (&Value::Null, &json!("By noon.")));
        let confirmed = of("sales_order.confirmed");
        assert_eq!((&confirmed["previous"]["status"], &confirmed["data"]["status"]), (&json!("draft"), &json!("confirmed")));
        assert!(confirmed["previous"].get("total").is_none() && confirmed["data"]["total"].is_string());
        for line in confirmed["previous"]["lines"].as_array().into_iter().flatten() {
            assert!(line.get("quantity").is_none() && line["id"].is_string(), "{line}");
        }
        let kept = confirmed["data"]["lines"].as_array().unwrap();
        assert!(!kept.is_empty() && kept.iter().all(|l| l["quantity"].is_string()));
    }

    fn kinds_are_asked_for_by_name_by_list_and_by_beginning_and_the_newest_come_first(s) {
        let party = s.post("/v1/directory/parties", json!({"name": "A"})).created();
        s.patch(&format!("/v1/directory/parties/{}", party["id"].as_str().unwrap()), &party, json!({"name": "B"})).ok();
        s.post("/v1/directory/units", json!({"code": "crate", "name": "Crate", "category": "count", "numerator": "12"})).created();
        let begin = Instant::now();
        while !s.all("/v1/platform/events").iter().any(|e| e["kind"] == "unit.created" && e["data"]["code"] == "crate") {
            assert!(begin.elapsed() < Duration::from_secs(10), "the events got no numbers");
            std::thread::sleep(Duration::from_millis(20));
        }
        for place in ["/v1/platform/events", "/v1/platform/audit-log"] {
            let kinds = |query: &str| -> Vec<String> {
                s.all(&format!("{place}?{query}")).iter().map(|e| e["kind"].as_str().unwrap().to_string()).collect()
            };
            assert_eq!(kinds("kind=party.updated"), ["party.updated"]);
            let some = kinds("kind=party.updated,party.created");
            assert!(some.contains(&"party.updated".to_string()) && some.contains(&"party.created".to_string()), "{some:?}");
            let begun = kinds("kind=party.*,unit.created");
            assert!(begun.iter().all(|k| k.starts_with("party.") || k == "unit.created") && begun.len() > some.len(), "{begun:?}");
            assert!(kinds("kind=part.*").is_empty(), "a beginning is a whole word");
            for bad in ["kind=", "kind=*", "kind=party.%25", "kind=Party.*", "kind=party.created,"] {
                s.get(&format!("{place}?{bad}")).problem(400, "invalid_parameter");
            }
            let numbers: Vec<i64> = s.all(&format!("{place}?sort=-seq&limit=3")).iter().map(|e| e["seq"].as_i64().unwrap()).collect();
            assert!(numbers.len() > 3 && numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
            let latest = s.get(&format!("{place}?sort=-seq&limit=1")).ok();
            assert_eq!(latest["data"][0]["kind"], "unit.created", "{latest}");
        }
    }

    fn a_follower_sees_every_event_once_and_in_order(s) {
        let start = s.all("/v1/platform/events").last().map_or(0, |e| e["seq"].as_i64().unwrap());
        s.parallel(4, |i, c| (0..5).for_each(|n| drop(c.post("/v1/directory/parties", json!({"name": format!("P {i} {n}")})).created())));
        let (mut after, mut seen, begin) = (start, Vec::new(), Instant::now());
        while seen.len() < 20 && begin.elapsed() < Duration::from_secs(10) {
            for e in s.get(&format!("/v1/platform/events?after={after}&limit=3&kind=party.created")).ok()["data"].as_array().unwrap() {
                after = e["seq"].as_i64().unwrap();
                seen.push(e["subject"].as_str().unwrap().to_string());
            }
        }
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((seen.len(), unique.len()), (20, 20));
        let all: Vec<i64> = s.all("/v1/platform/events").iter().map(|e| e["seq"].as_i64().unwrap()).collect();
        assert!(all.windows(2).all(|w| w[1] == w[0] + 1), "{all:?}");
    }

    fn an_event_carries_the_thing_before_and_after(s) {
        let party = customer(s, "Before");
        s.patch(&format!("/v1/directory/parties/{}", id(&party)), &party, json!({"name": "After"})).ok();
        let events = about(s, id(&party), 2);
        assert_eq!((&events[0]["kind"], &events[0]["previous"]), (&json!("party.created"), &Value::Null));
        assert_eq!((&events[1]["previous"]["name"], &events[1]["data"]["name"], &events[1]["version"]), (&json!("Before"), &json!("After"), &json!(2)));
        assert_eq!(events[1]["party_id"], party["id"]);
    }

    fn events_of_nouns_that_may_not_be_read_are_left_out(s) {
        let party = customer(s, "Acme");
        let product = s.post("/v1/directory/products", json!({"sku": "X", "name": "X", "unit_id": crate::fixtures::each(s)["id"]})).created();
        about(s, id(&product), 1);
        let reader = user_with(s, &["platform.events.read", "directory.parties.read"], &[]);
        assert_eq!(about(&reader, id(&party), 1).len(), 1);
        let kinds: Vec<Value> = reader.all("/v1/platform/events").iter().map(|e| e["kind"].clone()).collect();
        assert!(kinds.iter().all(|k| k.as_str().unwrap().starts_with("party.")), "{kinds:?}");
    }

    fn events_of_other_companies_are_left_out(s) {
        let other = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        about(s, id(&other), 1);
        let reader = user_with(s, &["platform.events.read", "*.*.read"], &[s.company_id()]);
        let companies: Vec<Value> = reader.all("/v1/platform/events").iter().map(|e| e["company_id"].clone()).collect();
        assert!(companies.iter().all(|c| c.is_null() || *c == s.company["id"]), "{companies:?}");
        assert!(companies.contains(&s.company["id"]));
    }
}
