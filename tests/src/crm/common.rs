//! What the tests of the front office share: leads, deals and pipelines made through HTTP.

use serde_json::{Value, json};

use crate::fixtures::id;
use crate::harness::{Client, Server};

/// The path of a thing of the front office, in whichever area its noun is.
#[track_caller]
pub fn at(noun: &str, thing: &Value) -> String {
    let area = match noun {
        "cases" | "queues" | "sla-policies" | "entitlements" | "kb-articles" | "surveys" | "survey-responses" => "service",
        "attribution-credits"
        | "attribution-deals"
        | "attribution-models"
        | "attribution-restatements"
        | "campaigns"
        | "consent-confirmations"
        | "consents"
        | "journey-enrollments"
        | "journeys"
        | "lead-form-submissions"
        | "lead-forms"
        | "segments"
        | "suppressions"
        | "templates"
        | "touchpoints" => "marketing",
        "followers" => "platform",
        "teams" | "territories" => "directory",
        "clv-fits" | "clv" | "metrics" => "insight",
        _ => "crm",
    };
    format!("/v1/{area}/{noun}/{}", id(thing))
}

/// A body of `base` with the members of `more` on top.
pub fn with(mut base: Value, more: Value) -> Value {
    if let (Some(base), Some(more)) = (base.as_object_mut(), more.as_object()) {
        base.extend(more.clone());
    }
    base
}

/// A lead; `more` says what is special about it.
#[track_caller]
pub fn lead(s: &Server, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "last_name": "Trujillo"});
    s.post("/v1/crm/leads", with(base, more)).created()
}

/// A lead that is ready to be converted.
#[track_caller]
pub fn qualified(s: &Server, more: Value) -> Value {
    let lead = lead(s, more);
    s.act(&format!("{}/qualify", at("leads", &lead)), &lead, json!({})).ok()
}

/// The body of a deal with this party.
pub fn new_deal(s: &Server, party: &Value, more: Value) -> Value {
    with(json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"]}), more)
}

/// A deal with this party.
#[track_caller]
pub fn deal(s: &Server, party: &Value, more: Value) -> Value {
    s.post("/v1/crm/opportunities", new_deal(s, party, more)).created()
}

/// An action on a thing, at the version it was last seen in.
#[track_caller]
pub fn act(c: &Client, noun: &str, thing: &Value, verb: &str, body: Value) -> Value {
    c.act(&format!("{}/{verb}", at(noun, thing)), thing, body).ok()
}

/// An activity about something.
#[track_caller]
pub fn activity(s: &Server, about: &Value, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "kind": "task", "subject": "Call back", "regarding_id": about["id"]});
    s.post("/v1/crm/activities", with(base, more)).created()
}

/// A pipeline of the stages a 10 %, b 50 % (asks for an amount), c 80 % (must not be skipped), d 90 % (asks for a date and lines).
#[track_caller]
pub fn guarded_pipeline(s: &Server) -> Value {
    let body = json!({"company_id": s.company_id(), "name": "Guarded", "stages": [
        {"name": "a", "probability_percent": "10"},
        {"name": "b", "probability_percent": "50", "required_fields": ["amount"]},
        {"name": "c", "probability_percent": "80", "allow_skip": false, "forecast_category": "commit"},
        {"name": "d", "probability_percent": "90", "required_fields": ["lines", "expected_close_date"]},
    ]});
    s.post("/v1/crm/pipelines", body).created()
}

/// The names of events about a thing, the oldest first.
pub fn events(s: &Server, thing: &Value) -> Vec<String> {
    let entries = s.all(&format!("/v1/platform/audit-log?subject={}", id(thing)));
    entries.iter().map(|e| e["kind"].as_str().unwrap_or_default().to_string()).collect()
}

/// The user behind the suite's key.
pub fn me(s: &Server) -> String {
    let user = s.get("/v1/identity/users?limit=1").ok();
    user["data"][0]["id"].as_str().unwrap().to_string()
}
