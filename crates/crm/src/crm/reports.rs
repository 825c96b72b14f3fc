//! Reports of the front office. Each figure has a path to the rows behind it.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Months, NaiveDate, SecondsFormat, Utc};
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::crm::pipelines::Pipeline;
use domain::crm::reports::{
    ConversionFigures, ConversionReport, ConversionReportFilter, DealFigures, LeadCohort, PipelineReport, PipelineReportFilter,
    StageFigures, UsedRate, WRONG_PERIOD, months,
};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::{NO_RATE, RateKind, RateQuestion};
use domain::ids::StageId;
use domain::ids::{CompanyId, PipelineId};
use persistence::crm::pipelines;
use persistence::crm::reports::{self as rows, DealSum};
use platform::directory::exchange_rates::rate_at;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    t.tag("crm/reports", "What is in the pipeline, and what became of leads.");
    let op = t.report("crm/reports/pipeline", pipeline, PIPELINE);
    op.fails(&[NO_RATE, problems::not_found, problems::amount_out_of_range]).counts_visible().tag = "crm/reports".into();
    let op = t.report("crm/reports/conversion", conversion, CONVERSION);
    op.fails(&[WRONG_PERIOD, problems::not_found]).counts_visible().tag = "crm/reports".into();
}

const PIPELINE: &str = "Get what is in a pipeline. Open opportunities stage by stage, then won and lost ones, in the company's \
currency at today's rates. Lost ones weigh nothing, and open ones whose expected close has passed stay in and are named apart.";
const CONVERSION: &str = "Get what became of leads. Cohorts by the month of creation: what the leads created then became since, never \
what happened to be converted in that month. Rates of several months come from sums.";

fn pipeline(cx: &mut Cx, asked: PipelineReportFilter) -> Result<PipelineReport> {
    let company = cx.find::<Company>(asked.company_id)?;
    let id = match asked.pipeline_id {
        Some(id) => Some(id),
        None => pipelines::default_of(cx.db(), company.id)?,
    };
    let id = id.ok_or_else(|| problems::not_found.with("The company has no default pipeline."))?;
    let pipeline = cx.find::<Pipeline>(id)?;
    if pipeline.company_id != company.id {
        return Err(problems::not_found.with(format!("{id} is no pipeline of this company.")));
    }
    let today = cx.today(&company);
    let seen = cx.counted_rows_as::<Opportunity>("opportunities")?;
    let sums = rows::deal_sums(cx.db(), &seen, id, asked.owner_id, today)?;
    let rates = rates_for(cx, &company, &sums, today)?;
    let path = Path { company: company.id, pipeline: id, filter: &asked, today };
    let figures = |late: Option<bool>, status: &str, stage: Option<StageId>| -> Result<DealFigures> {
        let fits = |s: &&DealSum| s.status == status && late.is_none_or(|l| l == s.late) && stage.is_none_or(|id| id == s.stage);
        sum_up(&company, &rates, sums.iter().filter(fits), path.to(late, status, stage))
    };
    let mut stages = Vec::new();
    for stage in &pipeline.stages {
        let occupied = sums.iter().any(|s| s.stage == stage.id && s.status == "open");
        if stage.archived_at.is_some() && !occupied {
            continue;
        }
        stages.push(StageFigures {
            stage_id: stage.id,
            name: stage.name.clone(),
            position: stage.position,
            probability_percent: stage.probability_percent,
            forecast_category: stage.forecast_category,
            open: figures(None, "open", Some(stage.id))?,
            overdue: figures(Some(true), "open", Some(stage.id))?,
        });
    }
    let used = |(currency, rate): (&String, &Rate)| UsedRate { currency: currency.clone(), rate: *rate };
    Ok(PipelineReport {
        definition: DEFINITION.into(),
        company_id: company.id,
        pipeline_id: id,
        as_of_date: today,
        rates: rates.iter().filter(|(currency, _)| **currency != company.currency).map(used).collect(),
        stages,
        open: figures(None, "open", None)?,
        overdue: figures(Some(true), "open", None)?,
        won: figures(None, "won", None)?,
        lost: figures(None, "lost", None)?,
        currency: company.currency,
    })
}

const DEFINITION: &str = "count, amount and weighted amount (amount × probability) of opportunities, each sum of one currency \
converted at its rate and rounded half away from zero; lost ones weigh nothing; open ones whose expected close has passed are in open \
and again in overdue";

/// Today's rates into the company's currency, for every currency of a deal that counts.
fn rates_for(cx: &mut Cx, company: &Company, sums: &[DealSum], today: NaiveDate) -> Result<BTreeMap<String, Rate>> {
    let mut rates = BTreeMap::new();
    for sum in sums {
        if !rates.contains_key(&sum.currency) {
            let question = RateQuestion { from: sum.currency.clone(), to: company.currency.clone(), kind: RateKind::Spot, date: today };
            let quoted = rate_at(cx, question, None, Some(&company.currency))?;
            rates.insert(sum.currency.clone(), quoted.rate);
        }
    }
    Ok(rates)
}

/// Each currency is summed first and converted once.
fn sum_up<'s>(
    company: &Company,
    rates: &BTreeMap<String, Rate>,
    sums: impl Iterator<Item = &'s DealSum>,
    drill_down: String,
) -> Result<DealFigures> {
    let mut by_currency: BTreeMap<&str, (i64, Amount, Amount)> = BTreeMap::new();
    for s in sums {
        let entry = by_currency.entry(&s.currency).or_default();
        entry.0 += s.count;
        entry.1 += s.amount;
        entry.2 += s.weighted;
    }
    let mut out = DealFigures { drill_down, ..DealFigures::default() };
    for (currency, (count, amount, weighted)) in by_currency {
        let rate = rates.get(currency).copied().unwrap_or(Rate::ONE);
        out.count += count;
        out.amount += company.round(amount.get() * rate.get())?;
        out.weighted_amount += company.round(weighted.get() * rate.get())?;
    }
    Ok(out)
}

/// Where the rows behind a figure are.
struct Path<'a> {
    company: CompanyId,
    pipeline: PipelineId,
    filter: &'a PipelineReportFilter,
    today: NaiveDate,
}

impl Path<'_> {
    fn to(&self, late: Option<bool>, status: &str, stage: Option<StageId>) -> String {
        let mut path = format!("/v1/crm/opportunities?company_id={}&pipeline_id={}&status={status}", self.company, self.pipeline);
        if let Some(stage) = stage {
            path.push_str(&format!("&stage_id={stage}"));
        }
        if let Some(owner) = self.filter.owner_id {
            path.push_str(&format!("&owner_id={owner}"));
        }
        if late == Some(true) {
            path.push_str(&format!("&expected_close_date_lt={}", self.today));
        }
        path
    }
}

fn conversion(cx: &mut Cx, asked: ConversionReportFilter) -> Result<ConversionReport> {
    let company = cx.find::<Company>(asked.company_id)?;
    let today = cx.today(&company);
    let to = asked.to_date.unwrap_or(today);
    let first_of_month = to.with_day(1).unwrap_or(to);
    let from = asked.from_date.or_else(|| first_of_month.checked_sub_months(Months::new(11))).unwrap_or(to);
    let mut cohorts = Vec::new();
    for month in months(from, to)? {
        cohorts.push(cohort(cx, &company, month, asked.maturity_days)?);
    }
    let total = ConversionFigures::sum(cohorts.iter().map(|c| &c.figures))?;
    let within = asked.maturity_days.map_or(String::new(), |d| format!(" within {d} days of creation"));
    Ok(ConversionReport {
        definition: format!("what the leads created in a month, in the company's time zone, became{within}"),
        numerator: format!("leads of the cohort that were converted{within}; for the win rate, those whose opportunity was won"),
        denominator: "all leads created in the cohort's month".into(),
        company_id: company.id,
        cohorts,
        total,
    })
}

fn cohort(cx: &mut Cx, company: &Company, month: NaiveDate, maturity_days: Option<i32>) -> Result<LeadCohort> {
    let next = month.checked_add_months(Months::new(1)).ok_or_else(|| WRONG_PERIOD.with("The period ends beyond the calendar."))?;
    let seen = cx.counted_rows_as::<Lead>("l")?;
    let (from, to) = (company.start_of(month), company.start_of(next));
    let [created, qualified, disqualified, converted, won] = rows::cohort(cx.db(), &seen, company.id, from, to, maturity_days)?;
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(LeadCohort {
        month_date: month,
        is_mature: to + chrono::Duration::days(maturity_days.unwrap_or(0).into()) <= cx.now,
        figures: ConversionFigures::of(created, qualified, disqualified, converted, won)?,
        drill_down: format!("/v1/crm/leads?company_id={}&created_at_gte={}&created_at_lt={}", company.id, text(from), text(to)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(status: &str, currency: &str, amount: i32, weighted: i32) -> DealSum {
        DealSum {
            stage: StageId::from_uuid(Default::default()),
            status: status.into(),
            currency: currency.into(),
            late: false,
            count: 1,
            amount: Amount::from(amount),
            weighted: Amount::from(weighted),
        }
    }

    /// G19 of the vectors: 100k at 60 %, 50k USD at 0.9 and 30 %, lost 80k.
    #[test]
    fn a_forecast_counts_lost_deals_zero_and_converts_each_currency() {
        let company: domain::directory::companies::NewCompany =
            serde_json::from_value(serde_json::json!({"code": "A", "name": "A", "currency": "EUR", "time_zone": "UTC"}))
                .expect("a company");
        let company = Company::new(CompanyId::from_uuid(Default::default()), company, Utc::now()).expect("a company");
        let rates = BTreeMap::from([("EUR".to_string(), Rate::ONE), ("USD".to_string(), "0.9".parse().expect("a rate"))]);
        let all = [sum("open", "EUR", 100_000, 60_000), sum("open", "USD", 50_000, 15_000), sum("lost", "EUR", 80_000, 0)];
        let figures = sum_up(&company, &rates, all.iter(), String::new()).expect("figures");
        assert_eq!(figures.weighted_amount, Amount::from(73_500));
    }
}
