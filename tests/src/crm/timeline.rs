//! What happened around a deal or a lead.

use serde_json::json;

use super::common::{act, activity, at, deal, lead, qualified};
use crate::fixtures::{customer, id, user_with};

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
}
