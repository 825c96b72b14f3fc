//! Suppressed addresses.

use serde_json::json;

use crate::crm::common::at;
use crate::fixtures::id;

each_engine! {
    fn a_suppressed_address_gets_nothing_not_even_receipts(s) {
        let party = json!({"name": "Ana", "is_customer": true, "emails": [{"address": "Ana@Example.org"}]});
        let party = s.post("/v1/directory/parties", party).created();
        let row = s.post("/v1/marketing/suppressions", json!({"channel": "email", "address": " ANA@example.ORG", "reason": "complaint"})).created();
        assert_eq!((&row["address"], &row["reason"]), (&json!("ana@example.org"), &json!("complaint")));
        let ask = json!({"channel": "email", "transactional": true, "subjects": [{"party_id": party["id"]}]});
        let check = || s.post("/v1/marketing/consents/check", ask.clone()).ok()["results"][0]["reason"].clone();
        assert_eq!(check(), "suppressed");
        s.delete(&at("suppressions", &row), &row).no_content();
        assert_eq!(check(), "transactional");
        s.get(&at("suppressions", &row)).problem(404, "not_found");
    }

    fn an_address_is_suppressed_once_and_fits_its_channel(s) {
        let row = s.post("/v1/marketing/suppressions", json!({"channel": "sms", "address": "+52 (55) 5555-4729"})).created();
        assert_eq!(row["reason"], "manual");
        s.post("/v1/marketing/suppressions", json!({"channel": "sms", "address": "+525555554729"})).problem(409, "suppression.exists");
        s.post("/v1/marketing/suppressions", json!({"channel": "email", "address": "+525555554729"})).problem(422, "suppression.wrong_address");
        s.post("/v1/marketing/suppressions", json!({"channel": "phone", "address": "+525555554729"})).created();
        let found = s.all("/v1/marketing/suppressions?channel=sms&q=5554729");
        assert_eq!(found.iter().map(id).collect::<Vec<_>>(), [id(&row)]);
        assert_eq!(s.get(&at("suppressions", &row)).ok(), row);
    }
}
