//! Rows of watchers.

use domain::ids::{UserId, WatcherId};
use domain::kernel::Id;
use domain::platform::watchers::Watcher;
use uuid::Uuid;

use crate::beside::key;
use crate::{Conn, Result, sql};

crate::record! {
    watchers: Watcher {
        id: uid, record_id: text, record_kind: text, company_id: opt(uid), user_id: uid, reason: word, stopped_at: opt(instant),
        version: int, created_at: instant, updated_at: instant,
    }
    derived { record_key: uid = |w| key(&w.record_id) }
}

/// That a user watches a record, or stopped watching it.
pub fn of(db: &mut Conn, record_id: &str, user: UserId) -> Result<Option<WatcherId>> {
    let found = sql!("SELECT id FROM watchers WHERE record_key = {} AND user_id = {}", key(record_id).uuid(), user.uuid());
    Ok(found.first::<(Uuid,)>(db)?.map(|r| WatcherId::from_uuid(r.0)))
}

/// The users who watch a record.
pub fn users(db: &mut Conn, record_id: &str) -> Result<Vec<UserId>> {
    let found = sql!("SELECT user_id FROM watchers WHERE record_key = {} AND stopped_at IS NULL ORDER BY id", key(record_id).uuid());
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| UserId::from_uuid(r.0)).collect())
}
