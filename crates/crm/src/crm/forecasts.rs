//! Forecasts. The database sums the deals, rates convert the sums, the domain decides what counts; each figure has a path
//! to the deals behind it.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use domain::crm::forecasts::{
    DealGroup, Forecast, ForecastFilter, ForecastGroup, ForecastMethod, ForecastRate, ForecastRow, Measures, Period, PeriodKind,
    StageConversion, Tally,
};
use domain::crm::pipelines::{Pipeline, PipelineId};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::{NO_RATE, RateKind, RateQuestion};
use domain::identity::users::UserId;
use persistence::crm::forecasts::{self as rows, Ask, Sum};
use persistence::crm::{forecast_submissions, quotas};
use platform::directory::exchange_rates::rate_at;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    t.tag("crm/forecasts", "What a fiscal period will bring, and how right that was.");
    let op = t.report("crm/forecasts", forecast, FORECAST);
    op.named("get_forecast").fails(&[NO_RATE, problems::amount_out_of_range]).tag = "crm/forecasts".into();
}

const FORECAST: &str = "Get what a fiscal period will bring. Won opportunities closed in it count whole, open ones expected to close in it \
by the method asked, lost ones not at all; overdue and undated ones are shown apart. Users count by their shares, the total counts each \
opportunity once. Quotas and the last submissions stand beside the figures. Who may not see all forecasts has the own alone.";

/// The permission to see the forecasts, quotas and submissions of others.
pub(super) const SEE_ALL: &str = "crm.forecasts.all.read";

/// Rates by currency and day.
pub(super) type Rates = BTreeMap<(String, NaiveDate), Rate>;

/// The caller, when only the own may be seen.
pub(super) fn own_alone(cx: &Cx) -> Result<Option<UserId>> {
    if cx.caller.may(SEE_ALL) {
        return Ok(None);
    }
    match cx.caller.user_id {
        Some(own) => Ok(Some(own)),
        None => Err(problems::missing_scope.with(format!("This needs {SEE_ALL}."))),
    }
}

/// Refuses what is another's, as if it did not exist, when only the own may be seen.
pub(super) fn theirs(cx: &Cx, whose: Option<UserId>, missing: impl FnOnce() -> String) -> Result<()> {
    match own_alone(cx)? {
        Some(own) if whose != Some(own) => Err(problems::not_found.with(missing())),
        _ => Ok(()),
    }
}

fn forecast(cx: &mut Cx, mut asked: ForecastFilter) -> Result<Forecast> {
    let company = cx.find::<Company>(asked.company_id)?;
    if let Some(own) = own_alone(cx)? {
        if asked.owner_id.is_some_and(|o| o != own) {
            return Err(problems::missing_scope.with(format!("The forecasts of others need {SEE_ALL}.")));
        }
        asked.owner_id = Some(own);
    }
    if let Some(id) = asked.pipeline_id
        && cx.find::<Pipeline>(id)?.company_id != company.id
    {
        return Err(problems::not_found.with(format!("{id} is no pipeline of this company.")));
    }
    compute(cx, &company, &asked)
}

/// The forecast, whoever asks.
pub(super) fn compute(cx: &mut Cx, company: &Company, asked: &ForecastFilter) -> Result<Forecast> {
    let today = cx.today(company);
    let kind = asked.period.unwrap_or(PeriodKind::Month);
    let period = Period::of(kind, asked.date.unwrap_or(today), company.fiscal_year_start_month);
    let method = asked.method.unwrap_or(ForecastMethod::Weighted);
    let ask = Ask {
        company: company.id,
        currency: &company.currency,
        period,
        today,
        pipeline: asked.pipeline_id,
        owner: asked.owner_id,
        by_owner: asked.owner_id.is_some(),
    };
    let whole = rows::sums(cx.db(), &ask)?;
    let shares = match asked.group_by {
        Some(ForecastGroup::Owner) if asked.owner_id.is_none() => Some(rows::sums(cx.db(), &Ask { by_owner: true, ..ask.clone() })?),
        _ => None,
    };
    let mut rates = Rates::new();
    let whole = converted(cx, company, &mut rates, today, whole)?;
    let shares = shares.map(|s| converted(cx, company, &mut rates, today, s)).transpose()?;
    let conversions = match method {
        ForecastMethod::Historical => conversions(cx, company, today)?,
        _ => Vec::new(),
    };
    let measures = Measures { conversions: &conversions, period, today };
    let mut total = Tally::default();
    whole.iter().for_each(|g| total.add(g, &measures));
    let targets = Targets::load(cx, company, &period, method, asked)?;
    let keys = keys(asked.group_by, shares.as_ref().unwrap_or(&whole), &targets);
    let parts: Vec<Tally> = keys
        .iter()
        .map(|key| {
            let mut tally = Tally::default();
            shares.as_ref().unwrap_or(&whole).iter().filter(|g| key.holds(g)).for_each(|g| tally.add(g, &measures));
            tally
        })
        .collect();
    let path = Path { company, period, today, asked };
    let mut out = Vec::with_capacity(keys.len());
    for (key, row) in keys.iter().zip(total.rows(&parts, company, method)?) {
        let row = path.fill(ForecastRow { owner_id: key.owner(), pipeline_id: key.pipeline(), ..row }, Some(key));
        out.push(match key {
            Key::Owner(Some(user)) => targets.on(row, Some(*user))?,
            _ => row,
        });
    }
    let row = path.fill(ForecastRow { owner_id: asked.owner_id, pipeline_id: asked.pipeline_id, ..total.row(company, method)? }, None);
    let total = targets.on(row, asked.owner_id)?;
    let used = rates.iter().filter(|((currency, _), _)| *currency != company.currency);
    let rates = used.map(|((currency, day), rate)| ForecastRate { currency: currency.clone(), rate_date: *day, rate: *rate }).collect();
    Ok(Forecast {
        definition: definition(method),
        company_id: company.id,
        method,
        period: kind,
        start_date: period.start,
        end_date: period.end,
        as_of_date: today,
        currency: company.currency.clone(),
        rates,
        stage_conversions: conversions,
        rows: out,
        total,
    })
}

fn definition(method: ForecastMethod) -> String {
    let how = match method {
        ForecastMethod::Weighted => "closed, and amount × probability of each open one",
        ForecastMethod::Category => "closed and the open ones of the category commit",
        ForecastMethod::Historical => {
            "closed, and the amount of each open one × won of closed deals that were ever in its stage, of the last year, or × its \
             probability where fewer than five were closed"
        }
        ForecastMethod::RunRate => "closed ÷ days of the period begun × all its days",
    };
    format!(
        "won opportunities closed in the fiscal period and open ones expected to close in it; the forecast is {how}. Lost ones count \
         zero, omitted and undated ones in no sum; overdue ones are in overdue, and in the sums too when they were expected in this \
         period. Won ones are converted at the spot rate of the day of closing, open ones at today's; each figure is rounded once, \
         half away from zero, and shares take what rounding leaves over by the largest remainder."
    )
}

/// The spot rate of a day into the company's currency, asked once.
pub(super) fn rate_for(cx: &mut Cx, company: &Company, known: &mut Rates, currency: &str, date: NaiveDate) -> Result<Rate> {
    if currency == company.currency {
        return Ok(Rate::ONE);
    }
    let key = (currency.to_string(), date);
    if let Some(rate) = known.get(&key) {
        return Ok(*rate);
    }
    let question = RateQuestion { from: currency.to_string(), to: company.currency.clone(), kind: RateKind::Spot, date };
    let rate = rate_at(cx, question, None, Some(&company.currency))?.rate;
    known.insert(key, rate);
    Ok(rate)
}

fn converted(cx: &mut Cx, company: &Company, rates: &mut Rates, today: NaiveDate, sums: Vec<Sum>) -> Result<Vec<DealGroup>> {
    let mut out = Vec::with_capacity(sums.len());
    for s in sums {
        let rate = rate_for(cx, company, rates, &s.currency, s.day.unwrap_or(today))?;
        out.push(DealGroup {
            owner: s.owner,
            percent: s.percent.unwrap_or_else(|| Rate::from(100)),
            pipeline: s.pipeline,
            stage: s.stage,
            place: s.place,
            category: s.category,
            rate,
            count: s.count,
            amount: s.amount,
            weighted: s.weighted,
        });
    }
    Ok(out)
}

/// What became of deals of each stage in the last year.
fn conversions(cx: &mut Cx, company: &Company, today: NaiveDate) -> Result<Vec<StageConversion>> {
    let since = today.checked_sub_months(Months::new(12)).unwrap_or(today);
    let found = rows::stage_outcomes(cx.db(), company.id, since)?;
    found.into_iter().filter_map(|(stage, closed, won)| StageConversion::of(stage, closed, won).transpose()).collect()
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Owner(Option<UserId>),
    Pipeline(PipelineId),
}

impl Key {
    fn holds(&self, g: &DealGroup) -> bool {
        match self {
            Key::Owner(user) => g.owner == *user,
            Key::Pipeline(id) => g.pipeline == *id,
        }
    }
    fn owner(&self) -> Option<UserId> {
        match self {
            Key::Owner(user) => *user,
            Key::Pipeline(_) => None,
        }
    }
    fn pipeline(&self) -> Option<PipelineId> {
        match self {
            Key::Owner(_) => None,
            Key::Pipeline(id) => Some(*id),
        }
    }
}

/// The rows: whoever has deals, and by owner also who has a quota or a submission.
fn keys(by: Option<ForecastGroup>, groups: &[DealGroup], targets: &Targets) -> Vec<Key> {
    let mut keys: Vec<Key> = match by {
        None => return Vec::new(),
        Some(ForecastGroup::Pipeline) => groups.iter().map(|g| Key::Pipeline(g.pipeline)).collect(),
        Some(ForecastGroup::Owner) => {
            let known = targets.quotas.keys().chain(targets.submissions.keys()).flatten();
            groups.iter().map(|g| Key::Owner(g.owner)).chain(known.map(|u| Key::Owner(Some(*u)))).collect()
        }
    };
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Quotas and last submissions of a period, by user; `None` is the company as a whole.
#[derive(Default)]
struct Targets {
    quotas: BTreeMap<Option<UserId>, Amount>,
    submissions: BTreeMap<Option<UserId>, domain::crm::forecast_submissions::ForecastSubmission>,
}

impl Targets {
    fn load(cx: &mut Cx, company: &Company, period: &Period, method: ForecastMethod, asked: &ForecastFilter) -> Result<Self> {
        if asked.pipeline_id.is_some() {
            return Ok(Self::default());
        }
        let wanted = |user: &Option<UserId>| asked.owner_id.is_none() || *user == asked.owner_id;
        let quotas: BTreeMap<_, _> = quotas::of_period(cx.db(), company.id, period)?.into_iter().filter(|q| wanted(&q.0)).collect();
        let submitted = forecast_submissions::last_of_period(cx.db(), company.id, period, method)?;
        let submissions = submitted.into_iter().filter(|s| wanted(&s.user_id)).map(|s| (s.user_id, s)).collect();
        Ok(Self { quotas, submissions })
    }
    /// The row with its quota and submission. Where the company as a whole has no quota, those of its users together are it.
    fn on(&self, row: ForecastRow, user: Option<UserId>) -> Result<ForecastRow> {
        let together = || (user.is_none() && !self.quotas.is_empty()).then(|| self.quotas.values().copied().sum());
        let row = row.with_quota(self.quotas.get(&user).copied().or_else(together))?;
        Ok(match self.submissions.get(&user) {
            Some(s) => row.with_submission(s.id, s.adjustment_amount),
            None => row,
        })
    }
}

/// Where the deals behind a figure are.
struct Path<'a> {
    company: &'a Company,
    period: Period,
    today: NaiveDate,
    asked: &'a ForecastFilter,
}

impl Path<'_> {
    fn fill(&self, mut row: ForecastRow, key: Option<&Key>) -> ForecastRow {
        let Period { start, end, .. } = self.period;
        let inside = |category: &str| {
            self.to(key, &format!("status=open&forecast_category={category}&expected_close_date_gte={start}&expected_close_date_lte={end}"))
        };
        row.closed.drill_down = self.to(key, &format!("status=won&closed_date_gte={start}&closed_date_lte={end}"));
        row.commit.drill_down = inside("commit");
        row.best_case.drill_down = inside("best_case");
        row.pipeline.drill_down = inside("pipeline");
        row.omitted.drill_down = inside("omitted");
        row.overdue.drill_down = self.to(key, &format!("status=open&expected_close_date_lt={}", self.today));
        row.undated.drill_down = self.to(key, "status=open&has_expected_close_date=false");
        row
    }
    fn to(&self, key: Option<&Key>, filter: &str) -> String {
        let mut path = format!("/v1/crm/opportunities?company_id={}&{filter}", self.company.id);
        if let Some(pipeline) = key.and_then(Key::pipeline).or(self.asked.pipeline_id) {
            path.push_str(&format!("&pipeline_id={pipeline}"));
        }
        match key.and_then(Key::owner).or(self.asked.owner_id) {
            Some(user) => path.push_str(&format!("&seller_id={user}")),
            None if key == Some(&Key::Owner(None)) => path.push_str("&has_seller=false"),
            None => {}
        }
        path
    }
}
