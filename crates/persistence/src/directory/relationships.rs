//! Rows of relationships between people and parties.

use chrono::NaiveDate;
use domain::directory::relationships::Relationship;
use domain::ids::{ContactId, PartyId, RelationshipId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::personal::{Personal, To, by, null};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, Statement, sql};

crate::record! {
    relationships: Relationship {
        id: uid, contact_id: uid, party_id: uid, title: opt(text), role: opt(text), from_date: opt(date), to_date: opt(date),
        is_primary: bool, created_at: instant, updated_at: instant, version: int,
    }
}

/// The primary relationship of a party, if it has one.
pub fn primary(db: &mut Conn, party: PartyId) -> Result<Option<RelationshipId>> {
    let row = sql!("SELECT id FROM relationships WHERE party_id = {} AND is_primary = {}", party.uuid(), true).first::<(Uuid,)>(db)?;
    Ok(row.map(|r| RelationshipId::from_uuid(r.0)))
}

/// The condition on `relationships r` that it holds on a day, as `Relationship::holds_on`.
pub fn holds_on(day: NaiveDate) -> Statement {
    sql!("(r.from_date IS NULL OR r.from_date <= {}) AND (r.to_date IS NULL OR r.to_date >= {})", day, day)
}

/// Relationships of a party that hold on a day, the primary one first, at most `limit`, with the contact of each. Contacts that
/// were merged into another one are not among them: the other is.
pub fn current(db: &mut Conn, party: PartyId, day: NaiveDate, limit: i64) -> Result<Vec<(RelationshipId, ContactId)>> {
    let rows = sql!(
        "SELECT r.id, r.contact_id FROM relationships r WHERE r.party_id = {} AND {} \
         AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = r.contact_id AND c.merged_into IS NOT NULL) \
         ORDER BY r.is_primary DESC, r.id LIMIT {}",
        party.uuid(),
        holds_on(day),
        limit
    )
    .load::<(Uuid, Uuid)>(db)?;
    Ok(rows.into_iter().map(|(r, c)| (RelationshipId::from_uuid(r), ContactId::from_uuid(c))).collect())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Relationship>()
    .ways(&[by("contact_id", To::Contact), by("party_id", To::Party)])
    .columns(&[null("title"), null("role")]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[
    Reference::to_party::<Relationship>("party_id", OnMerge::FollowUnlessDouble(&["contact_id", "to_date"])),
    Reference::to_contact::<Relationship>("contact_id", OnMerge::FollowUnlessDouble(&["party_id", "to_date"])),
];
