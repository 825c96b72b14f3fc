//! What happened to a party, over all areas. Every kind of event is shown only to those who may read its noun.

use domain::directory::overview::TimelineEntry;
use domain::directory::parties::{Party, PartyId};

use crate::platform::events::{area_of, only_readable};
use crate::prelude::*;

/// A page of the events of a party that the caller may see, newest first.
pub fn of_party(cx: &mut Cx, id: PartyId, mut list: List) -> Result<Page<TimelineEntry>> {
    cx.find::<Party>(id)?;
    only_readable(cx, &mut list)?;
    list.only("party_id", id.uuid());
    list.newest_first();
    let mut page = cx.page::<TimelineEntry>(list)?;
    page.data.iter_mut().for_each(|e| e.area = area_of(cx, &e.kind));
    Ok(page)
}
