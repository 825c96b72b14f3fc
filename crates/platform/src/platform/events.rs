//! The feed: every fact in one order without holes, for other systems to follow. A fact is shown to those who may read
//! the noun it is about, and whose companies it concerns.

use chrono::{Days, NaiveDate};
use domain::platform::events::PublishedEvent;
use persistence::Value;
use persistence::platform::{event_days, events};

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    t.tag("platform/events", "Everything that happened, in one order.");
    t.rows::<PublishedEvent>("platform/events", list, LIST)
        .follow("after", "seq")
        .filter_patterns("kind")
        .filter(&["subject", "party_id"])
        .sort(&["seq"])
        .filter_as("occurred_at", "at");
}

const LIST: &str = "Follow the feed of events. They come in the order of `seq`, which has no gaps: keep the last `seq` you have seen \
and ask for those `after` it. `sort=-seq` answers the newest first. Kinds that the caller may not read are left out.";

fn list(cx: &mut Cx, mut list: List) -> Result<Page<PublishedEvent>> {
    only_readable(cx, &mut list)?;
    list.condition(Condition::Null("seq", false));
    bound_in_order(cx, &mut list, true)?;
    cx.page(list)
}

/// A bound in time becomes one in the order of the facts, too, which an index serves. `by_number` bounds `seq`, else `id`. Facts
/// that have no number yet are younger than all that have one, so a time that reaches to the last day has no end.
pub(crate) fn bound_in_order(cx: &mut Cx, list: &mut List, by_number: bool) -> Result<()> {
    let (earliest, latest) = (NaiveDate::default(), NaiveDate::default() + Days::new(2_900_000));
    let (mut from, mut to) = (earliest, latest);
    for condition in list.conditions() {
        if let Condition::Is("at", compare, Value::Instant(at, _)) = condition {
            let day = at.date_naive().clamp(earliest, latest);
            match compare {
                Compare::Greater | Compare::GreaterOrEqual => from = from.max(day),
                Compare::Less | Compare::LessOrEqual => to = to.min(day),
            }
        }
    }
    if (from, to) == (earliest, latest) {
        return Ok(());
    }
    let last = event_days::last_day(cx.db())?;
    let Some(stretch) = event_days::between(cx.db(), from, to)? else {
        match last {
            Some(last) if to < last => drop(list.condition(Condition::Null("id", true))),
            // only what has no number yet
            Some(last) if from > last => {
                if let Some(all) = event_days::between(cx.db(), earliest, last)? {
                    let (column, end) = if by_number { ("seq", Value::Int(all.last_seq)) } else { ("id", Value::Uid(all.last_id)) };
                    list.condition(Condition::Is(column, Compare::Greater, end));
                }
            }
            _ => {}
        }
        return Ok(());
    };
    let (column, first, end) = match by_number {
        true => ("seq", Value::Int(stretch.first_seq), Value::Int(stretch.last_seq)),
        false => ("id", Value::Uid(stretch.first_id), Value::Uid(stretch.last_id)),
    };
    list.condition(Condition::Is(column, Compare::GreaterOrEqual, first));
    if last.is_some_and(|last| to < last) {
        list.condition(Condition::Is(column, Compare::LessOrEqual, end));
    }
    Ok(())
}

/// `sales_order` to `SalesOrder`, the name of its schema.
fn schema_of(noun: &str) -> String {
    let capital = |w: &str| w.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(w.chars().skip(1)).collect::<String>();
    noun.split('_').map(capital).collect()
}

fn noun_of(kind: &str) -> &str {
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
pub(crate) fn only_readable(cx: &mut Cx, list: &mut List) -> Result<()> {
    let kinds = events::kinds(cx.db())?;
    let all = kinds.len();
    let readable: Vec<String> = kinds.into_iter().filter(|k| cx.caller.may(&reader_of(cx, noun_of(k)))).collect();
    if readable.len() < all {
        list.condition(Condition::In("kind", readable.into_iter().map(Value::Text).collect()));
    }
    Ok(())
}
