//! Snapshots: what a forecast said on a day. Written once, never changed, so that its accuracy can be measured when the
//! period is over.

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::forecasts::{Forecast, ForecastRate, PeriodKind};
use crate::ids::{CompanyId, ForecastSnapshotId, UserId};
use crate::kernel::{Amount, Code, Rate, Result, round_to};

/// A period has one snapshot a day.
pub const DUPLICATE: Code = Code::conflict("forecast_snapshot.duplicate", "The period has a snapshot of today already.");
/// The days are the wrong way round or too far apart.
pub const WRONG_RANGE: Code = Code::invalid("forecast.wrong_range", "The range of days is empty or longer than three years.");
/// Days between the first and the last of an accuracy at most.
pub const LONGEST_RANGE: i64 = 3 * 366;

crate::words! {
    /// Which figure of a snapshot is measured.
    pub enum SnapshotMeasure {
        Weighted = "weighted",
        Commit = "commit",
        BestCase = "best_case",
        Pipeline = "pipeline",
    }
}

/// The figures of a user in a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotRow {
    /// The user; null for deals of nobody.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// Closed.
    pub closed_amount: Amount,
    /// Closed and commit.
    pub commit_amount: Amount,
    /// Closed, commit and best case.
    pub best_case_amount: Amount,
    /// Closed, commit, best case and pipeline.
    pub pipeline_amount: Amount,
    /// Closed, and open deals by their probability.
    pub weighted_amount: Amount,
}

/// What a forecast said on a day. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ForecastSnapshot {
    /// The id.
    pub id: ForecastSnapshotId,
    /// The company.
    pub company_id: CompanyId,
    /// The day, in the company's time zone.
    pub snapshot_date: NaiveDate,
    /// The length of the fiscal period.
    pub period: PeriodKind,
    /// Its first day.
    pub start_date: NaiveDate,
    /// Its last day.
    pub end_date: NaiveDate,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// Closed.
    pub closed_amount: Amount,
    /// Closed and commit.
    pub commit_amount: Amount,
    /// Closed, commit and best case.
    pub best_case_amount: Amount,
    /// Closed, commit, best case and pipeline.
    pub pipeline_amount: Amount,
    /// Closed, and open deals by their probability.
    pub weighted_amount: Amount,
    /// What was to be sold; null without a quota.
    #[schema(required)]
    pub quota_amount: Option<Amount>,
    /// What the last submission for the whole company put on top.
    pub adjustment_amount: Amount,
    /// The figures of each user; they sum to those of the snapshot.
    #[schema(max_items = 10000)]
    pub rows: Vec<SnapshotRow>,
    /// The rates used.
    #[schema(max_items = 5000)]
    pub rates: Vec<ForecastRate>,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// Always 1: it never changes.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated ForecastSnapshot, ForecastSnapshotId, "forecast_snapshot", company: |s| Some(s.company_id) }

/// A snapshot to take by hand. Those of the current month are taken daily without anybody's doing.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewForecastSnapshot {
    /// The company.
    pub company_id: CompanyId,
    /// The length of the fiscal period; a month when left out.
    #[serde(default)]
    pub period: Option<PeriodKind>,
    /// A day in the period; today when left out.
    #[serde(default)]
    pub date: Option<NaiveDate>,
}

impl ForecastSnapshot {
    /// What a forecast with rows by owner says.
    pub fn of(id: ForecastSnapshotId, forecast: Forecast, now: DateTime<Utc>) -> Self {
        let row = |r: super::forecasts::ForecastRow| SnapshotRow {
            owner_id: r.owner_id,
            closed_amount: r.closed.amount,
            commit_amount: r.commit_amount,
            best_case_amount: r.best_case_amount,
            pipeline_amount: r.pipeline_amount,
            weighted_amount: r.weighted_amount,
        };
        let total = forecast.total;
        Self {
            id,
            company_id: forecast.company_id,
            snapshot_date: forecast.as_of_date,
            period: forecast.period,
            start_date: forecast.start_date,
            end_date: forecast.end_date,
            currency: forecast.currency,
            closed_amount: total.closed.amount,
            commit_amount: total.commit_amount,
            best_case_amount: total.best_case_amount,
            pipeline_amount: total.pipeline_amount,
            weighted_amount: total.weighted_amount,
            quota_amount: total.quota_amount,
            adjustment_amount: total.adjustment_amount,
            rows: forecast.rows.into_iter().map(row).collect(),
            rates: forecast.rates,
            created_at: now,
            version: 1,
        }
    }
}

/// Whose accuracy is asked.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AccuracyFilter {
    /// The company.
    pub company_id: CompanyId,
    /// The length of the fiscal periods; a month when left out.
    #[param(required = false)]
    pub period: Option<PeriodKind>,
    /// Periods that begin on this day or later.
    pub from_date: NaiveDate,
    /// Periods that end on this day or earlier; those not over yet are left out.
    pub to_date: NaiveDate,
    /// Which figure of the snapshots; weighted when left out.
    #[param(required = false)]
    #[param(inline)]
    pub measure: Option<SnapshotMeasure>,
    /// The last snapshot taken so many days before the end of each period or earlier; the first of each period when left
    /// out.
    #[param(required = false, minimum = 0, maximum = 366)]
    pub lead_days: Option<i32>,
}

/// A snapshot and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PeriodAccuracy {
    /// The first day of the period.
    pub start_date: NaiveDate,
    /// Its last day.
    pub end_date: NaiveDate,
    /// The snapshot.
    pub snapshot_id: ForecastSnapshotId,
    /// Its day.
    pub snapshot_date: NaiveDate,
    /// What it said.
    pub forecast_amount: Amount,
    /// What was closed in the period.
    pub actual_amount: Amount,
    /// Forecast less actual.
    pub error_amount: Amount,
    /// The error without its sign, of the actual, in percent with two places; null when nothing was closed.
    #[schema(required)]
    pub error_percent: Option<Rate>,
    /// The list of the deals that were closed.
    #[schema(max_length = 500)]
    pub drill_down: String,
}

/// How right forecasts were.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ForecastAccuracy {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// The company.
    pub company_id: CompanyId,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// The periods that are over and have a snapshot, in their order.
    #[schema(max_items = 50)]
    pub periods: Vec<PeriodAccuracy>,
    /// The mean of the errors in percent (MAPE), two places; null without any.
    #[schema(required)]
    pub mape_percent: Option<Rate>,
    /// The sum of the errors of the sum of the actuals in percent, two places; above zero when too much was forecast. Null
    /// when nothing was closed.
    #[schema(required)]
    pub bias_percent: Option<Rate>,
}

/// What is known of a snapshot for measuring it.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub id: ForecastSnapshotId,
    pub start: NaiveDate,
    pub end: NaiveDate,
    pub day: NaiveDate,
    pub amount: Amount,
}

/// Of each period the snapshot that counts: the first, or the last taken `lead_days` before the end or earlier. `taken` is
/// in the order of periods, then days.
pub fn that_count(taken: &[Taken], lead_days: Option<i32>) -> Vec<&Taken> {
    let mut out: Vec<&Taken> = Vec::new();
    for t in taken {
        let early = lead_days.is_none_or(|d| t.day <= t.end - TimeDelta::days(d.into()));
        match out.last_mut() {
            _ if !early => {}
            Some(last) if last.start == t.start => {
                if lead_days.is_some() {
                    *last = t;
                }
            }
            _ => out.push(t),
        }
    }
    out
}

/// A snapshot against what was closed.
pub fn measure(taken: &Taken, actual: Amount, drill_down: String) -> Result<PeriodAccuracy> {
    let error = taken.amount - actual;
    let percent = match actual.is_zero() {
        true => None,
        false => Some(round_to(error.get().abs() * Decimal::ONE_HUNDRED / actual.get(), 2).try_into()?),
    };
    Ok(PeriodAccuracy {
        start_date: taken.start,
        end_date: taken.end,
        snapshot_id: taken.id,
        snapshot_date: taken.day,
        forecast_amount: taken.amount,
        actual_amount: actual,
        error_amount: error,
        error_percent: percent,
        drill_down,
    })
}

/// MAPE and bias of periods: the mean of the errors in percent, and the sum of errors of the sum of actuals.
pub fn accuracy(periods: &[PeriodAccuracy]) -> Result<(Option<Rate>, Option<Rate>)> {
    let measured = || periods.iter().filter(|p| !p.actual_amount.is_zero());
    let errors: Vec<Decimal> = measured().map(|p| p.error_amount.get().abs() * Decimal::ONE_HUNDRED / p.actual_amount.get()).collect();
    let mape = match errors.len() {
        0 => None,
        n => Some(round_to(errors.iter().sum::<Decimal>() / Decimal::from(n), 2).try_into()?),
    };
    let actual: Decimal = periods.iter().map(|p| p.actual_amount.get()).sum();
    let error: Decimal = periods.iter().map(|p| p.error_amount.get()).sum();
    let bias = match actual.is_zero() {
        true => None,
        false => Some(round_to(error * Decimal::ONE_HUNDRED / actual, 2).try_into()?),
    };
    Ok((mape, bias))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use uuid::Uuid;

    fn day(s: &str) -> NaiveDate {
        s.parse().expect("a day")
    }

    fn taken(month: u32, on: &str, amount: i32) -> Taken {
        let start = NaiveDate::from_ymd_opt(2026, month, 1).expect("a day");
        let end = super::super::forecasts::Period::of(PeriodKind::Month, start, 1).end;
        Taken { id: ForecastSnapshotId::from_uuid(Uuid::from_u128(1)), start, end, day: day(on), amount: Amount::from(amount) }
    }

    #[test]
    fn one_snapshot_of_each_period_counts() {
        let all = [taken(1, "2026-01-01", 1), taken(1, "2026-01-20", 2), taken(1, "2026-01-31", 3), taken(2, "2026-02-27", 4)];
        let of = |lead| that_count(&all, lead).iter().map(|t| t.amount).collect::<Vec<_>>();
        assert_eq!(of(None), [Amount::from(1), Amount::from(4)]);
        assert_eq!(of(Some(5)), [Amount::from(2)]);
        assert_eq!(of(Some(0)), [Amount::from(3), Amount::from(4)]);
    }

    #[test]
    fn errors_are_averaged_and_their_sum_tells_the_bias() {
        let of = |forecast, actual: i32| measure(&taken(1, "2026-01-01", forecast), Amount::from(actual), String::new()).expect("measured");
        let periods = [of(110, 100), of(150, 200), of(7, 0)];
        assert_eq!(periods[2].error_percent, None);
        // (10 % + 25 %) / 2; (10 − 50 + 7) / 300
        let (mape, bias) = accuracy(&periods).expect("figures");
        assert_eq!((mape.map(|r| r.to_string()), bias.map(|r| r.to_string())), (Some("17.5".into()), Some("-11".into())));
        assert_eq!(accuracy(&[]).expect("figures"), (None, None));
    }
}
