//! The hash chain of facts: the digest of a fact, the link that it becomes, and whether a link is what comes of its fact.

use chrono::{DateTime, Utc};
use domain::Event;
use domain::fact_text::{Nulls, canonical, packed};
use domain::kernel::Id;
use persistence::platform::events::{NewFact, Origin};
use persistence::platform::sequence::{Fact, Place, Placed};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What stands before the first link.
pub(crate) const ORIGIN: [u8; 32] = [0; 32];

/// The links that facts with these digests become, in order.
pub(crate) fn chain(mut seq: i64, mut hash: Vec<u8>, digests: Vec<(Uuid, Vec<u8>)>) -> Vec<Place> {
    let mut places = Vec::with_capacity(digests.len());
    for (id, digest) in digests {
        seq += 1;
        let next = link(&hash, seq, &digest);
        places.push(Place { id, digest: Some(digest), seq, prev_hash: std::mem::replace(&mut hash, next.clone()), hash: next });
    }
    places
}

/// SHA-256 of the link before, the number, and the digest of the fact.
pub(crate) fn link(before: &[u8], seq: i64, digest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    part(&mut bytes, Some(before));
    part(&mut bytes, Some(&seq.to_be_bytes()));
    part(&mut bytes, Some(digest));
    Sha256::digest(&bytes).to_vec()
}

/// Every part is preceded by its length, so that no two different rows have the same bytes.
fn part(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    match part {
        None => bytes.extend_from_slice(&u64::MAX.to_be_bytes()),
        Some(p) => {
            bytes.extend_from_slice(&(p.len() as u64).to_be_bytes());
            bytes.extend_from_slice(p);
        }
    }
}

/// What a link vouches for: every column of a fact.
struct Contents<'a> {
    id: Uuid,
    at: DateTime<Utc>,
    kind: &'a str,
    subject: &'a str,
    company_id: Option<Uuid>,
    party_id: Option<Uuid>,
    version: i64,
    data: &'a str,
    previous: Option<&'a str>,
    actor: &'a str,
    actor_name: &'a str,
    request_id: &'a str,
    reason: Option<&'a str>,
}

impl Contents<'_> {
    /// SHA-256 of a link before, a number, and the contents. Without the first two it is the digest; with them it is what
    /// a link was before there were digests.
    fn hash(&self, before: &[u8], seq: i64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512 + self.data.len() + self.previous.map_or(0, str::len));
        let mut part = |p: Option<&[u8]>| part(&mut bytes, p);
        part(Some(before));
        part(Some(&seq.to_be_bytes()));
        part(Some(self.id.as_bytes()));
        part(Some(&self.at.timestamp_micros().to_be_bytes()));
        part(Some(self.kind.as_bytes()));
        part(Some(self.subject.as_bytes()));
        part(self.company_id.as_ref().map(|id| id.as_bytes().as_slice()));
        part(self.party_id.as_ref().map(|id| id.as_bytes().as_slice()));
        part(Some(&self.version.to_be_bytes()));
        part(Some(self.data.as_bytes()));
        part(self.previous.map(str::as_bytes));
        part(Some(self.actor.as_bytes()));
        part(Some(self.actor_name.as_bytes()));
        part(Some(self.request_id.as_bytes()));
        part(self.reason.map(str::as_bytes));
        Sha256::digest(&bytes).to_vec()
    }
}

/// Digest of a fact: of every column, whatever its place in the chain.
pub(crate) fn digest(fact: &Fact) -> Vec<u8> {
    undivided(&[], 0, fact)
}

/// What the link of a fact was before there were digests.
fn undivided(before: &[u8], seq: i64, fact: &Fact) -> Vec<u8> {
    let (data, previous) = (canonical(&fact.data), fact.previous.as_ref().map(canonical));
    let contents = Contents {
        id: fact.id,
        at: fact.at,
        kind: &fact.kind,
        subject: &fact.subject,
        company_id: fact.company_id,
        party_id: fact.party_id,
        version: fact.version,
        data: &data,
        previous: previous.as_deref(),
        actor: &fact.actor,
        actor_name: &fact.actor_name,
        request_id: &fact.request_id,
        reason: fact.reason.as_deref(),
    };
    contents.hash(before, seq)
}

/// A fact as it is written, with its digest. Its JSON text is the canonical one, so that it is put together once. What the thing
/// has no value for is left out: most of a document's members are null. What was null before and is not now, is told.
pub fn new_fact<'a>(event: &'a Event, origin: &Origin) -> NewFact<'a> {
    let id = Uuid::now_v7();
    let (data, previous) = (packed(&event.data, Nulls::Dropped), event.previous.as_ref().map(|p| packed(p, Nulls::Kept)));
    let contents = Contents {
        id,
        at: origin.at,
        kind: &event.kind,
        subject: &event.subject,
        company_id: event.company.map(Id::uuid),
        party_id: event.party.map(Id::uuid),
        version: event.version,
        data: &data,
        previous: previous.as_deref(),
        actor: origin.actor,
        actor_name: origin.actor_name,
        request_id: origin.request_id,
        reason: None,
    };
    let digest = contents.hash(&[], 0);
    NewFact { id, event, data, previous, digest }
}

/// Whether the link of a fact is what comes of it.
pub(crate) fn holds(row: &Placed) -> bool {
    let Placed { fact, place } = row;
    match &place.digest {
        Some(kept) => digest(fact) == *kept && link(&place.prev_hash, place.seq, kept) == place.hash,
        None => undivided(&place.prev_hash, place.seq, fact) == place.hash,
    }
}

/// Whether a fact follows the link with this number and hash; why not, in words.
pub(crate) fn judge(seq: i64, hash: &[u8], row: &Placed) -> Result<(), String> {
    let Placed { fact, place } = row;
    if place.seq != seq + 1 {
        return Err(format!("it is missing; the next one is {}", place.seq));
    }
    if place.prev_hash != hash {
        return Err(format!("it does not follow from the one before ({}, {})", fact.kind, fact.id));
    }
    if !holds(row) {
        return Err(format!("it was changed after it was written ({}, {})", fact.kind, fact.id));
    }
    Ok(())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use serde_json::{Value, json};

    fn fact(n: u128) -> Fact {
        Fact {
            id: uuid::Uuid::from_u128(n),
            at: DateTime::from_timestamp_micros(1_700_000_000_000_000).unwrap(),
            kind: "party.created".into(),
            subject: "par_1".into(),
            company_id: None,
            party_id: Some(uuid::Uuid::from_u128(7)),
            version: 1,
            data: json!({"b": [1, {"d": null, "c": "ü\"\n"}], "a": "1.50"}),
            previous: None,
            actor: "system".into(),
            actor_name: "System".into(),
            request_id: "req".into(),
            reason: None,
        }
    }

    #[test]
    fn json_has_one_form() {
        let twin: Value = serde_json::from_str("{ \"a\":\"1.50\",\n \"b\":[1,{\"c\":\"\\u00fc\\\"\\n\", \"d\":null}]}").unwrap();
        assert_eq!(canonical(&fact(1).data), canonical(&twin));
        assert_eq!(canonical(&twin), r#"{"a":"1.50","b":[1,{"c":"ü\"\n","d":null}]}"#);
    }

    #[test]
    fn every_column_is_in_the_digest() {
        let original = digest(&fact(1));
        let changes: [fn(&mut Fact); 13] = [
            |f| f.id = uuid::Uuid::from_u128(2),
            |f| f.at += chrono::TimeDelta::microseconds(1),
            |f| f.kind.push('x'),
            |f| f.subject.push('x'),
            |f| f.company_id = Some(uuid::Uuid::nil()),
            |f| f.party_id = None,
            |f| f.version = 2,
            |f| f.data = json!({}),
            |f| f.previous = Some(json!(null)),
            |f| f.actor = String::new(),
            |f| f.actor_name.push('x'),
            |f| f.request_id.push('x'),
            |f| f.reason = Some(String::new()),
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut f = fact(1);
            change(&mut f);
            assert_ne!(digest(&f), original, "change {i}");
        }
        let first = link(&ORIGIN, 1, &original);
        assert_ne!(link(&ORIGIN, 2, &original), first);
        assert_ne!(link(&original, 1, &original), first);
        assert_ne!(link(&ORIGIN, 1, &first), first);
    }

    #[test]
    fn a_chain_holds_and_shows_what_was_done_to_it() {
        let facts: Vec<Fact> = (1..=5).map(fact).collect();
        let places = chain(0, ORIGIN.to_vec(), facts.iter().map(|f| (f.id, digest(f))).collect());
        assert_eq!(places.iter().map(|p| p.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let placed = |i: usize| Placed { fact: facts[i].clone(), place: places[i].clone() };
        assert_eq!(judge(0, &ORIGIN, &placed(0)), Ok(()));
        assert_eq!(judge(3, &places[2].hash, &placed(3)), Ok(()));
        assert!(judge(2, &places[1].hash, &placed(3)).unwrap_err().contains("missing"));
        let mut changed = placed(3);
        changed.fact.subject = "par_2".into();
        assert!(judge(3, &places[2].hash, &changed).unwrap_err().contains("changed"));
        let mut vouched = placed(3);
        vouched.fact.subject = "par_2".into();
        vouched.place.digest = Some(digest(&vouched.fact));
        assert!(judge(3, &places[2].hash, &vouched).unwrap_err().contains("changed"));
        let mut swapped = placed(4);
        swapped.place.seq = 4;
        assert!(judge(3, &places[2].hash, &swapped).unwrap_err().contains("follow"));
    }

    #[test]
    fn links_from_before_there_were_digests_hold() {
        let hash = undivided(&ORIGIN, 1, &fact(1));
        let place = Place { id: fact(1).id, digest: None, seq: 1, prev_hash: ORIGIN.to_vec(), hash };
        let old = |fact: Fact| Placed { fact, place: place.clone() };
        assert_eq!(judge(0, &ORIGIN, &old(fact(1))), Ok(()));
        assert!(judge(0, &ORIGIN, &old(Fact { version: 2, ..fact(1) })).unwrap_err().contains("changed"));
    }
}
