//! Snapshots of forecasts: taken daily by the clock and by hand, and measured when their period is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::crm::forecast_snapshots::{
    AccuracyFilter, DUPLICATE, ForecastAccuracy, ForecastSnapshot, LONGEST_RANGE, NewForecastSnapshot, SnapshotMeasure, WRONG_RANGE,
    accuracy, measure, that_count,
};
use domain::crm::forecasts::{ForecastFilter, ForecastGroup, Period, PeriodKind};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::NO_RATE;
use domain::identity::visibility::Reach;
use domain::ids::CompanyId;
use persistence::crm::{forecast_snapshots as rows, forecasts};
use persistence::identity::visibility::nothing;
use platform::prelude::*;

use super::forecasts::{compute, rate_for};

/// Companies of which snapshots are taken in one go; more come with the next.
const BATCH: i64 = 20;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<ForecastSnapshot>("crm/forecast-snapshots", "What forecasts said on a day; they never change.");
    n.seen_by(seen);
    n.list("List snapshots of forecasts.").filter(&["snapshot_date", "period", "start_date"]).sort(&[
        "snapshot_date",
        "start_date",
        "weighted_amount",
    ]);
    n.create(create, CREATE).fails(&[DUPLICATE, NO_RATE]).counts_all(&["crm.opportunities"]);
    n.read("Get a snapshot of a forecast.");
    let op = t.report("crm/forecasts/accuracy", measured, ACCURACY);
    op.named("get_forecast_accuracy")
        .fails(&[WRONG_RANGE, NO_RATE, problems::amount_out_of_range])
        .counts_all(&["crm.opportunities"])
        .tag = "crm/forecasts".into();
    t.each_outside("crm.forecasts.snapshot", TimeDelta::minutes(15), BATCH, due, take);
}

const CREATE: &str = "Take a snapshot of a forecast. Those of the current month, quarter and year are taken every day without anybody's \
doing; this takes one of another period, or before the clock does.";
const ACCURACY: &str = "Get how right forecasts were. Snapshots of periods that are over against what was closed in them: the error of \
each, their mean (MAPE), and the bias.";

/// A snapshot counts the opportunities of a company as a whole: it is for those whose permissions reach them all.
fn seen(cx: &mut Cx) -> Result<Option<Condition>> {
    let own = cx.caller.permissions.reach("crm.forecast_snapshots.read");
    let limited = cx.reach_of_figures("crm.opportunities").is_limited() || own.is_some_and(Reach::is_limited);
    Ok(limited.then(nothing))
}

fn create(cx: &mut Cx, new: NewForecastSnapshot) -> Result<ForecastSnapshot> {
    let company = cx.company(new.company_id)?;
    let snapshot = computed(cx, &company, new.period.unwrap_or(PeriodKind::Month), new.date)?;
    keep(cx, snapshot)
}

/// What the forecast says today; it is not kept yet.
fn computed(cx: &mut Cx, company: &Company, kind: PeriodKind, date: Option<NaiveDate>) -> Result<ForecastSnapshot> {
    let today = cx.today(company);
    let period = Period::of(kind, date.unwrap_or(today), company.fiscal_year_start_month);
    if rows::exists(cx.db(), company.id, &period, today)? {
        return Err(DUPLICATE.with(format!("The {kind} from {} has a snapshot of {today} already.", period.start)));
    }
    let asked = ForecastFilter {
        company_id: company.id,
        period: Some(kind),
        date: Some(period.start),
        method: None,
        group_by: Some(ForecastGroup::Owner),
        pipeline_id: None,
        owner_id: None,
        team_id: None,
        territory_id: None,
    };
    let forecast = compute(cx, company, &asked)?;
    Ok(ForecastSnapshot::of(cx.new_id(), forecast, cx.now))
}

fn keep(cx: &mut Cx, snapshot: ForecastSnapshot) -> Result<ForecastSnapshot> {
    cx.create(snapshot)
}

/// Companies that have deals and lack a snapshot of the day.
fn due(cx: &mut Cx, limit: i64) -> Result<Vec<CompanyId>> {
    let (now, mut found) = (cx.now, BTreeSet::new());
    for &kind in PeriodKind::ALL {
        let companies = rows::last_days(cx.db(), kind)?;
        found.extend(companies.into_iter().filter(|(_, zone, last)| is_due(now, zone, *last)).map(|(id, ..)| id));
    }
    Ok(found.into_iter().take(limit.max(0) as usize).collect())
}

fn is_due(now: DateTime<Utc>, zone: &str, last: Option<NaiveDate>) -> bool {
    last.is_none_or(|day| day < domain::kernel::day_at(now, zone))
}

/// Takes the snapshots of a company that are due. Computed by a read that holds nobody up, and then written. One whose rates
/// are missing is tried again later, and keeps no other company from its own.
fn take(app: &Arc<App>, id: CompanyId) -> Result<()> {
    let system = Arc::new(Caller::system());
    for &kind in PeriodKind::ALL {
        let taken = app.read(&system, |cx| {
            let company = cx.find::<Company>(id)?;
            computed(cx, &company, kind, None)
        });
        let stored = taken.and_then(|snapshot| app.write(&system, move |cx| keep(cx, snapshot.clone())));
        match stored {
            Ok(_) => {}
            // by hand, or by another replica
            Err(p) if [DUPLICATE, problems::already_exists].contains(&p.code()) => {}
            Err(p) => return Err(p),
        }
    }
    Ok(())
}

fn measured(cx: &mut Cx, asked: AccuracyFilter) -> Result<ForecastAccuracy> {
    let company = cx.find::<Company>(asked.company_id)?;
    let days = (asked.to_date - asked.from_date).num_days();
    if !(0..=LONGEST_RANGE).contains(&days) {
        return Err(WRONG_RANGE.with("At most three years, and not backwards."));
    }
    let over = cx.today(&company).pred_opt().unwrap_or(asked.to_date).min(asked.to_date);
    let kind = asked.period.unwrap_or(PeriodKind::Month);
    let of = asked.measure.unwrap_or(SnapshotMeasure::Weighted);
    let taken = rows::taken(cx.db(), company.id, kind, of, asked.from_date, over)?;
    let counted = that_count(&taken, asked.lead_days);
    let mut actual: BTreeMap<NaiveDate, domain::kernel::Decimal> = BTreeMap::new();
    let won = forecasts::won_by_month(cx.db(), company.id, &company.currency, asked.from_date, over)?;
    let mut known = BTreeMap::new();
    for (month, currency, day, amount) in won {
        let rate = rate_for(cx, &company, &mut known, &currency, day.unwrap_or(month))?;
        let start = Period::of(kind, month, company.fiscal_year_start_month).start;
        *actual.entry(start).or_default() += amount.get() * rate.get();
    }
    let mut periods = Vec::new();
    for t in counted {
        let closed = company.round(actual.get(&t.start).copied().unwrap_or_default())?;
        let path =
            format!("/v1/crm/opportunities?company_id={}&status=won&closed_date_gte={}&closed_date_lte={}", company.id, t.start, t.end);
        periods.push(measure(t, closed, path)?);
    }
    let (mape_percent, bias_percent) = accuracy(&periods)?;
    let which = match asked.lead_days {
        Some(days) => format!("the last snapshot taken {days} days before the end of the period or earlier"),
        None => "the first snapshot taken in or before the period".into(),
    };
    Ok(ForecastAccuracy {
        definition: format!(
            "{which}, its figure {of}, against the won deals closed in the period at the rates of their days; MAPE is the mean of \
             |forecast − actual| / actual over the periods with sales, bias the sum of forecast − actual of the sum of actuals"
        ),
        company_id: company.id,
        currency: company.currency,
        periods,
        mape_percent,
        bias_percent,
    })
}
