//! Rows of merges of contacts, and the pointers that follow one and go back with it.

use chrono::{DateTime, Utc};
use domain::directory::contact_merges::ContactMerge;
use domain::ids::{ContactId, ContactMergeId};
use domain::kernel::Id;
use uuid::Uuid;

use super::merging::{self, Merged, Pair};
use crate::personal::{Personal, To, by, kept};
use crate::reference::{OnMerge, Reference, Target};
use crate::{Conn, Result, sql};

crate::record! {
    contact_merges: ContactMerge {
        id: uid, status: word, winner_id: uid, loser_id: uid, conflicts: json, winner_before: json, winner_after: json,
        loser_before: json, undo_until: instant, undone_at: opt(instant), created_at: instant, updated_at: instant, version: int,
    }
    unstored { moved }
    complete = count_moved
}

/// Contacts that were merged.
const CONTACTS: Merged = Merged { table: "contacts", merges: "contact_merges", moves: "contact_merge_moves", target: Target::Contact };

merging::merges!(ContactMerge, ContactId, ContactMergeId, Contact, "contact", CONTACTS);

/// Points everything that leads to the loser at the winner, and remembers what it was. Doing it again moves what was added
/// to the loser meanwhile.
pub fn follow(db: &mut Conn, merge: &ContactMerge, now: DateTime<Utc>) -> Result<()> {
    pass_primary(db, merge, now)?;
    CONTACTS.follow(db, &pair(merge, now))
}

/// Relationships that stopped being the first of their party, because the contact that stayed has the same place there.
const PRIMARY: &str = "relationships.is_primary";

/// Whoever was to be asked first at a party where both are is the one that stays.
fn pass_primary(db: &mut Conn, merge: &ContactMerge, now: DateTime<Utc>) -> Result<()> {
    let (id, winner, loser) = (merge.id.uuid(), merge.winner_id.uuid(), merge.loser_id.uuid());
    let passing = sql!(
        "INSERT INTO contact_merge_moves (merge_id, what, row_id) SELECT {}, {}, r.id FROM relationships r \
         WHERE r.contact_id = {} AND r.is_primary = {} AND EXISTS (SELECT 1 FROM relationships o WHERE o.contact_id = {} \
         AND o.party_id = r.party_id AND (o.to_date = r.to_date OR (o.to_date IS NULL AND r.to_date IS NULL)))",
        id,
        PRIMARY,
        loser,
        true,
        winner
    );
    if passing.execute(db)? == 0 {
        return Ok(());
    }
    set_primary(db, id, loser, false, now)?;
    sql!(
        "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE id IN (SELECT o.id \
         FROM relationships o JOIN relationships r ON r.party_id = o.party_id AND (o.to_date = r.to_date OR (o.to_date IS NULL AND r.to_date IS NULL)) \
         JOIN contact_merge_moves m ON m.row_id = r.id WHERE o.contact_id = {} AND m.merge_id = {} AND m.what = {} \
         AND NOT EXISTS (SELECT 1 FROM relationships e WHERE e.contact_id = o.contact_id AND e.party_id = o.party_id AND e.id < o.id \
         AND (e.to_date = o.to_date OR (e.to_date IS NULL AND o.to_date IS NULL))))",
        true,
        now,
        winner,
        id,
        PRIMARY
    )
    .execute(db)?;
    Ok(())
}

fn set_primary(db: &mut Conn, merge: Uuid, contact: Uuid, to: bool, now: DateTime<Utc>) -> Result<usize> {
    sql!(
        "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE contact_id = {} \
         AND id IN (SELECT row_id FROM contact_merge_moves WHERE merge_id = {} AND what = {})",
        to,
        now,
        contact,
        merge,
        PRIMARY
    )
    .execute(db)
}

/// Points everything that followed back at the loser, but for what was pointed elsewhere since.
pub fn go_back(db: &mut Conn, merge: &ContactMerge, now: DateTime<Utc>) -> Result<()> {
    CONTACTS.go_back(db, &pair(merge, now))?;
    let (id, winner, loser) = (merge.id.uuid(), merge.winner_id.uuid(), merge.loser_id.uuid());
    sql!(
        "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE contact_id = {} AND is_primary = {} \
         AND party_id IN (SELECT r.party_id FROM relationships r JOIN contact_merge_moves m ON m.row_id = r.id \
         WHERE m.merge_id = {} AND m.what = {})",
        false,
        now,
        winner,
        true,
        id,
        PRIMARY
    )
    .execute(db)?;
    set_primary(db, id, loser, true, now)?;
    Ok(())
}

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_contact::<ContactMerge>("loser_id", OnMerge::Stay), Reference::to_contact::<ContactMerge>("winner_id", OnMerge::Stay)];
