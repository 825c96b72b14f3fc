//! Operations on exchange rates, and the one way to find a rate for a day.

use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::directory::exchange_rates::{
    ExchangeRate, ExchangeRatePatch, NO_RATE, NewExchangeRate, QuotedRate, REFUSALS, RateKind, RateQuery, RateQuestion, better,
};
use domain::ids::ExchangeRateId;
use persistence::directory::exchange_rates as rows;

use crate::cx::unknown_in_query;
use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<ExchangeRate>("directory/exchange-rates", "What one unit of a currency is worth in another.");
    n.list("List exchange rates.").filter(&["from_currency", "to_currency", "kind", "rate_date", "source"]).sort(&["rate_date"]);
    n.create(create, "Enter an exchange rate. There is one for each pair, kind, day and source.").fails(REFUSALS);
    n.bulk(create);
    n.read("Get an exchange rate.");
    n.update(update, "Correct an exchange rate. Documents keep the rate they were made with.").fails(REFUSALS);
    n.delete(delete, "Delete an exchange rate that was entered by mistake.");
    t.report("directory/exchange-rates/at", at, AT)
        .named("get_exchange_rate_at")
        .permission("directory.exchange_rates.read")
        .fails(&[NO_RATE]);
}

const AT: &str = "Find the exchange rate for a day. The latest rate on or before the day counts; where there is none between the two \
currencies, one entered the other way is turned around, and where there is none of those, two rates by way of `via` or of the \
company's currency make one. Computed rates are rounded half away from zero to ten places.";

fn create(cx: &mut Cx, new: NewExchangeRate) -> Result<ExchangeRate> {
    let rate = ExchangeRate::new(cx.new_id(), new, cx.now)?;
    cx.create(rate)
}

fn update(cx: &mut Cx, id: ExchangeRateId, patch: ExchangeRatePatch) -> Result<ExchangeRate> {
    let before = cx.load_for_update::<ExchangeRate>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: ExchangeRateId) -> Result<()> {
    let rate = cx.load_for_update::<ExchangeRate>(id)?;
    cx.remove(rate)
}

fn at(cx: &mut Cx, asked: RateQuery) -> Result<QuotedRate> {
    for (name, code) in [("from", Some(&asked.from)), ("to", Some(&asked.to)), ("via", asked.via.as_ref())] {
        if let Some(code) = code {
            currencies::minor_units(code).map_err(|p| unknown_in_query(name, p.to_string()))?;
        }
    }
    let company = match asked.company_id {
        Some(id) => Some(cx.find::<Company>(id).map_err(|p| unknown_in_query("company_id", p.to_string()))?),
        None => None,
    };
    let today = company.as_ref().map_or_else(|| cx.now.date_naive(), |c| cx.today(c));
    let question =
        RateQuestion { from: asked.from, to: asked.to, kind: asked.kind.unwrap_or(RateKind::Spot), date: asked.date.unwrap_or(today) };
    let via = asked.via.or(company.map(|c| c.currency));
    rate_at(cx, question, asked.source.as_deref(), via.as_deref())
}

/// The rate for a day: the latest on or before it, in either direction; else by way of `via`. [`NO_RATE`] when there is none.
/// Documents of a company give its currency as `via`.
pub fn rate_at(cx: &mut Cx, question: RateQuestion, source: Option<&str>, via: Option<&str>) -> Result<QuotedRate> {
    let RateQuestion { from, to, .. } = question.clone();
    if from == to {
        return Ok(QuotedRate::identity(question));
    }
    if let Some(rate) = either_way(cx, &question, &from, &to, source)? {
        return QuotedRate::single(question, rate);
    }
    if let Some(via) = via.filter(|v| *v != from && *v != to)
        && let Some(first) = either_way(cx, &question, &from, via, source)?
        && let Some(second) = either_way(cx, &question, via, &to, source)?
    {
        return QuotedRate::triangulated(question, via, first, second);
    }
    let RateQuestion { kind, date, .. } = question;
    Err(NO_RATE.with(format!("There is no {kind} rate from {from} to {to} on or before {date}.")))
}

fn either_way(cx: &mut Cx, q: &RateQuestion, from: &str, to: &str, source: Option<&str>) -> Result<Option<ExchangeRate>> {
    let direct = rows::latest(cx.db(), from, to, q.kind, q.date, source)?;
    let inverse = rows::latest(cx.db(), to, from, q.kind, q.date, source)?;
    Ok(better(direct, inverse))
}
