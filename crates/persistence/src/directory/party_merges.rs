//! Rows of merges, and the pointers that follow one and go back with it. Which pointers there are is
//! declared at the nouns.

use chrono::{DateTime, Utc};
use domain::directory::party_merges::PartyMerge;
use domain::ids::{PartyId, PartyMergeId};
use domain::kernel::Id;
use uuid::Uuid;

use super::merging::{self, Merged, Pair};
use crate::personal::{Personal, To, by, kept};
use crate::reference::{OnMerge, Reference, Target};
use crate::{Conn, Result, Statement, Value, sql};

crate::record! {
    party_merges: PartyMerge {
        id: uid, status: word, winner_id: uid, loser_id: uid, conflicts: json, winner_before: json, winner_after: json,
        loser_before: json, undo_until: instant, undone_at: opt(instant), created_at: instant, updated_at: instant, version: int,
    }
    unstored { moved }
    complete = count_moved
}

/// Relationships that stopped being the first of their party, because the party that stayed has one.
const PRIMARY: &str = "relationships.is_primary";

/// Relationships that were the first of their party, and gave that to the one that the same contact has with the party that stayed.
const PASSED: &str = "relationships.is_primary.passed";

/// Parties that were merged.
const PARTIES: Merged = Merged { table: "parties", merges: "party_merges", moves: "party_merge_moves", target: Target::Party };

merging::merges!(PartyMerge, PartyId, PartyMergeId, Party, "party", PARTIES);

/// Points everything that leads to the loser at the winner, and remembers what it was. Doing it again moves what was added
/// to the loser meanwhile.
pub fn follow(db: &mut Conn, merge: &PartyMerge, now: DateTime<Utc>) -> Result<()> {
    step_back(db, &pair(merge, now))?;
    pass_primary(db, &pair(merge, now))?;
    PARTIES.follow(db, &pair(merge, now))
}

/// Points everything that followed back at the loser, but for what was pointed elsewhere since.
pub fn go_back(db: &mut Conn, merge: &PartyMerge, now: DateTime<Utc>) -> Result<()> {
    PARTIES.go_back(db, &pair(merge, now))?;
    let (id, winner, loser) = (merge.id.uuid(), merge.winner_id.uuid(), merge.loser_id.uuid());
    sql!(
        "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE party_id = {} AND is_primary = {} \
         AND contact_id IN (SELECT r.contact_id FROM relationships r JOIN party_merge_moves m ON m.row_id = r.id \
         WHERE m.merge_id = {} AND m.what = {})",
        false,
        now,
        winner,
        true,
        id,
        PASSED
    )
    .execute(db)?;
    sql!(
        "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE party_id = {} \
         AND id IN (SELECT row_id FROM party_merge_moves WHERE merge_id = {} AND what IN ({}, {})) \
         AND NOT EXISTS (SELECT 1 FROM relationships o WHERE o.party_id = {} AND o.is_primary = {})",
        true,
        now,
        loser,
        id,
        PRIMARY,
        PASSED,
        loser,
        true
    )
    .execute(db)?;
    Ok(())
}

/// A party has one person to ask first: when both have one, that of the loser steps back.
fn step_back(db: &mut Conn, pair: &Pair) -> Result<()> {
    let Pair { merge, winner, loser, now, .. } = *pair;
    let stepping = sql!(
        "INSERT INTO party_merge_moves (merge_id, what, row_id) SELECT {}, {}, r.id FROM relationships r \
         WHERE r.party_id = {} AND r.is_primary = {} AND EXISTS (SELECT 1 FROM relationships o WHERE o.party_id = {} AND o.is_primary = {})",
        merge,
        PRIMARY,
        loser,
        true,
        winner,
        true
    );
    if stepping.execute(db)? > 0 {
        sql!(
            "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE party_id = {} AND is_primary = {}",
            false,
            now,
            loser,
            true
        )
        .execute(db)?;
    }
    Ok(())
}

/// Where the first person of the loser serves the winner, too, and the winner has no first one, it becomes that there: its
/// relationship with the loser stays behind as a double.
fn pass_primary(db: &mut Conn, pair: &Pair) -> Result<()> {
    let Pair { merge, winner, loser, now, .. } = *pair;
    let passing = sql!(
        "INSERT INTO party_merge_moves (merge_id, what, row_id) SELECT {}, {}, r.id FROM relationships r \
         WHERE r.party_id = {} AND r.is_primary = {} AND EXISTS (SELECT 1 FROM relationships o WHERE o.party_id = {} \
         AND o.contact_id = r.contact_id AND (o.to_date = r.to_date OR (o.to_date IS NULL AND r.to_date IS NULL))) \
         AND NOT EXISTS (SELECT 1 FROM relationships p WHERE p.party_id = {} AND p.is_primary = {})",
        merge,
        PASSED,
        loser,
        true,
        winner,
        winner,
        true
    );
    if passing.execute(db)? == 0 {
        return Ok(());
    }
    sql!(
        "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE party_id = {} \
         AND id IN (SELECT row_id FROM party_merge_moves WHERE merge_id = {} AND what = {})",
        false,
        now,
        loser,
        merge,
        PASSED
    )
    .execute(db)?;
    sql!(
        "UPDATE relationships SET is_primary = {}, version = version + 1, updated_at = {} WHERE id IN (SELECT o.id \
         FROM relationships o JOIN relationships r ON r.contact_id = o.contact_id AND (o.to_date = r.to_date OR (o.to_date IS NULL AND r.to_date IS NULL)) \
         JOIN party_merge_moves m ON m.row_id = r.id WHERE o.party_id = {} AND m.merge_id = {} AND m.what = {} \
         AND NOT EXISTS (SELECT 1 FROM relationships e WHERE e.party_id = o.party_id AND e.contact_id = o.contact_id AND e.id < o.id \
         AND (e.to_date = o.to_date OR (e.to_date IS NULL AND o.to_date IS NULL))))",
        true,
        now,
        winner,
        merge,
        PASSED
    )
    .execute(db)?;
    Ok(())
}

/// What was made since on the ground of what moved, and would be torn from it: the documents of this kind that follow
/// others, their parent, and what both are called among the moved.
const FOLLOWERS: [(&str, &str, &str, &str); 6] = [
    ("deliveries", "customer_id", "order_id", "sales_orders.customer_id"),
    ("customer_returns", "customer_id", "order_id", "sales_orders.customer_id"),
    ("credit_notes", "customer_id", "invoice_id", "invoices.customer_id"),
    ("allocations", "party_id", "invoice_id", "invoices.customer_id"),
    ("allocations", "party_id", "payment_id", "payments.party_id"),
    ("allocations", "party_id", "credit_note_id", "credit_notes.customer_id"),
];

/// What was made for the winner since and belongs to documents that moved, as one word of each kind.
pub fn grown_together(db: &mut Conn, merge: &PartyMerge) -> Result<Vec<&'static str>> {
    let (id, winner) = (merge.id.uuid(), merge.winner_id.uuid());
    let mut out = Vec::new();
    for (table, pointer, parent, moved) in FOLLOWERS {
        let mut s = Statement::new(format!("SELECT f.id FROM {table} f WHERE f.{pointer} = "));
        s.push(Value::Uid(winner)).sql(format!(" AND f.{parent} IN ("));
        s.append(sql!("SELECT row_id FROM party_merge_moves WHERE merge_id = {} AND what = {})", id, moved));
        s.append(sql!(
            " AND NOT EXISTS (SELECT 1 FROM party_merge_moves o WHERE o.merge_id = {} AND o.what = {} AND o.row_id = f.id) LIMIT 1",
            id,
            format!("{table}.{pointer}")
        ));
        if s.first::<(Uuid,)>(db)?.is_some() && !out.contains(&table) {
            out.push(table);
        }
    }
    // what these name is kept as text
    let named = sql!(
        "SELECT order_id FROM invoices f WHERE customer_id = {} AND created_at >= {} AND order_id IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM party_merge_moves o WHERE o.merge_id = {} AND o.what = 'invoices.customer_id' AND o.row_id = f.id) \
         UNION SELECT source FROM journal_lines f WHERE party_id = {} AND created_at >= {} AND source IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM party_merge_moves o WHERE o.merge_id = {} AND o.what = 'journal_lines.party_id' AND o.row_id = f.id)",
        winner,
        merge.created_at,
        id,
        winner,
        merge.created_at,
        id
    )
    .load::<(String,)>(db)?;
    let ids: Vec<Uuid> = named.iter().filter_map(|(text,)| domain::kernel::decode(text.rsplit_once('_')?.0, text)).collect();
    for chunk in ids.chunks(500) {
        let found = sql!("SELECT what FROM party_merge_moves WHERE merge_id = {} AND row_id IN ({}) LIMIT 1", id, crate::list(chunk));
        if found.first::<(String,)>(db)?.is_some() {
            out.push("postings");
            break;
        }
    }
    Ok(out)
}

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_party::<PartyMerge>("loser_id", OnMerge::Stay), Reference::to_party::<PartyMerge>("winner_id", OnMerge::Stay)];
