//! The feed as a stream: what the server needs to send events to many readers while it reads each of them once. A reader is shown
//! what the list of events would show it: by kind, company, record and field.

use std::sync::Arc;

use domain::facts::PublishedEvent;
use domain::kernel::decode;
use persistence::Value;
use persistence::platform::sequence;
use uuid::Uuid;

use crate::facts::{self, Readable};
use crate::prelude::*;
use crate::table::Pairs;

/// Events read at a time.
const BATCH: i64 = 200;

/// The events that a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct StreamFilter {
    kinds: Vec<String>,
    subject: Option<String>,
    party: Option<Uuid>,
    company: Option<Uuid>,
}

impl StreamFilter {
    /// The parameters of a stream, and after which number it is to begin, when they say so.
    ///
    /// # Errors
    /// A parameter that there is not, or with a value that it does not take.
    pub fn of(query: &Pairs) -> Result<(Self, Option<i64>)> {
        let (mut filter, mut after) = (Self::default(), None);
        let wrong = |name: &str, message: &str| problems::invalid_parameter.at(vec![FieldError::parameter(name, "invalid", message)]);
        for (i, (name, value)) in query.iter().enumerate() {
            if query[..i].iter().any(|(n, _)| n == name) {
                return Err(problems::invalid_parameter.at(vec![FieldError::parameter(
                    name,
                    "given_twice",
                    "The parameter is given twice.",
                )]));
            }
            match name.as_str() {
                "kind" => {
                    filter.kinds = kinds(value).ok_or_else(|| wrong(name, "One or more words such as invoice.posted or invoice.*."))?
                }
                "subject" if (1..=40).contains(&value.len()) => filter.subject = Some(value.clone()),
                "subject" => return Err(wrong(name, "An id.")),
                "party_id" => filter.party = Some(decode("pty", value).ok_or_else(|| wrong(name, "An id with the prefix pty_."))?),
                "company_id" => filter.company = Some(decode("co", value).ok_or_else(|| wrong(name, "An id with the prefix co_."))?),
                "after" => after = Some(number(value).ok_or_else(|| wrong(name, "A number of an event."))?),
                _ => {
                    let error = FieldError::parameter(name, "unknown_parameter", "There is no such parameter.");
                    return Err(problems::unknown_parameter.at(vec![error]));
                }
            }
        }
        Ok((filter, after))
    }
    /// Whether an event is asked for.
    pub fn takes(&self, event: &PublishedEvent) -> bool {
        let kind = |k: &String| match k.strip_suffix('*') {
            Some(beginning) => event.kind.starts_with(beginning),
            None => event.kind == *k,
        };
        (self.kinds.is_empty() || self.kinds.iter().any(kind))
            && self.subject.as_ref().is_none_or(|s| *s == event.subject)
            && self.party.is_none_or(|p| event.party_id.is_some_and(|e| e.uuid() == p))
            && self.company.is_none_or(|c| event.company_id.is_some_and(|e| e.uuid() == c))
    }
    fn conditions(&self) -> Vec<Condition> {
        let mut out = Vec::new();
        if !self.kinds.is_empty() {
            let (beginnings, words): (Vec<&String>, Vec<&String>) = self.kinds.iter().partition(|k| k.ends_with('*'));
            let beginnings = beginnings.iter().filter_map(|k| k.strip_suffix('*')).map(String::from).collect();
            out.push(Condition::Begins("kind", words.into_iter().cloned().collect(), beginnings));
        }
        out.extend(self.subject.iter().map(|s| Condition::In("subject", vec![Value::Text(s.clone())])));
        out.extend(self.party.iter().map(|p| Condition::In("party_id", vec![Value::Uid(*p)])));
        out.extend(self.company.iter().map(|c| Condition::In("company_id", vec![Value::Uid(*c)])));
        out
    }
}

fn kinds(text: &str) -> Option<Vec<String>> {
    let word = |w: &str| w.split('.').all(|s| !s.is_empty() && s.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')));
    let all: Vec<String> = text.split(',').map(String::from).collect();
    let sound = text.len() <= 1000 && all.len() <= 20 && all.iter().all(|k| word(k.strip_suffix(".*").unwrap_or(k)));
    sound.then_some(all)
}

/// A number of an event as `Last-Event-ID` and `after` carry it.
pub fn number(text: &str) -> Option<i64> {
    let plain = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// The number of the latest event.
pub fn position(app: &Arc<App>) -> Result<i64> {
    app.db.read_short(|conn| Ok::<_, Problem>(sequence::last(conn)?.map_or(0, |(seq, _)| seq)))
}

/// Some events for one reader, and up to which number there are no others for it.
pub struct Part {
    pub events: Vec<PublishedEvent>,
    pub upto: i64,
}

/// The next events after a number that the reader asks for and may see.
pub fn next_for(app: &Arc<App>, caller: &Arc<Caller>, filter: &StreamFilter, after: i64) -> Result<Part> {
    app.read(caller, |cx| {
        let last = sequence::last(cx.db())?.map_or(0, |(seq, _)| seq);
        let mut list = facts::in_order(after, BATCH);
        for condition in filter.conditions() {
            list.condition(condition);
        }
        let readable = Readable::of::<PublishedEvent>(cx)?;
        readable.condition(cx, &mut list);
        let page = cx.page::<PublishedEvent>(list)?;
        let upto = page.data.last().filter(|_| page.has_more).map_or(last.max(after), |row| row.seq);
        Ok(Part { events: readable.shown(cx, page.data)?, upto })
    })
}

/// The next events after a number, whoever may see them.
pub fn next(app: &Arc<App>, after: i64) -> Result<Vec<PublishedEvent>> {
    briefly(app, &Arc::new(Caller::system()), |cx| Ok(cx.page::<PublishedEvent>(facts::in_order(after, BATCH))?.data))
}

/// Those of these events that a caller may see, as it may see them.
pub fn shown_to(app: &Arc<App>, caller: &Arc<Caller>, events: &[PublishedEvent]) -> Result<Vec<PublishedEvent>> {
    briefly(app, caller, |cx| {
        let of_companies = |e: &&PublishedEvent| e.company_id.is_none_or(|c| cx.caller.companies.contain(c));
        let rows: Vec<_> = events.iter().filter(of_companies).filter(|e| facts::may_read(cx, &e.kind)).cloned().collect();
        Readable::of_records(cx)?.shown(cx, rows)
    })
}

/// In one snapshot that no report holds up.
fn briefly<T>(app: &Arc<App>, caller: &Arc<Caller>, f: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
    Origin { app: app.clone(), caller: caller.clone(), request_id: "stream".into() }.read(f)
}

/// Refuses a number that no event has yet.
pub fn check_position(asked: i64, latest: i64, place: &str) -> Result<()> {
    if asked <= latest {
        return Ok(());
    }
    Err(problems::invalid_query.at(vec![FieldError::parameter(place, "unknown", format!("The latest event has the number {latest}."))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_or_refused() {
        let asked = |pairs: &[(&str, &str)]| StreamFilter::of(&pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect());
        let (filter, after) = asked(&[("kind", "invoice.*,order.confirmed"), ("after", "17")]).expect("a filter");
        assert_eq!((filter.kinds, after), (vec!["invoice.*".to_string(), "order.confirmed".into()], Some(17)));
        for wrong in [
            ("kind", ""),
            ("kind", "*"),
            ("kind", "a..b"),
            ("after", "-1"),
            ("after", "x"),
            ("party_id", "co_1"),
            ("limit", "5"),
            ("subject", ""),
        ] {
            assert!(asked(&[wrong]).is_err(), "{wrong:?}");
        }
        assert!(asked(&[("after", "1"), ("after", "2")]).is_err());
    }
}
