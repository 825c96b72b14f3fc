//! What is learnt from all customers of a company about how long and how often they buy, and for how much: kept, so that no
//! reader has to learn it again, and tried on histories of one's own.

use crate::ids::ClvFitId;
use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::CompanyId;
use crate::insight::clv::buying_models::{Alike, BgNbd, GammaGamma, History, Spend, alike};
use crate::insight::metrics::customers::PurchaseHistory;
use crate::kernel::{Amount, Code, Decimals, Findings, Rate, Result, problems, round_to};

/// The company has no fit yet.
pub const NOT_FITTED: Code = Code::conflict("clv_fit.none", "Nothing was learnt of the company's customers yet.");
/// The histories teach nothing.
pub const NO_FIT: Code = Code::invalid("clv_fit.no_fit", "No model fits these histories.");
/// A history is impossible.
pub const WRONG_HISTORY: Code =
    Code::invalid("clv_fit.wrong_history", "The last purchase is after the first and not after today, and at once without a repeat.");
/// Customers that a fit needs at least.
pub const FEWEST: usize = 10;
/// Days of a week: the unit of the models.
const WEEK: f64 = 7.0;

/// The BG/NBD model of purchases; time in weeks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PurchaseParameters {
    /// Shape of the rates of purchase.
    pub r: Rate,
    /// Scale of the rates of purchase, in weeks.
    pub alpha: Rate,
    /// First shape of the probability to leave after a purchase.
    pub a: Rate,
    /// Second shape of it.
    pub b: Rate,
    /// Logarithm of the likelihood of all histories, four places.
    pub log_likelihood: Rate,
    /// Whether a parameter lies at the bound of the search: the customers differ less than the model can tell.
    pub is_at_bound: bool,
}

/// The Gamma-Gamma model of what a purchase brings, in the company's currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MarginParameters {
    /// Shape of what a purchase brings.
    pub p: Rate,
    /// Shape of the differences between customers.
    pub q: Rate,
    /// Scale of the differences between customers.
    pub v: Rate,
    /// Whether a parameter lies at the bound of the search.
    pub is_at_bound: bool,
}

/// What was learnt of the customers of a company on a day. It never changes; the latest speaks.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClvFit {
    /// The id.
    pub id: ClvFitId,
    /// The company.
    pub company_id: CompanyId,
    /// The day until which invoices were looked at.
    pub as_of_date: NaiveDate,
    /// Customers learnt from.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub customers: i64,
    /// Those of them who bought again.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub repeat_customers: i64,
    /// How they buy.
    pub purchases: PurchaseParameters,
    /// What a purchase brings; null where too few brought anything.
    #[schema(required)]
    pub margins: Option<MarginParameters>,
    /// When it was learnt.
    pub created_at: DateTime<Utc>,
    /// Always 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated ClvFit, ClvFitId, "clv_fit", company: |f| Some(f.company_id) }

/// Whose customers to learn from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FitClv {
    /// The company.
    pub company_id: CompanyId,
}

/// The purchases of a customer.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerHistory {
    /// Purchases after the first one.
    #[schema(minimum = 0, maximum = 100000)]
    pub frequency: i64,
    /// From the first purchase to the last one, in weeks; zero without a repeat.
    pub recency: Rate,
    /// From the first purchase until now, in weeks.
    pub age: Rate,
    /// What a purchase after the first one brought on average; no purchase after the first counts when left out.
    #[serde(default)]
    pub mean_amount: Option<Amount>,
}

/// Histories to try the models on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateClv {
    /// The histories; learnt from, and the first of them foretold.
    #[schema(min_items = 10, max_items = 20000)]
    pub histories: Vec<CustomerHistory>,
    /// Weeks to foretell; 52 when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 520)]
    pub weeks: Option<i32>,
    /// How many of the histories to foretell, the first of them; 100 when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    pub foretell: Option<i32>,
}

/// What the models expect of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CustomerExpectation {
    /// How likely the customer has not left, in percent, two places.
    pub p_alive_percent: Rate,
    /// Purchases expected in the weeks to come, four places.
    pub purchases: Rate,
    /// What a purchase is expected to bring, two places; null without a model of it or without a repeat purchase.
    #[schema(required)]
    pub mean_amount: Option<Amount>,
}

/// What the models make of histories; nothing is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClvSimulation {
    /// How customers buy.
    pub purchases: PurchaseParameters,
    /// What a purchase brings; null where too few have an amount above zero.
    #[schema(required)]
    pub margins: Option<MarginParameters>,
    /// Weeks foretold.
    #[schema(minimum = 1, maximum = 520)]
    pub weeks: i32,
    /// What is expected of the first histories, in their order.
    #[schema(max_items = 1000)]
    pub expectations: Vec<CustomerExpectation>,
}

fn real(value: impl Into<Decimal>) -> f64 {
    value.into().to_f64().unwrap_or_default()
}

fn rate(value: f64, places: u32) -> Result<Rate> {
    let value = Decimal::from_f64(value).ok_or(problems::amount_out_of_range)?;
    Rate::exact(round_to(value, places))
}

fn weeks(days: i64) -> f64 {
    days as f64 / WEEK
}

impl PurchaseParameters {
    fn of((model, is_at_bound): (BgNbd, bool), rows: &[Alike]) -> Result<Self> {
        let likelihood = rate(model.log_likelihood(rows), 4)?;
        Ok(Self {
            r: rate(model.r, 10)?,
            alpha: rate(model.alpha, 10)?,
            a: rate(model.a, 10)?,
            b: rate(model.b, 10)?,
            log_likelihood: likelihood,
            is_at_bound,
        })
    }
    fn model(&self) -> BgNbd {
        BgNbd { r: real(self.r.get()), alpha: real(self.alpha.get()), a: real(self.a.get()), b: real(self.b.get()) }
    }
}

impl MarginParameters {
    fn of((model, is_at_bound): (GammaGamma, bool)) -> Result<Self> {
        Ok(Self { p: rate(model.p, 10)?, q: rate(model.q, 10)?, v: rate(model.v, 10)?, is_at_bound })
    }
    fn model(&self) -> GammaGamma {
        GammaGamma { p: real(self.p.get()), q: real(self.q.get()), v: real(self.v.get()) }
    }
}

/// The models of histories and of what purchases brought. Fails with [`NO_FIT`].
fn learn(histories: &[History], spends: &[Spend]) -> Result<(PurchaseParameters, Option<MarginParameters>)> {
    let repeats = histories.iter().filter(|h| h.frequency > 0.0).count();
    if histories.len() < FEWEST || repeats < 2 {
        return Err(NO_FIT.with(format!("It takes {FEWEST} customers, and two of them who bought again.")));
    }
    let rows = alike(histories);
    let none = || NO_FIT.with("The search for the most likely model comes to nothing.");
    let purchases = BgNbd::fit(&rows).ok_or_else(none)?;
    let purchases = PurchaseParameters::of(purchases, &rows).map_err(|_| none())?;
    let margins = match spends.len() < FEWEST {
        true => None,
        false => GammaGamma::fit(spends).map(MarginParameters::of).transpose().ok().flatten(),
    };
    Ok((purchases, margins))
}

/// What purchases of a customer brought on average, when that is above zero.
fn spend(purchases: i64, mean: f64) -> Option<Spend> {
    (purchases > 0 && mean > 0.0).then_some(Spend { purchases: purchases as f64, mean })
}

/// Tries the models on histories. Fails with [`WRONG_HISTORY`] and [`NO_FIT`].
pub fn simulate(asked: &SimulateClv) -> Result<ClvSimulation> {
    let mut found = Findings::default();
    for (i, h) in asked.histories.iter().enumerate() {
        let (recency, age) = (h.recency.get(), h.age.get());
        let fits = recency >= Decimal::ZERO && age > Decimal::ZERO && recency <= age && (h.frequency > 0 || recency.is_zero());
        if !fits {
            found.add(WRONG_HISTORY, format!("/histories/{i}"), format!("{recency} of {age} weeks with {} repeats.", h.frequency));
        }
    }
    found.done()?;
    let history = |h: &CustomerHistory| History { frequency: h.frequency as f64, recency: real(h.recency.get()), age: real(h.age.get()) };
    let mean = |h: &CustomerHistory| h.mean_amount.and_then(|m| spend(h.frequency, real(m.get())));
    let histories: Vec<History> = asked.histories.iter().map(history).collect();
    let spends: Vec<Spend> = asked.histories.iter().filter_map(mean).collect();
    let (purchases, margins) = learn(&histories, &spends)?;
    let (span, first) = (asked.weeks.unwrap_or(52), asked.foretell.unwrap_or(100));
    let (buying, bringing) = (purchases.model(), margins.as_ref().map(MarginParameters::model));
    let mut expectations = Vec::new();
    for h in asked.histories.iter().take(usize::try_from(first).unwrap_or_default()) {
        let of = history(h);
        let endless = || NO_FIT.with("The expectation of a history does not come to an end.");
        let brings = bringing.zip(mean(h)).and_then(|(model, spend)| model.expected(&spend));
        expectations.push(CustomerExpectation {
            p_alive_percent: rate(buying.p_alive(&of) * 100.0, 2)?,
            purchases: rate(buying.expected(&of, f64::from(span)).ok_or_else(endless)?, 4)?,
            mean_amount: brings.map(|m| money(m, 2)).transpose()?,
        });
    }
    Ok(ClvSimulation { purchases, margins, weeks: span, expectations })
}

/// An amount from statistics, rounded half away from zero.
fn money(value: f64, places: u32) -> Result<Amount> {
    Amount::try_from(round_to(Decimal::from_f64(value).ok_or(problems::amount_out_of_range)?, places))
}

/// What is expected of a customer: the probability to be alive and the churn risk in percent, the purchases to come, what
/// each brings, and both together, unrounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    pub p_alive_percent: Rate,
    pub churn_risk_percent: Rate,
    pub purchases: Rate,
    pub mean_margin: Decimal,
    pub margin: Decimal,
}

impl PurchaseHistory {
    /// As the models see it on a day: repeat purchases, and weeks.
    fn seen(&self, today: NaiveDate) -> History {
        History {
            frequency: (self.purchase_days - 1).max(0) as f64,
            recency: weeks((self.last_date - self.first_date).num_days()),
            age: weeks((today - self.first_date).num_days()),
        }
    }
    fn spent(&self) -> Option<Spend> {
        let mean = real(self.margin().get()) / self.purchase_days.max(1) as f64;
        spend(self.purchase_days, mean)
    }
}

impl ClvFit {
    /// What these histories teach on a day. Customers who first bought on that day are too young to teach anything. Fails
    /// with [`NO_FIT`].
    pub fn of(id: ClvFitId, company: CompanyId, customers: &[PurchaseHistory], today: NaiveDate, now: DateTime<Utc>) -> Result<Self> {
        let old: Vec<&PurchaseHistory> = customers.iter().filter(|c| c.first_date < today).collect();
        let histories: Vec<History> = old.iter().map(|c| c.seen(today)).collect();
        let spends: Vec<Spend> = old.iter().filter_map(|c| c.spent()).collect();
        let (purchases, margins) = learn(&histories, &spends)?;
        Ok(Self {
            id,
            company_id: company,
            as_of_date: today,
            customers: histories.len() as i64,
            repeat_customers: histories.iter().filter(|h| h.frequency > 0.0).count() as i64,
            purchases,
            margins,
            created_at: now,
            version: 1,
        })
    }
    /// Whether it can tell who has left. At its bound it may say that nobody, or everybody, ever leaves after a purchase: that is
    /// no knowledge of a customer.
    pub fn tells_leaving(&self) -> bool {
        let (a, b) = (real(self.purchases.a.get()), real(self.purchases.b.get()));
        !self.purchases.is_at_bound || (0.001..=0.999).contains(&(a / (a + b)))
    }
    /// What is expected of a customer in the days to come. Where the model of margins says nothing, a purchase brings what
    /// the customer's own brought on average. Probabilities are rounded to two places, purchases to four; fails with
    /// [`NO_FIT`] when the expectation does not come to an end.
    pub fn expect(&self, customer: &PurchaseHistory, today: NaiveDate, days: i32) -> Result<Expectation> {
        let (model, history) = (self.purchases.model(), customer.seen(today));
        let alive = rate(model.p_alive(&history) * 100.0, 2)?;
        let expected = model.expected(&history, weeks(days.into()));
        let expected = expected.ok_or_else(|| NO_FIT.with("The expectation does not come to an end."))?;
        let own = customer.margin().get() / Decimal::from(customer.purchase_days.max(1));
        let modelled = self.margins.as_ref().zip(customer.spent()).and_then(|(m, s)| m.model().expected(&s));
        let mean = modelled.and_then(Decimal::from_f64).unwrap_or(own);
        let purchases = rate(expected, 4)?;
        Ok(Expectation {
            p_alive_percent: alive,
            churn_risk_percent: Rate::exact(Decimal::ONE_HUNDRED - alive.get())?,
            purchases,
            mean_margin: mean,
            margin: Decimal::from_f64(expected).unwrap_or_default() * mean,
        })
    }
}

#[cfg(test)]
mod tests;
