//! The feed: every fact in one order without holes, for other systems to follow.

use chrono::{Days, NaiveDate};
use domain::facts::PublishedEvent;
use persistence::Value;
use persistence::platform::event_days;

use crate::facts::page;
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
and ask for those `after` it. `sort=-seq` answers the newest first. Kinds that the caller may not read and events of records that the \
caller may not see are left out, and `data` and `previous` hide the fields that the record hides. A page may hold fewer than `limit` and \
say `has_more`.";

fn list(cx: &mut Cx, mut list: List) -> Result<Page<PublishedEvent>> {
    list.condition(Condition::Null("seq", false));
    bound_in_order(cx, &mut list, true)?;
    page(cx, list)
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
