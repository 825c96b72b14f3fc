//! One open transaction and who is in it. Services see the database only through this.

mod numbered;
mod references;
mod telling;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::directory::companies::Company;
use domain::ids::CompanyId;
use domain::kernel::{Code, FieldError, Id, Problem, decode, problems};
use domain::{Entity, Event, Result};
use persistence::platform::links::NewLink;
use persistence::{Condition, Conn, Engine, Only, Query, RETRY, Record, Statement, Value, record};
use uuid::Uuid;

use crate::app::App;
use crate::caller::{Caller, Companies};
use crate::table::{List, PAGE_BYTES, Page, Prepared, ROWS_AT_ONCE};

/// What was read in a transaction and does not change in it.
type Known = HashMap<(TypeId, Uuid), Arc<dyn Any + Send + Sync>>;

/// One open transaction and who is in it.
pub struct Cx<'c> {
    pub now: DateTime<Utc>,
    pub caller: Arc<Caller>,
    pub request_id: String,
    app: Arc<App>,
    conn: Conn<'c>,
    /// The version that the caller says the row named by the path has.
    pub(crate) if_match: Option<i64>,
    pub(crate) target: Option<Uuid>,
    /// What was done before the transaction began.
    pub(crate) prepared: Option<Prepared>,
    /// The permission of the operation: how far it reaches is judged on the row named by the path.
    pub(crate) permission: Option<String>,
    /// What follows from what the caller did is done to whatever it concerns, visible or not.
    pub(crate) unlimited: bool,
    /// The transaction may write, and so lock.
    pub(crate) writes: bool,
    pub(crate) around: Around,
    /// Shared, because those who react hold one while they tell more.
    told: Vec<Arc<Event>>,
    reacted: usize,
    nested: u32,
    known: Known,
    /// What is done when everything else is.
    last: Vec<telling::Last>,
    /// Which documents came from which; written with the facts.
    links: Vec<NewLink>,
    /// The conditions of the list that was asked for them.
    pub(crate) gathered: Option<(&'static str, Query)>,
}

/// What is around a caller, found once for a transaction: teams, territories, and which records of which nouns it may see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    pub teams: Option<Vec<Uuid>>,
    pub territories: Option<Vec<Uuid>>,
    pub records: Option<Arc<VisibleRecords>>,
}

/// Which records of which nouns a caller may see.
#[derive(Debug, Default)]
pub(crate) struct VisibleRecords {
    /// Nouns of which it may see all.
    pub whole: Vec<&'static str>,
    /// Nouns of which it may see some: the noun, its table, and which rows of it.
    pub parts: Vec<(&'static str, &'static str, Condition)>,
    /// Whether it may see all of all.
    pub is_all: bool,
}

impl<'c> Cx<'c> {
    pub(crate) fn new(app: Arc<App>, conn: Conn<'c>, caller: Arc<Caller>, request_id: String) -> Self {
        let now = app.clock.now();
        Self {
            now,
            caller,
            request_id,
            app,
            conn,
            if_match: None,
            target: None,
            prepared: None,
            permission: None,
            unlimited: false,
            writes: false,
            around: Around::default(),
            told: vec![],
            reacted: 0,
            nested: 0,
            known: Known::new(),
            last: Vec::new(),
            links: Vec::new(),
            gathered: None,
        }
    }
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }
    pub fn db(&mut self) -> &mut Conn<'c> {
        &mut self.conn
    }
    pub fn engine(&self) -> Engine {
        self.conn.engine()
    }
    /// What the operation's `before` made, outside of the transaction.
    ///
    /// # Errors
    /// `internal` when the operation declares no `before` of this type.
    pub fn prepared<P: Any + Send + Sync>(&self) -> Result<Arc<P>> {
        self.prepared.clone().and_then(|p| p.downcast::<P>().ok()).ok_or_else(|| {
            log::error!("nothing was prepared");
            problems::internal.into()
        })
    }
    /// A new id, later than all before it.
    pub fn new_id<I: Id>(&self) -> I {
        I::from_uuid(Uuid::now_v7())
    }
    /// The day it is in a company's time zone.
    pub fn today(&self, company: &Company) -> NaiveDate {
        company.date_of(self.now)
    }
    /// The instant at which a day is over in a company's time zone: the first moment of the next one.
    pub fn end_of(&self, company: &Company, day: NaiveDate) -> DateTime<Utc> {
        company.start_of(day.succ_opt().unwrap_or(day))
    }
    /// Refuses a caller without this permission.
    pub fn require(&self, permission: &str) -> Result<()> {
        self.ensure(self.caller.may(permission), problems::missing_scope, || format!("This needs {permission}."))
    }
    pub fn ensure(&self, holds: bool, code: Code, detail: impl FnOnce() -> String) -> Result<()> {
        if holds { Ok(()) } else { Err(code.with(detail())) }
    }
    fn visible<T: Entity>(&self, row: &T) -> bool {
        row.company().is_none_or(|c| self.caller.companies.contain(c))
    }

    // ---- reading ------------------------------------------------------------------------------

    /// The resource with this id. One of a company without a grant does not exist for the caller.
    pub fn find<T: Entity + Record>(&mut self, id: T::Id) -> Result<T> {
        let found = match T::is_steady() {
            true => self.once(id.uuid(), |conn| record::find::<T>(conn, id.uuid()))?,
            false => record::find::<T>(&mut self.conn, id.uuid())?,
        };
        self.found(id, found)
    }
    /// As [`Cx::find`], of what the transaction is about to refer to: what can be merged away is not merged away until it ends, and a
    /// merge that is under way is waited for.
    pub(crate) fn find_to_refer<T: Entity + Record>(&mut self, id: T::Id) -> Result<T> {
        if !self.writes || T::texts().column("merged_into").is_none() {
            return self.find::<T>(id);
        }
        let found = record::find_to_refer::<T>(&mut self.conn, id.uuid())?;
        self.found(id, found)
    }
    fn found<T: Entity + Record>(&mut self, id: T::Id, found: Option<T>) -> Result<T> {
        let found = found.filter(|row| self.visible(row));
        let mut row = self.if_visible(found)?.ok_or_else(|| missing::<T>(id))?;
        row.within(&|company| self.caller.companies.contain(company));
        Ok(row)
    }
    /// As [`Cx::find`], of a noun that says itself what exists for the caller.
    pub fn find_seen<T: Entity + Record>(&mut self, id: T::Id, seen: impl FnOnce(&mut Cx, &T) -> Result<bool>) -> Result<T> {
        let row = self.find::<T>(id)?;
        if seen(self, &row)? { Ok(row) } else { Err(missing::<T>(id)) }
    }
    /// What `read` answers, asked once in a transaction for each `key` and type; what changes in between by [`Cx::save`] and
    /// its like is read anew, what changes by statements of its own is not.
    pub fn once<T: Clone + Send + Sync + 'static, E: Into<Problem>>(
        &mut self,
        key: Uuid,
        read: impl FnOnce(&mut Conn<'c>) -> Result<T, E>,
    ) -> Result<T> {
        if let Some(known) = self.noted::<T>(key) {
            return Ok(known);
        }
        let found = read(&mut self.conn).map_err(Into::into)?;
        self.note(key, found.clone());
        Ok(found)
    }
    /// Notes something for the rest of the transaction; it may be forgotten, as what [`Cx::once`] keeps.
    pub fn note<T: Clone + Send + Sync + 'static>(&mut self, key: Uuid, value: T) {
        self.known.insert((TypeId::of::<T>(), key), Arc::new(value));
    }
    /// What was noted in this transaction and not forgotten.
    pub fn noted<T: Clone + Send + Sync + 'static>(&self, key: Uuid) -> Option<T> {
        self.known.get(&(TypeId::of::<T>(), key)).and_then(|k| k.downcast_ref::<T>()).cloned()
    }
    /// Those of these resources that the caller may see, in no order.
    pub fn find_all<T: Entity + Record>(&mut self, ids: &[T::Id]) -> Result<Vec<T>> {
        let mut keys: Vec<Uuid> = ids.iter().map(|i| i.uuid()).collect();
        keys.sort_unstable();
        keys.dedup();
        let found = record::find_all::<T>(&mut self.conn, &keys)?;
        let seen = self.seen(T::TABLE, &keys)?;
        let mut found: Vec<T> = found.into_iter().filter(|row| self.visible(row) && seen.contains(&row.key())).collect();
        found.iter_mut().for_each(|row| row.within(&|company| self.caller.companies.contain(company)));
        Ok(found)
    }
    /// The rows whose column holds this id.
    pub fn by<T: Record>(&mut self, column: &'static str, id: Uuid) -> Result<Vec<T>> {
        Ok(record::by::<T>(&mut self.conn, column, &[id])?)
    }
    /// One page of a list, of the caller's companies alone.
    pub fn page<T: Record + serde::Serialize>(&mut self, mut list: List) -> Result<Page<T>> {
        if let (Some(column), Companies::These(ids)) = (T::company_column(), &self.caller.companies) {
            list.query.conditions.push(of_companies::<T>(column, ids.iter().map(|c| Value::Uid(c.uuid())).collect()));
        }
        list.query.conditions.extend(self.visible_rows(T::TABLE)?);
        if list.gathers {
            self.gathered = Some((T::TABLE, list.query));
            return Ok(Page { data: Vec::new(), has_more: false, next_cursor: None, total_count: None });
        }
        let limit = list.query.limit as usize;
        list.query.limit += 1;
        let mut data = record::page::<T>(&mut self.conn, &list.query)?;
        let mut has_more = data.len() > limit;
        data.truncate(limit);
        if list.wants_all::<T>() {
            has_more |= self.complete(&mut data)?;
        }
        let next_cursor = data.last().filter(|_| has_more).map(|row| list.cursor_after(self.app.cursor_key(), row));
        let total_count = if list.include_total { Some(record::count::<T>(&mut self.conn, &list.query)?) } else { None };
        Ok(Page { data, has_more, next_cursor, total_count })
    }
    /// Fills in the children of rows, some rows at a time, until a page has as many bytes as it may have; true when rows were
    /// left off.
    fn complete<T: Record + serde::Serialize>(&mut self, data: &mut Vec<T>) -> Result<bool> {
        let (mut bytes, mut done) = (0, 0);
        while done < data.len() {
            let rows = done..data.len().min(done + ROWS_AT_ONCE);
            done = rows.end;
            T::complete(&mut self.conn, &mut data[rows.clone()])?;
            if done < data.len() {
                bytes += json_bytes(&data[rows])?;
                if bytes >= PAGE_BYTES {
                    data.truncate(done);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
    /// The caller's companies, for a query that looks at all rows of them.
    pub fn only(&self) -> Only {
        match &self.caller.companies {
            Companies::All => Only::all(),
            Companies::These(ids) => Only::these(ids.iter().map(|c| c.uuid())),
        }
    }
    /// The company, when the caller has a grant on it; `/company_id` is named when not.
    pub fn company(&mut self, id: CompanyId) -> Result<Company> {
        self.refer::<Company>("/company_id", id)
    }

    // ---- writing ------------------------------------------------------------------------------

    /// Loads a resource to change it as a consequence of something else in this transaction, such as the deliveries whose cost
    /// follows a corrected receipt. Which rows these are is only known after others are locked, so the order of locks is not
    /// asserted; a deadlock is repeated by the door. Never for the resource that the path names: If-Match is not judged.
    pub fn load_late<T: Entity + Record>(&mut self, id: T::Id) -> Result<T> {
        let found = record::find_to_change_late::<T>(&mut self.conn, id.uuid())?;
        found.filter(|row| self.visible(row)).ok_or_else(|| missing::<T>(id))
    }
    /// Loads a resource to change it, locked until the transaction ends. When it is the one named by the path, the
    /// caller's If-Match is judged here and nowhere else.
    pub fn load_for_update<T: Entity + Record>(&mut self, id: T::Id) -> Result<T> {
        self.load_seen_for_update::<T>(id, |_, _| Ok(true))
    }
    /// As [`Cx::load_for_update`], of a noun that says itself what exists for the caller. Who may not see it learns nothing from
    /// If-Match, neither.
    pub fn load_seen_for_update<T: Entity + Record>(&mut self, id: T::Id, seen: impl FnOnce(&mut Cx, &T) -> Result<bool>) -> Result<T> {
        let found = record::find_to_change::<T>(&mut self.conn, id.uuid())?.filter(|row| self.visible(row));
        let row = self.if_visible(found)?.ok_or_else(|| missing::<T>(id))?;
        if !seen(self, &row)? {
            return Err(missing::<T>(id));
        }
        self.reaches_target::<T>(id.uuid())?;
        if self.target == Some(id.uuid())
            && let Some(expected) = self.if_match.take()
            && expected != row.version()
        {
            let detail = format!("The version is {}, not {expected}.", row.version());
            return Err(problems::precondition_failed.with(detail).at_version(row.version()));
        }
        Ok(row)
    }
    /// Stores a new resource and tells that it was created.
    pub fn create<T: Entity + Record>(&mut self, row: T) -> Result<T> {
        self.create_as(row, "created")
    }
    /// As [`Cx::create`], with the parts of the resource.
    pub fn create_with<T: Entity + Record, P: Record>(&mut self, row: T, parts: &[P]) -> Result<T> {
        if T::is_steady() {
            self.known.clear();
        }
        self.insert_both(std::slice::from_ref(&row), parts)?;
        self.emit(Event::of("created", &row));
        Ok(row)
    }
    /// Stores rows and what belongs to them.
    pub fn insert_both<T: Record, P: Record>(&mut self, rows: &[T], parts: &[P]) -> Result<()> {
        Ok(record::insert_both(&mut self.conn, rows, parts)?)
    }
    /// Stores a new resource and tells what happened in another word than "created".
    pub fn create_as<T: Entity + Record>(&mut self, row: T, verb: &str) -> Result<T> {
        if T::is_steady() {
            self.known.clear();
        }
        record::insert(&mut self.conn, std::slice::from_ref(&row))?;
        self.reaches_new::<T>(row.key())?;
        self.emit(Event::of(verb, &row));
        Ok(row)
    }
    /// Stores a changed resource, counts its version, notes when, and tells what happened: `cx.save(&before, after, "confirmed")`.
    pub fn save<T: Entity + Record>(&mut self, before: &T, after: T, verb: &str) -> Result<T> {
        self.save_with(before, after, verb, Vec::new())
    }
    /// As [`Cx::save`], together with statements about its parts.
    pub fn save_with<T: Entity + Record>(&mut self, before: &T, mut after: T, verb: &str, parts: Vec<Statement>) -> Result<T> {
        after.bump(self.now);
        self.update(before, &after, parts)?;
        self.emit(Event::change(verb, before, &after));
        Ok(after)
    }
    /// As two times [`Cx::save_with`], in one statement: what became of a resource first, and what at last.
    pub fn save_both<T: Entity + Record>(
        &mut self,
        before: &T,
        (mut then, verb): (T, &str),
        (mut last, end): (T, &str),
        parts: Vec<Statement>,
    ) -> Result<T> {
        then.bump(self.now);
        last.bump(self.now);
        last.bump(self.now);
        self.update(before, &last, parts)?;
        self.emit(Event::change(verb, before, &then));
        self.emit(Event::change(end, &then, &last));
        Ok(last)
    }
    fn update<T: Entity + Record>(&mut self, before: &T, after: &T, parts: Vec<Statement>) -> Result<()> {
        if T::is_steady() {
            self.known.clear();
        }
        if !record::update_with(&mut self.conn, before, after, before.version(), parts)? {
            return Err(RETRY.with("Somebody else changed it at the same time."));
        }
        // nobody gives away what is beyond reach
        self.reaches_target::<T>(after.key())
    }
    /// Deletes a resource and tells it.
    pub fn remove<T: Entity + Record>(&mut self, row: T) -> Result<()> {
        if T::is_steady() {
            self.known.clear();
        }
        self.forget_beside(&row)?;
        if !record::delete::<T>(&mut self.conn, row.key())? {
            return Err(RETRY.with("Somebody else deleted it at the same time."));
        }
        self.emit(Event { previous: None, ..Event::of("deleted", &row) });
        Ok(())
    }
    /// Stores parts of a resource; the event of the resource speaks for them.
    pub fn insert_all<T: Record>(&mut self, rows: &[T]) -> Result<()> {
        Ok(record::insert(&mut self.conn, rows)?)
    }
    /// Deletes the parts whose column holds this id.
    pub fn delete_by<T: Record>(&mut self, column: &'static str, id: Uuid) -> Result<usize> {
        Ok(record::delete_by::<T>(&mut self.conn, column, id)?)
    }
    /// Tries something that may be refused, in a savepoint: a refusal leaves no trace and the transaction goes on.
    pub fn savepoint<T>(&mut self, f: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        let (now, caller, request_id, app) = (self.now, self.caller.clone(), self.request_id.clone(), self.app.clone());
        let (nested, unlimited, writes) = (self.nested, self.unlimited, self.writes);
        let (told, reacted, known) = (std::mem::take(&mut self.told), self.reacted, std::mem::take(&mut self.known));
        let links = std::mem::take(&mut self.links);
        // what was left for the end before is none of its business: it must not be done in here and then rolled back
        let last = Vec::new();
        let (kept, kept_links) = (told.len(), links.len());
        let mut after = None;
        let done = self.conn.savepoint(|conn| {
            let mut inner = Cx {
                now,
                caller,
                request_id,
                app,
                conn: conn.reborrow(),
                if_match: None,
                target: None,
                prepared: None,
                permission: None,
                unlimited,
                writes,
                around: Around::default(),
                told,
                reacted,
                nested: nested + 1,
                known,
                last,
                links,
                gathered: None,
            };
            let done = f(&mut inner);
            let Cx { told, reacted, known, last, links, .. } = inner;
            after = Some((told, reacted, known, last, links));
            done
        });
        if let Some((mut told, reacted, known, last, mut links)) = after {
            if done.is_err() {
                told.truncate(kept);
                links.truncate(kept_links);
            } else {
                self.reacted = reacted;
                self.known = known;
                self.last.extend(last);
            }
            (self.told, self.links) = (told, links);
        }
        done
    }
    /// Whether this runs inside another operation, which declares its own codes.
    pub(crate) fn nested(&self) -> bool {
        self.nested > 0
    }
}

/// The one answer about what does not exist for the caller.
fn missing<T: Entity>(id: T::Id) -> Problem {
    problems::not_found.with(format!("There is no {} {id}.", T::NOUN.replace('_', " ")))
}

/// Rows of these companies; where the column may be empty, also those of none.
fn of_companies<T: Record>(column: &'static str, ids: Vec<Value>) -> Condition {
    match (T::texts().column(column).is_some_and(|c| c.nullable), ids.is_empty()) {
        (false, _) => return Condition::In(column, ids),
        (true, true) => return Condition::Null(column, true),
        (true, false) => {}
    }
    let mut either = Statement::new(format!("({column} IS NULL OR {column} IN ("));
    either.values(ids).sql("))");
    Condition::Other(either)
}

/// The id that a path variable holds, whatever its noun.
pub(crate) fn any_id(text: &str) -> Option<Uuid> {
    let (prefix, _) = text.rsplit_once('_')?;
    decode(prefix, text)
}

/// A parameter that says something wrong.
pub fn bad_parameter(name: &str, message: impl Into<String>) -> Problem {
    problems::invalid_parameter.at(vec![FieldError::parameter(name, "invalid", message)])
}

/// A parameter that names something that does not exist.
pub fn unknown_in_query(name: &str, message: impl Into<String>) -> Problem {
    problems::invalid_query.at(vec![FieldError::parameter(name, "unknown", message)])
}

/// How long the JSON text of a value is.
fn json_bytes<T: serde::Serialize + ?Sized>(value: &T) -> Result<usize> {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_err(|e| {
        log::error!("a row has no JSON form: {e}");
        problems::internal
    })?;
    Ok(count.0)
}
