//! Giving committed facts their place: the links without a number, the end of the chain, and the numbering itself.
//! What the hashes are made of is not known here.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::statement::FromCells;
use crate::value::{Cells, Fail, required};
use crate::{Conn, Engine, Result, Statement, sql};

/// A row of `events`: everything but its place in the chain.
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
    /// What was computed from the fact when it was written; links from before there were digests have none.
    pub digest: Option<Vec<u8>>,
    pub seq: i64,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

impl FromCells for Fact {
    fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail> {
        Ok(Self {
            id: required(cells.uid()?)?,
            at: required(cells.instant()?)?,
            kind: required(cells.text()?)?,
            subject: required(cells.text()?)?,
            company_id: cells.uid()?,
            party_id: cells.uid()?,
            version: required(cells.int()?)?,
            data: required(cells.json()?)?,
            previous: cells.json()?,
            actor: required(cells.text()?)?,
            actor_name: required(cells.text()?)?,
            request_id: required(cells.text()?)?,
            reason: cells.text()?,
        })
    }
}

/// A fact with its place, as the check of the chain reads it.
pub struct Placed {
    pub fact: Fact,
    pub place: Place,
}

/// The columns of [`Placed`], and where they come from; to be continued with the conditions. One bound on `l.seq` and no
/// second: SQLite seeks by the first of two and reads everything up to the other.
pub(super) const PLACED: &str = "SELECT e.id, e.at, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, e.actor, \
    e.actor_name, e.request_id, e.reason, l.digest, l.seq, l.prev_hash, l.hash FROM event_links l JOIN events e ON e.id = l.event_id \
    WHERE ";

impl FromCells for Placed {
    fn from_cells(cells: &mut dyn Cells) -> Result<Self, Fail> {
        let fact = Fact::from_cells(cells)?;
        let digest = cells.bytes()?;
        let seq = cells.int()?.ok_or("a row without a number")?;
        let place =
            Place { id: fact.id, digest, seq, prev_hash: cells.bytes()?.unwrap_or_default(), hash: cells.bytes()?.unwrap_or_default() };
        Ok(Self { fact, place })
    }
}

/// Takes the right to number facts until the end of the transaction; false when another replica has it. On SQLite the
/// one writer has it always.
pub fn try_lock(db: &mut Conn) -> Result<bool> {
    match db.engine() {
        Engine::Sqlite => Ok(true),
        // "tandemsq" in ASCII
        Engine::Postgres => {
            Ok(sql!(postgres: "SELECT pg_try_advisory_xact_lock(8386105358618030961)").first::<(bool,)>(db)?.is_some_and(|r| r.0))
        }
    }
}

/// Committed links without a number, the oldest first: whose they are, and the digest.
pub fn unplaced(db: &mut Conn, limit: i64) -> Result<Vec<(Uuid, Option<Vec<u8>>)>> {
    sql!("SELECT event_id, digest FROM event_links WHERE seq IS NULL ORDER BY event_id LIMIT {}", limit).load(db)
}

/// How many committed links have no number yet, and when the oldest of their facts happened.
pub fn lag(db: &mut Conn) -> Result<(i64, Option<DateTime<Utc>>)> {
    let found = sql!("SELECT COUNT(*), MIN(e.at) FROM event_links l JOIN events e ON e.id = l.event_id WHERE l.seq IS NULL").first(db)?;
    Ok(found.unwrap_or((0, None)))
}

/// The contents of these facts, in no order.
pub fn facts(db: &mut Conn, ids: &[Uuid]) -> Result<Vec<Fact>> {
    sql!(
        "SELECT id, at, kind, subject, company_id, party_id, version, data, previous, actor, actor_name, request_id, reason \
         FROM events WHERE id IN ({})",
        crate::list(ids)
    )
    .rows(db)
}

/// Whether there is a fact without a link, or a link without a fact, with this id or one after it.
pub fn has_strays(db: &mut Conn, from: Uuid) -> Result<bool> {
    let facts = sql!(
        "SELECT e.id FROM events e WHERE e.id >= {} AND NOT EXISTS (SELECT 1 FROM event_links l WHERE l.event_id = e.id) LIMIT 1",
        from
    );
    let links = sql!(
        "SELECT l.event_id FROM event_links l WHERE l.event_id >= {} AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = l.event_id) LIMIT 1",
        from
    );
    Ok(facts.first::<(Uuid,)>(db)?.is_some() || links.first::<(Uuid,)>(db)?.is_some())
}

/// The number and hash of the last link of the chain.
pub fn last(db: &mut Conn) -> Result<Option<(i64, Vec<u8>)>> {
    sql!("SELECT seq, hash FROM event_links WHERE seq > 0 ORDER BY seq DESC LIMIT 1").first(db)
}

/// The fact and the hash under a number.
pub fn link_at(db: &mut Conn, seq: i64) -> Result<Option<(Uuid, Vec<u8>)>> {
    let found = sql!("SELECT event_id, hash FROM event_links WHERE seq = {}", seq).first::<(Uuid, Option<Vec<u8>>)>(db)?;
    Ok(found.and_then(|(id, hash)| Some((id, hash?))))
}

/// Writes the places. On PostgreSQL one statement, whatever their number; on SQLite a statement costs no way to a server.
pub fn place(db: &mut Conn, places: &[Place]) -> Result<()> {
    if let Engine::Sqlite = db.engine() {
        for p in places {
            let (seq, prev, hash) = (p.seq, p.prev_hash.clone(), p.hash.clone());
            sql!(
                sqlite: "UPDATE event_links SET digest = {}, seq = {}, prev_hash = {}, hash = {} WHERE event_id = {}",
                p.digest.clone(),
                seq,
                prev,
                hash,
                p.id
            )
            .execute(db)?;
        }
        return Ok(());
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let row = |p: &Place| json!({"id": p.id, "digest": p.digest.as_deref().map(hex), "seq": p.seq, "prev": hex(&p.prev_hash), "hash": hex(&p.hash)});
    sql!(
        postgres: "UPDATE event_links SET digest = decode(v.digest, 'hex'), seq = v.seq, prev_hash = decode(v.prev, 'hex'), hash = decode(v.hash, 'hex') \
         FROM jsonb_to_recordset({}) AS v(id uuid, digest text, seq bigint, prev text, hash text) WHERE event_links.event_id = v.id",
        Json::Array(places.iter().map(row).collect())
    )
    .execute(db)?;
    Ok(())
}

/// The links after a number, in order.
pub fn placed(db: &mut Conn, after: i64, limit: i64) -> Result<Vec<Placed>> {
    Statement::new(PLACED).append(sql!("l.seq > {} ORDER BY l.seq LIMIT {}", after, limit)).rows(db)
}
