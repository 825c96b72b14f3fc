//! The search over all nouns: a page of what the caller may see, the best first.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use domain::platform::search::words::Asked;
use domain::platform::search::{Rank, SearchFilter, SearchMatch, SearchResult, SearchResults};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::prelude::*;
use crate::search::{self as index, FOLLOWER, Ranked};
use crate::{followers, table};

pub fn operations(t: &mut Table) {
    index::follow(t);
    t.parts("platform.search.read_again", TimeDelta::minutes(1), index::read_again);
    t.tag("platform/search", "Search over all kinds of records.");
    t.report("platform/search", find, FIND).for_users().rests_on(FOLLOWER).fails(&[problems::cursor_mismatch]);
}

const FIND: &str = "Search records of all kinds. Exact numbers, codes and titles come first, then beginnings, then records with all words, then \
similar spellings. Only records that the caller may read are found and counted. New and changed records are found within moments; `wait_for` waits \
for the caller's own write.";

fn find(cx: &mut Cx, filter: SearchFilter) -> Result<SearchResults> {
    let limit = filter.checked()?;
    in_form(&filter)?;
    let app = cx.app().clone();
    let wanted: Option<BTreeSet<&str>> = filter.kinds.as_ref().map(|kinds| kinds.split(',').collect());
    for kind in wanted.iter().flatten() {
        if !app.table.searched().any(|s| s.noun == *kind) {
            let known: BTreeSet<&str> = app.table.searched().map(|s| s.noun).collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(problems::invalid_query.at(vec![FieldError::parameter(
                "kinds",
                "unknown",
                format!("{kind:?} is none of {known}."),
            )]));
        }
    }
    let company = match filter.company_id {
        Some(id) if !cx.caller.companies.contain(id) => {
            return Err(problems::invalid_query.at(vec![FieldError::parameter("company_id", "unknown", "There is no such company.")]));
        }
        company => company,
    };
    let digest = digest(&filter);
    let after = filter.cursor.as_deref().map(|cursor| open(cx, &digest, cursor)).transpose()?;
    let mut states = vec![0];
    states.extend(filter.archived.then_some(1));
    states.extend(filter.merged.then_some(2));
    let asked = Asked::of(&filter.q);
    let kinds = index::kinds(&app, &cx.caller, wanted.as_ref());
    let as_of_seq = followers::as_of(cx, FOLLOWER)?.seq;
    let mut found = Vec::new();
    if !asked.is_empty() && !kinds.is_empty() {
        let sight = index::sight(cx, &kinds, &states, company.map(Id::uuid))?;
        found = index::ranked(cx, &asked, &sight)?;
    }
    let comes_after = |r: &Ranked| after.is_none_or(|(rank, id)| (rank, std::cmp::Reverse(id)) < (r.rank, std::cmp::Reverse(r.record_id)));
    found.retain(comes_after);
    let (mut data, mut last): (Vec<SearchResult>, Option<(Rank, Uuid)>) = (Vec::new(), None);
    let mut has_more = false;
    'pages: for some in found.chunks(limit + 1) {
        let mut live = index::live(cx, some)?;
        for one in some {
            // the index is a little behind: what does not fit any more is left out
            let is_wanted =
                |l: &domain::platform::search::Live| (!l.is_archived || l.is_merged || filter.archived) && (!l.is_merged || filter.merged);
            let shown = live.remove(&one.record_id).filter(is_wanted).and_then(|l| l.result(&asked, one.similar));
            let Some(shown) = shown else { continue };
            if data.len() == limit {
                has_more = true;
                break 'pages;
            }
            data.push(shown);
            last = Some((one.rank, one.record_id));
        }
    }
    let next_cursor = last.filter(|_| has_more).map(|last| write(cx, &digest, last));
    Ok(SearchResults { data, has_more, next_cursor, as_of_seq })
}

/// Refuses what has another form than the document shows.
fn in_form(filter: &SearchFilter) -> Result<()> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let kinds = filter.kinds.as_ref().is_none_or(|kinds| kinds.len() <= 500 && kinds.split(',').all(is_word));
    let of_cursor = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let cursor = filter.cursor.as_ref().is_none_or(|cursor| (40..=400).contains(&cursor.len()) && cursor.bytes().all(of_cursor));
    for (name, fits, text) in
        [("kinds", kinds, "Names of kinds, separated by commas."), ("cursor", cursor, "Not a cursor of this service.")]
    {
        if !fits {
            return Err(problems::invalid_parameter.at(vec![FieldError::parameter(name, "invalid", text)]));
        }
    }
    Ok(())
}

/// What a cursor is bound to.
fn digest(filter: &SearchFilter) -> Vec<u8> {
    let company = filter.company_id.map(|c| c.to_string());
    let all = json!([filter.q, filter.kinds, company, filter.archived, filter.merged]);
    Sha256::digest(all.to_string())[..8].to_vec()
}

fn write(cx: &Cx, digest: &[u8], (rank, id): (Rank, Uuid)) -> String {
    let mut body = digest.to_vec();
    body.extend(json!([rank.by.to_string(), rank.misses, id]).to_string().into_bytes());
    let mut signed = table::sign(cx.app().cursor_key(), &body);
    signed.extend(body);
    URL_SAFE_NO_PAD.encode(signed)
}

fn open(cx: &Cx, digest: &[u8], cursor: &str) -> Result<(Rank, Uuid)> {
    let bad = || problems::invalid_query.at(vec![FieldError::parameter("cursor", "unknown", "There is no such cursor.")]);
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let (signature, body) = bytes.split_at_checked(16).ok_or_else(bad)?;
    if subtle::ConstantTimeEq::ct_eq(&*table::sign(cx.app().cursor_key(), body), signature).unwrap_u8() == 0 {
        return Err(bad());
    }
    let (of, place) = body.split_at_checked(8).ok_or_else(bad)?;
    if of != digest {
        let error = FieldError::parameter("cursor", "cursor_mismatch", "The cursor was made with other parameters.");
        return Err(problems::cursor_mismatch.at(vec![error]));
    }
    let place: Value = serde_json::from_slice(place).map_err(|_| bad())?;
    let by = serde_json::from_value::<SearchMatch>(place[0].clone()).map_err(|_| bad())?;
    let misses = place[1].as_i64().ok_or_else(bad)?;
    let id = place[2].as_str().and_then(|id| id.parse().ok()).ok_or_else(bad)?;
    Ok((Rank { by, misses }, id))
}
