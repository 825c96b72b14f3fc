//! Forecasts. The database sums the deals, rates convert the sums, the domain decides what counts; each figure has a path
//! to the deals behind it.

mod keys;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Months, NaiveDate};
use domain::crm::forecasts::{
    DealGroup, Forecast, ForecastFilter, ForecastGroup, ForecastMethod, ForecastRate, ForecastRow, Measures, Period, PeriodKind,
    StageConversion, Tally,
};
use domain::crm::pipelines::Pipeline;
use domain::directory::companies::Company;
use domain::directory::exchange_rates::{NO_RATE, RateKind, RateQuestion};
use domain::directory::teams::Team;
use domain::directory::territories::Territory;
use domain::identity::visibility::Reach;
use domain::ids::{TeamId, UserId};
use persistence::Scalar;
use persistence::crm::forecasts::{self as rows, Ask, CountBy, Sum};
use persistence::directory::{teams, territories};
use platform::directory::exchange_rates::rate_at;
use platform::prelude::*;
use uuid::Uuid;

use self::keys::{Above, Key, Path, Targets, keys};

pub fn operations(t: &mut Table) {
    t.tag("crm/forecasts", "What a fiscal period will bring, and how right that was.");
    let op = t.report("crm/forecasts", forecast, FORECAST);
    op.named("get_forecast").fails(&[NO_RATE, problems::amount_out_of_range]).counts_visible().tag = "crm/forecasts".into();
}

const FORECAST: &str = "Get what a fiscal period will bring. Won opportunities closed in it count whole, open ones expected to close in it \
by the method asked, lost ones not at all; overdue and undated ones are shown apart. Users count by their shares, the total counts each \
opportunity once. Rows by team and territory have the figures of those below them in theirs, and each opportunity once; a team's quota and \
adjustment are those of its members together. Quotas and the last submissions stand beside the figures. Who may not see all forecasts has \
the own alone, and those of managed teams.";

/// The permission to see the forecasts, quotas and submissions of others.
pub(crate) const SEE_ALL: &str = "crm.forecasts.all.read";

/// Rates by currency and day.
pub(crate) type Rates = BTreeMap<(String, NaiveDate), Rate>;

/// Whose figures the caller may see.
pub(crate) enum Sight {
    Everybodys,
    /// The own, those of the members of teams that the caller manages, and those teams.
    Own {
        user: UserId,
        teams: BTreeSet<TeamId>,
        users: BTreeSet<UserId>,
    },
}

/// Whether the caller may see the figures of all, and how far figures over opportunities reach. A permission to see all forecasts
/// that reaches some records only is none.
fn sees_all(cx: &Cx) -> (bool, Reach) {
    let all = cx.caller.permissions.reach(SEE_ALL).is_some_and(|r| !r.is_limited());
    let reach = cx.reach_of_figures("crm.opportunities");
    (all && !reach.is_limited(), reach)
}

/// Whose figures the caller may see. Fails for a caller who is nobody and may not see all.
pub(crate) fn sight(cx: &mut Cx) -> Result<Sight> {
    let (all, reach) = sees_all(cx);
    if all {
        return Ok(Sight::Everybodys);
    }
    let Some(user) = cx.caller.user_id else {
        return Err(problems::missing_scope.with(format!("This needs {SEE_ALL}.")));
    };
    if reach == Reach::Own {
        return Ok(Sight::Own { user, teams: BTreeSet::new(), users: BTreeSet::from([user]) });
    }
    let (teams, mut users) = teams::led_by(cx.db(), user)?;
    users.insert(user);
    Ok(Sight::Own { user, teams, users })
}

/// The quotas and submissions that the caller may see, by their user: all, or the own and those of managed teams.
pub(crate) fn seen(cx: &mut Cx) -> Result<Option<Condition>> {
    if cx.caller.user_id.is_none() && !sees_all(cx).0 {
        return Ok(Some(Condition::In("user_id", Vec::new())));
    }
    Ok(match sight(cx)? {
        Sight::Everybodys => None,
        Sight::Own { users, .. } => Some(Condition::In("user_id", users.iter().map(|u| u.uuid().put()).collect())),
    })
}

impl Sight {
    /// Whether it reaches the figures of this user; of nobody and of the whole only with all.
    pub(crate) fn reaches(&self, whose: Option<UserId>) -> bool {
        match self {
            Self::Everybodys => true,
            Self::Own { users, .. } => whose.is_some_and(|u| users.contains(&u)),
        }
    }
    /// Whose figures are asked for: those of a user, of a team, or of all; without either the own when not all may be seen.
    pub(crate) fn whose(&self, owner: Option<UserId>, team: Option<TeamId>) -> Result<Option<UserId>> {
        match self {
            Self::Everybodys => Ok(owner),
            Self::Own { user, teams, users } => {
                let allowed = owner.is_none_or(|o| users.contains(&o)) && team.is_none_or(|t| teams.contains(&t));
                match (allowed, team) {
                    (false, _) => {
                        Err(problems::missing_scope.with(format!("The figures of others need {SEE_ALL}, or to manage their team.")))
                    }
                    (true, Some(_)) => Ok(owner),
                    (true, None) => Ok(Some(owner.unwrap_or(*user))),
                }
            }
        }
    }
}

/// A team of the company.
pub(crate) fn team_of(cx: &mut Cx, company: &Company, id: Option<TeamId>) -> Result<()> {
    match id {
        Some(id) if cx.find::<Team>(id)?.company_id != company.id => {
            Err(problems::not_found.with(format!("{id} is no team of this company.")))
        }
        _ => Ok(()),
    }
}

fn forecast(cx: &mut Cx, mut asked: ForecastFilter) -> Result<Forecast> {
    let company = cx.find::<Company>(asked.company_id)?;
    team_of(cx, &company, asked.team_id)?;
    asked.owner_id = sight(cx)?.whose(asked.owner_id, asked.team_id)?;
    if let Some(id) = asked.territory_id
        && cx.find::<Territory>(id)?.company_id != company.id
    {
        return Err(problems::not_found.with(format!("{id} is no territory of this company.")));
    }
    if let Some(id) = asked.pipeline_id
        && cx.find::<Pipeline>(id)?.company_id != company.id
    {
        return Err(problems::not_found.with(format!("{id} is no pipeline of this company.")));
    }
    compute(cx, &company, &asked)
}

/// The forecast, whoever asks.
pub(crate) fn compute(cx: &mut Cx, company: &Company, asked: &ForecastFilter) -> Result<Forecast> {
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
        team: asked.team_id,
        territory: asked.territory_id,
        by_owner: asked.owner_id.is_some() || asked.team_id.is_some(),
    };
    let whole = rows::sums(cx.db(), &ask)?;
    let shares = match asked.group_by {
        Some(ForecastGroup::Owner | ForecastGroup::Team) if !ask.by_owner => {
            Some(rows::sums(cx.db(), &Ask { by_owner: true, ..ask.clone() })?)
        }
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
    let staff = teams::members(cx.db(), company.id)?;
    let targets = Targets::load(cx, company, &period, method, asked, &staff)?;
    let above = match asked.group_by {
        Some(ForecastGroup::Team) => Above::Teams(teams::tree(cx.db(), company.id)?),
        Some(ForecastGroup::Territory) => Above::Territories(territories::tree(cx.db(), company.id)?),
        _ => Above::Nothing,
    };
    let groups = shares.as_ref().unwrap_or(&whole);
    let keys = keys(asked, groups, &targets, &above);
    let places = company.minor_units();
    let parts: Vec<Tally> = keys
        .iter()
        .map(|key| {
            let mut tally = Tally::default();
            groups.iter().filter(|g| key.holds(g, &staff)).for_each(|g| tally.add(g, &measures));
            tally
        })
        .collect();
    // each row alone sums to the total; a team or territory has those below it added
    let own = total.rows(&parts, company, method)?;
    let adjustments = targets.split(&own, places)?;
    let deals = deals(cx, &ask, asked)?;
    let path = Path { company, period, today, asked };
    let mut out = Vec::with_capacity(keys.len());
    for (i, key) in keys.iter().enumerate() {
        let below: Vec<usize> = (0..keys.len()).filter(|j| *j != i && above.holds(key, &keys[*j])).collect();
        let adjustment = below.iter().fold(adjustments[i], |sum, j| sum + adjustments[*j]);
        let mut row = below.into_iter().fold(own[i].clone(), |sum, j| sum.plus(&own[j]));
        if let Some(deals) = &deals {
            row = row.counting(deals.get(&key.id()).unwrap_or(&Tally::default()));
        }
        let row = ForecastRow { level: above.level(key, &keys), ..key.on(row) };
        out.push(targets.on_key(path.fill(row, Some(key)), key, adjustment, &above, &staff)?);
    }
    let mut row = total.row(company, method)?;
    if asked.team_id.is_some() {
        let mut once = Tally::default();
        rows::counts(cx.db(), &ask, CountBy::Nothing)?.into_iter().for_each(|(_, place, category, n)| once.count(place, category, n));
        row = row.counting(&once);
    }
    let row = ForecastRow {
        owner_id: asked.owner_id,
        pipeline_id: asked.pipeline_id,
        team_id: asked.team_id,
        territory_id: asked.territory_id,
        ..row
    };
    let row = path.fill(row, None);
    let total = match (asked.owner_id, asked.team_id) {
        (None, Some(_)) => targets.on_users(row, |_| true)?,
        (owner, _) => targets.on(row, owner)?,
    };
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
         half away from zero, and shares take what rounding leaves over by the largest remainder. The adjustment of the total is what was \
         submitted for the company as a whole, or else by its users together; what the company submitted beyond its users is in the row of \
         nobody, and rows by pipeline, territory or category have parts of it in proportion to their forecasts."
    )
}

/// The spot rate of a day into the company's currency, asked once.
pub(crate) fn rate_for(cx: &mut Cx, company: &Company, known: &mut Rates, currency: &str, date: NaiveDate) -> Result<Rate> {
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
            territory: s.territory,
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

/// How many deals each row has, where shares of one deal would count it twice or rows have others below them.
fn deals(cx: &mut Cx, ask: &Ask<'_>, asked: &ForecastFilter) -> Result<Option<BTreeMap<Option<Uuid>, Tally>>> {
    let by = match asked.group_by {
        Some(ForecastGroup::Team) => CountBy::Team,
        Some(ForecastGroup::Territory) => CountBy::Territory,
        Some(ForecastGroup::Owner) if asked.team_id.is_some() => CountBy::Owner,
        Some(ForecastGroup::Pipeline) if asked.team_id.is_some() => CountBy::Pipeline,
        Some(ForecastGroup::Category) if asked.team_id.is_some() => {
            // a key of its own for each category
            let mut out: BTreeMap<Option<Uuid>, Tally> = BTreeMap::new();
            for (_, place, category, n) in rows::counts(cx.db(), ask, CountBy::Nothing)? {
                out.entry(Key::Category(category).id()).or_default().count(place, category, n);
            }
            return Ok(Some(out));
        }
        _ => return Ok(None),
    };
    let mut out: BTreeMap<Option<Uuid>, Tally> = BTreeMap::new();
    for (key, place, category, n) in rows::counts(cx.db(), ask, by)? {
        out.entry(key).or_default().count(place, category, n);
    }
    Ok(Some(out))
}
