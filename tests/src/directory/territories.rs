//! Territories: countries in a tree, and the deals in them.

use serde_json::{Value, json};

use crate::crm::common::{at, deal, with};
use crate::fixtures::{customer, id};
use crate::harness::Server;

pub fn territory(s: &Server, name: &str, more: Value) -> Value {
    s.post("/v1/directory/territories", with(json!({"company_id": s.company_id(), "name": name}), more)).created()
}

each_engine! {
    fn a_deal_has_the_territory_of_its_party(s) {
        let europe = territory(s, "Europe", json!({"countries": ["FR"]}));
        let dach = territory(s, "DACH", json!({"countries": ["DE", "AT"], "parent_id": europe["id"]}));
        let body = |name: &str, more: Value| with(json!({"company_id": s.company_id(), "name": name}), more);
        s.post("/v1/directory/territories", body("dach", json!({}))).problem(409, "territory.duplicate_name");
        s.post("/v1/directory/territories", body("B", json!({"countries": ["CH", "AT"]}))).problem(409, "territory.country_elsewhere");
        s.post("/v1/directory/territories", body("B", json!({"countries": ["CH", "CH"]}))).problem(422, "territory.country_twice");
        s.post("/v1/directory/territories", body("B", json!({"parent_id": "ter_00000000000000000000000000"}))).problem(422, "unknown_reference");
        s.patch(&at("territories", &europe), &europe, json!({"parent_id": dach["id"]})).problem(422, "territory.cycle");
        s.delete(&at("territories", &europe), &europe).problem(409, "territory.in_use");
        let mut last = territory(s, "T0", json!({}));
        let top = last.clone();
        for n in 1..10 {
            last = territory(s, &format!("T{n}"), json!({"parent_id": last["id"]}));
        }
        s.post("/v1/directory/territories", body("deep", json!({"parent_id": last["id"]}))).problem(422, "territory.too_deep");
        s.delete(&at("territories", &last), &last).no_content();
        let german = json!({"name": "Alfreds", "is_customer": true, "addresses": [{"purpose": "billing", "address": {"line1": "x", "country": "DE"}}]});
        let german = s.post("/v1/directory/parties", german).created();
        let o = deal(s, &german, json!({"amount": "10"}));
        assert_eq!(o["territory_id"], dach["id"]);
        let elsewhere = deal(s, &german, json!({"amount": "10", "territory_id": europe["id"]}));
        let none = deal(s, &customer(s, "Nowhere"), json!({"amount": "10"}));
        assert_eq!((&elsewhere["territory_id"], &none["territory_id"]), (&europe["id"], &json!(null)));
        let found = |q: &str| s.all(&format!("/v1/crm/opportunities?{q}")).len();
        assert_eq!((found(&format!("territory_id={}", id(&europe))), found(&format!("territory_id={}", id(&dach))), found("has_territory=false")), (2, 1, 1));
        // the country moves, the deal stays
        let dach = s.patch(&at("territories", &dach), &dach, json!({"countries": ["AT"]})).ok();
        territory(s, "Germany", json!({"countries": ["DE"]}));
        assert_eq!(s.get(&at("opportunities", &o)).ok()["territory_id"], dach["id"]);
        s.delete(&at("territories", &dach), &dach).problem(409, "territory.in_use");
        s.patch(&at("opportunities", &o), &o, json!({"territory_id": "ter_00000000000000000000000000"})).problem(422, "unknown_reference");
        let o = s.patch(&at("opportunities", &o), &o, json!({"territory_id": top["id"]})).ok();
        assert_eq!(o["territory_id"], top["id"]);
        let o = s.patch(&at("opportunities", &o), &o, json!({"territory_id": null})).ok();
        assert_eq!((&o["territory_id"], found("has_territory=false")), (&json!(null), 2));
        let two = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        s.get(&format!("/v1/crm/forecasts?company_id={}&territory_id={}", id(&two), id(&top))).problem(404, "not_found");
    }
}
