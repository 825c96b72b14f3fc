//! Forecasts: what a fiscal period will bring. Closed deals count whole, open ones by the method asked, lost ones not at
//! all. The sums of deals come from elsewhere, converted; which figure counts what, and every rounding, is here.

use crate::kernel::Decimal;
use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::pipelines::ForecastCategory;
use crate::directory::companies::Company;
use crate::ids::StageId;
use crate::ids::{CompanyId, ForecastSubmissionId, PipelineId, TeamId, TerritoryId, UserId};
use crate::kernel::{Amount, Rate, Result, allocate, round_to};

crate::string_enum! {
    /// The length of a fiscal period.
    pub enum PeriodKind as ForecastPeriodKind {
        Month = "month",
        Quarter = "quarter",
        Year = "year",
    }
    /// How a forecast counts open deals.
    pub enum ForecastMethod {
        /// Each by its amount times its probability.
        Weighted = "weighted",
        /// Those promised in full, no others.
        Category = "category",
        /// Each by the share of deals of its stage that were won in the last year.
        Historical = "historical",
        /// None: what was closed so far goes on at the same pace.
        RunRate = "run_rate",
    }
    /// What a forecast has a row for.
    pub enum ForecastGroup {
        /// Each user, by the shares in the deals.
        Owner = "owner",
        /// Each pipeline.
        Pipeline = "pipeline",
        /// Each team with those below it, by the shares of their members.
        Team = "team",
        /// Each territory with those below it.
        Territory = "territory",
        /// Each forecast category.
        Category = "category",
    }
}

/// Deals that a stage must have seen closed before its own share counts in place of its stated probability.
pub const FEWEST_CLOSED: i64 = 5;

/// A fiscal period of a company: first and last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub kind: PeriodKind,
    pub start: NaiveDate,
    pub end: NaiveDate,
}

impl Period {
    /// The period that holds `date` when fiscal years begin in `first_month` (1 to 12).
    pub fn of(kind: PeriodKind, date: NaiveDate, first_month: i32) -> Self {
        let (span, first) = match kind {
            PeriodKind::Month => (1, 1),
            PeriodKind::Quarter => (3, first_month),
            PeriodKind::Year => (12, first_month),
        };
        let into = (date.month() as i32 - first).rem_euclid(span);
        let month = date.with_day(1).unwrap_or(date);
        let start = month.checked_sub_months(Months::new(into.unsigned_abs())).unwrap_or(month);
        let end = start.checked_add_months(Months::new(span.unsigned_abs())).and_then(|d| d.pred_opt()).unwrap_or(start);
        Self { kind, start, end }
    }
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.start <= day && day <= self.end
    }
    pub fn days(&self) -> i64 {
        (self.end - self.start).num_days() + 1
    }
    /// Days of it that have begun on `today`: none before it, all after it.
    pub fn elapsed(&self, today: NaiveDate) -> i64 {
        ((today - self.start).num_days() + 1).clamp(0, self.days())
    }
}

/// What a forecast is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ForecastFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The length of the fiscal period; a month when left out.
    #[param(required = false)]
    pub period: Option<PeriodKind>,
    /// A day in the period; today when left out.
    #[param(required = false)]
    pub date: Option<NaiveDate>,
    /// How open deals count; weighted when left out.
    #[param(required = false)]
    pub method: Option<ForecastMethod>,
    /// A row for each of these; the sum alone when left out.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<ForecastGroup>,
    /// Only deals of this pipeline. Quotas and submissions are for all pipelines and left out then.
    #[param(required = false)]
    pub pipeline_id: Option<PipelineId>,
    /// Only the shares of this user. Who may not see all has the own alone, and those of the members of managed teams.
    #[param(required = false)]
    pub owner_id: Option<UserId>,
    /// Only the shares of the members of this team and of the teams below it.
    #[param(required = false)]
    pub team_id: Option<TeamId>,
    /// Only deals in this territory or below it. Quotas and submissions are for all territories and left out then.
    #[param(required = false)]
    pub territory_id: Option<TerritoryId>,
}

/// A rate of exchange that a forecast used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ForecastRate {
    /// The currency of deals, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    pub currency: String,
    /// The day whose rate was asked: the day of closing for won deals, today for open ones.
    pub rate_date: NaiveDate,
    /// How much of the company's currency one unit is.
    pub rate: Rate,
}

/// How often deals of a stage were won.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StageConversion {
    /// The stage.
    pub stage_id: StageId,
    /// Deals closed in the last year that were ever in it.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub closed_count: i64,
    /// Those of them that were won.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub won_count: i64,
    /// Won of closed in percent, rounded half away from zero to two places.
    pub probability_percent: Rate,
}

impl StageConversion {
    /// From counts; `None` when fewer than [`FEWEST_CLOSED`] deals were closed.
    pub fn of(stage_id: StageId, closed_count: i64, won_count: i64) -> Result<Option<Self>> {
        if closed_count < FEWEST_CLOSED {
            return Ok(None);
        }
        let percent = round_to(Decimal::from(won_count) * Decimal::ONE_HUNDRED / Decimal::from(closed_count), 2);
        Ok(Some(Self { stage_id, closed_count, won_count, probability_percent: percent.try_into()? }))
    }
}

/// Some deals of a forecast.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ForecastFigure {
    /// How many deals.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
    /// What they, or the shares in them, are worth.
    pub amount: Amount,
    /// The list of these deals.
    #[schema(max_length = 500)]
    pub drill_down: String,
}

/// What a user, a pipeline or all together will bring.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ForecastRow {
    /// The user, in a row by owner; null for deals without one.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// The pipeline, in a row by pipeline.
    #[schema(required)]
    pub pipeline_id: Option<PipelineId>,
    /// The team, in a row by team; null for deals credited to no member of a team. Its figures have those of the teams below it in
    /// them,
    /// and each deal once.
    #[schema(required)]
    pub team_id: Option<TeamId>,
    /// The territory, in a row by territory; null for deals in none. Its figures have those of the territories below it in
    /// them.
    #[schema(required)]
    pub territory_id: Option<TerritoryId>,
    /// The category, in a row by category.
    #[schema(required)]
    pub forecast_category: Option<ForecastCategory>,
    /// How many teams or territories are above the one of this row; rows of 0 sum to the total.
    #[schema(minimum = 0, maximum = 20)]
    pub level: i32,
    /// Won deals closed in the period.
    pub closed: ForecastFigure,
    /// Open deals of the category commit expected to close in the period.
    pub commit: ForecastFigure,
    /// Those of the category best case.
    pub best_case: ForecastFigure,
    /// Those of the category pipeline.
    pub pipeline: ForecastFigure,
    /// Those of the category omitted; in no other figure.
    pub omitted: ForecastFigure,
    /// Open deals whose expected close has passed, of whatever period. Those of this period are in its figures too.
    pub overdue: ForecastFigure,
    /// Open deals without an expected close; in no other figure.
    pub undated: ForecastFigure,
    /// Closed and commit.
    pub commit_amount: Amount,
    /// Closed, commit and best case.
    pub best_case_amount: Amount,
    /// Closed, commit, best case and pipeline.
    pub pipeline_amount: Amount,
    /// Closed, and open deals of the period by their probability.
    pub weighted_amount: Amount,
    /// The forecast by the method asked.
    pub forecast_amount: Amount,
    /// What was to be sold; null without a quota.
    #[schema(required)]
    pub quota_amount: Option<Amount>,
    /// Closed of the quota in percent, two places; null without a quota or when it is zero.
    #[schema(required)]
    pub attainment_percent: Option<Rate>,
    /// What of the quota is not closed yet, not below zero; null without a quota.
    #[schema(required)]
    pub gap_amount: Option<Amount>,
    /// How many times the open deals of the period cover the gap, two places; null without a gap.
    #[schema(required)]
    pub coverage: Option<Rate>,
    /// The last submission for the period; null without one.
    #[schema(required)]
    pub submission_id: Option<ForecastSubmissionId>,
    /// What was submitted on top of the figures then, below zero too. Underlying figures never change by it.
    pub adjustment_amount: Amount,
    /// Forecast and adjustment.
    pub adjusted_amount: Amount,
}

/// What a fiscal period will bring.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Forecast {
    /// What the figures mean.
    #[schema(max_length = 2000)]
    pub definition: String,
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// How open deals count.
    pub method: ForecastMethod,
    /// The length of the fiscal period.
    pub period: PeriodKind,
    /// Its first day.
    pub start_date: NaiveDate,
    /// Last day, inclusive.
    pub end_date: NaiveDate,
    /// The day of the forecast, in the company's time zone.
    pub as_of_date: NaiveDate,
    /// Currency of all amounts, ISO 4217: the company's.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// The spot rates used.
    #[schema(max_items = 5000)]
    pub rates: Vec<ForecastRate>,
    /// The shares used by the method historical; stages not named here have their stated probability.
    #[schema(max_items = 1000)]
    pub stage_conversions: Vec<StageConversion>,
    /// The rows asked for. Their amounts sum to the total exactly.
    #[schema(max_items = 10000)]
    pub rows: Vec<ForecastRow>,
    /// All together; each deal once.
    pub total: ForecastRow,
}

/// Where a deal stands with regard to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub won: bool,
    /// Closed or expected to close in the period.
    pub inside: bool,
    /// Open, and the expected close has passed.
    pub late: bool,
    pub dated: bool,
}

/// Deals of one kind together, or the same share of each.
#[derive(Debug, Clone, PartialEq)]
pub struct DealGroup {
    pub owner: Option<UserId>,
    /// The share in each deal; 100 for whole ones.
    pub percent: Rate,
    pub pipeline: PipelineId,
    pub territory: Option<TerritoryId>,
    pub stage: StageId,
    pub place: Place,
    pub category: ForecastCategory,
    /// Into the company's currency.
    pub rate: Rate,
    pub count: i64,
    pub amount: Amount,
    pub weighted: Amount,
}

/// The figures, in the order of [`Tally`].
#[derive(Debug, Clone, Copy)]
enum Figure {
    Closed,
    Commit,
    BestCase,
    Pipeline,
    Omitted,
    Overdue,
    Undated,
    /// Closed and weighted open.
    Weighted,
    /// Closed and open by the share of the stage.
    Historical,
    RunRate,
}

const FIGURES: usize = 10;

/// Unrounded sums of deals, in the company's currency.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    amounts: [Decimal; FIGURES],
    counts: [i64; FIGURES],
}

/// How open deals weigh besides their probability.
#[derive(Debug, Clone)]
pub struct Measures<'a> {
    pub conversions: &'a [StageConversion],
    pub period: Period,
    pub today: NaiveDate,
}

impl Tally {
    /// Counts deals in.
    pub fn add(&mut self, g: &DealGroup, by: &Measures<'_>) {
        let part = g.rate.get() * g.percent.get() / Decimal::ONE_HUNDRED;
        let (amount, weighted) = (g.amount.get() * part, g.weighted.get() * part);
        let mut note = |f: Figure, amount: Decimal| {
            self.amounts[f as usize] += amount;
            self.counts[f as usize] += g.count;
        };
        if g.place.won {
            let elapsed = by.period.elapsed(by.today);
            note(Figure::Closed, amount);
            note(Figure::Weighted, amount);
            note(Figure::Historical, amount);
            if elapsed > 0 {
                note(Figure::RunRate, amount * Decimal::from(by.period.days()) / Decimal::from(elapsed));
            }
            return;
        }
        if g.place.late {
            note(Figure::Overdue, amount);
        }
        if !g.place.dated {
            note(Figure::Undated, amount);
        }
        if !g.place.inside {
            return;
        }
        match g.category {
            ForecastCategory::Commit => note(Figure::Commit, amount),
            ForecastCategory::BestCase => note(Figure::BestCase, amount),
            ForecastCategory::Pipeline => note(Figure::Pipeline, amount),
            ForecastCategory::Closed | ForecastCategory::Omitted => return note(Figure::Omitted, amount),
        }
        note(Figure::Weighted, weighted);
        let known = by.conversions.iter().find(|c| c.stage_id == g.stage);
        note(Figure::Historical, known.map_or(weighted, |c| amount * c.probability_percent.get() / Decimal::ONE_HUNDRED));
    }
    /// Counts deals, without what they are worth.
    pub fn count(&mut self, place: Place, category: ForecastCategory, deals: i64) {
        let mut note = |f: Figure| self.counts[f as usize] += deals;
        if place.won {
            return note(Figure::Closed);
        }
        if place.late {
            note(Figure::Overdue);
        }
        if !place.dated {
            note(Figure::Undated);
        }
        if !place.inside {
            return;
        }
        note(match category {
            ForecastCategory::Commit => Figure::Commit,
            ForecastCategory::BestCase => Figure::BestCase,
            ForecastCategory::Pipeline => Figure::Pipeline,
            ForecastCategory::Closed | ForecastCategory::Omitted => Figure::Omitted,
        });
    }
    /// The figures, each rounded half away from zero to the minor unit of the company's currency.
    pub fn row(&self, company: &Company, method: ForecastMethod) -> Result<ForecastRow> {
        let rounded = self.amounts.map(|a| round_to(a, company.minor_units()));
        self.written(rounded, method)
    }
    /// Rows whose figures sum to those of the total exactly: each figure of the total is split in proportion, what is left
    /// over goes to the largest remainders.
    pub fn rows(&self, parts: &[Tally], company: &Company, method: ForecastMethod) -> Result<Vec<ForecastRow>> {
        let places = company.minor_units();
        let mut columns = vec![[Decimal::ZERO; FIGURES]; parts.len()];
        for f in 0..FIGURES {
            let ideal: Vec<Decimal> = parts.iter().map(|p| p.amounts[f]).collect();
            for (row, amount) in columns.iter_mut().zip(allocate(round_to(self.amounts[f], places), &ideal, places)) {
                row[f] = amount;
            }
        }
        parts.iter().zip(columns).map(|(part, amounts)| part.written(amounts, method)).collect()
    }
    fn written(&self, amounts: [Decimal; FIGURES], method: ForecastMethod) -> Result<ForecastRow> {
        let amount = |f: Figure| Amount::try_from(amounts[f as usize]);
        let figure =
            |f: Figure| Ok(ForecastFigure { count: self.counts[f as usize], amount: amount(f)?, drill_down: String::new() }) as Result<_>;
        let mut row = ForecastRow {
            closed: figure(Figure::Closed)?,
            commit: figure(Figure::Commit)?,
            best_case: figure(Figure::BestCase)?,
            pipeline: figure(Figure::Pipeline)?,
            omitted: figure(Figure::Omitted)?,
            overdue: figure(Figure::Overdue)?,
            undated: figure(Figure::Undated)?,
            weighted_amount: amount(Figure::Weighted)?,
            ..ForecastRow::default()
        };
        row.commit_amount = row.closed.amount + row.commit.amount;
        row.best_case_amount = row.commit_amount + row.best_case.amount;
        row.pipeline_amount = row.best_case_amount + row.pipeline.amount;
        row.forecast_amount = match method {
            ForecastMethod::Weighted => row.weighted_amount,
            ForecastMethod::Category => row.commit_amount,
            ForecastMethod::Historical => amount(Figure::Historical)?,
            ForecastMethod::RunRate => amount(Figure::RunRate)?,
        };
        row.adjusted_amount = row.forecast_amount;
        Ok(row)
    }
}

impl ForecastRow {
    /// With the figures of another row added; what is rounded in each stays rounded in the sum.
    pub fn plus(mut self, other: &Self) -> Self {
        for (mine, more) in self.figures().into_iter().zip(other.clone().figures()) {
            mine.count += more.count;
            mine.amount += more.amount;
        }
        self.commit_amount += other.commit_amount;
        self.best_case_amount += other.best_case_amount;
        self.pipeline_amount += other.pipeline_amount;
        self.weighted_amount += other.weighted_amount;
        self.forecast_amount += other.forecast_amount;
        self.adjusted_amount += other.adjusted_amount;
        self
    }
    fn figures(&mut self) -> [&mut ForecastFigure; 7] {
        [
            &mut self.closed,
            &mut self.commit,
            &mut self.best_case,
            &mut self.pipeline,
            &mut self.omitted,
            &mut self.overdue,
            &mut self.undated,
        ]
    }
    /// With these numbers of deals: shares of one deal are one deal.
    pub fn counting(mut self, deals: &Tally) -> Self {
        let which = [Figure::Closed, Figure::Commit, Figure::BestCase, Figure::Pipeline, Figure::Omitted, Figure::Overdue, Figure::Undated];
        for (mine, f) in self.figures().into_iter().zip(which) {
            mine.count = deals.counts[f as usize];
        }
        self
    }
    /// With what several users submitted on top.
    pub fn adjusted_by(mut self, adjustment: Amount) -> Self {
        self.adjustment_amount = adjustment;
        self.adjusted_amount = self.forecast_amount + adjustment;
        self
    }
    /// With a quota: how much of it is closed, what is missing, and how often the open deals cover that.
    pub fn with_quota(mut self, quota: Option<Amount>) -> Result<Self> {
        let Some(quota) = quota else { return Ok(self) };
        let gap = (quota.get() - self.closed.amount.get()).max(Decimal::ZERO);
        let open = self.pipeline_amount.get() - self.closed.amount.get();
        let ratio = |a: Decimal, b: Decimal| -> Result<Option<Rate>> {
            if b.is_zero() { Ok(None) } else { round_to(a / b, 2).try_into().map(Some) }
        };
        self.attainment_percent = ratio(self.closed.amount.get() * Decimal::ONE_HUNDRED, quota.get())?;
        self.coverage = ratio(open, gap)?;
        self.gap_amount = Some(gap.try_into()?);
        self.quota_amount = Some(quota);
        Ok(self)
    }
    /// With what was submitted on top.
    pub fn with_submission(mut self, id: ForecastSubmissionId, adjustment: Amount) -> Self {
        self.submission_id = Some(id);
        self.adjustment_amount = adjustment;
        self.adjusted_amount = self.forecast_amount + adjustment;
        self
    }
}

#[cfg(test)]
mod tests;
