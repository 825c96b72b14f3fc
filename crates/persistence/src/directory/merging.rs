//! How everything that leads to one that was merged away follows to the one that stayed, and goes back: for parties and for
//! contacts alike. Which pointers there are
//! is declared at the nouns.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::Entity;
use domain::directory::merging::{MergeStatus, MovedRows};
use domain::kernel::{Id, StringEnum};
use uuid::Uuid;

use crate::beside::{BESIDE, Beside};
use crate::declarations;
use crate::reference::{OnMerge, Reference, Target};
use crate::value::Scalar;
use crate::{Conn, Record, Result, Statement, Value, record, sql};

/// Activities name what they are about by its id as text, too.
const REGARDING: &str = "activities.regarding_id";

/// What it is called that rows beside a record followed.
fn what_of(beside: &Beside) -> String {
    format!("{}.record_id", beside.table)
}

/// Tables that count versions and do not say when a row last changed.
const UNDATED: [&str; 2] = ["contact_preferences", "touchpoints"];

/// Things that are merged.
pub(super) struct Merged {
    /// Where they are.
    pub table: &'static str,
    /// Where their merges are.
    pub merges: &'static str,
    /// Where it is kept which rows followed: `merge_id`, `what`, `row_id`.
    pub moves: &'static str,
    /// What they are.
    pub target: Target,
}

/// Who is merged into whom.
pub(super) struct Pair {
    pub merge: Uuid,
    pub winner: Uuid,
    pub loser: Uuid,
    /// Winner and loser as on the wire.
    pub wire: (String, String),
    /// When it is done or taken back.
    pub now: DateTime<Utc>,
}

/// The merge by which the loser went, as long as it was not taken back.
pub(super) fn of_loser<M: Record>(db: &mut Conn, loser: Uuid) -> Result<Option<M>> {
    let mut s = record::select::<M>();
    s.append(sql!(" WHERE loser_id = {} AND undone_at IS NULL ORDER BY id DESC LIMIT 1", loser));
    Ok(record::load(db, &s)?.pop())
}

/// Merges made after a moment and not taken back, the oldest first.
pub(super) fn made_after<M: Entity + Record>(db: &mut Conn, moment: DateTime<Utc>, limit: i64) -> Result<Vec<M::Id>> {
    let mut s = Statement::new(format!("SELECT id FROM {}", M::TABLE));
    s.append(sql!(" WHERE created_at > {} AND undone_at IS NULL ORDER BY created_at, id LIMIT {}", moment, limit));
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| M::Id::from_uuid(r.0)).collect())
}

impl Merged {
    /// Keeps that a merge was taken back.
    pub fn mark_undone(&self, db: &mut Conn, merge: Uuid, now: DateTime<Utc>) -> Result<usize> {
        let mut s = Statement::new(format!("UPDATE {} SET status = ", self.merges));
        let undone = MergeStatus::Undone.as_str();
        s.append(sql!("{}, undone_at = {}, updated_at = {}, version = version + 1 WHERE id = {}", undone, now, now, merge));
        s.execute(db)
    }
    /// What followed in these merges.
    pub fn moved(&self, db: &mut Conn, merges: &[Uuid]) -> Result<HashMap<Uuid, Vec<MovedRows>>> {
        let mut s = Statement::new(format!("SELECT merge_id, what, COUNT(*) FROM {} WHERE merge_id IN (", self.moves));
        s.append(sql!("{}) GROUP BY merge_id, what ORDER BY merge_id, what", crate::list(merges)));
        let mut out: HashMap<Uuid, Vec<MovedRows>> = HashMap::new();
        for (merge, what, rows) in s.load::<(Uuid, String, i64)>(db)? {
            out.entry(merge).or_default().push(MovedRows { what, rows });
        }
        Ok(out)
    }
    /// Points everything that leads to the loser at the winner, and remembers what it was.
    pub fn follow(&self, db: &mut Conn, pair: &Pair) -> Result<()> {
        for reference in declarations::references(self.target) {
            let Reference { table, column, .. } = reference;
            let mut found = self.remember(pair, &reference.name());
            found.sql(format!(" FROM {table} r WHERE r.{column} = ")).push(Value::Uid(pair.loser));
            match reference.on_merge {
                OnMerge::Stay => continue,
                OnMerge::Follow | OnMerge::FollowUnchanged => {}
                OnMerge::FollowUnlessDouble(same) | OnMerge::PartUnlessDouble(same) => {
                    found.sql(format!(" AND NOT EXISTS (SELECT 1 FROM {table} o WHERE o.{column} = ")).push(Value::Uid(pair.winner));
                    for column in same {
                        found.sql(format!(" AND o.{column} IS NOT DISTINCT FROM r.{column}"));
                    }
                    found.sql(")");
                }
            }
            // one that leads to the loser and is the winner itself takes its place, and does not lead to itself
            if *table == self.table {
                found.sql(" AND r.id <> ").push(Value::Uid(pair.winner));
            }
            if found.execute(db)? > 0 {
                self.repoint(db, reference, pair, pair.loser, pair.winner)?;
            }
        }
        let mut found = self.remember(pair, REGARDING);
        found.append(sql!(" FROM activities r WHERE r.regarding_id = {}", &pair.wire.1));
        if found.execute(db)? > 0 {
            self.regard(db, pair.merge, &pair.wire.1, &pair.wire.0)?;
        }
        for beside in BESIDE {
            let Beside { table, one_for_each } = beside;
            let mut found = self.remember(pair, &what_of(beside));
            found.sql(format!(" FROM {table} r WHERE r.record_key = ")).push(Value::Uid(pair.loser));
            if let Some(same) = one_for_each {
                found.sql(format!(" AND NOT EXISTS (SELECT 1 FROM {table} o WHERE o.{same} = r.{same} AND o.record_key = "));
                found.push(Value::Uid(pair.winner)).sql(")");
            }
            if found.execute(db)? > 0 {
                self.stand_beside(db, beside, pair, (pair.loser, pair.winner), &pair.wire.0)?;
            }
        }
        Ok(())
    }
    /// Points everything that followed back at the loser, but for what was pointed elsewhere since.
    pub fn go_back(&self, db: &mut Conn, pair: &Pair) -> Result<()> {
        for reference in declarations::references(self.target).filter(|r| r.on_merge != OnMerge::Stay) {
            self.repoint(db, reference, pair, pair.winner, pair.loser)?;
        }
        self.regard(db, pair.merge, &pair.wire.0, &pair.wire.1)?;
        for beside in BESIDE {
            self.stand_beside(db, beside, pair, (pair.winner, pair.loser), &pair.wire.1)?;
        }
        Ok(())
    }
    /// Rows beside one record stand beside another: those that moved with this merge.
    fn stand_beside(&self, db: &mut Conn, beside: &Beside, pair: &Pair, (from, to): (Uuid, Uuid), wire: &str) -> Result<usize> {
        let mut s = Statement::new(format!("UPDATE {} SET record_key = ", beside.table));
        s.append(sql!("{}, record_id = {}, version = version + 1, updated_at = {} WHERE record_key = {}", to, wire, pair.now, from));
        s.append(self.moves_of(pair.merge, &what_of(beside)));
        s.execute(db)
    }
    fn remember(&self, pair: &Pair, what: &str) -> Statement {
        let mut s = Statement::new(format!("INSERT INTO {} (merge_id, what, row_id)", self.moves));
        s.append(sql!(" SELECT {}, {}, r.id", pair.merge, what));
        s
    }
    fn moves_of(&self, merge: Uuid, what: &str) -> Statement {
        let mut s = Statement::new(format!(" AND id IN (SELECT row_id FROM {} WHERE merge_id = ", self.moves));
        s.append(sql!("{} AND what = {})", merge, what));
        s
    }
    fn repoint(&self, db: &mut Conn, reference: &Reference, pair: &Pair, from: Uuid, to: Uuid) -> Result<usize> {
        let Reference { table, column, on_merge, .. } = reference;
        let mut s = Statement::new(format!("UPDATE {table} SET {column} = "));
        s.push(Value::Uid(to));
        if matches!(on_merge, OnMerge::Follow | OnMerge::FollowUnlessDouble(_)) {
            s.sql(", version = version + 1");
            if !UNDATED.contains(table) {
                s.sql(", updated_at = ").push(pair.now.put());
            }
        }
        s.sql(format!(" WHERE {column} = ")).push(Value::Uid(from));
        s.append(self.moves_of(pair.merge, &reference.name()));
        s.execute(db)
    }
    fn regard(&self, db: &mut Conn, merge: Uuid, from: &str, to: &str) -> Result<usize> {
        let mut s = sql!("UPDATE activities SET regarding_id = {} WHERE regarding_id = {}", to, from);
        s.append(self.moves_of(merge, REGARDING));
        s.execute(db)
    }
}

/// What the rows of merges have in common, whatever was merged: `$record`, kept in `<$name>_merges`, merges things with ids
/// `$id`, whose personal data leads to `$to`; `$merged` says what follows them.
macro_rules! merges {
    ($record:ident, $id:ident, $merge_id:ident, $to:ident, $name:literal, $merged:ident) => {
        fn pair(merge: &$record, now: DateTime<Utc>) -> Pair {
            let wire = (merge.winner_id.to_string(), merge.loser_id.to_string());
            Pair { merge: merge.id.uuid(), winner: merge.winner_id.uuid(), loser: merge.loser_id.uuid(), wire, now }
        }

        fn count_moved(db: &mut Conn, merges: &mut [$record]) -> Result<()> {
            let mut moved = $merged.moved(db, &merges.iter().map(|m| m.id.uuid()).collect::<Vec<_>>())?;
            merges.iter_mut().for_each(|m| m.moved = moved.remove(&m.id.uuid()).unwrap_or_default());
            Ok(())
        }

        /// The merge by which the loser went, as long as it was not taken back.
        pub fn of_loser(db: &mut Conn, loser: $id) -> Result<Option<$record>> {
            merging::of_loser(db, loser.uuid())
        }

        /// Merges made after a moment and not taken back, the oldest first.
        pub fn made_after(db: &mut Conn, moment: DateTime<Utc>, limit: i64) -> Result<Vec<$merge_id>> {
            merging::made_after::<$record>(db, moment, limit)
        }

        /// Keeps that a merge was taken back.
        pub fn mark_undone(db: &mut Conn, id: $merge_id, now: DateTime<Utc>) -> Result<usize> {
            $merged.mark_undone(db, id.uuid(), now)
        }

        /// What the rows that followed hold of a person.
        pub const MOVES: Personal = Personal::table(concat!($name, "_merge_moves"))
            .ways(&[
                by("merge_id", To::$to).where_is(concat!("merge_id IN (SELECT id FROM ", $name, "_merges WHERE winner_id IN ({}))")),
                by("merge_id", To::$to).where_is(concat!("merge_id IN (SELECT id FROM ", $name, "_merges WHERE loser_id IN ({}))")),
            ])
            .plain(&["what"])
            .deleted();

        /// What the rows hold of a person.
        pub const PERSONAL: Personal = Personal::of::<$record>()
            .ways(&[by("winner_id", To::$to), by("loser_id", To::$to)])
            .columns(&[kept("conflicts"), kept("winner_before"), kept("winner_after"), kept("loser_before")])
            .plain(&["status"])
            .deleted();
    };
}
pub(super) use merges;
