//! The public link of a quote: whoever has it may see and answer the quote, and nobody can make one up.

use serde_json::{Value, json};

use super::common::{act, at, deal};
use super::quotes::{quote, sent};
use crate::fixtures::{customer, id};

fn path(q: &Value) -> String {
    format!("/v1/crm/quote-links/{}", q["link"]["token"].as_str().unwrap())
}

each_engine! {
    fn the_customer_sees_and_accepts_without_an_account(s) {
        let party = customer(s, "Alfreds");
        let q = sent(s, &party, json!({"note": "Thank you.", "metadata": {"secret": "ours"}}));
        assert_eq!(q["link"]["path"], path(&q));
        let stranger = s.anonymous();
        let seen = stranger.get(&path(&q)).ok();
        assert_eq!((&seen["number"], &seen["total"], &seen["can_be_answered"]), (&q["number"], &q["total"], &json!(true)));
        assert_eq!((&seen["lines"][0]["amount"], &seen["note"]), (&q["lines"][0]["line_amount"], &json!("Thank you.")));
        assert!(seen.get("metadata").is_none() && seen.get("id").is_none() && seen.get("answer").is_none(), "{seen}");
        let body = json!({"name": "Ana Trujillo", "email": "ana@example.com", "customer_reference": "PO 7"});
        let done = stranger.request("POST", &format!("{}/accept", path(&q))).header("user-agent", "Lynx/2.9").json(&body).send().ok();
        assert_eq!((&done["status"], &done["can_be_answered"]), (&json!("accepted"), &json!(false)));
        let q = s.get(&at("quotes", &q)).ok();
        let answer = &q["answer"];
        assert_eq!((&answer["channel"], &answer["name"], &answer["email"]), (&json!("link"), &json!("Ana Trujillo"), &json!("ana@example.com")));
        assert_eq!((&answer["address"], &answer["user_agent"], &answer["at"]), (&json!("127.0.0.1"), &json!("Lynx/2.9"), &q["updated_at"]));
        assert_eq!((&q["customer_reference"], &answer["user_id"]), (&json!("PO 7"), &Value::Null));
        let told = s.all(&format!("/v1/platform/audit-log?subject={}&kind=quote.accepted", id(&q)));
        assert_eq!((&told[0]["actor_name"], &told[0]["data"]["answer"]["name"]), (&json!("The customer, by a link"), &json!("Ana Trujillo")));
    }

    fn an_answer_through_the_link_is_final(s) {
        let q = sent(s, &customer(s, "Alfreds"), json!({}));
        let stranger = s.anonymous();
        stranger.post(&format!("{}/reject", path(&q)), json!({"reason": "  "})).problem(422, "invalid_body");
        stranger.post(&format!("{}/accept", path(&q)), json!({"name": " ", "email": "ana@example.com"})).problem(422, "invalid_body");
        stranger.post(&format!("{}/accept", path(&q)), json!({"name": "Ana", "email": "nobody"})).problem(422, "invalid_body");
        let done = stranger.post(&format!("{}/reject", path(&q)), json!({"reason": "Too expensive", "name": "Ana"})).ok();
        assert_eq!(done["status"], "rejected");
        stranger.post(&format!("{}/accept", path(&q)), json!({"name": "Ana", "email": "ana@example.com"})).problem(409, "quote.not_sent");
        assert_eq!(s.get(&at("quotes", &q)).ok()["answer"]["reason"], "Too expensive");
    }

    fn acceptance_through_the_link_wins_the_deal_when_the_quote_says_so(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "100"}));
        let body = json!({"company_id": s.company_id(), "opportunity_id": o["id"], "wins_opportunity": true});
        let q = act(s, "quotes", &s.post("/v1/crm/quotes", body).created(), "send", json!({}));
        let done = s.anonymous().post(&format!("{}/accept", path(&q)), json!({"name": "Ana", "email": "ana@example.com"})).ok();
        assert_eq!(done["status"], "converted");
        assert_eq!(s.get(&at("opportunities", &o)).ok()["status"], "won");
        assert_eq!(s.all(&format!("/v1/sales/orders?quote_id={}", id(&q))).len(), 1);
    }

    fn a_superseded_link_shows_and_answers_nothing_new(s) {
        let q = sent(s, &customer(s, "Alfreds"), json!({}));
        act(s, "quotes", &q, "revise", json!({}));
        let stranger = s.anonymous();
        assert_eq!(stranger.get(&path(&q)).ok()["status"], "superseded");
        stranger.post(&format!("{}/accept", path(&q)), json!({"name": "Ana", "email": "ana@example.com"})).problem(409, "quote.superseded");
        stranger.post(&format!("{}/reject", path(&q)), json!({"reason": "x"})).problem(409, "quote.superseded");
    }

    fn strangers_share_no_idempotency_keys(s) {
        let party = customer(s, "Alfreds");
        let (anns, bobs) = (sent(s, &party, json!({})), sent(s, &party, json!({})));
        let accept = |q: &Value, name: &str| {
            let body = json!({"name": name, "email": "somebody@example.com"});
            s.anonymous().request("POST", &format!("{}/accept", path(q))).key("accept-1").json(&body).send()
        };
        accept(&anns, "Ann").ok();
        let done = accept(&bobs, "Bob");
        assert_eq!((done.header("idempotency-replayed"), done.ok()["status"].clone()), (None, json!("accepted")));
        // each of them may repeat the own request, and not with something else
        assert_eq!(accept(&bobs, "Bob").header("idempotency-replayed"), Some("true"));
        accept(&bobs, "Bert").problem(422, "idempotency_key_reused");
    }

    fn a_dry_run_hands_out_no_link(s) {
        let draft = quote(s, &customer(s, "Alfreds"), json!({}));
        let dry = s.act(&format!("{}/send?dry_run=true", at("quotes", &draft)), &draft, json!({})).ok();
        assert_eq!((&dry["status"], &dry["link"]), (&json!("sent"), &Value::Null));
        let key = s.post("/v1/identity/api-keys?dry_run=true", json!({"name": "x"})).json();
        assert_eq!((&key["name"], &key["key"]), (&json!("x"), &Value::Null));
    }

    fn nobody_makes_a_link_up(s) {
        let q = sent(s, &customer(s, "Alfreds"), json!({}));
        let token = q["link"]["token"].as_str().unwrap();
        let stranger = s.anonymous();
        let mut other = token.to_string().into_bytes();
        other[25] = if other[25] == b'A' { b'B' } else { b'A' };
        for bad in [String::from_utf8(other).unwrap(), "A".repeat(60), "x".into(), id(&q).to_string()] {
            let answer = stranger.get(&format!("/v1/crm/quote-links/{bad}"));
            answer.problem(404, "link.invalid");
            assert_eq!(stranger.post(&format!("/v1/crm/quote-links/{bad}/accept"), json!({"name": "A", "email": "a@example.com"})).status, 404);
        }
        stranger.get("/v1/crm/quote-links/%00").problem(404, "not_found");
        let draft = quote(s, &customer(s, "Berglunds"), json!({}));
        assert_eq!(draft["link"], Value::Null);
        // the link is told once, also to who repeats the request with its key
        let send = || s.request("POST", &format!("{}/send", at("quotes", &draft))).if_match(&draft).key("send").send().ok();
        assert!(send()["link"].is_object());
        assert!(send()["link"].is_null());
        // links outlive a new key and die when they are revoked
        s.post("/v1/platform/link-keys/rotate", json!({})).ok();
        stranger.get(&path(&q)).ok();
        s.post("/v1/platform/link-keys/rotate", json!({"revoke": true})).ok();
        stranger.get(&path(&q)).problem(404, "link.invalid");
    }
}
