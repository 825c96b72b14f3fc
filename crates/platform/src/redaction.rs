//! Taking a person out of facts without breaking the chain. The link of a redacted fact can no longer be computed from what
//! is left of it; instead a record says what the fact's link was and what is left, and the fact that tells of the erasure
//! vouches for all its records by one digest. That fact is itself a link of the chain. So the check still finds every other
//! change: of a redacted fact, of a record, and a redaction that no erasure told of.

use std::collections::{BTreeMap, BTreeSet};

use domain::directory::personal_data::{Terms, redacted, without_reader};
use domain::fact_text::{Nulls, packed, unpacked};
use persistence::platform::redactions::{self as rows, Redaction};
use persistence::platform::sequence::{Fact, Placed};
use persistence::{Conn, Error};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::chain::{digest as contents, hex, holds, link};
use crate::sequence::number;

/// Erasures that the check has met: whose they are, and the first fact they redacted.
pub(crate) type Erasures = BTreeMap<Uuid, (String, i64)>;

/// What a redaction did.
pub(crate) struct Done {
    /// Facts that lost something.
    pub facts: usize,
    /// What the fact that tells of the erasure must say.
    pub digest: String,
}

/// Numbers all facts that have none; none is numbered by others until the transaction ends.
pub(crate) fn number_all(db: &mut Conn) -> Result<(), Error> {
    rows::lock_sequence(db)?;
    while number(db)? > 0 {}
    Ok(())
}

/// Whether each of these facts is still as its link or its redactions say; the first that is not.
pub(crate) fn broken(db: &mut Conn, facts: &[Placed]) -> Result<Option<i64>, Error> {
    for row in facts {
        if !holds(row) && !accounts_for(db, row, &mut Erasures::new())? {
            return Ok(Some(row.place.seq));
        }
    }
    Ok(None)
}

/// Takes the person out of these facts. Those about `others`, as a quote to a firm or its deal, lose only who the person is:
/// they are the business of those.
pub(crate) fn redact(
    db: &mut Conn,
    erasure: Uuid,
    subject: &str,
    facts: &[Placed],
    parties: &[Uuid],
    others: &BTreeSet<String>,
    terms: &Terms,
) -> Result<Done, Error> {
    let mut changed = Vec::new();
    for Placed { fact, place } in facts.iter().filter(|p| !tells_of_erasures(&p.fact)) {
        let to_another = others.contains(&fact.subject) && !fact.party_id.is_some_and(|p| parties.contains(&p));
        let left = if to_another { without_reader } else { redacted };
        let (told, before) = (unpacked(fact.data.clone()), fact.previous.clone().map(unpacked));
        let (data, previous) = (left(&told, terms), before.as_ref().map(|p| left(p, terms)));
        if data == told && previous == before {
            continue;
        }
        let (data, previous) = (as_written(&data)?, previous.as_ref().map(as_written).transpose()?);
        let left = Fact { data: data.clone(), previous: previous.clone(), ..fact.clone() };
        let record = Redaction {
            event_id: fact.id,
            erasure_id: erasure,
            subject: subject.to_string(),
            hash: place.hash.clone(),
            before: contents(fact),
            after: contents(&left),
        };
        changed.push((record, data, previous));
    }
    rows::redact(db, &changed)?;
    Ok(Done { facts: changed.len(), digest: digest(&rows::of_erasure(db, erasure)?) })
}

/// Whether a fact vouches for redactions and holds nothing of the person.
fn tells_of_erasures(fact: &Fact) -> bool {
    fact.kind.ends_with(".erased") || fact.kind.ends_with(".redacted")
}

/// JSON as facts are written.
fn as_written(v: &Value) -> Result<Value, Error> {
    serde_json::from_str(&packed(v, Nulls::Kept)).map_err(|e| Error::Broken(format!("what is left of a fact is no JSON: {e}")))
}

/// One digest over all records of an erasure, in the order of the facts' ids.
fn digest(records: &[Redaction]) -> String {
    let mut all = Sha256::new();
    for r in records {
        all.update(r.event_id.as_bytes());
        for part in [&r.hash, &r.before, &r.after] {
            all.update((part.len() as u64).to_be_bytes());
            all.update(part);
        }
    }
    hex(&all.finalize())
}

/// Whether the records of a fact explain why its link cannot be computed from it: they are about this link, the first begins
/// with what the link vouches for, each other where the one before ended, and the last is what is there now. The erasures
/// they name still have to be vouched for.
pub(crate) fn accounts_for(db: &mut Conn, row: &Placed, erasures: &mut Erasures) -> Result<bool, Error> {
    let records = rows::of_event(db, row.fact.id)?;
    let same_link = records.iter().all(|r| r.hash == row.place.hash);
    let begins_there = row.place.digest.as_ref().is_none_or(|digest| {
        link(&row.place.prev_hash, row.place.seq, digest) == row.place.hash && records.first().is_some_and(|r| r.before == *digest)
    });
    let one_line = records.windows(2).all(|w| w[0].after == w[1].before);
    let ends_here = records.last().is_some_and(|r| r.after == contents(&row.fact));
    for r in &records {
        erasures.entry(r.erasure_id).or_insert_with(|| (r.subject.clone(), row.place.seq));
    }
    Ok(same_link && begins_there && one_line && ends_here)
}

/// The first fact redacted by an erasure that no fact tells of, or tells of otherwise.
pub(crate) fn not_vouched_for(db: &mut Conn, erasures: &Erasures) -> Result<Option<i64>, Error> {
    for (id, (subject, seq)) in erasures {
        let found = digest(&rows::of_erasure(db, *id)?);
        let told = rows::erasures_told(db, subject)?;
        let vouched = |d: &Value| d["erasure_id"] == id.to_string() && d["redactions_digest"] == found;
        if !told.iter().any(vouched) {
            return Ok(Some(*seq));
        }
    }
    Ok(None)
}
