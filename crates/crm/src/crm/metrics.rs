//! Metrics of sales. The database counts, the domain computes; each side of a metric has a path to the deals behind it.

use chrono::{DateTime, Months, NaiveDate, SecondsFormat, Utc};
use domain::crm::metrics::{
    Closed, CycleTimeMetric, DealCohort, DealConversionFilter, DealConversionMetric, FunnelFilter, FunnelMetric, FunnelStage, MetricSide,
    SalesMetricFilter, VelocityMetric, WRONG_RANGE, WinRateMetric, check_range, days, percent,
};
use domain::crm::pipelines::{Pipeline, PipelineId};
use domain::crm::reports::{WRONG_PERIOD, months, start_of_day};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::NO_RATE;
use domain::identity::users::UserId;
use persistence::crm::metrics::{self as rows, Whose};
use persistence::crm::pipelines;
use platform::prelude::*;
use rust_decimal::Decimal;

use super::forecasts::{Rates, SEE_ALL, own_alone, rate_for};

pub fn operations(t: &mut Table) {
    t.tag("crm/metrics", "How fast, how often and how far deals come, each with its definition and the lists behind it.");
    let amounts = &[WRONG_RANGE, NO_RATE, problems::amount_out_of_range];
    t.report("crm/metrics/velocity", velocity, VELOCITY).fails(amounts).tag = "crm/metrics".into();
    t.report("crm/metrics/win-rate", win_rate, WIN_RATE).fails(amounts).tag = "crm/metrics".into();
    t.report("crm/metrics/cycle-time", cycle_time, CYCLE_TIME).fails(amounts).tag = "crm/metrics".into();
    t.report("crm/metrics/funnel", funnel, FUNNEL).fails(&[WRONG_RANGE]).tag = "crm/metrics".into();
    let op = t.report("crm/metrics/conversion", conversion, CONVERSION);
    op.named("get_conversion_metric").fails(amounts).fails(&[WRONG_PERIOD]).tag = "crm/metrics".into();
}

const VELOCITY: &str = "Get the sales velocity. Closed opportunities × win rate × average amount ÷ average cycle, all of the same \
opportunities: those closed between the two days.";
const WIN_RATE: &str = "Get the win rate. Won of closed opportunities, by number and by amount, of those closed between the two days.";
const CYCLE_TIME: &str = "Get how long won opportunities took. From their creation to their closing, of those won between the two days.";
const FUNNEL: &str = "Get how far opportunities come. Of those created between the two days, how many are or ever were in each stage.";
const CONVERSION: &str = "Get what became of opportunities, by the month of their creation. What those created in a month became since, \
never what happened to be won in that month.";

/// Who asks about what, with the days judged.
fn asked(cx: &mut Cx, company: domain::directory::companies::CompanyId, owner: Option<UserId>) -> Result<(Company, Option<UserId>)> {
    let company = cx.find::<Company>(company)?;
    match own_alone(cx)? {
        Some(own) if owner.is_some_and(|o| o != own) => Err(problems::missing_scope.with(format!("The figures of others need {SEE_ALL}."))),
        Some(own) => Ok((company, Some(own))),
        None => Ok((company, owner)),
    }
}

fn list(whose: &Whose<'_>, filter: &str) -> Option<String> {
    let mut path = format!("/v1/crm/opportunities?company_id={}&{filter}", whose.company);
    if let Some(owner) = whose.owner {
        path.push_str(&format!("&owner_id={owner}"));
    }
    if let Some(pipeline) = whose.pipeline {
        path.push_str(&format!("&pipeline_id={pipeline}"));
    }
    Some(path)
}

fn created_between(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("created_at_gte={}&created_at_lt={}", text(from), text(to))
}

/// The instants at which the first day begins and the last one is over.
fn instants(company: &Company, from: NaiveDate, to: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let after = to.succ_opt().unwrap_or(to);
    (start_of_day(from, &company.time_zone), start_of_day(after, &company.time_zone))
}

/// The closed deals of the question, converted, and both sides of what is made of them.
fn closed(cx: &mut Cx, company: &Company, whose: &Whose<'_>, from: NaiveDate, to: NaiveDate) -> Result<(Closed, MetricSide, MetricSide)> {
    let (mut sum, mut rates) = (Closed::default(), Rates::new());
    for (status, currency, day, count, amount, micros) in rows::closed(cx.db(), whose, from, to)? {
        let rate = rate_for(cx, company, &mut rates, &currency, day.unwrap_or(to))?;
        let amount = amount.get() * rate.get();
        sum.closed += count;
        sum.closed_amount += amount;
        if status == "won" {
            sum.won += count;
            sum.won_amount += amount;
            sum.won_micros += micros;
        }
    }
    let between = format!("closed_date_gte={from}&closed_date_lte={to}");
    let numerator = MetricSide {
        text: "won opportunities closed in the period".into(),
        count: sum.won,
        amount: company.round(sum.won_amount)?,
        drill_down: list(whose, &format!("status=won&{between}")),
    };
    let denominator = MetricSide {
        text: "opportunities closed in the period, won and lost".into(),
        count: sum.closed,
        amount: company.round(sum.closed_amount)?,
        drill_down: list(whose, &format!("status=won,lost&{between}")),
    };
    Ok((sum, numerator, denominator))
}

fn velocity(cx: &mut Cx, f: SalesMetricFilter) -> Result<VelocityMetric> {
    check_range(f.from_date, f.to_date)?;
    let (company, owner) = asked(cx, f.company_id, f.owner_id)?;
    let whose = Whose { company: company.id, currency: &company.currency, owner, pipeline: f.pipeline_id };
    let (sum, numerator, denominator) = closed(cx, &company, &whose, f.from_date, f.to_date)?;
    let v = sum.velocity(&company)?;
    let (average_amount, average_cycle_days) = match sum.won {
        0 => (None, None),
        n => (Some(company.round(sum.won_amount / Decimal::from(n))?), Some(days(sum.won_micros / n)?)),
    };
    Ok(VelocityMetric {
        definition: "opportunities × win rate × average amount ÷ average cycle: opportunities closed between the two days, the won ones \
                     of them, what a won one is worth on average at the spot rate of its closing, and the days from its creation to its \
                     closing on average. Computed from the unrounded sums, rounded once"
            .into(),
        currency: company.currency,
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
}

fn win_rate(cx: &mut Cx, f: SalesMetricFilter) -> Result<WinRateMetric> {
    check_range(f.from_date, f.to_date)?;
    let (company, owner) = asked(cx, f.company_id, f.owner_id)?;
    let whose = Whose { company: company.id, currency: &company.currency, owner, pipeline: f.pipeline_id };
    let (sum, numerator, denominator) = closed(cx, &company, &whose, f.from_date, f.to_date)?;
    Ok(WinRateMetric {
        definition: "won of closed opportunities, of those closed between the two days, by number and by amount at the spot rate of the \
                     day of closing"
            .into(),
        currency: company.currency,
        count_percent: percent(sum.won, sum.closed)?,
        amount_percent: percent(sum.won_amount, sum.closed_amount)?,
        numerator,
        denominator,
    })
}

fn cycle_time(cx: &mut Cx, f: SalesMetricFilter) -> Result<CycleTimeMetric> {
    check_range(f.from_date, f.to_date)?;
    let (company, owner) = asked(cx, f.company_id, f.owner_id)?;
    let whose = Whose { company: company.id, currency: &company.currency, owner, pipeline: f.pipeline_id };
    let (sum, won, _) = closed(cx, &company, &whose, f.from_date, f.to_date)?;
    let (shortest, longest, middle) = rows::cycles(cx.db(), &whose, f.from_date, f.to_date, sum.won)?;
    let some = |micros: i64| if sum.won == 0 { Ok(None) } else { days(micros).map(Some) };
    let middle = middle.iter().sum::<i64>() / i64::try_from(middle.len().max(1)).unwrap_or(1);
    Ok(CycleTimeMetric {
        definition: "days from the creation to the closing of the opportunities won between the two days".into(),
        numerator_days: days(sum.won_micros)?,
        denominator: won,
        average_days: some(sum.won_micros / sum.won.max(1))?,
        median_days: some(middle)?,
        shortest_days: some(shortest)?,
        longest_days: some(longest)?,
    })
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

fn funnel(cx: &mut Cx, f: FunnelFilter) -> Result<FunnelMetric> {
    check_range(f.from_date, f.to_date)?;
    let (company, owner) = asked(cx, f.company_id, f.owner_id)?;
    let pipeline = pipeline_of(cx, &company, f.pipeline_id)?;
    let whose = Whose { company: company.id, currency: &company.currency, owner, pipeline: Some(pipeline.id) };
    let (from, to) = instants(&company, f.from_date, f.to_date);
    let (all, won) = rows::created(cx.db(), &whose, from, to)?;
    let reached = rows::reached(cx.db(), &whose, from, to)?;
    let between = created_between(from, to);
    let mut stages = Vec::new();
    for stage in &pipeline.stages {
        let n = reached.iter().find(|(id, _)| *id == stage.id.to_string()).map_or(0, |r| r.1);
        if n == 0 && stage.archived_at.is_some() {
            continue;
        }
        stages.push(FunnelStage {
            stage_id: stage.id,
            name: stage.name.clone(),
            position: stage.position,
            reached: n,
            reached_percent: percent(n, all)?,
            drill_down: list(&whose, &format!("reached_stage_id={}&{between}", stage.id)).unwrap_or_default(),
        });
    }
    let side = |text: &str, count: i64, filter: String| MetricSide {
        text: text.into(),
        count,
        amount: Amount::ZERO,
        drill_down: list(&whose, &filter),
    };
    Ok(FunnelMetric {
        definition: "opportunities created between the two days, in the company's time zone, and how many of them are or ever were in \
                     each stage; a stage that was jumped over was not reached. Amounts are not part of it"
            .into(),
        pipeline_id: pipeline.id,
        numerator: side("those of them that are won by now", won, format!("status=won&{between}")),
        denominator: side("opportunities created in the period", all, between.clone()),
        won_percent: percent(won, all)?,
        stages,
    })
}

fn conversion(cx: &mut Cx, f: DealConversionFilter) -> Result<DealConversionMetric> {
    let (company, owner) = asked(cx, f.company_id, f.owner_id)?;
    let whose = Whose { company: company.id, currency: &company.currency, owner, pipeline: f.pipeline_id };
    let (mut cohorts, mut rates, today) = (Vec::new(), Rates::new(), cx.today(&company));
    let months = months(f.from_date, f.to_date)?;
    let (mut won_sum, mut all_sum) = ((0, Decimal::ZERO), (0, Decimal::ZERO));
    let within = f.maturity_days.map_or(String::new(), |d| format!(" within {d} days of creation"));
    let sides = |won: (i64, Decimal), all: (i64, Decimal), between: &str| -> Result<(MetricSide, MetricSide)> {
        let numerator = MetricSide {
            text: format!("those of them that were won{within}"),
            count: won.0,
            amount: company.round(won.1)?,
            // no list is cut by the days from creation to closing
            drill_down: if f.maturity_days.is_none() { list(&whose, &format!("status=won&{between}")) } else { None },
        };
        let text = "opportunities created in the period".into();
        Ok((numerator, MetricSide { text, count: all.0, amount: company.round(all.1)?, drill_down: list(&whose, between) }))
    };
    let mut ends = None;
    for month in months {
        let next = month.checked_add_months(Months::new(1)).ok_or_else(|| WRONG_PERIOD.with("The period ends beyond the calendar."))?;
        let (from, to) = (start_of_day(month, &company.time_zone), start_of_day(next, &company.time_zone));
        ends = Some((ends.map_or(from, |e: (DateTime<Utc>, DateTime<Utc>)| e.0), to));
        let (mut won, mut all) = ((0, Decimal::ZERO), (0, Decimal::ZERO));
        for (is_won, currency, day, count, amount) in rows::cohort(cx.db(), &whose, from, to, f.maturity_days)? {
            let amount = amount.get() * rate_for(cx, &company, &mut rates, &currency, day.unwrap_or(today))?.get();
            all = (all.0 + count, all.1 + amount);
            if is_won {
                won = (won.0 + count, won.1 + amount);
            }
        }
        won_sum = (won_sum.0 + won.0, won_sum.1 + won.1);
        all_sum = (all_sum.0 + all.0, all_sum.1 + all.1);
        let (numerator, denominator) = sides(won, all, &created_between(from, to))?;
        cohorts.push(DealCohort {
            month_date: month,
            is_mature: to + chrono::Duration::days(f.maturity_days.unwrap_or(0).into()) <= cx.now,
            won_percent: percent(won.0, all.0)?,
            numerator,
            denominator,
        });
    }
    let (from, to) = ends.unwrap_or((cx.now, cx.now));
    let (numerator, denominator) = sides(won_sum, all_sum, &created_between(from, to))?;
    Ok(DealConversionMetric {
        definition: format!(
            "opportunities created in a month, in the company's time zone, and those of them that were won{within}; won ones at the spot \
             rate of the day of closing, others at today's. The rate of all months comes from the sums"
        ),
        won_percent: percent(won_sum.0, all_sum.0)?,
        currency: company.currency.clone(),
        cohorts,
        numerator,
        denominator,
    })
}
