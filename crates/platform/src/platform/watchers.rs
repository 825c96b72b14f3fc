//! Operations on watchers. A caller begins and stops for itself alone, and sees who else watches the records that it may read.

use domain::ids::{UserId, WatcherId};
use domain::platform::records::About;
use domain::platform::watchers::{NO_USER, NOT_YOURS, WatchReason, WatchRecord, Watcher};
use persistence::platform::watchers as rows;

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Watcher>("platform/watchers", "Who watches which records, and is notified of what happens to them.");
    n.seen_by(|cx| cx.beside_visible(Watcher::TABLE));
    n.list_with(list, "List who watches records that the caller may read. With `record_id` those of one record.")
        .filter(&["record_id", "record_kind", "user_id", "reason"])
        .for_users();
    n.create(watch, WATCH).for_users().fails(&[NO_USER]);
    n.read("Get a watcher.").for_users();
    n.delete(stop, STOP).for_users().fails(&[NOT_YOURS]);
}

const WATCH: &str = "Watch a record of any noun that the caller may read. Whoever watches it already goes on. Owners and assignees, authors \
of comments and users mentioned in comments watch a record without asking.";
const STOP: &str = "Stop watching a record. Nothing but the own choice makes the caller watch it again.";

fn list(cx: &mut Cx, mut list: List) -> Result<Page<Watcher>> {
    list.condition(Condition::Null("stopped_at", true));
    cx.page::<Watcher>(list)
}

fn watch(cx: &mut Cx, new: WatchRecord) -> Result<Watcher> {
    let user = cx.caller.user_id.ok_or_else(|| Problem::from(NO_USER))?;
    let about = cx.refer_record("/record_id", &new.record_id)?;
    let Some(known) = rows::of(cx.db(), &about.id, user)? else {
        return cx.create(Watcher::new(cx.new_id(), user, &about, WatchReason::Chosen, cx.now));
    };
    let before = cx.load_late::<Watcher>(known)?;
    match before.stopped_at {
        None => Ok(before),
        Some(_) => {
            let after = before.clone().resumed(cx.now);
            cx.save(&before, after, "resumed")
        }
    }
}

fn stop(cx: &mut Cx, id: WatcherId) -> Result<()> {
    let before = cx.load_for_update::<Watcher>(id)?;
    cx.ensure(cx.caller.user_id == Some(before.user_id), NOT_YOURS, || "Only the user stops.".into())?;
    if before.stopped_at.is_some() {
        return Ok(());
    }
    let after = before.clone().stopped(cx.now);
    cx.save(&before, after, "stopped").map(drop)
}

/// Makes somebody watch a record who has not chosen to stop.
pub(crate) fn begin(cx: &mut Cx, user: UserId, about: &About, reason: WatchReason) -> Result<()> {
    if rows::of(cx.db(), &about.id, user)?.is_none() {
        let row = Watcher::new(cx.new_id(), user, about, reason, cx.now);
        cx.insert_all(&[row])?;
    }
    Ok(())
}
