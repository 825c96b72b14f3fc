//! What happened to a party, a contact, a deal or a document, over all areas. Every kind of event is shown only to those who may read
//! its noun, of records that they may see, without what the records hide; what only programs read is left out.

use std::collections::{BTreeMap, BTreeSet};

use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::directory::timeline::TimelineEntry;
use domain::ids::{CommentId, ContactId, PartyId};
use domain::platform::comments::Comment;
use domain::platform::trace::title_of;
use persistence::directory::{contacts, parties};
use persistence::platform::{events as facts, links, records};
use persistence::{Statement, Value};

use crate::facts::{self as told, area_of};
use crate::prelude::*;

/// Records in one timeline at most; more is followed through the timeline of the party.
pub const MOST: usize = 500;
/// Steps along the document flow: order, delivery, invoice, payment and what settles it.
const DEEPEST: usize = 6;
/// Pages looked through for one that has something for people, at most.
const MOST_ROUNDS: usize = 10;

/// Facts that say nothing to people: figures that are kept in step, and what users have for themselves.
const NOISE: &[&str] = &[
    "case.question_taken",
    "case.sla_met",
    "case.sla_recounted",
    "customer_return.recosted",
    "delivery.recosted",
    "lead.examined",
    "lead.regraded",
    "lead.scored",
    "notification.created",
    "notification.read",
    "notification.unread",
    "opportunity.examined",
    "reminder.created",
    "reminder.deleted",
    "reminder.due",
    "reminder.updated",
    "sales_order.allocated",
    "sales_order.deallocated",
    "watcher.created",
    "watcher.resumed",
    "watcher.stopped",
];

/// A page of the events of a party that the caller may see, newest first; with those of parties that were merged into it.
pub fn of_party(cx: &mut Cx, id: PartyId, mut list: List) -> Result<Page<TimelineEntry>> {
    let id = stands_for(cx, id)?.id;
    match &parties::merged_into(cx.db(), id)?[..] {
        [] => {
            list.only("party_id", id.uuid());
        }
        gone => {
            let all = std::iter::once(id).chain(gone.iter().copied());
            list.condition(Condition::In("party_id", all.map(|p| Value::Uid(p.uuid())).collect()));
        }
    }
    page(cx, list)
}

/// The party, or the one that it was merged into.
pub fn stands_for(cx: &mut Cx, id: PartyId) -> Result<Party> {
    let party = cx.find::<Party>(id)?;
    match party.merged_into {
        Some(other) => cx.find::<Party>(other),
        None => Ok(party),
    }
}

/// A page of what happened to a contact and around it: activities, deals, cases and quotes that name it; with those of contacts that
/// were merged into it.
pub fn of_contact(cx: &mut Cx, id: ContactId, list: List) -> Result<Page<TimelineEntry>> {
    let id = cx.find_survivor::<Contact>(id)?.id;
    let mut keys = vec![id.uuid()];
    keys.extend(contacts::merged_into(cx.db(), id)?.iter().map(|gone| gone.uuid()));
    let mut subjects: BTreeSet<String> = keys.iter().map(|key| ContactId::from_uuid(*key).to_string()).collect();
    subjects.extend(records::naming_contacts(cx.db(), &keys, MOST as i64)?);
    of_subjects(cx, list, subjects.into_iter().collect())
}

/// A page of what happened to a document, to all that came from it, and to what settles it.
pub fn of_document<T: Entity + Record>(cx: &mut Cx, id: T::Id, list: List) -> Result<Page<TimelineEntry>> {
    cx.find::<T>(id)?;
    let mut subjects = documents_from(cx, id.to_string())?;
    // what settles a document comes from elsewhere, and is followed no further
    let documents: Vec<String> = subjects.iter().cloned().collect();
    let settling =
        links::around(cx.db(), &documents, MOST as i64)?.into_iter().filter(|(_, to, kind)| kind == "settles" && subjects.contains(to));
    let settling: Vec<String> = settling.map(|(from, ..)| from).collect();
    subjects.extend(settling);
    of_subjects(cx, list, subjects.into_iter().collect())
}

/// The document itself and all that came from it, downstream only: what else its order's invoice settles is not its story.
pub fn documents_from(cx: &mut Cx, start: String) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::from([start.clone()]);
    let mut edge = vec![start];
    for _ in 0..DEEPEST {
        if edge.is_empty() || found.len() >= MOST {
            break;
        }
        let steps = links::around(cx.db(), &edge, MOST as i64)?;
        edge = steps.into_iter().filter(|(from, to, _)| edge.contains(from) && !found.contains(to)).map(|(_, to, _)| to).collect();
        found.extend(edge.iter().cloned());
    }
    Ok(found)
}

/// A page of the events of these things that the caller may see, newest first; with what was said, attached and done about them.
pub fn of_subjects(cx: &mut Cx, mut list: List, mut subjects: Vec<String>) -> Result<Page<TimelineEntry>> {
    subjects.extend(records::around(cx.db(), &subjects, MOST as i64)?);
    subjects.sort_unstable();
    subjects.dedup();
    list.condition(Condition::In("subject", subjects.into_iter().map(Value::Text).collect()));
    page(cx, list)
}

fn page(cx: &mut Cx, mut list: List) -> Result<Page<TimelineEntry>> {
    list.newest_first();
    let mut noise = Statement::new("kind NOT IN (");
    noise.values(NOISE.iter().map(|kind| Value::Text((*kind).to_string()))).sql(")");
    list.condition(Condition::Other(noise));
    // how many there are for people is known only when each was read
    list.include_total = false;
    let wanted = list.query.limit;
    let mut shown: Vec<TimelineEntry> = Vec::new();
    for round in 1.. {
        list.query.limit = wanted - shown.len() as i64;
        let mut page = told::page::<TimelineEntry>(cx, list.clone())?;
        page.data.iter_mut().for_each(TimelineEntry::tell);
        let last = page.data.last().map(|row| list.values_at(row));
        shown.extend(page.data.drain(..).filter(TimelineEntry::is_news));
        let full = shown.len() as i64 >= wanted;
        // a page that holds nothing for the caller says itself where to go on
        if !page.has_more || full || round >= MOST_ROUNDS || last.is_none() {
            name_values(cx, &mut shown)?;
            withdraw_deleted(cx, &mut shown)?;
            for entry in &mut shown {
                entry.area = area_of(cx, &entry.kind);
            }
            return Ok(Page { data: shown, ..page });
        }
        list.query.after = last;
    }
    Err(problems::internal.into())
}

/// Says what the ids among the values are called, as far as the caller may see the records.
fn name_values(cx: &mut Cx, entries: &mut [TimelineEntry]) -> Result<()> {
    let is_id = |value: &&String| crate::cx::any_id(value).is_some();
    let values =
        |e: &TimelineEntry| e.changes.iter().flat_map(|c| [c.old_value.clone(), c.new_value.clone()]).flatten().collect::<Vec<_>>();
    let mut asked: BTreeSet<String> = entries.iter().flat_map(values).filter(|v| is_id(&v)).collect();
    // a stage is a part of its pipeline, which was last told with the names of all
    asked.extend(entries.iter().filter_map(|e| e.data["pipeline_id"].as_str().map(String::from)));
    if asked.is_empty() {
        return Ok(());
    }
    let asked: Vec<String> = asked.into_iter().collect();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (subject, kind, company, data) in facts::latest_about(cx.db(), &asked)? {
        for stage in data["stages"].as_array().into_iter().flatten() {
            if let (Some(id), Some(name)) = (stage["id"].as_str(), stage["name"].as_str()) {
                names.insert(id.to_string(), name.to_string());
            }
        }
        // who users are is known to everybody
        let known = kind.starts_with("user.") || told::may_read(cx, &kind);
        let in_company = company.is_none_or(|c| cx.caller.companies.contain(Id::from_uuid(c)));
        if known && in_company && told::sees(cx, &subject, &kind, &data)? {
            names.extend(title_of(&data).map(|title| (subject, title)));
        }
    }
    for change in entries.iter_mut().flat_map(|e| &mut e.changes) {
        change.old_name = change.old_value.as_ref().and_then(|v| names.get(v)).cloned();
        change.new_name = change.new_value.as_ref().and_then(|v| names.get(v)).cloned();
    }
    Ok(())
}

/// The words of a comment that was deleted since are told no more.
fn withdraw_deleted(cx: &mut Cx, entries: &mut [TimelineEntry]) -> Result<()> {
    let comments: Vec<CommentId> = entries.iter().filter_map(|e| e.subject.parse().ok()).collect();
    let left = cx.find_all::<Comment>(&comments)?;
    for entry in entries.iter_mut() {
        if let Ok(comment) = entry.subject.parse::<CommentId>()
            && !left.iter().any(|c| c.id == comment && c.deleted_at.is_none())
        {
            entry.text = None;
        }
    }
    Ok(())
}
