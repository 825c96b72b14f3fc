//! Relationships: many to many, one person to ask first.

use serde_json::{Value, json};

use crate::fixtures::{customer, id};
use crate::harness::Server;

const HERE: &str = "/v1/directory/relationships";

fn person(s: &Server, name: &str) -> Value {
    s.post("/v1/directory/contacts", json!({"last_name": name})).created()
}

each_engine! {
    fn a_new_primary_person_takes_the_place_of_the_one_before(s) {
        let (party, a, b) = (customer(s, "Acme"), person(s, "A"), person(s, "B"));
        let relate = |c: &Value| s.post(HERE, json!({"contact_id": c["id"], "party_id": party["id"], "title": "Buyer", "is_primary": true})).created();
        let (first, second) = (relate(&a), relate(&b));
        assert_eq!(s.get(&format!("{HERE}/{}", id(&first))).ok()["is_primary"], false);
        let back = s.patch(&format!("{HERE}/{}", id(&first)), 2, json!({"is_primary": true})).ok();
        assert_eq!(back["is_primary"], true);
        assert_eq!(s.get(&format!("{HERE}/{}", id(&second))).ok()["is_primary"], false);
        let listed = s.get(&format!("{HERE}?party_id={}&is_primary=true&expand=contact", id(&party))).ok();
        assert_eq!(listed["data"][0]["contact"]["name"], "A");
    }

    fn a_person_serves_several_parties_and_is_not_deleted_meanwhile(s) {
        let (one, two, a) = (customer(s, "One"), customer(s, "Two"), person(s, "A"));
        for party in [&one, &two] {
            s.post(HERE, json!({"contact_id": a["id"], "party_id": party["id"]})).created();
        }
        assert_eq!(s.all(&format!("{HERE}?contact_id={}", id(&a))).len(), 2);
        s.delete(&format!("/v1/directory/contacts/{}", id(&a)), &a).problem(409, "in_use");
        s.delete(&format!("/v1/directory/parties/{}", id(&one)), &one).problem(409, "in_use");
    }

    fn it_ends_after_it_starts_and_needs_both_ends(s) {
        let (party, a) = (customer(s, "P"), person(s, "A"));
        let body = json!({"contact_id": a["id"], "party_id": party["id"], "from_date": "2026-02-01", "to_date": "2026-01-01"});
        s.post(HERE, body).problem(422, "relationship.ends_before_start");
        let nobody = json!({"contact_id": "con_00000000000000000000000000", "party_id": party["id"]});
        assert_eq!(s.post(HERE, nobody).problem(422, "unknown_reference")["errors"][0]["pointer"], "/contact_id");
        let made = s.post(HERE, json!({"contact_id": a["id"], "party_id": party["id"]})).created();
        s.delete(&format!("{HERE}/{}", id(&made)), &made).no_content();
    }
}
