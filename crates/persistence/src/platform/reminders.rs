//! Rows of reminders.

use chrono::{DateTime, Utc};
use domain::ids::{ReminderId, UserId};
use domain::kernel::Id;
use domain::platform::reminders::Reminder;
use uuid::Uuid;

use crate::beside::{ABOUT, key};
use crate::personal::{Personal, null};
use crate::{Condition, Conn, Result, sql};

crate::record! {
    reminders: Reminder {
        id: uid, user_id: uid, record_id: text, record_kind: text, company_id: opt(uid), remind_at: instant, note: opt(text),
        reminded_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    derived { record_key: uid = |r| key(&r.record_id) }
}

/// Reminders of a user.
pub fn of(user: UserId) -> Condition {
    Condition::Other(sql!("reminders.user_id = {}", user.uuid()))
}

/// Reminders that are due, the earliest first.
pub fn due(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<ReminderId>> {
    let found = sql!("SELECT id FROM reminders WHERE reminded_at IS NULL AND remind_at <= {} ORDER BY remind_at, id LIMIT {}", now, limit);
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| ReminderId::from_uuid(r.0)).collect())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Reminder>().ways(&ABOUT).columns(&[null("note")]).plain(&["record_id", "record_kind"]);
