//! What happened around a deal or a lead: its own events, those of what it came from or became, of its activities, and
//! of the documents that came from it. One stream with keyset pages, the same rows as the audit trail.

use std::collections::BTreeSet;

use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::directory::overview::TimelineEntry;
use domain::ids::{LeadId, OpportunityId};
use persistence::crm::activities;
use persistence::platform::links;
use platform::directory::timeline;
use platform::prelude::*;

/// Documents in one timeline at most; a deal with more is followed through the timeline of its party.
const MOST: usize = 500;
/// Steps along the document flow: order, delivery, invoice, payment and what settles it.
const DEEPEST: usize = 6;

/// A page of what happened around an opportunity.
pub fn of_opportunity(cx: &mut Cx, id: OpportunityId, list: List) -> Result<Page<TimelineEntry>> {
    let deal = cx.find::<Opportunity>(id)?;
    let subjects = around_deal(cx, &deal)?;
    timeline::of_subjects(cx, list, subjects)
}

/// A page of what happened around a lead and the opportunity it became.
pub fn of_lead(cx: &mut Cx, id: LeadId, list: List) -> Result<Page<TimelineEntry>> {
    let lead = cx.find::<Lead>(id)?;
    let mut subjects = match lead.converted_opportunity_id {
        // what it became may be hidden from the caller
        Some(deal) => match cx.find_all::<Opportunity>(&[deal])?.pop() {
            Some(deal) => around_deal(cx, &deal)?,
            None => Vec::new(),
        },
        None => Vec::new(),
    };
    subjects.push(id.to_string());
    subjects.extend(activities::about(cx.db(), &id.to_string(), MOST as i64)?.iter().map(ToString::to_string));
    timeline::of_subjects(cx, list, subjects)
}

fn around_deal(cx: &mut Cx, deal: &Opportunity) -> Result<Vec<String>> {
    let mut subjects = documents_from(cx, deal.id.to_string())?;
    subjects.extend(deal.source_lead_id.map(|l| l.to_string()));
    let done = activities::about(cx.db(), &deal.id.to_string(), MOST as i64)?;
    subjects.extend(done.iter().map(ToString::to_string));
    Ok(subjects.into_iter().collect())
}

/// The document itself and all that came from it, downstream only: what else its order's invoice settles is not its story.
fn documents_from(cx: &mut Cx, start: String) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::from([start.clone()]);
    let mut edge = vec![start];
    for _ in 0..DEEPEST {
        if edge.is_empty() || found.len() >= MOST {
            break;
        }
        let steps = links::around(cx.db(), &edge, MOST as i64)?;
        edge = steps.into_iter().filter(|(from, to, _)| edge.contains(from) && !found.contains(to)).map(|(_, to, _)| to).collect();
        found.extend(edge.iter().cloned());
    }
    Ok(found)
}
