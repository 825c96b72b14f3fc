//! Merging two parties that are one, and taking it back. The domain decides what the two become; here everything that leads
//! to the one that goes is pointed at the one that stays. Areas that keep more than pointers hear `party.merged` and
//! `party.unmerged`, whose `winner_id` and `loser_id` say who is who.

use chrono::TimeDelta;
use domain::directory::parties::{CYCLE, DEEPEST, MERGED, Party, TOO_DEEP};
use domain::directory::party_merges::{
    KINDS_DIFFER, MergeParty, NOT_MERGED, NOT_UNDOABLE, PartyMerge, Places, TOO_LARGE, TOO_LATE, WITH_ITSELF,
};
use domain::directory::personal_data::ERASED;
use domain::directory::terms::{SET_TERMS, SET_VENDOR_TERMS};
use domain::ids::{PartyId, PartyMergeId};
use persistence::directory::{parties, party_merges as rows};

use super::merging::tell;
use crate::prelude::*;

/// What a merge can be refused for.
pub const MERGE_REFUSALS: &[Code] = &[WITH_ITSELF, KINDS_DIFFER, TOO_LARGE, MERGED, ERASED, CYCLE, TOO_DEEP];
/// What taking one back can be refused for.
pub const UNMERGE_REFUSALS: &[Code] = &[NOT_MERGED, TOO_LATE, NOT_UNDOABLE];

/// Merges of ten minutes that are looked at again; there are never so many.
const MOST_RECENT: i64 = 10_000;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<PartyMerge>("directory/party-merges", "Parties that were merged into others, and what is needed to take it back.");
    n.about(&[("winner_id", Party::TABLE), ("loser_id", Party::TABLE)]);
    n.list("List merges.")
        .filter(&["winner_id", "loser_id", "status"])
        .expand::<Party>("winner", "winner_id")
        .expand::<Party>("loser", "loser_id");
    n.read("Get a merge.").expand::<Party>("winner", "winner_id").expand::<Party>("loser", "loser_id");
    t.each("directory.party_merges.follow", TimeDelta::minutes(1), MOST_RECENT, recent, follow_up);
}

/// Merges a party into the one that the path names.
pub fn merge(cx: &mut Cx, id: PartyId, body: MergeParty) -> Result<PartyMerge> {
    let now = cx.now;
    parties::lock_hierarchy(cx.db())?;
    let winner = cx.load_for_update::<Party>(id)?;
    let loser = match body.source_id == id {
        true => winner.clone(),
        false => {
            cx.exists::<Party>("/source_id", body.source_id)?;
            cx.load_for_update::<Party>(body.source_id)?
        }
    };
    parties::lock_out(cx.db(), loser.id)?;
    let places = places(cx, &winner, &loser)?;
    let merge = PartyMerge::decide(cx.new_id(), &winner, &loser, &body.take, places, cx.now)?;
    // a block of either stays, which gives no credit; that the other is a vendor is no news
    let mut known = winner.clone();
    known.customer_terms.blocked = merge.winner_after.customer_terms.blocked;
    known.is_vendor = merge.winner_after.is_vendor;
    let changed = merge.winner_after.changed_terms(Some(&known));
    let asked = [(SET_TERMS, winner.is_customer), (SET_VENDOR_TERMS, winner.is_vendor)];
    asked.iter().filter(|(permission, is)| *is && changed.contains(permission)).try_for_each(|(permission, _)| cx.require(permission))?;
    cx.insert_all(std::slice::from_ref(&merge))?;
    let tombstone = cx.save(&loser, merge.tombstone(cx.now), "updated")?;
    parties::write_lookups(cx.db(), &tombstone)?;
    rows::follow(cx.db(), &merge, now)?;
    let united = cx.save(&winner, merge.winner_after.clone(), "updated")?;
    parties::write_lookups(cx.db(), &united)?;
    check_place(cx, &united)?;
    tell(cx, "merged", &united, [&merge.id, &merge.winner_id, &merge.loser_id]);
    cx.find::<PartyMerge>(merge.id)
}

/// Takes the merge of a party back, by which it went.
pub fn unmerge(cx: &mut Cx, id: PartyId) -> Result<Party> {
    let now = cx.now;
    parties::lock_hierarchy(cx.db())?;
    let tombstone = cx.load_for_update::<Party>(id)?;
    let Some(winner_id) = tombstone.merged_into else {
        return Err(NOT_MERGED.with(format!("{} was not merged into another party.", tombstone.name)));
    };
    let merge = rows::of_loser(cx.db(), id)?.ok_or_else(|| NOT_UNDOABLE.with("What was there before is no longer known."))?;
    merge.check_undoable(cx.now)?;
    if merge.winner_id != winner_id {
        return Err(NOT_UNDOABLE.with(format!("{} was merged into {winner_id} since; take that back first.", merge.winner_id)));
    }
    let winner = cx.load_for_update::<Party>(winner_id)?;
    let grown = rows::grown_together(cx.db(), &merge)?;
    if !grown.is_empty() {
        return Err(NOT_UNDOABLE.with(format!("Since then documents of both were joined: {}.", grown.join(", "))));
    }
    let (alone, back) = merge.undo(&winner, &tombstone, cx.now)?;
    check_free(cx, &merge, &back)?;
    let alone = cx.save(&winner, alone, "updated")?;
    parties::write_lookups(cx.db(), &alone)?;
    let back = cx.save(&tombstone, back, "updated")?;
    parties::write_lookups(cx.db(), &back)?;
    rows::go_back(cx.db(), &merge, now)?;
    for party in [&alone, &back] {
        check_place(cx, party).map_err(|p| NOT_UNDOABLE.with(format!("The hierarchy has changed: {p}")))?;
    }
    rows::mark_undone(cx.db(), merge.id, now)?;
    tell(cx, "unmerged", &alone, [&merge.id, &merge.winner_id, &merge.loser_id]);
    Ok(back)
}

fn places(cx: &mut Cx, winner: &Party, loser: &Party) -> Result<Places> {
    let mut under = |low: &Party, high: &Party| -> Result<bool> {
        Ok(low.id != high.id && parties::ancestors(cx.db(), low.id, DEEPEST + 1)?.contains(&high.id))
    };
    Ok(match (under(winner, loser)?, under(loser, winner)?) {
        (true, _) => Places::WinnerBelow,
        (false, true) => Places::LoserBelow,
        (false, false) => Places::Apart,
    })
}

/// The party stands where it may, with all that hangs below it.
fn check_place(cx: &mut Cx, party: &Party) -> Result<()> {
    let Some(parent) = party.parent_id else { return Ok(()) };
    let above = parties::ancestors(cx.db(), parent, DEEPEST + 1)?;
    let below = parties::depth_below(cx.db(), party.id, DEEPEST)?;
    party.check_parent(&above, below)
}

/// What the party had before must not belong to others by now.
fn check_free(cx: &mut Cx, merge: &PartyMerge, back: &Party) -> Result<()> {
    let own = [merge.winner_id, merge.loser_id];
    if let Some(code) = &back.code
        && parties::by_code(cx.db(), code)?.is_some_and(|p| !own.contains(&p))
    {
        return Err(NOT_UNDOABLE.with(format!("The code {code:?} belongs to another party by now.")));
    }
    for id in &back.external_ids {
        if parties::by_external_id(cx.db(), id)?.is_some_and(|p| !own.contains(&p)) {
            return Err(NOT_UNDOABLE.with(format!("{:?} in {} is another party by now.", id.id, id.system)));
        }
    }
    if let Some(parent) = back.parent_id {
        let there = cx.find_all::<Party>(&[parent])?;
        if !there.iter().any(|p| p.merged_into.is_none()) {
            return Err(NOT_UNDOABLE.with("The party above it is gone."));
        }
    }
    Ok(())
}

/// Merges of the last minutes.
fn recent(cx: &mut Cx, limit: i64) -> Result<Vec<PartyMergeId>> {
    let since = cx.now - TimeDelta::minutes(10);
    Ok(rows::made_after(cx.db(), since, limit)?)
}

/// Somebody who read the party before it went may have written a reference to it after. For a while after a merge, such
/// stragglers follow.
fn follow_up(cx: &mut Cx, id: PartyMergeId) -> Result<()> {
    let (now, merge) = (cx.now, cx.find::<PartyMerge>(id)?);
    if merge.undone_at.is_none() {
        rows::follow(cx.db(), &merge, now)?;
    }
    Ok(())
}
