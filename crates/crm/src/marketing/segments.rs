//! Operations on segments. Who is in a dynamic one is decided by the database in one statement.

use domain::directory::companies::Company;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::ids::SegmentId;
use domain::marketing::segments::filters::SegmentFilter;
use domain::marketing::segments::{
    FILTER_FOR_DYNAMIC, NAME_TAKEN, NOT_STATIC, NewSegment, Segment, SegmentMember, SegmentMembers, SegmentPatch, WRONG_MEMBERS, filters,
};
use persistence::marketing::segments as rows;
use persistence::marketing::segments::filters::Ground;
use platform::prelude::*;

use super::people::PEOPLE;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Segment>("marketing/segments", "Audiences of parties, contacts or leads, listed by hand or found by a filter.");
    n.searched(Words::titled("name"));
    n.list("List segments.").filter(&["kind", "audience", "name"]).search(&["search"]).sort(&["name"]);
    n.create(create, CREATE).fails(filters::REFUSALS).fails(&[FILTER_FOR_DYNAMIC, NAME_TAKEN]);
    n.read("Get a segment.");
    n.update(update, "Change a segment. A changed filter counts its members anew with the next evaluation.")
        .fails(filters::REFUSALS)
        .fails(&[FILTER_FOR_DYNAMIC, NAME_TAKEN]);
    n.delete(delete, "Delete a segment that no campaign uses.");
    n.action("evaluate", evaluate, "Evaluate a segment. Counts who is in it now.");
    n.action_with("add-members", add_members, "Add members to a static segment. Those who are in already stay.")
        .fails(&[NOT_STATIC, WRONG_MEMBERS]);
    n.action_with("remove-members", remove_members, "Remove members from a static segment. Who is not in is passed over.")
        .fails(&[NOT_STATIC, WRONG_MEMBERS]);
    n.rows_about::<SegmentMember>(PEOPLE);
    n.page_of::<SegmentMember>("members", members, "List who is in a segment now, with the address that a campaign would write to.")
        .filter(&["country"])
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id");
}

const CREATE: &str = "Create a segment. The filter of a dynamic one is `{\"all\": […]}`, `{\"any\": […]}`, `{\"not\": …}` or a test such as \
`{\"field\": \"country\", \"op\": \"equals\", \"value\": \"DE\"}`; for contacts `{\"party\": …}` is a filter on whom they work for. Parties \
have kind, name, tag, country, region, city, is_customer, is_vendor, has_email, owner_id, created_date, last_order_date, order_count, revenue \
(invoiced less credited, before tax), open_invoice_count and overdue_amount; order_count and revenue take `from_date` and `to_date`. Contacts \
have name, tag, country, region, city, language, has_email, owner_id and created_date; leads have status and source instead of tag and \
language. A refusal names the operators that a field has. Archived parties and contacts and converted leads are never in.";

fn create(cx: &mut Cx, new: NewSegment) -> Result<Segment> {
    cx.company(new.company_id)?;
    let segment = Segment::new(cx.new_id(), new, cx.now)?;
    unique(cx, &segment)?;
    cx.create(segment)
}

fn unique(cx: &mut Cx, segment: &Segment) -> Result<()> {
    match rows::name_taken(cx.db(), segment)? {
        true => Err(NAME_TAKEN.field("/name", format!("There is a segment {:?}.", segment.name))),
        false => Ok(()),
    }
}

fn update(cx: &mut Cx, id: SegmentId, patch: SegmentPatch) -> Result<Segment> {
    let before = cx.load_for_update::<Segment>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    unique(cx, &after)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: SegmentId) -> Result<()> {
    let segment = cx.load_for_update::<Segment>(id)?;
    rows::clear(cx.db(), &segment)?;
    cx.remove(segment)
}

/// The filter of a segment and what it depends on.
pub fn grounds(cx: &mut Cx, segment: &Segment) -> Result<(Option<SegmentFilter>, Ground)> {
    let company = cx.find::<Company>(segment.company_id)?;
    let today = cx.today(&company);
    Ok((segment.read_filter()?, rows::ground(cx.engine(), segment, &company, today)))
}

/// The condition on everybody who can be written to that somebody is in a segment now.
pub fn membership(cx: &mut Cx, segment: &Segment) -> Result<persistence::Statement> {
    let (filter, ground) = grounds(cx, segment)?;
    Ok(rows::is_member(segment, filter.as_ref(), &ground))
}

fn evaluate(cx: &mut Cx, id: SegmentId) -> Result<Segment> {
    let before = cx.load_for_update::<Segment>(id)?;
    let (filter, ground) = grounds(cx, &before)?;
    let members = rows::count(cx.db(), &before, filter.as_ref(), &ground)?;
    let after = before.clone().evaluated(members, cx.now);
    cx.save(&before, after, "evaluated")
}

fn add_members(cx: &mut Cx, id: SegmentId, members: SegmentMembers) -> Result<Segment> {
    let before = cx.load_for_update::<Segment>(id)?;
    let ids = before.ids_of(&survivors(cx, members)?)?;
    let known = rows::known(cx.db(), &before, &ids)?;
    if let Some(missing) = ids.iter().find(|id| !known.contains(id)) {
        let message = format!("There is no such member: {}.", domain::kernel::encode("…", *missing));
        return Err(problems::unknown_reference.field(format!("/{}", place_of(&before)), message));
    }
    rows::add(cx.db(), &before, &ids)?;
    counted(cx, before, "members_added")
}

/// Who stands for each member that was named.
fn survivors(cx: &mut Cx, mut members: SegmentMembers) -> Result<SegmentMembers> {
    let stands = cx.survivors::<Party>(&members.party_ids)?;
    members.party_ids.iter_mut().for_each(|id| *id = stands.get(id).copied().unwrap_or(*id));
    let stands = cx.survivors::<Contact>(&members.contact_ids)?;
    members.contact_ids.iter_mut().for_each(|id| *id = stands.get(id).copied().unwrap_or(*id));
    Ok(members)
}

/// The field of the body that names members of this segment.
fn place_of(segment: &Segment) -> &'static str {
    use domain::marketing::segments::SegmentAudience;
    match segment.audience {
        SegmentAudience::Parties => "party_ids",
        SegmentAudience::Contacts => "contact_ids",
        SegmentAudience::Leads => "lead_ids",
    }
}

fn remove_members(cx: &mut Cx, id: SegmentId, members: SegmentMembers) -> Result<Segment> {
    let before = cx.load_for_update::<Segment>(id)?;
    let ids = before.ids_of(&survivors(cx, members)?)?;
    rows::remove(cx.db(), &before, &ids)?;
    counted(cx, before, "members_removed")
}

fn counted(cx: &mut Cx, before: Segment, verb: &str) -> Result<Segment> {
    let (filter, ground) = grounds(cx, &before)?;
    let members = rows::count(cx.db(), &before, filter.as_ref(), &ground)?;
    let after = before.clone().evaluated(members, cx.now);
    cx.save(&before, after, verb)
}

fn members(cx: &mut Cx, id: SegmentId, mut list: List) -> Result<Page<SegmentMember>> {
    let segment = cx.find::<Segment>(id)?;
    let (filter, ground) = grounds(cx, &segment)?;
    list.condition(Condition::Other(rows::is_member(&segment, filter.as_ref(), &ground)));
    cx.page(list)
}
