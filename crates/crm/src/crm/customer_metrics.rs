//! Metrics of customers. The back office answers what they bought, summed; the domain computes. What lies behind a figure is
//! listed by `crm/metrics/customers`.

use chrono::Months;
use domain::crm::customer_metrics::*;
use domain::crm::metrics::{MetricSide, WRONG_RANGE, check_range, percent};
use domain::directory::companies::Company;
use platform::prelude::*;
use platform::questions;
use rust_decimal::Decimal;

pub fn operations(t: &mut Table) {
    let tag = "crm/metrics";
    t.report("crm/metrics/customers", customers, CUSTOMERS).fails(&[WRONG_RANGE]).tag = tag.into();
    t.report("crm/metrics/retention", retention, RETENTION).fails(&[WRONG_RANGE]).tag = tag.into();
    t.report("crm/metrics/repeat-rate", repeat_rate, REPEAT).fails(&[WRONG_RANGE]).tag = tag.into();
    t.report("crm/metrics/rfm", rfm, RFM).fails(&[WRONG_RANGE]).tag = tag.into();
    t.report("crm/metrics/clv", clv, CLV).fails(&[WRONG_RANGE, NOT_WHOLE_MONTHS, NOT_A_PERCENTAGE]).tag = tag.into();
}

const CUSTOMERS: &str = "Get what customers bought. By customer, in a period and a base period, with margin and scores; the list behind \
the metrics of customers.";
const RETENTION: &str = "Get who and what was kept. Customers of a base period and what they bought in a later one: logo retention, gross \
revenue retention, never above 100 percent, and net revenue retention. New customers never count.";
const REPEAT: &str = "Get how many customers buy again. Those with at least two invoices of those with at least one.";
const RFM: &str = "Get how lately, how often and for how much customers bought. Each in fifths of the customers who bought in the period.";
const CLV: &str = "Get what a customer is worth. On margin, not on revenue: so far, by margin and churn, or discounted; with the conventions \
of the model.";

const BOUGHT: &str = "Revenue is what was posted to income accounts by invoices less credit notes, before tax, in the company's currency; \
cost is that of the goods delivered less those returned.";

fn side(text: &str, count: i64, amount: Amount, drill_down: String) -> MetricSide {
    MetricSide { text: text.into(), count, amount, drill_down: Some(drill_down) }
}

/// The list of customers of a question.
fn list(ask: &SalesAsk, state: CustomerState) -> String {
    let mut path = format!("/v1/crm/metrics/customers?company_id={}&from_date={}&to_date={}&state={state}", ask.company, ask.from, ask.to);
    if let Some((from, to)) = ask.base {
        path.push_str(&format!("&base_from_date={from}&base_to_date={to}"));
    }
    if let Some(party) = ask.party {
        path.push_str(&format!("&party_id={party}"));
    }
    path
}

fn customers(cx: &mut Cx, f: CustomerFiguresFilter) -> Result<CustomerFiguresList> {
    check_range(f.from_date, f.to_date)?;
    let base = match (f.base_from_date, f.base_to_date) {
        (Some(from), Some(to)) => {
            check_range(from, to)?;
            Some((from, to))
        }
        (None, None) => None,
        _ => return Err(WRONG_RANGE.with("A base period has a first and a last day.")),
    };
    let company = cx.find::<Company>(f.company_id)?;
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base, party: f.party_id };
    let which = CustomerNarrow { state: f.state, recency: f.recency, frequency: f.frequency, monetary: f.monetary };
    let limit = i64::from(f.limit.unwrap_or(50).clamp(1, 200));
    let (mut customers, total_count) = questions::customers(cx, &ask, &which, f.after, limit + 1)?;
    let more = customers.len() as i64 > limit;
    customers.truncate(usize::try_from(limit).unwrap_or(200));
    Ok(CustomerFiguresList {
        definition: format!("{BOUGHT} Scores are fifths of the customers with an invoice in the period, 5 the best"),
        currency: company.currency,
        total_count,
        next_after: customers.last().filter(|_| more).map(|c| c.party_id),
        customers,
    })
}

fn retention(cx: &mut Cx, f: RetentionFilter) -> Result<RetentionMetric> {
    check_range(f.base_from_date, f.base_to_date)?;
    check_range(f.from_date, f.to_date)?;
    let company = cx.find::<Company>(f.company_id)?;
    let base = Some((f.base_from_date, f.base_to_date));
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base, party: None };
    let facts = questions::customer_facts(cx, &ask)?;
    let [logo, gross, net] = facts.retention()?;
    Ok(RetentionMetric {
        definition: format!(
            "{BOUGHT} Logo retention is customers with sales in both periods of those with sales in the base period; gross revenue \
             retention the sales to them, each no more than before, of the sales of the base period; net revenue retention the sales to \
             them in full of the same. Customers without sales in the base period count nowhere"
        ),
        currency: company.currency,
        numerator: side(
            "customers kept, and what they bought in the period",
            facts.kept,
            facts.kept_revenue,
            list(&ask, CustomerState::Kept),
        ),
        denominator: side(
            "customers of the base period, and what they bought in it",
            facts.base_customers,
            facts.base_revenue,
            list(&ask, CustomerState::Base),
        ),
        logo_retention_percent: logo,
        gross_revenue_retention_percent: gross,
        net_revenue_retention_percent: net,
        lost_amount: facts.base_revenue - facts.capped_revenue,
        expansion_amount: facts.kept_revenue - facts.capped_revenue,
    })
}

fn period(cx: &mut Cx, f: &CustomerPeriod) -> Result<(Company, SalesAsk)> {
    check_range(f.from_date, f.to_date)?;
    let company = cx.find::<Company>(f.company_id)?;
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base: None, party: None };
    Ok((company, ask))
}

fn repeat_rate(cx: &mut Cx, f: CustomerPeriod) -> Result<RepeatRateMetric> {
    let (_, ask) = period(cx, &f)?;
    let facts = questions::customer_facts(cx, &ask)?;
    Ok(RepeatRateMetric {
        definition: "customers with at least two invoices in the period of those with at least one; invoices that were cancelled by a \
                     credit note count. Amounts are not part of it"
            .into(),
        numerator: side("customers with at least two invoices", facts.repeat, Amount::ZERO, list(&ask, CustomerState::Repeat)),
        denominator: side("customers with at least one invoice", facts.buyers, Amount::ZERO, list(&ask, CustomerState::Buyers)),
        repeat_percent: percent(facts.repeat, facts.buyers)?,
    })
}

fn rfm(cx: &mut Cx, f: CustomerPeriod) -> Result<RfmMetric> {
    let (company, ask) = period(cx, &f)?;
    let found = questions::customer_scores(cx, &ask)?;
    let all = list(&ask, CustomerState::Buyers);
    let cell = |(recency, frequency, monetary, count, revenue_amount): (i32, i32, i32, i64, Amount)| RfmCell {
        recency,
        frequency,
        monetary,
        count,
        revenue_amount,
        drill_down: format!("{all}&recency={recency}&frequency={frequency}&monetary={monetary}"),
    };
    let cells: Vec<RfmCell> = found.into_iter().map(cell).collect();
    let best = cells.iter().find(|c| (c.recency, c.frequency, c.monetary) == (5, 5, 5));
    let path = format!("{all}&recency=5&frequency=5&monetary=5");
    let (count, amount) = best.map_or((0, Amount::ZERO), |c| (c.count, c.revenue_amount));
    Ok(RfmMetric {
        definition: format!(
            "{BOUGHT} Customers with an invoice in the period in five parts of equal number, by the day of the last one, by their number \
             and by revenue; 5 is the last, the most, the highest. Equals are told apart by id"
        ),
        currency: company.currency,
        numerator: side("customers with the highest scores", count, amount, path),
        denominator: side(
            "customers with an invoice in the period",
            cells.iter().map(|c| c.count).sum(),
            cells.iter().map(|c| c.revenue_amount).sum(),
            all,
        ),
        cells,
    })
}

fn clv(cx: &mut Cx, f: ClvFilter) -> Result<ClvMetric> {
    check_range(f.from_date, f.to_date)?;
    let months = whole_months(f.from_date, f.to_date)?;
    for (name, rate) in [("churn_percent", f.churn_percent), ("discount_percent", f.discount_percent)] {
        if rate.is_some_and(|r| r.is_negative() || r.get() > Decimal::ONE_HUNDRED) {
            return Err(NOT_A_PERCENTAGE.at(vec![FieldError::parameter(name, NOT_A_PERCENTAGE.code, "Between 0 and 100.")]));
        }
    }
    let company = cx.find::<Company>(f.company_id)?;
    let model = f.model.unwrap_or(ClvModel::Historic);
    let before = f.from_date.checked_sub_months(Months::new(months.unsigned_abs())).zip(f.from_date.pred_opt());
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base: None, party: f.party_id };
    let facts = questions::customer_facts(cx, &ask)?;
    let customers = Decimal::from(facts.buyers);
    let per = |divisor: Decimal| if facts.buyers == 0 { None } else { Some(facts.margin().get() / divisor) };
    let monthly = per(customers * Decimal::from(months));
    let churn = match (model, f.churn_percent) {
        (ClvModel::Historic, _) => None,
        (_, Some(given)) => Some(given),
        // nobody alone has a churn: that of all customers stands for it
        (_, None) => questions::customer_facts(cx, &SalesAsk { base: before, party: None, ..ask })?.monthly_churn(months)?,
    };
    let discount = f.discount_percent.unwrap_or(Rate::ONE);
    let basis = if model == ClvModel::Historic { per(customers) } else { monthly };
    let (value, with_first) = match (basis, churn, model) {
        (Some(basis), None, ClvModel::Historic) => lifetime_value(model, basis, Rate::ZERO, discount, &company)?,
        (Some(basis), Some(churn), _) => lifetime_value(model, basis, churn, discount, &company)?,
        _ => (None, None),
    };
    Ok(ClvMetric {
        definition: definition(model),
        model,
        numerator: side("margin of the observed months", facts.buyers, facts.margin(), list(&ask, CustomerState::Buyers)),
        denominator: side("customers with an invoice in them", facts.buyers, facts.revenue, list(&ask, CustomerState::Buyers)),
        months,
        monthly_margin_amount: monthly.map(|m| company.round(m)).transpose()?,
        churn_percent: churn,
        discount_percent: (model == ClvModel::Discounted).then_some(discount),
        clv_amount: value,
        clv_with_first_month_amount: with_first,
        currency: company.currency,
    })
}

fn definition(model: ClvModel) -> String {
    let how = match model {
        ClvModel::Historic => "the margin of the observed months for each customer with an invoice in them",
        ClvModel::Simple => "m ÷ churn, with m the margin of a customer in a month",
        ClvModel::Discounted => {
            "m × r ÷ (1 + d − r) with margin at the end of each month, and m × (1 + d) ÷ (1 + d − r) with the first month at once; m the \
             margin of a customer in a month, r = 1 − churn, d the discount of a month"
        }
    };
    format!(
        "{how}. {BOUGHT} Margin is revenue less cost. Where it is not given, churn is the customers with sales in the months before and \
         none in the observed ones, of the former, divided by the number of months. Computed unrounded, rounded once"
    )
}
