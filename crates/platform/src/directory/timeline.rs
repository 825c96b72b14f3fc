//! What happened to a party, over all areas. Every kind of event is shown only to those who may read its noun.

use domain::directory::overview::TimelineEntry;
use domain::directory::parties::Party;
use domain::ids::PartyId;
use persistence::Value;
use persistence::directory::parties;

use crate::facts::{self, area_of};
use crate::prelude::*;

/// A page of the events of a party that the caller may see, newest first; with those of parties that were merged into it.
pub fn of_party(cx: &mut Cx, id: PartyId, mut list: List) -> Result<Page<TimelineEntry>> {
    let id = stands_for(cx, id)?.id;
    match &parties::merged_into(cx.db(), id)?[..] {
        [] => {
            list.only("party_id", id.uuid());
        }
        gone => {
            let all = std::iter::once(id).chain(gone.iter().copied());
            list.condition(Condition::In("party_id", all.map(|p| Value::Uid(p.uuid())).collect()));
        }
    }
    page(cx, list)
}

/// The party, or the one that it was merged into.
pub fn stands_for(cx: &mut Cx, id: PartyId) -> Result<Party> {
    let party = cx.find::<Party>(id)?;
    match party.merged_into {
        Some(other) => cx.find::<Party>(other),
        None => Ok(party),
    }
}

/// A page of the events of these things that the caller may see, newest first.
pub fn of_subjects(cx: &mut Cx, mut list: List, subjects: Vec<String>) -> Result<Page<TimelineEntry>> {
    list.condition(Condition::In("subject", subjects.into_iter().map(Value::Text).collect()));
    page(cx, list)
}

fn page(cx: &mut Cx, mut list: List) -> Result<Page<TimelineEntry>> {
    list.newest_first();
    let mut page = facts::page::<TimelineEntry>(cx, list)?;
    page.data.iter_mut().for_each(|e| e.area = area_of(cx, &e.kind));
    Ok(page)
}
