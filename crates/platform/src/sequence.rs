//! The sequencer: the one place that gives committed facts their number (1, 2, 3, … without gap) and their link in the
//! hash chain, and the check of that chain. It runs after the facts are written, never inside the transaction of a
//! request, where a chain would make every writer wait for every other; no operation may number a fact itself.
//!
//! A reader of the feed that goes on after the last number it has seen misses nothing: a number is only given to what is
//! committed, and numbers become visible in their order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::fact_text::{Nulls, canonical, packed};
use domain::kernel::Id;
use persistence::platform::event_days;
use persistence::platform::events::{NewFact, Origin};
use persistence::platform::sequence::{self as rows, Fact, Place, Placed};
use persistence::{Conn, Database, Engine, Error, Outcome};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::redaction;

/// Facts numbered in one transaction.
const BATCH: i64 = 500;
/// How long a fact may wait for its number when nobody rings: those that another replica committed and then died.
const POLL: Duration = Duration::from_millis(200);
/// How long a batch rests before the next begins. The first fact after a quiet moment is numbered at once; under load
/// this makes one transaction of what would be one for each of a few writes.
const REST: Duration = Duration::from_millis(10);
/// What stands before the first link.
const ORIGIN: [u8; 32] = [0; 32];

/// Numbers everything that has no number yet, at most one batch; how many. Runs in the transaction of the caller.
pub fn number(db: &mut Conn<'_>) -> Result<usize, Error> {
    if !rows::try_lock(db)? {
        return Ok(0);
    }
    let mut waiting = rows::unplaced(db, BATCH)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let undigested: Vec<Uuid> = waiting.iter().filter(|(_, digest)| digest.is_none()).map(|(id, _)| *id).collect();
    if !undigested.is_empty() {
        // facts that an earlier version wrote and did not number
        let digests: BTreeMap<Uuid, Vec<u8>> = rows::facts(db, &undigested)?.iter().map(|f| (f.id, digest(f))).collect();
        for (id, digest) in waiting.iter_mut().filter(|(_, digest)| digest.is_none()) {
            *digest = digests.get(id).cloned();
        }
    }
    let waiting = waiting.into_iter().map(|(id, digest)| (id, digest.unwrap_or_default())).collect();
    let (seq, hash) = rows::last(db)?.unwrap_or((0, ORIGIN.to_vec()));
    let places = chain(seq, hash, waiting);
    rows::place(db, &places)?;
    event_days::note(db, &places)?;
    Ok(places.len())
}

/// The links that facts with these digests become, in order.
fn chain(mut seq: i64, mut hash: Vec<u8>, digests: Vec<(Uuid, Vec<u8>)>) -> Vec<Place> {
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

/// Keeps numbering while it lives. SQLite: in each group of writes, with the same flush to the disk. PostgreSQL: a
/// thread, woken after each commit of this process and looking round by itself for those of others.
pub struct Sequencer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    db: Database,
}

impl Sequencer {
    /// # Errors
    /// The thread cannot be started.
    pub fn start(db: &Database) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = match db.engine() {
            Engine::Sqlite => {
                db.on_group_commit(Box::new(|conn| while_full(|| number(conn))));
                None
            }
            Engine::Postgres => {
                let (db, stop) = (db.clone(), stop.clone());
                Some(std::thread::Builder::new().name("sequencer".into()).spawn(move || run(&db, &stop))?)
            }
        };
        Ok(Self { stop, thread, db: db.clone() })
    }
}

impl Drop for Sequencer {
    /// Numbers what was committed last, then stops.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.db.after_commit_notify();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the sequencer ended in a panic");
        }
    }
}

fn while_full(mut step: impl FnMut() -> Result<usize, Error>) -> Result<(), Error> {
    while step()? as i64 == BATCH {}
    Ok(())
}

fn run(db: &Database, stop: &AtomicBool) {
    let mut failing = false;
    loop {
        let last = stop.load(Ordering::Relaxed);
        match while_full(|| catch_up(db)) {
            Ok(()) => failing = false,
            Err(e) => {
                if !std::mem::replace(&mut failing, true) {
                    log::warn!("facts wait for their numbers: {e}");
                }
                if !last {
                    std::thread::sleep(POLL);
                }
            }
        }
        if last {
            return;
        }
        std::thread::sleep(REST);
        db.wait_for_commit(POLL);
    }
}

/// Numbers one batch in a transaction of its own; how many.
pub fn catch_up(db: &Database) -> Result<usize, Error> {
    db.write(Box::new(|conn| {
        Ok(match number(conn)? {
            0 => Outcome::Discard(0),
            n => Outcome::Keep(n),
        })
    }))
}

/// A link that somebody wrote down elsewhere. A chain that does not lead through it was cut or written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    /// 64 hexadecimal digits.
    pub hash: String,
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Links that were recomputed.
    pub links: i64,
    /// The last link, to be written down elsewhere.
    pub anchor: Option<Anchor>,
    /// The first link that does not hold, in words.
    pub breach: Option<String>,
}

/// Recomputes the chain from the beginning, or from the link after `from`, and names the first row that was changed,
/// deleted, swapped or added. `from` also proves that the tail up to it was not cut off.
///
/// # Errors
/// The database cannot be read. A broken chain is no error but a [`Checked::breach`].
pub fn verify_chain(db: &mut Conn<'_>, from: Option<&Anchor>, progress: impl FnMut(i64)) -> Result<Checked, Error> {
    verify_links(db, from, i64::MAX, progress)
}

/// As [`verify_chain`], for at most about so many links; the anchor is then the last of them.
pub(crate) fn verify_links(db: &mut Conn<'_>, from: Option<&Anchor>, most: i64, mut progress: impl FnMut(i64)) -> Result<Checked, Error> {
    let (begins_after, mut seq, mut hash) = match from {
        None => (Uuid::nil(), 0, ORIGIN.to_vec()),
        Some(anchor) => match rows::link_at(db, anchor.seq)? {
            Some((id, hash)) if hex(&hash) == anchor.hash.to_lowercase() => (id, anchor.seq, hash),
            Some(_) => return Ok(broken(0, anchor.seq, "it is not the link that was anchored")),
            None => return Ok(broken(0, anchor.seq, "it was anchored and is missing: the tail of the chain was cut off")),
        },
    };
    let mut links = 0;
    let mut erasures = redaction::Erasures::new();
    loop {
        let page = rows::placed(db, seq, BATCH)?;
        for row in &page {
            if let Err(why) = judge(seq, &hash, row) {
                let in_place = row.place.seq == seq + 1 && row.place.prev_hash == hash;
                if !in_place || !redaction::accounts_for(db, row, &mut erasures)? {
                    return Ok(broken(links, seq + 1, &why));
                }
            }
            seq = row.place.seq;
            hash.clone_from(&row.place.hash);
            links += 1;
        }
        progress(links);
        if (page.len() as i64) < BATCH || links >= most {
            if let Some(seq) = redaction::not_vouched_for(db, &erasures)? {
                return Ok(broken(links, seq, "it was redacted, and no erasure tells of it so"));
            }
            if rows::has_strays(db, begins_after)? {
                return Ok(broken(links, seq + 1, "there is a fact without a link, or a link without its fact"));
            }
            let anchor = (seq > 0).then(|| Anchor { seq, hash: hex(&hash) });
            return Ok(Checked { links, anchor, breach: None });
        }
    }
}

fn broken(links: i64, seq: i64, why: &str) -> Checked {
    Checked { links, anchor: None, breach: Some(format!("event {seq}: {why}")) }
}

fn judge(seq: i64, hash: &[u8], row: &Placed) -> Result<(), String> {
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
    use serde_json::json;

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
