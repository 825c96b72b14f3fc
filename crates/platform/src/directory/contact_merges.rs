//! Merging two contacts that are one person, and taking it back, as with parties. Areas that keep more than pointers hear
//! `contact.merged` and `contact.unmerged`, whose `winner_id` and `loser_id` say who is who.

use chrono::TimeDelta;
use domain::directory::contact_merges::{ContactMerge, MergeContact, NOT_MERGED, NOT_UNDOABLE, TOO_LARGE, TOO_LATE, WITH_ITSELF};
use domain::directory::contacts::{Contact, MERGED};
use domain::directory::personal_data::ERASED;
use domain::ids::{ContactId, ContactMergeId};
use persistence::directory::{contact_merges as rows, contacts};

use super::merging::tell;
use crate::prelude::*;

/// What a merge can be refused for.
pub const MERGE_REFUSALS: &[Code] = &[WITH_ITSELF, TOO_LARGE, MERGED, ERASED];
/// What taking one back can be refused for.
pub const UNMERGE_REFUSALS: &[Code] = &[NOT_MERGED, TOO_LATE, NOT_UNDOABLE];

/// Merges of ten minutes that are looked at again; there are never so many.
const MOST_RECENT: i64 = 10_000;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<ContactMerge>("directory/contact-merges", "Contacts that were merged into others, and what is needed to take it back.");
    n.about(&[("winner_id", Contact::TABLE), ("loser_id", Contact::TABLE)]);
    n.list("List merges of contacts.")
        .filter(&["winner_id", "loser_id", "status"])
        .expand::<Contact>("winner", "winner_id")
        .expand::<Contact>("loser", "loser_id");
    n.read("Get a merge of contacts.").expand::<Contact>("winner", "winner_id").expand::<Contact>("loser", "loser_id");
    t.each("directory.contact_merges.follow", TimeDelta::minutes(1), MOST_RECENT, recent, follow_up);
}

/// Merges a contact into the one that the path names.
pub fn merge(cx: &mut Cx, id: ContactId, body: MergeContact) -> Result<ContactMerge> {
    let now = cx.now;
    if body.source_id != id {
        cx.exists::<Contact>("/source_id", body.source_id)?;
    }
    // of two merges at once each locks the two in the same order
    let (low, high) = (id.min(body.source_id), id.max(body.source_id));
    let low = cx.load_for_update::<Contact>(low)?;
    let high = if low.id == high { low.clone() } else { cx.load_for_update::<Contact>(high)? };
    let (winner, loser) = if low.id == id { (low, high) } else { (high, low) };
    contacts::lock_out(cx.db(), loser.id)?;
    let merge = ContactMerge::decide(cx.new_id(), &winner, &loser, &body.take, cx.now)?;
    cx.insert_all(std::slice::from_ref(&merge))?;
    let tombstone = cx.save(&loser, merge.tombstone(cx.now), "updated")?;
    contacts::write_lookups(cx.db(), &tombstone)?;
    rows::follow(cx.db(), &merge, now)?;
    let united = cx.save(&winner, merge.winner_after.clone(), "updated")?;
    contacts::write_lookups(cx.db(), &united)?;
    tell(cx, "merged", &united, [&merge.id, &merge.winner_id, &merge.loser_id]);
    cx.find::<ContactMerge>(merge.id)
}

/// Takes the merge of a contact back, by which it went.
pub fn unmerge(cx: &mut Cx, id: ContactId) -> Result<Contact> {
    let now = cx.now;
    let tombstone = cx.load_for_update::<Contact>(id)?;
    let Some(winner_id) = tombstone.merged_into else {
        return Err(NOT_MERGED.with(format!("{} was not merged into another contact.", tombstone.name)));
    };
    let merge = rows::of_loser(cx.db(), id)?.ok_or_else(|| NOT_UNDOABLE.with("What was there before is no longer known."))?;
    merge.check_undoable(cx.now)?;
    if merge.winner_id != winner_id {
        return Err(NOT_UNDOABLE.with(format!("{} was merged into {winner_id} since; take that back first.", merge.winner_id)));
    }
    let winner = cx.load_for_update::<Contact>(winner_id)?;
    let (alone, back) = merge.undo(&winner, &tombstone, cx.now)?;
    for known in &back.external_ids {
        if contacts::by_external_id(cx.db(), known)?.is_some_and(|c| c != merge.winner_id && c != merge.loser_id) {
            return Err(NOT_UNDOABLE.with(format!("{:?} in {} is another contact by now.", known.id, known.system)));
        }
    }
    let alone = cx.save(&winner, alone, "updated")?;
    contacts::write_lookups(cx.db(), &alone)?;
    let back = cx.save(&tombstone, back, "updated")?;
    contacts::write_lookups(cx.db(), &back)?;
    rows::go_back(cx.db(), &merge, now)?;
    rows::mark_undone(cx.db(), merge.id, now)?;
    tell(cx, "unmerged", &alone, [&merge.id, &merge.winner_id, &merge.loser_id]);
    Ok(back)
}

/// Merges of the last minutes.
fn recent(cx: &mut Cx, limit: i64) -> Result<Vec<ContactMergeId>> {
    let since = cx.now - TimeDelta::minutes(10);
    Ok(rows::made_after(cx.db(), since, limit)?)
}

/// Somebody who read the contact before it went may have written a reference to it after. For a while after a merge, such
/// stragglers follow.
fn follow_up(cx: &mut Cx, id: ContactMergeId) -> Result<()> {
    let (now, merge) = (cx.now, cx.find::<ContactMerge>(id)?);
    if merge.undone_at.is_none() {
        rows::follow(cx.db(), &merge, now)?;
    }
    Ok(())
}
