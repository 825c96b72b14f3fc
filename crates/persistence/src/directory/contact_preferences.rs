//! Rows of preferences of contacts.

use domain::directory::contact_preferences::ContactPreference;
use domain::ids::ContactId;
use domain::kernel::Id;

use crate::personal::{Personal, To, by, kept};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, record, sql};

record! {
    contact_preferences: ContactPreference {
        id: uid, contact_id: uid, name: text, kind: word, value: json, provenance: word, source: opt(text), noted_at: instant,
        version: int, created_at: instant,
    }
}

/// The preference of this name.
pub fn named(db: &mut Conn, contact: ContactId, name: &str) -> Result<Option<ContactPreference>> {
    let mut s = record::select::<ContactPreference>();
    s.append(sql!(" WHERE contact_id = {} AND name = {}", contact.uuid(), name));
    Ok(record::load(db, &s)?.pop())
}

/// Stores what was set in the place of an earlier value.
pub fn replace(db: &mut Conn, row: &ContactPreference) -> Result<bool> {
    record::update(db, row, None)
}

/// How many a contact has.
pub fn count(db: &mut Conn, contact: ContactId) -> Result<i64> {
    let found = sql!("SELECT COUNT(*) FROM contact_preferences WHERE contact_id = {}", contact.uuid());
    Ok(found.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<ContactPreference>()
    .ways(&[by("contact_id", To::Contact)])
    .columns(&[kept("value"), kept("source")])
    .plain(&["name", "kind", "provenance"])
    .deleted();

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_contact::<ContactPreference>("contact_id", OnMerge::FollowUnlessDouble(&["name"]))];
