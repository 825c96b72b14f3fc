//! Double opt-in and the preference centre, with a mail server that the test starts itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crm::common::{act, at, events, lead, with};
use crate::fixtures::{self, id, user_with, verified};
use crate::harness::{Answer, LINKS, Server};
use crate::marketing::consents::consent;
use crate::marketing::segments::segment;
use crate::marketing::templates::template;

fn party(s: &Server, name: &str) -> Value {
    let mail = format!("{}@example.org", name.to_lowercase());
    s.post("/v1/directory/parties", json!({"name": name, "kind": "person", "emails": [{"address": mail}]})).created()
}

fn ask(s: &Server, about: Value, more: Value) -> Answer {
    let base =
        json!({"company_id": s.company_id(), "topic": "news", "wording_version": "v1", "wording": "Send me news.", "source": "call"});
    s.post("/v1/marketing/consent-confirmations", with(with(base, about), more))
}

/// Follows a link as its reader would.
fn follow(s: &Server, method: &str, link: &str) -> Answer {
    let path = link.strip_prefix(LINKS).unwrap_or_else(|| panic!("{link} leads elsewhere"));
    let outside = s.anonymous();
    let request = outside.request(method, path).header("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0");
    if method == "POST" { request.bytes("application/x-www-form-urlencoded", "").send() } else { request.send() }
}

/// Follows a link as a browser does that speaks this language.
pub fn browse(s: &Server, method: &str, link: &str, language: &str, form: &str) -> Answer {
    let path = link.strip_prefix(LINKS).unwrap_or(link);
    let outside = s.anonymous();
    let request =
        outside.request(method, path).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8").header("accept-language", language);
    if method == "POST" { request.bytes("application/x-www-form-urlencoded", form).send() } else { request.send() }
}

fn check(s: &Server, about: &Value) -> String {
    let answer = s.post("/v1/marketing/consents/check", json!({"channel": "email", "topic": "news", "subjects": [about]})).ok();
    answer["results"][0]["reason"].as_str().unwrap().to_string()
}

#[track_caller]
fn until(s: &Server, asked: &Value, status: &str) -> Value {
    let began = Instant::now();
    loop {
        let now = s.get(&at("consent-confirmations", asked)).ok();
        if now["status"] == *status {
            return now;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "never {status}: {now:#}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

each_engine! {
    fn a_consent_counts_when_its_link_was_followed_and_only_then(s, sink) {
        let ana = party(s, "Ana");
        let about = json!({"party_id": ana["id"]});
        let asked = ask(s, about.clone(), json!({})).created();
        assert_eq!((&asked["status"], &asked["email"], check(s, &about)), (&json!("queued"), &json!("ana@example.org"), "not_confirmed".into()));
        sink.wait_for(1);
        let letter = sink.letter("ana@example.org");
        assert!(letter.text.contains("Send me news.") && letter.header("Subject").unwrap().contains("Acme Trading"), "{}", letter.text);
        let asked = until(s, &asked, "sent");
        ask(s, about.clone(), json!({})).problem(409, "consent_confirmation.asked_already");
        s.at("2026-01-02T10:30:00Z");
        let link = letter.link(&format!("{LINKS}/v1/marketing/links/confirmation?link=")).unwrap();
        let page = browse(s, "GET", &link, "", "");
        assert_eq!(page.expect(200).header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.text().contains("Acme Trading") && page.text().contains("method=\"post\""), "{}", page.text());
        assert_eq!(follow(s, "GET", &link).ok()["confirmed"], false);
        assert_eq!(check(s, &about), "not_confirmed", "looking is not confirming");
        for _ in 0..3 {
            let done = follow(s, "POST", &link).ok();
            let told = json!({"address": "a…@example.org", "company": "Acme Trading", "topic": "news", "subscribed": true, "confirmed": true, "language": null});
            assert_eq!(done, told);
        }
        assert!(browse(s, "GET", &link, "", "").expect(200).text().contains("is confirmed."));
        assert_eq!(check(s, &about), "granted");
        let said = s.all(&format!("/v1/marketing/consents?party_id={}", id(&ana)));
        assert_eq!(said.iter().map(|c| c["status"].as_str().unwrap()).collect::<Vec<_>>(), ["pending_doi", "granted"]);
        let proof = &said[1]["evidence"];
        assert_eq!((&proof["wording"], &proof["wording_version"], proof["ip_address"].is_string()), (&json!("Send me news."), &json!("v1"), true));
        assert!(proof["source"].as_str().unwrap().contains(id(&asked)) && proof["user_agent"].as_str().unwrap().contains("Firefox"));
        let now = s.get(&at("consent-confirmations", &asked)).ok();
        assert_eq!((&now["status"], &now["granted_consent_id"], &now["confirmed_at"]), (&json!("confirmed"), &said[1]["id"], &json!("2026-01-02T10:30:00Z")));
        ask(s, about, json!({})).problem(409, "consent_confirmation.already_granted");
        assert_eq!(events(s, &asked), ["consent_confirmation.requested", "consent_confirmation.confirmed"]);
        follow(s, "POST", &format!("{LINKS}/v1/marketing/links/confirmation?link={}", "A".repeat(60))).problem(404, "link.invalid");
        verified(s);
    }

    fn a_link_expires_and_leads_to_the_page_that_was_named(s, sink) {
        let ana = party(s, "Ana");
        ask(s, json!({"party_id": ana["id"]}), json!({"confirm_url": "https://shop.example/confirm?lang=en"})).created();
        sink.wait_for(1);
        let link = sink.letter("ana@example.org").link("https://shop.example/confirm?lang=en&link=").unwrap();
        let token = link.rsplit('=').next().unwrap().to_string();
        s.at("2026-01-09T09:00:00Z");
        follow(s, "POST", &format!("{LINKS}/v1/marketing/links/confirmation?link={token}")).problem(404, "link.expired");
        assert_eq!(check(s, &json!({"party_id": ana["id"]})), "not_confirmed");
    }

    fn a_form_with_double_opt_in_asks_first(s, sink) {
        let consent = json!({"text": "Send me news.", "topic": "news", "channel": "email", "double_opt_in": true});
        let form = json!({"company_id": s.company_id(), "name": "News", "fields": [{"name": "email", "target": "email", "required": true}], "consent": consent});
        let form = s.post("/v1/marketing/lead-forms", form).created();
        let submit = |token: &str| {
            let path = format!("/v1/public/forms/{}/submissions", form["key"].as_str().unwrap());
            s.anonymous().post(&path, json!({"token": token, "fields": {"email": "ana@example.org"}, "consent": true})).ok();
        };
        submit("0123456789abcdef");
        let l = s.all("/v1/crm/leads?email=ana@example.org");
        let about = json!({"lead_id": l[0]["id"]});
        assert_eq!(check(s, &about), "not_confirmed");
        submit("0123456789abcdeg");
        sink.wait_for(1);
        s.at("2026-01-02T10:30:00Z");
        let link = sink.letter("ana@example.org").link(&format!("{LINKS}/v1/marketing/links/confirmation?link=")).unwrap();
        assert_eq!(follow(s, "POST", &link).ok()["subscribed"], true);
        assert_eq!(check(s, &about), "granted");
        // a stranger who sends the form again takes nothing away
        submit("0123456789abcdeh");
        assert_eq!(check(s, &about), "granted");
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(sink.letters().len(), 1);
        let said = s.all(&format!("/v1/marketing/consents?lead_id={}", id(&l[0])));
        assert_eq!((said.len(), &said[1]["evidence"]["wording"]), (2, &json!("Send me news.")));
    }

    fn a_suppressed_address_is_not_asked_and_an_erased_one_confirms_nothing(s, sink) {
        let (ana, bert) = (party(s, "Ana"), party(s, "Bert"));
        s.post("/v1/marketing/suppressions", json!({"channel": "email", "address": "ana@example.org"})).created();
        let asked = ask(s, json!({"party_id": ana["id"]}), json!({})).created();
        until(s, &asked, "suppressed");
        let asked = ask(s, json!({"party_id": bert["id"]}), json!({})).created();
        sink.wait_for(1);
        until(s, &asked, "sent");
        let link = sink.letter("bert@example.org").link(&format!("{LINKS}/v1/marketing/links/confirmation?link=")).unwrap();
        let path = format!("/v1/directory/parties/{}", id(&bert));
        s.act(&format!("{path}/erase"), &s.get(&path).ok(), json!({"reason": "asked"})).ok();
        assert_eq!(s.get(&at("consent-confirmations", &asked)).ok()["email"], json!(null));
        follow(s, "POST", &link).problem(404, "link.invalid");
    }

    fn a_preference_centre_shows_and_sets_topics_without_an_account(s, sink) {
        let ana = party(s, "Ana");
        let about = json!({"party_id": ana["id"]});
        consent(s, about.clone(), json!({"topic": "news"}));
        let text = "{{ recipient.name }} {{ unsubscribe_url }} {{ preferences_url }}";
        let t = template(s, json!({"html": null, "text": text}));
        let all = segment(s, json!({"field": "name", "op": "contains", "value": "ana"}), json!({}));
        let variants = json!([{"name": "a", "template_id": t["id"], "share_percent": 100}]);
        let c = json!({"company_id": s.company_id(), "name": "News", "segment_id": all["id"], "topic": "news", "variants": variants});
        let c = s.post("/v1/marketing/campaigns", c).created();
        act(s, "campaigns", &c, "launch", json!({}));
        sink.wait_for(1);
        let link = sink.letter("ana@example.org").link(&format!("{LINKS}/v1/marketing/links/preferences?link=")).unwrap();
        consent(s, about.clone(), json!({"topic": "events", "status": "withdrawn"}));
        let shown = follow(s, "GET", &link).ok();
        let topics = json!([{"topic": "events", "subscribed": false}, {"topic": "news", "subscribed": true}]);
        assert_eq!(shown, json!({"address": "a…@example.org", "company": "Acme Trading", "everything": true, "topics": topics, "language": null}));
        let page = browse(s, "GET", &link, "de", "").expect(200).text();
        assert!(page.contains("<html lang=\"de\">") && page.contains("type=\"checkbox\" name=\"topic\" value=\"news\" checked"), "{page}");
        s.at("2026-01-02T12:00:00Z");
        let token = link.rsplit('=').next().unwrap().to_string();
        let set = |body: Value| s.anonymous().post("/v1/marketing/links/preferences", with(json!({ "link": token }), body));
        for _ in 0..2 {
            let now = set(json!({"topics": {"news": false, "events": true}})).ok();
            assert_eq!(now["topics"], json!([{"topic": "events", "subscribed": true}, {"topic": "news", "subscribed": false}]));
        }
        assert_eq!(check(s, &about), "withdrawn");
        let said = s.all(&format!("/v1/marketing/consents?party_id={}", id(&ana)));
        assert_eq!((said.len(), &said[3]["evidence"]["source"]), (4, &json!("preference centre")), "saying it again changes nothing");
        s.at("2026-01-02T13:00:00Z");
        let now = set(json!({"everything": false})).ok();
        assert_eq!((&now["everything"], &now["topics"][0]["subscribed"]), (&json!(false), &json!(false)));
        s.at("2026-01-02T14:00:00Z");
        let now = set(json!({"everything": true})).ok();
        assert_eq!((&now["everything"], &now["topics"][0]["subscribed"]), (&json!(true), &json!(true)));
        s.at("2026-01-02T15:00:00Z");
        let form = format!("link={token}&offered=events&topic=events&offered=news");
        let saved = browse(s, "POST", "/v1/marketing/links/preferences", "en", &form);
        assert!(saved.expect(200).text().contains("Your choice is saved"), "{}", saved.text());
        let now = follow(s, "GET", &link).ok();
        assert_eq!(now["topics"], json!([{"topic": "events", "subscribed": true}, {"topic": "news", "subscribed": false}]));
        set(json!({"topics": {"spam": true}})).problem(422, "consent.unknown_topic");
        let made = s.post("/v1/marketing/consents/preference-link", with(about, json!({"company_id": s.company_id()}))).ok();
        assert_eq!(made["url"], link);
        s.anonymous().get(&format!("/v1/marketing/links/preferences?link={}", "A".repeat(60))).problem(404, "link.invalid");
    }

    fn a_mail_server_that_wants_it_later_is_asked_again(s, sink) {
        let mail = json!([{"address": "later@example.org"}]);
        let later = s.post("/v1/directory/parties", json!({"name": "Late", "kind": "person", "emails": mail})).created();
        let asked = ask(s, json!({"party_id": later["id"]}), json!({})).created();
        let began = Instant::now();
        while s.get(&at("consent-confirmations", &asked)).ok()["note"].is_null() && began.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(30));
        }
        let put_back = s.get(&at("consent-confirmations", &asked)).ok();
        assert_eq!((&put_back["status"], put_back["note"].is_string()), (&json!("queued"), true), "{put_back:#}");
        assert!(sink.letters().is_empty());
    }
}

each_engine! {
    fn asking_needs_an_address_a_subject_and_a_permission(s) {
        let nobody = fixtures::customer(s, "Nobody");
        ask(s, json!({"party_id": nobody["id"]}), json!({})).problem(422, "consent_confirmation.no_address");
        ask(s, json!({}), json!({})).problem(422, "consent.one_subject");
        ask(s, json!({"party_id": "pty_00000000000000000000000001"}), json!({})).problem(422, "unknown_reference");
        let l = lead(s, json!({"email": "ana@example.org"}));
        let waits = ask(s, json!({"lead_id": l["id"]}), json!({})).created();
        assert_eq!(waits["status"], "queued", "it waits for a mail server");
        let reader = user_with(s, &["marketing.consent_confirmations.read"], &[s.company_id()]);
        assert_eq!(reader.get(&at("consent-confirmations", &waits)).ok(), waits);
        reader.post("/v1/marketing/consent-confirmations", json!({})).problem(403, "missing_scope");
        let form = json!({"company_id": s.company_id(), "name": "F", "fields": [{"name": "email", "target": "email", "required": true}],
            "consent": {"text": "Call me.", "topic": "calls", "channel": "phone", "double_opt_in": true}});
        s.post("/v1/marketing/lead-forms", form).problem(422, "lead_form.wrong_consent");
    }
}
