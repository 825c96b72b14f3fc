//! Rows of merges of contacts, and the pointers that follow one and go back with it.

use chrono::{DateTime, Utc};
use domain::directory::contact_merges::ContactMerge;
use domain::ids::{ContactId, ContactMergeId};
use domain::kernel::Id;

use super::merging::{self, Merged, Pair};
use super::references::TO_CONTACTS;
use crate::personal::{Personal, To, by, kept};
use crate::{Conn, Result};

crate::record! {
    contact_merges: ContactMerge {
        id: uid, status: word, winner_id: uid, loser_id: uid, conflicts: json, winner_before: json, winner_after: json,
        loser_before: json, undo_until: instant, undone_at: opt(instant), created_at: instant, updated_at: instant, version: int,
    }
    unstored { moved }
    complete = count_moved
}

/// Contacts that were merged.
const CONTACTS: Merged = Merged { table: "contacts", merges: "contact_merges", moves: "contact_merge_moves", references: TO_CONTACTS };

fn pair(merge: &ContactMerge, now: DateTime<Utc>) -> Pair {
    let wire = (merge.winner_id.to_string(), merge.loser_id.to_string());
    Pair { merge: merge.id.uuid(), winner: merge.winner_id.uuid(), loser: merge.loser_id.uuid(), wire, now }
}

fn count_moved(db: &mut Conn, merges: &mut [ContactMerge]) -> Result<()> {
    let mut moved = CONTACTS.moved(db, &merges.iter().map(|m| m.id.uuid()).collect::<Vec<_>>())?;
    merges.iter_mut().for_each(|m| m.moved = moved.remove(&m.id.uuid()).unwrap_or_default());
    Ok(())
}

/// The merge by which a contact went, as long as it was not taken back.
pub fn of_loser(db: &mut Conn, loser: ContactId) -> Result<Option<ContactMerge>> {
    merging::of_loser(db, loser.uuid())
}

/// Merges made after a moment and not taken back, the oldest first.
pub fn made_after(db: &mut Conn, moment: DateTime<Utc>, limit: i64) -> Result<Vec<ContactMerge>> {
    merging::made_after(db, moment, limit)
}

/// Points everything that leads to the loser at the winner, and remembers what it was. Doing it again moves what was added
/// to the loser meanwhile.
pub fn follow(db: &mut Conn, merge: &ContactMerge, now: DateTime<Utc>) -> Result<()> {
    CONTACTS.follow(db, &pair(merge, now))
}

/// Points everything that followed back at the loser, but for what was pointed elsewhere since.
pub fn go_back(db: &mut Conn, merge: &ContactMerge, now: DateTime<Utc>) -> Result<()> {
    CONTACTS.go_back(db, &pair(merge, now))
}

/// Keeps that a merge was taken back.
pub fn mark_undone(db: &mut Conn, id: ContactMergeId, now: DateTime<Utc>) -> Result<usize> {
    CONTACTS.mark_undone(db, id.uuid(), now)
}

/// What `contact_merge_moves` holds of a person.
pub const MOVES: Personal = Personal::table("contact_merge_moves")
    .ways(&[by("merge_id", To::Contact).where_is("merge_id IN (SELECT id FROM contact_merges WHERE winner_id IN ({}))"),
        by("merge_id", To::Contact).where_is("merge_id IN (SELECT id FROM contact_merges WHERE loser_id IN ({}))")])
    .plain(&["what"])
    .deleted();

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<ContactMerge>()
    .ways(&[by("winner_id", To::Contact), by("loser_id", To::Contact)])
    .columns(&[kept("conflicts"), kept("winner_before"), kept("winner_after"), kept("loser_before")])
    .plain(&["status"])
    .deleted();
