//! Operations on reminders, and what happens when their time comes. A user has them for itself alone.

use chrono::TimeDelta;
use domain::ids::ReminderId;
use domain::platform::reminders::{IN_THE_PAST, NO_USER, NewReminder, OVER, Reminder, ReminderPatch};
use persistence::identity::visibility::all_of;
use persistence::platform::reminders as rows;

use crate::prelude::*;

/// Reminders that fire in one look.
const AT_ONCE: i64 = 500;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Reminder>("platform/reminders", "Records that the caller wants to be told of at a time.");
    n.seen_by(seen);
    n.list("List one's own reminders.").filter(&["record_id", "record_kind", "remind_at", "reminded_at"]).sort(&["remind_at"]).for_users();
    n.create(create, CREATE).for_users().fails(&[NO_USER, IN_THE_PAST]);
    n.read("Get a reminder.").for_users();
    n.update(update, "Change a reminder that is not over.").for_users().fails(&[OVER, IN_THE_PAST]);
    n.delete(delete, "Delete a reminder.").for_users();
    t.each("platform.reminders", TimeDelta::minutes(1), AT_ONCE, due, fire);
}

const CREATE: &str = "Set a reminder of a record of any noun that the caller may read, such as an activity. At its time the caller gets a \
notification of the kind `reminded`.";

fn seen(cx: &mut Cx) -> Result<Option<Condition>> {
    let Some(user) = cx.caller.user_id else { return Ok(None) };
    let mut conditions = vec![rows::of(user)];
    conditions.extend(cx.beside_visible(Reminder::TABLE)?);
    Ok(all_of(conditions))
}

fn create(cx: &mut Cx, new: NewReminder) -> Result<Reminder> {
    let user = cx.caller.user_id.ok_or_else(|| Problem::from(NO_USER))?;
    let about = cx.refer_record("/record_id", &new.record_id)?;
    let made = Reminder::new(cx.new_id(), user, &about, new, cx.now)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: ReminderId, patch: ReminderPatch) -> Result<Reminder> {
    let before = cx.load_for_update::<Reminder>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: ReminderId) -> Result<()> {
    let reminder = cx.load_for_update::<Reminder>(id)?;
    cx.remove(reminder)
}

fn due(cx: &mut Cx, limit: i64) -> Result<Vec<ReminderId>> {
    let now = cx.now;
    Ok(rows::due(cx.db(), now, limit)?)
}

/// Tells that the time has come; the follower of notifications tells the user.
fn fire(cx: &mut Cx, id: ReminderId) -> Result<()> {
    let before = cx.load_for_update::<Reminder>(id)?;
    if before.reminded_at.is_none() && before.remind_at <= cx.now {
        let after = before.clone().fired(cx.now);
        cx.save(&before, after, "due")?;
    }
    Ok(())
}
