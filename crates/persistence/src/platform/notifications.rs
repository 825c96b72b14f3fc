//! Rows of notifications and of how users are notified.

use chrono::{DateTime, Utc};
use domain::ids::{EventId, NotificationId, NotificationSettingsId, UserId};
use domain::kernel::{Id, StringEnum};
use domain::platform::notifications::{Notification, NotificationKind, NotificationSettings};
use uuid::Uuid;

use crate::beside::key;
use crate::{Condition, Conn, Result, sql};

crate::record! {
    notifications: Notification {
        id: uid, user_id: uid, kind: word, record_id: text, record_kind: text, company_id: opt(uid), actor_id: opt(uid),
        comment_id: opt(uid), event_id: uid, event_kind: text, old_value: opt(text), new_value: opt(text), in_app: bool,
        read_at: opt(instant), digest: bool, version: int, created_at: instant, updated_at: instant,
    }
    derived { record_key: uid = |n| key(&n.record_id) }
    unstored { title, excerpt }
}

crate::record! {
    notification_settings: NotificationSettings {
        id: uid, user_id: uid, channels: json, digest: word, digest_time: text, next_digest_at: opt(instant), version: int,
        created_at: instant, updated_at: instant,
    }
}

/// Notifications of a user.
pub fn of(user: UserId) -> Condition {
    Condition::Other(sql!("notifications.user_id = {}", user.uuid()))
}

/// Whether a user was told of a fact already in this way, or has yet to read that the record was assigned.
pub fn is_told(db: &mut Conn, user: UserId, event: EventId, record_id: &str, kind: NotificationKind) -> Result<bool> {
    let found = sql!(
        "SELECT id FROM notifications WHERE user_id = {} AND kind = {} AND (event_id = {} \
         OR (kind = 'assigned' AND read_at IS NULL AND record_key = {})) LIMIT 1",
        user.uuid(),
        kind.as_str(),
        event.uuid(),
        key(record_id).uuid()
    );
    Ok(found.first::<(Uuid,)>(db)?.is_some())
}

/// How many unread notifications of each kind these conditions leave.
pub fn unread(db: &mut Conn, user: UserId, seen: Option<&Condition>) -> Result<Vec<(String, i64)>> {
    let mut s = sql!("SELECT kind, COUNT(*) FROM notifications WHERE user_id = {} AND read_at IS NULL AND in_app = {}", user.uuid(), true);
    if let Some(seen) = seen {
        s.sql(" AND ");
        seen.write(&mut s);
    }
    s.sql(" GROUP BY kind ORDER BY kind");
    s.load::<(String, i64)>(db)
}

/// Marks all unread notifications of a user as read; how many there were.
pub fn mark_all_read(db: &mut Conn, user: UserId, now: DateTime<Utc>) -> Result<usize> {
    sql!(
        "UPDATE notifications SET read_at = {}, version = version + 1, updated_at = {} WHERE user_id = {} AND read_at IS NULL",
        now,
        now,
        user.uuid()
    )
    .execute(db)
}

/// The unread notifications of a user that wait for the digest, the oldest first.
pub fn waiting(db: &mut Conn, user: UserId, limit: i64) -> Result<Vec<NotificationId>> {
    let found = sql!(
        "SELECT id FROM notifications WHERE user_id = {} AND digest = {} AND read_at IS NULL ORDER BY id LIMIT {}",
        user.uuid(),
        true,
        limit
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| NotificationId::from_uuid(r.0)).collect())
}

/// Notifications that are on their way by e-mail wait no longer.
pub fn taken(db: &mut Conn, ids: &[NotificationId]) -> Result<usize> {
    let keys: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sql!("UPDATE notifications SET digest = {} WHERE id IN ({})", false, crate::list(&keys)).execute(db)
}

/// Whose digest is due, the longest overdue first.
pub fn digests_due(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<NotificationSettingsId>> {
    let found = sql!("SELECT id FROM notification_settings WHERE next_digest_at <= {} ORDER BY next_digest_at, id LIMIT {}", now, limit);
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| NotificationSettingsId::from_uuid(r.0)).collect())
}
