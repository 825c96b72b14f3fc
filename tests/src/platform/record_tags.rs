//! Tags on records: whatever their state, found by the filter `tag`, embedded in lists, seen by who sees the record.

use serde_json::{Value, json};

use crate::fixtures::{self, customer, id, member, user_with};
use crate::harness::Client;

const HERE: &str = "/v1/platform/record-tags";

fn tag(c: &Client, record: &Value, tag: &str) -> Value {
    c.post(HERE, json!({"record_id": record["id"], "tag": tag})).created()
}

each_engine! {
    fn records_in_any_state_are_tagged_and_found_by_it(s) {
        let order = fixtures::a_bit_of_everything(s);
        for list in ["crm/leads", "crm/opportunities", "crm/quotes", "crm/activities", "service/cases", "sales/orders", "sales/deliveries",
            "receivables/invoices", "banking/payments"] {
            let record = s.all(&format!("/v1/{list}")).remove(0);
            let made = tag(s, &record, "Großkunde");
            assert_eq!((&made["record_id"], &made["tag"]), (&record["id"], &json!("Großkunde")), "{list}");
            let found = s.get(&format!("/v1/{list}?tag=GROSSKUNDE&expand=tags")).ok();
            assert_eq!((found["data"].as_array().unwrap().len(), &found["data"][0]["id"], &found["data"][0]["tags"][0]["tag"]), (1, &record["id"], &json!("Großkunde")), "{list}");
            assert!(s.all(&format!("/v1/{list}?tag=none")).is_empty());
            assert_eq!(s.get(&format!("/v1/{list}/{}?fields=tags.tag", id(&record))).ok()["tags"], json!([{"tag": "Großkunde"}]));
            assert_eq!(s.get(&format!("/v1/{list}/{}", id(&record))).ok()["version"], record["version"], "the record itself stays as it is");
        }
        // a tag is put on once
        let again = tag(s, &order, " grosskunde ");
        assert_eq!(s.all(&format!("{HERE}?record_id={}", id(&order))).len(), 1);
        tag(s, &order, "Later");
        assert_eq!(s.all(&format!("{HERE}?tag=grosskunde")).len(), 9);
        s.delete(&format!("{HERE}/{}", id(&again)), &again).no_content();
        assert!(s.all("/v1/sales/orders?tag=grosskunde").is_empty());
        let figures = s.get("/v1/crm/opportunities/aggregate?group_by=status&count=true&tag=grosskunde").ok();
        assert_eq!(figures["groups"][0]["count"], 1, "{figures}");
        s.post(HERE, json!({"record_id": order["id"], "tag": "  "})).problem(422, "invalid_body");
        let party = customer(s, "Acme");
        s.post(HERE, json!({"record_id": party["id"], "tag": "x"})).problem(422, "record_tag.no_tags");
        assert_eq!(s.post(&format!("{HERE}?dry_run=true"), json!({"record_id": order["id"], "tag": "dry"})).ok()["tag"], "dry");
        assert!(s.all("/v1/sales/orders?tag=dry").is_empty());
    }

    fn products_are_found_by_their_tags(s) {
        let unit = fixtures::each(s);
        for (sku, tags) in [("A", json!(["Bio", "100%"])), ("B", json!(["Biography"]))] {
            s.post("/v1/directory/products", json!({"sku": sku, "name": sku, "unit_id": unit["id"], "tags": tags})).created();
        }
        let found = |tag: &str| s.all(&format!("/v1/directory/products?tag={tag}")).iter().map(|p| p["sku"].clone()).collect::<Vec<_>>();
        assert_eq!((found("bio"), found("100%25"), found("%25")), (vec![json!("A")], vec![json!("A")], vec![]));
    }

    fn tags_are_seen_by_who_sees_the_record(s) {
        let party = customer(s, "Acme");
        let own = ["crm.opportunities.*:own", "directory.parties.read", "platform.record_tags.*", "platform.events.read"];
        let (_, as_ann) = member(s, &own);
        let (_, as_bob) = member(s, &own);
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        let outsider = user_with(s, &["crm.*", "directory.*", "platform.*"], &[id(&elsewhere)]);
        let o = as_ann.post("/v1/crm/opportunities", json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"]})).created();
        let made = tag(&as_ann, &o, "secret");
        s.followed();
        for stranger in [&as_bob, &outsider] {
            stranger.get(&format!("{HERE}/{}", id(&made))).problem(404, "not_found");
            stranger.delete(&format!("{HERE}/{}", id(&made)), &made).problem(404, "not_found");
            stranger.post(HERE, json!({"record_id": o["id"], "tag": "x"})).problem(422, "unknown_reference");
            assert!(stranger.all(HERE).is_empty() && stranger.all("/v1/crm/opportunities?tag=secret").is_empty());
            assert!(stranger.all(&format!("/v1/platform/events?subject={}", id(&made))).is_empty());
        }
        let blind = user_with(s, &["crm.opportunities.read"], &[s.company_id()]);
        blind.get("/v1/crm/opportunities?expand=tags").problem(403, "missing_scope");
        assert_eq!(as_ann.all(HERE).len(), 1);
    }
}
