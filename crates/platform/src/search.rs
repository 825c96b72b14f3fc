//! Search: what records of a noun are found by is declared beside the noun,
//!
//! `n.searched(Words::titled("name").codes(&["code"]).details(&["emails.email"]));`
//!
//! and kept as an index of words by a follower, for the search over all nouns and for `q` of lists. The index says where to look and
//! is never believed: what is found is read as it is now, by the same roads as everywhere, before it is shown. Lists look besides at
//! what the follower has yet to read, so that they are never behind.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::CompanyId;
use domain::kernel::{Id, problems};
use domain::platform::followers::FollowerStatus;
use domain::platform::search::words::{Asked, Entry, Place, Text};
use domain::platform::search::{Live, MOST_RESULTS, Rank};
use domain::platform::trace::AnyId;
use domain::{Entity, Event, Result};
use persistence::platform::followers;
use persistence::platform::search as rows;
use persistence::platform::search::{Document, Kept, Sight};
use persistence::{Condition, Record};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::caller::{Caller, Companies};
use crate::cx::Cx;
use crate::followers::Fact;
use crate::table::Table;

pub use persistence::platform::search::FOLLOWER;

/// Records that changed since the index was written; with more, a list reads its rows instead.
const MOST_BEHIND: i64 = 300;
/// Emptied records that are read again at once.
const AT_ONCE: i64 = 100;

/// The fields by which people look for a record. A dot leads into an object or a list.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    title: Option<&'static str>,
    codes: &'static [&'static str],
    details: &'static [&'static str],
    with_company: bool,
}

impl Words {
    /// Records with a name, title or subject.
    pub const fn titled(field: &'static str) -> Self {
        Self { title: Some(field), codes: &[], details: &[], with_company: false }
    }
    /// Records that are called by their number.
    pub const fn numbered(codes: &'static [&'static str]) -> Self {
        Self { title: None, codes, details: &[], with_company: false }
    }
    /// Numbers and codes: somebody who asks for one of them means this record. The first one is shown.
    pub const fn codes(self, codes: &'static [&'static str]) -> Self {
        Self { codes, ..self }
    }
    /// What else is known of a record.
    pub const fn details(self, details: &'static [&'static str]) -> Self {
        Self { details, ..self }
    }
    /// The first records come with their company, and no facts tell of them.
    pub const fn with_company(self) -> Self {
        Self { with_company: true, ..self }
    }
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.title.into_iter().chain(self.codes.iter().copied()).chain(self.details.iter().copied())
    }
    fn placed(&self) -> Vec<(&'static str, Place)> {
        let codes = self.codes.iter().map(|field| (*field, Place::Code));
        let title = self.title.into_iter().map(|field| (field, Place::Title));
        codes.chain(title).chain(self.details.iter().map(|field| (*field, Place::Details))).collect()
    }
}

type Load = fn(&mut Cx, &Searched, &[Uuid]) -> Result<Vec<(Uuid, Live)>>;

/// A noun whose records are found.
pub struct Searched {
    /// As in the kinds of facts: `sales_order`.
    pub noun: &'static str,
    pub schema: String,
    pub(crate) table: &'static str,
    pub(crate) prefix: &'static str,
    words: Words,
    load: Load,
}

impl Searched {
    pub(crate) fn of<T: Entity + Record>(words: Words) -> Self {
        Self { noun: T::NOUN, schema: T::name().into_owned(), table: T::TABLE, prefix: T::Id::PREFIX, words, load: load::<T> }
    }
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.words.fields()
    }
    /// Whether a fact about a record can change what it is found by.
    fn concerns(&self, event: &Event) -> bool {
        let told = matches!(event.kind.rsplit('.').next(), Some("merged" | "unmerged" | "erased" | "deleted"));
        let states = ["status", "archived_at", "archived", "merged_into", "merged_into_id"];
        let mut fields = self.fields().map(|f| f.split('.').next().unwrap_or(f)).chain(states);
        told || event.previous.is_none() || fields.any(|f| event.changes(f))
    }
}

/// Those of these records that the caller may see, as they are.
fn load<T: Entity + Record>(cx: &mut Cx, searched: &Searched, ids: &[Uuid]) -> Result<Vec<(Uuid, Live)>> {
    let ids: Vec<T::Id> = ids.iter().map(|id| T::Id::from_uuid(*id)).collect();
    let mut out = Vec::new();
    let found = cx.find_all::<T>(&ids)?;
    let parties: Vec<Uuid> = found.iter().filter_map(T::party).map(Id::uuid).collect();
    let erased = rows::erased(cx.db(), &parties)?;
    for row in found {
        let json = serde_json::to_value(&row).map_err(|e| problems::internal.with(e.to_string()))?;
        let id: AnyId = row.id().to_string().parse().map_err(|e: String| problems::internal.with(e))?;
        // nothing is left of somebody by which one could be looked for, and of the documents that law keeps their own number
        let is_erased = first(&json, "erased_at").is_some();
        let of_erased = row.party().is_some_and(|p| erased.contains(&p.uuid()));
        let number = searched.words.codes.first().copied();
        let placed = searched.words.placed().into_iter().filter(|(field, _)| !is_erased && (!of_erased || Some(*field) == number));
        let texts = placed
            .flat_map(|(field, place)| texts_at(&json, field).into_iter().map(move |text| Text { field, text: text.to_string(), place }));
        let live = Live {
            kind: T::NOUN,
            id,
            number: searched.words.codes.first().and_then(|field| first(&json, field)),
            status: first(&json, "status"),
            company_id: row.company(),
            is_archived: first(&json, "archived_at").is_some() || json["status"] == "archived" || json["archived"] == true,
            is_merged: ["merged_into", "merged_into_id"].iter().any(|field| first(&json, field).is_some()),
            entry: Entry { texts: texts.collect() },
        };
        out.push((row.key(), live));
    }
    Ok(out)
}

fn first(at: &Value, path: &str) -> Option<String> {
    texts_at(at, path).first().map(|text| text.to_string())
}

/// The texts that a path leads to.
fn texts_at<'v>(at: &'v Value, path: &str) -> Vec<&'v str> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let found = &at[name];
    let items: Vec<&Value> = found.as_array().map_or_else(|| vec![found], |items| items.iter().collect());
    items
        .into_iter()
        .flat_map(|item| match rest {
            Some(rest) => texts_at(item, rest),
            None => item.as_str().into_iter().collect(),
        })
        .filter(|text| !text.is_empty())
        .collect()
}

// ---- keeping the index --------------------------------------------------------------------------

const KEEPS: &str = "What records are found by: the index of the search and of `q` in lists.";

/// Declares the follower.
pub(crate) fn follow(t: &mut Table) {
    t.follow(FOLLOWER, KEEPS, &[], heard).rebuilt_by(|cx| Ok(rows::clear(cx.db())?));
}

fn heard(cx: &mut Cx, fact: &Fact) -> Result<()> {
    let (app, event) = (cx.app().clone(), &fact.event);
    if let Some((searched, id)) = app.table.searched_by(&event.subject, event.noun())
        && searched.concerns(event)
    {
        index(cx, searched, &[id])?;
    }
    let verb = event.kind.rsplit('.').next().unwrap_or_default();
    if matches!(verb, "merged" | "unmerged") {
        for other in ["winner_id", "loser_id"].iter().filter_map(|name| event.data[*name].as_str()) {
            if let Some((searched, id)) = app.table.searched_by(other, event.noun()) {
                index(cx, searched, &[id])?;
            }
        }
    }
    if verb == "erased" {
        emptied(cx)?;
    }
    if event.kind == "company.created" {
        for searched in app.table.searched().filter(|s| s.words.with_company) {
            let ids = rows::of_company(cx.db(), searched.table, event.company.map(Id::uuid).or_else(|| own_id(event)))?;
            index(cx, searched, &ids)?;
        }
    }
    Ok(())
}

fn own_id(event: &Event) -> Option<Uuid> {
    event.subject.parse::<CompanyId>().ok().map(Id::uuid)
}

/// Reads the records again whose words an erasure took away.
fn emptied(cx: &mut Cx) -> Result<()> {
    while some_emptied(cx)? {}
    Ok(())
}

/// Reads some of them; whether there may be more.
fn some_emptied(cx: &mut Cx) -> Result<bool> {
    let app = cx.app().clone();
    let some = rows::emptied(cx.db(), AT_ONCE)?;
    for (id, noun) in &some {
        match app.table.searched().find(|s| s.noun == noun) {
            Some(searched) => index(cx, searched, &[*id])?,
            None => rows::remove(cx.db(), &[*id])?,
        }
    }
    Ok(some.len() == AT_ONCE as usize)
}

/// By the clock: an erasure in parts tells of itself when all is done, and its rows shall be found before.
pub(crate) fn read_again(cx: &mut Cx) -> Result<bool> {
    // nobody else writes the index meanwhile
    match followers::claim(cx.db(), FOLLOWER)? {
        Some(follower) if follower.status == FollowerStatus::Following => some_emptied(cx),
        _ => Ok(false),
    }
}

/// Brings what the index has of these records into agreement with the records.
fn index(cx: &mut Cx, searched: &Searched, ids: &[Uuid]) -> Result<()> {
    let mut live: BTreeMap<Uuid, Live> = (searched.load)(cx, searched, ids)?.into_iter().collect();
    let known = rows::digests(cx.db(), ids)?;
    let gone: Vec<Uuid> = ids.iter().copied().filter(|id| known.contains_key(id) && !live.contains_key(id)).collect();
    rows::remove(cx.db(), &gone)?;
    let mut changed = Vec::new();
    for id in ids {
        let Some(live) = live.remove(id) else { continue };
        let words = live.entry.words();
        let mut document = Document {
            record_id: *id,
            noun: searched.noun,
            company_id: live.company_id.map(Id::uuid),
            state: if live.is_merged { 2 } else { i64::from(live.is_archived) },
            title: live.entry.title(),
            codes: live.entry.codes(),
            digest: String::new(),
        };
        document.digest = digest(&document, &words);
        if known.get(id) != Some(&document.digest) {
            changed.push(Kept { document, words, known: known.contains_key(id) });
        }
    }
    Ok(rows::keep(cx.db(), &changed)?)
}

fn digest(document: &Document, words: &BTreeMap<String, Place>) -> String {
    let mut sha = Sha256::new();
    sha.update(format!("{:?} {} {:?} {:?}", document.company_id, document.state, document.title, document.codes));
    words.iter().for_each(|(word, place)| sha.update(format!("\n{word} {}", *place as i64)));
    sha.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

// ---- lists --------------------------------------------------------------------------------------

/// The rows of a list of this schema that `q` finds. `columns` are read where the index cannot say.
pub(crate) fn rows_with(cx: &mut Cx, schema: &str, columns: &'static [&'static str], q: &str) -> Result<Condition> {
    let app = cx.app().clone();
    let asked = Asked::of(q);
    let searched = app.table.searched().find(|s| s.schema == schema).filter(|_| !asked.is_empty());
    let Some(searched) = searched else { return Ok(Condition::Contains(columns, q.to_string())) };
    let behind = rows::behind(cx.db(), MOST_BEHIND)?;
    let is_new = |subject: &String| searched.words.with_company && domain::kernel::decode(CompanyId::PREFIX, subject).is_some();
    let Some(behind) = behind.filter(|late| !late.iter().any(is_new)) else { return Ok(read_through(columns, &asked)) };
    let mut late: Vec<Uuid> = behind.iter().filter_map(|subject| domain::kernel::decode(searched.prefix, subject)).collect();
    late.extend(rows::emptied(cx.db(), MOST_BEHIND)?.into_iter().filter(|(_, noun)| noun == searched.noun).map(|(id, _)| id));
    let found = rows::condition(cx.db(), searched.noun, &asked)?;
    if late.is_empty() {
        return Ok(found);
    }
    // the list itself judges which of these the caller may see
    let as_they_are = cx.consequence(|cx| (searched.load)(cx, searched, &late))?;
    let also: Vec<Uuid> = as_they_are.into_iter().filter(|(_, live)| asked.finds(&live.entry.words(), false)).map(|(id, _)| id).collect();
    Ok(rows::corrected(&found, &also, &late))
}

/// Rows that have all words somewhere in their columns.
fn read_through(columns: &'static [&'static str], asked: &Asked) -> Condition {
    let conditions = asked.terms.iter().map(|term| Condition::Contains(columns, term.word.clone())).collect();
    persistence::identity::visibility::all_of(conditions).unwrap_or_else(persistence::identity::visibility::nothing)
}

// ---- the search over all nouns ------------------------------------------------------------------

/// What may be found: the nouns that the caller may read, of these kinds.
pub(crate) fn kinds<'t>(app: &'t App, caller: &Caller, wanted: Option<&BTreeSet<&str>>) -> Vec<&'t Searched> {
    let may = |s: &&Searched| app.table.reader(&s.schema).is_some_and(|permission| permission.is_empty() || caller.may(permission));
    app.table.searched().filter(|s| wanted.is_none_or(|w| w.contains(s.noun))).filter(may).collect()
}

/// The part of the index in which the caller may look.
pub(crate) fn sight(cx: &mut Cx, kinds: &[&Searched], states: &[i64], company: Option<Uuid>) -> Result<Sight> {
    let nouns: Vec<&'static str> = kinds.iter().map(|s| s.noun).collect();
    let mut sight = Sight::of(&nouns, states);
    if let Companies::These(ids) = &cx.caller.companies {
        let ids: Vec<Uuid> = ids.iter().map(|c| c.uuid()).collect();
        sight.within(&ids, true);
    }
    if let Some(company) = company {
        sight.within(&[company], false);
    }
    for searched in kinds {
        if let Some(condition) = cx.visible_rows(searched.table)? {
            sight.only(searched.noun, searched.table, &condition);
        }
    }
    Ok(sight)
}

/// A record that was found, where it comes, and whether only a misspelling led to it.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    pub rank: Rank,
    pub record_id: Uuid,
    pub noun: String,
    pub similar: bool,
}

/// What the index finds, the best first.
pub(crate) fn ranked(cx: &mut Cx, asked: &Asked, sight: &Sight) -> Result<Vec<Ranked>> {
    let limit = MOST_RESULTS as i64 / 2;
    let db = cx.db();
    let mut found: BTreeMap<Uuid, (rows::Hit, bool)> = BTreeMap::new();
    let mut take = |hits: Vec<rows::Hit>, similar: bool| {
        for hit in hits {
            found.entry(hit.record_id).or_insert((hit, similar));
        }
        found.len()
    };
    let mut many = take(rows::by_code(db, sight, &asked.compact, limit)?, false);
    for way in asked.ways() {
        let sought: Vec<rows::Sought> = way.into_iter().map(rows::Sought::beginning).collect();
        many = take(rows::with_all(db, sight, &sought, limit)?, false);
    }
    for similar in [false, true] {
        if many >= domain::platform::search::FEW {
            break;
        }
        let mut sought = Vec::new();
        for term in &asked.terms {
            let mut others = rows::parts(db, term)?;
            if similar {
                others.extend(rows::similar(db, term)?);
            }
            sought.push(rows::Sought { term: term.clone(), others });
        }
        if sought.iter().any(|s| !s.others.is_empty()) {
            many = take(rows::with_all(db, sight, &sought, limit)?, similar);
        }
    }
    let rank = |(hit, similar): (rows::Hit, bool)| {
        let candidate = domain::platform::search::Candidate { title: &hit.title, codes: &hit.codes, similar };
        Ranked { rank: candidate.rank(asked), record_id: hit.record_id, noun: hit.noun, similar }
    };
    let mut ranked: Vec<Ranked> = found.into_values().map(rank).collect();
    // of those that fit as well, the latest
    ranked.sort_by_key(|r| (r.rank, std::cmp::Reverse(r.record_id)));
    ranked.truncate(MOST_RESULTS);
    Ok(ranked)
}

/// These records as they are, of those that the caller may see.
pub(crate) fn live(cx: &mut Cx, found: &[Ranked]) -> Result<BTreeMap<Uuid, Live>> {
    let app = cx.app().clone();
    let mut out = BTreeMap::new();
    for searched in app.table.searched() {
        let ids: Vec<Uuid> = found.iter().filter(|r| r.noun == searched.noun).map(|r| r.record_id).collect();
        if !ids.is_empty() {
            out.extend((searched.load)(cx, searched, &ids)?);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        let v = json!({"name": "A", "emails": [{"email": "a@x"}, {"email": "b@x"}], "answer": {"by": "C"}, "none": null, "empty": "", "tags": ["t", "u"]});
        assert_eq!(texts_at(&v, "emails.email"), ["a@x", "b@x"]);
        assert_eq!((texts_at(&v, "name"), texts_at(&v, "answer.by"), texts_at(&v, "tags")), (vec!["A"], vec!["C"], vec!["t", "u"]));
        assert!(texts_at(&v, "none").is_empty() && texts_at(&v, "empty").is_empty() && texts_at(&v, "nothing.at.all").is_empty());
    }
}
