//! Products: search, prices, what is fixed, bulk.

use serde_json::{Value, json};

use crate::fixtures::{each, id};

const HERE: &str = "/v1/directory/products";

each_engine! {
    fn a_product_is_found_by_sku_name_or_barcode_whatever_the_case(s) {
        let unit = each(s);
        let body = json!({"sku": "CHAI-10", "name": "Grüner Tee", "unit_id": unit["id"], "barcode": "4006381333931", "sales_price": "18.50",
            "currency": "EUR", "tags": [" tea ", "tea"]});
        let made = s.post(HERE, body).created();
        s.post(HERE, json!({"sku": "OTHER", "name": "Other", "unit_id": unit["id"]})).created();
        assert_eq!((&made["posting_class"], &made["tax_class"], &made["tags"]), (&json!("merchandise"), &json!("standard"), &json!(["tea"])));
        for q in ["chai", "GR%C3%9CNER", "400638", "1333931"] {
            let found = s.all(&format!("{HERE}?q={q}"));
            assert_eq!(found.iter().map(id).collect::<Vec<_>>(), [id(&made)], "{q}");
        }
        let expanded = s.get(&format!("{HERE}?sku=CHAI-10&expand=unit")).ok();
        assert_eq!(expanded["data"][0]["unit"]["code"], "each");
        assert_eq!(s.get(&format!("{HERE}/{}?fields=sku,name", id(&made))).ok().as_object().unwrap().len(), 2);
    }

    fn a_price_needs_a_currency_and_kinds_their_posting_class(s) {
        let unit = each(s);
        let with = |extra: Value| {
            let mut body = json!({"sku": "P", "name": "P", "unit_id": unit["id"]});
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            s.post(HERE, body)
        };
        with(json!({"sales_price": "1"})).problem(422, "product.price_without_currency");
        with(json!({"sales_price": "-1", "currency": "EUR"})).problem(422, "product.negative_value");
        with(json!({"kind": "service", "posting_class": "merchandise"})).problem(422, "product.wrong_posting_class");
        with(json!({"sales_price": 1.5, "currency": "EUR"})).problem(422, "decimal_must_be_string");
        with(json!({"unit_id": "unit_00000000000000000000000000"})).problem(422, "unknown_reference");
    }

    fn an_archived_product_comes_back(s) {
        let made = s.post(HERE, json!({"sku": "A", "name": "A", "unit_id": each(s)["id"]})).created();
        let path = format!("{HERE}/{}", id(&made));
        s.patch(&path, &made, json!({"kind": "service"})).problem(422, "unknown_field");
        let archived = s.act(&format!("{path}/archive"), &made, Value::Null).ok();
        assert!(archived["archived_at"].is_string());
        let back = s.act(&format!("{path}/restore"), &archived, Value::Null).ok();
        assert_eq!((&back["archived_at"], &back["version"]), (&Value::Null, &json!(3)));
        s.delete(&path, &back).no_content();
    }

    fn many_are_created_at_once(s) {
        let unit = each(s);
        let item = |sku: &str| json!({"sku": sku, "name": sku, "unit_id": unit["id"]});
        let all = s.post(&format!("{HERE}/bulk"), json!({"mode": "atomic", "items": [item("B1"), item("B2")]})).ok();
        assert_eq!((&all["created"], &all["refused"]), (&json!(2), &json!(0)));
        let refused = s.post(&format!("{HERE}/bulk"), json!({"mode": "atomic", "items": [item("B3"), item("B1")]})).problem(409, "already_exists");
        assert_eq!(refused["detail"], "There is one with the same sku.");
        assert!(refused["errors"][0]["pointer"].as_str().unwrap().starts_with("/items/1"), "{refused}");
        let some = s.post(&format!("{HERE}/bulk"), json!({"mode": "partial", "items": [item("B3"), item("B1")]})).ok();
        assert_eq!((&some["items"][0]["status"], &some["items"][1]["error"]["code"]), (&json!("created"), &json!("already_exists")));
        assert_eq!(s.all(HERE).len(), 3);
    }

    fn a_change_sets_what_it_names_and_leaves_the_rest(s) {
        let made = s.post(HERE, json!({"sku": "A", "name": "Old", "unit_id": each(s)["id"], "barcode": "4006381333931", "sales_price": "18.50", "currency": "EUR"})).created();
        let path = format!("{HERE}/{}", id(&made));
        let changed = s.patch(&path, &made, json!({"name": "New", "barcode": null, "sales_price": "19.25"})).ok();
        assert_eq!((&changed["name"], &changed["barcode"], &changed["sales_price"], &changed["sku"]), (&json!("New"), &Value::Null, &json!("19.25"), &json!("A")));
        assert_eq!(s.get(&path).ok(), changed);
        s.patch(&path, &changed, json!({"currency": null})).problem(422, "product.price_without_currency");
        s.patch(&path, &made, json!({"name": "Late"})).problem(412, "precondition_failed");
    }
}
