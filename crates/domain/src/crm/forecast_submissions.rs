//! Submissions: what a user commits to for a fiscal period, on top of what the deals say. The deals and their figures never
//! change by it; a later submission speaks for the period, the earlier ones stay readable.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::forecasts::{ForecastMethod, Period, PeriodKind};
use crate::directory::companies::Company;
use crate::directory::currencies::check_money;
use crate::ids::{CompanyId, ForecastSubmissionId, UserId};
use crate::kernel::text::trimmed;
use crate::kernel::{Amount, Code, Result};

/// What is committed to is not below zero.
pub const NEGATIVE: Code = Code::invalid("forecast_submission.negative", "A committed amount must not be negative.");
/// The period is over.
pub const PERIOD_OVER: Code = Code::invalid("forecast_submission.period_over", "The period is over.");
/// What the rules of submissions can answer.
pub const REFUSALS: &[Code] =
    &[NEGATIVE, PERIOD_OVER, crate::kernel::problems::too_many_decimals, crate::kernel::problems::amount_out_of_range];

/// What a user commits to for a fiscal period. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ForecastSubmission {
    /// The id.
    pub id: ForecastSubmissionId,
    /// The company.
    pub company_id: CompanyId,
    /// Whose forecast it is; null for the company as a whole.
    #[schema(required)]
    pub user_id: Option<UserId>,
    /// Who submitted it; null for the system.
    #[schema(required)]
    pub submitted_by_user_id: Option<UserId>,
    /// The length of the fiscal period.
    pub period: PeriodKind,
    /// Its first day.
    pub start_date: NaiveDate,
    /// Its last day.
    pub end_date: NaiveDate,
    /// How the forecast below counted open deals.
    pub method: ForecastMethod,
    /// What the deals said at that moment, in the company's currency.
    pub forecast_amount: Amount,
    /// What is committed to, in the company's currency.
    pub commit_amount: Amount,
    /// Committed less forecast: the overlay that forecasts of the period show from then on.
    pub adjustment_amount: Amount,
    /// Why.
    #[schema(required, max_length = 2000)]
    pub note: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Always 1: it never changes.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated ForecastSubmission, ForecastSubmissionId, "forecast_submission", company: |s| Some(s.company_id) }

/// A submission to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewForecastSubmission {
    /// The company.
    pub company_id: CompanyId,
    /// Whose forecast it is; the caller's when left out, unless it is for the whole company.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Whether it is for the company as a whole and for no user.
    #[serde(default)]
    pub whole_company: bool,
    /// The length of the fiscal period; a month when left out.
    #[serde(default)]
    pub period: Option<PeriodKind>,
    /// A day in the period; today when left out.
    #[serde(default)]
    pub date: Option<NaiveDate>,
    /// How the forecast that it adjusts counts open deals; weighted when left out.
    #[serde(default)]
    pub method: Option<ForecastMethod>,
    /// What is committed to, in the company's currency.
    pub commit_amount: Amount,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// What a submission is made of besides what was sent.
#[derive(Debug, Clone)]
pub struct Basis<'a> {
    pub id: ForecastSubmissionId,
    pub company: &'a Company,
    pub user_id: Option<UserId>,
    pub submitted_by_user_id: Option<UserId>,
    pub period: Period,
    pub method: ForecastMethod,
    /// What the deals say now.
    pub forecast: Amount,
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
}

impl NewForecastSubmission {
    /// The submission. Fails with [`REFUSALS`].
    pub fn build(self, on: Basis<'_>) -> Result<ForecastSubmission> {
        if self.commit_amount.is_negative() {
            return Err(NEGATIVE.field("/commit_amount", "The amount must not be negative."));
        }
        check_money(self.commit_amount, &on.company.currency, "/commit_amount")?;
        if on.period.end < on.today {
            return Err(PERIOD_OVER.field("/date", format!("The period ended on {}.", on.period.end)));
        }
        Ok(ForecastSubmission {
            id: on.id,
            company_id: on.company.id,
            user_id: on.user_id,
            submitted_by_user_id: on.submitted_by_user_id,
            period: on.period.kind,
            start_date: on.period.start,
            end_date: on.period.end,
            method: on.method,
            forecast_amount: on.forecast,
            commit_amount: self.commit_amount,
            adjustment_amount: self.commit_amount - on.forecast,
            note: trimmed(self.note),
            created_at: on.now,
            version: 1,
        })
    }
}
