//! Metrics of sales. The database counts, the domain computes; each side of a metric has a path to the deals behind it.

pub mod customer_groups;
pub mod customers;
pub mod groups;
pub mod productivity;

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use domain::crm::figures::MetricSide;
use domain::crm::pipelines::Pipeline;
use domain::crm::reports::{WRONG_PERIOD, months};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::NO_RATE;
use domain::directory::overview::CustomerValue;
use domain::identity::visibility::FieldClass;
use domain::ids::PipelineId;
use domain::insight::metrics::Closed;
use domain::insight::metrics::CycleTimeFigures;
use domain::insight::metrics::CycleTimeMetric;
use domain::insight::metrics::DealCohort;
use domain::insight::metrics::DealConversionFigures;
use domain::insight::metrics::DealConversionFilter;
use domain::insight::metrics::DealConversionMetric;
use domain::insight::metrics::FunnelFigures;
use domain::insight::metrics::FunnelFilter;
use domain::insight::metrics::FunnelMetric;
use domain::insight::metrics::FunnelStage;
use domain::insight::metrics::SalesMetricFilter;
use domain::insight::metrics::VelocityFigures;
use domain::insight::metrics::VelocityMetric;
use domain::insight::metrics::WRONG_RANGE;
use domain::insight::metrics::WinRateFigures;
use domain::insight::metrics::WinRateMetric;
use domain::insight::metrics::check_range;
use domain::insight::metrics::customers::CustomerFigures;
use domain::insight::metrics::days as days_of;
use domain::insight::metrics::percent;
use domain::kernel::Decimal;
use persistence::crm::pipelines;
use persistence::insight::metrics as rows;
use persistence::insight::metrics::{Key, Whose};
use platform::prelude::*;

use crate::crm::forecasts::{Rates, rate_for};
use crate::insight::metrics::groups::{Days, Question, Slice, between, instants};

pub fn operations(t: &mut Table) {
    t.masked::<CustomerFigures>(FieldClass::Cost, &["cost_amount", "margin_amount"]);
    t.masked::<CustomerValue>(FieldClass::Margin, &["margin_amount", "expected_margin_amount"]);
    t.tag("insight/metrics", "How fast, how often and how far deals come, each with its definition and the lists behind it.");
    let amounts = &[WRONG_RANGE, NO_RATE, problems::amount_out_of_range];
    t.report("insight/metrics/velocity", velocity, VELOCITY).fails(amounts).counts_visible().tag = "insight/metrics".into();
    t.report("insight/metrics/win-rate", win_rate, WIN_RATE).fails(amounts).counts_visible().tag = "insight/metrics".into();
    t.report("insight/metrics/cycle-time", cycle_time, CYCLE_TIME).fails(amounts).counts_visible().tag = "insight/metrics".into();
    t.report("insight/metrics/funnel", funnel, FUNNEL).fails(&[WRONG_RANGE]).counts_visible().tag = "insight/metrics".into();
    let op = t.report("insight/metrics/conversion", conversion, CONVERSION);
    op.named("get_conversion_metric").fails(amounts).fails(&[WRONG_PERIOD]).counts_visible().tag = "insight/metrics".into();
}

const VELOCITY: &str = "Get the sales velocity. Closed opportunities × win rate × average amount ÷ average cycle, all of the same \
opportunities: those closed between the two days.";
const WIN_RATE: &str = "Get the win rate. Won of closed opportunities, by number and by amount, of those closed between the two days.";
const CYCLE_TIME: &str = "Get how long won opportunities took. From their creation to their closing, of those won between the two days.";
const FUNNEL: &str = "Get how far opportunities come. Of those created between the two days, how many are or ever were in each stage.";
const CONVERSION: &str = "Get what became of opportunities, by the month of their creation. What those created in a month became since, \
never what happened to be won in that month.";

/// The sums of closed deals of each group, converted.
pub(crate) fn sums(cx: &mut Cx, company: &Company, rates: &mut Rates, whose: &Whose<'_>, days: Days) -> Result<BTreeMap<Key, Closed>> {
    let mut out: BTreeMap<Key, Closed> = BTreeMap::new();
    for (key, status, currency, day, count, amount, micros) in rows::closed(cx.db(), whose, days.0, days.1)? {
        let rate = rate_for(cx, company, rates, &currency, day.unwrap_or(days.1))?;
        let amount = amount.get() * rate.get();
        let sum = out.entry(key).or_default();
        sum.closed += count;
        sum.closed_amount += amount;
        if status == "won" {
            sum.won += count;
            sum.won_amount += amount;
            sum.won_micros += micros;
        }
    }
    Ok(out)
}

/// The won and the closed deals of a slice.
pub(crate) fn sides(q: &Question, slice: &Slice<'_>, sum: &Closed, days: Days) -> Result<(MetricSide, MetricSide)> {
    let between = format!("closed_date_gte={}&closed_date_lte={}", days.0, days.1);
    let numerator = MetricSide {
        text: "won opportunities closed in the period".into(),
        count: sum.won,
        amount: q.company.round(sum.won_amount)?,
        drill_down: Some(q.deals(slice, &format!("status=won&{between}"))),
    };
    let denominator = MetricSide {
        text: "opportunities closed in the period, won and lost".into(),
        count: sum.closed,
        amount: q.company.round(sum.closed_amount)?,
        drill_down: Some(q.deals(slice, &format!("status=won,lost&{between}"))),
    };
    Ok((numerator, denominator))
}

fn asked(cx: &mut Cx, f: &SalesMetricFilter) -> Result<Question> {
    check_range(f.from_date, f.to_date)?;
    let q = Question::judged(cx, f.company_id, f.owner_id, f.team_id, f.group_by, f.compare)?;
    Ok(Question { pipeline: f.pipeline_id, ..q })
}

fn velocity(cx: &mut Cx, f: SalesMetricFilter) -> Result<VelocityMetric> {
    let q = asked(cx, &f)?;
    let mut rates = Rates::new();
    let figures = |slice: &Slice<'_>, sum: &Closed, days: Days| {
        let (numerator, denominator) = sides(&q, slice, sum, days)?;
        let v = sum.velocity(&q.company)?;
        let (average_amount, average_cycle_days) = match sum.won {
            0 => (None, None),
            n => (Some(q.company.round(sum.won_amount / Decimal::from(n))?), Some(days_of(sum.won_micros / n)?)),
        };
        Ok(VelocityFigures {
            currency: q.company.currency.clone(),
            opportunities: sum.closed,
            win_rate_percent: percent(sum.won, sum.closed)?,
            average_amount,
            average_cycle_days,
            expected_amount: v.as_ref().map(|v| v.expected),
            amount_per_day: v.as_ref().and_then(|v| v.per_day),
            amount_per_30_days: v.as_ref().and_then(|v| v.per_30_days),
            numerator,
            denominator,
        })
    };
    let load = |cx: &mut Cx, whose: &Whose<'_>, days| sums(cx, &q.company, &mut rates, whose, days);
    let parts = q.parts(cx, (f.from_date, f.to_date), load, figures, |s| s.closed)?;
    let definition = "opportunities × win rate × average amount ÷ average cycle: opportunities closed between the two days, the won ones \
                      of them, what a won one is worth on average at the spot rate of its closing, and the days from its creation to its \
                      closing on average. Computed from the unrounded sums, rounded once";
    Ok(VelocityFigures::answer(definition, parts))
}

fn win_rate(cx: &mut Cx, f: SalesMetricFilter) -> Result<WinRateMetric> {
    let q = asked(cx, &f)?;
    let mut rates = Rates::new();
    let figures = |slice: &Slice<'_>, sum: &Closed, days: Days| {
        let (numerator, denominator) = sides(&q, slice, sum, days)?;
        Ok(WinRateFigures {
            currency: q.company.currency.clone(),
            count_percent: percent(sum.won, sum.closed)?,
            amount_percent: percent(sum.won_amount, sum.closed_amount)?,
            numerator,
            denominator,
        })
    };
    let load = |cx: &mut Cx, whose: &Whose<'_>, days| sums(cx, &q.company, &mut rates, whose, days);
    let parts = q.parts(cx, (f.from_date, f.to_date), load, figures, |s| s.closed)?;
    let definition = "won of closed opportunities, of those closed between the two days, by number and by amount at the spot rate of the \
                      day of closing";
    Ok(WinRateFigures::answer(definition, parts))
}

fn cycle_time(cx: &mut Cx, f: SalesMetricFilter) -> Result<CycleTimeMetric> {
    let q = asked(cx, &f)?;
    let mut rates = Rates::new();
    let figures = |slice: &Slice<'_>, (sum, ends): &(Closed, (i64, i64, i64)), days: Days| {
        let some = |micros: i64| if sum.won == 0 { Ok(None) } else { days_of(micros).map(Some) };
        Ok(CycleTimeFigures {
            numerator_days: days_of(sum.won_micros)?,
            denominator: sides(&q, slice, sum, days)?.0,
            average_days: some(sum.won_micros / sum.won.max(1))?,
            median_days: some(ends.2)?,
            shortest_days: some(ends.0)?,
            longest_days: some(ends.1)?,
        })
    };
    let load = |cx: &mut Cx, whose: &Whose<'_>, days: Days| {
        let mut ends = rows::cycles(cx.db(), whose, days.0, days.1)?;
        let sums = sums(cx, &q.company, &mut rates, whose, days)?.into_iter().filter(|(_, s)| s.won > 0);
        Ok(sums.map(|(key, sum)| (key.clone(), (sum, ends.remove(&key).unwrap_or_default()))).collect())
    };
    let parts = q.parts(cx, (f.from_date, f.to_date), load, figures, |s| s.0.won)?;
    Ok(CycleTimeFigures::answer("days from the creation to the closing of the opportunities won between the two days", parts))
}

fn pipeline_of(cx: &mut Cx, company: &Company, id: Option<PipelineId>) -> Result<Pipeline> {
    let id = match id {
        Some(id) => Some(id),
        None => pipelines::default_of(cx.db(), company.id)?,
    };
    let id = id.ok_or_else(|| problems::not_found.with("The company has no default pipeline."))?;
    let found = cx.find::<Pipeline>(id)?;
    match found.company_id == company.id {
        true => Ok(found),
        false => Err(problems::not_found.with(format!("{id} is no pipeline of this company."))),
    }
}

/// Deals of a cohort: all, won, and how many reached each stage.
type Reach = (i64, i64, BTreeMap<String, i64>);

fn funnel(cx: &mut Cx, f: FunnelFilter) -> Result<FunnelMetric> {
    check_range(f.from_date, f.to_date)?;
    let q = Question::judged(cx, f.company_id, f.owner_id, f.team_id, f.group_by, f.compare)?;
    let pipeline = pipeline_of(cx, &q.company, f.pipeline_id)?;
    let q = Question { pipeline: Some(pipeline.id), ..q };
    let figures = |slice: &Slice<'_>, (all, won, reached): &Reach, days: Days| {
        let (from, to) = instants(&q.company, days);
        let between = between("created_at", from, to);
        let mut stages = Vec::new();
        for stage in &pipeline.stages {
            let n = reached.get(&stage.id.to_string()).copied().unwrap_or_default();
            if n == 0 && stage.archived_at.is_some() {
                continue;
            }
            stages.push(FunnelStage {
                stage_id: stage.id,
                name: stage.name.clone(),
                position: stage.position,
                reached: n,
                reached_percent: percent(n, *all)?,
                drill_down: q.deals(slice, &format!("reached_stage_id={}&{between}", stage.id)),
            });
        }
        let side = |text: &str, count: i64, filter: String| MetricSide {
            text: text.into(),
            count,
            amount: Amount::ZERO,
            drill_down: Some(q.deals(slice, &filter)),
        };
        Ok(FunnelFigures {
            pipeline_id: pipeline.id,
            numerator: side("those of them that are won by now", *won, format!("status=won&{between}")),
            denominator: side("opportunities created in the period", *all, between.clone()),
            won_percent: percent(*won, *all)?,
            stages,
        })
    };
    let load = |cx: &mut Cx, whose: &Whose<'_>, days: Days| {
        let (from, to) = instants(&q.company, days);
        let created = rows::created(cx.db(), whose, from, to)?;
        let mut out: BTreeMap<Key, Reach> = created.into_iter().map(|(key, (all, won))| (key, (all, won, BTreeMap::new()))).collect();
        for (key, stage, n) in rows::reached(cx.db(), whose, from, to)? {
            out.entry(key).or_default().2.insert(stage, n);
        }
        Ok(out)
    };
    let parts = q.parts(cx, (f.from_date, f.to_date), load, figures, |s| s.0)?;
    let definition = "opportunities created between the two days, in the company's time zone, and how many of them are or ever were in \
                      each stage; a stage that was jumped over was not reached. Amounts are not part of it";
    Ok(FunnelFigures::answer(definition, parts))
}

/// Number and amount of the won deals of a month, and of all.
type Month = ((i64, Decimal), (i64, Decimal));

fn conversion(cx: &mut Cx, f: DealConversionFilter) -> Result<DealConversionMetric> {
    let q = Question::judged(cx, f.company_id, f.owner_id, f.team_id, f.group_by, f.compare)?;
    let q = Question { pipeline: f.pipeline_id, ..q };
    let (mut rates, today, now) = (Rates::new(), cx.today(&q.company), cx.now);
    let first = months(f.from_date, f.to_date)?;
    let last = first.last().copied().unwrap_or(f.to_date);
    let end = last.checked_add_months(Months::new(1)).and_then(|d| d.pred_opt());
    let end = end.ok_or_else(|| WRONG_PERIOD.with("The period ends beyond the calendar."))?;
    let whole = (first.first().copied().unwrap_or(f.from_date), end);
    let within = f.maturity_days.map_or(String::new(), |d| format!(" within {d} days of creation"));
    let soon = f.maturity_days.map_or(String::new(), |d| format!("&days_to_close_lte={d}"));
    let sides = |slice: &Slice<'_>, (won, all): &Month, days: Days| -> Result<(MetricSide, MetricSide)> {
        let (from, to) = instants(&q.company, days);
        let between = between("created_at", from, to);
        let side = |text: String, of: &(i64, Decimal), filter: &str| -> Result<MetricSide> {
            Ok(MetricSide { text, count: of.0, amount: q.company.round(of.1)?, drill_down: Some(q.deals(slice, filter)) })
        };
        Ok((
            side(format!("those of them that were won{within}"), won, &format!("status=won{soon}&{between}"))?,
            side("opportunities created in the period".into(), all, &between)?,
        ))
    };
    let figures = |slice: &Slice<'_>, by_month: &BTreeMap<NaiveDate, Month>, days: Days| {
        let (mut cohorts, mut sum) = (Vec::new(), Month::default());
        for month in months(days.0, days.1)? {
            let of = by_month.get(&month).copied().unwrap_or_default();
            sum = ((sum.0.0 + of.0.0, sum.0.1 + of.0.1), (sum.1.0 + of.1.0, sum.1.1 + of.1.1));
            let last = month.checked_add_months(Months::new(1)).and_then(|d| d.pred_opt()).unwrap_or(month);
            let (numerator, denominator) = sides(slice, &of, (month, last))?;
            let over = instants(&q.company, (month, last)).1;
            cohorts.push(DealCohort {
                month_date: month,
                is_mature: over + chrono::Duration::days(f.maturity_days.unwrap_or(0).into()) <= now,
                won_percent: percent(of.0.0, of.1.0)?,
                numerator,
                denominator,
            });
        }
        let (numerator, denominator) = sides(slice, &sum, days)?;
        Ok(DealConversionFigures {
            currency: q.company.currency.clone(),
            won_percent: percent(sum.0.0, sum.1.0)?,
            cohorts,
            numerator,
            denominator,
        })
    };
    let load = |cx: &mut Cx, whose: &Whose<'_>, days: Days| {
        let mut out: BTreeMap<Key, BTreeMap<NaiveDate, Month>> = BTreeMap::new();
        for month in months(days.0, days.1)? {
            let last = month.checked_add_months(Months::new(1)).and_then(|d| d.pred_opt()).unwrap_or(month);
            let (from, to) = instants(&q.company, (month, last));
            for (key, is_won, currency, day, count, amount) in rows::cohort(cx.db(), whose, from, to, f.maturity_days)? {
                let amount = amount.get() * rate_for(cx, &q.company, &mut rates, &currency, day.unwrap_or(today))?.get();
                let (won, all) = out.entry(key).or_default().entry(month).or_default();
                *all = (all.0 + count, all.1 + amount);
                if is_won {
                    *won = (won.0 + count, won.1 + amount);
                }
            }
        }
        Ok(out)
    };
    let parts = q.parts(cx, whole, load, figures, |s| s.values().map(|m| m.1.0).sum())?;
    let definition = format!(
        "opportunities created in a month, in the company's time zone, and those of them that were won{within}; won ones at the spot \
         rate of the day of closing, others at today's. The rate of all months comes from the sums"
    );
    Ok(DealConversionFigures::answer(&definition, parts))
}
