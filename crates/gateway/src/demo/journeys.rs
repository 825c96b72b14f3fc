//! How customers of the demo company came: campaigns, what visitors saw before they asked, and what was spent on it.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::client::Done;
use super::year::Year;

/// Source, medium and campaign of the links that people follow, in turns.
const WAYS: [(&str, &str, &str); 6] = [
    ("newsletter", "email", "spring-tasting"),
    ("google", "cpc", "spring-tasting"),
    ("", "", ""),
    ("linkedin", "social", "trade-fair"),
    ("google", "organic", ""),
    ("newsletter", "email", "trade-fair"),
];

/// The campaigns that links are marked with.
pub fn prepare(y: &mut Year<'_>, first: NaiveDate) -> Done<()> {
    y.client.at(first, 8);
    let company = y.company["id"].clone();
    let everybody = json!({"field": "is_customer", "op": "equals", "value": true});
    let segment = json!({"company_id": company, "name": "All customers", "kind": "dynamic", "filter": everybody});
    let segment = y.client.post("/v1/marketing/segments", segment)?;
    y.count("segments");
    let html = "<p>Hello {{ recipient.name }}, come and taste.</p><p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>";
    let template = json!({"company_id": company, "name": "Invitation", "subject": "Come and taste", "html": html});
    let template = y.client.post("/v1/marketing/templates", template)?;
    y.count("templates");
    for name in ["Spring tasting", "Trade fair"] {
        let variants = json!([{"name": "a", "template_id": template["id"], "share_percent": 100}]);
        let campaign =
            json!({"company_id": company, "name": name, "segment_id": segment["id"], "topic": "newsletter", "variants": variants});
        y.client.post("/v1/marketing/campaigns", campaign)?;
        y.count("campaigns");
    }
    Ok(())
}

/// What somebody, a lead or a party, saw in the weeks before a day. Every fifth saw nothing.
pub fn visits(y: &mut Year<'_>, who: &str, whose: &Value, day: NaiveDate) -> Done<()> {
    let turn = y.visitors;
    y.visitors += 1;
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
            "company_id": y.company["id"], "kind": "page_view", "occurred_at": format!("{at}T08:30:00Z"),
            "origin": {"utm": marks, "landing_page": page},
        });
        touch[who] = whose.clone();
        y.client.post("/v1/marketing/touchpoints", touch)?;
        y.count("touchpoints");
    }
    Ok(())
}

/// What the campaigns cost by the books, and what the Markov model learns of the year.
pub fn spend(y: &mut Year<'_>, day: NaiveDate) -> Done<()> {
    y.client.at(day, 12);
    let company = y.company["id"].as_str().unwrap_or_default().to_string();
    let account = |code: &str| -> Done<Value> {
        let found = y.client.get(&format!("/v1/accounting/accounts?company_id={company}&code={code}"))?;
        Ok(found["data"][0]["id"].clone())
    };
    let (marketing, bank) = (account("6200")?, account("1030")?);
    for (campaign, amount) in [("spring-tasting", "640.00"), ("trade-fair", "1850.00")] {
        let entry = json!({
            "company_id": company, "posting_date": day, "description": "Invitations and a stand", "lines": [
                {"account_id": marketing, "debit": amount, "dimensions": {"campaign": campaign}},
                {"account_id": bank, "credit": amount},
            ],
        });
        let entry = y.client.post("/v1/accounting/journal-entries", entry)?;
        y.client.act("/v1/accounting/journal-entries", &entry, "post", json!({}))?;
        y.count("journal entries");
    }
    let models = y.client.get(&format!("/v1/marketing/attribution-models?company_id={company}&kind=markov"))?;
    y.client.act("/v1/marketing/attribution-models", &models["data"][0], "train", json!({})).map(drop)
}
