//! Restating a deal: the figures of one of its documents are asked for anew, what differs from what was written is kept with its
//! cause, and the difference is credited to the touches by every model. Nothing is read of the other documents of the deal: what
//! they sum to on a day, and what the touches earned of that, is kept.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{NaiveDate, TimeDelta};
use domain::crm::opportunities::{Opportunity, OpportunityStatus};
use domain::directory::companies::Company;
use domain::directory::exchange_rates::NO_RATE;
use domain::ids::{AttributionDealId, AttributionRestatementId, OpportunityId, TouchpointId};
use domain::marketing::attribution::FiguresOfDocument;
use domain::marketing::attribution::{AttributionBasis, CreditKey, Credits, Journey, PathTouch, credits};
use domain::marketing::attribution_credits::{AttributionCredit, AttributionDeal, AttributionDealStatus, AttributionRestatement};
use domain::marketing::attribution_models::AttributionModel;
use domain::marketing::touchpoints::Touchpoint;
use persistence::marketing::attribution_credits as rows;
use persistence::marketing::attribution_credits::Days;
use platform::prelude::*;

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

/// A document of a deal whose figures may have changed, and which of them.
pub struct Changed {
    pub document: String,
    pub bases: &'static [AttributionBasis],
}

impl Changed {
    /// An opportunity: what it brings by its own amount is looked at after its orders, whatever changed.
    pub fn opportunity(id: OpportunityId) -> Self {
        Self { document: id.to_string(), bases: &[Pipeline, Bookings] }
    }
}

/// Credits a deal anew, of all its money, unless it has more touches than `most`.
pub fn credit_anew(cx: &mut Cx, id: AttributionDealId, cause: &Cause, most: i32) -> Result<()> {
    let Some(before) = persistence::record::find_to_change::<AttributionDeal>(cx.db(), id.uuid())? else { return Ok(()) };
    if before.touch_count > most {
        return Ok(());
    }
    restate(cx, &before, Vec::new(), cause, true)
}

/// Asks what the documents brought, writes what differs, and credits the difference. `anew` also when nothing differs: the journey
/// or a model changed. The deal is locked.
pub fn restate(cx: &mut Cx, before: &AttributionDeal, changed: Vec<Changed>, cause: &Cause, anew: bool) -> Result<()> {
    let company = cx.find::<Company>(before.company_id)?;
    // another journey concerns all money, and so does one that waited to be looked at
    let anew = anew || before.is_stale;
    let mut deal = AttributionDeal { is_stale: false, ..before.clone() };
    let mut differs = Days::new();
    let mut asked = anew;
    for Changed { document, bases } in changed {
        asked |= bases.contains(&Bookings);
        if deal.opportunity_id.is_some_and(|id| id.to_string() == document) {
            continue;
        }
        let should = document_figures(cx, &company, &document, bases)?;
        differ(cx, &deal, &document, bases, should, &mut differs)?;
    }
    if let Some(id) = deal.opportunity_id
        && let Some(opportunity) = persistence::record::find::<Opportunity>(cx.db(), id.uuid())?
    {
        let ordered = rows::is_booked_beside(cx.db(), deal.id, &id.to_string())?;
        stand(cx, &mut deal, &opportunity, ordered)?;
        if asked {
            let should = opportunity_figures(cx, &company, &mut deal, &opportunity, ordered)?;
            differ(cx, &deal, &id.to_string(), &[Pipeline, Bookings], should, &mut differs)?;
        }
    } else {
        deal.status = AttributionDealStatus::Won;
        deal.converted_at = rows::first_document(cx.db(), deal.id, false)?.or(deal.converted_at);
    }
    // another customer or another end is another journey
    let anew = anew || (before.party_id, before.converted_at) != (deal.party_id, deal.converted_at);
    differs.retain(|_, change| !change.is_zero());
    let mut written = Vec::new();
    for (&(basis, day), &change) in &differs {
        let figure = deal.figure(basis);
        let from = *figure;
        *figure += change;
        let to = *figure;
        written.push(restatement(cx, &deal, (basis, day), (from, to), cause));
    }
    let restated = !written.is_empty();
    if anew || restated {
        split(cx, &company, &mut deal, &differs, written, cause, anew)?;
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

/// Writes what a document brings now, and adds what differs from what was written.
fn differ(cx: &mut Cx, deal: &AttributionDeal, document: &str, bases: &[AttributionBasis], should: Days, differs: &mut Days) -> Result<()> {
    let stands = rows::figures_of(cx.db(), document, bases)?;
    if stands == should {
        return Ok(());
    }
    for (&key, &amount) in &should {
        *differs.entry(key).or_default() += amount;
    }
    for (&key, &amount) in &stands {
        *differs.entry(key).or_default() -= amount;
    }
    Ok(rows::keep_figures(cx.db(), deal.id, document, bases, &should)?)
}

/// Splits what a deal brought among its touches, from the first day on that differs: the shares of the days before stay what they
/// are.
fn split(
    cx: &mut Cx,
    company: &Company,
    deal: &mut AttributionDeal,
    differs: &Days,
    written: Vec<AttributionRestatement>,
    cause: &Cause,
    anew: bool,
) -> Result<()> {
    let mut since: BTreeMap<AttributionBasis, Option<NaiveDate>> = BTreeMap::new();
    if anew {
        since.extend(AttributionBasis::ALL.iter().map(|&b| (b, None)));
    } else {
        for &(basis, day) in differs.keys() {
            // days come in their order; the pipeline is what stands now, as a whole
            since.entry(basis).or_insert(Some(day).filter(|_| basis != Pipeline));
        }
    }
    let since: Vec<_> = since.into_iter().collect();
    let mut days = rows::days(cx.db(), deal.id, &since)?;
    for (&key, &change) in differs {
        *days.entry(key).or_default() += change;
    }
    days.retain(|_, amount| !amount.is_zero());
    if !differs.is_empty() {
        rows::keep_days(cx.db(), deal.id, &since, &days)?;
    }
    let mut earlier: BTreeMap<AttributionBasis, Amount> = BTreeMap::new();
    for (basis, _) in since.iter().filter(|(_, day)| day.is_some()) {
        let later: Amount = days.iter().filter(|(key, _)| key.0 == *basis).map(|(_, amount)| *amount).sum();
        earlier.insert(*basis, *deal.figure(*basis) - later);
    }
    // nobody touched it, or it would wait: what changed is nobody's by any model
    let untouched = !anew && deal.touch_count == 0;
    let models = if untouched { Vec::new() } else { cx.by::<AttributionModel>("company_id", company.id.uuid())? };
    let journey = if untouched { no_touches(cx, deal) } else { journey(cx, deal, &models)? };
    deal.touch_count = i32::try_from(journey.touches.len()).unwrap_or(i32::MAX);
    let found = credits(&models, &journey, &earlier, &days, company.minor_units())?;
    write(cx, deal, &since, &journey, &found, written, cause)
}

fn no_touches(cx: &Cx, deal: &AttributionDeal) -> Journey {
    Journey {
        touches: Vec::new(),
        until: deal.converted_at.unwrap_or(cx.now),
        lead_created_at: deal.lead_created_at,
        opportunity_created_at: deal.opportunity_created_at,
    }
}

/// Where a deal stands that is an opportunity: as the opportunity does, unless something was ordered.
fn stand(cx: &mut Cx, deal: &mut AttributionDeal, opportunity: &Opportunity, ordered: bool) -> Result<()> {
    deal.party_id = opportunity.party_id;
    deal.status = match opportunity.status {
        _ if ordered => AttributionDealStatus::Won,
        OpportunityStatus::Won => AttributionDealStatus::Won,
        OpportunityStatus::Lost => AttributionDealStatus::Lost,
        OpportunityStatus::Open => AttributionDealStatus::Open,
    };
    let won = opportunity.closed_at.filter(|_| opportunity.status == OpportunityStatus::Won);
    let first = if ordered { rows::first_document(cx.db(), deal.id, true)? } else { None };
    // whichever came first, whatever was heard of first
    deal.converted_at = [won, first].into_iter().flatten().min();
    Ok(())
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

/// What a document brought, as the books have it now. An order that brought nothing was booked all the same.
fn document_figures(cx: &mut Cx, company: &Company, document: &str, bases: &[AttributionBasis]) -> Result<Days> {
    let mut out = Days::new();
    for figure in cx.ask::<FiguresOfDocument>((company.id, document, bases))? {
        *out.entry((figure.basis, figure.day)).or_default() += figure.amount;
    }
    out.retain(|key, amount| key.0 == Bookings || !amount.is_zero());
    Ok(out)
}

/// What an opportunity brings itself: its amount, unless something was ordered. One in a currency without a rate counts once there
/// is one.
fn opportunity_figures(
    cx: &mut Cx,
    company: &Company,
    deal: &mut AttributionDeal,
    opportunity: &Opportunity,
    ordered: bool,
) -> Result<Days> {
    let mut out = Days::new();
    let created = company.date_of(opportunity.created_at);
    let place = match opportunity.status {
        _ if ordered => return Ok(out),
        OpportunityStatus::Open => (Pipeline, created),
        OpportunityStatus::Won => (Bookings, opportunity.closed_date.unwrap_or(created)),
        OpportunityStatus::Lost => return Ok(out),
    };
    let rate_day = if place.0 == Pipeline { cx.today(company) } else { place.1 };
    match rate_for(cx, company, &mut Rates::new(), &opportunity.currency, rate_day) {
        Ok(rate) => drop(out.insert(place, company.round(opportunity.amount.get() * rate.get())?)),
        Err(p) if p.code() == NO_RATE => deal.is_stale = true,
        Err(p) => return Err(p),
    }
    out.retain(|_, amount| !amount.is_zero());
    Ok(out)
}

/// The touches that led to a deal, in the widest window of the models.
fn journey(cx: &mut Cx, deal: &AttributionDeal, models: &[AttributionModel]) -> Result<Journey> {
    let until = deal.converted_at.unwrap_or(cx.now);
    let widest = models.iter().map(|m| m.lookback_days).max().unwrap_or_default();
    let touches = rows::touches(cx.db(), deal, until - TimeDelta::days(widest.into()), until)?;
    Ok(Journey { touches, ..no_touches(cx, deal) })
}

/// Writes restatements, and the credits that make the ledger what it should be.
fn write(
    cx: &mut Cx,
    deal: &AttributionDeal,
    since: &rows::Since,
    journey: &Journey,
    found: &Credits,
    mut written: Vec<AttributionRestatement>,
    cause: &Cause,
) -> Result<()> {
    let mut stands = rows::shares(cx.db(), deal.id, since)?;
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
    cx.insert_all(&credits)?;
    // a pipeline that is gone leaves no credits, and no shares either
    match moved.is_empty() {
        true => Ok(()),
        false => Ok(rows::keep_shares(cx.db(), deal.id, since, &found.amounts)?),
    }
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
