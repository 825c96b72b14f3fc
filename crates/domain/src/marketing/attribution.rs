//! Attribution: what each touch of a journey earned. Weights come from the model, money is split by the largest remainder so
//! that the parts sum to the cent, and what changed on a day is split as the difference of two such splits, so that each day
//! sums, too.

pub mod markov;

use std::collections::BTreeMap;

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::crm::figures::MetricSide;
use crate::crm::leads::touches::TouchChannel;
use crate::ids::{AttributionModelId, CampaignId, CompanyId, OpportunityId, PartyId, TouchpointId};
use crate::kernel::{Amount, Code, Decimals, Rate, Result, allocate};
use crate::marketing::attribution_models::{AttributionKind, AttributionModel, NamedWeights};
use crate::marketing::touchpoints::Touchpoint;

crate::string_enum! {
    /// Which money is attributed. All in the company's currency, by the rates of the documents.
    pub enum AttributionBasis {
        /// Amounts of open opportunities, by the day of their creation.
        Pipeline = "pipeline",
        /// Confirmed orders before tax, by their date; where a won opportunity has none, its amount, by the day of its closing.
        Bookings = "bookings",
        /// Posted invoices less credit notes before tax, by their date: what they posted to income accounts.
        Invoiced = "invoiced",
        /// Payments allocated to invoices less those taken back and refunds of credit notes, tax included, by the day they count
        /// for.
        Cash = "cash",
        /// Invoiced less the cost of goods delivered, plus that of goods returned, by the ledger.
        Margin = "margin",
    }
    /// What a report of attribution is grouped by.
    pub enum AttributionGroup {
        /// The campaign; by its name in the marks where it is none of the company's.
        Campaign = "campaign",
        /// By which way the visitor came.
        Channel = "channel",
        /// `utm_source` in normal form.
        Source = "source",
        /// `utm_medium` in normal form.
        Medium = "medium",
        /// The touch itself.
        Touchpoint = "touchpoint",
        /// The deal.
        Deal = "deal",
    }
}

/// The model is of another company.
pub const OTHER_COMPANY: Code = Code::invalid("attribution.other_company", "The model belongs to another company.");

/// Money of a deal that counts for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealFigure {
    pub basis: AttributionBasis,
    pub day: NaiveDate,
    /// In the company's currency.
    pub amount: Amount,
}

/// Which deal a document of the back office belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealOrigin {
    /// The order, or the invoice when it has none.
    pub document: String,
    pub company: CompanyId,
    pub party: PartyId,
    pub opportunity: Option<OpportunityId>,
    /// When the order was confirmed, or the invoice posted.
    pub at: Option<DateTime<Utc>>,
}

/// A touch, as far as attribution goes by it.
#[derive(Debug, Clone, PartialEq)]
pub struct PathTouch {
    pub id: TouchpointId,
    pub occurred_at: DateTime<Utc>,
    pub channel: TouchChannel,
    pub source: Option<String>,
    pub medium: Option<String>,
    pub campaign: Option<String>,
    pub campaign_id: Option<CampaignId>,
}

impl From<Touchpoint> for PathTouch {
    fn from(t: Touchpoint) -> Self {
        Self {
            id: t.id,
            occurred_at: t.occurred_at,
            channel: t.channel,
            source: t.source,
            medium: t.medium,
            campaign: t.campaign,
            campaign_id: t.campaign_id,
        }
    }
}

/// The touches of all people of an account, the earliest first, and where they led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    pub touches: Vec<PathTouch>,
    /// The conversion. Touches after it do not count.
    pub until: DateTime<Utc>,
    pub lead_created_at: Option<DateTime<Utc>>,
    pub opportunity_created_at: Option<DateTime<Utc>>,
}

/// The place of a credit in the ledger: model, basis, day and touch.
pub type CreditKey = (Option<AttributionModelId>, AttributionBasis, NaiveDate, Option<TouchpointId>);

/// What each touch weighs by this model, in no particular unit; zero for all when none counts.
pub fn weigh(model: &AttributionModel, journey: &Journey) -> Vec<Decimal> {
    let mut weights = vec![Decimal::ZERO; journey.touches.len()];
    let since = journey.until - TimeDelta::days(i64::from(model.lookback_days));
    let counts = |t: &PathTouch| t.occurred_at >= since && t.occurred_at <= journey.until;
    let inside: Vec<usize> = (0..weights.len()).filter(|&i| counts(&journey.touches[i])).collect();
    let (Some(&first), Some(&last)) = (inside.first(), inside.last()) else { return weights };
    match model.kind {
        AttributionKind::First => weights[first] = Decimal::ONE,
        AttributionKind::Last => weights[last] = Decimal::ONE,
        AttributionKind::LastNonDirect => {
            let found = inside.iter().rev().find(|&&i| journey.touches[i].channel != TouchChannel::Direct);
            weights[*found.unwrap_or(&last)] = Decimal::ONE;
        }
        AttributionKind::Linear => inside.iter().for_each(|&i| weights[i] = Decimal::ONE),
        AttributionKind::TimeDecay => {
            let half_life = u32::try_from(model.half_life_days.unwrap_or(7)).unwrap_or(7).max(1);
            let root = root_of_two(half_life);
            let age = |i: usize| u32::try_from((journey.until - journey.touches[i].occurred_at).num_days()).unwrap_or(0);
            // only proportions count: the youngest touch is worth 1
            let youngest = age(last);
            inside.iter().for_each(|&i| weights[i] = decay(age(i) - youngest, half_life, root));
        }
        AttributionKind::UShaped | AttributionKind::WShaped | AttributionKind::Custom => {
            if let Some(names) = model.named_weights() {
                by_name(&names, journey, &inside, &mut weights);
            }
        }
        AttributionKind::Markov => {
            let effects = model.effect_of();
            let mut of_channel: BTreeMap<TouchChannel, i64> = BTreeMap::new();
            inside.iter().for_each(|&i| *of_channel.entry(journey.touches[i].channel).or_default() += 1);
            for &i in &inside {
                let channel = journey.touches[i].channel;
                let effect = effects.get(&channel).copied().unwrap_or_default();
                weights[i] = effect / Decimal::from(of_channel[&channel]);
            }
        }
    }
    if weights.iter().all(Decimal::is_zero) {
        // names that nobody has, channels that were never seen: all the same
        inside.iter().for_each(|&i| weights[i] = Decimal::ONE);
    }
    weights
}

fn by_name(names: &NamedWeights, journey: &Journey, inside: &[usize], weights: &mut [Decimal]) {
    let last_until =
        |at: Option<DateTime<Utc>>| at.and_then(|at| inside.iter().rev().copied().find(|&i| journey.touches[i].occurred_at <= at));
    let named = [
        (names.first_percent, inside.first().copied()),
        (names.lead_creation_percent, last_until(journey.lead_created_at)),
        (names.opportunity_creation_percent, last_until(journey.opportunity_created_at)),
        (names.last_percent, inside.last().copied()),
    ];
    let mut has_name = vec![false; weights.len()];
    for (percent, at) in named.into_iter().filter(|n| n.0.is_positive()) {
        if let Some(i) = at {
            weights[i] += percent.get();
            has_name[i] = true;
        }
    }
    let others: Vec<usize> = inside.iter().copied().filter(|&i| !has_name[i]).collect();
    let each = names.other_percent.get() / Decimal::from(others.len().max(1));
    others.iter().for_each(|&i| weights[i] = each);
}

/// The n-th root of two, to 27 places or so (Newton's method).
fn root_of_two(n: u32) -> Decimal {
    let degree = Decimal::from(n);
    let mut x = Decimal::ONE + Decimal::new(7, 1) / degree;
    for _ in 0..100 {
        let below = (1..n).fold(Decimal::ONE, |p, _| p * x);
        let next = x - (below * x - Decimal::TWO) / (degree * below);
        if (next - x).abs() <= Decimal::new(2, 27) {
            return next;
        }
        x = next;
    }
    x
}

/// 2^(−days ÷ half-life): exact for whole half-lives. Too small for 28 places is nothing.
fn decay(days: u32, half_life: u32, root: Decimal) -> Decimal {
    let (whole, rest) = (days / half_life, days % half_life);
    if whole > 90 {
        return Decimal::ZERO;
    }
    let halved = (0..whole).fold(Decimal::ONE, |x, _| x / Decimal::TWO);
    halved / (0..rest).fold(Decimal::ONE, |p, _| p * root)
}

/// Weights as shares of ten places that sum to exactly 1; all zero stays zero.
pub fn shares(weights: &[Decimal]) -> Result<Vec<Rate>> {
    split(Decimal::ONE, weights, Rate::SCALE).into_iter().map(Rate::exact).collect()
}

/// The parts of `total` by these weights; they sum to it exactly. Zero weights earn nothing, and when all are zero nobody does.
pub fn split(total: Decimal, weights: &[Decimal], places: u32) -> Vec<Decimal> {
    let earning: Vec<usize> = (0..weights.len()).filter(|&i| !weights[i].is_zero()).collect();
    let kept: Vec<Decimal> = earning.iter().map(|&i| weights[i]).collect();
    let mut out = vec![Decimal::ZERO; weights.len()];
    for (i, part) in earning.into_iter().zip(allocate(total, &kept, places)) {
        out[i] = part;
    }
    out
}

/// What every touch earned of these figures by each model, as it should stand in the ledger, and the weights. `figures` are
/// sums for basis and day; `before` is what there was of a basis on all the days before those in `figures`, whose shares stay.
pub fn credits(
    models: &[AttributionModel],
    journey: &Journey,
    before: &BTreeMap<AttributionBasis, Amount>,
    figures: &BTreeMap<(AttributionBasis, NaiveDate), Amount>,
    places: u32,
) -> Result<Credits> {
    let mut found = Credits::default();
    if journey.touches.is_empty() {
        for (&(basis, day), &amount) in figures {
            found.add((None, basis, day, None), amount);
        }
        return Ok(found);
    }
    for model in models {
        let weights = weigh(model, journey);
        let nobody = weights.iter().all(Decimal::is_zero);
        for (touch, share) in journey.touches.iter().zip(shares(&weights)?) {
            found.weights.insert((model.id, touch.id), share);
        }
        let mut sum: BTreeMap<AttributionBasis, (Decimal, Vec<Decimal>)> = BTreeMap::new();
        for (&basis, amount) in before.iter().filter(|(_, amount)| !nobody && !amount.is_zero()) {
            sum.insert(basis, (amount.get(), split(amount.get(), &weights, places)));
        }
        for (&(basis, day), &amount) in figures {
            if nobody {
                found.add((Some(model.id), basis, day, None), amount);
                continue;
            }
            let (total, before) = sum.entry(basis).or_insert_with(|| (Decimal::ZERO, vec![Decimal::ZERO; weights.len()]));
            *total += amount.get();
            let after = split(*total, &weights, places);
            for (touch, part) in journey.touches.iter().zip(after.iter().zip(before.iter()).map(|(a, b)| a - b)) {
                found.add((Some(model.id), basis, day, Some(touch.id)), Amount::exact(part)?);
            }
            *before = after;
        }
    }
    Ok(found)
}

/// What should stand in the ledger.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Credits {
    pub amounts: BTreeMap<CreditKey, Amount>,
    /// What a touch weighs by a model.
    pub weights: BTreeMap<(AttributionModelId, TouchpointId), Rate>,
}

impl Credits {
    fn add(&mut self, key: CreditKey, amount: Amount) {
        if !amount.is_zero() {
            *self.amounts.entry(key).or_default() += amount;
        }
    }
    /// What must be written so that the ledger, as it stands, becomes this.
    pub fn changes(&self, standing: &BTreeMap<CreditKey, Amount>) -> Vec<(CreditKey, Amount)> {
        let keys = self.amounts.keys().chain(standing.keys().filter(|k| !self.amounts.contains_key(k)));
        let of = |m: &BTreeMap<CreditKey, Amount>, k: &CreditKey| m.get(k).copied().unwrap_or_default();
        keys.map(|k| (*k, of(&self.amounts, k) - of(standing, k))).filter(|(_, change)| !change.is_zero()).collect()
    }
}

/// Return on investment, (margin − cost) ÷ cost, rounded half away from zero to four places; none without cost.
pub fn return_on(margin: Amount, cost: Amount) -> Result<Option<Rate>> {
    if !cost.is_positive() {
        return Ok(None);
    }
    Rate::try_from(crate::kernel::round_to((margin.get() - cost.get()) / cost.get(), 4)).map(Some)
}

/// What to report.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AttributionFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The model; the company's first linear one when left out.
    #[param(required = false)]
    pub model_id: Option<AttributionModelId>,
    /// Which money; invoiced when left out.
    #[param(required = false, inline)]
    pub basis: Option<AttributionBasis>,
    /// Only what counts for this day or later.
    #[param(required = false)]
    pub from_date: Option<NaiveDate>,
    /// Only what counts for this day or earlier.
    #[param(required = false)]
    pub to_date: Option<NaiveDate>,
    /// What it is grouped by; the campaign when left out.
    #[param(required = false, inline)]
    pub group_by: Option<AttributionGroup>,
    /// Groups at most, those that earned most first; 100 when left out.
    #[param(required = false, minimum = 1, maximum = 500)]
    pub limit: Option<i32>,
}

/// What a group of touches earned.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributionRow {
    /// The id or value of the group; null for touchpoints without one, such as those of no campaign.
    #[schema(required, max_length = 200)]
    pub key: Option<String>,
    /// What it is called, when that is not the key.
    #[schema(required, max_length = 200)]
    pub name: Option<String>,
    /// What its touches earned, in the company's currency.
    pub amount: Amount,
    /// Of what is reported in total, in percent, rounded half away from zero to two places; null when that is zero.
    #[schema(required)]
    pub share_percent: Option<Rate>,
    /// The credits behind it; null when no list can show exactly these.
    #[schema(required, max_length = 500)]
    pub drill_down: Option<String>,
}

/// What touches earned.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributionReport {
    /// What the figures mean.
    #[schema(max_length = 2000)]
    pub definition: String,
    /// The model.
    pub model_id: AttributionModelId,
    /// Which money.
    pub basis: AttributionBasis,
    /// What it is grouped by.
    pub group_by: AttributionGroup,
    /// The company's currency.
    #[schema(max_length = 3)]
    pub currency: String,
    /// Whether the model has credited all deals as it is now; if not, what is missing counts as unattributed.
    pub is_ready: bool,
    /// As of which event this is: the number of the last one that was taken into account. `wait_for` waits for a later one.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub as_of_seq: i64,
    /// When that event happened; null before the first.
    #[schema(required)]
    pub as_of_at: Option<DateTime<Utc>>,
    /// All of it, as the books have it: the sum of the rows, the rest and what is unattributed.
    pub total: MetricSide,
    /// What touches earned.
    pub attributed: MetricSide,
    /// What no touch earned: deals without a touch in the look-back window.
    pub unattributed: MetricSide,
    /// The groups, those that earned most first.
    #[schema(max_items = 500)]
    pub rows: Vec<AttributionRow>,
    /// What groups beyond the limit earned.
    pub rest_amount: Amount,
}

/// Which return to compute.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RoiFilter {
    /// The model; the company's first linear one when left out.
    #[param(required = false)]
    pub model_id: Option<AttributionModelId>,
    /// Only what counts for this day or later.
    #[param(required = false)]
    pub from_date: Option<NaiveDate>,
    /// Only what counts for this day or earlier.
    #[param(required = false)]
    pub to_date: Option<NaiveDate>,
}

/// What a campaign returned.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CampaignRoi {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The model.
    pub model_id: AttributionModelId,
    /// Whether the model has credited all deals as it is now.
    pub is_ready: bool,
    /// As of which event this is: the number of the last one that was taken into account. `wait_for` waits for a later one.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub as_of_seq: i64,
    /// When that event happened; null before the first.
    #[schema(required)]
    pub as_of_at: Option<DateTime<Utc>>,
    /// What the figures mean.
    #[schema(max_length = 2000)]
    pub definition: String,
    /// The company's currency.
    #[schema(max_length = 3)]
    pub currency: String,
    /// Attributed margin less cost; it counts the deals.
    pub numerator: MetricSide,
    /// What was spent by the ledger; it counts the lines.
    pub denominator: MetricSide,
    /// (margin − cost) ÷ cost, rounded half away from zero to four places: 1.5 is 150 percent. Null when nothing was spent.
    #[schema(required)]
    pub roi: Option<Rate>,
    /// Attributed margin.
    pub margin_amount: Amount,
    /// What was spent.
    pub cost_amount: Amount,
    /// Attributed bookings.
    pub bookings_amount: Amount,
    /// Attributed invoices less credit notes.
    pub invoiced_amount: Amount,
    /// Attributed cash.
    pub cash_amount: Amount,
    /// Attributed pipeline.
    pub pipeline_amount: Amount,
}

crate::questions! {
    /// Which deal an order or invoice belongs to; nothing when there is no such document.
    OriginOfDocument<'a>(&'a str) -> Option<DealOrigin>;
    /// What an order, invoice, credit note, delivery or return brought, of these kinds of money, by day.
    FiguresOfDocument<'a>((CompanyId, &'a str, &'a [AttributionBasis])) -> Vec<DealFigure>;
    /// What the ledger says was spent on what is called by one of these words in the dimension `campaign` of its lines, between two
    /// days, and in how many lines.
    CampaignCosts<'a>((CompanyId, &'a [String], Option<NaiveDate>, Option<NaiveDate>)) -> (Amount, i64);
}

#[cfg(test)]
mod tests;
