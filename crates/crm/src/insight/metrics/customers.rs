//! Metrics of customers. The back office answers what they bought, summed; the domain computes. What lies behind a figure is
//! listed by `insight/metrics/customers`.

use std::collections::BTreeMap;

use domain::crm::figures::MetricSide;
use domain::directory::companies::Company;
use domain::directory::parties::Party;
use domain::insight::metrics::WRONG_RANGE;
use domain::insight::metrics::check_range;
use domain::insight::metrics::customers::*;
use domain::insight::metrics::customers::{CustomerFacts, FiguresOfCustomers, ScoresOfCustomers};
use domain::insight::metrics::groups::{MOST_GROUPS, MetricComparison, Parts, compared};
use domain::insight::metrics::percent;
use platform::prelude::*;

use crate::insight::metrics::customer_groups::{Groups, everybody, histories};

pub fn operations(t: &mut Table) {
    let tag = "insight/metrics";
    t.report("insight/metrics/customers", customers, CUSTOMERS).fails(&[WRONG_RANGE, TOO_MANY_CUSTOMERS]).counts_all(PARTIES).tag =
        tag.into();
    t.report("insight/metrics/retention", retention, RETENTION).fails(&[WRONG_RANGE, TOO_MANY_CUSTOMERS]).counts_all(PARTIES).tag =
        tag.into();
    t.report("insight/metrics/repeat-rate", repeat_rate, REPEAT).fails(&[WRONG_RANGE]).counts_all(PARTIES).tag = tag.into();
    t.report("insight/metrics/rfm", rfm, RFM).fails(&[WRONG_RANGE]).counts_all(PARTIES).tag = tag.into();
}

/// Customers are counted one by one or together, whoever looks after them.
pub(crate) const PARTIES: &[&str] = &["directory.parties"];

const CUSTOMERS: &str = "Get what customers bought. By customer, in a period and a base period, with margin and scores; the list behind \
the metrics of customers.";
const RETENTION: &str = "Get who and what was kept. Customers of a base period and what they bought in a later one: logo retention, gross \
revenue retention, never above 100 percent, and net revenue retention. New customers never count.";
const REPEAT: &str = "Get how many customers buy again. Those with at least two invoices of those with at least one.";
const RFM: &str = "Get how lately, how often and for how much customers bought. Each in fifths of the customers who bought in the period.";
pub(crate) const BOUGHT: &str = "Revenue is what was posted to income accounts by invoices less credit notes, before tax, in the company's currency; \
cost is that of the goods delivered less those returned, in as far as they are billed.";

pub(crate) fn side(text: &str, count: i64, amount: Amount, drill_down: String) -> MetricSide {
    MetricSide { text: text.into(), count, amount, drill_down: Some(drill_down) }
}

/// The list of customers of a question.
pub(crate) fn list(ask: &SalesAsk, state: CustomerState) -> String {
    let mut path =
        format!("/v1/insight/metrics/customers?company_id={}&from_date={}&to_date={}&state={state}", ask.company, ask.from, ask.to);
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
    let party = f.party_id.map(|id| cx.find_survivor::<Party>(id)).transpose()?.map(|p| p.id);
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base, party };
    let which = CustomerNarrow { any: false, state: f.state, recency: f.recency, frequency: f.frequency, monetary: f.monetary };
    let limit = i64::from(f.limit.unwrap_or(50).clamp(1, 200));
    let (mut customers, total_count) = match (f.group_by, f.is_first_purchase) {
        (None, None) => cx.ask::<FiguresOfCustomers>((&ask, &which, f.after, limit + 1))?,
        _ => picked(cx, &ask, which, &f)?,
    };
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

/// The customers of a group, or those new in the period: looked at one by one.
fn picked(cx: &mut Cx, ask: &SalesAsk, which: CustomerNarrow, f: &CustomerFiguresFilter) -> Result<(Vec<CustomerFigures>, i64)> {
    let (mut all, _) = cx.ask::<FiguresOfCustomers>((ask, &which, None, MOST_CUSTOMERS + 1))?;
    if all.len() as i64 > MOST_CUSTOMERS {
        return Err(TOO_MANY_CUSTOMERS.with("Ask for fewer days, or without a group."));
    }
    if let Some(by) = f.group_by {
        let groups = Groups::load(cx, ask.company, by, ask.to)?;
        let wanted = if f.ungrouped == Some(true) { None } else { f.group.clone() };
        if wanted.is_some() || f.ungrouped == Some(true) {
            all.retain(|c| groups.of(c.party_id).contains(&wanted));
        }
    }
    if let Some(first) = f.is_first_purchase {
        let new: std::collections::BTreeSet<_> =
            histories(cx, ask.company, ask.to)?.into_iter().filter(|h| h.first_date >= ask.from).map(|h| h.party_id).collect();
        all.retain(|c| new.contains(&c.party_id) == first);
    }
    let total = all.len() as i64;
    all.retain(|c| f.after.is_none_or(|after| c.party_id > after));
    Ok((all, total))
}

/// The figures of retention, with the lists of customers narrowed by `more`.
fn retained(company: &Company, ask: &SalesAsk, facts: &SalesFacts, more: &str) -> Result<RetentionFigures> {
    let [logo, gross, net] = facts.retention()?;
    let list = |state| format!("{}{more}", list(ask, state));
    Ok(RetentionFigures {
        currency: company.currency.clone(),
        numerator: side("customers kept, and what they bought in the period", facts.kept, facts.kept_revenue, list(CustomerState::Kept)),
        denominator: side(
            "customers of the base period, and what they bought in it",
            facts.base_customers,
            facts.base_revenue,
            list(CustomerState::Base),
        ),
        logo_retention_percent: logo,
        gross_revenue_retention_percent: gross,
        net_revenue_retention_percent: net,
        lost_amount: facts.base_revenue - facts.capped_revenue,
        expansion_amount: facts.kept_revenue - facts.capped_revenue,
    })
}

/// Customers one by one in their groups, those with the most first.
pub(crate) fn in_groups(groups: &Groups, rows: Vec<CustomerFigures>) -> BTreeMap<Option<String>, Vec<CustomerFigures>> {
    let mut out: BTreeMap<Option<String>, Vec<CustomerFigures>> = BTreeMap::new();
    for row in rows {
        for key in groups.of(row.party_id) {
            out.entry(key).or_default().push(row.clone());
        }
    }
    out
}

fn retention(cx: &mut Cx, f: RetentionFilter) -> Result<RetentionMetric> {
    check_range(f.base_from_date, f.base_to_date)?;
    check_range(f.from_date, f.to_date)?;
    let company = cx.find::<Company>(f.company_id)?;
    let base = (f.base_from_date, f.base_to_date);
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base: Some(base), party: None };
    let earlier = f.compare.map(|with| match with {
        MetricComparison::PreviousPeriod => SalesAsk { from: base.0, to: base.1, base: Some(compared(base.0, base.1, with)), ..ask },
        MetricComparison::PreviousYear => {
            let (from, to) = compared(ask.from, ask.to, with);
            SalesAsk { from, to, base: Some(compared(base.0, base.1, with)), ..ask }
        }
    });
    let mut parts = Parts {
        total: retained(&company, &ask, &cx.ask::<CustomerFacts>(&ask)?, "")?,
        previous: match &earlier {
            Some(a) => Some((a.from, a.to, retained(&company, a, &cx.ask::<CustomerFacts>(a)?, "")?)),
            None => None,
        },
        groups: Vec::new(),
        group_count: 0,
    };
    if let Some(by) = f.group_by {
        let groups = Groups::load(cx, company.id, by, f.to_date)?;
        let now = in_groups(&groups, everybody(cx, &ask, None)?);
        let then = match &earlier {
            Some(a) => in_groups(&groups, everybody(cx, a, None)?),
            None => BTreeMap::new(),
        };
        let mut keys: Vec<(SalesFacts, &Option<String>)> = now.iter().map(|(key, rows)| (SalesFacts::of(rows), key)).collect();
        keys.retain(|(facts, _)| facts.base_customers > 0);
        keys.sort_by_key(|(facts, key)| (-facts.base_customers, (*key).clone()));
        parts.group_count = keys.len() as i64;
        for (facts, key) in keys.into_iter().take(MOST_GROUPS) {
            let more = groups.path(key);
            let before = match &earlier {
                Some(a) => Some(retained(&company, a, &SalesFacts::of(then.get(key).into_iter().flatten()), &more)?),
                None => None,
            };
            parts.groups.push((groups.named(key), retained(&company, &ask, &facts, &more)?, before));
        }
    }
    let definition = format!(
        "{BOUGHT} Logo retention is customers with sales in both periods of those with sales in the base period; gross revenue retention \
         the sales to them, each no more than before, of the sales of the base period; net revenue retention the sales to them in full of \
         the same. Customers without sales in the base period count nowhere, and groups without such customers are left out"
    );
    Ok(RetentionFigures::answer(&definition, parts))
}

fn period(cx: &mut Cx, f: &CustomerPeriod) -> Result<(Company, SalesAsk)> {
    check_range(f.from_date, f.to_date)?;
    let company = cx.find::<Company>(f.company_id)?;
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base: None, party: None };
    Ok((company, ask))
}

fn repeat_rate(cx: &mut Cx, f: CustomerPeriod) -> Result<RepeatRateMetric> {
    let (_, ask) = period(cx, &f)?;
    let facts = cx.ask::<CustomerFacts>(&ask)?;
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
    let found = cx.ask::<ScoresOfCustomers>(&ask)?;
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
