//! Notifications: the inbox of a caller, and the follower that fills it. Nothing of it rides in the transaction of the business: a
//! fact is read after its commit, and a user is told only of a record that the user may see at that moment.

pub mod digests;
pub mod settings;

use std::collections::{BTreeMap, BTreeSet};

use domain::identity::api_keys::ApiKey;
use domain::ids::{ApiKeyId, CommentId, NotificationId, UserId};
use domain::kernel::StringEnum;
use domain::platform::comments::Comment;
use domain::platform::notifications::{KindCount, MarkedRead, NO_USER, Notification, NotificationCounts, NotificationKind, excerpt};
use domain::platform::records::About;
use domain::platform::trace::title_of;
use domain::platform::watchers::WatchReason;
use persistence::identity::visibility::all_of;
use persistence::platform::{events, notifications as rows, watchers as watching};
use serde_json::Value;

use super::watchers;
use crate::followers::Fact;
use crate::identity::caller_of;
use crate::prelude::*;

/// What the follower is called.
const FOLLOWER: &str = "platform.notifications";
const KEEPS: &str = "Notifications of users about records that are assigned to them or that they watch.";

/// The facts that somebody may be told of: owners and states are in records of these nouns.
const FACTS: &[&str] = &[
    "activity.cancelled",
    "activity.completed",
    "activity.created",
    "activity.started",
    "activity.updated",
    "campaign.completed",
    "campaign.launched",
    "campaign.paused",
    "campaign.resumed",
    "case.assigned",
    "case.closed",
    "case.created",
    "case.customer_replied",
    "case.escalated",
    "case.held",
    "case.merged",
    "case.reopened",
    "case.replied",
    "case.resolved",
    "case.resumed",
    "case.sla_breached",
    "case.updated",
    "comment.created",
    "comment.updated",
    "contact.created",
    "contact.updated",
    "credit_note.posted",
    "credit_note.refunded",
    "credit_note.reopened",
    "customer_return.authorized",
    "customer_return.cancelled",
    "customer_return.closed",
    "customer_return.credited",
    "customer_return.received",
    "customer_return.rejected",
    "delivery.cancelled",
    "delivery.returned",
    "delivery.shipped",
    "entitlement.cancelled",
    "invoice.credited",
    "invoice.paid",
    "invoice.partially_credited",
    "invoice.partially_paid",
    "invoice.posted",
    "invoice.refunded",
    "invoice.reopened",
    "invoice.written_off",
    "kb_article.archived",
    "kb_article.published",
    "lead.assigned",
    "lead.converted",
    "lead.created",
    "lead.disqualified",
    "lead.qualified",
    "lead.reopened",
    "lead.responded",
    "lead.updated",
    "opportunity.created",
    "opportunity.lost",
    "opportunity.reopened",
    "opportunity.stage_changed",
    "opportunity.stalled",
    "opportunity.updated",
    "opportunity.won",
    "party.archived",
    "party.created",
    "party.restored",
    "party.updated",
    "payment.allocated",
    "payment.posted",
    "payment.refunded",
    "payment.reopened",
    "payment.reversed",
    "quote.accepted",
    "quote.converted",
    "quote.created",
    "quote.expired",
    "quote.rejected",
    "quote.revised",
    "quote.sent",
    "quote.superseded",
    "quote.updated",
    "reminder.due",
    "sales_order.cancelled",
    "sales_order.closed",
    "sales_order.confirmed",
    "sales_order.created",
    "sales_order.partially_shipped",
    "sales_order.released",
    "sales_order.reopened",
    "sales_order.shipped",
    "sales_order.updated",
];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Notification>("platform/notifications", "What the caller was told of happening to records.");
    n.seen_by(seen).told_to_owners();
    n.list_with(list, LIST)
        .filter(&["kind", "record_id", "record_kind", "read_at"])
        .flag("unread", "Only unread notifications, or only read ones.", |_, wanted| Condition::Null("read_at", wanted))
        .for_users();
    n.read_with(read, "Get a notification.").for_users();
    n.action("mark-read", mark_read, "Mark a notification as read.").for_users();
    n.action("mark-unread", mark_unread, "Mark a notification as unread.").for_users();
    t.command_without_body("mark_all_notifications_read", "platform/notifications/mark-all-read", mark_all_read, ALL)
        .for_users()
        .fails(&[NO_USER]);
    t.report("platform/notification-counts", counts, "Count one's own unread notifications, in all and by kind.").for_users();
    t.follow(FOLLOWER, KEEPS, FACTS, heard);
}

const LIST: &str = "List one's own notifications, the newest first unless another order is asked for. Those about records that the caller may \
no longer see are left out.";
const ALL: &str = "Mark all of one's own notifications as read.";

// ---- the inbox ----------------------------------------------------------------------------------

fn seen(cx: &mut Cx) -> Result<Option<Condition>> {
    let Some(user) = cx.caller.user_id else { return Ok(None) };
    let mut conditions = vec![rows::of(user)];
    conditions.extend(cx.beside_visible(Notification::TABLE)?);
    Ok(all_of(conditions))
}

fn list(cx: &mut Cx, mut list: List) -> Result<Page<Notification>> {
    list.newest_first().only("in_app", true);
    let mut page = cx.page::<Notification>(list)?;
    completed(cx, &mut page.data)?;
    Ok(page)
}

fn read(cx: &mut Cx, id: NotificationId) -> Result<Notification> {
    let found = cx.find::<Notification>(id)?;
    shown(cx, found)
}

fn mark_read(cx: &mut Cx, id: NotificationId) -> Result<Notification> {
    mark(cx, id, true)
}

fn mark_unread(cx: &mut Cx, id: NotificationId) -> Result<Notification> {
    mark(cx, id, false)
}

fn mark(cx: &mut Cx, id: NotificationId, read: bool) -> Result<Notification> {
    let before = cx.load_for_update::<Notification>(id)?;
    let after = before.clone().marked(read, cx.now);
    let saved = cx.save(&before, after, if read { "read" } else { "unread" })?;
    shown(cx, saved)
}

fn mark_all_read(cx: &mut Cx) -> Result<MarkedRead> {
    let user = cx.caller.user_id.ok_or_else(|| Problem::from(NO_USER))?;
    let now = cx.now;
    Ok(MarkedRead { marked: rows::mark_all_read(cx.db(), user, now)? as i64 })
}

fn counts(cx: &mut Cx, _: NoFilter) -> Result<NotificationCounts> {
    let Some(user) = cx.caller.user_id else { return Ok(NotificationCounts { unread: 0, by_kind: Vec::new() }) };
    let seen = cx.beside_visible(Notification::TABLE)?;
    let found = rows::unread(cx.db(), user, seen.as_ref())?;
    let count = |(kind, unread): (String, i64)| NotificationKind::from_word(&kind).map(|kind| KindCount { kind, unread });
    let by_kind: Vec<KindCount> = found.into_iter().filter_map(count).collect();
    Ok(NotificationCounts { unread: by_kind.iter().map(|k| k.unread).sum(), by_kind })
}

fn shown(cx: &mut Cx, one: Notification) -> Result<Notification> {
    let mut rows = [one];
    completed(cx, &mut rows)?;
    let [one] = rows;
    Ok(one)
}

/// Fills in what is not kept: titles of records and words of comments, as they are now and as the caller may see them.
pub(super) fn completed(cx: &mut Cx, of: &mut [Notification]) -> Result<()> {
    let records: BTreeSet<String> = of.iter().map(|n| n.record_id.clone()).collect();
    let records: Vec<String> = records.into_iter().collect();
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    for (subject, _, _, data) in events::latest_about(cx.db(), &records)? {
        titles.extend(title_of(&data).map(|title| (subject, title)));
    }
    let comments: Vec<CommentId> = of.iter().filter_map(|n| n.comment_id).collect();
    let comments: BTreeMap<CommentId, Comment> = cx.find_all::<Comment>(&comments)?.into_iter().map(|c| (c.id, c)).collect();
    for n in of {
        n.title = titles.get(&n.record_id).cloned();
        let words = n.comment_id.and_then(|id| comments.get(&id)).and_then(|c| c.body.as_deref());
        n.excerpt = words.map(excerpt);
    }
    Ok(())
}

// ---- what fills it ------------------------------------------------------------------------------

/// What a fact tells a user.
struct News<'f> {
    fact: &'f Fact,
    kind: NotificationKind,
    comment: Option<CommentId>,
    values: (Option<String>, Option<String>),
}

fn heard(cx: &mut Cx, fact: &Fact) -> Result<()> {
    match fact.event.kind.as_str() {
        "comment.created" | "comment.updated" => commented(cx, fact),
        "reminder.due" => reminded(cx, fact),
        _ => happened(cx, fact),
    }
}

fn user_in(data: &Value, field: &str) -> Option<UserId> {
    data[field].as_str().and_then(|id| id.parse().ok())
}

/// Tells those who are mentioned, and those who watch the record. Of a changed comment only those who are mentioned anew hear.
fn commented(cx: &mut Cx, fact: &Fact) -> Result<()> {
    let data = &fact.event.data;
    let Some(about) = data["record_id"].as_str().map(|id| cx.record(id)).transpose()?.flatten() else { return Ok(()) };
    let ids = |value: Option<&Value>| -> Vec<UserId> {
        value.and_then(Value::as_array).into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect()
    };
    let is_new = fact.event.kind == "comment.created";
    let before = if is_new { Vec::new() } else { ids(fact.event.was("mention_ids")) };
    let mentioned: Vec<UserId> = ids(data.get("mention_ids")).into_iter().filter(|m| !before.contains(m)).collect();
    let comment = fact.event.subject.parse::<CommentId>().ok();
    let author = user_in(data, "author_id");
    if let Some(author) = author {
        watchers::begin(cx, author, &about, WatchReason::Commenter)?;
    }
    for user in &mentioned {
        let news = News { fact, kind: NotificationKind::Mentioned, comment, values: (None, None) };
        if tell(cx, *user, &about, &news)? {
            watchers::begin(cx, *user, &about, WatchReason::Mentioned)?;
        }
    }
    if is_new {
        let watching = watching::users(cx.db(), &about.id)?;
        for user in watching.into_iter().filter(|u| !mentioned.contains(u) && Some(*u) != author) {
            let news = News { fact, kind: NotificationKind::Commented, comment, values: (None, None) };
            tell(cx, user, &about, &news)?;
        }
    }
    Ok(())
}

fn reminded(cx: &mut Cx, fact: &Fact) -> Result<()> {
    let data = &fact.event.data;
    let about = data["record_id"].as_str().map(|id| cx.record(id)).transpose()?.flatten();
    let (Some(about), Some(user)) = (about, user_in(data, "user_id")) else { return Ok(()) };
    let news = News { fact, kind: NotificationKind::Reminded, comment: None, values: (None, None) };
    tell(cx, user, &about, &news).map(drop)
}

/// Tells whom a record was given to, and, when its state changed or its service level was missed, who watches it.
fn happened(cx: &mut Cx, fact: &Fact) -> Result<()> {
    let event = &fact.event;
    let is_given = [".created", ".assigned"].iter().any(|verb| event.kind.ends_with(verb));
    let fields = ["owner_id", "assignee_id"].into_iter().filter(|field| is_given || event.changes(field));
    let given = fields.into_iter().find_map(|field| user_in(&event.data, field));
    let breached = event.kind == "case.sla_breached";
    let state = ["status", "stage_id", "fulfilment_status", "billing_status"].into_iter().find(|f| event.changes(f));
    if given.is_none() && !breached && state.is_none() {
        return Ok(());
    }
    let Some(about) = cx.record(&event.subject)? else { return Ok(()) };
    if let Some(user) = given {
        watchers::begin(cx, user, &about, WatchReason::Owner)?;
        let news = News { fact, kind: NotificationKind::Assigned, comment: None, values: (None, None) };
        tell(cx, user, &about, &news)?;
    }
    if !breached && state.is_none() {
        return Ok(());
    }
    let (kind, values) = match state {
        _ if breached => (NotificationKind::SlaBreached, (None, event.data["milestone"].as_str().map(String::from))),
        state => (NotificationKind::Changed, states(cx, event, state.unwrap_or("status"))?),
    };
    for user in watching::users(cx.db(), &about.id)? {
        if Some(user) != given {
            let news = News { fact, kind, comment: None, values: values.clone() };
            tell(cx, user, &about, &news)?;
        }
    }
    Ok(())
}

/// The state before and afterwards: words as they are, stages by their names.
fn states(cx: &mut Cx, event: &Event, field: &str) -> Result<(Option<String>, Option<String>)> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(|t| t.chars().take(100).collect::<String>());
    let (old, new) = (text(event.was(field)), text(event.data.get(field)));
    if field != "stage_id" {
        return Ok((old, new));
    }
    // a stage is a part of its pipeline, which was last told with the names of all
    let pipelines: Vec<String> = event.data["pipeline_id"].as_str().map(String::from).into_iter().collect();
    let told = events::latest_about(cx.db(), &pipelines)?;
    let name = |id: Option<String>| {
        let stages = told.iter().flat_map(|(_, _, _, data)| data["stages"].as_array().into_iter().flatten());
        let known = stages.clone().find(|s| s["id"].as_str() == id.as_deref()).and_then(|s| s["name"].as_str());
        known.map(|n| n.chars().take(100).collect::<String>())
    };
    Ok((name(old), name(new)))
}

/// Tells a user, unless the user did it, was told already, wants to hear nothing of the kind, or may not see the record; whether
/// the user may see it.
fn tell(cx: &mut Cx, user: UserId, about: &About, news: &News) -> Result<bool> {
    let actor = actor_of(cx, news.fact)?;
    if actor == Some(user) && news.kind != NotificationKind::Reminded {
        return Ok(true);
    }
    let Some(caller) = caller_of(cx.db(), user)? else { return Ok(false) };
    if cx.seen_as(caller, |cx| cx.record(&about.id))?.is_none() {
        return Ok(false);
    }
    if rows::is_told(cx.db(), user, news.fact.id, &about.id, news.kind)? {
        return Ok(true);
    }
    let (in_app, email) = settings::of(cx, user)?.ways(news.kind);
    if !in_app && !email {
        return Ok(true);
    }
    let (old_value, new_value) = news.values.clone();
    let made = Notification {
        id: cx.new_id(),
        user_id: user,
        kind: news.kind,
        record_id: about.id.clone(),
        record_kind: about.kind.into(),
        // words about people stay out of facts that nobody would look for
        title: None,
        excerpt: None,
        company_id: about.company,
        actor_id: actor,
        comment_id: news.comment,
        event_id: news.fact.id,
        event_kind: news.fact.event.kind.clone(),
        old_value,
        new_value,
        in_app,
        read_at: None,
        digest: email,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    cx.create(made)?;
    Ok(true)
}

/// The user who did it, also behind an API key.
fn actor_of(cx: &mut Cx, fact: &Fact) -> Result<Option<UserId>> {
    match fact.actor.parse::<ApiKeyId>() {
        Ok(key) => Ok(persistence::record::find::<ApiKey>(cx.db(), key.uuid())?.map(|key| key.user_id)),
        Err(_) => Ok(fact.actor.parse().ok()),
    }
}
