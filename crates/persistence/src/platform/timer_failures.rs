//! Rows of what the clock could not do for one record.

use chrono::{DateTime, Utc};
use domain::ids::TimerFailureId;
use domain::kernel::Id;
use domain::platform::timer_failures::TimerFailure;
use uuid::Uuid;

use crate::personal::{Personal, To, by, word};
use crate::{Conn, Result, record, sql};

crate::record! {
    timer_failures: TimerFailure {
        id: uid, timer: text, subject: text, code: text, detail: text, attempts: int, retry_at: instant, version: int,
        created_at: instant, updated_at: instant,
    }
}

/// More failures of one timer than this are no bad rows but a bad timer.
const MOST: i64 = 10_000;

/// What a timer could not do so far.
pub fn of_timer(db: &mut Conn, timer: &str) -> Result<Vec<TimerFailure>> {
    let mut statement = record::select::<TimerFailure>();
    statement.append(sql!(" WHERE timer = {} ORDER BY subject LIMIT {}", timer, MOST));
    record::load(db, &statement)
}

/// Keeps that it failed for this record, once more.
pub fn keep(db: &mut Conn, timer: &str, subject: &str, code: &str, detail: &str, now: DateTime<Utc>) -> Result<()> {
    let mut statement = record::select::<TimerFailure>();
    statement.append(sql!(" WHERE timer = {} AND subject = {}", timer, subject));
    match record::load::<TimerFailure>(db, &statement)?.pop() {
        Some(before) => {
            let after = before.clone().again(code, detail, now);
            record::update_changed(db, &before, &after, before.version).map(drop)
        }
        None => {
            let id = TimerFailureId::from_uuid(Uuid::now_v7());
            record::insert(db, &[TimerFailure::first(id, timer, subject, code, detail, now)])
        }
    }
}

/// It succeeded for this record.
pub fn forget(db: &mut Conn, timer: &str, subject: &str) -> Result<()> {
    sql!("DELETE FROM timer_failures WHERE timer = {} AND subject = {}", timer, subject).execute(db)?;
    Ok(())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal =
    Personal::of::<TimerFailure>().ways(&[by("subject", To::Name)]).columns(&[word("detail")]).plain(&["timer", "subject", "code"]);
