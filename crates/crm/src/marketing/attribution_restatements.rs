//! Restating a deal: its figures are asked for anew, what differs from what was written is kept with its cause, and the difference
//! is credited to the touches by every model.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{NaiveDate, TimeDelta};
use domain::crm::opportunities::{Opportunity, OpportunityStatus};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::NO_RATE;
use domain::ids::{AttributionDealId, AttributionRestatementId, TouchpointId};
use domain::marketing::attribution::{AttributionBasis, CreditKey, Credits, Journey, PathTouch, credits};
use domain::marketing::attribution_credits::{AttributionCredit, AttributionDeal, AttributionRestatement};
use domain::marketing::attribution_models::AttributionModel;
use domain::marketing::touchpoints::Touchpoint;
use persistence::marketing::attribution_credits as rows;
use platform::prelude::*;
use platform::questions;

use crate::crm::forecasts::{Rates, rate_for};

use AttributionBasis::{Bookings, Pipeline};

/// The fact that makes a deal be looked at.
pub struct Cause {
    pub reason: String,
    pub id: Option<String>,
}

impl Cause {
    pub fn of(event: &Event) -> Self {
        Self { reason: event.kind.clone(), id: Some(event.subject.clone()) }
    }
}

/// Credits a deal anew, of all its money, unless it has more touches than `most`.
pub fn credit_anew(cx: &mut Cx, id: AttributionDealId, cause: &Cause, most: i32) -> Result<()> {
    let Some(before) = persistence::record::find_to_change::<AttributionDeal>(cx.db(), id.uuid())? else { return Ok(()) };
    if before.touch_count > most {
        return Ok(());
    }
    restate(cx, before.clone(), &before, AttributionBasis::ALL, cause, true)
}

/// Asks for these figures of a locked deal, writes what differs, and credits the difference. `anew` also when nothing differs:
/// the journey or a model changed.
pub fn restate(
    cx: &mut Cx,
    mut deal: AttributionDeal,
    before: &AttributionDeal,
    bases: &[AttributionBasis],
    cause: &Cause,
    anew: bool,
) -> Result<()> {
    let company = cx.find::<Company>(deal.company_id)?;
    // another journey concerns all money, and so does one that waited to be looked at
    let anew = anew || deal.is_stale;
    deal.is_stale = false;
    let bases = if anew { AttributionBasis::ALL } else { bases };
    let stands = rows::figures(cx.db(), deal.id, bases)?;
    let should = figures(cx, &company, &mut deal, bases)?;
    let mut written = Vec::new();
    let days = should.keys().chain(stands.keys().filter(|k| !should.contains_key(k)));
    for &(basis, day) in days {
        let of = |m: &BTreeMap<(AttributionBasis, NaiveDate), Amount>| m.get(&(basis, day)).copied().unwrap_or_default();
        let change = of(&should) - of(&stands);
        if !change.is_zero() {
            let figure = deal.figure(basis);
            let from = *figure;
            *figure += change;
            let to = *figure;
            written.push(restatement(cx, &deal, (basis, day), (from, to), cause));
        }
    }
    let restated = !written.is_empty();
    if !anew && deal.touch_count == 0 {
        // nobody touched it, or it would wait: what changed is nobody's by any model
        let credits: Vec<AttributionCredit> =
            written.iter().map(|r| credit(cx, &deal, (None, r.basis, r.day, None), (r.change_amount, r.id))).collect();
        cx.insert_all(&written)?;
        cx.insert_all(&credits)?;
    } else if anew || !written.is_empty() {
        let models = cx.by::<AttributionModel>("company_id", company.id.uuid())?;
        let journey = journey(cx, &deal, &models)?;
        deal.touch_count = i32::try_from(journey.touches.len()).unwrap_or(i32::MAX);
        let found = credits(&models, &journey, &should, company.minor_units())?;
        write(cx, &deal, bases, &journey, &found, written, cause)?;
    }
    if *before == deal {
        return Ok(());
    }
    deal.version += 1;
    deal.updated_at = cx.now;
    match persistence::record::update(cx.db(), &deal, Some(before.version))? {
        true => {
            if restated {
                // a figure that was computed anew is no part of what happened to the party
                cx.emit(Event { kind: "attribution.restated".into(), party: None, ..Event::change("restated", before, &deal) });
            }
            Ok(())
        }
        false => Err(persistence::RETRY.with("The deal changed at the same time.")),
    }
}

fn restatement(
    cx: &Cx,
    deal: &AttributionDeal,
    (basis, day): (AttributionBasis, NaiveDate),
    (from, to): (Amount, Amount),
    cause: &Cause,
) -> AttributionRestatement {
    AttributionRestatement {
        id: cx.new_id(),
        company_id: deal.company_id,
        deal_id: deal.id,
        opportunity_id: deal.opportunity_id,
        basis,
        day,
        before_amount: from,
        after_amount: to,
        change_amount: to - from,
        reason: cause.reason.clone(),
        cause_id: cause.id.clone(),
        version: 1,
        created_at: cx.now,
    }
}

/// What a deal brought, by basis and day, as the books and the opportunity have it now. An opportunity in a currency without a rate
/// counts once there is one.
fn figures(
    cx: &mut Cx,
    company: &Company,
    deal: &mut AttributionDeal,
    bases: &[AttributionBasis],
) -> Result<BTreeMap<(AttributionBasis, NaiveDate), Amount>> {
    let mut out: BTreeMap<(AttributionBasis, NaiveDate), Amount> = BTreeMap::new();
    let documents = rows::documents_of(cx.db(), deal.id)?;
    if !documents.is_empty() {
        for figure in questions::deal_figures(cx, company.id, &documents, bases)? {
            *out.entry((figure.basis, figure.day)).or_default() += figure.amount;
        }
    }
    if let Some(id) = deal.opportunity_id
        && bases.contains(&Pipeline)
        && bases.contains(&Bookings)
        && let Some(opportunity) = persistence::record::find::<Opportunity>(cx.db(), id.uuid())?
    {
        let ordered = out.keys().any(|k| k.0 == Bookings);
        let created = company.date_of(opportunity.created_at);
        let place = match opportunity.status {
            _ if ordered => None,
            OpportunityStatus::Open => Some((Pipeline, created)),
            OpportunityStatus::Won => Some((Bookings, opportunity.closed_date.unwrap_or(created))),
            OpportunityStatus::Lost => None,
        };
        if let Some(place) = place {
            let rate_day = if place.0 == Pipeline { cx.today(company) } else { place.1 };
            match rate_for(cx, company, &mut Rates::new(), &opportunity.currency, rate_day) {
                Ok(rate) => *out.entry(place).or_default() += company.round(opportunity.amount.get() * rate.get())?,
                Err(p) if p.code() == NO_RATE => deal.is_stale = true,
                Err(p) => return Err(p),
            }
        }
    }
    out.retain(|_, amount| !amount.is_zero());
    Ok(out)
}

/// The touches that led to a deal, in the widest window of the models.
fn journey(cx: &mut Cx, deal: &AttributionDeal, models: &[AttributionModel]) -> Result<Journey> {
    let until = deal.converted_at.unwrap_or(cx.now);
    let widest = models.iter().map(|m| m.lookback_days).max().unwrap_or_default();
    let touches = rows::touches(cx.db(), deal, until - TimeDelta::days(widest.into()), until)?;
    Ok(Journey { touches, until, lead_created_at: deal.lead_created_at, opportunity_created_at: deal.opportunity_created_at })
}

/// Writes restatements, and the credits that make the ledger what it should be.
fn write(
    cx: &mut Cx,
    deal: &AttributionDeal,
    bases: &[AttributionBasis],
    journey: &Journey,
    found: &Credits,
    mut written: Vec<AttributionRestatement>,
    cause: &Cause,
) -> Result<()> {
    let mut stands = rows::standing(cx.db(), deal.id, bases)?;
    let moved = found.changes(&stands);
    if moved.iter().any(|(key, _)| key.1 == Pipeline) {
        rows::clear_pipeline(cx.db(), deal.id)?;
        stands.retain(|key, _| key.1 != Pipeline);
    }
    let touches: BTreeMap<TouchpointId, &PathTouch> = journey.touches.iter().map(|t| (t.id, t)).collect();
    let mut gone: Vec<TouchpointId> = Vec::new();
    let changes = found.changes(&stands);
    let mut places: BTreeMap<(AttributionBasis, NaiveDate), AttributionRestatementId> = BTreeMap::new();
    places.extend(written.iter().map(|r| ((r.basis, r.day), r.id)));
    for (key, _) in &changes {
        if let Entry::Vacant(place) = places.entry((key.1, key.2)) {
            // only the shares changed
            let figure = *deal.clone().figure(key.1);
            let row = restatement(cx, deal, (key.1, key.2), (figure, figure), cause);
            place.insert(row.id);
            written.push(row);
        }
        gone.extend(key.3.filter(|t| !touches.contains_key(t)));
    }
    gone.sort_unstable();
    gone.dedup();
    // touches that no longer lead here, as after a merge was taken back
    let gone: BTreeMap<TouchpointId, PathTouch> = match gone.is_empty() {
        true => BTreeMap::new(),
        false => cx.find_all::<Touchpoint>(&gone)?.into_iter().map(|t| (t.id, PathTouch::from(t))).collect(),
    };
    let mut credits = Vec::with_capacity(changes.len());
    for (key, amount) in changes {
        // every place has its restatement by now
        let Some(&restatement) = places.get(&(key.1, key.2)) else { return Err(problems::internal.into()) };
        let plain = credit(cx, deal, key, (amount, restatement));
        let weight = key.0.zip(key.3).and_then(|k| found.weights.get(&k)).copied().unwrap_or_default();
        credits.push(match key.3.and_then(|t| touches.get(&t).copied().or_else(|| gone.get(&t))) {
            Some(touch) => AttributionCredit { weight, ..marked(plain, touch) },
            None => plain,
        });
    }
    cx.insert_all(&written)?;
    cx.insert_all(&credits)
}

fn credit(
    cx: &Cx,
    deal: &AttributionDeal,
    (model_id, basis, day, touchpoint_id): CreditKey,
    (amount, restatement_id): (Amount, AttributionRestatementId),
) -> AttributionCredit {
    AttributionCredit {
        id: cx.new_id(),
        company_id: deal.company_id,
        model_id,
        deal_id: deal.id,
        opportunity_id: deal.opportunity_id,
        restatement_id,
        basis,
        day,
        touchpoint_id,
        campaign_id: None,
        campaign: None,
        channel: None,
        source: None,
        medium: None,
        weight: Rate::ZERO,
        amount,
        version: 1,
        created_at: cx.now,
    }
}

/// The credit with the marks of its touch.
fn marked(credit: AttributionCredit, touch: &PathTouch) -> AttributionCredit {
    AttributionCredit {
        campaign_id: touch.campaign_id,
        campaign: touch.campaign.clone(),
        channel: Some(touch.channel),
        source: touch.source.clone(),
        medium: touch.medium.clone(),
        ..credit
    }
}
