//! What the demo company offers: a draft, a quote that is with the customer, and one that was refused.

use chrono::NaiveDate;
use serde_json::json;

use super::client::Done;
use super::year::Year;

const QUOTES: &str = "/v1/crm/quotes";

/// Quotes of one day.
pub fn offer(y: &mut Year<'_>, day: NaiveDate) -> Done<()> {
    y.client.at(day, 14);
    for (i, title) in ["Machines for two shops", "Beans for the winter", "A grinder on trial"].into_iter().enumerate() {
        let customer = y.chance.pick(&y.customers)["id"].clone();
        let lines = json!([{"product_id": y.products[i]["id"], "quantity": "2"}, {"product_id": y.products[i + 1]["id"], "quantity": "1", "discount_percent": "5"}]);
        let quote = y.client.post(QUOTES, json!({"company_id": y.company["id"], "party_id": customer, "title": title, "lines": lines}))?;
        y.count("quotes");
        if i > 0 {
            let sent = y.client.act(QUOTES, &quote, "send", json!({}))?;
            if i > 1 {
                y.client.act(QUOTES, &sent, "reject", json!({"reason": "Too dear for a trial."}))?;
            }
        }
    }
    Ok(())
}
