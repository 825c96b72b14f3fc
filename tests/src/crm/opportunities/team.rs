//! Who has a part in a deal: shares, roles. And deals that wait too long.

use std::time::Duration;

use serde_json::{Value, json};

use crate::crm::common::{act, activity, at, deal, events, me};
use crate::fixtures::{customer, id, user};
use crate::harness::Server;

/// Waits for something that the clock does.
#[track_caller]
fn eventually(what: &str, f: impl Fn() -> bool) {
    for _ in 0..200 {
        if f() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}

fn stalled(s: &Server, o: &Value) -> usize {
    events(s, o).iter().filter(|k| *k == "opportunity.stalled").count()
}

each_engine! {
    fn the_shares_of_a_deal_are_a_hundred_percent(s) {
        let (party, own) = (customer(s, "Alfreds"), me(s));
        let (ann, bob) = (user(s).0, user(s).0);
        let o = deal(s, &party, json!({"amount": "100"}));
        let path = format!("{}/splits", at("opportunities", &o));
        let split = |o: &Value, shares: &[(&Value, &str)]| {
            let shares: Vec<_> = shares.iter().map(|(u, p)| json!({"user_id": u["id"], "percent": p})).collect();
            s.act(&path, o, json!({"splits": shares}))
        };
        split(&o, &[(&ann, "60"), (&bob, "39.99")]).problem(422, "opportunity.splits_not_whole");
        split(&o, &[(&ann, "50"), (&ann, "50")]).problem(422, "opportunity.duplicate_split");
        split(&o, &[(&ann, "100.001")]).problem(422, "opportunity.split_percent");
        let nobody = json!({"id": "usr_00000000000000000000000000"});
        let problem = split(&o, &[(&ann, "50"), (&nobody, "50")]).problem(422, "unknown_reference");
        assert_eq!(problem["errors"][0]["pointer"], "/splits/1/user_id");
        let o = split(&o, &[(&ann, "60"), (&bob, "40")]).ok();
        assert_eq!((&o["splits"][0]["percent"], &o["version"]), (&json!("60"), &json!(2)));
        assert_eq!(s.get(&path).ok()["splits"], o["splits"]);
        let found = |u: &str| s.all(&format!("/v1/crm/opportunities?seller_id={u}")).len();
        assert_eq!((found(id(&ann)), found(id(&bob)), found(&own)), (1, 1, 0));
        let o = s.patch(&at("opportunities", &o), &o, json!({"splits": []})).ok();
        assert_eq!((found(id(&ann)), found(&own)), (0, 1));
        let won = act(s, "opportunities", &o, "win", json!({}));
        split(&won, &[(&ann, "100")]).problem(409, "opportunity.not_open");
    }

    fn the_people_of_the_customer_have_roles(s) {
        let party = customer(s, "Alfreds");
        let person = |name: &str| s.post("/v1/directory/contacts", json!({"last_name": name})).created();
        let (a, b) = (person("Anders"), person("Berger"));
        let roles = json!([{"contact_id": a["id"], "role": "decision_maker"}, {"contact_id": b["id"], "role": "champion"}]);
        let o = deal(s, &party, json!({"contact_roles": roles}));
        assert_eq!((&o["contact_roles"][1]["contact_id"], &o["contact_roles"][1]["role"]), (&b["id"], &json!("champion")));
        let twice = json!({"contact_roles": [{"contact_id": a["id"], "role": "user"}, {"contact_id": a["id"], "role": "buyer"}]});
        s.patch(&at("opportunities", &o), &o, twice).problem(422, "opportunity.duplicate_contact_role");
        let o = s.patch(&at("opportunities", &o), &o, json!({"contact_roles": [{"contact_id": a["id"], "role": "buyer"}]})).ok();
        assert_eq!(s.get(&at("opportunities", &o)).ok()["contact_roles"][0]["role"], "buyer");
    }

    fn a_stage_may_ask_for_a_quote(s) {
        let party = customer(s, "Alfreds");
        let p = s.post("/v1/crm/pipelines", json!({"company_id": s.company_id(), "name": "Quoted", "stages": [
            {"name": "a", "probability_percent": "10"}, {"name": "b", "probability_percent": "50", "required_fields": ["quote"]}]})).created();
        let o = deal(s, &party, json!({"pipeline_id": p["id"]}));
        let to = json!({"stage_id": p["stages"][1]["id"]});
        s.act(&format!("{}/advance", at("opportunities", &o)), &o, to).problem(422, "opportunity.stage_requirements");
    }

    fn a_deal_that_waits_too_long_is_told_once(s) {
        s.at("2026-01-02T08:00:00Z");
        let party = customer(s, "Alfreds");
        let p = s.post("/v1/crm/pipelines", json!({"company_id": s.company_id(), "name": "Fast", "stages": [
            {"name": "a", "probability_percent": "10", "stalled_after_days": 7}, {"name": "b", "probability_percent": "50"}]})).created();
        let o = deal(s, &party, json!({"pipeline_id": p["id"]}));
        assert_eq!(o["stalls_at"], "2026-01-09T08:00:00Z");
        let found = || s.all("/v1/crm/opportunities?stalled=true").len();
        s.at("2026-01-09T07:59:00Z");
        assert_eq!(found(), 0);
        s.at("2026-01-09T08:00:00Z");
        assert_eq!(found(), 1);
        eventually("it is found stalled", || stalled(s, &o) == 1);
        let seen = s.get(&at("opportunities", &o)).ok();
        assert!(seen["stalled_at"].is_string(), "{seen}");
        s.at("2026-01-10T08:00:00Z");
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(stalled(s, &o), 1, "told once");
        // what is done about it lets it wait anew
        activity(s, &o, json!({"kind": "call", "completed_at": "2026-01-10T07:00:00Z"}));
        let seen = s.get(&at("opportunities", &o)).ok();
        assert_eq!((&seen["stalls_at"], &seen["stalled_at"]), (&json!("2026-01-17T07:00:00Z"), &json!(null)));
        assert_eq!((&seen["last_activity_at"], found()), (&json!("2026-01-10T07:00:00Z"), 0));
        s.at("2026-01-20T08:00:00Z");
        eventually("it stalls again", || stalled(s, &o) == 2);
        let seen = s.get(&at("opportunities", &o)).ok();
        let moved = act(s, "opportunities", &seen, "advance", json!({"stage_id": p["stages"][1]["id"]}));
        assert_eq!((&moved["stalls_at"], &moved["stalled_at"], found()), (&json!(null), &json!(null), 0));
        assert_eq!(s.all(&format!("/v1/crm/opportunities?reached_stage_id={}", id(&p["stages"][0]))).len(), 1);
    }
}
