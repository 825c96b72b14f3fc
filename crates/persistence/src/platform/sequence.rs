//! Giving committed facts their place: the rows without a number, the end of the chain, and the numbering itself.
//! What the hashes are made of is not known here.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::statement::FromCells;
use crate::value::{Cells, Fail};
use crate::{Conn, Engine, Result, sql};

/// A row of `events` as it was written by the transaction that made it: everything but its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub kind: String,
    pub subject: String,
    pub company_id: Option<Uuid>,
    pub party_id: Option<Uuid>,
    pub version: i64,
    pub data: Json,
    pub previous: Option<Json>,
    pub actor: String,
    pub actor_name: String,
    pub request_id: String,
    pub reason: Option<String>,
}

/// The place of a fact in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub id: Uuid,
    pub seq: i64,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

impl FromCells for Fact {
    fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail> {
        fn some<T>(v: Option<T>) -> Result<T, Fail> {
            v.ok_or_else(|| "an unexpected NULL".into())
        }
        Ok(Self {
            id: some(cells.uid()?)?,
            at: some(cells.instant()?)?,
            kind: some(cells.text()?)?,
            subject: some(cells.text()?)?,
            company_id: cells.uid()?,
            party_id: cells.uid()?,
            version: some(cells.int()?)?,
            data: some(cells.json()?)?,
            previous: cells.json()?,
            actor: some(cells.text()?)?,
            actor_name: some(cells.text()?)?,
            request_id: some(cells.text()?)?,
            reason: cells.text()?,
        })
    }
}

/// A fact with its place, as the check of the chain reads it.
pub struct Placed {
    pub fact: Fact,
    pub place: Place,
}

impl FromCells for Placed {
    fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail> {
        let fact = Fact::from_cells(cells)?;
        let seq = cells.int()?.ok_or("a row without a number")?;
        let place = Place { id: fact.id, seq, prev_hash: cells.bytes()?.unwrap_or_default(), hash: cells.bytes()?.unwrap_or_default() };
        Ok(Self { fact, place })
    }
}

/// Takes the right to number facts until the end of the transaction; false when another replica has it. On SQLite the
/// one writer has it always.
pub fn try_lock(db: &mut Conn) -> Result<bool> {
    match db.engine() {
        Engine::Sqlite => Ok(true),
        // "tandemsq" in ASCII
        Engine::Postgres => Ok(sql!("SELECT pg_try_advisory_xact_lock(8386105358618030961)").first::<(bool,)>(db)?.is_some_and(|r| r.0)),
    }
}

/// Committed facts without a number, the oldest first.
pub fn unplaced(db: &mut Conn, limit: i64) -> Result<Vec<Fact>> {
    sql!(
        "SELECT id, at, kind, subject, company_id, party_id, version, data, previous, actor, actor_name, request_id, reason \
         FROM events WHERE seq IS NULL ORDER BY id LIMIT {}",
        limit
    )
    .rows(db)
}

/// The number and hash of the last link of the chain.
pub fn last(db: &mut Conn) -> Result<Option<(i64, Vec<u8>)>> {
    sql!("SELECT seq, hash FROM events WHERE seq > 0 ORDER BY seq DESC LIMIT 1").first(db)
}

/// The hash under a number.
pub fn hash_at(db: &mut Conn, seq: i64) -> Result<Option<Vec<u8>>> {
    Ok(sql!("SELECT hash FROM events WHERE seq = {}", seq).first::<(Option<Vec<u8>>,)>(db)?.and_then(|r| r.0))
}

/// Writes the places. On PostgreSQL one statement, whatever their number; on SQLite a statement costs no way to a server.
pub fn place(db: &mut Conn, places: &[Place]) -> Result<()> {
    if let Engine::Sqlite = db.engine() {
        for p in places {
            sql!("UPDATE events SET seq = {}, prev_hash = {}, hash = {} WHERE id = {}", p.seq, p.prev_hash.clone(), p.hash.clone(), p.id)
                .execute(db)?;
        }
        return Ok(());
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let rows: Vec<Json> =
        places.iter().map(|p| json!({"id": p.id, "seq": p.seq, "prev": hex(&p.prev_hash), "hash": hex(&p.hash)})).collect();
    sql!(
        "UPDATE events SET seq = v.seq, prev_hash = decode(v.prev, 'hex'), hash = decode(v.hash, 'hex') \
         FROM jsonb_to_recordset({}) AS v(id uuid, seq bigint, prev text, hash text) WHERE events.id = v.id",
        Json::Array(rows)
    )
    .execute(db)?;
    Ok(())
}

/// The links after a number, in order.
pub fn placed(db: &mut Conn, after: i64, limit: i64) -> Result<Vec<Placed>> {
    sql!(
        "SELECT id, at, kind, subject, company_id, party_id, version, data, previous, actor, actor_name, request_id, reason, \
         seq, prev_hash, hash FROM events WHERE seq > {} ORDER BY seq LIMIT {}",
        after,
        limit
    )
    .rows(db)
}
