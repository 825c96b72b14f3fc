//! What anybody may send to a capture form, and what becomes of it.

use serde_json::{Value, json};

use crate::crm::common::{at, events, lead, qualified, with};
use crate::fixtures::{id, user, user_with};
use crate::harness::{Answer, Server};

#[track_caller]
fn form(s: &Server, more: Value) -> Value {
    let fields = json!([
        {"name": "email", "target": "email", "required": true}, {"name": "name", "target": "last_name"},
        {"name": "country", "target": "country"}, {"name": "size", "target": "metadata"}]);
    let base = json!({"company_id": s.company_id(), "name": "Contact us", "fields": fields,
        "consent": {"text": "Send me news.", "topic": "newsletter", "channel": "email"}});
    s.post("/v1/marketing/lead-forms", with(base, more)).created()
}

fn sent(token: &str, more: Value) -> Value {
    with(json!({"token": format!("token-0123456789-{token}"), "fields": {"email": "ann@beans.example", "name": "Ann"}}), more)
}

fn send(s: &Server, form: &Value, body: Value) -> Answer {
    s.anonymous().post(&format!("/v1/public/forms/{}/submissions", form["key"].as_str().unwrap()), body)
}

fn kept(s: &Server, query: &str) -> Vec<Value> {
    s.all(&format!("/v1/marketing/lead-form-submissions?{query}"))
}

each_engine! {
    fn a_stranger_becomes_a_lead_with_its_touches_and_consent(s) {
        let f = form(s, json!({}));
        s.post("/v1/marketing/touchpoints", json!({"company_id": s.company_id(), "kind": "ad_click", "anonymous_id": "v-12345678",
            "occurred_at": "2025-12-24T10:00:00Z", "origin": {"utm": {"source": "Ads", "campaign": "Winter"}}})).created();
        let origin = json!({"landing_page": "https://shop.example/contact?utm_source=Newsletter&utm_campaign=January"});
        let body = sent("a", json!({"fields": {"email": "Ann@Beans.example", "name": "Ann", "country": "de", "size": "10"}, "consent": true,
            "anonymous_id": "v-12345678", "occurred_at": "2026-01-02T08:55:00Z", "origin": origin}));
        let receipt = send(s, &f, body).ok();
        assert_eq!(receipt, json!({"token": "token-0123456789-a", "received": true}));

        let one = kept(s, "status=accepted").pop().unwrap();
        assert_eq!((&one["consent"], &one["consent_version"], &one["consent_text"]), (&json!(true), &json!(1), &json!("Send me news.")));
        assert_eq!((&one["consent_topic"], &one["consent_channel"], &one["ip_address"]), (&json!("newsletter"), &json!("email"), &json!("127.0.0.1")));
        assert_eq!((&one["occurred_at"], &one["received_at"]), (&json!("2026-01-02T08:55:00Z"), &json!("2026-01-02T09:00:00Z")));
        assert_eq!(s.get(&at("lead-form-submissions", &one)).ok(), one);

        let l = s.get(&format!("/v1/crm/leads/{}", one["lead_id"].as_str().unwrap())).ok();
        assert_eq!((&l["status"], &l["name"], &l["email"]), (&json!("new"), &json!("Ann"), &json!("Ann@beans.example")));
        assert_eq!((&l["source"], &l["address"]["country"], &l["metadata"]["size"]), (&json!("web form"), &json!("DE"), &json!("10")));
        assert_eq!((&l["utm"]["source"], &l["utm"]["campaign"]), (&json!("Newsletter"), &json!("January")));
        // the anonymous click came first, the form last
        assert_eq!((&l["first_touch"]["kind"], &l["first_touch"]["campaign"], &l["campaign"]), (&json!("ad_click"), &json!("winter"), &json!("winter")));
        assert_eq!((&l["last_touch"]["touchpoint_id"], &l["last_touch"]["source"]), (&one["touchpoint_id"], &json!("newsletter")));
        assert_eq!(l["last_touch"]["occurred_at"], "2026-01-02T08:55:00Z");
        // whoever keeps the ledger of consents hears it
        let told = s.all(&format!("/v1/platform/audit-log?subject={}&kind=lead_form.submitted", id(&l)));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["data"]["consent_text"], "Send me news.");
    }

    fn the_same_token_has_one_effect(s) {
        let f = form(s, json!({}));
        let answers = s.parallel(6, |_, _| send(s, &f, sent("a", json!({}))).ok());
        assert!(answers.iter().all(|a| *a == answers[0]));
        assert_eq!((s.all("/v1/crm/leads").len(), kept(s, "status=accepted").len(), s.all("/v1/marketing/touchpoints").len()), (1, 1, 1));
        let other = sent("a", json!({"fields": {"email": "eve@beans.example"}}));
        assert_eq!(send(s, &f, other).problem(422, "lead_form.token_reused")["errors"][0]["pointer"], "/token");
        assert_eq!(s.all("/v1/crm/leads").len(), 1);
    }

    fn one_person_who_sends_twice_at_once_is_one_lead(s) {
        let f = form(s, json!({}));
        s.parallel(6, |i, _| send(s, &f, sent(&i.to_string(), json!({"fields": {"email": if i % 2 == 0 { "ann@beans.example" } else { "ANN@beans.example" }}}))).ok());
        assert_eq!((s.all("/v1/crm/leads").len(), kept(s, "status=accepted").len()), (1, 6));
    }

    fn a_known_person_gets_the_same_answer_and_keeps_what_is_known(s) {
        let f = form(s, json!({}));
        let known = lead(s, json!({"email": "ann@beans.example", "first_name": "Ann", "last_name": "Known", "source": "fair"}));
        let receipt = send(s, &f, sent("a", json!({"fields": {"email": "ann@beans.example", "name": "Eve"}}))).ok();
        assert_eq!(receipt, json!({"token": "token-0123456789-a", "received": true}));
        let l = s.get(&at("leads", &known)).ok();
        assert_eq!((&l["name"], &l["source"]), (&known["name"], &json!("fair")));
        assert_eq!(l["last_touch"]["kind"], "form_submission");
        assert_eq!(s.all("/v1/crm/leads").len(), 1);
        // one that became a customer is not touched any more: a new lead begins
        let done = qualified(s, json!({"email": "bob@other.example"}));
        s.act(&format!("{}/convert", at("leads", &done)), &done, json!({})).ok();
        send(s, &f, sent("b", json!({"fields": {"email": "bob@other.example"}}))).ok();
        assert_eq!(s.all("/v1/crm/leads?status=new").len(), 2);
    }

    fn machines_are_thanked_and_make_no_lead(s) {
        let f = form(s, json!({"honeypot_field": "fax", "min_seconds": 3}));
        let shown = json!("2026-01-02T08:59:00Z");
        let fields = json!({"email": "ann@beans.example", "fax": "555"});
        assert_eq!(send(s, &f, sent("a", json!({"fields": fields, "shown_at": shown}))).ok()["received"], true);
        assert_eq!(send(s, &f, sent("b", json!({"shown_at": "2026-01-02T08:59:58Z"}))).ok()["received"], true);
        assert!(s.all("/v1/crm/leads").is_empty());
        let reasons: Vec<_> = kept(s, "status=spam").iter().map(|k| k["reason"].as_str().unwrap().to_string()).collect();
        assert_eq!(reasons, ["too_fast", "honeypot"]);
        send(s, &f, sent("c", json!({"shown_at": shown}))).ok();
        assert_eq!(s.all("/v1/crm/leads").len(), 1);
    }

    fn what_is_refused_is_kept_with_its_reason(s) {
        let f = form(s, json!({}));
        let problem = send(s, &f, sent("a", json!({"fields": {"email": "no address", "name": "Ann"}}))).problem(422, "email.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/fields/email");
        let problem = send(s, &f, sent("b", json!({"fields": {"name": "Ann", "shoe": "43"}}))).problem(422, "invalid_body");
        let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, ["/fields/shoe", "/fields/email"]);
        send(s, &f, sent("c", json!({"consent": true, "consent_version": 2}))).problem(422, "lead_form.unknown_wording");
        send(s, &f, sent("d", json!({"occurred_at": "2026-01-02T10:00:00Z"}))).problem(422, "touchpoint.wrong_time");
        let refused = kept(s, &format!("form_id={}&status=refused", id(&f)));
        let reasons: Vec<_> = refused.iter().rev().map(|k| k["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, ["email.invalid", "invalid_body", "lead_form.unknown_wording", "touchpoint.wrong_time"]);
        assert!(refused[3]["detail"].as_str().unwrap().contains("/fields/email"));
        assert_eq!((s.all("/v1/crm/leads").len(), kept(s, "reason=email.invalid").len()), (0, 1));
        // corrected, under the same token
        send(s, &f, sent("a", json!({}))).ok();
        assert_eq!(s.all("/v1/crm/leads").len(), 1);
    }

    fn what_is_wrong_is_named_by_the_field_of_the_form(s) {
        let fields = json!([
            {"name": "mail", "target": "email", "required": true}, {"name": "tel", "target": "phone"}, {"name": "land", "target": "country"}]);
        let f = form(s, json!({"fields": fields}));
        let wrong = json!({"fields": {"mail": "no address", "tel": "no number", "land": "ZZ"}});
        let problem = send(s, &f, sent("a", wrong)).expect(422).json();
        let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, ["/fields/mail", "/fields/tel", "/fields/land"]);
        send(s, &f, sent("b", json!({"fields": {"mail": "ann@beans.example", "land": "de"}}))).ok();
        let l = s.all("/v1/crm/leads").remove(0);
        assert_eq!((&l["address"]["country"], &l["address"]["line1"]), (&json!("DE"), &json!(null)), "nothing is made up");
        let l = s.act(&format!("{}/qualify", at("leads", &l)), &l, json!({})).ok();
        let became = s.act(&format!("{}/convert", at("leads", &l)), &l, json!({})).ok();
        let party = s.get(&format!("/v1/directory/parties/{}", became["party_id"].as_str().unwrap())).ok();
        assert_eq!(party["addresses"], json!([]));
    }

    fn an_earlier_wording_is_believed(s) {
        let f = form(s, json!({}));
        s.patch(&at("lead-forms", &f), &f, json!({"consent": {"text": "Other words.", "topic": "newsletter", "channel": "email"}})).ok();
        send(s, &f, sent("a", json!({"consent": true, "consent_version": 1}))).ok();
        send(s, &f, sent("b", json!({"consent": true}))).ok();
        send(s, &f, sent("c", json!({}))).ok();
        let texts: Vec<_> = kept(s, "").iter().rev().map(|k| k["consent_text"].clone()).collect();
        assert_eq!(texts, [json!("Send me news."), json!("Other words."), json!(null)]);
        assert_eq!(kept(s, "consent=true").len(), 2);
    }

    fn rules_choose_the_owner_and_else_the_form_does(s) {
        let (a, b) = (user(s).0, user(s).0);
        let german = json!([{"user_id": a["id"], "countries": ["DE"]}]);
        let r = s.post("/v1/crm/assignment-rules", json!({"company_id": s.company_id(), "name": "R", "method": "territory", "members": german})).created();
        let f = form(s, json!({"default_owner_id": b["id"]}));
        send(s, &f, sent("a", json!({"fields": {"email": "a@one.example", "country": "DE"}}))).ok();
        send(s, &f, sent("b", json!({"fields": {"email": "b@two.example", "country": "FR"}}))).ok();
        let leads = s.all("/v1/crm/leads");
        assert_eq!((&leads[0]["owner_id"], &leads[0]["assignment_rule_id"], &leads[0]["status"]), (&a["id"], &r["id"], &json!("new")));
        assert_eq!((&leads[1]["owner_id"], &leads[1]["assignment_rule_id"]), (&b["id"], &json!(null)));
        assert_eq!(leads[0]["first_response_at"], json!(null));
    }

    fn a_form_takes_so_many_in_a_minute_and_no_more(s) {
        let f = form(s, json!({"max_per_minute": 3, "max_per_minute_of_address": 2}));
        let other = form(s, json!({}));
        send(s, &f, sent("a", json!({}))).ok();
        send(s, &f, sent("b", json!({}))).ok();
        let busy = send(s, &f, sent("c", json!({})));
        busy.problem(429, "too_many_requests");
        assert_eq!(busy.header("retry-after"), Some("60"));
        // what was taken already is answered as before, and another form is another form
        send(s, &f, sent("a", json!({}))).ok();
        send(s, &other, sent("a", json!({}))).ok();
        s.at("2026-01-02T09:01:01Z");
        send(s, &f, sent("c", json!({}))).ok();
    }

    fn a_key_lets_send_and_nothing_else(s) {
        let f = form(s, json!({}));
        let path = format!("/v1/public/forms/{}/submissions", f["key"].as_str().unwrap());
        s.anonymous().get(&path).problem(405, "method_not_allowed");
        s.anonymous().get("/v1/marketing/lead-form-submissions").problem(401, "unauthenticated");
        s.anonymous().post("/v1/public/forms/f_unknown_key/submissions", sent("a", json!({}))).problem(404, "not_found");
        send(s, &f, json!({"token": "short", "fields": {}})).problem(422, "invalid_body");
        send(s, &f, sent("a", json!({"fields": {"email": "x".repeat(5001)}}))).problem(422, "invalid_body");
        send(s, &f, sent("a", json!({"padding": "x".repeat(2 << 20)}))).problem(413, "payload_too_large");
        s.patch(&at("lead-forms", &f), &f, json!({"is_active": false})).ok();
        send(s, &f, sent("a", json!({}))).problem(409, "lead_form.closed");
        let stranger = user_with(s, &["marketing.*"], &[]);
        assert!(stranger.all("/v1/marketing/lead-form-submissions").is_empty());
        let one = kept(s, "").pop().unwrap();
        stranger.get(&at("lead-form-submissions", &one)).problem(404, "not_found");
        assert_eq!(events(s, &f), ["lead_form.created", "lead_form.updated"]);
    }

    fn the_evidence_cannot_be_changed(s) {
        let f = form(s, json!({}));
        send(s, &f, sent("a", json!({}))).ok();
        let db = persistence::Database::open(&persistence::DatabaseConfig::new(s.database_url())).unwrap();
        for text in ["UPDATE lead_form_submissions SET consent_text = 'x'", "DELETE FROM lead_form_submissions"] {
            let tried = db.write::<_, persistence::Error>(Box::new(move |c| Ok(persistence::Outcome::Keep(persistence::Statement::new(text).execute(c)?))));
            assert!(tried.is_err(), "{text}");
        }
    }

    fn an_erased_person_leaves_the_consent_and_nothing_else(s) {
        let f = form(s, json!({}));
        send(s, &f, sent("a", json!({"consent": true, "anonymous_id": "v-12345678", "origin": {"referrer": "https://ann.example/"}}))).ok();
        send(s, &f, sent("b", json!({"fields": {"email": "ann@beans.example", "shoe": "43"}}))).problem(422, "unknown_field");
        let l = s.all("/v1/crm/leads").pop().unwrap();
        let l = s.act(&format!("{}/qualify", at("leads", &l)), &l, json!({})).ok();
        let c = s.act(&format!("{}/convert", at("leads", &l)), &l, json!({"create_opportunity": false})).ok();
        let path = format!("/v1/directory/parties/{}", c["party_id"].as_str().unwrap());
        s.act(&format!("{path}/erase"), &s.get(&path).ok(), json!({"reason": "Asked for"})).ok();
        let all = kept(s, "");
        assert!(all.iter().all(|k| k["fields"] == json!({}) && k["email"].is_null() && k["ip_address"].is_null()), "{all:?}");
        assert_eq!((&all[1]["consent"], &all[1]["consent_text"]), (&json!(true), &json!("Send me news.")));
        let touch = s.all("/v1/marketing/touchpoints").pop().unwrap();
        assert_eq!((&touch["referrer"], &touch["anonymous_id"]), (&json!(null), &json!(null)));
    }
}
