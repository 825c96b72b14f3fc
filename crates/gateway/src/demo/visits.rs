//! What visitors of the demo company saw before they asked.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::client::{ApiClient, Done};

/// Source, medium and campaign of the links that people follow, in turns.
const WAYS: [(&str, &str, &str); 6] = [
    ("newsletter", "email", "spring-tasting"),
    ("google", "cpc", "spring-tasting"),
    ("", "", ""),
    ("linkedin", "social", "trade-fair"),
    ("google", "organic", ""),
    ("newsletter", "email", "trade-fair"),
];

/// What somebody, a lead or a party, saw in the weeks before a day. Every fifth saw nothing; how much it was.
pub fn before(client: &ApiClient, company: &Value, turn: usize, (who, whose): (&str, &Value), day: NaiveDate) -> Done<usize> {
    for step in 0..turn % 5 {
        let (source, medium, campaign) = WAYS[(turn + step) % WAYS.len()];
        let at = day - Days::new((step as u64) * 6 + 1);
        let mut marks = json!({});
        for (name, value) in [("source", source), ("medium", medium), ("campaign", campaign)] {
            if !value.is_empty() {
                marks[name] = json!(value);
            }
        }
        let page = "https://www.alpenglow.example/machines";
        let mut touch = json!({
            "company_id": company["id"], "kind": "page_view", "occurred_at": format!("{at}T08:30:00Z"),
            "origin": {"utm": marks, "landing_page": page},
        });
        touch[who] = whose.clone();
        client.post("/v1/marketing/touchpoints", touch)?;
    }
    Ok(turn % 5)
}
