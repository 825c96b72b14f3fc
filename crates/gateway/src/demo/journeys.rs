//! How customers of the demo company came: campaigns and what was spent on them.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::client::Done;
use super::year::Year;

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
