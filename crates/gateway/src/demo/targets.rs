//! What the sellers of the demo company count and aim at: reasons for losing, competitors, quotas, forecasts that were
//! submitted and kept.

use chrono::{Months, NaiveDate};
use serde_json::{Value, json};

use super::client::Done;
use super::data;
use super::year::Year;

impl Year<'_> {
    /// The catalogues of the front office.
    pub fn catalogues(&mut self) -> Done<()> {
        for name in data::LOSS_REASONS {
            let body = json!({"company_id": self.company["id"], "name": name, "requires_competitor": name == "Chose a competitor"});
            let made = self.client.post("/v1/crm/loss-reasons", body)?;
            self.loss_reasons.push(made);
            self.count("loss reasons");
        }
        for name in data::COMPETITORS {
            let made = self.client.post("/v1/crm/competitors", json!({"company_id": self.company["id"], "name": name}))?;
            self.competitors.push(made);
            self.count("competitors");
        }
        for (name, parent, countries) in data::TERRITORIES {
            let above = self.territories.iter().find(|t: &&Value| t["name"] == parent).map(|t| t["id"].clone());
            let body = json!({"company_id": self.company["id"], "name": name, "parent_id": above, "countries": countries});
            let made = self.client.post("/v1/directory/territories", body)?;
            self.territories.push(made);
            self.count("territories");
        }
        let users = self.client.get("/v1/identity/users?limit=1")?;
        let seller = users["data"][0]["id"].clone();
        let sales = json!({"company_id": self.company["id"], "name": "Sales", "manager_id": seller});
        let sales = self.client.post("/v1/directory/teams", sales)?;
        let members = if seller.is_null() { json!([]) } else { json!([seller]) };
        let inside = json!({"company_id": self.company["id"], "name": "Inside sales", "parent_id": sales["id"], "member_ids": members});
        self.client.post("/v1/directory/teams", inside)?;
        self.count("teams");
        self.count("teams");
        Ok(())
    }

    /// What the year teaches of its customers.
    pub fn learn(&mut self) -> Done<()> {
        self.client.learn(&self.company)?;
        self.count("fits of customer lifetime values");
        Ok(())
    }

    /// At the end of a month: what the next one is to bring, what is promised, and what the forecast of it says.
    pub fn aim(&mut self, month: u32) -> Done<()> {
        let day = NaiveDate::from_ymd_opt(self.year, month, 27).unwrap_or_default();
        let next = day.checked_add_months(Months::new(1)).unwrap_or(day);
        self.client.at(day, 16);
        let company = self.company["id"].clone();
        let quota = json!({"company_id": company, "period": "month", "date": next, "amount": (20_000 + 500 * month).to_string()});
        self.client.post("/v1/crm/quotas", quota)?;
        self.count("quotas");
        let commit =
            json!({"company_id": company, "whole_company": true, "date": next, "commit_amount": (15_000 + 400 * month).to_string()});
        self.client.post("/v1/crm/forecast-submissions", commit)?;
        self.count("forecast submissions");
        self.client.post("/v1/crm/forecast-snapshots", json!({"company_id": company, "date": next}))?;
        self.count("forecast snapshots");
        Ok(())
    }
}
