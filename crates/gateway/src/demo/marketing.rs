//! What marketing has prepared in the demo company: consent of customers, an address that gets nothing, a segment, a
//! template and a campaign to be launched once a mail server is configured.

use serde_json::{Value, json};

use super::client::Done;
use super::year::Year;

pub fn prepare(y: &mut Year<'_>) -> Done<()> {
    let company = y.company["id"].clone();
    for customer in y.customers.clone().iter().step_by(2) {
        let evidence = json!({"wording_version": "newsletter-1", "source": "order form"});
        let grant =
            json!({"party_id": customer["id"], "channel": "email", "topic": "newsletter", "status": "granted", "evidence": evidence});
        y.client.post("/v1/marketing/consents", grant)?;
        y.count("consents");
    }
    if let Some(first) = y.customers.first().cloned() {
        let withdrawn = json!({"party_id": first["id"], "channel": "phone", "status": "withdrawn"});
        y.client.post("/v1/marketing/consents", withdrawn)?;
        y.count("consents");
    }
    if let Some(second) = y.customers.get(1).cloned() {
        let asked = json!({
            "company_id": company, "party_id": second["id"], "topic": "events", "wording_version": "events-1",
            "wording": "Tell me about tastings near me.", "source": "call",
        });
        y.client.post("/v1/marketing/consent-confirmations", asked)?;
        y.count("consent confirmations");
    }
    y.client.post("/v1/marketing/suppressions", json!({"channel": "email", "address": "gone@example.org", "reason": "hard_bounce"}))?;
    y.count("suppressions");
    let asleep = json!({"all": [
        {"field": "is_customer", "op": "equals", "value": true},
        {"field": "last_order_date", "op": "older_than_days", "value": 60},
        {"field": "overdue_amount", "op": "at_most", "value": "0"},
    ]});
    let segment = json!({"company_id": company, "name": "Customers who fell asleep", "kind": "dynamic", "filter": asleep});
    let segment = y.client.post("/v1/marketing/segments", segment)?;
    let segment = y.client.act("/v1/marketing/segments", &segment, "evaluate", json!({}))?;
    y.count("segments");
    let html = "<p>Hello {{ recipient.name }},</p><p>we have not heard from you. <a href=\"https://example.com/new\">See what is new</a>.</p>\
                <p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>";
    let template = json!({"company_id": company, "name": "We miss you", "subject": "{{ recipient.name }}, we miss you", "html": html});
    let template = y.client.post("/v1/marketing/templates", template)?;
    y.count("templates");
    let variants = json!([{"name": "a", "template_id": template["id"], "share_percent": 100}]);
    let campaign = json!({
        "company_id": company, "name": "Win back", "segment_id": segment["id"], "topic": "newsletter", "variants": variants,
        "frequency_cap": {"messages": 2, "days": 30}, "quiet_hours": {"from": "20:00", "until": "08:00"},
    });
    y.client.post("/v1/marketing/campaigns", campaign)?;
    y.count("campaigns");
    journeys(y, &template["id"])
}

/// One journey that people are on, and one that is to be published once a mail server is configured.
fn journeys(y: &mut Year<'_>, template: &Value) -> Done<()> {
    let company = y.company["id"].clone();
    let steps = json!([
        {"key": "tag", "kind": "tag", "add_tag": "onboarding"},
        {"key": "call", "kind": "activity", "subject": "Ask how the first weeks went", "due_in_days": 7},
        {"key": "settle", "kind": "wait", "wait": {"minutes": 43200}},
        {"key": "untag", "kind": "tag", "remove_tag": "onboarding"},
    ]);
    let onboarding = json!({"company_id": company, "name": "Onboarding", "steps": steps, "goal": {"fact": "sales_order_confirmed"}});
    let onboarding = y.client.post("/v1/marketing/journeys", onboarding)?;
    let onboarding = y.client.act("/v1/marketing/journeys", &onboarding, "publish", json!({}))?;
    let people: Vec<Value> = y.customers.iter().take(3).map(|c| c["id"].clone()).collect();
    y.client.act("/v1/marketing/journeys", &onboarding, "enroll", json!({ "party_ids": people }))?;
    y.count("journeys");
    let steps = json!([
        {"key": "hello", "kind": "send", "template_id": template},
        {"key": "week", "kind": "wait", "wait": {"minutes": 10080}},
        {"key": "read", "kind": "branch", "condition": {"opened": "hello"}, "otherwise": "call"},
        {"key": "done", "kind": "exit"},
        {"key": "call", "kind": "activity", "subject": "Call: the letter was not read", "due_in_days": 2},
    ]);
    let entry = json!({"kind": "fact", "fact": "party_became_customer"});
    let welcome = json!({"company_id": company, "name": "Welcome", "topic": "newsletter", "entry": entry, "steps": steps});
    y.client.post("/v1/marketing/journeys", welcome)?;
    y.count("journeys");
    Ok(())
}
