//! Tax calculation and determination over HTTP.

use serde_json::{Value, json};

use crate::accounting::{new_tax, tax};
use crate::fixtures::{id, product};
use crate::harness::Server;

fn calculate(s: &Server, more: Value) -> Value {
    let mut body = json!({"company_id": s.company_id()});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    s.post("/v1/tax/calculations/calculate", body).ok()
}

fn sums(v: &Value) -> [&str; 3] {
    ["net", "tax", "gross"].map(|f| v[f].as_str().unwrap_or_default())
}

each_engine! {
    fn the_golden_vectors_hold(s) {
        let (t21, t7, t19) = (new_tax(s, "T21", "21"), new_tax(s, "T7", "7"), new_tax(s, "T19", "19"));
        let two = json!([{"unit_price": "379.00", "tax_code_ids": [t21]}, {"unit_price": "379.00", "tax_code_ids": [t21]}]);
        let t = calculate(s, json!({"prices_include_tax": true, "rounding": "per_document", "lines": two}));
        assert_eq!(sums(&t), ["626.45", "131.55", "758.00"], "G1a");
        let t = calculate(s, json!({"prices_include_tax": true, "rounding": "per_line", "lines": two}));
        assert_eq!(sums(&t), ["626.44", "131.56", "758.00"], "G1a");
        let t = calculate(s, json!({"prices_include_tax": true, "rounding": "per_line", "lines": [
            {"unit_price": "16000", "tax_code_ids": [t7]}, {"unit_price": "10000", "tax_code_ids": [t7]}]}));
        assert_eq!(sums(&t), ["24299.06", "1700.94", "26000.00"], "G1b");
        let three = json!(vec![json!({"unit_price": "0.99", "tax_code_ids": [t19]}); 3]);
        assert_eq!(calculate(s, json!({"rounding": "per_line", "lines": three}))["tax"], "0.57", "G1c");
        assert_eq!(calculate(s, json!({"rounding": "per_document", "lines": three}))["tax"], "0.56", "G1c");
    }

    fn taxes_follow_product_customer_and_date(s) {
        let goods = product(s, "TAXED", "100.00", None);
        let abroad = s.post("/v1/directory/parties", json!({"name": "Abroad", "is_customer": true, "customer_terms": {"tax_status": "foreign"}})).created();
        let at_home = calculate(s, json!({"lines": [{"product_id": goods["id"], "unit_price": "100"}]}));
        assert_eq!((at_home["tax"].as_str(), &at_home["taxes"][0]["tax_code_id"]), (Some("20.00"), &json!(tax(s, "STD"))));
        let export = calculate(s, json!({"customer_id": abroad["id"], "lines": [{"product_id": goods["id"], "unit_price": "100"}]}));
        assert_eq!((export["tax"].as_str(), export["taxes"][0]["treatment"].as_str()), (Some("0.00"), Some("zero_rated")));
        let code = s.get(&format!("/v1/tax/codes/{}", tax(s, "STD"))).ok();
        let rates = json!([{"valid_from_date": "2000-01-01", "rate": "20"}, {"valid_from_date": "2026-07-01", "rate": "16"}]);
        s.patch(&format!("/v1/tax/codes/{}", tax(s, "STD")), &code, json!({"rates": rates})).ok();
        let line = json!([{"product_id": goods["id"], "unit_price": "100"}]);
        assert_eq!(calculate(s, json!({"tax_date": "2026-06-30", "lines": line}))["tax"], "20.00");
        assert_eq!(calculate(s, json!({"tax_date": "2026-07-01", "lines": line}))["tax"], "16.00");
    }

    fn a_line_names_only_taxes_of_its_company(s) {
        let unknown = "tax_00000000000000000000000000";
        let body = json!({"company_id": s.company_id(), "lines": [{"unit_price": "1", "tax_code_ids": [unknown]}]});
        s.post("/v1/tax/calculations/calculate", body).problem(422, "unknown_reference");
        let numbers = json!({"company_id": s.company_id(), "lines": [{"unit_price": 1.5}]});
        s.post("/v1/tax/calculations/calculate", numbers).problem(422, "decimal_must_be_string");
    }

    fn a_rule_from_a_date_on_can_be_changed_and_taken_away(s) {
        let (t5, t9) = (new_tax(s, "T5", "5"), new_tax(s, "T9", "9"));
        let goods = product(s, "RULED", "100.00", None);
        let tax_on = |date: &str| {
            let line = json!([{"product_id": goods["id"], "unit_price": "100"}]);
            calculate(s, json!({"tax_date": date, "lines": line}))["tax"].as_str().unwrap().to_string()
        };
        let new = json!({"company_id": s.company_id(), "tax_class": "standard", "tax_status": "domestic", "tax_code_ids": [t5], "valid_from_date": "2026-07-01"});
        let rule = s.post("/v1/tax/rules", new).created();
        assert_eq!((tax_on("2026-06-30"), tax_on("2026-07-01")), ("20.00".into(), "5.00".into()));
        let path = format!("/v1/tax/rules/{}", id(&rule));
        s.patch(&path, &rule, json!({"tax_code_ids": ["tax_00000000000000000000000000"]})).problem(422, "unknown_reference");
        let changed = s.patch(&path, &rule, json!({"tax_code_ids": [t5, t9]})).ok();
        assert_eq!((&changed["tax_code_ids"], tax_on("2026-07-01")), (&json!([t5, t9]), "14.00".into()));
        s.delete(&path, &changed).no_content();
        s.get(&path).problem(404, "not_found");
        assert_eq!(tax_on("2026-07-01"), "20.00");
    }
}
