//! What a form takes, and the lead that its values become.

use super::*;
use crate::kernel::Id;
use serde_json::{Value, json};

fn build(more: Value) -> Result<LeadForm> {
    let mut body = json!({"company_id": "co_00000000000000000000000001", "name": "F", "fields": [
        {"name": "mail", "target": "email", "required": true}, {"name": "land", "target": "country"}, {"name": "size", "target": "metadata"}]});
    for (k, v) in more.as_object().expect("an object") {
        body[k] = v.clone();
    }
    LeadForm::new(Id::from_uuid(Default::default()), "f_key".into(), serde_json::from_value(body).expect("a body"), Default::default())
}

fn values(of: Value) -> BTreeMap<String, String> {
    serde_json::from_value(of).expect("texts")
}

#[test]
fn a_form_that_cannot_work_is_refused() {
    for (more, code) in [
        (json!({"fields": [{"name": "a", "target": "email", "required": true}, {"name": "a", "target": "phone"}]}), FIELD_TWICE),
        (json!({"fields": [{"name": "a", "target": "email", "required": true}, {"name": "b", "target": "email"}]}), FIELD_TWICE),
        (json!({"fields": [{"name": "a", "target": "email"}]}), NO_IDENTITY),
        (json!({"honeypot_field": "mail"}), WRONG_HONEYPOT),
        (json!({"consent": {"text": " ", "topic": "news", "channel": "email"}}), WRONG_CONSENT),
    ] {
        assert_eq!(build(more.clone()).expect_err("refused").code(), code, "{more}");
    }
}

#[test]
fn another_wording_gets_the_next_number() {
    let consent = |text: &str| json!({"text": text, "topic": "news", "channel": "email"});
    let form = build(json!({"consent": consent("one")})).expect("a form");
    assert_eq!(form.consent_version, Some(1));
    let change =
        |form: LeadForm, patch: Value| form.change(serde_json::from_value(patch).expect("a patch"), Default::default()).expect("changed");
    let form = change(form, json!({"consent": consent("one"), "name": "G"}));
    assert_eq!(form.consent_version, Some(1), "the same words");
    let form = change(form, json!({"consent": consent("two")}));
    assert_eq!(
        form.wording(Id::from_uuid(Default::default()), Default::default()).map(|w| (w.consent_version, w.text)),
        Some((2, "two".into()))
    );
    let form = change(form, json!({"consent": null}));
    assert!(form.wording(Id::from_uuid(Default::default()), Default::default()).is_none());
    assert_eq!(change(form, json!({"consent": consent("one")})).consent_version, Some(3), "numbers are not used again");
}

#[test]
fn values_become_a_lead_or_are_named_all_at_once() {
    let form = build(json!({"honeypot_field": "fax"})).expect("a form");
    let lead = form.lead_of(&values(json!({"mail": " ann@example.org ", "land": "de", "size": "10", "fax": ""}))).expect("a lead");
    assert_eq!((lead.email.as_deref(), lead.address.map(|a| a.country)), (Some("ann@example.org"), Some("DE".into())));
    assert_eq!((lead.metadata["size"].as_str(), lead.source.as_deref()), ("10", Some("web form")));
    let problem = form.lead_of(&values(json!({"land": "Germany", "a/b": "x"}))).expect_err("wrong");
    let places: Vec<_> = problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect();
    assert_eq!(places, ["/fields/a~1b", "/fields/mail", "/fields/land"]);
}
