//! What the sellers of the demo company count and aim at: reasons for losing, competitors, quotas, forecasts that were
//! submitted and kept.

use chrono::{Months, NaiveDate};
use serde_json::json;

use super::data;
use super::desk::Done;
use super::year::Year;

impl Year<'_> {
    /// The catalogues of the front office.
    pub fn catalogues(&mut self) -> Done<()> {
        for name in data::LOSS_REASONS {
            let body = json!({"company_id": self.company["id"], "name": name, "requires_competitor": name == "Chose a competitor"});
            let made = self.desk.post("/v1/crm/loss-reasons", body)?;
            self.loss_reasons.push(made);
            self.count("loss reasons");
        }
        for name in data::COMPETITORS {
            let made = self.desk.post("/v1/crm/competitors", json!({"company_id": self.company["id"], "name": name}))?;
            self.competitors.push(made);
            self.count("competitors");
        }
        Ok(())
    }

    /// At the end of a month: what the next one is to bring, what is promised, and what the forecast of it says.
    pub fn aim(&mut self, month: u32) -> Done<()> {
        let day = NaiveDate::from_ymd_opt(self.year, month, 27).unwrap_or_default();
        let next = day.checked_add_months(Months::new(1)).unwrap_or(day);
        self.desk.at(day, 16);
        let company = self.company["id"].clone();
        let quota = json!({"company_id": company, "period": "month", "date": next, "amount": (20_000 + 500 * month).to_string()});
        self.desk.post("/v1/crm/quotas", quota)?;
        self.count("quotas");
        let commit =
            json!({"company_id": company, "whole_company": true, "date": next, "commit_amount": (15_000 + 400 * month).to_string()});
        self.desk.post("/v1/crm/forecast-submissions", commit)?;
        self.count("forecast submissions");
        self.desk.post("/v1/crm/forecast-snapshots", json!({"company_id": company, "date": next}))?;
        self.count("forecast snapshots");
        Ok(())
    }
}
