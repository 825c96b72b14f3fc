//! Exchange rates by day, kind and source, and how a rate is found where none was entered: backwards, or by way of a
//! third currency. Documents copy the rate they use; changing one here never rewrites a document.

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::currencies;
use crate::ids::{CompanyId, ExchangeRateId};
use crate::kernel::{Amount, Code, Decimals, Findings, Rate, Result, problems, round_to};

crate::words! {
    /// What a rate is for: the price of the day, the average of a period, the rate at the end of a period.
    pub enum RateKind {
        Spot = "spot",
        Average = "average",
        Closing = "closing",
    }
    /// How a rate was found: the currencies are the same; entered as asked; turned around; by way of a third currency.
    pub enum RateMethod {
        Identity = "identity",
        Direct = "direct",
        Inverse = "inverse",
        Triangulated = "triangulated",
    }
}

/// A rate from a currency to itself.
pub const SAME_CURRENCY: Code = Code::invalid("exchange_rate.same_currency", "A rate needs two currencies.");
/// A rate that is not above zero.
pub const NOT_POSITIVE: Code = Code::invalid("exchange_rate.not_positive", "A rate must be above zero.");
/// No rate can be found.
pub const NO_RATE: Code = Code::invalid("exchange_rate.none_found", "There is no exchange rate on or before this day.");
/// What the rules of an exchange rate can answer on writing it.
pub const REFUSALS: &[Code] = &[SAME_CURRENCY, NOT_POSITIVE, currencies::UNKNOWN_CURRENCY];

/// What one unit of a currency is worth in another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExchangeRate {
    /// The id.
    pub id: ExchangeRateId,
    /// The currency that is priced, ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    pub from_currency: String,
    /// The currency it is priced in, ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub to_currency: String,
    /// What it is for.
    pub kind: RateKind,
    /// The day from which it holds, until a later one is there.
    pub rate_date: NaiveDate,
    /// One unit of `from_currency` in `to_currency`.
    pub rate: Rate,
    /// Who said so. There is one rate for each pair, kind, day and source.
    #[schema(min_length = 1, max_length = 50, example = "ecb")]
    pub source: String,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { ExchangeRate, ExchangeRateId, "exchange_rate" }

/// An exchange rate to enter.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExchangeRate {
    /// The currency that is priced, ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    pub from_currency: String,
    /// The currency it is priced in, ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub to_currency: String,
    /// What it is for; `spot` when left out.
    #[serde(default = "spot")]
    pub kind: RateKind,
    /// The day from which it holds.
    pub rate_date: NaiveDate,
    /// One unit of `from_currency` in `to_currency`; above zero.
    pub rate: Rate,
    /// Who said so; `manual` when left out.
    #[serde(default = "manual")]
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "ecb")]
    pub source: String,
}

fn spot() -> RateKind {
    RateKind::Spot
}
fn manual() -> String {
    "manual".to_string()
}

crate::patch! {
    /// A correction of an exchange rate.
    pub struct ExchangeRatePatch for ExchangeRate {
        /// One unit of `from_currency` in `to_currency`; above zero.
        set rate: Rate,
    }
}

/// Which rate is wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RateQuery {
    /// The currency that is priced, ISO 4217.
    #[param(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
    pub from: String,
    /// The currency it is priced in, ISO 4217.
    #[param(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub to: String,
    /// The day; today in UTC when left out.
    pub date: Option<NaiveDate>,
    /// What it is for; `spot` when left out.
    #[param(inline)]
    pub kind: Option<RateKind>,
    /// Only rates of this source.
    #[param(min_length = 1, max_length = 50)]
    pub source: Option<String>,
    /// The company by whose currency to go where there is no rate between the two.
    pub company_id: Option<CompanyId>,
    /// The currency by which to go where there is no rate between the two; it goes before that of the company.
    #[param(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    pub via: Option<String>,
}

/// A rate and how it was found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuotedRate {
    /// The currency that is priced.
    #[schema(min_length = 3, max_length = 3)]
    pub from_currency: String,
    /// The currency it is priced in.
    #[schema(min_length = 3, max_length = 3)]
    pub to_currency: String,
    /// What it is for.
    pub kind: RateKind,
    /// The day that was asked for.
    pub rate_date: NaiveDate,
    /// One unit of `from_currency` in `to_currency`; computed rates are rounded half away from zero to ten places.
    pub rate: Rate,
    /// How it was found.
    pub method: RateMethod,
    /// The currency in between, for a triangulated rate.
    #[schema(required, min_length = 3, max_length = 3)]
    pub via: Option<String>,
    /// The rates it comes from: none, one or two.
    #[schema(max_items = 2)]
    pub used: Vec<ExchangeRate>,
}

impl ExchangeRate {
    /// A rate above zero between two known currencies.
    pub fn new(id: ExchangeRateId, new: NewExchangeRate, now: DateTime<Utc>) -> Result<Self> {
        let mut found = Findings::default();
        found.take("/from_currency", currencies::minor_units(&new.from_currency));
        found.take("/to_currency", currencies::minor_units(&new.to_currency));
        if new.from_currency == new.to_currency {
            found.add(SAME_CURRENCY, "/to_currency", "It is the same as from_currency.");
        }
        found.take("", positive(new.rate));
        found.done()?;
        Ok(Self {
            id,
            from_currency: new.from_currency,
            to_currency: new.to_currency,
            kind: new.kind,
            rate_date: new.rate_date,
            rate: new.rate,
            source: new.source,
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }
    /// The corrected rate.
    pub fn change(mut self, patch: ExchangeRatePatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        positive(self.rate).map(|()| self)
    }
    /// The rate from `from` to the other currency of this one, unrounded; `None` when `from` is neither.
    fn factor(&self, from: &str) -> Option<(Decimal, RateMethod)> {
        if self.from_currency == from {
            return Some((self.rate.get(), RateMethod::Direct));
        }
        (self.to_currency == from && self.rate.is_positive()).then(|| (Decimal::ONE / self.rate.get(), RateMethod::Inverse))
    }
}

fn positive(rate: Rate) -> Result<()> {
    match rate.is_positive() {
        true => Ok(()),
        false => Err(NOT_POSITIVE.field("/rate", "It must be above zero.")),
    }
}

/// Of the latest rates in either direction, the one to use: the later, and of two of one day the one entered as asked.
pub fn better(direct: Option<ExchangeRate>, inverse: Option<ExchangeRate>) -> Option<ExchangeRate> {
    match (direct, inverse) {
        (Some(d), Some(i)) if i.rate_date > d.rate_date => Some(i),
        (Some(d), _) => Some(d),
        (None, i) => i,
    }
}

/// What was asked, in full.
#[derive(Debug, Clone, PartialEq)]
pub struct RateQuestion {
    pub from: String,
    pub to: String,
    pub kind: RateKind,
    pub date: NaiveDate,
}

impl QuotedRate {
    /// A currency in itself.
    pub fn identity(q: RateQuestion) -> Self {
        Self { method: RateMethod::Identity, ..Self::of(q, Rate::ONE, None, Vec::new()) }
    }
    /// By one rate in either direction, rounded to ten places when it is turned around.
    pub fn single(q: RateQuestion, rate: ExchangeRate) -> Result<Self> {
        let (factor, method) = rate.factor(&q.from).ok_or_else(|| NO_RATE.with("The rate is between other currencies."))?;
        let value = rounded(factor)?;
        Ok(Self { method, ..Self::of(q, value, None, vec![rate]) })
    }
    /// By way of `via`: from there to here, then on; rounded once, at the end.
    pub fn triangulated(q: RateQuestion, via: &str, first: ExchangeRate, second: ExchangeRate) -> Result<Self> {
        let none = || NO_RATE.with("The rates are between other currencies.");
        let (a, _) = first.factor(&q.from).ok_or_else(none)?;
        let (b, _) = second.factor(via).ok_or_else(none)?;
        let product = a.checked_mul(b).ok_or_else(|| problems::amount_out_of_range.with("The rate is too large."))?;
        let value = rounded(product)?;
        Ok(Self { method: RateMethod::Triangulated, ..Self::of(q, value, Some(via.to_string()), vec![first, second]) })
    }
    fn of(q: RateQuestion, rate: Rate, via: Option<String>, used: Vec<ExchangeRate>) -> Self {
        let RateQuestion { from, to, kind, date } = q;
        Self { from_currency: from, to_currency: to, kind, rate_date: date, rate, method: RateMethod::Direct, via, used }
    }
    /// An amount in the target currency, rounded half away from zero to its minor unit.
    pub fn convert(&self, amount: Amount) -> Result<Amount> {
        let too_large = || problems::amount_out_of_range.with("The converted amount is too large.");
        currencies::round_money(amount.get().checked_mul(self.rate.get()).ok_or_else(too_large)?, &self.to_currency)
    }
}

/// Ten places; a rate that would vanish is refused.
fn rounded(value: Decimal) -> Result<Rate> {
    let rate = Rate::exact(round_to(value, Rate::SCALE))?;
    match rate.is_positive() {
        true => Ok(rate),
        false => Err(problems::amount_out_of_range.with("The rate is below the tenth decimal place.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use proptest::prelude::*;

    fn day(s: &str) -> NaiveDate {
        s.parse().expect("a date")
    }
    fn rate(from: &str, to: &str, rate: &str, date: &str) -> ExchangeRate {
        let new = NewExchangeRate {
            from_currency: from.into(),
            to_currency: to.into(),
            kind: RateKind::Spot,
            rate_date: day(date),
            rate: rate.parse().expect("a rate"),
            source: manual(),
        };
        ExchangeRate::new(ExchangeRateId::from_uuid(uuid::Uuid::nil()), new, Utc::now()).expect("valid")
    }
    fn question(from: &str, to: &str) -> RateQuestion {
        RateQuestion { from: from.into(), to: to.into(), kind: RateKind::Spot, date: day("2026-06-30") }
    }

    #[test]
    fn a_rate_is_turned_around_to_ten_places() {
        let quoted = QuotedRate::single(question("EUR", "USD"), rate("USD", "EUR", "0.9", "2026-06-01")).expect("found");
        assert_eq!((quoted.rate.to_string(), quoted.method), ("1.1111111111".to_string(), RateMethod::Inverse));
        assert_eq!(quoted.convert("90".parse().expect("an amount")).expect("fits").to_string(), "100.00");
    }

    #[test]
    fn two_rates_make_a_third() {
        let (a, b) = (rate("USD", "EUR", "0.8", "2026-06-01"), rate("GBP", "EUR", "1.25", "2026-06-02"));
        let quoted = QuotedRate::triangulated(question("USD", "GBP"), "EUR", a, b).expect("found");
        assert_eq!(
            (quoted.rate.to_string(), quoted.method, quoted.via.as_deref()),
            ("0.64".to_string(), RateMethod::Triangulated, Some("EUR"))
        );
    }

    #[test]
    fn the_later_rate_wins_and_the_direct_one_on_the_same_day() {
        let (d, i) = (rate("USD", "EUR", "0.9", "2026-06-01"), rate("EUR", "USD", "1.1", "2026-06-02"));
        assert_eq!(better(Some(d.clone()), Some(i.clone())), Some(i.clone()));
        let same = rate("EUR", "USD", "1.1", "2026-06-01");
        assert_eq!(better(Some(d.clone()), Some(same)), Some(d));
        assert_eq!(better(None, Some(i.clone())), Some(i));
    }

    #[test]
    fn a_rate_needs_two_currencies_and_is_above_zero() {
        let body = serde_json::json!({"from_currency": "EUR", "to_currency": "EUR", "rate_date": "2026-06-01", "rate": "0"});
        let new = serde_json::from_value(body).expect("a body");
        let problem = ExchangeRate::new(ExchangeRateId::from_uuid(uuid::Uuid::nil()), new, Utc::now()).expect_err("wrong");
        assert_eq!(problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect::<Vec<_>>(), ["/to_currency", "/rate"]);
    }

    proptest! {
        #[test]
        fn there_and_back_is_one_within_the_last_place(scaled in 1_000_000i64..100_000_000_000) {
            let r = rate("USD", "EUR", &Decimal::new(scaled, 8).to_string(), "2026-06-01");
            let there = QuotedRate::single(question("USD", "EUR"), r.clone()).expect("found").rate.get();
            let back = QuotedRate::single(question("EUR", "USD"), r).expect("found").rate.get();
            let off = (there * back - Decimal::ONE).abs();
            prop_assert!(off <= there * Decimal::new(1, 10), "{there} {back}");
        }
    }
}
