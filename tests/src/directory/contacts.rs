//! Contacts: people, found by name, mail and number.

use serde_json::{Value, json};

use crate::fixtures::{id, user_with};

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
        let alone = |more: Value, code: &str| {
            let mut body = json!({"last_name": "A"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            s.post(HERE, body).problem(422, code);
        };
        alone(json!({"language": "German"}), "contact.invalid_language");
        alone(json!({"emails": [{"address": "a@example.com"}, {"address": "A@example.com"}]}), "email.duplicate");
        alone(json!({"external_ids": [{"system": "shop", "id": "1"}, {"system": "shop", "id": "1"}]}), "external_id.duplicate");
    }

    fn upserting_again_and_again_leaves_one_contact(s) {
        let key = json!({"system": "webshop", "id": "p-1"});
        let upsert = |contact: Value| s.post(&format!("{HERE}/upsert"), json!({"external_id": key, "contact": contact}));
        upsert(json!({"first_name": "Ana"})).problem(422, "invalid_body");
        let first = upsert(json!({"first_name": "Ana", "last_name": "Trujillo"})).ok();
        assert_eq!((&first["created"], &first["contact"]["external_ids"], &first["contact"]["name"]), (&json!(true), &json!([key]), &json!("Ana Trujillo")));
        let second = upsert(json!({"first_name": null, "language": "es"})).ok();
        assert_eq!((&second["created"], &second["contact"]["id"], &second["contact"]["name"]), (&json!(false), &first["contact"]["id"], &json!("Trujillo")));
        let people = s.parallel(8, |i, c| {
            let body = json!({"external_id": {"system": "webshop", "id": "race"}, "contact": {"last_name": format!("Racer {i}")}});
            c.post(&format!("{HERE}/upsert"), body).ok()["contact"]["id"].clone()
        });
        assert!(people.iter().all(|p| *p == people[0]), "{people:?}");
        let items = json!([{"external_id": key, "contact": {"last_name": "T"}}, {"external_id": {"system": "a", "id": "b"}, "contact": {"last_name": "B"}}]);
        let bulk = s.post(&format!("{HERE}/upsert/bulk"), json!({"mode": "atomic", "items": items})).ok();
        assert_eq!((&bulk["created"], &bulk["updated"]), (&json!(1), &json!(1)));
        let clerk = user_with(s, &["directory.contacts.create"], &[]);
        clerk.post(&format!("{HERE}/upsert"), json!({"external_id": key, "contact": {}})).problem(403, "missing_scope");
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
