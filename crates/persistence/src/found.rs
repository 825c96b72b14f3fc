//! The rows that lead to a person, over all areas: found, exported and emptied by what is declared beside them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::directory::personal_data::{NOTHING, Terms, without};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::declarations;
use crate::personal::{CHUNK, Fate, Held, Left, Personal, To, Way};
use crate::platform::search;
use crate::value::{JsonText, Scalar};
use crate::{Conn, Engine, Result, Statement, Value, list, sql};

/// By what somebody is found.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    pub parties: Vec<Uuid>,
    pub contacts: Vec<Uuid>,
    pub leads: Vec<Uuid>,
    pub mailboxes: Vec<String>,
    pub hashes: Vec<String>,
    /// Ids on the wire.
    pub names: Vec<String>,
}

/// The rows of somebody: those about the person, and those about others that name the person.
#[derive(Debug, Clone, Default)]
pub struct Found {
    about: BTreeMap<&'static str, BTreeSet<Uuid>>,
    named: BTreeMap<&'static str, BTreeSet<Uuid>>,
    by_way: Vec<(&'static str, &'static str, Vec<Uuid>)>,
    /// Rows that have lost the person already.
    done: BTreeMap<&'static str, BTreeSet<Uuid>>,
}

/// Finds all rows with an id that lead to somebody, whatever their table.
pub fn find(db: &mut Conn, keys: &Keys) -> Result<Found> {
    let mut found = Found::default();
    for noun in declarations::personal().filter(|n| n.fate != Fate::Deleted || n.read.is_some()) {
        for way in noun.ways {
            let about = through(db, noun.table, way, keys, &found.about)?;
            let named = match way.to {
                To::Row(_) => through(db, noun.table, way, keys, &found.named)?,
                _ => Vec::new(),
            };
            found.note(noun.table, way.column, &about);
            let is_about = way.about;
            let whole = found.about.entry(noun.table).or_default();
            whole.extend(about.iter().filter(|_| is_about).copied());
            let part = found.named.entry(noun.table).or_default();
            part.extend(about.into_iter().filter(|_| !is_about).chain(named));
        }
        let whole = found.about.get(noun.table).cloned().unwrap_or_default();
        if let Some(part) = found.named.get_mut(noun.table) {
            part.retain(|id| !whole.contains(id));
        }
    }
    Ok(found)
}

fn through(db: &mut Conn, table: &'static str, way: &Way, keys: &Keys, rows: &BTreeMap<&'static str, BTreeSet<Uuid>>) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    for condition in conditions(db.engine(), way, keys, rows) {
        let mut s = Statement::new(format!("SELECT id FROM {table} WHERE "));
        ids.extend(s.append(condition).load::<(Uuid,)>(db)?.into_iter().map(|r| r.0));
    }
    Ok(ids)
}

/// The conditions by which rows are found on a way, a bounded number of values each.
fn conditions(engine: Engine, way: &Way, keys: &Keys, rows: &BTreeMap<&'static str, BTreeSet<Uuid>>) -> Vec<Statement> {
    let uids = |ids: &[Uuid]| ids.iter().map(|id| Value::Uid(*id)).collect::<Vec<_>>();
    let texts = |t: &[String]| t.iter().map(|t| Value::Text(t.clone())).collect::<Vec<_>>();
    let values: Vec<Value> = match way.to {
        To::Party => uids(&keys.parties),
        To::Contact => uids(&keys.contacts),
        To::Lead => uids(&keys.leads),
        To::Anyone => [&keys.parties, &keys.contacts, &keys.leads].into_iter().flat_map(|ids| uids(ids)).collect(),
        To::Mailbox => texts(&keys.mailboxes),
        To::Hash => texts(&keys.hashes),
        To::Name => [&keys.names, &keys.mailboxes].into_iter().flat_map(|t| texts(t)).collect(),
        To::Row(table) => rows.get(table).into_iter().flatten().map(|id| Value::Uid(*id)).collect(),
    };
    let plain = format!("{} IN ({{}})", way.column);
    let text = match (way.condition, engine) {
        (None, _) => plain.as_str(),
        (Some((postgres, _)), Engine::Postgres) => postgres,
        (Some((_, sqlite)), Engine::Sqlite) => sqlite,
    };
    let (before, after) = text.split_once("{}").unwrap_or((text, ""));
    let one = |chunk: &[Value]| {
        let mut s = Statement::new(before.to_string());
        s.values(chunk.iter().cloned()).sql(after.to_string());
        s
    };
    values.chunks(CHUNK).map(one).collect()
}

impl Found {
    /// Rows that were found by a column; a noun may have several ways by one.
    fn note(&mut self, table: &'static str, column: &'static str, ids: &[Uuid]) {
        let known = self.by_way.iter().position(|(t, c, _)| (*t, *c) == (table, column));
        let at = known.unwrap_or_else(|| {
            self.by_way.push((table, column, Vec::new()));
            self.by_way.len() - 1
        });
        let all = &mut self.by_way[at].2;
        all.extend_from_slice(ids);
        all.sort_unstable();
        all.dedup();
    }
    /// The rows of a table that are about the person.
    pub fn about(&self, table: &str) -> Vec<Uuid> {
        self.about.get(table).into_iter().flatten().copied().collect()
    }
    /// The ids of all rows as facts name them.
    pub fn subjects(&self) -> Vec<String> {
        self.wire(&self.about).chain(self.wire(&self.named)).collect()
    }
    /// Those of rows about others.
    pub fn subjects_about_others(&self) -> BTreeSet<String> {
        self.wire(&self.named).collect()
    }
    fn wire<'a>(&'a self, rows: &'a BTreeMap<&'static str, BTreeSet<Uuid>>) -> impl Iterator<Item = String> + 'a {
        declarations::personal()
            .filter_map(move |n| Some((n.prefix()?, rows.get(n.table)?)))
            .flat_map(|(prefix, ids)| ids.iter().map(move |id| domain::kernel::encode(prefix, *id)))
    }
    /// The rows as the API shows them, by the way they were found on.
    pub fn rows(&self, db: &mut Conn) -> Result<Vec<(String, Vec<Json>)>> {
        let mut out = Vec::new();
        for (table, column, ids) in &self.by_way {
            let read = declarations::personal().find(|n| n.table == *table).and_then(|n| n.read);
            if let Some(read) = read.filter(|_| !ids.is_empty()) {
                out.push((format!("{table}.{column}"), read(db, ids)?));
            }
        }
        Ok(out)
    }
    /// The rows of these tables that are about the person, as the API shows them.
    pub fn rows_of(&self, db: &mut Conn, tables: &[&str]) -> Result<Vec<Json>> {
        let mut out = Vec::new();
        for noun in declarations::personal().filter(|n| tables.contains(&n.table)) {
            if let Some(read) = noun.read {
                out.extend(read(db, &self.about(noun.table))?);
            }
        }
        Ok(out)
    }
    /// How many rows lose the person.
    pub fn row_count(&self) -> usize {
        self.emptied().map(|p| p.len()).sum()
    }
    /// Rows of one table each that lose the person, at most so many together, without those of these tables.
    pub fn portions(&self, but: &[&str], most: usize) -> Vec<Portion> {
        let mut out = Vec::new();
        for whole in self.emptied().filter(|p| !but.contains(&p.table)) {
            let table = whole.table;
            let about = whole.about.chunks(most).map(|ids| Portion { table, about: ids.to_vec(), named: Vec::new() });
            out.extend(about);
            out.extend(whole.named.chunks(most).map(|ids| Portion { table, about: Vec::new(), named: ids.to_vec() }));
        }
        out
    }
    /// Passes these rows over when the person is taken out: they have lost the person already.
    pub fn without(&mut self, portions: &[Portion]) {
        for portion in portions {
            self.done.entry(portion.table).or_default().extend(portion.about.iter().chain(&portion.named));
        }
    }
    /// The rows that lose the person, by table.
    fn emptied(&self) -> impl Iterator<Item = Portion> + '_ {
        declarations::personal().filter(|n| n.fate == Fate::Emptied).map(|n| self.left(n.table))
    }
    fn left(&self, table: &'static str) -> Portion {
        let done = self.done.get(table);
        let left = |rows: &BTreeMap<&'static str, BTreeSet<Uuid>>| -> Vec<Uuid> {
            let all = rows.get(table).into_iter().flatten().copied();
            all.filter(|id| done.is_none_or(|done| !done.contains(id))).collect()
        };
        Portion { table, about: left(&self.about), named: left(&self.named) }
    }
    /// Takes the person out of everything that was found.
    pub fn wipe(&self, db: &mut Conn, keys: &Keys, terms: &Terms, now: DateTime<Utc>) -> Result<()> {
        for noun in declarations::personal() {
            match noun.fate {
                Fate::Owned => {}
                Fate::Deleted => {
                    for way in noun.ways {
                        for condition in conditions(db.engine(), way, keys, &self.about) {
                            let mut s = Statement::new(format!("DELETE FROM {} WHERE ", noun.table));
                            s.append(condition).execute(db)?;
                        }
                    }
                }
                Fate::Emptied => {
                    let left = self.left(noun.table);
                    noun.wipe(db, &left.about, &left.named, terms, now)?;
                }
            }
        }
        let done = |table: &str, id: &Uuid| self.done.get(table).is_some_and(|done| done.contains(id));
        let all = self.about.iter().chain(&self.named);
        let left: BTreeSet<Uuid> = all.flat_map(|(table, ids)| ids.iter().filter(|id| !done(table, id)).copied()).collect();
        search::forget(db, &left.into_iter().collect::<Vec<_>>())
    }
}

/// Rows of one table that lose the person together: those about the person, and those about others that name the person.
#[derive(Debug, Clone)]
pub struct Portion {
    pub table: &'static str,
    about: Vec<Uuid>,
    named: Vec<Uuid>,
}

impl Portion {
    pub fn len(&self) -> usize {
        self.about.len() + self.named.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The ids of the rows as facts name them.
    pub fn subjects(&self) -> Vec<String> {
        let prefix = declarations::personal().find(|n| n.table == self.table).and_then(|n| n.prefix());
        let ids = self.about.iter().chain(&self.named);
        prefix.map_or_else(Vec::new, |prefix| ids.map(|id| domain::kernel::encode(prefix, *id)).collect())
    }
    /// Takes the person out of these rows. Doing it again changes nothing more.
    pub fn wipe(&self, db: &mut Conn, terms: &Terms, now: DateTime<Utc>) -> Result<()> {
        for noun in declarations::personal().filter(|n| n.table == self.table && n.fate == Fate::Emptied) {
            noun.wipe(db, &self.about, &self.named, terms, now)?;
        }
        search::forget(db, &[self.about.as_slice(), &self.named].concat())
    }
}

impl Personal {
    /// Takes the person out of rows that are about the person, and out of rows about others.
    fn wipe(&self, db: &mut Conn, about: &[Uuid], named: &[Uuid], terms: &Terms, now: DateTime<Utc>) -> Result<()> {
        self.empty(db, about, false, now)?;
        self.unname(db, about, terms, true, now)?;
        match self.part {
            Some(f) => f(db, named, terms, now),
            None => {
                self.empty(db, named, true, now)?;
                self.unname(db, named, terms, false, now)
            }
        }
    }
    fn counted(&self, s: &mut Statement, now: DateTime<Utc>) {
        if self.has("version") {
            s.sql(", version = version + 1");
        }
        if self.has("updated_at") {
            s.sql(", updated_at = ").push(now.put());
        }
    }
    /// Empties the columns of these rows: all, or those that say who somebody is.
    fn empty(&self, db: &mut Conn, ids: &[Uuid], identity_alone: bool, now: DateTime<Utc>) -> Result<()> {
        let json = |text: &str| Value::Json(JsonText(text.into()));
        let to = |left: Left| match left {
            Left::StringEnum => Some(Value::Text(NOTHING.into())),
            Left::Null => Some(Value::Null(crate::Kind::Text)),
            Left::Object => Some(json("{}")),
            Left::List => Some(json("[]")),
            Left::Blank => Some(Value::Text(String::new())),
            Left::Unnamed | Left::Kept => None,
        };
        let set: Vec<(&str, Value)> =
            self.columns.iter().filter(|h| h.identity || !identity_alone).filter_map(|h| Some((h.column, to(h.left)?))).collect();
        if set.is_empty() {
            return Ok(());
        }
        for chunk in ids.chunks(CHUNK) {
            let mut s = Statement::new(format!("UPDATE {} SET ", self.table));
            for (i, (column, value)) in set.iter().enumerate() {
                s.sql(if i == 0 { "" } else { ", " });
                match value {
                    Value::Null(_) => s.sql(format!("{column} = NULL")),
                    value => s.sql(format!("{column} = ")).push(value.clone()),
                };
            }
            if !identity_alone {
                s.sql(self.also);
            }
            self.counted(&mut s, now);
            s.append(sql!(" WHERE id IN ({})", list(chunk))).execute(db)?;
        }
        Ok(())
    }
    /// Takes the words of these rows out in which the person is named. Of rows about the person only those that are not emptied.
    fn unname(&self, db: &mut Conn, ids: &[Uuid], terms: &Terms, about: bool, now: DateTime<Utc>) -> Result<()> {
        let asked: Vec<&Held> = self
            .columns
            .iter()
            .filter(|h| if about { h.left == Left::Unnamed } else { !h.identity && !matches!(h.left, Left::Kept | Left::Blank) })
            .collect();
        let mut renamed: BTreeSet<Uuid> = BTreeSet::new();
        for held in asked {
            let kind = self.texts.and_then(|t| t().column(held.column)).map(|c| c.kind);
            let is_json = matches!(held.left, Left::Object | Left::List) || kind == Some(crate::Kind::Json);
            for chunk in ids.chunks(CHUNK) {
                let mut s = Statement::new(format!(
                    "SELECT id, CAST({0} AS TEXT) FROM {1} WHERE {0} IS NOT NULL AND id IN (",
                    held.column, self.table
                ));
                for (id, text) in s.append(sql!("{})", list(chunk))).load::<(Uuid, String)>(db)? {
                    let value = if is_json { serde_json::from_str::<Json>(&text).ok() } else { None };
                    let left = match &value {
                        Some(value) => Some(without(value, terms)).filter(|l| l != value).map(|l| Value::Json(JsonText(l.to_string()))),
                        None if terms.is_in(&text) => Some(Value::Text(NOTHING.into())),
                        None => None,
                    };
                    if let Some(left) = left {
                        let mut s = Statement::new(format!("UPDATE {} SET {} = ", self.table, held.column));
                        s.push(left).append(sql!(" WHERE id = {}", id)).execute(db)?;
                        renamed.insert(id);
                    }
                }
            }
        }
        // what they are found by holds the words, too
        let renamed: Vec<Uuid> = renamed.into_iter().collect();
        let Some(searched) = self.columns.iter().find(|h| h.left == Left::Blank).filter(|_| !about) else { return Ok(()) };
        for chunk in renamed.chunks(CHUNK) {
            let mut s = Statement::new(format!("UPDATE {} SET {} = ''", self.table, searched.column));
            self.counted(&mut s, now);
            s.append(sql!(" WHERE id IN ({})", list(chunk))).execute(db)?;
        }
        Ok(())
    }
}

/// The text as the database folds it, which is how the program does; for the test that compares the two.
pub fn folded(db: &mut Conn, text: &str) -> Result<String> {
    Ok(sql!("SELECT fold(CAST({} AS TEXT))", text).first::<(String,)>(db)?.map(|r| r.0).unwrap_or_default())
}
