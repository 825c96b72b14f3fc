//! What service says of a party in the customer overview: its cases, and how many of them are at work.

use domain::directory::overview::{OverviewItem, OverviewPart, TOP};
use domain::ids::PartyId;
use domain::service::cases::Case;
use persistence::service::cases as rows;
use platform::prelude::*;

/// The cases of a party, of the companies the caller may see.
pub fn of_party(cx: &mut Cx, party: PartyId) -> Result<OverviewPart> {
    let mut list = List::first(TOP);
    list.only("party_id", party.uuid()).newest_first();
    let mut open = list.clone();
    open.include_total = true;
    open.condition(rows::is_open(cx.now, true));
    let open_count = cx.page::<Case>(open)?.total_count.unwrap_or_default();
    let item = |c: Case| OverviewItem {
        id: c.id.to_string(),
        company_id: Some(c.company_id),
        number: Some(c.number),
        title: c.subject,
        status: c.status.to_string(),
        amount: None,
        currency: None,
        created_at: c.created_at,
        due_at: c.resolution_due_at,
    };
    let latest = cx.page::<Case>(list)?.data.into_iter().map(item).collect();
    Ok(OverviewPart { name: "cases".into(), open_count, latest, link: format!("/v1/service/cases?party_id={party}") })
}
