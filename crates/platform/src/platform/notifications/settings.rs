//! How a caller is notified: of which kinds in the inbox, of which by e-mail, and when.

use domain::ids::{NotificationSettingsId, UserId};
use domain::platform::notifications::{NO_USER, NotificationSettings, NotificationSettingsPatch};

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    t.read_own("platform/notification-settings", own, "Get how the caller is notified.").for_users().fails(&[NO_USER]);
    t.update_own("platform/notification-settings", update, UPDATE).for_users().fails(&[NO_USER]);
}

const UPDATE: &str = "Change how the caller is notified: of which kinds in the inbox, of which by e-mail, and when the digest by e-mail is \
sent. The time is one of the time zone of the user.";

/// The settings of a user: those kept, or those of everybody who never changed anything.
pub(crate) fn of(cx: &mut Cx, user: UserId) -> Result<NotificationSettings> {
    let known = persistence::record::find::<NotificationSettings>(cx.db(), user.uuid())?;
    Ok(known.unwrap_or_else(|| NotificationSettings::of(user, cx.now)))
}

fn own(cx: &mut Cx) -> Result<(NotificationSettings, i64)> {
    let user = cx.caller.user_id.ok_or_else(|| Problem::from(NO_USER))?;
    let settings = of(cx, user)?;
    let version = settings.version;
    Ok((settings, version))
}

fn update(cx: &mut Cx, patch: NotificationSettingsPatch) -> Result<(NotificationSettings, i64)> {
    let user = cx.caller.user_id.ok_or_else(|| Problem::from(NO_USER))?;
    if persistence::record::find::<NotificationSettings>(cx.db(), user.uuid())?.is_none() {
        let first = NotificationSettings::of(user, cx.now);
        cx.create(first)?;
    }
    let before = cx.load_for_update::<NotificationSettings>(NotificationSettingsId::from_uuid(user.uuid()))?;
    let zone = cx.caller.time_zone.unwrap_or(chrono_tz::UTC);
    let after = before.clone().change(patch, zone, cx.now);
    let after = cx.save(&before, after, "updated")?;
    let version = after.version;
    Ok((after, version))
}
