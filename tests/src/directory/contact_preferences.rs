//! Preferences of contacts.

use serde_json::{Value, json};

use crate::fixtures::{id, user_with};
use crate::harness::{Answer, Server};

fn path(contact: &Value) -> String {
    format!("/v1/directory/contacts/{}", id(contact))
}

fn set(s: &Server, contact: &Value, body: Value) -> Answer {
    let now = s.get(&path(contact)).ok();
    s.act(&format!("{}/preferences", path(contact)), &now, body)
}

each_engine! {
    fn what_is_stated_is_kept_with_its_provenance_and_beats_what_is_inferred(s) {
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let inferred = json!({"name": "roast", "kind": "text", "value": "light", "provenance": "inferred", "source": "last three orders"});
        let first = set(s, &ana, inferred.clone()).created();
        assert_eq!((&first["value"], &first["noted_at"], &first["version"]), (&json!("light"), &json!("2026-01-02T09:00:00Z"), &json!(2)));
        s.at("2026-01-03T09:00:00Z");
        let stated = json!({"name": "roast", "kind": "choices", "value": ["dark", "medium"], "provenance": "stated", "source": "call", "noted_at": "2026-01-02T12:00:00Z"});
        let second = set(s, &ana, stated).created();
        assert_eq!((&second["id"], &second["value"], &second["provenance"]), (&first["id"], &json!(["dark", "medium"]), &json!("stated")));
        set(s, &ana, inferred).problem(409, "contact_preference.stated");
        set(s, &ana, json!({"name": "visits", "kind": "number", "value": 3, "provenance": "stated"})).created();
        let all = s.all(&format!("{}/preferences", path(&ana)));
        assert_eq!(all.iter().map(|p| p["name"].as_str().unwrap()).collect::<Vec<_>>(), ["roast", "visits"]);
        assert_eq!(s.all(&format!("{}/preferences?provenance=stated&kind=number", path(&ana))).len(), 1);
        let now = s.get(&path(&ana)).ok();
        assert_eq!(s.get(&format!("{}/preferences/{}", path(&ana), id(&second))).ok()["version"], now["version"]);
        let party = s.post("/v1/directory/parties", json!({"name": "Acme"})).created();
        s.post("/v1/directory/relationships", json!({"party_id": party["id"], "contact_id": ana["id"]})).created();
        let all = s.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        assert_eq!((&all["contacts"][0]["preferences"][0]["name"], &all["contacts"][0]["preferences"][0]["version"]), (&json!("roast"), &now["version"]));
        // they are among all that is kept of the person, and go with it
        let export = s.get(&format!("{}/export", path(&ana))).ok();
        let kept = export["records"].as_array().unwrap().iter().find(|r| r["what"] == "contact_preferences.contact_id").unwrap();
        assert_eq!(kept["rows"].as_array().unwrap().len(), 2);
        s.delete(&format!("{}/preferences/{}", path(&ana), id(&second)), &now).expect(204);
        s.get(&format!("{}/preferences/{}", path(&ana), id(&second))).problem(404, "not_found");
        let now = s.get(&path(&ana)).ok();
        s.act(&format!("{}/erase", path(&ana)), &now, json!({"reason": "asked"})).ok();
        assert!(s.all(&format!("{}/preferences", path(&ana))).is_empty());
        set(s, &ana, json!({"name": "visits", "kind": "number", "value": 3, "provenance": "stated"})).problem(409, "personal_data.erased");
    }

    fn values_fit_their_kind_and_conclusions_have_a_source(s) {
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let other = s.post("/v1/directory/contacts", json!({"last_name": "Bert"})).created();
        set(s, &ana, json!({"name": "a", "kind": "flag", "value": "yes", "provenance": "stated"})).problem(422, "contact_preference.wrong_value");
        set(s, &ana, json!({"name": "a", "kind": "flag", "value": true, "provenance": "inferred"})).problem(422, "contact_preference.no_source");
        let early = json!({"name": "a", "kind": "flag", "value": true, "provenance": "stated", "noted_at": "2027-01-01T00:00:00Z"});
        set(s, &ana, early).problem(422, "contact_preference.in_the_future");
        let made = set(s, &ana, json!({"name": "a", "kind": "flag", "value": true, "provenance": "stated"})).created();
        s.get(&format!("{}/preferences/{}", path(&other), id(&made))).problem(404, "not_found");
        s.delete(&format!("{}/preferences/{}", path(&ana), id(&made)), 1).problem(412, "precondition_failed");
        let reader = user_with(s, &["directory.contacts.read"], &[]);
        assert_eq!(reader.all(&format!("{}/preferences", path(&ana))).len(), 1);
        reader.act(&format!("{}/preferences", path(&ana)), 2, json!({})).problem(403, "missing_scope");
    }

    fn a_contact_has_so_many_and_no_more(s) {
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        for i in 0..200 {
            set(s, &ana, json!({"name": format!("p{i}"), "kind": "number", "value": i, "provenance": "stated"})).created();
        }
        set(s, &ana, json!({"name": "more", "kind": "flag", "value": true, "provenance": "stated"})).problem(409, "contact_preference.too_many");
        set(s, &ana, json!({"name": "p7", "kind": "number", "value": 8, "provenance": "stated"})).created();
    }
}
