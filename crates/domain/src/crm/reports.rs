//! Reports of the front office: what is in the pipeline, and what became of the leads of a month. The sums come from
//! elsewhere; the definitions, the rates and the periods are here.

use crate::kernel::Decimal;
use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::pipelines::ForecastCategory;
use crate::ids::StageId;
use crate::ids::{CompanyId, PipelineId, UserId};
use crate::kernel::{Amount, Code, Rate, Result, round_to};

/// The months of a report are too many or run backwards.
pub const WRONG_PERIOD: Code = Code::invalid("report.wrong_period", "The period of the report is empty or too long.");

/// Cohorts of one report at most.
pub const MOST_MONTHS: u32 = 36;

/// What the pipeline report is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PipelineReportFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The pipeline; the company's default when left out.
    #[param(required = false)]
    pub pipeline_id: Option<PipelineId>,
    /// Only deals of this user.
    #[param(required = false)]
    pub owner_id: Option<UserId>,
}

/// What is in a pipeline, stage by stage, in the currency of the company.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PipelineReport {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The pipeline.
    pub pipeline_id: PipelineId,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// The day of the rates, and the one that overdue is judged by, in the company's time zone.
    pub as_of_date: NaiveDate,
    /// The rates used; the amount in a currency times its rate is the amount here.
    #[schema(max_items = 200)]
    pub rates: Vec<UsedRate>,
    /// Open deals, stage by stage. Archived stages appear while deals are in them.
    #[schema(max_items = 50)]
    pub stages: Vec<StageFigures>,
    /// All open deals.
    pub open: DealFigures,
    /// Open deals whose expected close has passed. They are in `open` and in their stages too.
    pub overdue: DealFigures,
    /// Won deals.
    pub won: DealFigures,
    /// Lost deals; their weighted amount is zero.
    pub lost: DealFigures,
}

/// A rate of exchange that a report used.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UsedRate {
    /// The currency of deals, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    pub currency: String,
    /// How much of the company's currency one unit is.
    pub rate: Rate,
}

/// Figures of some deals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct DealFigures {
    /// How many deals.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
    /// What they are worth.
    pub amount: Amount,
    /// What they are worth times their probabilities.
    pub weighted_amount: Amount,
    /// The list of these deals.
    #[schema(max_length = 500)]
    pub drill_down: String,
}

/// Figures of the open deals of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StageFigures {
    /// The stage.
    pub stage_id: StageId,
    /// Its name.
    #[schema(max_length = 100)]
    pub name: String,
    /// Its place.
    #[schema(minimum = 1, maximum = 50)]
    pub position: i32,
    /// How likely a deal in it is won, 0 to 100.
    pub probability_percent: Rate,
    /// How a forecast counts it.
    pub forecast_category: ForecastCategory,
    /// Its open deals.
    pub open: DealFigures,
    /// Those of them whose expected close has passed.
    pub overdue: DealFigures,
}

/// What the conversion report is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ConversionReportFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// A day of the first month of creation; eleven months before the last when left out.
    #[param(required = false)]
    pub from_date: Option<NaiveDate>,
    /// A day of the last month of creation; the present month when left out.
    #[param(required = false)]
    pub to_date: Option<NaiveDate>,
    /// Days a lead has to become a customer: later conversions do not count, and a cohort is mature when all its leads
    /// have had that long. Any number of days when left out.
    #[param(required = false, minimum = 1, maximum = 3650)]
    pub maturity_days: Option<i32>,
}

/// What became of leads, by the month in which they were created.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConversionReport {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// What the rates count.
    #[schema(max_length = 200)]
    pub numerator: String,
    /// What the rates are of.
    #[schema(max_length = 200)]
    pub denominator: String,
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The months in their order.
    #[schema(max_items = 36)]
    pub cohorts: Vec<LeadCohort>,
    /// All months together; rates from the sums, never averages of rates.
    pub total: ConversionFigures,
}

/// The leads of a month.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadCohort {
    /// The first day of the month, in the company's time zone.
    pub month_date: NaiveDate,
    /// Whether all its leads have had the days of `maturity_days`; true when none were given and the month is over.
    pub is_mature: bool,
    /// Its figures.
    pub figures: ConversionFigures,
    /// The list of these leads.
    #[schema(max_length = 500)]
    pub drill_down: String,
}

/// What became of some leads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ConversionFigures {
    /// Leads created.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub created: i64,
    /// Of them, ever qualified.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub qualified: i64,
    /// Of them, given up.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub disqualified: i64,
    /// Of them, converted.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub converted: i64,
    /// Of them, converted to an opportunity that is won by now.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub won: i64,
    /// Converted of created, in percent with two places; null without leads.
    #[schema(required)]
    pub conversion_percent: Option<Rate>,
    /// Won of created, in percent with two places; null without leads.
    #[schema(required)]
    pub win_percent: Option<Rate>,
}

impl ConversionFigures {
    /// Figures from counts; rates are rounded half away from zero to two places.
    pub fn of(created: i64, qualified: i64, disqualified: i64, converted: i64, won: i64) -> Result<Self> {
        let percent = |n: i64| -> Result<Option<Rate>> {
            if created == 0 {
                return Ok(None);
            }
            Rate::try_from(round_to(Decimal::from(n) * Decimal::ONE_HUNDRED / Decimal::from(created), 2)).map(Some)
        };
        Ok(Self { conversion_percent: percent(converted)?, win_percent: percent(won)?, created, qualified, disqualified, converted, won })
    }
    /// The figures of all.
    pub fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Result<Self> {
        let n = all.fold([0; 5], |s, f| [s[0] + f.created, s[1] + f.qualified, s[2] + f.disqualified, s[3] + f.converted, s[4] + f.won]);
        Self::of(n[0], n[1], n[2], n[3], n[4])
    }
}

/// The first days of the months from `from` to `to`; fails with [`WRONG_PERIOD`].
pub fn months(from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>> {
    let first = |d: NaiveDate| d.with_day(1).unwrap_or(d);
    let (mut at, last) = (first(from), first(to));
    let mut out = Vec::new();
    while at <= last && out.len() <= MOST_MONTHS as usize {
        out.push(at);
        at = at.checked_add_months(Months::new(1)).ok_or_else(|| WRONG_PERIOD.with("The period ends beyond the calendar."))?;
    }
    match out.len() {
        0 => Err(WRONG_PERIOD.with("The period ends before it begins.")),
        n if n > MOST_MONTHS as usize => Err(WRONG_PERIOD.with(format!("The period has more than {MOST_MONTHS} months."))),
        _ => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(s: &str) -> NaiveDate {
        s.parse().expect("a day")
    }

    #[test]
    fn months_count_both_ends() {
        let all = months(day("2025-11-30"), day("2026-02-01")).expect("months");
        assert_eq!(all, [day("2025-11-01"), day("2025-12-01"), day("2026-01-01"), day("2026-02-01")]);
        assert_eq!(months(day("2026-02-01"), day("2026-01-31")).expect_err("backwards").code(), WRONG_PERIOD);
        assert_eq!(months(day("2020-01-01"), day("2026-01-31")).expect_err("too long").code(), WRONG_PERIOD);
        assert_eq!(months(day("2023-01-01"), day("2025-12-01")).expect("three years").len(), 36);
        assert!(months(NaiveDate::MAX, NaiveDate::MAX).is_err());
    }

    #[test]
    fn rates_come_from_sums() {
        let a = ConversionFigures::of(3, 2, 1, 1, 0).expect("figures");
        assert_eq!(a.conversion_percent.map(|r| r.to_string()).as_deref(), Some("33.33"));
        let b = ConversionFigures::of(1, 1, 0, 1, 1).expect("figures");
        let both = ConversionFigures::sum([&a, &b].into_iter()).expect("figures");
        assert_eq!((both.conversion_percent, both.win_percent), (Some(Rate::from(50)), Some(Rate::from(25))));
        assert_eq!(ConversionFigures::of(0, 0, 0, 0, 0).expect("figures").conversion_percent, None);
    }
}
