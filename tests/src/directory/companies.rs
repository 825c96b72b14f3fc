//! Companies: policies, what is fixed, who sees them.

use serde_json::json;

use crate::fixtures::{id, user_with};

const HERE: &str = "/v1/directory/companies";

each_engine! {
    fn a_company_keeps_what_it_was_given_and_fills_in_the_rest(s) {
        let body = json!({
            "code": "FUND", "name": " Foundry ", "currency": "JPY", "time_zone": "Asia/Tokyo", "fiscal_year_start_month": 4,
            "rounding": "per_document", "address": {"line1": "1 Main Street", "country": "JP"}, "metadata": {"a": "b"},
        });
        let made = s.post(HERE, body).created();
        assert_eq!((&made["name"], &made["currency"], &made["rounding"]), (&json!("Foundry"), &json!("JPY"), &json!("per_document")));
        assert_eq!((&made["negative_stock"], &made["credit_policy"], &made["payment_terms_days"]), (&json!("refuse"), &json!("block"), &json!(30)));
        assert_eq!(made["address"], json!({"line1": "1 Main Street", "line2": null, "city": null, "region": null, "postal_code": null, "country": "JP"}));
        assert_eq!(s.get(&format!("{HERE}/{}", id(&made))).ok(), made);
    }

    fn everything_wrong_with_a_company_is_told_at_once(s) {
        let body = json!({"code": "X", "name": "X", "currency": "XAU", "time_zone": "Mars/Olympus", "address": {"line1": "x", "country": "ZZ"}});
        let problem = s.post(HERE, body).problem(422, "invalid_body");
        let mut places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        places.sort_unstable();
        assert_eq!(places, ["/address/country", "/currency", "/time_zone"]);
        s.post(HERE, json!({"code": "X", "name": "X", "currency": "XAU"})).problem(422, "currency.unknown");
    }

    fn currency_and_fiscal_year_are_fixed_and_policies_change(s) {
        let made = s.post(HERE, json!({"code": "C1", "name": "C1", "currency": "EUR"})).created();
        let path = format!("{HERE}/{}", id(&made));
        s.patch(&path, &made, json!({"currency": "USD"})).problem(422, "unknown_field");
        s.patch(&path, &made, json!({"name": null})).problem(422, "invalid_body");
        s.patch(&path, &made, json!({"time_zone": "Nowhere/None"})).problem(422, "company.unknown_time_zone");
        let changed = s.patch(&path, &made, json!({"credit_policy": "warn", "tax_id": "DE1"})).ok();
        assert_eq!((&changed["credit_policy"], &changed["tax_id"], &changed["version"]), (&json!("warn"), &json!("DE1"), &json!(2)));
        s.patch(&path, &made, json!({"credit_policy": "block"})).problem(412, "precondition_failed");
        let cleared = s.patch(&path, &changed, json!({"tax_id": null})).ok();
        assert!(cleared["tax_id"].is_null());
    }

    fn a_code_is_taken_once(s) {
        s.post(HERE, json!({"code": "ONCE", "name": "A", "currency": "EUR"})).created();
        s.post(HERE, json!({"code": "ONCE", "name": "B", "currency": "EUR"})).problem(409, "already_exists");
    }

    fn a_company_without_a_grant_does_not_exist(s) {
        let other = s.post(HERE, json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        let clerk = user_with(s, &["directory.companies.read", "directory.companies.update"], &[s.company_id()]);
        assert_eq!(clerk.all(HERE).iter().map(|c| id(c).to_string()).collect::<Vec<_>>(), [s.company_id()]);
        let path = format!("{HERE}/{}", id(&other));
        clerk.get(&path).problem(404, "not_found");
        clerk.patch(&path, &other, json!({"name": "Mine"})).problem(404, "not_found");
    }
}
