//! Operations on relationships between people and parties.

use domain::directory::contacts::Contact;
use domain::directory::parties::{MERGED, Party};
use domain::directory::relationships::{ENDS_BEFORE_START, NewRelationship, Relationship, RelationshipPatch};
use domain::ids::{PartyId, RelationshipId};
use persistence::directory::relationships as rows;
use persistence::reference::not_of_tombstones;

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Relationship>("directory/relationships", "Who works for whom, in which role, from when to when.");
    n.about(&[("contact_id", Contact::TABLE), ("party_id", Party::TABLE)]);
    n.list_with(list, "List relationships.")
        .filter(&["contact_id", "party_id", "is_primary", "from_date", "to_date"])
        .expand::<Contact>("contact", "contact_id")
        .expand::<Party>("party", "party_id");
    n.create(create, "Create a relationship. A new primary one takes the place of the one before.").fails(&[ENDS_BEFORE_START, MERGED]);
    n.bulk(create);
    n.read("Get a relationship.").expand::<Contact>("contact", "contact_id").expand::<Party>("party", "party_id");
    n.update(update, "Change a relationship. To end it, set `to_date`.").fails(&[ENDS_BEFORE_START]);
    n.delete(delete, "Delete a relationship that was entered by mistake.");
}

/// What stayed with who was merged away is the double of a relationship of the survivor.
fn list(cx: &mut Cx, mut list: List) -> Result<Page<Relationship>> {
    list.query.conditions.push(not_of_tombstones(Relationship::TABLE, &[("contact_id", Contact::TABLE), ("party_id", Party::TABLE)]));
    cx.page(list)
}

/// Creates one, as the operation does; for services that need one on their way.
pub fn create(cx: &mut Cx, new: NewRelationship) -> Result<Relationship> {
    let contact_id = cx.refer::<Contact>("/contact_id", new.contact_id)?.id;
    if let Some(other) = cx.refer_itself::<Party>("/party_id", new.party_id)?.merged_into {
        return Err(MERGED.field("/party_id", format!("It was merged into {other}.")));
    }
    let new = NewRelationship { contact_id, ..new };
    let relationship = Relationship::new(cx.new_id(), new, cx.now)?;
    if relationship.is_primary {
        make_room(cx, relationship.party_id)?;
    }
    cx.create(relationship)
}

fn update(cx: &mut Cx, id: RelationshipId, patch: RelationshipPatch) -> Result<Relationship> {
    let before = cx.load_for_update::<Relationship>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    if after.is_primary && !before.is_primary {
        make_room(cx, after.party_id)?;
    }
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: RelationshipId) -> Result<()> {
    let relationship = cx.load_for_update::<Relationship>(id)?;
    cx.remove(relationship)
}

/// Ends the present primary relationship of a party being primary. The party is locked, so that two at once take turns.
fn make_room(cx: &mut Cx, party: PartyId) -> Result<()> {
    cx.load_for_update::<Party>(party)?;
    if let Some(present) = rows::primary(cx.db(), party)? {
        let before = cx.load_for_update::<Relationship>(present)?;
        let after = Relationship { is_primary: false, updated_at: cx.now, ..before.clone() };
        cx.save(&before, after, "updated")?;
    }
    Ok(())
}
