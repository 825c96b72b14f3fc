//! Rows of the shares, roles and competitors of opportunities. They are written with their opportunity.

use domain::crm::opportunities::{ContactRole, Opportunity, OpportunityCompetitor, OpportunitySplit};
use domain::directory::contacts::Contact;
use domain::kernel::Id;
use uuid::Uuid;

use crate::reference::{OnMerge, Reference, survivors};
use crate::{Conn, Record, Result, record};

crate::record! {
    opportunity_splits: OpportunitySplit { id: uid, opportunity_id: uid, position: small, user_id: uid, percent: rate }
}
crate::record! {
    opportunity_contact_roles: ContactRole { id: uid, opportunity_id: uid, position: small, contact_id: uid, role: word }
}
crate::record! {
    opportunity_competitors: OpportunityCompetitor { id: uid, opportunity_id: uid, position: small, competitor_id: uid }
}

/// Fills in the parts of all these deals, one query for each kind.
pub(crate) fn complete(db: &mut Conn, rows: &mut [Opportunity], ids: &[Uuid]) -> Result<()> {
    let place = |rows: &[Opportunity], id: Uuid| rows.iter().position(|o| o.id.uuid() == id);
    for split in record::by::<OpportunitySplit>(db, "opportunity_id", ids)? {
        if let Some(at) = place(rows, split.opportunity_id.uuid()) {
            rows[at].splits.push(split);
        }
    }
    let roles = record::by::<ContactRole>(db, "opportunity_id", ids)?;
    let contacts: Vec<Uuid> = roles.iter().map(|r| r.contact_id.uuid()).collect();
    // the double of a role that the survivor has stays with who was merged away
    let gone = survivors(db, Contact::TABLE, &contacts)?;
    for role in roles.into_iter().filter(|r| !gone.iter().any(|(from, _)| *from == r.contact_id.uuid())) {
        if let Some(at) = place(rows, role.opportunity_id.uuid()) {
            rows[at].contact_roles.push(role);
        }
    }
    for competitor in record::by::<OpportunityCompetitor>(db, "opportunity_id", ids)? {
        if let Some(at) = place(rows, competitor.opportunity_id.uuid()) {
            rows[at].competitors.push(competitor);
        }
    }
    Ok(())
}

/// Replaces one kind of parts of a deal, when they differ.
fn replace<T: Record + PartialEq>(db: &mut Conn, deal: Uuid, before: &[T], after: &[T]) -> Result<()> {
    if before == after {
        return Ok(());
    }
    record::delete_by::<T>(db, "opportunity_id", deal)?;
    if after.is_empty() { Ok(()) } else { record::insert(db, after) }
}

/// Writes the parts of a deal that differ; `before` is `None` for a new one.
pub fn write(db: &mut Conn, before: Option<&Opportunity>, after: &Opportunity) -> Result<()> {
    let deal = after.id.uuid();
    replace(db, deal, before.map_or(&[][..], |b| &b.splits), &after.splits)?;
    replace(db, deal, before.map_or(&[][..], |b| &b.contact_roles), &after.contact_roles)?;
    replace(db, deal, before.map_or(&[][..], |b| &b.competitors), &after.competitors)
}

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_contact::<ContactRole>("contact_id", OnMerge::PartUnlessDouble(&["opportunity_id"]))];
