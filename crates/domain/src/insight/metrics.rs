//! Metrics of sales: velocity, win rate, cycle time, funnel, conversion by cohort. The counts come from elsewhere; the
//! definitions and the arithmetic are here. Every answer names its numerator, its denominator and the lists behind both.

pub mod customers;
pub mod groups;
pub mod productivity;

use crate::kernel::Decimal;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::crm::figures::MetricSide;
use crate::directory::companies::Company;
use crate::ids::StageId;
use crate::ids::{CompanyId, PipelineId, TeamId, UserId};
use crate::insight::metrics::groups::{MetricComparison, MetricGrouping, metric};
use crate::kernel::{Amount, Code, Rate, Result, round_to};

/// The days run backwards or are too far apart.
pub const WRONG_RANGE: Code = Code::invalid("metric.wrong_range", "The range of days is empty or longer than three years.");
/// Days of a metric at most.
pub const LONGEST_RANGE: i64 = 3 * 366;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// What a metric of sales is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SalesMetricFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// The last day; at most three years after the first.
    pub to_date: NaiveDate,
    /// Only deals of this owner. Who may not see all forecasts has the own, and those of managed teams.
    #[param(required = false)]
    pub owner_id: Option<UserId>,
    /// Only deals of this pipeline.
    #[param(required = false)]
    pub pipeline_id: Option<PipelineId>,
    /// Only deals whose owner is in this team or below it; a manager may ask for managed teams.
    #[param(required = false)]
    pub team_id: Option<TeamId>,
    /// A group for each of these.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<MetricGrouping>,
    /// What to compare with.
    #[param(required = false)]
    #[param(inline)]
    pub compare: Option<MetricComparison>,
}

/// What a funnel is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FunnelFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The first day of creation.
    pub from_date: NaiveDate,
    /// The last day of creation; at most three years after the first.
    pub to_date: NaiveDate,
    /// Only deals of this owner. Who may not see all forecasts has the own, and those of managed teams.
    #[param(required = false)]
    pub owner_id: Option<UserId>,
    /// The pipeline; the company's default when left out.
    #[param(required = false)]
    pub pipeline_id: Option<PipelineId>,
    /// Only deals whose owner is in this team or below it; a manager may ask for managed teams.
    #[param(required = false)]
    pub team_id: Option<TeamId>,
    /// A group for each of these.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<MetricGrouping>,
    /// What to compare with.
    #[param(required = false)]
    #[param(inline)]
    pub compare: Option<MetricComparison>,
}

/// What a conversion of deals is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DealConversionFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// A day of the first month of creation.
    pub from_date: NaiveDate,
    /// A day of the last month of creation; at most three years of months.
    pub to_date: NaiveDate,
    /// Days a deal has to be won: later wins do not count, and a cohort is mature when all its deals have had that long.
    /// Any number of days when left out.
    #[param(required = false, minimum = 1, maximum = 3650)]
    pub maturity_days: Option<i32>,
    /// Only deals of this owner. Who may not see all forecasts has the own, and those of managed teams.
    #[param(required = false)]
    pub owner_id: Option<UserId>,
    /// Only deals of this pipeline.
    #[param(required = false)]
    pub pipeline_id: Option<PipelineId>,
    /// Only deals whose owner is in this team or below it; a manager may ask for managed teams.
    #[param(required = false)]
    pub team_id: Option<TeamId>,
    /// A group for each of these.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<MetricGrouping>,
    /// What to compare with.
    #[param(required = false)]
    #[param(inline)]
    pub compare: Option<MetricComparison>,
}

metric! {
    /// How fast the pipeline brings money.
    VelocityMetric, VelocityFigures, VelocityGroup, VelocityBefore {
        /// Currency of all amounts, ISO 4217.
        #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
        currency: String,
        /// Won deals.
        numerator: MetricSide,
        /// Closed deals, won and lost.
        denominator: MetricSide,
        /// Closed deals.
        #[schema(minimum = 0, maximum = 9007199254740991i64)]
        opportunities: i64,
        /// Won of closed in percent, two places; null when none was closed.
        #[schema(required)]
        win_rate_percent: Option<Rate>,
        /// What a won deal is worth on average; null when none was won.
        #[schema(required)]
        average_amount: Option<Amount>,
        /// Days from the creation of a won deal to its closing on average, two places; null when none was won.
        #[schema(required)]
        average_cycle_days: Option<Rate>,
        /// Opportunities × win rate × average amount; null when none was won.
        #[schema(required)]
        expected_amount: Option<Amount>,
        /// That divided by the cycle; null when none was won or the cycle has no length.
        #[schema(required)]
        amount_per_day: Option<Amount>,
        /// The same for thirty days.
        #[schema(required)]
        amount_per_30_days: Option<Amount>,
    }
}

metric! {
    /// How many of the closed deals are won.
    WinRateMetric, WinRateFigures, WinRateGroup, WinRateBefore {
        /// Currency of all amounts, ISO 4217.
        #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
        currency: String,
        /// Won deals.
        numerator: MetricSide,
        /// Closed deals, won and lost.
        denominator: MetricSide,
        /// Won of closed by number in percent, two places; null when none was closed.
        #[schema(required)]
        count_percent: Option<Rate>,
        /// Won of closed by amount in percent, two places; null when they are worth nothing.
        #[schema(required)]
        amount_percent: Option<Rate>,
    }
}

metric! {
    /// How long won deals took.
    CycleTimeMetric, CycleTimeFigures, CycleTimeGroup, CycleTimeBefore {
        /// The days of all won deals together, two places.
        numerator_days: Rate,
        /// Won deals.
        denominator: MetricSide,
        /// The average in days, two places; null when none was won.
        #[schema(required)]
        average_days: Option<Rate>,
        /// The median in days, two places: half took longer.
        #[schema(required)]
        median_days: Option<Rate>,
        /// The shortest in days, two places.
        #[schema(required)]
        shortest_days: Option<Rate>,
        /// The longest in days, two places.
        #[schema(required)]
        longest_days: Option<Rate>,
    }
}

/// A stage of a funnel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FunnelStage {
    /// The stage.
    pub stage_id: StageId,
    /// Its name.
    #[schema(max_length = 100)]
    pub name: String,
    /// Its place.
    #[schema(minimum = 1, maximum = 50)]
    pub position: i32,
    /// Deals of the cohort that are or ever were in it.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub reached: i64,
    /// Those of all deals of the cohort in percent, two places; null without any.
    #[schema(required)]
    pub reached_percent: Option<Rate>,
    /// The list of them.
    #[schema(max_length = 2000)]
    pub drill_down: String,
}

metric! {
    /// How far deals come.
    FunnelMetric, FunnelFigures, FunnelGroup, FunnelBefore {
        /// The pipeline.
        pipeline_id: PipelineId,
        /// Deals of the cohort that are won by now.
        numerator: MetricSide,
        /// All deals of the cohort.
        denominator: MetricSide,
        /// Won of created in percent, two places; null without any.
        #[schema(required)]
        won_percent: Option<Rate>,
        /// The stages in their order; archived ones only while deals of the cohort were in them.
        #[schema(max_items = 50)]
        stages: Vec<FunnelStage>,
    }
}

/// The deals created in a month.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DealCohort {
    /// The first day of the month, in the company's time zone.
    pub month_date: NaiveDate,
    /// Whether all its deals have had the days of `maturity_days`; true when none were given and the month is over.
    pub is_mature: bool,
    /// Those won.
    pub numerator: MetricSide,
    /// All created.
    pub denominator: MetricSide,
    /// Won of created in percent, two places; null without any.
    #[schema(required)]
    pub won_percent: Option<Rate>,
}

metric! {
    /// What became of deals, by the month in which they were created.
    DealConversionMetric, DealConversionFigures, DealConversionGroup, DealConversionBefore {
        /// Currency of all amounts, ISO 4217.
        #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
        currency: String,
        /// The months in their order.
        #[schema(max_items = 36)]
        cohorts: Vec<DealCohort>,
        /// Won of all months.
        numerator: MetricSide,
        /// Created in all months.
        denominator: MetricSide,
        /// Won of created in percent, two places, from the sums; null without any.
        #[schema(required)]
        won_percent: Option<Rate>,
    }
}

/// `part` of `whole` in percent, rounded half away from zero to two places; nothing of nothing.
pub fn percent(part: impl Into<Decimal>, whole: impl Into<Decimal>) -> Result<Option<Rate>> {
    let whole = whole.into();
    if whole.is_zero() {
        return Ok(None);
    }
    Rate::try_from(round_to(part.into() * Decimal::ONE_HUNDRED / whole, 2)).map(Some)
}

/// Microseconds as days, rounded half away from zero to two places.
pub fn days(micros: i64) -> Result<Rate> {
    Rate::try_from(round_to(Decimal::from(micros) / Decimal::from(DAY), 2))
}

/// Refuses days that run backwards or are too far apart.
pub fn check_range(from: NaiveDate, to: NaiveDate) -> Result<()> {
    match (0..=LONGEST_RANGE).contains(&(to - from).num_days()) {
        true => Ok(()),
        false => Err(WRONG_RANGE.with("At most three years, and not backwards.")),
    }
}

/// Sums of closed deals.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Closed {
    pub won: i64,
    pub closed: i64,
    /// In the company's currency, unrounded.
    pub won_amount: Decimal,
    pub closed_amount: Decimal,
    /// From creation to closing of all won deals, microseconds.
    pub won_micros: i64,
}

/// What a velocity consists of: money by day, and what it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Velocity {
    pub expected: Amount,
    pub per_day: Option<Amount>,
    pub per_30_days: Option<Amount>,
}

/// `opportunities × win rate × average amount ÷ cycle`, rounded at the end; the win rate as a fraction.
pub fn velocity(opportunities: i64, win_rate: Decimal, average: Decimal, cycle_days: Decimal, company: &Company) -> Result<Velocity> {
    let expected = Decimal::from(opportunities) * win_rate * average;
    let per = |n: i64| match cycle_days.is_zero() {
        true => Ok(None),
        false => company.round(expected * Decimal::from(n) / cycle_days).map(Some),
    };
    Ok(Velocity { expected: company.round(expected)?, per_day: per(1)?, per_30_days: per(30)? })
}

impl Closed {
    /// The velocity of these deals; `None` when none was won.
    pub fn velocity(&self, company: &Company) -> Result<Option<Velocity>> {
        if self.won == 0 {
            return Ok(None);
        }
        // the win rate and the average meet in one product, so that no rounding comes between them
        let cycle = Decimal::from(self.won_micros) / Decimal::from(DAY) / Decimal::from(self.won);
        let fraction = Decimal::ONE;
        let average = self.won_amount / Decimal::from(self.won);
        velocity(self.won, fraction, average, cycle, company).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::companies::tests::company;

    fn amount(s: &str) -> Amount {
        s.parse().expect("an amount")
    }

    /// G12 of the vectors, and PIPE-01 of the published cases.
    #[test]
    fn velocity_is_that_of_the_vectors() {
        let of = |n, rate: &str, value: i64, days: i64| {
            velocity(n, rate.parse().expect("a decimal"), Decimal::from(value), Decimal::from(days), &company()).expect("a velocity")
        };
        assert_eq!(of(40, "0.25", 8_000, 50).per_day, Some(amount("1600")));
        let published = of(50, "0.25", 10_000, 30);
        assert_eq!(
            (published.expected, published.per_day, published.per_30_days),
            (amount("125000"), Some(amount("4166.67")), Some(amount("125000")))
        );
        assert_eq!(of(40, "0.25", 8_000, 0).per_day, None);
    }

    #[test]
    fn the_velocity_of_deals_has_no_rounding_in_between() {
        let closed =
            Closed { won: 3, closed: 7, won_amount: Decimal::from(1000), closed_amount: Decimal::from(5000), won_micros: 3 * 10 * DAY };
        let v = closed.velocity(&company()).expect("a velocity").expect("some");
        assert_eq!((v.expected, v.per_day), (amount("1000"), Some(amount("100"))));
        assert_eq!(Closed { won: 0, ..closed }.velocity(&company()).expect("none"), None);
    }

    #[test]
    fn percentages_of_nothing_are_none() {
        assert_eq!(percent(1, 3).expect("a rate").map(|r| r.to_string()).as_deref(), Some("33.33"));
        assert_eq!(percent(0, 0).expect("none"), None);
        assert_eq!(days(DAY / 2).expect("days").to_string(), "0.5");
    }

    #[test]
    fn ranges_run_forwards() {
        let day = |s: &str| s.parse::<NaiveDate>().expect("a day");
        assert!(check_range(day("2026-01-01"), day("2026-01-01")).is_ok());
        assert_eq!(check_range(day("2026-01-02"), day("2026-01-01")).expect_err("backwards").code(), WRONG_RANGE);
        assert_eq!(check_range(day("2020-01-01"), day("2026-01-01")).expect_err("long").code(), WRONG_RANGE);
    }
}
