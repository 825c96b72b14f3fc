//! What was spent on campaigns, as the front office asks for it.

use chrono::NaiveDate;
use domain::ids::CompanyId;
use persistence::accounting::campaign_costs as rows;
use platform::prelude::*;

pub fn spent(cx: &mut Cx, company: CompanyId, codes: &[String], from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(Amount, i64)> {
    Ok(rows::spent(cx.db(), company, codes, from, to)?)
}
