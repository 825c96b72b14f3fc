//! Capture forms as those who keep them see them.

use serde_json::{Value, json};

use crate::crm::common::{at, with};
use crate::fixtures::{id, user_with};
use crate::harness::Server;

fn body(s: &Server, more: Value) -> Value {
    let fields = json!([{"name": "email", "target": "email", "required": true}, {"name": "company", "target": "organisation_name"}]);
    with(json!({"company_id": s.company_id(), "name": "Contact us", "fields": fields}), more)
}

fn consent(text: &str) -> Value {
    json!({"text": text, "topic": "newsletter", "channel": "email"})
}

each_engine! {
    fn a_form_has_a_key_that_nobody_guesses(s) {
        let (a, b) = (s.post("/v1/marketing/lead-forms", body(s, json!({}))).created(), s.post("/v1/marketing/lead-forms", body(s, json!({}))).created());
        let key = a["key"].as_str().unwrap();
        assert!(key.len() >= 34 && a["key"] != b["key"], "{key}");
        assert_eq!((&a["source"], &a["is_active"], &a["use_assignment_rules"], &a["consent_version"]), (&json!("web form"), &json!(true), &json!(true), &json!(null)));
        assert_eq!(s.get(&at("lead-forms", &a)).ok(), a);
        assert_eq!(s.all("/v1/marketing/lead-forms?is_active=true&sort=name").len(), 2);
        s.patch(&at("lead-forms", &a), &a, json!({"key": "f_mine"})).problem(422, "unknown_field");
    }

    fn every_wording_is_kept_word_by_word(s) {
        let f = s.post("/v1/marketing/lead-forms", body(s, json!({"consent": consent("First words.")}))).created();
        let f = s.patch(&at("lead-forms", &f), &f, json!({"name": "Renamed"})).ok();
        assert_eq!(f["consent_version"], 1);
        let f = s.patch(&at("lead-forms", &f), &f, json!({"consent": consent("Second words.")})).ok();
        assert_eq!(f["consent_version"], 2);
        let kept = s.all(&format!("{}/wordings", at("lead-forms", &f)));
        let told: Vec<_> = kept.iter().map(|w| (w["consent_version"].as_i64().unwrap(), w["text"].as_str().unwrap())).collect();
        assert_eq!(told, [(2, "Second words."), (1, "First words.")]);
        s.get("/v1/marketing/lead-forms/lform_00000000000000000000000000/wordings").problem(404, "not_found");
    }

    fn a_form_that_cannot_work_is_refused(s) {
        let email = json!({"name": "email", "target": "email", "required": true});
        for (more, code, pointer) in [
            (json!({"fields": [email, {"name": "email", "target": "phone"}]}), "lead_form.field_twice", "/fields/1/name"),
            (json!({"fields": [{"name": "email", "target": "email"}]}), "lead_form.no_identity", "/fields"),
            (json!({"honeypot_field": "company"}), "lead_form.wrong_honeypot", "/honeypot_field"),
            (json!({"consent": consent(" ")}), "lead_form.wrong_consent", "/consent"),
            (json!({"default_owner_id": "usr_00000000000000000000000000"}), "unknown_reference", "/default_owner_id"),
        ] {
            let problem = s.post("/v1/marketing/lead-forms", body(s, more)).problem(422, code);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        let f = s.post("/v1/marketing/lead-forms", body(s, json!({}))).created();
        s.patch(&at("lead-forms", &f), &f, json!({"honeypot_field": "email"})).problem(422, "lead_form.wrong_honeypot");
    }

    fn a_form_that_nothing_was_sent_to_can_be_deleted(s) {
        let f = s.post("/v1/marketing/lead-forms", body(s, json!({"consent": consent("Words.")}))).created();
        let used = s.post("/v1/marketing/lead-forms", body(s, json!({}))).created();
        let sent = json!({"token": "0123456789abcdef", "fields": {"email": "ann@example.org"}});
        s.anonymous().post(&format!("/v1/public/forms/{}/submissions", used["key"].as_str().unwrap()), sent).ok();
        s.delete(&at("lead-forms", &f), &f).no_content();
        s.delete(&at("lead-forms", &used), &used).problem(409, "in_use");
        let stranger = user_with(s, &["crm.*"], &[]);
        stranger.get(&at("lead-forms", &used)).problem(404, "not_found");
        assert!(stranger.all("/v1/marketing/lead-forms").iter().all(|f| id(f) != id(&used)));
    }
}
