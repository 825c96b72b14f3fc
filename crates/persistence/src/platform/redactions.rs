//! What was taken out of facts for the sake of a person: the records of it, and the rewriting itself. The database lets the
//! contents of a fact change only where such a record stands.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use uuid::Uuid;

use super::sequence::{PLACED, Placed};
use crate::ledger::Ledger;
use crate::personal::{Personal, kept};
use crate::{Conn, Engine, Result, Statement, Value, sql};

/// One fact that lost its personal contents in one erasure.
#[derive(Debug, Clone, PartialEq)]
pub struct Redaction {
    pub event_id: Uuid,
    pub erasure_id: Uuid,
    /// The person, by the id on the wire.
    pub subject: String,
    /// The link of the fact in the chain.
    pub hash: Vec<u8>,
    /// Digest of the fact as it was.
    pub before: Vec<u8>,
    /// Digest of the fact as it is.
    pub after: Vec<u8>,
}

/// Keeps everybody from numbering facts until the end of the transaction; waits for who is at it.
pub fn lock_sequence(db: &mut Conn) -> Result<()> {
    if db.engine() == Engine::Postgres {
        // the key of the sequencer
        sql!(postgres: "SELECT CAST(pg_advisory_xact_lock(8386105358618030961) AS TEXT)").first::<(String,)>(db)?;
    }
    Ok(())
}

/// The numbers of the numbered facts that concern one of these parties or are about one of these things, with what each is about;
/// without those that vouch for redactions.
pub fn numbers_of_person(db: &mut Conn, parties: &[Uuid], subjects: &[String]) -> Result<BTreeMap<i64, String>> {
    const NUMBERS: &str = "SELECT l.seq, e.subject FROM event_links l JOIN events e ON e.id = l.event_id \
        WHERE l.seq > 0 AND e.kind NOT IN ('party.redacted', 'contact.redacted', 'lead.redacted') AND ";
    let mut found: BTreeMap<i64, String> = BTreeMap::new();
    for chunk in parties.chunks(500) {
        let mut s = Statement::new(NUMBERS);
        found.extend(s.append(sql!("e.party_id IN ({})", crate::list(chunk))).load::<(i64, String)>(db)?);
    }
    for chunk in subjects.chunks(500) {
        let mut s = Statement::new(NUMBERS);
        found.extend(s.append(sql!("e.subject IN ({})", crate::list(chunk))).load::<(i64, String)>(db)?);
    }
    Ok(found)
}

/// The facts with these numbers, the oldest first.
pub fn numbered(db: &mut Conn, numbers: &[i64]) -> Result<Vec<Placed>> {
    let mut found: Vec<Placed> = Vec::new();
    for chunk in numbers.chunks(500) {
        let mut s = Statement::new(PLACED);
        found.extend(s.append(sql!("l.seq IN ({})", crate::list(chunk))).rows::<Placed>(db)?);
    }
    found.sort_by_key(|p| p.place.seq);
    Ok(found)
}

/// Keeps the records, and then writes what is left of the facts: data and what was before.
pub fn redact(db: &mut Conn, facts: &[(Redaction, Json, Option<Json>)]) -> Result<()> {
    for chunk in facts.chunks(500) {
        let mut s = Statement::new("INSERT INTO event_redactions (event_id, erasure_id, subject, hash, before, after) VALUES ");
        for (i, (r, ..)) in chunk.iter().enumerate() {
            s.sql(if i == 0 { "(" } else { ", (" });
            let bytes = |b: &[u8]| Value::Bytes(b.to_vec());
            let values = [Value::Uid(r.event_id), Value::Uid(r.erasure_id), Value::Text(r.subject.clone())];
            s.values(values.into_iter().chain([bytes(&r.hash), bytes(&r.before), bytes(&r.after)])).sql(")");
        }
        s.execute(db)?;
        for (r, data, previous) in chunk {
            let mut s = sql!("UPDATE events SET data = {}", data.clone());
            if let Some(previous) = previous {
                s.append(sql!(", previous = {}", previous.clone()));
            }
            s.append(sql!(" WHERE id = {}", r.event_id)).execute(db)?;
        }
    }
    Ok(())
}

/// The records about a fact, the oldest first.
pub fn of_event(db: &mut Conn, event: Uuid) -> Result<Vec<Redaction>> {
    load(db, sql!(" WHERE event_id = {} ORDER BY erasure_id", event))
}

/// The records of one erasure, in the order in which they are vouched for.
pub fn of_erasure(db: &mut Conn, erasure: Uuid) -> Result<Vec<Redaction>> {
    load(db, sql!(" WHERE erasure_id = {} ORDER BY event_id", erasure))
}

fn load(db: &mut Conn, rest: Statement) -> Result<Vec<Redaction>> {
    let mut s = Statement::new("SELECT event_id, erasure_id, subject, hash, before, after FROM event_redactions");
    let rows = s.append(rest).load::<(Uuid, Uuid, String, Vec<u8>, Vec<u8>, Vec<u8>)>(db)?;
    let made = |(event_id, erasure_id, subject, hash, before, after)| Redaction { event_id, erasure_id, subject, hash, before, after };
    Ok(rows.into_iter().map(made).collect())
}

/// What the facts say that tell of erasures of this person.
pub fn erasures_told(db: &mut Conn, subject: &str) -> Result<Vec<Json>> {
    let rows = sql!(
        "SELECT data FROM events WHERE subject = {} AND kind IN ('party.erased', 'contact.erased', 'lead.erased', \
         'party.redacted', 'contact.redacted', 'lead.redacted') ORDER BY id",
        subject
    );
    Ok(rows.load::<(Json,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Empties the kept answers that name one of these, by id; a repetition of such a request is told that there is nothing any more.
pub fn forget_answers(db: &mut Conn, subjects: &[String]) -> Result<()> {
    for chunk in subjects.chunks(500) {
        sql!(
            "UPDATE idempotency_keys SET answer = {} WHERE scope IN (SELECT scope FROM idempotency_subjects WHERE subject IN ({}))",
            "{\"body\":null}",
            crate::list(chunk)
        )
        .execute(db)?;
        sql!("DELETE FROM idempotency_subjects WHERE subject IN ({})", crate::list(chunk)).execute(db)?;
    }
    Ok(())
}

/// What `events` holds of a person.
pub const EVENTS: Personal = Personal::owned("events", &[kept("data"), kept("previous"), kept("reason")]).plain(&[
    "kind",
    "subject",
    "actor",
    "actor_name",
    "request_id",
]);

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "event_redactions", columns: &[] }];
