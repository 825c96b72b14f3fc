//! Competitors: entered once, archived, named by deals.

use serde_json::json;

use super::common::{act, at, deal, new_deal};
use crate::fixtures::{customer, id};

each_engine! {
    fn a_competitor_has_its_name_alone_and_comes_back_from_the_archive(s) {
        let new = |name: &str| json!({"company_id": s.company_id(), "name": name});
        let c = s.post("/v1/crm/competitors", new(" Kaffeewerk ")).created();
        assert_eq!((&c["name"], &c["allowed_actions"]), (&json!("Kaffeewerk"), &json!(["archive"])));
        s.post("/v1/crm/competitors", new("KAFFEEWERK")).problem(409, "competitor.duplicate_name");
        s.post("/v1/crm/competitors", new("  ")).problem(422, "invalid_body");
        let other = s.post("/v1/crm/competitors", new("Röster")).created();
        s.patch(&at("competitors", &other), &other, json!({"name": "kaffeewerk"})).problem(409, "competitor.duplicate_name");
        let c = s.patch(&at("competitors", &c), &c, json!({"name": "kaffeewerk", "strengths": "cheap"})).ok();
        assert_eq!(s.get(&at("competitors", &c)).ok(), c);
        assert_eq!(s.all("/v1/crm/competitors?q=r%C3%B6st").len(), 1);
        let c = act(s, "competitors", &c, "archive", json!({}));
        s.act(&format!("{}/archive", at("competitors", &c)), &c, json!({})).problem(409, "invalid_state");
        let party = customer(s, "Alfreds");
        let body = new_deal(s, &party, json!({"competitor_ids": [c["id"]]}));
        s.post("/v1/crm/opportunities", body).problem(422, "competitor.archived");
        let c = act(s, "competitors", &c, "restore", json!({}));
        assert_eq!(c["archived_at"], json!(null));
    }

    fn deals_name_competitors_and_are_found_by_them(s) {
        let new = |name: &str| s.post("/v1/crm/competitors", json!({"company_id": s.company_id(), "name": name})).created();
        let (a, b) = (new("A"), new("B"));
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"competitor_ids": [a["id"], b["id"]]}));
        assert_eq!((&o["competitors"][1]["competitor_id"], &o["competitors"][1]["position"]), (&b["id"], &json!(2)));
        let twice = json!({"competitor_ids": [a["id"], a["id"]]});
        s.patch(&at("opportunities", &o), &o, twice).problem(422, "opportunity.duplicate_competitor");
        let o = s.patch(&at("opportunities", &o), &o, json!({"competitor_ids": [b["id"]]})).ok();
        let found = |c: &serde_json::Value| s.all(&format!("/v1/crm/opportunities?contested_by_id={}", id(c))).len();
        assert_eq!((found(&a), found(&b)), (0, 1));
        s.get("/v1/crm/opportunities?contested_by_id=nonsense").problem(400, "invalid_parameter");
        let unknown = json!({"competitor_ids": ["cptr_00000000000000000000000000"]});
        let problem = s.patch(&at("opportunities", &o), &o, unknown).problem(422, "unknown_reference");
        assert_eq!(problem["errors"][0]["pointer"], "/competitor_ids/0");
    }
}
