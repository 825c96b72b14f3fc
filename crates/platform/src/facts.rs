//! Who may read which facts: those who may read the noun that a fact is about, whose companies it concerns, and who may see the
//! record; field by field as the record is. Every road to facts goes through here.

use std::collections::{BTreeMap, BTreeSet};

use domain::directory::timeline::TimelineEntry;
use domain::facts::{AuditEntry, PublishedEvent};
use persistence::Order;
use persistence::Value;
use persistence::platform::events;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::cx::any_id;
use crate::prelude::*;
use crate::visibility::Masking;

/// `sales_order` to `SalesOrder`, the name of its schema.
fn schema_of(noun: &str) -> String {
    let capital = |w: &str| w.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(w.chars().skip(1)).collect::<String>();
    noun.split('_').map(capital).collect()
}

pub(crate) fn noun_of(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(noun, _)| noun)
}

/// The permission to read things of this noun; the audit trail's where the noun has no operation to read it, or one that needs no
/// permission because it shows callers their own.
pub(crate) fn reader_of(cx: &Cx, noun: &str) -> String {
    let reader = (!noun.is_empty()).then(|| cx.app().table.reader(&schema_of(noun)).map(String::from)).flatten();
    reader.filter(|r| !r.is_empty()).unwrap_or_else(|| "platform.audit_log.read".to_string())
}

/// The area of a kind of event: the first part of the permission to read its noun.
pub(crate) fn area_of(cx: &Cx, kind: &str) -> String {
    reader_of(cx, noun_of(kind)).split('.').next().unwrap_or_default().to_string()
}

/// Whether the caller may read facts of this kind: with the permission to read its noun, or because users are told their own.
pub(crate) fn may_read(cx: &Cx, kind: &str) -> bool {
    let noun = noun_of(kind);
    let is_own = cx.app().table.is_told_to_owners(&schema_of(noun)) && cx.caller.user_id.is_some();
    is_own || cx.caller.may(&reader_of(cx, noun))
}

/// Which facts a caller may read: by kind, and by the record they are about.
pub(crate) struct Readable {
    /// The kinds, when they are not all.
    kinds: Option<BTreeSet<String>>,
    /// The schemas of which the caller may not see all records, with their tables.
    limited: BTreeMap<String, &'static str>,
    /// Users are told their own alone of some nouns, whatever else they may read; auditors see all.
    own_alone: bool,
}

impl Readable {
    pub fn of<R: Fact>(cx: &mut Cx) -> Result<Self> {
        let kinds = events::kinds(cx.db())?;
        let all = kinds.len();
        let readable: BTreeSet<String> = kinds.into_iter().filter(|k| may_read(cx, k)).collect();
        let kinds = (readable.len() < all).then_some(readable);
        Ok(Self { kinds, limited: limited_schemas(cx)?, own_alone: !R::IS_AUDIT && cx.caller.user_id.is_some() })
    }
    /// Judges the records alone, of facts whose kinds were judged.
    pub fn of_records(cx: &mut Cx) -> Result<Self> {
        Ok(Self { kinds: None, limited: limited_schemas(cx)?, own_alone: cx.caller.user_id.is_some() })
    }
    /// Leaves out the kinds of facts that the caller may not read.
    pub fn condition(&self, cx: &mut Cx, list: &mut List) {
        if let Some(user) = cx.caller.user_id.filter(|_| self.own_alone) {
            let app = cx.app().clone();
            for noun in app.table.told_to_owners() {
                list.condition(events::own_alone(cx.engine(), noun, user));
            }
        }
        if let Some(kinds) = &self.kinds {
            list.condition(Condition::In("kind", kinds.iter().cloned().map(Value::Text).collect()));
        }
    }
    /// Those of these facts whose records the caller may see, with what the records hide hidden.
    pub fn shown<R: Fact>(&self, cx: &mut Cx, rows: Vec<R>) -> Result<Vec<R>> {
        let mut rows = if self.limited.is_empty() { rows } else { if_visible(cx, rows, &self.limited)? };
        if let Some(user) = cx.caller.user_id.filter(|_| self.own_alone) {
            let (table, user) = (&cx.app().table, user.to_string());
            rows.retain(|row| row.data()["user_id"] == *user || !table.is_told_to_owners(&schema_of(noun_of(row.kind()))));
        }
        masked(cx, &mut rows);
        Ok(rows)
    }
}

/// The facts after a number, in their order.
pub(crate) fn in_order(after: i64, limit: i64) -> List {
    let mut list = List::first(limit);
    list.query.order = vec![Order { column: "seq", descending: false, nullable: false }];
    list.condition(Condition::Is("seq", Compare::Greater, Value::Int(after)));
    list
}

/// A fact, as one of the roads to it shows it.
pub(crate) trait Fact: Record + serde::Serialize {
    /// Auditors see the facts about what others have for themselves.
    const IS_AUDIT: bool = false;
    fn kind(&self) -> &str;
    fn subject(&self) -> &str;
    /// The thing afterwards.
    fn data(&self) -> &Json;
    /// Hides in the thing, afterwards and before, what the caller may not see of it.
    fn mask(&mut self, masking: &Masking);
}

macro_rules! facts { ($($ty:ident $(audit $audit:literal)? |$row:ident, $masking:ident| $mask:expr;)*) => { $(
    impl Fact for $ty {
        $(const IS_AUDIT: bool = $audit;)?
        fn kind(&self) -> &str {
            &self.kind
        }
        fn subject(&self) -> &str {
            &self.subject
        }
        fn data(&self) -> &Json {
            &self.data
        }
        fn mask(&mut self, $masking: &Masking) {
            let $row = self;
            $mask
        }
    }
)* } }
facts! {
    PublishedEvent |row, masking| mask_both(masking, &mut row.data, &mut row.previous);
    AuditEntry audit true |row, masking| mask_both(masking, &mut row.data, &mut row.previous);
    TimelineEntry |row, masking| mask_both(masking, &mut row.data, &mut row.previous);
}

fn mask_both(masking: &Masking, data: &mut Json, previous: &mut Option<Json>) {
    masking.mask(data);
    previous.iter_mut().for_each(|p| masking.mask(p));
}

/// Pages looked through for one that is shown, at most: facts that the caller may not see are many at times.
const MOST_ROUNDS: usize = 20;

/// A page of facts visible to the caller. It holds fewer than asked for when many are hidden, and then says `has_more`;
/// a caller who may not see all gets no total.
pub(crate) fn page<R: Fact>(cx: &mut Cx, mut list: List) -> Result<Page<R>> {
    let readable = Readable::of::<R>(cx)?;
    readable.condition(cx, &mut list);
    if readable.limited.is_empty() {
        let mut page = cx.page::<R>(list)?;
        masked(cx, &mut page.data);
        return Ok(page);
    }
    list.include_total = false;
    let wanted = list.query.limit;
    let mut shown: Vec<R> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        list.query.limit = wanted - shown.len() as i64;
        let Page { data, has_more, next_cursor, .. } = cx.page::<R>(list.clone())?;
        let last = data.last().map(|row| list.values_at(row));
        shown.extend(readable.shown(cx, data)?);
        if !has_more || shown.len() as i64 >= wanted {
            return Ok(Page { data: shown, has_more, next_cursor, total_count: None });
        }
        list.query.after = last;
    }
    let next_cursor = list.query.after.as_ref().map(|values| list.cursor_at(cx.app().cursor_key(), values));
    Ok(Page { data: shown, has_more: true, next_cursor, total_count: None })
}

/// The schemas of which the caller may not see all records, with their tables.
fn limited_schemas(cx: &mut Cx) -> Result<BTreeMap<String, &'static str>> {
    let app = cx.app().clone();
    let mut out = BTreeMap::new();
    for (schema, table) in app.table.scoped() {
        // facts about what callers have for themselves are the auditors'
        if app.table.reader(schema) == Some("") {
            continue;
        }
        if cx.visible_rows(table)?.is_some() {
            out.insert(schema.to_string(), table);
        }
    }
    Ok(out)
}

/// Those of these facts whose records the caller may see; of records that are gone, whose owner the caller may see.
fn if_visible<R: Fact>(cx: &mut Cx, rows: Vec<R>, limited: &BTreeMap<String, &'static str>) -> Result<Vec<R>> {
    let mut asked: BTreeMap<&'static str, BTreeSet<Uuid>> = BTreeMap::new();
    let table_of = |row: &R| limited.get(&schema_of(noun_of(row.kind()))).copied();
    for row in &rows {
        if let (Some(table), Some(id)) = (table_of(row), any_id(row.subject())) {
            asked.entry(table).or_default().insert(id);
        }
    }
    let mut seen: BTreeSet<Uuid> = BTreeSet::new();
    let mut there: BTreeSet<Uuid> = BTreeSet::new();
    for (table, ids) in asked {
        let ids: Vec<Uuid> = ids.into_iter().collect();
        seen.extend(cx.seen(table, &ids)?);
        there.extend(cx.there(table, &ids)?);
    }
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let shown = match (table_of(&row), any_id(row.subject())) {
            (None, _) => true,
            (Some(_), Some(id)) if there.contains(&id) => seen.contains(&id),
            (Some(table), _) => cx.saw(table, row.data())?,
        };
        out.extend(Some(row).filter(|_| shown));
    }
    Ok(out)
}

/// Hides fields as the records hide them.
fn masked<R: Fact>(cx: &Cx, rows: &mut [R]) {
    let mut maskings: BTreeMap<String, Masking> = BTreeMap::new();
    for row in rows {
        let noun = noun_of(row.kind()).to_string();
        let masking = maskings.entry(noun).or_insert_with_key(|noun| Masking::of(&cx.app().table, &cx.caller, &schema_of(noun)));
        row.mask(masking);
    }
}

/// Whether the record behind a fact is visible to the caller: its id, its kind of fact and what was last told of it.
pub fn sees(cx: &mut Cx, subject: &str, kind: &str, data: &Json) -> Result<bool> {
    let app = cx.app().clone();
    let Some(rows) = app.table.rows_of(&schema_of(noun_of(kind))) else { return Ok(true) };
    if cx.visible_rows(rows.table)?.is_none() {
        return Ok(true);
    }
    match any_id(subject) {
        Some(id) if cx.there(rows.table, &[id])?.contains(&id) => Ok(cx.seen(rows.table, &[id])?.contains(&id)),
        _ => cx.saw(rows.table, data),
    }
}
