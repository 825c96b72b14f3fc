//! The ledger of attribution: append-only, by account, and following merges.

use serde_json::json;

use crate::crm::common::{at, deal};
use crate::fixtures::{customer, id, user_with, verified};
use crate::marketing::attribution_models::{earned, model, touch};

each_engine! {
    fn credits_tell_touch_share_and_cause(s) {
        s.at("2026-03-10T09:00:00Z");
        let party = customer(s, "Beans");
        let touches = [touch(s, &party, "2026-03-01T09:00:00Z", json!({"medium": "email"})), touch(s, &party, "2026-03-02T09:00:00Z", json!({}))];
        let d = deal(s, &party, json!({"amount": "10.01"}));
        let linear = model(s, "linear");
        let rows = s.followed().all(&format!("/v1/marketing/attribution-credits?model_id={}&opportunity_id={}&expand=touchpoint,deal", id(&linear), id(&d)));
        assert_eq!(rows.len(), 2);
        let first = rows.iter().find(|r| r["touchpoint_id"] == touches[0]["id"]).unwrap();
        assert_eq!((&first["amount"], &first["weight"], &first["channel"], &first["basis"]), (&json!("5.01"), &json!("0.5"), &json!("email"), &json!("pipeline")));
        assert_eq!(first["deal"]["opportunity_id"], d["id"]);
        let cause = s.get(&format!("/v1/marketing/attribution-restatements/{}", first["restatement_id"].as_str().unwrap())).ok();
        assert_eq!((&cause["reason"], &cause["cause_id"], &cause["after_amount"]), (&json!("opportunity.created"), &d["id"], &json!("10.01")));
        assert_eq!(s.get(&at("attribution-credits", first)).ok()["id"], first["id"]);
        assert_eq!(s.get(&format!("/v1/marketing/attribution-deals/{}", first["deal_id"].as_str().unwrap())).ok()["touch_count"], 2);
        let told = s.all(&format!("/v1/platform/audit-log?kind=attribution.restated&subject={}", first["deal_id"].as_str().unwrap()));
        assert_eq!(told.len(), 1, "figures that changed are a fact");
        let stranger = user_with(s, &["marketing.*"], &[]);
        assert!(stranger.all("/v1/marketing/attribution-credits").is_empty());
        let none = user_with(s, &["crm.leads.read"], &[s.company_id()]);
        none.get("/v1/marketing/attribution-credits").problem(403, "missing_scope");
    }

    fn touches_of_all_people_of_the_account_count(s) {
        s.at("2026-03-10T09:00:00Z");
        let party = customer(s, "Beans");
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let theirs = s.post("/v1/marketing/touchpoints", json!({"company_id": s.company_id(), "kind": "page_view", "contact_id": contact["id"], "occurred_at": "2026-03-01T09:00:00Z"})).created();
        deal(s, &party, json!({"amount": "10"}));
        let linear = model(s, "linear");
        assert_eq!(earned(s, &linear, "pipeline", &[&theirs]), ["0"]);
        s.post("/v1/directory/relationships", json!({"contact_id": contact["id"], "party_id": party["id"]})).created();
        assert_eq!(earned(s, &linear, "pipeline", &[&theirs]), ["10.00"]);
        // an anonymous visitor turns out to be of the account
        let visit = s.post("/v1/marketing/touchpoints", json!({"company_id": s.company_id(), "kind": "page_view", "anonymous_id": "v-12345678", "occurred_at": "2026-03-02T09:00:00Z"})).created();
        s.post("/v1/marketing/touchpoints/identify", json!({"company_id": s.company_id(), "anonymous_id": "v-12345678", "party_id": party["id"]})).ok();
        assert_eq!(earned(s, &linear, "pipeline", &[&theirs, &visit]), ["5.00", "5.00"]);
        // who leaves or cannot be reached is no influence
        s.post("/v1/marketing/touchpoints", json!({"company_id": s.company_id(), "kind": "unsubscribe", "party_id": party["id"]})).created();
        assert_eq!(earned(s, &linear, "pipeline", &[&theirs, &visit]), ["5.00", "5.00"]);
        verified(s);
    }

    fn touches_at_once_leave_a_ledger_that_sums(s) {
        s.at("2026-03-10T09:00:00Z");
        let party = customer(s, "Beans");
        deal(s, &party, json!({"amount": "100.01"}));
        s.parallel(6, |i, c| c.post("/v1/marketing/touchpoints", json!({"company_id": s.company_id(), "kind": "page_view", "party_id": party["id"], "occurred_at": format!("2026-03-0{}T09:00:00Z", i + 1)})).created());
        let all = s.all(&format!("/v1/marketing/touchpoints?party_id={}&sort=occurred_at", id(&party)));
        let touches: Vec<_> = all.iter().collect();
        let mut parts: Vec<_> = earned(s, &model(s, "linear"), "pipeline", &touches);
        parts.sort();
        assert_eq!(parts, ["16.66", "16.67", "16.67", "16.67", "16.67", "16.67"]);
        verified(s);
    }
}
