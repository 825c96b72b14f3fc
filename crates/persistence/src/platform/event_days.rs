//! Between which numbers and ids the facts of a day lie: a bound in time becomes a bound in the order of the feed.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::sequence::Place;
use crate::{Conn, Result, sql};

/// A stretch of the feed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    pub first_seq: i64,
    pub last_seq: i64,
    pub first_id: Uuid,
    pub last_id: Uuid,
}

impl Stretch {
    fn with(self, seq: i64, id: Uuid) -> Self {
        Self {
            first_seq: self.first_seq.min(seq),
            last_seq: self.last_seq.max(seq),
            first_id: self.first_id.min(id),
            last_id: self.last_id.max(id),
        }
    }
}

/// Notes facts that got their numbers.
pub fn note(db: &mut Conn, places: &[Place]) -> Result<()> {
    let ids: Vec<Uuid> = places.iter().map(|p| p.id).collect();
    let times: BTreeMap<Uuid, DateTime<Utc>> =
        sql!("SELECT id, at FROM events WHERE id IN ({})", crate::list(&ids)).load::<(Uuid, DateTime<Utc>)>(db)?.into_iter().collect();
    let mut days: BTreeMap<NaiveDate, Stretch> = BTreeMap::new();
    for place in places {
        let Some(at) = times.get(&place.id) else { continue };
        let (seq, id) = (place.seq, place.id);
        let alone = Stretch { first_seq: seq, last_seq: seq, first_id: id, last_id: id };
        days.entry(at.date_naive()).and_modify(|s| *s = s.with(seq, id)).or_insert(alone);
    }
    for (day, s) in days {
        // numbers only rise, so the first of a day stays; ids need not
        sql!(
            "INSERT INTO event_days (day, first_seq, last_seq, first_id, last_id) VALUES ({}, {}, {}, {}, {}) ON CONFLICT (day) DO UPDATE SET \
             last_seq = excluded.last_seq, \
             first_id = CASE WHEN excluded.first_id < event_days.first_id THEN excluded.first_id ELSE event_days.first_id END, \
             last_id = CASE WHEN excluded.last_id > event_days.last_id THEN excluded.last_id ELSE event_days.last_id END",
            day,
            s.first_seq,
            s.last_seq,
            s.first_id,
            s.last_id
        )
        .execute(db)?;
    }
    Ok(())
}

/// Where the facts from one day to another lie, both included; none when there are none.
pub fn between(db: &mut Conn, from: NaiveDate, to: NaiveDate) -> Result<Option<Stretch>> {
    let days = sql!("SELECT first_seq, last_seq, first_id, last_id FROM event_days WHERE day >= {} AND day <= {}", from, to);
    let days = days.load::<(i64, i64, Uuid, Uuid)>(db)?;
    let one = |(first_seq, last_seq, first_id, last_id)| Stretch { first_seq, last_seq, first_id, last_id };
    Ok(days.into_iter().map(one).reduce(|a, b| a.with(b.first_seq, b.first_id).with(b.last_seq, b.last_id)))
}

/// The last day of which there is a fact.
pub fn last_day(db: &mut Conn) -> Result<Option<NaiveDate>> {
    Ok(sql!("SELECT day FROM event_days ORDER BY day DESC LIMIT 1").first::<(NaiveDate,)>(db)?.map(|r| r.0))
}
