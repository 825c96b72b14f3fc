//! Loss reasons: what a company counts when it loses.

use serde_json::json;

use super::common::{act, at, deal, with};
use crate::fixtures::{customer, id};

each_engine! {
    fn deals_are_lost_for_a_counted_reason(s) {
        let new = |body: serde_json::Value| s.post("/v1/crm/loss-reasons", with(json!({"company_id": s.company_id()}), body));
        let price = new(json!({"name": "price"})).created();
        let other = new(json!({"name": "competitor", "requires_competitor": true})).created();
        new(json!({"name": "PRICE"})).problem(409, "loss_reason.duplicate_name");
        s.patch(&at("loss-reasons", &other), &other, json!({"name": "Price"})).problem(409, "loss_reason.duplicate_name");
        assert_eq!(s.get(&at("loss-reasons", &price)).ok(), price);
        assert_eq!(s.all("/v1/crm/loss-reasons?sort=name").len(), 2);
        let party = customer(s, "Alfreds");
        let lose = |o: &serde_json::Value, why: serde_json::Value| s.act(&format!("{}/lose", at("opportunities", o)), o, why);
        let o = deal(s, &party, json!({"amount": "10"}));
        lose(&o, json!({})).problem(422, "opportunity.no_loss_reason");
        lose(&o, json!({"loss_reason_id": "lr_00000000000000000000000000"})).problem(422, "unknown_reference");
        let lost = lose(&o, json!({"loss_reason_id": price["id"]})).ok();
        assert_eq!((&lost["loss_reason"], &lost["loss_reason_id"]), (&json!("price"), &price["id"]));
        // the words of the time stay
        let renamed = s.patch(&at("loss-reasons", &price), &price, json!({"name": "too dear"})).ok();
        assert_eq!(s.get(&at("opportunities", &lost)).ok()["loss_reason"], "price");
        let o = deal(s, &party, json!({"amount": "20"}));
        let problem = lose(&o, json!({"loss_reason_id": other["id"]})).problem(422, "loss_reason.competitor_missing");
        assert_eq!(problem["errors"][0]["pointer"], "/competitor_id");
        let rival = s.post("/v1/crm/competitors", json!({"company_id": s.company_id(), "name": "Kaffeewerk"})).created();
        let lost = lose(&o, json!({"loss_reason_id": other["id"], "competitor_id": rival["id"]})).ok();
        assert_eq!((&lost["competitor"], &lost["competitor_id"]), (&json!("Kaffeewerk"), &rival["id"]));
        assert_eq!(s.all(&format!("/v1/crm/opportunities?loss_reason_id={}", id(&other))).len(), 1);
        let archived = act(s, "loss-reasons", &renamed, "archive", json!({}));
        let o = deal(s, &party, json!({"amount": "30"}));
        lose(&o, json!({"loss_reason_id": price["id"]})).problem(422, "loss_reason.archived");
        let back = act(s, "loss-reasons", &archived, "restore", json!({}));
        s.act(&format!("{}/restore", at("loss-reasons", &back)), &back, json!({})).problem(409, "invalid_state");
    }
}
