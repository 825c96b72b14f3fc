//! What happened to a party, over all areas. Every kind of event is shown only to those who may read its noun.

use domain::directory::overview::TimelineEntry;
use domain::directory::parties::{Party, PartyId};
use persistence::Value;

use crate::platform::events::{area_of, only_readable};
use crate::prelude::*;

/// A page of the events of a party that the caller may see, newest first.
pub fn of_party(cx: &mut Cx, id: PartyId, mut list: List) -> Result<Page<TimelineEntry>> {
    cx.find::<Party>(id)?;
    list.only("party_id", id.uuid());
    page(cx, list)
}

/// A page of the events of these things that the caller may see, newest first.
pub fn of_subjects(cx: &mut Cx, mut list: List, subjects: Vec<String>) -> Result<Page<TimelineEntry>> {
    list.condition(Condition::In("subject", subjects.into_iter().map(Value::Text).collect()));
    page(cx, list)
}

fn page(cx: &mut Cx, mut list: List) -> Result<Page<TimelineEntry>> {
    only_readable(cx, &mut list)?;
    list.newest_first();
    let mut page = cx.page::<TimelineEntry>(list)?;
    page.data.iter_mut().for_each(|e| e.area = area_of(cx, &e.kind));
    Ok(page)
}
