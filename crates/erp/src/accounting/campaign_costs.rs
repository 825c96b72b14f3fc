//! What was spent on campaigns, as the front office asks for it.

use chrono::NaiveDate;
use domain::ids::CompanyId;
use persistence::accounting::campaign_costs as rows;
use platform::prelude::*;

type Asked<'a> = (CompanyId, &'a [String], Option<NaiveDate>, Option<NaiveDate>);

pub fn spent(cx: &mut Cx, (company, codes, from, to): Asked) -> Result<(Amount, i64)> {
    Ok(rows::spent(cx.db(), company, codes, from, to)?)
}
