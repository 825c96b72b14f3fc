//! What happened around a deal or a lead: its own events, those of what it came from or became, of its activities, and
//! of the documents that came from it. One stream with keyset pages, the same rows as the audit trail.

use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::directory::timeline::TimelineEntry;
use domain::ids::{LeadId, OpportunityId};
use platform::directory::timeline;
use platform::prelude::*;

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
    timeline::of_subjects(cx, list, subjects)
}

fn around_deal(cx: &mut Cx, deal: &Opportunity) -> Result<Vec<String>> {
    let mut subjects = timeline::documents_from(cx, deal.id.to_string())?;
    subjects.extend(deal.source_lead_id.map(|l| l.to_string()));
    Ok(subjects.into_iter().collect())
}
