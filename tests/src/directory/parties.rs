//! Parties: one party in two roles, found by what it is called elsewhere, in a hierarchy, and without doubles.

use serde_json::{Value, json};

use crate::fixtures::{id, user_with};

const HERE: &str = "/v1/directory/parties";

each_engine! {
    fn one_address_of_a_purpose_is_primary_and_only_customers_buy(s) {
        let address = |purpose: &str| json!({"purpose": purpose, "primary": true, "address": {"line1": "x", "country": "DE"}});
        let with = |addresses: Value| s.post("/v1/directory/parties", json!({"name": "Acme", "addresses": addresses}));
        with(json!([address("billing"), address("billing")])).problem(422, "party.two_primary_addresses");
        let party = with(json!([address("billing"), address("shipping")])).created();
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": []});
        s.post("/v1/sales/orders", body.clone()).problem(422, "party.not_a_customer");
        s.post("/v1/receivables/invoices", body).problem(422, "party.not_a_customer");
    }

    fn blocking_and_unblocking_are_facts(s) {
        let p = s.post(HERE, json!({"name": "Acme", "is_customer": true})).created();
        let path = format!("{HERE}/{}", id(&p));
        let terms = |p: &Value, blocked: &str| s.patch(&path, p, json!({"customer_terms": {"blocked": blocked}})).ok();
        let p = terms(&p, "ship");
        let p = terms(&p, "all");
        let p = terms(&p, "all");
        terms(&p, "none");
        s.post(HERE, json!({"name": "Blocked at once", "is_customer": true, "customer_terms": {"blocked": "all"}})).created();
        let told = |kind: &str| s.all(&format!("/v1/platform/audit-log?kind={kind}")).len();
        assert_eq!((told("party.blocked"), told("party.unblocked")), (3, 1));
    }

    fn a_party_keeps_its_lists_in_normal_form(s) {
        let body = json!({
            "name": "Alfreds Futterkiste", "code": "ALFKI", "is_customer": true, "is_vendor": true, "tax_id": "DE811",
            "customer_terms": {"currency": "EUR", "credit_limit": "500.00", "payment_terms_days": 14},
            "addresses": [{"purpose": "billing", "address": {"line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}}],
            "emails": [{"address": " Maria@EXAMPLE.com "}, {"address": "office@example.com"}],
            "phones": [{"number": "+49 (30) 007-4321"}], "external_ids": [{"system": "shop", "id": "77"}], "tags": ["a", "a"],
        });
        let made = s.post(HERE, body).created();
        assert_eq!(made["emails"][0], json!({"address": "Maria@example.com", "label": null, "primary": true}));
        assert_eq!((&made["emails"][1]["primary"], &made["addresses"][0]["primary"]), (&json!(false), &json!(true)));
        assert_eq!((&made["phones"][0]["number"], &made["phones"][0]["normalised"]), (&json!("+49 (30) 007-4321"), &json!("+49300074321")));
        assert_eq!(made["vendor_terms"]["blocked"], "none");
        assert_eq!(made["allowed_actions"], json!(["archive", "merge"]));
        assert_eq!(s.get(&format!("{HERE}/{}", id(&made))).ok(), made);
        for q in ["futter", "ALFKI", "maria@EX", "de811", "49300074321", "77"] {
            assert_eq!(s.get(&format!("{HERE}?q={q}")).ok()["data"][0]["id"], made["id"], "{q}");
        }
        assert!(s.all(&format!("{HERE}?q=%25")).is_empty());
        assert_eq!(s.all(&format!("{HERE}?is_vendor=true&code=ALFKI")).len(), 1);
    }

    fn terms_are_patched_member_by_member(s) {
        let made = s.post(HERE, json!({"name": "T", "customer_terms": {"currency": "EUR", "credit_limit": "10"}})).created();
        let path = format!("{HERE}/{}", id(&made));
        let changed = s.patch(&path, &made, json!({"customer_terms": {"blocked": "ship", "credit_limit": null}})).ok();
        assert_eq!(changed["customer_terms"], json!({"currency": "EUR", "credit_limit": null, "payment_terms_days": null, "tax_status": "domestic", "blocked": "ship"}));
        s.patch(&path, &changed, json!({"customer_terms": {"credit_limit": "1.005"}})).problem(422, "too_many_decimals");
        s.patch(&path, &changed, json!({"customer_terms": {"credit_limit": "-1"}})).problem(422, "party.negative_credit_limit");
    }

    fn a_possible_double_is_told_with_its_candidates(s) {
        let first = s.post(HERE, json!({"name": "First", "emails": [{"address": "a@example.com"}], "tax_id": "X1"})).created();
        let double = json!({"name": "Second", "emails": [{"address": "b@example.com"}, {"address": "A@Example.com"}]});
        let problem = s.post(HERE, double.clone()).problem(409, "party.possible_duplicate");
        assert_eq!(problem["errors"][0]["pointer"], "/emails/1/address");
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains(id(&first)), "{problem}");
        s.post(HERE, json!({"name": "Third", "tax_id": "X1"})).problem(409, "party.possible_duplicate");
        let mut allowed = double;
        allowed["allow_duplicate"] = true.into();
        s.post(HERE, allowed.clone()).created();
        let blind = user_with(s, &["directory.parties.create"], &[]);
        allowed["allow_duplicate"] = false.into();
        let problem = blind.post(HERE, allowed).problem(409, "party.possible_duplicate");
        assert!(!problem.to_string().contains(id(&first)), "{problem}");
    }

    fn upserting_again_and_again_leaves_one_party(s) {
        let key = json!({"system": "webshop", "id": "c-1"});
        s.post(&format!("{HERE}/upsert"), json!({"external_id": key, "party": {"is_customer": true}})).problem(422, "invalid_body");
        let first = s.post(&format!("{HERE}/upsert"), json!({"external_id": key, "party": {"name": "Ana", "is_customer": true}})).ok();
        assert_eq!((&first["created"], &first["party"]["external_ids"]), (&json!(true), &json!([key])));
        let second = s.post(&format!("{HERE}/upsert"), json!({"external_id": key, "party": {"name": "Ana Trujillo", "code": null}})).ok();
        assert_eq!((&second["created"], &second["party"]["id"]), (&json!(false), &first["party"]["id"]));
        assert_eq!((&second["party"]["name"], &second["party"]["is_customer"]), (&json!("Ana Trujillo"), &json!(true)));
        let names = s.parallel(8, |i, c| {
            let party = json!({"name": format!("Racer {i}")});
            c.post(&format!("{HERE}/upsert"), json!({"external_id": {"system": "webshop", "id": "race"}, "party": party})).ok()["party"]["id"].clone()
        });
        assert!(names.iter().all(|n| *n == names[0]), "{names:?}");
        assert_eq!(s.all(HERE).len(), 2);
        let clerk = user_with(s, &["directory.parties.create"], &[]);
        clerk.post(&format!("{HERE}/upsert"), json!({"external_id": key, "party": {"name": "Mine"}})).problem(403, "missing_scope");
        clerk.post(&format!("{HERE}/upsert"), json!({"external_id": {"system": "webshop", "id": "new"}, "party": {"name": "New"}})).ok();
    }

    fn many_are_upserted_at_once(s) {
        let item = |id: &str, name: &str| json!({"external_id": {"system": "webshop", "id": id}, "party": {"name": name}});
        let path = format!("{HERE}/upsert/bulk");
        let first = s.post(&path, json!({"mode": "atomic", "items": [item("1", "One"), item("2", "Two")]})).ok();
        assert_eq!((&first["created"], &first["updated"], &first["refused"]), (&json!(2), &json!(0), &json!(0)));
        let wrong = json!({"external_id": {"system": "webshop", "id": "4"}, "party": {"is_customer": true}});
        let mixed = json!([item("2", "Second"), item("3", "Three"), wrong]);
        s.post(&path, json!({"mode": "atomic", "items": mixed})).problem(422, "invalid_body");
        assert_eq!(s.all(HERE).len(), 2);
        let second = s.post(&path, json!({"mode": "partial", "items": mixed})).ok();
        let statuses: Vec<_> = second["items"].as_array().unwrap().iter().map(|i| i["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["updated", "created", "refused"]);
        assert_eq!(second["items"][0]["id"], first["items"][1]["id"]);
        assert_eq!(second["items"][2]["error"]["errors"][0]["pointer"], "/items/2/party/name");
        let clerk = user_with(s, &["directory.parties.create"], &[]);
        let refused = clerk.post(&path, json!({"mode": "partial", "items": [item("2", "Mine")]})).ok();
        assert_eq!(refused["items"][0]["error"]["code"], "missing_scope");
    }

    fn an_external_id_leads_to_one_party(s) {
        let key = json!([{"system": "erp", "id": "9"}]);
        let made = s.post(HERE, json!({"name": "A", "external_ids": key})).created();
        let problem = s.post(HERE, json!({"name": "B", "external_ids": key})).problem(409, "already_exists");
        assert_eq!(problem["errors"][0]["pointer"], "/external_ids/0");
        let path = format!("{HERE}/{}", id(&made));
        let freed = s.patch(&path, &made, json!({"external_ids": []})).ok();
        s.post(HERE, json!({"name": "B", "external_ids": key})).created();
        s.delete(&path, &freed).no_content();
    }

    fn the_hierarchy_has_no_circles(s) {
        let make = |name: &str, parent: Option<&Value>| s.post(HERE, json!({"name": name, "parent_id": parent.map(|p| p["id"].clone())})).created();
        let top = make("Top", None);
        let middle = make("Middle", Some(&top));
        let low = make("Low", Some(&middle));
        let path = |p: &Value| format!("{HERE}/{}", id(p));
        s.patch(&path(&top), &top, json!({"parent_id": low["id"]})).problem(422, "party.cycle");
        s.patch(&path(&top), &top, json!({"parent_id": top["id"]})).problem(422, "party.cycle");
        s.patch(&path(&low), &low, json!({"parent_id": "pty_00000000000000000000000000"})).problem(422, "unknown_reference");
        let moved = s.patch(&path(&low), &low, json!({"parent_id": top["id"]})).ok();
        assert_eq!(s.get(&format!("{}?expand=parent", path(&moved))).ok()["parent"]["name"], "Top");
        s.delete(&path(&top), &top).problem(409, "in_use");
        let (a, b) = (make("A", None), make("B", None));
        let statuses = s.parallel(2, |i, c| {
            let (child, parent) = if i == 0 { (&a, &b) } else { (&b, &a) };
            c.patch(&path(child), child, json!({"parent_id": parent["id"]})).status
        });
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    }

    fn an_archived_party_comes_back(s) {
        let made = s.post(HERE, json!({"name": "A"})).created();
        let path = format!("{HERE}/{}", id(&made));
        let archived = s.act(&format!("{path}/archive"), &made, Value::Null).ok();
        let problem = s.act(&format!("{path}/archive"), &archived, Value::Null).problem(409, "invalid_state");
        assert_eq!((&problem["current_state"], &problem["allowed_actions"]), (&json!("archived"), &json!(["restore", "merge"])));
        s.act(&format!("{path}/restore"), &archived, Value::Null).ok();
    }

    fn lists_are_sorted_paged_and_thinned(s) {
        for n in 0..5 {
            s.post(HERE, json!({"name": format!("Party {n}")})).created();
        }
        let first = s.get(&format!("{HERE}?sort=-name&limit=2&fields=id,name&include_total=true")).ok();
        assert_eq!((&first["data"][0]["name"], &first["total_count"], &first["has_more"]), (&json!("Party 4"), &json!(5), &json!(true)));
        assert_eq!(first["data"][0].as_object().unwrap().len(), 2);
        let next = format!("{HERE}?sort=-name&limit=2&fields=id,name&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(s.get(&next).ok()["data"][0]["name"], "Party 2");
        s.get(&format!("{HERE}?colour=red")).problem(400, "unknown_parameter");
    }
}
