//! Operations on attribution models, those that every company has, and what a Markov model learns.

use chrono::TimeDelta;
use domain::ids::{AttributionModelId, CompanyId};
use domain::marketing::attribution::markov::{Path, removal_effects};
use domain::marketing::attribution_credits::AttributionDealStatus;
use domain::marketing::attribution_models::{
    AttributionKind, AttributionModel, AttributionModelPatch, DUPLICATE_NAME, MOST, NOT_MARKOV, NewAttributionModel, READY_MADE, REFUSALS,
    TOO_MANY,
};
use persistence::marketing::{attribution_credits as ledger, attribution_models as rows};
use platform::prelude::*;

use super::attribution_credits;

/// A Markov model learns from so many decided deals, and so many disqualified leads, at most.
const MOST_PATHS: i64 = 1000;
/// Companies that one turn of the clock gives models.
const AT_ONCE: i64 = 10;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<AttributionModel>("marketing/attribution-models", "Which touch of a journey earns how much of what a deal brought.");
    n.list("List attribution models.").filter(&["kind", "name"]).sort(&["name"]);
    n.create(create, CREATE).fails(REFUSALS).fails(&[TOO_MANY]);
    n.read("Get an attribution model.");
    n.update(update, UPDATE).fails(REFUSALS);
    n.action("train", train, TRAIN).fails(&[NOT_MARKOV]);
    t.each("marketing.attribution.equip", TimeDelta::minutes(1), AT_ONCE, without_models, equip);
}

const CREATE: &str = "Create an attribution model. All deals of the company are credited by it: up to 200 at once, the rest within minutes, and \
then `is_ready` is true. A Markov model learns from the journeys there are.";
const UPDATE: &str = "Change an attribution model. When its window, half-life or weights change, all deals are credited anew; what stood before \
stays in the ledger, with what took it back.";
const TRAIN: &str = "Let a Markov model learn anew. From the latest 1000 decided deals and 1000 disqualified leads with touches; all deals are \
credited anew by what it learned.";

fn create(cx: &mut Cx, new: NewAttributionModel) -> Result<AttributionModel> {
    cx.company(new.company_id)?;
    let count = rows::count(cx.db(), new.company_id)?;
    cx.ensure(count < MOST, TOO_MANY, || format!("There are {count} already."))?;
    let mut model = AttributionModel::new(cx.new_id(), new, cx.now)?;
    free(cx, model.company_id, &model.name, None)?;
    if model.kind == AttributionKind::Markov {
        model = taught(cx, model)?;
    }
    let model = cx.create(model)?;
    attribution_credits::catch_up(cx, model)
}

fn free(cx: &mut Cx, company: CompanyId, name: &str, own: Option<AttributionModelId>) -> Result<()> {
    match rows::named(cx.db(), company, name)? {
        Some(other) if own.is_none_or(|own| own.uuid() != other) => {
            Err(DUPLICATE_NAME.field("/name", format!("There is an attribution model called {name}.")))
        }
        _ => Ok(()),
    }
}

fn update(cx: &mut Cx, id: AttributionModelId, patch: AttributionModelPatch) -> Result<AttributionModel> {
    let before = cx.load_for_update::<AttributionModel>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    free(cx, after.company_id, &after.name, Some(id))?;
    let after = cx.save(&before, after, "updated")?;
    attribution_credits::catch_up(cx, after)
}

fn train(cx: &mut Cx, id: AttributionModelId) -> Result<AttributionModel> {
    let before = cx.load_for_update::<AttributionModel>(id)?;
    cx.ensure(before.kind == AttributionKind::Markov, NOT_MARKOV, || format!("{} is {}.", before.name, before.kind))?;
    let after = taught(cx, before.clone())?;
    let after = cx.save(&before, after, "trained")?;
    attribution_credits::catch_up(cx, after)
}

/// The model with what the journeys of its company teach.
fn taught(cx: &mut Cx, model: AttributionModel) -> Result<AttributionModel> {
    let mut paths: Vec<Path> = ledger::disqualified(cx.db(), model.company_id, model.lookback_days, MOST_PATHS)?;
    for deal in ledger::decided(cx.db(), model.company_id, MOST_PATHS)? {
        let until = deal.converted_at.unwrap_or(deal.updated_at);
        let since = until - TimeDelta::days(model.lookback_days.into());
        let channels: Vec<_> = ledger::touches(cx.db(), &deal, since, until)?.into_iter().map(|t| t.channel).collect();
        if !channels.is_empty() {
            paths.push((channels, deal.status == AttributionDealStatus::Won));
        }
    }
    let effects = removal_effects(&paths)?;
    Ok(model.trained(effects, paths.len() as i64, cx.now))
}

/// A new company has the usual models.
pub fn seed(cx: &mut Cx, event: &Event) -> Result<()> {
    match event.company {
        Some(company) => equip(cx, company),
        None => Ok(()),
    }
}

/// Companies that have no models, because they are older than these.
fn without_models(cx: &mut Cx, limit: i64) -> Result<Vec<CompanyId>> {
    Ok(rows::companies_without(cx.db(), limit)?)
}

/// Gives a company the usual models.
pub fn equip(cx: &mut Cx, company_id: CompanyId) -> Result<()> {
    for (name, kind) in READY_MADE {
        let new = NewAttributionModel { company_id, name: name.into(), kind, lookback_days: None, half_life_days: None, weights: None };
        let model = AttributionModel::new(cx.new_id(), new, cx.now)?;
        cx.create(AttributionModel { is_ready: true, ..model })?;
    }
    Ok(())
}
