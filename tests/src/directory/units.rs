//! Units of measure: exact conversion, what is fixed, what is in use.

use serde_json::{Value, json};

use crate::fixtures::id;
use crate::harness::Server;

const HERE: &str = "/v1/directory/units";

fn unit(s: &Server, code: &str) -> String {
    id(&s.get(&format!("{HERE}?code={code}")).ok()["data"][0]).to_string()
}

fn convert(s: &Server, quantity: &str, from: &str, to: &str, remainder: &str) -> crate::harness::Answer {
    let body = json!({"quantity": quantity, "from_unit_id": unit(s, from), "to_unit_id": unit(s, to), "remainder": remainder});
    s.post(&format!("{HERE}/convert"), body)
}

each_engine! {
    fn quantities_convert_exactly_or_are_rounded_as_asked(s) {
        for (quantity, from, to, result, exact) in [
            ("2", "dozen", "each", "24", true),
            ("18", "each", "dozen", "1.5", true),
            ("1", "lb", "kg", "0.453592", false),
            ("16", "oz", "lb", "1", true),
            ("90", "min", "h", "1.5", true),
            ("1", "ft", "in", "12", true),
            ("3", "each", "pair", "2", false),
        ] {
            let answer = convert(s, quantity, from, to, "round").ok();
            assert_eq!((&answer["quantity"], &answer["exact"]), (&json!(result), &json!(exact)), "{quantity} {from} in {to}");
        }
        convert(s, "3", "each", "pair", "refuse").problem(422, "unit.inexact_conversion");
        assert_eq!(convert(s, "4", "each", "pair", "refuse").ok()["quantity"], "2");
        convert(s, "1", "kg", "h", "round").problem(422, "unit.different_categories");
    }

    fn a_unit_of_ones_own_converts_too(s) {
        let body = json!({"code": "crate24", "name": "Crate of 24", "category": "count", "numerator": "24"});
        s.post(HERE, body.clone()).created();
        assert_eq!(convert(s, "2.5", "crate24", "each", "refuse").ok()["quantity"], "60");
        s.post(HERE, body).problem(409, "already_exists");
        s.post(HERE, json!({"code": "z", "name": "Z", "category": "count", "numerator": "0"})).problem(422, "unit.invalid_factor");
    }

    fn the_factor_is_fixed_and_a_used_unit_is_not_deleted(s) {
        let made = s.post(HERE, json!({"code": "roll", "name": "Roll", "category": "count", "numerator": "1"})).created();
        let path = format!("{HERE}/{}", id(&made));
        s.patch(&path, &made, json!({"numerator": "2"})).problem(422, "unknown_field");
        s.post("/v1/directory/products", json!({"sku": "TAPE", "name": "Tape", "unit_id": made["id"]})).created();
        s.delete(&path, &made).problem(409, "in_use");
        let archived = s.act(&format!("{path}/archive"), &made, Value::Null).ok();
        assert_eq!(archived["allowed_actions"], json!(["restore"]));
        s.post("/v1/directory/products", json!({"sku": "TAPE2", "name": "Tape", "unit_id": made["id"]})).problem(409, "unit.archived");
        s.act(&format!("{path}/archive"), &archived, Value::Null).problem(409, "invalid_state");
        let free = s.post(HERE, json!({"code": "free", "name": "Free", "category": "count", "numerator": "1"})).created();
        s.delete(&format!("{HERE}/{}", id(&free)), &free).no_content();
        s.get(&format!("{HERE}/{}", id(&free))).problem(404, "not_found");
    }

    fn a_unit_changes_its_name_and_comes_back_from_the_archive(s) {
        let made = s.post(HERE, json!({"code": "roll", "name": "Roll", "category": "count", "numerator": "1"})).created();
        let path = format!("{HERE}/{}", id(&made));
        let named = s.patch(&path, &made, json!({"name": "Big roll", "places": 2})).ok();
        assert_eq!((&named["name"], &named["places"], &named["code"]), (&json!("Big roll"), &json!(2), &json!("roll")));
        s.patch(&path, &made, json!({"name": "Late"})).problem(412, "precondition_failed");
        let archived = s.act(&format!("{path}/archive"), &named, Value::Null).ok();
        let back = s.act(&format!("{path}/restore"), &archived, Value::Null).ok();
        assert_eq!((&back["archived_at"], &back["allowed_actions"]), (&Value::Null, &json!(["archive"])));
        s.post("/v1/directory/products", json!({"sku": "TAPE", "name": "Tape", "unit_id": made["id"]})).created();
        s.act(&format!("{path}/restore"), &back, Value::Null).problem(409, "invalid_state");
    }
}
