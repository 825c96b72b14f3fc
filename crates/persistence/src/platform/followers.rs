//! Rows of followers: their cursors, the facts they read, and those they failed on.

use chrono::{DateTime, Utc};
use domain::ids::{EventId, FollowerId};
use domain::kernel::{Id, StringEnum};
use domain::platform::followers::{AsOf, Follower, FollowerFailure, FollowerFailureStatus, FollowerStatus};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::personal::{Personal, To, by, null};
use crate::statement::FromCells;
use crate::value::{Cells, Fail, required};
use crate::{Conn, Engine, Result, Statement, list, record, sql};

record! {
    followers: Follower {
        id: uid, name: text, status: word, cursor_seq: int, rebuild_to: opt(int), rebuilt_at: opt(instant), version: int,
        created_at: instant, updated_at: instant,
    }
    unstored {
        description, kinds, as_of_seq, head_seq, lag_events, lag_seconds, waiting_failures, set_aside_failures, is_halted, is_rebuildable,
    }
}
record! {
    follower_failures: FollowerFailure {
        id: uid, follower_id: uid, event_id: uid, seq: int, kind: text, subject: text, status: word, attempts: int, code: text,
        detail: opt(text), retry_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
}

/// What the failures hold of a person.
pub const FAILURES: Personal = Personal::of::<FollowerFailure>()
    .ways(&[by("subject", To::Name)])
    .columns(&[null("detail")])
    .plain(&["kind", "subject", "status", "code"]);

/// A fact that has its number, as followers read it.
#[derive(Debug, Clone)]
pub struct Numbered {
    pub seq: i64,
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub kind: String,
    pub subject: String,
    pub company_id: Option<Uuid>,
    pub party_id: Option<Uuid>,
    pub version: i64,
    pub data: Json,
    pub previous: Option<Json>,
    pub request_id: String,
    /// Who did it, as the audit trail names it.
    pub actor: String,
}

const NUMBERED: &str = "SELECT l.seq, e.id, e.at, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, \
    e.request_id, e.actor FROM event_links l JOIN events e ON e.id = l.event_id WHERE ";

impl FromCells for Numbered {
    fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail> {
        Ok(Self {
            seq: required(cells.int()?)?,
            id: required(cells.uid()?)?,
            at: required(cells.instant()?)?,
            kind: required(cells.text()?)?,
            subject: required(cells.text()?)?,
            company_id: cells.uid()?,
            party_id: cells.uid()?,
            version: required(cells.int()?)?,
            data: required(cells.json()?)?,
            previous: cells.json()?,
            request_id: required(cells.text()?)?,
            actor: required(cells.text()?)?,
        })
    }
}

/// Makes the row of a follower unless there is one: reading from the first fact, or, where what it does is done once, from
/// the latest one. One that reads from the first fact, where there is one, begins with clearing what there may be from before.
pub fn make(db: &mut Conn, name: &str, from_first: bool, now: DateTime<Utc>) -> Result<usize> {
    let head = head(db)?;
    let status = if from_first && head > 0 { FollowerStatus::Clearing } else { FollowerStatus::Following };
    let cursor = if from_first { 0 } else { head };
    let id = Uuid::now_v7();
    sql!(
        "INSERT INTO followers (id, name, status, cursor_seq, version, created_at, updated_at) VALUES ({}, {}, {}, {}, 1, {}, {}) \
         ON CONFLICT (name) DO NOTHING",
        id,
        name,
        status.as_str(),
        cursor,
        now,
        now
    )
    .execute(db)
}

/// The follower, as it stands.
pub fn named(db: &mut Conn, name: &str) -> Result<Option<Follower>> {
    let mut s = record::select::<Follower>();
    s.append(sql!(" WHERE name = {}", name));
    Ok(record::load(db, &s)?.pop())
}

/// The follower, for this transaction alone; nothing while another replica is at it.
pub fn claim(db: &mut Conn, name: &str) -> Result<Option<Follower>> {
    let mut s = record::select::<Follower>();
    s.append(sql!(" WHERE name = {}", name));
    if db.engine() == Engine::Postgres {
        s.sql(" FOR NO KEY UPDATE SKIP LOCKED");
    }
    Ok(record::load(db, &s)?.pop())
}

/// Keeps how far a follower has read.
pub fn advance(db: &mut Conn, id: FollowerId, seq: i64) -> Result<usize> {
    sql!("UPDATE followers SET cursor_seq = {} WHERE id = {}", seq, id.uuid()).execute(db)
}

/// The number of the latest fact.
pub fn head(db: &mut Conn) -> Result<i64> {
    Ok(sql!("SELECT seq FROM event_links WHERE seq > 0 ORDER BY seq DESC LIMIT 1").first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// How many facts wait for their number.
pub fn unnumbered(db: &mut Conn) -> Result<i64> {
    Ok(sql!("SELECT COUNT(*) FROM event_links WHERE seq IS NULL").first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// ` AND e.kind IN (…)`; nothing for a follower that reads all kinds. Facts are found by their numbers, of which few are looked at; the index on kinds would find all there
/// ever were.
fn of_kinds(kinds: &[&str]) -> Statement {
    if kinds.is_empty() {
        return Statement::default();
    }
    let kinds: Vec<String> = kinds.iter().map(|k| k.to_string()).collect();
    sql!(" AND COALESCE(e.kind, e.kind) IN ({})", list(&kinds))
}

/// The first fact of these kinds after a number: its number and when it happened.
pub fn first_after(db: &mut Conn, kinds: &[&str], seq: i64) -> Result<Option<(i64, DateTime<Utc>)>> {
    let mut s = sql!("SELECT l.seq, e.at FROM event_links l JOIN events e ON e.id = l.event_id WHERE l.seq > {}", seq);
    s.append(of_kinds(kinds)).sql(" ORDER BY l.seq LIMIT 1");
    s.first(db)
}

/// Up to `limit` facts of these kinds after a number and up to another, in order.
pub fn facts(db: &mut Conn, kinds: &[&str], after: i64, until: i64, limit: i64) -> Result<Vec<Numbered>> {
    let mut s = Statement::new(NUMBERED);
    s.append(sql!("l.seq > {} AND l.seq <= {}", after, until)).append(of_kinds(kinds));
    s.append(sql!(" ORDER BY l.seq LIMIT {}", limit));
    s.rows(db)
}

/// The fact with this number.
pub fn fact(db: &mut Conn, seq: i64) -> Result<Option<Numbered>> {
    let mut s = Statement::new(NUMBERED);
    s.append(sql!("l.seq = {}", seq));
    Ok(s.rows(db)?.pop())
}

/// The number of a fact: nothing when there is no such fact, `Some(None)` while it waits for its number.
pub fn number_of(db: &mut Conn, event: EventId) -> Result<Option<Option<i64>>> {
    Ok(sql!("SELECT seq FROM event_links WHERE event_id = {}", event.uuid()).first::<(Option<i64>,)>(db)?.map(|r| r.0))
}

/// Up to which fact a follower of these kinds has taken everything into account.
pub fn as_of(db: &mut Conn, kinds: &[&str], cursor: i64) -> Result<i64> {
    match first_after(db, kinds, cursor)? {
        Some((seq, _)) => Ok(seq - 1),
        None => Ok(head(db)?.max(cursor)),
    }
}

/// As [`as_of`], with the moment of that fact.
pub fn as_of_fact(db: &mut Conn, kinds: &[&str], cursor: i64) -> Result<AsOf> {
    let seq = as_of(db, kinds, cursor)?;
    let at = sql!("SELECT e.at FROM event_links l JOIN events e ON e.id = l.event_id WHERE l.seq = {}", seq);
    Ok(AsOf { seq, at: at.first::<(DateTime<Utc>,)>(db)?.map(|r| r.0) })
}

// ---- failures -----------------------------------------------------------------------------------

/// How many facts a follower failed on, by what happens next: waiting, set aside.
pub fn failures(db: &mut Conn, follower: FollowerId) -> Result<(i64, i64)> {
    let found = sql!("SELECT status, COUNT(*) FROM follower_failures WHERE follower_id = {} GROUP BY status", follower.uuid());
    let (mut waiting, mut aside) = (0, 0);
    for (status, count) in found.load::<(String, i64)>(db)? {
        match FollowerFailureStatus::from_word(&status) {
            Some(FollowerFailureStatus::SetAside) => aside += count,
            _ => waiting += count,
        }
    }
    Ok((waiting, aside))
}

/// Up to `limit` facts that are to be tried again by now, in order.
pub fn due(db: &mut Conn, follower: FollowerId, now: DateTime<Utc>, limit: i64) -> Result<Vec<FollowerFailure>> {
    let mut s = record::select::<FollowerFailure>();
    s.append(sql!(" WHERE follower_id = {} AND retry_at <= {} ORDER BY seq LIMIT {}", follower.uuid(), now, limit));
    record::load(db, &s)
}

/// Takes up again what was set aside; how many.
pub fn retry(db: &mut Conn, follower: FollowerId, now: DateTime<Utc>) -> Result<usize> {
    sql!(
        "UPDATE follower_failures SET status = 'waiting', attempts = 1, retry_at = {}, version = version + 1, updated_at = {} \
         WHERE follower_id = {} AND status = 'set_aside'",
        now,
        now,
        follower.uuid()
    )
    .execute(db)
}

/// Forgets all failures of a follower, which begins anew.
pub fn forget(db: &mut Conn, follower: FollowerId) -> Result<usize> {
    sql!("DELETE FROM follower_failures WHERE follower_id = {}", follower.uuid()).execute(db)
}
