//! Operations on those who have a part in an opportunity, and how their parts are written with it.

use std::collections::BTreeSet;

use domain::crm::competitors;
use domain::crm::competitors::Competitor;
use domain::crm::opportunities::team;
use domain::crm::opportunities::team::{NewTeam, TEAM_REFUSALS};
use domain::crm::opportunities::*;
use domain::crm::pipelines::Pipeline;
use domain::directory::contacts::Contact;
use domain::identity::users::User;
use domain::ids::{CompanyId, CompetitorId, ContactId, OpportunityId, UserId};
use platform::prelude::*;

use super::store;

pub fn operations(n: &mut platform::table::Noun<'_, Opportunity>) {
    n.view("splits", splits, "Get who shares an opportunity. Without shares it is its owner's alone.");
    n.action_with("splits", split, SPLIT)
        .named("split_opportunity")
        .permission("crm.opportunities.update")
        .fails(TEAM_REFUSALS)
        .fails(&[NOT_OPEN]);
}

const SPLIT: &str = "Share an open opportunity among users. The shares replace those before; they sum to 100 percent exactly, or \
there are none. Forecasts count each user's share, and the opportunity once in their sum.";

fn splits(cx: &mut Cx, id: OpportunityId, _: NoFilter) -> Result<OpportunitySplits> {
    let deal = cx.find::<Opportunity>(id)?;
    Ok(OpportunitySplits { opportunity_id: id, version: deal.version, splits: deal.splits })
}

fn split(cx: &mut Cx, id: OpportunityId, to: SplitOpportunity) -> Result<Opportunity> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    before.must_be_open()?;
    let pipeline = cx.find::<Pipeline>(before.pipeline_id)?;
    let mut after = before.clone();
    put(cx, &mut after, NewTeam { splits: Some(to.splits), ..NewTeam::default() })?;
    after.updated_at = cx.now;
    store(cx, &before, after, &pipeline, "updated", None)
}

/// Gives a deal these parts. Users, people and competitors must exist; all that do not are told at once.
pub(crate) fn put(cx: &mut Cx, deal: &mut Opportunity, new: NewTeam) -> Result<()> {
    if let Some(new) = new.splits {
        let ids: Vec<UserId> = new.iter().map(|s| s.user_id).collect();
        let known: BTreeSet<UserId> = cx.find_all::<User>(&ids)?.into_iter().map(|u| u.id).collect();
        exist("/splits", "/user_id", &ids, &known)?;
        deal.splits = team::splits(deal.id, new, || cx.new_id())?;
    }
    if let Some(mut new) = new.contact_roles {
        let ids: Vec<ContactId> = new.iter().map(|r| r.contact_id).collect();
        let stands = cx.survivors::<Contact>(&ids)?;
        exist("/contact_roles", "/contact_id", &ids, &stands.keys().copied().collect())?;
        new.iter_mut().for_each(|r| r.contact_id = stands.get(&r.contact_id).copied().unwrap_or(r.contact_id));
        deal.contact_roles = team::contact_roles(deal.id, new, || cx.new_id())?;
    }
    if let Some(new) = new.competitor_ids {
        let found = cx.find_all::<Competitor>(&new)?;
        let ours = found.iter().filter(|c| c.company_id == deal.company_id);
        let known: BTreeSet<CompetitorId> = ours.map(|c| c.id).collect();
        exist("/competitor_ids", "", &new, &known)?;
        let named: BTreeSet<CompetitorId> = deal.competitors.iter().map(|c| c.competitor_id).collect();
        let archived = |id: &CompetitorId| found.iter().any(|c| c.id == *id && c.archived_at.is_some());
        if let Some(i) = new.iter().position(|id| archived(id) && !named.contains(id)) {
            return Err(competitors::ARCHIVED.field(format!("/competitor_ids/{i}"), "The competitor is archived."));
        }
        deal.competitors = team::competitors(deal.id, new, || cx.new_id())?;
    }
    Ok(())
}

/// Refuses those that are not known, each at its place.
fn exist<I: Id>(list: &str, field: &str, ids: &[I], known: &BTreeSet<I>) -> Result<()> {
    let missing = ids.iter().enumerate().filter(|(_, id)| !known.contains(id));
    let error = |(i, id): (usize, &I)| {
        FieldError::body(format!("{list}/{i}{field}"), problems::unknown_reference.code, format!("There is no {id}."))
    };
    let errors: Vec<FieldError> = missing.map(error).collect();
    if errors.is_empty() { Ok(()) } else { Err(problems::unknown_reference.at(errors)) }
}

/// A competitor of the company that a further deal may name.
pub(crate) fn rival(cx: &mut Cx, company: CompanyId, id: CompetitorId) -> Result<Competitor> {
    let rival = cx.refer::<Competitor>("/competitor_id", id)?;
    if rival.company_id != company {
        return Err(problems::unknown_reference.field("/competitor_id", "The competitor belongs to another company."));
    }
    match rival.archived_at {
        Some(_) => Err(competitors::ARCHIVED.field("/competitor_id", "The competitor is archived.")),
        None => Ok(rival),
    }
}
