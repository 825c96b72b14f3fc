//! The check of the hash chain: recomputes it and names the first fact that was changed, deleted, swapped or added.

use persistence::platform::sequence as rows;
use persistence::{Conn, Error};
use uuid::Uuid;

use crate::chain::{ORIGIN, hex, judge};
use crate::redaction;

/// Facts read at a time.
const BATCH: i64 = 500;

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
