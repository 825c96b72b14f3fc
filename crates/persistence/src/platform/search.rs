//! The index of what records are found by: the words of each record, and what words are found by in parts and in another spelling. Kept
//! by a follower; what is wrong in it for a moment is put right by whoever shows a record, who reads it as it is.

use std::collections::{BTreeMap, BTreeSet};

use domain::platform::search::words::{self, Asked, Place, Term};
use uuid::Uuid;

use crate::personal::{CHUNK, Personal, blank, kept};
use crate::{Condition, Conn, Engine, Result, Statement, Value, in_time, list, sql};

/// The follower that keeps the index.
pub const FOLLOWER: &str = "platform.search";

/// So many records with a word are found through the word; with more, a list is read in its order and asked for each row.
const NARROW: i64 = 2000;
/// Words that contain a term, or are spelt like it, at most.
const MOST_WORDS: i64 = 300;
/// Records taken away in one transaction.
const CLEARED: i64 = 500;

/// What the index holds of persons is taken away with their rows; see [`forget`].
pub const DOCUMENTS: Personal = Personal::owned("search_documents", &[blank("title"), blank("codes"), blank("digest")]).plain(&["noun"]);
pub const POSTINGS: Personal = Personal::owned("search_postings", &[kept("word")]).plain(&["noun"]);
pub const WORDS: Personal = Personal::owned("search_words", &[kept("word")]);
pub const GRAMS: Personal = Personal::owned("search_grams", &[kept("gram"), kept("word")]);

/// A record as it stands in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub record_id: Uuid,
    pub noun: &'static str,
    pub company_id: Option<Uuid>,
    /// 0 in use, 1 archived, 2 merged into another.
    pub state: i64,
    pub title: String,
    pub codes: BTreeSet<String>,
    /// Of all this and the words; empty when the words were taken away.
    pub digest: String,
}

// ---- keeping it ---------------------------------------------------------------------------------

/// The digests of these records as the index has them.
pub fn digests(db: &mut Conn, records: &[Uuid]) -> Result<BTreeMap<Uuid, String>> {
    let mut out = BTreeMap::new();
    for chunk in records.chunks(CHUNK) {
        let found = sql!("SELECT record_id, digest FROM search_documents WHERE record_id IN ({})", list(chunk));
        out.extend(found.load::<(Uuid, String)>(db)?);
    }
    Ok(out)
}

/// A record to be written, with its words, and whether the index has it.
pub struct Kept {
    pub document: Document,
    pub words: BTreeMap<String, Place>,
    pub known: bool,
}

/// Writes records with their words.
pub fn keep(db: &mut Conn, all: &[Kept]) -> Result<()> {
    let (mut new, mut gone) = (Vec::new(), Vec::new());
    for Kept { document, words, known } in all {
        let had = if *known { words_of(db, &[document.record_id])? } else { BTreeSet::new() };
        let have: BTreeSet<(String, i64)> = words.iter().map(|(w, p)| (w.clone(), *p as i64)).collect();
        let lost: Vec<String> = had.difference(&have).map(|(w, _)| w.clone()).collect();
        for chunk in lost.chunks(CHUNK) {
            sql!("DELETE FROM search_postings WHERE record_id = {} AND word IN ({})", document.record_id, list(chunk)).execute(db)?;
        }
        new.extend(have.difference(&had).map(|(word, place)| (word.clone(), *place, document.record_id, document.noun)));
        gone.extend(lost);
    }
    for chunk in new.chunks(CHUNK) {
        let mut s = Statement::new("INSERT INTO search_postings (word, place, record_id, noun) VALUES ");
        for (i, (word, place, record, noun)) in chunk.iter().enumerate() {
            s.sql(if i == 0 { "(" } else { ", (" });
            s.values([Value::Text(word.clone()), Value::Int(*place), Value::Uid(*record), Value::Text(noun.to_string())]).sql(")");
        }
        s.sql(" ON CONFLICT DO NOTHING").execute(db)?;
    }
    learn(db, new.iter().map(|(word, ..)| word))?;
    unlearn(db, gone)?;
    for chunk in all.chunks(CHUNK) {
        let mut s = Statement::new("INSERT INTO search_documents (record_id, noun, company_id, state, title, codes, digest) VALUES ");
        for (i, Kept { document: d, .. }) in chunk.iter().enumerate() {
            let codes: Vec<&str> = d.codes.iter().map(String::as_str).collect();
            s.sql(if i == 0 { "(" } else { ", (" });
            s.append(sql!("{}, {}, {}, {}, {}, {}, {})", d.record_id, d.noun, d.company_id, d.state, &d.title, codes.join(" "), &d.digest));
        }
        s.sql(
            " ON CONFLICT (record_id) DO UPDATE SET noun = excluded.noun, company_id = excluded.company_id, state = excluded.state, \
             title = excluded.title, codes = excluded.codes, digest = excluded.digest",
        );
        s.execute(db)?;
    }
    Ok(())
}

fn words_of(db: &mut Conn, records: &[Uuid]) -> Result<BTreeSet<(String, i64)>> {
    let found = sql!("SELECT word, place FROM search_postings WHERE record_id IN ({})", list(records));
    Ok(found.load::<(String, i64)>(db)?.into_iter().collect())
}

/// Notes the words that are new, with their grams.
fn learn<'a>(db: &mut Conn, words: impl Iterator<Item = &'a String>) -> Result<()> {
    let words: BTreeSet<&String> = words.filter(|w| words::is_spelt(w)).collect();
    let words: Vec<&String> = words.into_iter().collect();
    let mut grams = Vec::new();
    for chunk in words.chunks(CHUNK) {
        let mut s = Statement::new("INSERT INTO search_words (word) VALUES ");
        for (i, word) in chunk.iter().enumerate() {
            s.sql(if i == 0 { "(" } else { ", (" }).push(Value::Text(word.to_string())).sql(")");
        }
        s.sql(" ON CONFLICT DO NOTHING RETURNING word");
        for (word,) in s.load::<(String,)>(db)? {
            grams.extend(words::grams(&word).into_iter().map(|gram| (gram, word.clone())));
        }
    }
    for chunk in grams.chunks(CHUNK) {
        let mut s = Statement::new("INSERT INTO search_grams (gram, word) VALUES ");
        for (i, (gram, word)) in chunk.iter().enumerate() {
            s.sql(if i == 0 { "(" } else { ", (" }).values([Value::Text(gram.clone()), Value::Text(word.clone())]).sql(")");
        }
        s.sql(" ON CONFLICT DO NOTHING").execute(db)?;
    }
    Ok(())
}

/// Forgets those of these words that no record has any more: who was called so must not be found in what is left.
fn unlearn(db: &mut Conn, words: Vec<String>) -> Result<()> {
    let words: Vec<String> = words.into_iter().filter(|w| words::is_spelt(w)).collect();
    for chunk in words.chunks(CHUNK) {
        let gone = sql!(
            "DELETE FROM search_words WHERE word IN ({}) AND NOT EXISTS \
             (SELECT 1 FROM search_postings p WHERE p.word = search_words.word) RETURNING word",
            list(chunk)
        );
        for (word,) in gone.load::<(String,)>(db)? {
            let grams: Vec<String> = words::grams(&word).into_iter().collect();
            sql!("DELETE FROM search_grams WHERE gram IN ({}) AND word = {}", list(&grams), &word).execute(db)?;
        }
    }
    Ok(())
}

/// Takes records out of the index.
pub fn remove(db: &mut Conn, records: &[Uuid]) -> Result<()> {
    for chunk in records.chunks(CHUNK) {
        empty(db, chunk)?;
        sql!("DELETE FROM search_documents WHERE record_id IN ({})", list(chunk)).execute(db)?;
    }
    Ok(())
}

fn empty(db: &mut Conn, records: &[Uuid]) -> Result<()> {
    let gone = words_of(db, records)?.into_iter().map(|(word, _)| word).collect::<BTreeSet<_>>();
    sql!("DELETE FROM search_postings WHERE record_id IN ({})", list(records)).execute(db)?;
    unlearn(db, gone.into_iter().collect())
}

/// Takes the words of records away at once, in the transaction in which a person is erased from them. The follower reads them again.
pub(crate) fn forget(db: &mut Conn, records: &[Uuid]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    if db.engine() == Engine::Postgres {
        // until the follower is done with what it is at: it might bring back a word that was just forgotten
        let mut held = Statement::new("SELECT id FROM followers WHERE name = ");
        held.push(Value::Text(FOLLOWER.into())).sql(" FOR NO KEY UPDATE").load::<(Uuid,)>(db)?;
    }
    for chunk in records.chunks(CHUNK) {
        empty(db, chunk)?;
        sql!("UPDATE search_documents SET title = '', codes = '', digest = '' WHERE record_id IN ({})", list(chunk)).execute(db)?;
    }
    Ok(())
}

/// Those of these parties that were erased.
pub fn erased(db: &mut Conn, parties: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    if parties.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found = sql!("SELECT id FROM parties WHERE id IN ({}) AND erased_at IS NOT NULL", list(parties));
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// The rows of a company.
pub fn of_company(db: &mut Conn, table: &'static str, company: Option<Uuid>) -> Result<Vec<Uuid>> {
    let Some(company) = company else { return Ok(Vec::new()) };
    let mut s = Statement::new(format!("SELECT id FROM {table} WHERE company_id = "));
    Ok(s.push(Value::Uid(company)).load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Up to so many records whose words were taken away, and their nouns.
pub fn emptied(db: &mut Conn, limit: i64) -> Result<Vec<(Uuid, String)>> {
    sql!("SELECT record_id, noun FROM search_documents WHERE digest = '' ORDER BY noun, record_id LIMIT {}", limit).load(db)
}

/// Deletes a part of the index; whether that was the last.
pub fn clear(db: &mut Conn) -> Result<bool> {
    let some: Vec<Uuid> = sql!("SELECT record_id FROM search_documents ORDER BY record_id LIMIT {}", CLEARED)
        .load::<(Uuid,)>(db)?
        .into_iter()
        .map(|r| r.0)
        .collect();
    if !some.is_empty() {
        sql!("DELETE FROM search_postings WHERE record_id IN ({})", list(&some)).execute(db)?;
        sql!("DELETE FROM search_documents WHERE record_id IN ({})", list(&some)).execute(db)?;
        return Ok(false);
    }
    let words = sql!("SELECT word FROM search_words ORDER BY word LIMIT {}", CLEARED).load::<(String,)>(db)?;
    let words: Vec<String> = words.into_iter().map(|r| r.0).collect();
    if words.is_empty() {
        return Ok(true);
    }
    let grams: BTreeSet<String> = words.iter().flat_map(|w| words::grams(w)).collect();
    let grams: Vec<String> = grams.into_iter().collect();
    for chunk in grams.chunks(CHUNK) {
        sql!("DELETE FROM search_grams WHERE gram IN ({}) AND word IN ({})", list(chunk), list(&words)).execute(db)?;
    }
    sql!("DELETE FROM search_words WHERE word IN ({})", list(&words)).execute(db)?;
    Ok(false)
}

/// What changed since the index was last written: the subjects of facts that the follower has yet to read, or failed on, and records
/// whose words were taken away. Nothing when these are more than `most`, or the index is not there.
pub fn behind(db: &mut Conn, most: i64) -> Result<Option<BTreeSet<String>>> {
    let follower = sql!("SELECT id, cursor_seq, status FROM followers WHERE name = {}", FOLLOWER).first::<(Uuid, i64, String)>(db)?;
    let Some((id, cursor, _)) = follower.filter(|f| f.2 == "following") else { return Ok(None) };
    let late = sql!("SELECT e.subject FROM event_links l JOIN events e ON e.id = l.event_id WHERE l.seq > {} LIMIT {}", cursor, most + 1);
    let mut late = late.load::<(String,)>(db)?;
    let unnumbered = sql!("SELECT e.subject FROM event_links l JOIN events e ON e.id = l.event_id WHERE l.seq IS NULL LIMIT {}", most + 1);
    late.extend(unnumbered.load::<(String,)>(db)?);
    late.extend(sql!("SELECT subject FROM follower_failures WHERE follower_id = {} LIMIT {}", id, most + 1).load::<(String,)>(db)?);
    Ok((late.len() as i64 <= most).then(|| late.into_iter().map(|r| r.0).collect()))
}

// ---- asking it ----------------------------------------------------------------------------------

/// A term with the words, besides those that begin with it, that count as found.
#[derive(Debug, Clone)]
pub struct Sought {
    pub term: Term,
    pub others: Vec<String>,
}

impl Sought {
    /// Words that begin with the term.
    pub fn beginning(term: Term) -> Self {
        Self { term, others: Vec::new() }
    }
    /// The condition on the word of a posting.
    fn on(&self, name: &str) -> Statement {
        let mut s = Statement::new("(");
        s.append(self.begins(name));
        if !self.others.is_empty() {
            s.sql(format!(" OR {name}.word IN (")).append(sql!("{})", list(&self.others)));
        }
        s.sql(")");
        s
    }
    fn begins(&self, name: &str) -> Statement {
        let word = &self.term.word;
        let mut s = Statement::new(format!("{name}.word >= "));
        s.push(Value::Text(word.clone())).sql(format!(" AND {name}.word < ")).push(Value::Text(format!("{word}\u{10ffff}")));
        s
    }
}

/// Words that contain the term.
pub fn parts(db: &mut Conn, term: &Term) -> Result<Vec<String>> {
    if !term.has_parts() {
        return Ok(Vec::new());
    }
    let grams: Vec<String> = term.inner_grams().into_iter().collect();
    let found = sql!(
        "SELECT word FROM search_grams WHERE gram IN ({}) GROUP BY word HAVING COUNT(*) >= {} ORDER BY word LIMIT {}",
        list(&grams),
        grams.len() as i64,
        MOST_WORDS
    );
    let words = found.load::<(String,)>(db)?.into_iter().map(|r| r.0);
    Ok(words.filter(|w| term.is_in(w) && !w.starts_with(&*term.word)).collect())
}

/// Words that are spelt nearly like the term.
pub fn similar(db: &mut Conn, term: &Term) -> Result<Vec<String>> {
    if term.wrong() == 0 {
        return Ok(Vec::new());
    }
    let grams: Vec<String> = term.near_grams().into_iter().collect();
    let found = sql!(
        "SELECT word, COUNT(*) FROM search_grams WHERE gram IN ({}) GROUP BY word ORDER BY COUNT(*) DESC, word LIMIT {}",
        list(&grams),
        MOST_WORDS
    );
    let words = found.load::<(String, i64)>(db)?.into_iter().map(|r| r.0);
    Ok(words.filter(|w| term.is_like(w) && !w.starts_with(&*term.word)).collect())
}

/// How many postings a term has, counted up to a bound; of one noun, or of all.
fn count(db: &mut Conn, sought: &Sought, noun: Option<&str>) -> Result<i64> {
    let mut s = Statement::new("SELECT COUNT(*) FROM (SELECT 1 FROM search_postings p WHERE ");
    s.append(sought.on("p"));
    if let Some(noun) = noun {
        s.append(sql!(" AND p.noun = {}", noun));
    }
    s.append(sql!(" LIMIT {}) AS c", NARROW));
    Ok(s.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// The term with the fewest postings, and how many.
fn rarest(db: &mut Conn, sought: &[Sought], noun: Option<&str>) -> Result<(usize, i64)> {
    let mut best = (0, i64::MAX);
    if let ([_], None) = (sought, noun) {
        return Ok(best);
    }
    for (i, one) in sought.iter().enumerate() {
        let count = count(db, one, noun)?;
        if count < best.1 {
            best = (i, count);
        }
    }
    Ok(best)
}

/// ` AND` each of the terms but one, of the record that `record` names.
fn others(sought: &[Sought], but: Option<usize>, record: &str) -> Statement {
    let mut s = Statement::default();
    for (i, one) in sought.iter().enumerate().filter(|(i, _)| Some(*i) != but) {
        s.sql(format!(" AND EXISTS (SELECT 1 FROM search_postings q{i} WHERE q{i}.record_id = {record} AND "));
        s.append(one.on(&format!("q{i}"))).sql(")");
    }
    s
}

/// The rows of a list that have all the terms of one of these ways.
pub fn condition(db: &mut Conn, noun: &'static str, asked: &Asked) -> Result<Condition> {
    let mut s = Statement::new("(");
    for (i, way) in asked.ways().into_iter().enumerate() {
        let mut sought = Vec::new();
        for term in way {
            let others = parts(db, &term)?;
            sought.push(Sought { term, others });
        }
        let (driver, records) = rarest(db, &sought, Some(noun))?;
        s.sql(if i == 0 { "(" } else { " OR (" });
        if records < NARROW {
            s.sql("id IN (SELECT p.record_id FROM search_postings p WHERE ").append(sought[driver].on("p"));
            s.append(sql!(" AND p.noun = {}", noun)).append(others(&sought, Some(driver), "p.record_id")).sql(")");
        } else {
            // a record with a word that many have is met soon
            s.sql("1 = 1").append(others(&sought, None, "id"));
        }
        s.sql(")");
    }
    s.sql(")");
    Ok(Condition::Other(s))
}

/// Those rows, or these whatever the index says; and not those others.
pub fn corrected(found: &Condition, also: &[Uuid], not: &[Uuid]) -> Condition {
    if not.is_empty() {
        return found.clone();
    }
    let mut s = Statement::new("(");
    s.append(found.statement()).append(sql!(" AND id NOT IN ({})", list(not)));
    if !also.is_empty() {
        s.append(sql!(" OR id IN ({})", list(also)));
    }
    s.sql(")");
    Condition::Other(s)
}

/// What the caller may find, on the documents `d`.
#[derive(Debug, Clone)]
pub struct Sight(Statement);

impl Sight {
    /// Records of these nouns and states.
    pub fn of(nouns: &[&'static str], states: &[i64]) -> Self {
        let nouns: Vec<String> = nouns.iter().map(|n| n.to_string()).collect();
        Self(sql!("d.noun IN ({}) AND d.state IN ({})", list(&nouns), list(states)))
    }
    /// Of these companies, and with `shared` those that belong to none.
    pub fn within(&mut self, companies: &[Uuid], shared: bool) {
        let mut s = Statement::new(if shared { " AND (d.company_id IS NULL OR d.company_id IN (" } else { " AND (d.company_id IN (" });
        s.append(sql!("{}))", list(companies)));
        self.0.append(s);
    }
    /// Records of a noun only where their row meets a condition.
    pub fn only(&mut self, noun: &'static str, table: &str, condition: &Condition) {
        self.0.append(sql!(" AND (d.noun <> {} OR EXISTS (", noun));
        self.0.sql(format!("SELECT 1 FROM {table} WHERE {table}.id = d.record_id AND ")).append(condition.statement()).sql("))");
    }
}

/// A record that was found, as the index has it.
#[derive(Debug, Clone)]
pub struct Hit {
    pub record_id: Uuid,
    pub noun: String,
    pub title: String,
    pub codes: BTreeSet<String>,
}

fn hits(db: &mut Conn, found: &Statement) -> Result<Vec<Hit>> {
    let rows = found.load::<(Uuid, String, String, String)>(db)?;
    let hit = |(record_id, noun, title, codes): (Uuid, String, String, String)| Hit {
        record_id,
        noun,
        title,
        codes: codes.split(' ').filter(|c| !c.is_empty()).map(String::from).collect(),
    };
    Ok(rows.into_iter().map(hit).collect())
}

fn from_postings(driver: Statement, more: Statement, sight: &Sight, order: &'static str, limit: i64) -> Statement {
    let mut s = Statement::new(
        "SELECT d.record_id, d.noun, d.title, d.codes FROM search_postings p JOIN search_documents d ON d.record_id = p.record_id WHERE ",
    );
    s.append(in_time()).sql(" AND ").append(driver).append(more).sql(" AND ").append(sight.0.clone());
    s.sql(order).append(sql!(" LIMIT {}", limit));
    s
}

/// Records with this number or code.
pub fn by_code(db: &mut Conn, sight: &Sight, code: &str, limit: i64) -> Result<Vec<Hit>> {
    let driver = sql!("p.word = {} AND p.place = {}", code, Place::Code as i64);
    hits(db, &from_postings(driver, Statement::default(), sight, " ORDER BY p.record_id DESC", limit))
}

/// Records with all these terms: those first that have the rarest of them as a whole word, in their number or title, and were made last.
pub fn with_all(db: &mut Conn, sight: &Sight, sought: &[Sought], limit: i64) -> Result<Vec<Hit>> {
    let (driver, _) = rarest(db, sought, None)?;
    let Some(one) = sought.get(driver) else { return Ok(Vec::new()) };
    let more = others(sought, Some(driver), "p.record_id");
    let whole = sql!("p.word = {}", &one.term.word);
    let mut found = hits(db, &from_postings(whole, more.clone(), sight, " ORDER BY p.place DESC, p.record_id DESC", limit))?;
    let begins = from_postings(one.begins("p"), more.clone(), sight, " ORDER BY p.word, p.place, p.record_id", limit);
    found.extend(hits(db, &begins)?);
    if !one.others.is_empty() {
        let other = sql!("p.word IN ({})", list(&one.others));
        found.extend(hits(db, &from_postings(other, more, sight, " ORDER BY p.word, p.place, p.record_id", limit))?);
    }
    Ok(found)
}

/// Everything the index holds, one line each, in order: for the test that compares a rebuilt one with the kept one.
pub fn all(db: &mut Conn) -> Result<Vec<String>> {
    let mut out = Vec::new();
    let documents = sql!("SELECT record_id, noun, state, title, codes, digest FROM search_documents ORDER BY record_id");
    for (id, noun, state, title, codes, digest) in documents.load::<(Uuid, String, i64, String, String, String)>(db)? {
        out.push(format!("{id} {noun} {state} {title:?} {codes:?} {digest}"));
    }
    let postings = sql!("SELECT word, place, record_id FROM search_postings ORDER BY record_id, word, place");
    out.extend(postings.load::<(String, i64, Uuid)>(db)?.into_iter().map(|(w, p, id)| format!("{id} {w} {p}")));
    let mut words: Vec<String> = sql!("SELECT word FROM search_words").load::<(String,)>(db)?.into_iter().map(|r| r.0).collect();
    words.sort();
    out.extend(words);
    let mut grams: Vec<String> =
        sql!("SELECT gram, word FROM search_grams").load::<(String, String)>(db)?.into_iter().map(|(g, w)| format!("{g} {w}")).collect();
    grams.sort();
    out.extend(grams);
    Ok(out)
}
