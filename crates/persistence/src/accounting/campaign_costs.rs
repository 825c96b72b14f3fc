//! What was spent on campaigns, by the dimension `campaign` of journal lines.

use chrono::NaiveDate;
use domain::ids::CompanyId;
use domain::kernel::{Amount, Id};
use uuid::Uuid;

use crate::{Condition, Conn, Result, list, sql};

/// Debit less credit of the lines on expense accounts with one of these words in the dimension `campaign`, and how many lines.
pub fn spent(db: &mut Conn, company: CompanyId, codes: &[String], from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(Amount, i64)> {
    let mut s = sql!(
        "SELECT SUM(l.debit - l.credit), COUNT(*) FROM journal_lines l JOIN accounts a ON a.id = l.account_id AND a.account_type = 'expense' \
         WHERE l.company_id = {} AND (l.dimensions ->> 'campaign') IS NOT NULL AND (l.dimensions ->> 'campaign') IN ({})",
        company.uuid(),
        list(codes)
    );
    if let Some(from) = from {
        s.append(sql!(" AND l.posting_date >= {}", from));
    }
    if let Some(to) = to {
        s.append(sql!(" AND l.posting_date <= {}", to));
    }
    Ok(s.first::<(Option<Amount>, i64)>(db)?.map_or((Amount::ZERO, 0), |(sum, lines)| (sum.unwrap_or_default(), lines)))
}

/// Lines with a campaign in their dimensions, by its id or another word for it.
pub fn of_campaign(campaign: Uuid) -> Condition {
    Condition::Other(sql!(
        "((dimensions ->> 'campaign') IS NOT NULL AND (dimensions ->> 'campaign') IN (SELECT code FROM campaign_codes WHERE campaign_id = {}))",
        campaign
    ))
}
