//! How leads of the demo company come in: a scoring model, a rule that assigns them, a form, and what visitors did.

use chrono::NaiveDate;
use serde_json::json;

use super::client::Done;
use super::year::Year;

/// Family name, place of work, country, campaign.
const VISITORS: [(&str, &str, &str, &str); 4] = [
    ("Petersen", "nordkaffee.example", "DE", "spring tasting"),
    ("Moreau", "cafedesarts.example", "FR", "spring tasting"),
    ("Huber", "alpenhotel.example", "AT", "trade fair"),
    ("Rossi", "bardelporto.example", "IT", ""),
];

/// Makes them on the first days of the year.
pub fn capture(y: &mut Year<'_>, day: NaiveDate) -> Done<()> {
    y.client.at(day, 9);
    let company = y.company["id"].clone();
    let users = y.client.get("/v1/identity/users?limit=1")?;
    let model = json!({
        "company_id": company, "name": "Coffee for business",
        "fit_rules": [
            {"name": "Delivered from Hamburg", "points": "20", "conditions": [{"attribute": "country", "comparison": "one_of", "values": ["DE", "AT", "CH"]}]},
            {"name": "Names an organisation", "points": "10", "conditions": [{"attribute": "organisation_name", "comparison": "is_set"}]},
        ],
        "engagement_rules": [
            {"name": "Sent a form", "kind": "form_submission", "points": "15", "half_life_days": "60"},
            {"name": "Looked at prices", "kind": "page_view", "path_contains": "/prices", "points": "5", "cap": "20", "half_life_days": "30"},
            {"name": "Unsubscribed", "kind": "unsubscribe", "points": "-40"},
        ],
        "grades": [{"grade": "A", "min_score": "40"}, {"grade": "B", "min_score": "20"}, {"grade": "C", "min_score": "5"}],
    });
    let model = y.client.post("/v1/crm/lead-scoring-models", model)?;
    y.client.act("/v1/crm/lead-scoring-models", &model, "activate", json!({}))?;
    let members = json!([{"user_id": users["data"][0]["id"]}]);
    y.client.post(
        "/v1/crm/assignment-rules",
        json!({"company_id": company, "name": "In turns", "method": "round_robin", "members": members}),
    )?;
    let form = json!({
        "company_id": company, "name": "Ask for a tasting", "honeypot_field": "fax",
        "fields": [
            {"name": "email", "target": "email", "required": true}, {"name": "name", "target": "last_name", "required": true},
            {"name": "company", "target": "organisation_name"}, {"name": "country", "target": "country"},
        ],
        "consent": {"text": "Send me news about coffee by e-mail. I can revoke this at any time.", "topic": "newsletter", "channel": "email"},
    });
    let form = y.client.post("/v1/marketing/lead-forms", form)?;
    y.count("capture forms");
    for (i, (name, domain, country, campaign)) in VISITORS.into_iter().enumerate() {
        let visitor = format!("demo-visitor-{i}");
        let page = format!(
            "https://www.alpenglow.example/prices?utm_source=newsletter&utm_medium=email&utm_campaign={}",
            campaign.replace(' ', "+")
        );
        let page = if campaign.is_empty() { "https://www.alpenglow.example/prices".to_string() } else { page };
        y.client.at(day, 10);
        let touch = json!({"company_id": company, "kind": "page_view", "anonymous_id": visitor, "origin": {"landing_page": page}});
        y.client.post("/v1/marketing/touchpoints", touch)?;
        y.client.at(day, 11);
        let sent = json!({
            "token": format!("demo-submission-{i}"), "anonymous_id": visitor, "consent": i % 2 == 0,
            "fields": {"email": format!("{}@{domain}", name.to_lowercase()), "name": name, "company": domain, "country": country},
        });
        let key = form["key"].as_str().unwrap_or_default();
        y.client.post(&format!("/v1/public/forms/{key}/submissions"), sent)?;
        y.count("form submissions");
    }
    Ok(())
}
