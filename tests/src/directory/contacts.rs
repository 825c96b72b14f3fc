//! Contacts: people, found by name, mail and number.

use serde_json::{Value, json};

use crate::fixtures::id;

const HERE: &str = "/v1/directory/contacts";

each_engine! {
    fn a_contact_is_found_by_name_mail_or_phone(s) {
        let made = s.post(HERE, json!({
            "first_name": "Maria", "last_name": "Anders", "language": "de", "emails": [{"address": "Maria@Example.com"}],
            "phones": [{"number": "0049 30 0074321"}],
        })).created();
        assert_eq!((&made["name"], &made["phones"][0]["normalised"]), (&json!("Maria Anders"), &json!("+49300074321")));
        for q in ["maria%20anders", "EXAMPLE.COM", "%2B4930"] {
            assert_eq!(s.get(&format!("{HERE}?q={q}")).ok()["data"][0]["id"], made["id"], "{q}");
        }
        let changed = s.patch(&format!("{HERE}/{}", id(&made)), &made, json!({"last_name": "Andersen", "first_name": null})).ok();
        assert_eq!(changed["name"], "Andersen");
    }

    fn a_shared_mailbox_is_a_warning_and_no_rule(s) {
        let body = |last: &str, allow: bool| json!({"last_name": last, "emails": [{"address": "office@example.com"}], "allow_duplicate": allow});
        let first = s.post(HERE, body("One", false)).created();
        let problem = s.post(HERE, body("Two", false)).problem(409, "contact.possible_duplicate");
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains(id(&first)));
        s.post(HERE, body("Two", true)).created();
    }

    fn bad_contacts_are_refused_with_all_places(s) {
        let problem = s.post(HERE, json!({"last_name": "A", "language": "German", "emails": [{"address": "nonsense"}]})).problem(422, "invalid_body");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
        s.post(HERE, json!({"last_name": "A", "company": "B"})).problem(422, "unknown_field");
    }

    fn contacts_come_in_bulk_are_archived_and_deleted(s) {
        let items: Vec<Value> = (0..3).map(|n| json!({"last_name": format!("Person {n}")})).collect();
        let made = s.post(&format!("{HERE}/bulk"), json!({"mode": "atomic", "items": items})).ok();
        let path = format!("{HERE}/{}", made["items"][0]["id"].as_str().unwrap());
        let archived = s.act(&format!("{path}/archive"), 1, Value::Null).ok();
        s.act(&format!("{path}/restore"), &archived, Value::Null).ok();
        s.delete(&path, 3).no_content();
        assert_eq!(s.all(HERE).len(), 2);
    }
}
