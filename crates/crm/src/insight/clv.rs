//! Lifetime values: of all customers, of groups of them, of one. The back office answers what they bought and what it cost;
//! the domain computes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Months, NaiveDate};
use domain::crm::campaign_names;
use domain::directory::companies::Company;
use domain::directory::parties::Party;
use domain::identity::visibility::FieldClass;
use domain::ids::{AccountId, PartyId};
use domain::insight::clv::{Acquisition, ClvFilter, ClvGroup, ClvMetric, CustomerOutlook, HORIZON_DAYS, PartyClv, PartyClvFilter, Won};
use domain::insight::clv_fits::{ClvFit, NO_FIT, NOT_FITTED};
use domain::insight::metrics::customers::{AcquisitionCosts, CustomerFacts, PurchaseHistories};
use domain::insight::metrics::customers::{
    ClvModel, CustomerGrouping, CustomerState, NOT_A_PERCENTAGE, NOT_WHOLE_MONTHS, PurchaseHistory, SalesAsk, SalesFacts, Spending,
    TOO_MANY_CUSTOMERS, lifetime_value, whole_months,
};
use domain::insight::metrics::groups::MOST_GROUPS;
use domain::insight::metrics::{LONGEST_RANGE, WRONG_RANGE, check_range};
use domain::kernel::Decimal;
use persistence::insight::clv_fits as rows;
use platform::bad_parameter;
use platform::prelude::*;

use crate::insight::metrics::customer_groups::{Groups, everybody, histories, month};
use crate::insight::metrics::customers::{BOUGHT, PARTIES, in_groups, list, side};

/// The permission to see what one customer is worth: it tells margins.
pub(crate) const SEE: &str = "directory.parties.clv.read";

pub fn operations(t: &mut Table) {
    let of_all = &[WRONG_RANGE, NOT_WHOLE_MONTHS, NOT_A_PERCENTAGE, NOT_FITTED, NO_FIT, TOO_MANY_CUSTOMERS, problems::amount_out_of_range];
    t.report("insight/metrics/clv", clv, CLV).fails(of_all).counts_all(PARTIES).tag = "insight/metrics".into();
    t.masked::<ClvMetric>(FieldClass::Margin, &WORTH);
    t.masked::<PartyClv>(FieldClass::Margin, &WORTH_OF_ONE);
    let mut n = t.noun::<Party>("directory/parties", "People and organisations the company deals with.");
    n.view("clv", of_party, PARTY_CLV).permission(SEE).fails(&[
        NOT_A_PERCENTAGE,
        NOT_FITTED,
        NO_FIT,
        problems::amount_out_of_range,
        problems::beyond_reach,
    ]);
}

/// What tells a margin.
const WORTH: [&str; 12] = [
    "numerator",
    "monthly_margin_amount",
    "clv_amount",
    "clv_with_first_month_amount",
    "acquisition.clv_to_cac",
    "acquisition.payback_months",
    "groups.numerator",
    "groups.monthly_margin_amount",
    "groups.clv_amount",
    "groups.clv_with_first_month_amount",
    "groups.acquisition.clv_to_cac",
    "groups.acquisition.payback_months",
];
const WORTH_OF_ONE: [&str; 6] = [
    "numerator",
    "clv_amount",
    "clv_with_first_month_amount",
    "monthly_margin_amount",
    "outlook.expected_purchase_margin_amount",
    "outlook.expected_margin_amount",
];

const CLV: &str = "Get what a customer is worth. On margin, not on revenue: so far, by margin and churn, discounted, or expected by the \
models of purchases; with the conventions of the model, what it cost to win customers, how often the value covers that, and the months \
of margin that do.";
const PARTY_CLV: &str = "Get what one customer is worth. On margin, not on revenue: to date, by margin and churn, discounted, or expected \
by the models of purchases. The outlook says how likely the customer has not left, whatever the model, once something was learnt of the \
company's customers.";

fn check_percentages(given: [(&str, Option<Rate>); 2]) -> Result<()> {
    for (name, rate) in given {
        if rate.is_some_and(|r| r.is_negative() || r.get() > Decimal::ONE_HUNDRED) {
            return Err(NOT_A_PERCENTAGE.at(vec![FieldError::parameter(name, NOT_A_PERCENTAGE.code, "Between 0 and 100.")]));
        }
    }
    Ok(())
}

/// The months right before, as many.
fn months_before(from: NaiveDate, months: i32) -> Option<(NaiveDate, NaiveDate)> {
    from.checked_sub_months(Months::new(months.unsigned_abs())).zip(from.pred_opt())
}

fn fitted(cx: &mut Cx, company: &Company) -> Result<ClvFit> {
    rows::latest(cx.db(), company.id)?.ok_or_else(|| NOT_FITTED.with("Learn from the customers first: POST /v1/insight/clv-fits/fit."))
}

/// How a value is made of what customers did.
struct Way<'a> {
    company: &'a Company,
    model: ClvModel,
    months: i32,
    discount: Rate,
    churn_given: Option<Rate>,
}

/// A value and what it was made of.
#[derive(Default)]
struct Value {
    monthly: Option<Decimal>,
    churn: Option<Rate>,
    clv: Option<Amount>,
    with_first: Option<Amount>,
}

impl Way<'_> {
    /// The value of customers: `expected` is what bgnbd expects of all of them.
    fn value(&self, facts: &SalesFacts, churn: impl FnOnce() -> Result<Option<Rate>>, expected: Option<Decimal>) -> Result<Value> {
        let customers = Decimal::from(facts.buyers);
        let per = |sum: Decimal, divisor: Decimal| if facts.buyers == 0 { None } else { Some(sum / divisor) };
        let monthly = per(facts.margin().get(), customers * Decimal::from(self.months));
        let (basis, churn) = match self.model {
            ClvModel::Historic => (per(facts.margin().get(), customers), None),
            ClvModel::Bgnbd => (expected.and_then(|e| per(e, customers)), None),
            ClvModel::Simple | ClvModel::Discounted => match self.churn_given {
                Some(given) => (monthly, Some(given)),
                None => (monthly, churn()?),
            },
        };
        let (clv, with_first) = match (basis, churn, self.model) {
            (Some(basis), None, ClvModel::Historic | ClvModel::Bgnbd) => {
                lifetime_value(self.model, basis, Rate::ZERO, self.discount, self.company)?
            }
            (Some(basis), Some(churn), _) => lifetime_value(self.model, basis, churn, self.discount, self.company)?,
            _ => (None, None),
        };
        Ok(Value { monthly, churn, clv, with_first })
    }
    fn rounded(&self, amount: Option<Decimal>) -> Result<Option<Amount>> {
        amount.map(|a| self.company.round(a)).transpose()
    }
}

fn clv(cx: &mut Cx, mut f: ClvFilter) -> Result<ClvMetric> {
    check_range(f.from_date, f.to_date)?;
    let months = whole_months(f.from_date, f.to_date)?;
    check_percentages([("churn_percent", f.churn_percent), ("discount_percent", f.discount_percent)])?;
    let accounts = accounts(f.cac_account_ids.as_deref())?;
    let company = cx.find::<Company>(f.company_id)?;
    let model = f.model.unwrap_or(ClvModel::Historic);
    let discount = f.discount_percent.unwrap_or(Rate::ONE);
    let way = Way { company: &company, model, months, discount, churn_given: f.churn_percent };
    f.party_id = f.party_id.map(|id| cx.find_survivor::<Party>(id)).transpose()?.map(|p| p.id);
    let ask = SalesAsk { company: company.id, from: f.from_date, to: f.to_date, base: None, party: f.party_id };
    let with_base = SalesAsk { base: months_before(f.from_date, months), ..ask };
    let fit = match model {
        ClvModel::Bgnbd => Some(fitted(cx, &company)?),
        _ => None,
    };
    // one by one only where something must be known of each
    let bought = match f.party_id {
        Some(_) if model != ClvModel::Bgnbd => Vec::new(),
        _ => histories(cx, company.id, f.to_date)?,
    };
    let today = cx.today(&company);
    let expected = match &fit {
        Some(fit) => expectations(fit, &bought, today.max(f.to_date), f.horizon_days.unwrap_or(HORIZON_DAYS))?,
        None => BTreeMap::new(),
    };
    let rows = match f.group_by.is_some() || fit.is_some() {
        true => everybody(cx, &with_base, None)?.into_iter().filter(|c| f.party_id.is_none_or(|p| p == c.party_id)).collect(),
        false => Vec::new(),
    };
    let sum_of = |rows: &[domain::insight::metrics::customers::CustomerFigures]| {
        let buyers = rows.iter().filter(|c| c.invoice_count > 0);
        fit.as_ref().map(|_| buyers.filter_map(|c| expected.get(&c.party_id)).copied().sum::<Decimal>())
    };
    let facts = cx.ask::<CustomerFacts>(&ask)?;
    // nobody alone has a churn: that of all customers stands for it
    let churn = |cx: &mut Cx| cx.ask::<CustomerFacts>(&SalesAsk { party: None, ..with_base })?.monthly_churn(months);
    let spent = match f.party_id {
        Some(_) => Vec::new(),
        None => cx.ask::<AcquisitionCosts>((company.id, (f.from_date, f.to_date), &accounts))?,
    };
    let total = sum_of(&rows);
    let value = way.value(&facts, || churn(cx), total)?;
    let text = definition(model, f.horizon_days.unwrap_or(HORIZON_DAYS));
    let costs = Costs { ask: &ask, accounts: &accounts, spent: &spent, bought: &bought, company: &company };
    let made_of = |facts: &SalesFacts, expected: Option<Decimal>| -> Result<Amount> {
        match expected {
            Some(e) => company.round(e),
            None => Ok(facts.margin()),
        }
    };
    let buyers = |more: &str| format!("{}{more}", list(&ask, CustomerState::Buyers));
    let mut groups = Vec::new();
    let mut group_count = 0;
    if let Some(by) = f.group_by {
        let known = Groups::load(cx, company.id, by, f.to_date)?;
        let mut parts: Vec<_> = in_groups(&known, rows).into_iter().map(|(key, rows)| (SalesFacts::of(&rows), key, rows)).collect();
        parts.retain(|(facts, ..)| facts.buyers > 0);
        parts.sort_by_key(|(facts, key, _)| (-facts.buyers, key.clone()));
        group_count = parts.len() as i64;
        for (facts, key, rows) in parts.into_iter().take(MOST_GROUPS) {
            let expected = sum_of(&rows);
            let value = way.value(&facts, || facts.monthly_churn(months), expected)?;
            let more = known.path(&key);
            groups.push(ClvGroup {
                group: known.named(&key),
                definition: text.clone(),
                numerator: side(numerator(model), facts.buyers, made_of(&facts, expected)?, buyers(&more)),
                denominator: side("customers with an invoice in them", facts.buyers, facts.revenue, buyers(&more)),
                monthly_margin_amount: way.rounded(value.monthly)?,
                churn_percent: value.churn,
                clv_amount: value.clv,
                clv_with_first_month_amount: value.with_first,
                acquisition: costs.of_group(by, key.as_deref(), &known, &value)?,
            });
        }
    }
    let acquisition = match f.party_id {
        Some(_) => None,
        None => Some(costs.figures(|_, _| true, (f.from_date, f.to_date), !accounts.is_empty(), |_| true, "", &value)?),
    };
    Ok(ClvMetric {
        numerator: side(numerator(model), facts.buyers, made_of(&facts, total)?, buyers("")),
        denominator: side("customers with an invoice in them", facts.buyers, facts.revenue, buyers("")),
        definition: text,
        model,
        months,
        monthly_margin_amount: way.rounded(value.monthly)?,
        churn_percent: value.churn,
        discount_percent: (model == ClvModel::Discounted).then_some(discount),
        clv_amount: value.clv,
        clv_with_first_month_amount: value.with_first,
        clv_fit_as_of_date: fit.as_ref().map(|f| f.as_of_date),
        clv_fit_is_at_bound: fit.as_ref().map(|f| f.purchases.is_at_bound),
        clv_fit_id: fit.map(|f| f.id),
        acquisition,
        groups,
        group_count,
        currency: company.currency.clone(),
    })
}

fn accounts(given: Option<&str>) -> Result<Vec<AccountId>> {
    let parse = |id: &str| id.parse::<AccountId>().map_err(|_| bad_parameter("cac_account_ids", format!("{id:?} is no id of an account.")));
    given.map_or_else(|| Ok(Vec::new()), |ids| ids.split(',').map(parse).collect())
}

/// The margin expected of each customer, unrounded.
fn expectations(fit: &ClvFit, bought: &[PurchaseHistory], today: NaiveDate, days: i32) -> Result<BTreeMap<PartyId, Decimal>> {
    bought.iter().map(|c| Ok((c.party_id, fit.expect(c, today, days)?.margin))).collect()
}

fn numerator(model: ClvModel) -> &'static str {
    match model {
        ClvModel::Bgnbd => "margin expected of the customers with an invoice in the observed months",
        _ => "margin of the observed months",
    }
}

/// What was spent, and who was won by it.
struct Costs<'a> {
    ask: &'a SalesAsk,
    accounts: &'a [AccountId],
    spent: &'a [Spending],
    bought: &'a [PurchaseHistory],
    company: &'a Company,
}

impl Costs<'_> {
    /// Cost and customers of a group; `None` where no cost can be told of it.
    fn of_group(&self, by: CustomerGrouping, key: Option<&str>, groups: &Groups, value: &Value) -> Result<Option<Acquisition>> {
        let Some(key) = key else { return Ok(None) };
        let more = groups.path(&Some(key.to_string()));
        let mine: BTreeSet<PartyId> =
            self.bought.iter().map(|h| h.party_id).filter(|p| groups.of(*p).iter().any(|k| k.as_deref() == Some(key))).collect();
        let whole = (self.ask.from, self.ask.to);
        match by {
            CustomerGrouping::Campaign => {
                let fits = |campaign: &Option<String>, _| campaign.as_deref().map(campaign_names::normal).as_deref() == Some(key);
                self.figures(fits, whole, false, |p| mine.contains(&p), &more, value).map(Some)
            }
            CustomerGrouping::Cohort => {
                let Some(first) = key.parse::<NaiveDate>().ok().filter(|m| *m >= whole.0 && *m <= whole.1) else { return Ok(None) };
                let last = first.checked_add_months(Months::new(1)).and_then(|d| d.pred_opt()).unwrap_or(first);
                let days = (first, last.min(whole.1));
                self.figures(|_, m| m == month(first), days, !self.accounts.is_empty(), |p| mine.contains(&p), &more, value).map(Some)
            }
            CustomerGrouping::Owner | CustomerGrouping::Team | CustomerGrouping::Segment => Ok(None),
        }
    }
    fn figures(
        &self,
        fits: impl Fn(&Option<String>, NaiveDate) -> bool,
        days: (NaiveDate, NaiveDate),
        listed: bool,
        mine: impl Fn(PartyId) -> bool,
        more: &str,
        value: &Value,
    ) -> Result<Acquisition> {
        let spent: Vec<&Spending> = self.spent.iter().filter(|s| fits(&s.0, s.1)).collect();
        let ids: Vec<String> = self.accounts.iter().map(|a| a.to_string()).collect();
        let lines = format!(
            "/v1/accounting/gl-lines?company_id={}&account_id={}&posting_date_gte={}&posting_date_lte={}",
            self.company.id,
            ids.join(","),
            days.0,
            days.1
        );
        let new = self.bought.iter().filter(|h| h.first_date >= self.ask.from && h.first_date <= self.ask.to && mine(h.party_id));
        let won = Won {
            lines: spent.iter().map(|s| s.2).sum(),
            spent: spent.iter().map(|s| s.3).sum(),
            spent_path: listed.then_some(lines),
            new_customers: new.count() as i64,
            new_path: format!("{}&is_first_purchase=true{more}", list(self.ask, CustomerState::Buyers)),
            monthly: value.monthly,
            value: value.clv,
        };
        won.figures(self.company)
    }
}

fn of_party(cx: &mut Cx, id: PartyId, f: PartyClvFilter) -> Result<PartyClv> {
    check_percentages([("churn_percent", f.churn_percent), ("discount_percent", f.discount_percent)])?;
    let party = cx.find_survivor::<Party>(id)?;
    cx.require_on::<Party>(SEE, party.id)?;
    let company = cx.find::<Company>(f.company_id)?;
    let today = cx.today(&company);
    let model = f.model.unwrap_or(ClvModel::Historic);
    let (months, horizon) = (f.months.unwrap_or(12), f.horizon_days.unwrap_or(HORIZON_DAYS));
    let discount = f.discount_percent.unwrap_or(Rate::ONE);
    let way = Way { company: &company, model, months, discount, churn_given: f.churn_percent };
    let bought = cx.ask::<PurchaseHistories>((company.id, today, Some(party.id), 1))?.pop();
    let fit = match model {
        ClvModel::Bgnbd => Some(fitted(cx, &company)?),
        _ => rows::latest(cx.db(), company.id)?,
    };
    let outlook = match (&fit, &bought) {
        (Some(fit), Some(bought)) => Some(outlook(fit, bought, &company, today, horizon)?),
        _ => None,
    };
    let (observed, facts) = match (model, &bought) {
        (ClvModel::Simple | ClvModel::Discounted, _) => {
            let first = month(today).checked_sub_months(Months::new(months.unsigned_abs())).unwrap_or(today);
            let last = month(today).pred_opt().unwrap_or(today);
            let ask = SalesAsk { company: company.id, from: first, to: last, base: None, party: Some(party.id) };
            (ask, cx.ask::<CustomerFacts>(&ask)?)
        }
        (_, Some(bought)) => {
            let ask = SalesAsk { company: company.id, from: bought.first_date, to: today, base: None, party: Some(party.id) };
            (ask, SalesFacts { buyers: 1, revenue: bought.revenue, cost: bought.cost, ..SalesFacts::default() })
        }
        (_, None) => (SalesAsk { company: company.id, from: today, to: today, base: None, party: Some(party.id) }, SalesFacts::default()),
    };
    let churn = |cx: &mut Cx| {
        let base = months_before(observed.from, months);
        cx.ask::<CustomerFacts>(&SalesAsk { party: None, base, ..observed })?.monthly_churn(months)
    };
    let expected = outlook.as_ref().map(|o| o.expected_margin_amount.get()).filter(|_| model == ClvModel::Bgnbd);
    let value = way.value(&facts, || churn(cx), expected)?;
    let amount = match expected {
        Some(e) => company.round(e)?,
        None => facts.margin(),
    };
    let listed = (observed.to - observed.from).num_days() <= LONGEST_RANGE;
    let path = listed.then(|| list(&observed, CustomerState::Buyers));
    let mut numerator = side(numerator_of(model), facts.buyers, amount, String::new());
    let mut denominator = side("the customer, once with invoices", facts.buyers, facts.revenue, String::new());
    (numerator.drill_down, denominator.drill_down) = (path.clone(), path);
    let of_months = matches!(model, ClvModel::Simple | ClvModel::Discounted);
    Ok(PartyClv {
        definition: definition(model, horizon),
        party_id: party.id,
        company_id: company.id,
        as_of_date: today,
        model,
        numerator,
        denominator,
        clv_amount: value.clv,
        clv_with_first_month_amount: value.with_first,
        monthly_margin_amount: way.rounded(value.monthly.filter(|_| of_months))?,
        churn_percent: value.churn,
        discount_percent: (model == ClvModel::Discounted).then_some(discount),
        outlook,
        currency: company.currency.clone(),
    })
}

fn numerator_of(model: ClvModel) -> &'static str {
    match model {
        ClvModel::Historic => "margin to date",
        ClvModel::Simple | ClvModel::Discounted => "margin of the observed months",
        ClvModel::Bgnbd => "margin expected",
    }
}

/// What a fit says of one customer.
pub(crate) fn outlook(fit: &ClvFit, of: &PurchaseHistory, company: &Company, today: NaiveDate, days: i32) -> Result<CustomerOutlook> {
    let expected = fit.expect(of, today, days)?;
    let known = |likelihood: Rate| fit.tells_leaving().then_some(likelihood);
    Ok(CustomerOutlook {
        clv_fit_id: fit.id,
        clv_fit_as_of_date: fit.as_of_date,
        is_at_bound: fit.purchases.is_at_bound,
        repeat_purchases: of.purchase_days - 1,
        recency_days: (of.last_date - of.first_date).num_days(),
        age_days: (today - of.first_date).num_days(),
        p_alive_percent: known(expected.p_alive_percent),
        churn_risk_percent: known(expected.churn_risk_percent),
        horizon_days: days,
        expected_purchases: expected.purchases,
        expected_purchase_margin_amount: company.round(expected.mean_margin)?,
        expected_margin_amount: company.round(expected.margin)?,
    })
}

fn definition(model: ClvModel, days: i32) -> String {
    let how = match model {
        ClvModel::Historic => "the margin so far, of the observed months or of one customer to date, for each customer".into(),
        ClvModel::Simple => "m ÷ churn, with m the margin of a customer in a month".into(),
        ClvModel::Discounted => "m × r ÷ (1 + d − r) with margin at the end of each month, and m × (1 + d) ÷ (1 + d − r) with the first \
                                 month at once; m the margin of a customer in a month, r = 1 − churn, d the discount of a month"
            .to_string(),
        ClvModel::Bgnbd => format!(
            "the margin expected in the next {days} days for each customer: purchases expected by BG/NBD (Fader, Hardie and Lee 2005) with \
             x the days with invoices after the first, t_x the weeks from the first to the last and T those until now, times the margin \
             of a purchase by Gamma-Gamma of the margin so far and the number of purchases; customers without a margin above zero keep \
             their own mean. Not discounted. Invoices credited in full are no purchases. Computed in floating point, amounts rounded at \
             the end half away from zero"
        ),
    };
    format!(
        "{how}. {BOUGHT} Margin is revenue less cost. Where it is not given, churn is the customers with sales in the months before and \
         none in the observed ones, of the former, divided by the number of months. Computed unrounded, rounded once"
    )
}
