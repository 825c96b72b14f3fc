//! Rows of submissions of forecasts. The database refuses to change them.

use domain::crm::forecast_submissions::ForecastSubmission;
use domain::crm::forecasts::{ForecastMethod, Period};
use domain::ids::CompanyId;
use domain::kernel::{Id, StringEnum};

use crate::ledger::Ledger;
use crate::{Conn, Result, record, sql};

crate::record! {
    forecast_submissions: ForecastSubmission {
        id: uid, company_id: uid, user_id: opt(uid), submitted_by_user_id: opt(uid), period: word, start_date: date,
        end_date: date, method: word, forecast_amount: amount, commit_amount: amount, adjustment_amount: amount,
        note: opt(text), created_at: instant, version: int,
    }
}

/// The last submission of each user, and of the company as a whole, for a period and a method.
pub fn last_of_period(db: &mut Conn, company: CompanyId, period: &Period, method: ForecastMethod) -> Result<Vec<ForecastSubmission>> {
    let mut s = record::select::<ForecastSubmission>();
    s.append(sql!(
        " WHERE company_id = {} AND period = {} AND start_date = {} AND method = {} AND NOT EXISTS (SELECT 1 FROM forecast_submissions later \
         WHERE later.company_id = forecast_submissions.company_id AND later.period = forecast_submissions.period \
         AND later.start_date = forecast_submissions.start_date AND later.method = forecast_submissions.method \
         AND later.id > forecast_submissions.id AND (later.user_id = forecast_submissions.user_id \
         OR (later.user_id IS NULL AND forecast_submissions.user_id IS NULL)))",
        company.uuid(),
        period.kind.as_str(),
        period.start,
        method.as_str()
    ));
    record::load(db, &s)
}

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "forecast_submissions", columns: &[] }];
