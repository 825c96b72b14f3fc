//! Touches of visitors, anonymous until they are known.

use serde_json::{Value, json};

use crate::crm::common::{act, at, events, lead, qualified, with};
use crate::fixtures::{customer, id, user_with};
use crate::harness::Server;

fn body(s: &Server, more: Value) -> Value {
    with(json!({"company_id": s.company_id(), "kind": "page_view"}), more)
}

#[track_caller]
fn touch(s: &Server, more: Value) -> Value {
    s.post("/v1/marketing/touchpoints", body(s, more)).created()
}

fn seen(s: &Server, thing: &Value) -> Value {
    s.get(&at("leads", thing)).ok()
}

each_engine! {
    fn marks_are_kept_raw_and_in_normal_form(s) {
        let page = "https://www.Shop.example/Beans/?utm_source=News%20Letter&utm_medium=Email&utm_campaign=Spring&gclid=abc";
        let t = touch(s, json!({"anonymous_id": "v-12345678", "occurred_at": "2026-01-01T10:00:00Z", "origin": {"landing_page": page, "referrer": "https://www.google.com/"}}));
        assert_eq!((&t["utm"]["source"], &t["source"]), (&json!("News Letter"), &json!("news letter")));
        assert_eq!((&t["medium"], &t["campaign"], &t["channel"]), (&json!("email"), &json!("spring"), &json!("email")));
        assert_eq!((&t["landing_page"], &t["landing_path"], &t["referrer_host"]), (&json!(page), &json!("shop.example/Beans"), &json!("google.com")));
        assert_eq!((&t["click_id"], &t["click_id_kind"]), (&json!("abc"), &json!("gclid")));
        assert_eq!((&t["occurred_at"], &t["created_at"]), (&json!("2026-01-01T10:00:00Z"), &json!("2026-01-02T09:00:00Z")));
        assert_eq!(s.get(&at("touchpoints", &t)).ok(), t);
        for query in ["campaign=spring", "source=news%20letter", "channel=email,social", "anonymous_id=v-12345678", "occurred_at_lt=2026-01-01T10:00:01Z"] {
            assert_eq!(s.all(&format!("/v1/marketing/touchpoints?{query}")).len(), 1, "{query}");
        }
        assert!(s.all("/v1/marketing/touchpoints?channel=direct").is_empty());
    }

    fn a_lead_that_is_entered_with_the_marks_of_its_link_has_a_touch(s) {
        let l = lead(s, json!({"utm": {"source": "Fairs", "campaign": "Trade-Fair"}}));
        assert_eq!((&l["first_touch"]["campaign"], &l["campaign"], &l["utm"]["campaign"]), (&json!("trade fair"), &json!("trade fair"), &json!("Trade-Fair")));
        assert_eq!(seen(s, &l), l, "what was answered is what there is");
        let touches = s.all(&format!("/v1/marketing/touchpoints?lead_id={}", id(&l)));
        assert_eq!((touches.len(), &touches[0]["source"]), (1, &json!("fairs")));
        assert_eq!(lead(s, json!({}))["first_touch"], json!(null));
    }

    fn one_campaign_is_one_group_however_it_is_written(s) {
        let party = customer(s, "Alfreds");
        for campaign in ["trade-fair", "trade fair", "Trade_Fair", " TRADE  FAIR "] {
            let l = qualified(s, json!({"campaign": campaign}));
            assert_eq!(l["campaign"], "trade fair", "{campaign}");
            act(s, "leads", &l, "convert", json!({"party_id": party["id"], "opportunity": {"amount": "10"}}));
        }
        assert_eq!(s.all("/v1/crm/opportunities?campaign=trade%20fair").len(), 4);
        let t = touch(s, json!({"anonymous_id": "v-12345678", "origin": {"utm": {"campaign": "Trade+Fair"}}}));
        assert_eq!((&t["campaign"], &t["utm"]["campaign"]), (&json!("trade fair"), &json!("Trade+Fair")));
    }

    fn the_first_touch_stays_the_first_by_the_time_of_the_event(s) {
        let l = lead(s, json!({}));
        let at_time = |at: &str, campaign: &str| touch(s, json!({"lead_id": l["id"], "occurred_at": at, "origin": {"utm": {"campaign": campaign}}}));
        let middle = at_time("2025-12-10T10:00:00Z", "Middle");
        let now = seen(s, &l);
        assert_eq!((&now["first_touch"]["touchpoint_id"], &now["last_touch"]["touchpoint_id"], &now["campaign"]), (&middle["id"], &middle["id"], &json!("middle")));
        let late = at_time("2025-12-20T10:00:00Z", "Late");
        let now = seen(s, &l);
        assert_eq!((&now["first_touch"]["touchpoint_id"], &now["last_touch"]["touchpoint_id"], &now["campaign"]), (&middle["id"], &late["id"], &json!("middle")));
        // told last, happened first
        let early = at_time("2025-12-01T10:00:00Z", "Early");
        let now = seen(s, &l);
        assert_eq!((&now["first_touch"]["touchpoint_id"], &now["last_touch"]["touchpoint_id"], &now["campaign"]), (&early["id"], &late["id"], &json!("early")));
        assert_eq!(s.all("/v1/crm/leads?campaign=early").iter().map(id).collect::<Vec<_>>(), [id(&l)]);
        let order: Vec<_> = s.all(&format!("/v1/marketing/touchpoints?lead_id={}&sort=occurred_at", id(&l))).iter().map(|t| id(t).to_string()).collect();
        assert_eq!(order, [id(&early), id(&middle), id(&late)]);
    }

    fn an_anonymous_visitor_becomes_known(s) {
        let anonymous = |at: &str| touch(s, json!({"anonymous_id": "v-12345678", "occurred_at": at}));
        let first = anonymous("2025-12-01T10:00:00Z");
        anonymous("2025-12-02T10:00:00Z");
        touch(s, json!({"anonymous_id": "v-87654321"}));
        let l = lead(s, json!({}));
        let who = json!({"company_id": s.company_id(), "anonymous_id": "v-12345678", "lead_id": l["id"]});
        let found = s.post("/v1/marketing/touchpoints/identify", who.clone()).ok();
        assert_eq!((&found["linked_touches"], &found["lead_id"]), (&json!(2), &l["id"]));
        assert_eq!(seen(s, &l)["first_touch"]["touchpoint_id"], first["id"]);
        assert_eq!(s.get(&at("touchpoints", &first)).ok()["version"], 2);
        assert_eq!(s.post("/v1/marketing/touchpoints/identify", who).ok()["linked_touches"], 0, "again");
        // later ones are known at once
        assert_eq!(anonymous("2026-01-01T10:00:00Z")["lead_id"], l["id"]);
        // somebody else at the same browser: what was somebody's stays
        let other = lead(s, json!({}));
        let who = json!({"company_id": s.company_id(), "anonymous_id": "v-12345678", "lead_id": other["id"]});
        assert_eq!(s.post("/v1/marketing/touchpoints/identify", who).ok()["linked_touches"], 0);
        assert_eq!(s.all(&format!("/v1/marketing/touchpoints?lead_id={}", id(&l))).len(), 3);
        assert_eq!(anonymous("2026-01-02T08:00:00Z")["lead_id"], other["id"]);
        assert!(events(s, &l).contains(&"touchpoint.identified".to_string()));
    }

    fn touches_and_their_visitors_go_along_with_a_conversion(s) {
        let l = qualified(s, json!({"email": "ana@beans.example", "organisation_name": "Beans"}));
        let t = touch(s, json!({"lead_id": l["id"]}));
        s.post("/v1/marketing/touchpoints/identify", json!({"company_id": s.company_id(), "anonymous_id": "v-12345678", "lead_id": l["id"]})).ok();
        let l = seen(s, &l);
        let c = act(s, "leads", &l, "convert", json!({}));
        let t = s.get(&at("touchpoints", &t)).ok();
        for (touch, conversion) in [("lead_id", &l["id"]), ("party_id", &c["party_id"]), ("contact_id", &c["contact_id"]), ("opportunity_id", &c["opportunity_id"])] {
            assert_eq!(&t[touch], conversion, "{touch}");
        }
        // one after it is that of the customer; the lead stays as it was
        let later = touch(s, json!({"anonymous_id": "v-12345678"}));
        assert_eq!((&later["party_id"], &later["lead_id"]), (&c["party_id"], &l["id"]));
        assert_eq!(seen(s, &l)["last_touch"]["touchpoint_id"], t["id"]);
        assert_eq!(s.all(&format!("/v1/marketing/touchpoints?party_id={}", c["party_id"].as_str().unwrap())).len(), 2);
    }

    fn a_touch_that_cannot_be_is_refused(s) {
        let (l, p) = (lead(s, json!({})), customer(s, "Somebody"));
        for (more, code) in [
            (json!({}), "touchpoint.nobody"),
            (json!({"lead_id": l["id"], "party_id": p["id"]}), "touchpoint.several_subjects"),
            (json!({"anonymous_id": "v-12345678", "occurred_at": "2026-01-02T09:06:00Z"}), "touchpoint.wrong_time"),
            (json!({"anonymous_id": "v-12345678", "occurred_at": "2023-01-02T09:06:00Z"}), "touchpoint.wrong_time"),
            (json!({"lead_id": "lead_00000000000000000000000000"}), "unknown_reference"),
            (json!({"anonymous_id": "short"}), "invalid_body"),
        ] {
            s.post("/v1/marketing/touchpoints", body(s, more)).problem(422, code);
        }
        let who = json!({"company_id": s.company_id(), "anonymous_id": "v-12345678"});
        s.post("/v1/marketing/touchpoints/identify", who.clone()).problem(422, "touchpoint.nobody");
        s.post("/v1/marketing/touchpoints/identify", with(who.clone(), json!({"lead_id": l["id"], "party_id": p["id"]}))).problem(422, "touchpoint.several_subjects");
        assert_eq!(s.post("/v1/marketing/touchpoints/identify", with(who, json!({"party_id": p["id"]}))).ok()["party_id"], p["id"]);
        let stranger = user_with(s, &["marketing.*"], &[]);
        stranger.post("/v1/marketing/touchpoints", body(s, json!({"anonymous_id": "v-12345678"}))).problem(422, "unknown_reference");
    }

    fn many_touches_are_recorded_at_once(s) {
        let l = lead(s, json!({}));
        let items: Vec<_> = (1..=5).map(|d| body(s, json!({"lead_id": l["id"], "occurred_at": format!("2025-12-0{d}T10:00:00Z")}))).collect();
        s.post("/v1/marketing/touchpoints/bulk", json!({"mode": "atomic", "items": items})).ok();
        let now = seen(s, &l);
        assert_eq!((&now["first_touch"]["occurred_at"], &now["last_touch"]["occurred_at"]), (&json!("2025-12-01T10:00:00Z"), &json!("2025-12-05T10:00:00Z")));
    }

    fn touches_at_once_leave_the_true_first_and_last(s) {
        let l = lead(s, json!({}));
        s.parallel(8, |i, c| c.post("/v1/marketing/touchpoints", body(s, json!({"lead_id": l["id"], "occurred_at": format!("2025-12-{:02}T10:00:00Z", i + 1)}))).created());
        let now = seen(s, &l);
        assert_eq!((&now["first_touch"]["occurred_at"], &now["last_touch"]["occurred_at"]), (&json!("2025-12-01T10:00:00Z"), &json!("2025-12-08T10:00:00Z")));
    }
}
