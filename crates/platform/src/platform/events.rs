//! The feed: every fact in one order without holes, for other systems to follow. A fact is shown to those who may read
//! the noun it is about, whose companies it concerns, and in whose sight the record is; field by field as the record is.

use std::collections::{BTreeMap, BTreeSet};

use domain::directory::overview::TimelineEntry;
use domain::platform::events::{AuditEntry, PublishedEvent};
use persistence::Value;
use persistence::platform::events;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::cx::any_id;
use crate::prelude::*;
use crate::sight::Veil;

pub fn operations(t: &mut Table) {
    t.tag("platform/events", "Everything that happened, in one order.");
    t.rows::<PublishedEvent>("platform/events", list, LIST)
        .follow("after", "seq")
        .filter(&["kind", "subject", "party_id"])
        .filter_as("occurred_at", "at");
}

const LIST: &str = "Follow the feed of events. They come in the order of `seq`, which has no holes: keep the last `seq` you have seen \
and ask for those `after` it. Events of records that the caller may not see are left out, and `data` and `previous` hide the fields that \
the record hides. A page may hold fewer than `limit` and say `has_more`.";

fn list(cx: &mut Cx, mut list: List) -> Result<Page<PublishedEvent>> {
    list.condition(Condition::Null("seq", false));
    page(cx, list)
}

/// `sales_order` to `SalesOrder`, the name of its schema.
fn schema_of(noun: &str) -> String {
    let capital = |w: &str| w.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(w.chars().skip(1)).collect::<String>();
    noun.split('_').map(capital).collect()
}

pub(crate) fn noun_of(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(noun, _)| noun)
}

/// The permission to read things of this noun; the audit trail's where the noun has no operation to read it.
pub(crate) fn reader_of(cx: &Cx, noun: &str) -> String {
    let reader = (!noun.is_empty()).then(|| cx.app().table.reader(&schema_of(noun)).map(String::from)).flatten();
    reader.unwrap_or_else(|| "platform.audit_log.read".to_string())
}

/// The area of a kind of event: the first part of the permission to read its noun.
pub(crate) fn area_of(cx: &Cx, kind: &str) -> String {
    reader_of(cx, noun_of(kind)).split('.').next().unwrap_or_default().to_string()
}

/// Leaves out the kinds of events that the caller may not read.
fn only_readable(cx: &mut Cx, list: &mut List) -> Result<()> {
    let kinds = events::kinds(cx.db())?;
    let all = kinds.len();
    let readable: Vec<String> = kinds.into_iter().filter(|k| cx.caller.may(&reader_of(cx, noun_of(k)))).collect();
    if readable.len() < all {
        list.condition(Condition::In("kind", readable.into_iter().map(Value::Text).collect()));
    }
    Ok(())
}

/// A fact, as one of the roads to it shows it.
pub(crate) trait Fact: Record {
    fn kind(&self) -> &str;
    fn subject(&self) -> &str;
    /// The thing afterwards.
    fn data(&self) -> &Json;
    /// Hides in the thing, afterwards and before, what the caller may not see of it.
    fn cover(&mut self, veil: &Veil);
}

macro_rules! facts { ($($ty:ident |$row:ident, $veil:ident| $cover:expr;)*) => { $(
    impl Fact for $ty {
        fn kind(&self) -> &str {
            &self.kind
        }
        fn subject(&self) -> &str {
            &self.subject
        }
        fn data(&self) -> &Json {
            &self.data
        }
        fn cover(&mut self, $veil: &Veil) {
            let $row = self;
            $cover
        }
    }
)* } }
facts! {
    PublishedEvent |row, veil| cover_both(veil, &mut row.data, &mut row.previous);
    AuditEntry |row, veil| cover_both(veil, &mut row.data, &mut row.previous);
    // shows nothing of the thing but its title
    TimelineEntry |_row, _veil| ();
}

fn cover_both(veil: &Veil, data: &mut Json, previous: &mut Option<Json>) {
    veil.cover(data);
    previous.iter_mut().for_each(|p| veil.cover(p));
}

/// Pages looked through for one that is shown, at most: facts that the caller may not see are many at times.
const MOST_ROUNDS: usize = 20;

/// A page of facts in the caller's sight. It holds fewer than asked for when many are out of sight, and then says `has_more`;
/// whose sight is limited gets no total.
pub(crate) fn page<R: Fact>(cx: &mut Cx, mut list: List) -> Result<Page<R>> {
    only_readable(cx, &mut list)?;
    let limited = limited_schemas(cx)?;
    if limited.is_empty() {
        let mut page = cx.page::<R>(list)?;
        covered(cx, &mut page.data);
        return Ok(page);
    }
    list.include_total = false;
    let wanted = list.query.limit;
    let mut shown: Vec<R> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        list.query.limit = wanted - shown.len() as i64;
        let Page { data, has_more, next_cursor, .. } = cx.page::<R>(list.clone())?;
        let last = data.last().map(|row| list.values_at(row));
        shown.extend(in_sight(cx, data, &limited)?);
        if !has_more || shown.len() as i64 >= wanted {
            covered(cx, &mut shown);
            return Ok(Page { data: shown, has_more, next_cursor, total_count: None });
        }
        list.query.after = last;
    }
    covered(cx, &mut shown);
    let next_cursor = list.query.after.as_ref().map(|values| list.cursor_at(cx, values));
    Ok(Page { data: shown, has_more: true, next_cursor, total_count: None })
}

/// The schemas of which the caller may not see all records, with their tables.
fn limited_schemas(cx: &mut Cx) -> Result<BTreeMap<String, &'static str>> {
    let app = cx.app().clone();
    let mut out = BTreeMap::new();
    for (schema, table) in app.table.scoped() {
        if cx.sight(table)?.is_some() {
            out.insert(schema.to_string(), table);
        }
    }
    Ok(out)
}

/// Those of these facts whose records the caller may see; of records that are gone, whose owner the caller may see.
fn in_sight<R: Fact>(cx: &mut Cx, rows: Vec<R>, limited: &BTreeMap<String, &'static str>) -> Result<Vec<R>> {
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
fn covered<R: Fact>(cx: &Cx, rows: &mut [R]) {
    let mut veils: BTreeMap<String, Veil> = BTreeMap::new();
    for row in rows {
        let noun = noun_of(row.kind()).to_string();
        let veil = veils.entry(noun).or_insert_with_key(|noun| Veil::of(&cx.app().table, &cx.caller, &schema_of(noun)));
        row.cover(veil);
    }
}

/// Whether the record behind a fact is in the caller's sight: its id, its kind of fact and what was last told of it.
pub fn sees(cx: &mut Cx, subject: &str, kind: &str, data: &Json) -> Result<bool> {
    let app = cx.app().clone();
    let Some(rows) = app.table.rows_of(&schema_of(noun_of(kind))) else { return Ok(true) };
    if cx.sight(rows.table)?.is_none() {
        return Ok(true);
    }
    match any_id(subject) {
        Some(id) if cx.there(rows.table, &[id])?.contains(&id) => Ok(cx.seen(rows.table, &[id])?.contains(&id)),
        _ => cx.saw(rows.table, data),
    }
}
