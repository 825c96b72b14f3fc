//! What happened around a deal or a lead.

use serde_json::{Value, json};

use super::common::{act, activity, at, deal, lead, qualified};
use crate::fixtures::{customer, id, member, user_with};

/// The kinds of a timeline, newest first.
fn kinds(s: &crate::harness::Client, path: &str) -> Vec<String> {
    s.all(path).iter().map(|e| e["kind"].as_str().unwrap().to_string()).collect()
}

each_engine! {
    fn a_deal_tells_its_whole_story(s) {
        let l = qualified(s, json!({"organisation_name": "Emparedados"}));
        let call = activity(s, &l, json!({"kind": "call"}));
        let c = act(s, "leads", &l, "convert", json!({"opportunity": {"amount": "5"}}));
        let o = s.get(&format!("/v1/crm/opportunities/{}", c["opportunity_id"].as_str().unwrap())).ok();
        let call = s.get(&at("activities", &call)).ok();
        act(s, "activities", &call, "complete", json!({}));
        let lines = json!({"amount_source": "lines", "lines": [{"description": "Machine", "quantity": "1", "unit_price": "10"}]});
        let o = s.patch(&at("opportunities", &o), &o, lines).ok();
        let o = act(s, "opportunities", &o, "win", json!({}));
        let path = format!("{}/timeline", at("opportunities", &o));
        let told = kinds(s, &path);
        for kind in ["lead.created", "lead.converted", "opportunity.created", "opportunity.won", "sales_order.created", "activity.moved", "activity.completed"] {
            assert!(told.iter().any(|k| k == kind), "{kind} is missing in {told:?}");
        }
        assert_eq!(told.last().unwrap(), "lead.created", "the oldest is last");
        // page by page the same
        let paged: Vec<_> = kinds(s, &format!("{path}?limit=2"));
        assert_eq!(paged, told);
        assert!(s.all(&format!("{path}?kind=opportunity.won")).len() == 1);
        // the lead shows what it became, too
        let of_lead = kinds(s, &format!("{}/timeline", at("leads", &l)));
        assert!(of_lead.iter().any(|k| k == "opportunity.won") && of_lead.iter().any(|k| k == "lead.created"), "{of_lead:?}");
    }

    fn a_party_sees_front_and_back_office_in_one_stream(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "5"}));
        activity(s, &party, json!({}));
        act(s, "opportunities", &o, "lose", json!({"reason": "price"}));
        let told = kinds(s, &format!("/v1/directory/parties/{}/timeline", id(&party)));
        assert_eq!(told, ["opportunity.lost", "activity.created", "opportunity.created", "party.created"]);
    }

    fn another_deal_of_the_party_is_another_story(s) {
        let party = customer(s, "Alfreds");
        let (a, b) = (deal(s, &party, json!({})), deal(s, &party, json!({})));
        activity(s, &b, json!({}));
        assert_eq!(kinds(s, &format!("{}/timeline", at("opportunities", &a))), ["opportunity.created"]);
    }

    fn only_what_the_caller_may_read_is_told(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({}));
        activity(s, &o, json!({}));
        let reader = user_with(s, &["crm.opportunities.read"], &[s.company_id()]);
        assert_eq!(kinds(&reader, &format!("{}/timeline", at("opportunities", &o))), ["opportunity.created"]);
        let stranger = user_with(s, &["crm.*"], &[]);
        stranger.get(&format!("{}/timeline", at("opportunities", &o))).problem(404, "not_found");
        let l = lead(s, json!({}));
        stranger.get(&format!("{}/timeline", at("leads", &l))).problem(404, "not_found");
    }

    fn a_timeline_says_what_happened(s) {
        let party = customer(s, "Alfreds");
        let (ann, _) = member(s, &["crm.*"]);
        let o = deal(s, &party, json!({"amount": "500"}));
        let path = at("opportunities", &o);
        let pipeline = s.get(&format!("/v1/crm/pipelines/{}", o["pipeline_id"].as_str().unwrap())).ok();
        let stages = pipeline["stages"].as_array().unwrap().clone();
        let o = s.patch(&path, &o, json!({"amount": "750", "owner_id": ann["id"]})).ok();
        let here = stages.iter().position(|st| st["id"] == o["stage_id"]).unwrap();
        let o = s.act(&format!("{path}/advance"), &o, json!({"stage_id": stages[here + 1]["id"]})).ok();
        let said = s.post("/v1/platform/comments", json!({"record_id": o["id"], "body": "They want a discount."})).created();
        // what only programs read is left out
        s.patch(&path, &o, json!({"metadata": {"sync": "1"}})).ok();
        let told = s.all(&format!("{path}/timeline"));
        let kinds: Vec<&str> = told.iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["comment.created", "opportunity.stage_changed", "opportunity.updated", "opportunity.created"], "{told:#?}");
        assert_eq!(told[0]["text"], "They want a discount.");
        let change = |entry: &Value, field: &str| entry["changes"].as_array().unwrap().iter().find(|c| c["field"] == field).cloned().unwrap();
        let stage = change(&told[1], "stage_id");
        assert_eq!((&stage["old_name"], &stage["new_name"]), (&stages[here]["name"], &stages[here + 1]["name"]));
        assert_eq!((&told[2]["amount"], &told[2]["currency"]), (&json!("750.00"), &o["currency"]));
        let amount = change(&told[2], "amount");
        assert_eq!((&amount["old_value"], &amount["new_value"]), (&json!("500.00"), &json!("750.00")));
        let owner = change(&told[2], "owner_id");
        assert_eq!((&owner["new_value"], &owner["new_name"]), (&ann["id"], &ann["name"]));
        assert_eq!(s.all(&format!("{path}/timeline?limit=1")), told);
        // the party tells it, too
        assert!(s.all(&format!("/v1/directory/parties/{}/timeline", id(&party))).iter().any(|e| e["text"] == "They want a discount."));
        s.delete(&format!("/v1/platform/comments/{}", id(&said)), &said).no_content();
        assert!(s.all(&format!("{path}/timeline")).iter().all(|e| e["text"].is_null()), "a deleted comment is told no more");
        // who may not read comments is not told of them
        let reader = user_with(s, &["crm.opportunities.read"], &[s.company_id()]);
        assert!(self::kinds(&reader, &format!("{path}/timeline")).iter().all(|k| k != "comment.created"));
    }

    fn contacts_and_documents_tell_their_stories(s) {
        let order = crate::fixtures::a_bit_of_everything(s);
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Byron"})).created();
        let other = s.post("/v1/directory/contacts", json!({"last_name": "Lovelace"})).created();
        let o = deal(s, &customer(s, "Engines"), json!({"contact_id": other["id"]}));
        let call = activity(s, &customer(s, "Acme"), json!({"participants": [{"contact_id": other["id"]}]}));
        s.act(&format!("/v1/directory/contacts/{}/merge", id(&contact)), &contact, json!({"source_id": other["id"]})).ok();
        for who in [&contact, &other] {
            let told = s.all(&format!("/v1/directory/contacts/{}/timeline", id(who)));
            for subject in [&contact["id"], &other["id"], &o["id"], &call["id"]] {
                assert!(told.iter().any(|e| e["subject"] == *subject), "{subject} is missing in {told:#?}");
            }
        }
        let told = kinds(s, &format!("/v1/sales/orders/{}/timeline", id(&order)));
        for kind in ["sales_order.created", "sales_order.confirmed", "delivery.shipped", "invoice.posted", "payment.posted"] {
            assert!(told.iter().any(|k| k == kind), "{kind} is missing in {told:?}");
        }
        let invoice = s.all("/v1/receivables/invoices").remove(0);
        let told = s.all(&format!("/v1/receivables/invoices/{}/timeline", id(&invoice)));
        let posted = told.iter().find(|e| e["kind"] == "invoice.posted").unwrap();
        assert_eq!((&posted["amount"], &posted["currency"]), (&invoice["total"], &invoice["currency"]));
        for list in ["crm/quotes", "service/cases"] {
            let record = s.all(&format!("/v1/{list}")).remove(0);
            s.post("/v1/platform/comments", json!({"record_id": record["id"], "body": "Seen."})).created();
            let told = s.all(&format!("/v1/{list}/{}/timeline", id(&record)));
            assert!(told.iter().any(|e| e["text"] == "Seen."), "{told:#?}");
        }
        let stranger = user_with(s, &["sales.orders.read"], &[]);
        stranger.get(&format!("/v1/sales/orders/{}/timeline", id(&order))).problem(404, "not_found");
        let blind = user_with(s, &["sales.orders.read:own", "directory.contacts.read:own"], &[s.company_id()]);
        blind.get(&format!("/v1/sales/orders/{}/timeline", id(&order))).problem(404, "not_found");
        blind.get(&format!("/v1/directory/contacts/{}/timeline", id(&contact))).problem(404, "not_found");
    }
}
