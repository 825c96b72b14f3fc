//! Digests by e-mail: at the time that a user chose, everything that is unread goes into one message. A job hands it to the mail
//! server, so that no transaction waits for one.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::identity::users::User;
use domain::ids::{NotificationId, NotificationSettingsId, UserId};
use domain::platform::notifications::{Notification, NotificationSettings, told};
use persistence::platform::notifications as rows;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::completed;
use crate::identity::caller_of;
use crate::mail::{Outgoing, Sent};
use crate::prelude::*;
use crate::work::{self, Work};

const MAIL: &str = "platform.notification_digest";
/// Digests that are begun in one look.
const AT_ONCE: i64 = 200;
/// Notifications in one digest; further ones come with the next.
const MOST: i64 = 100;

/// What happens by the clock, and the job that sends.
pub(crate) fn operations(t: &mut Table) {
    t.each("platform.notification_digests", TimeDelta::minutes(1), AT_ONCE, due, begin);
    t.work(MAIL, deliver);
}

fn due(cx: &mut Cx, limit: i64) -> Result<Vec<NotificationSettingsId>> {
    let now = cx.now;
    Ok(rows::digests_due(cx.db(), now, limit)?)
}

/// Whose notifications are sent.
#[derive(Debug, Serialize, Deserialize)]
struct Digest {
    user_id: UserId,
    notification_ids: Vec<NotificationId>,
}

/// Takes what waits into a digest, and says when the next is due.
fn begin(cx: &mut Cx, id: NotificationSettingsId) -> Result<()> {
    let before = cx.load_for_update::<NotificationSettings>(id)?;
    let (now, user) = (cx.now, before.user_id);
    if before.next_digest_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let caller = caller_of(cx.db(), user)?;
    let zone = caller.as_ref().and_then(|c| c.time_zone).unwrap_or(chrono_tz::UTC);
    let waiting = rows::waiting(cx.db(), user, MOST)?;
    if caller.is_some() && !waiting.is_empty() && cx.app().mail.get().is_some() {
        rows::taken(cx.db(), &waiting)?;
        work::start(cx, MAIL, &Digest { user_id: user, notification_ids: waiting })?;
    }
    let after = NotificationSettings { next_digest_at: before.next_after(zone, now), updated_at: now, ..before.clone() };
    cx.save(&before, after, "digest_begun").map(drop)
}

fn deliver(work: &mut Work) -> Result<Value> {
    let asked = work.input::<Digest>()?;
    let (app, system) = (work.app().clone(), work.caller().clone());
    let nothing = json!({ "handed_over": false });
    let Some(mailer) = app.mail.get() else { return Ok(nothing) };
    if !mailer.is_there() {
        return Err(problems::unavailable.with("The mail server does not answer."));
    }
    let Some(reader) = app.read(&system, |cx| caller_of(cx.db(), asked.user_id))? else { return Ok(nothing) };
    // with the rights of the reader, at this moment
    let message = app.read(&Arc::new(reader), |cx| {
        let mut told = cx.find_all::<Notification>(&asked.notification_ids)?;
        told.retain(|n| n.read_at.is_none());
        told.sort_by_key(|n| n.id);
        if told.is_empty() {
            return Ok(None);
        }
        completed(cx, &mut told)?;
        let Some(user) = persistence::record::find::<User>(cx.db(), asked.user_id.uuid())? else { return Ok(None) };
        Ok(Some(letter(user, &told)))
    })?;
    let Some(message) = message else { return Ok(nothing) };
    match mailer.send(&message) {
        Sent::Accepted(_) => Ok(json!({ "handed_over": true })),
        Sent::Later(_) => Err(problems::unavailable.with("The mail server does not take the message now.")),
        Sent::NoMailbox(_) | Sent::Refused(_) | Sent::Unknown(_) => Ok(nothing),
    }
}

fn letter(user: User, of: &[Notification]) -> Outgoing {
    let german = user.locale.to_lowercase().starts_with("de");
    let subject = match german {
        true => format!("{} ungelesene Benachrichtigungen", of.len()),
        false => format!("{} unread notifications", of.len()),
    };
    let lines: Vec<String> = of.iter().map(|n| line(n, german)).collect();
    Outgoing {
        to_name: user.name,
        to_address: user.email,
        subject,
        text: Some(lines.join("\n\n")),
        id: uuid::Uuid::now_v7().to_string(),
        ..Outgoing::default()
    }
}

/// One notification as text: what it tells, of what, and the words.
fn line(n: &Notification, german: bool) -> String {
    let title = n.title.as_deref().unwrap_or(&n.record_id);
    let mut text = format!("{}: {title}", told(n.kind, german));
    match (&n.old_value, &n.new_value) {
        (Some(old), Some(new)) => text.push_str(&format!(" ({old} → {new})")),
        (None, Some(new)) => text.push_str(&format!(" ({new})")),
        _ => {}
    }
    if let Some(words) = &n.excerpt {
        text.push_str(&format!("\n  {}", words.replace('\n', "\n  ")));
    }
    text
}
