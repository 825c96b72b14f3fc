//! What happens to cases: load, decide, store, tell. The rules are in the domain; here is found who works on what and
//! what the other rows have to hear of it.

use std::collections::BTreeMap;

use domain::directory::companies::Company;
use domain::directory::contacts::Contact;
use domain::ids::{CaseId, QueueId, UserId};
use domain::service::cases::messages::{MessageAuthor, MessageVisibility, ReplyToCase};
use domain::service::cases::*;
use domain::service::queues::Queue;
use persistence::service::cases as rows;
use platform::identity::users;
use platform::prelude::*;

use super::clocks;
use crate::service::cases::clocks::{MOST_MERGED, save, terms};
use crate::service::{cases, entitlements, queues};

/// Where a case goes and who works on it: the user who was named, or the one whom the queue hands it to.
pub(crate) fn choose(cx: &mut Cx, case: &Case, to: AssignCase) -> Result<(Option<QueueId>, Option<UserId>)> {
    let queue = match (to.queue_id, case.queue_id) {
        (Some(id), _) => {
            let queue = cx.refer::<Queue>("/queue_id", id)?;
            if queue.company_id != case.company_id {
                return Err(problems::unknown_reference.field("/queue_id", "The queue belongs to another company."));
            }
            queue.must_take_cases()?;
            Some(queue)
        }
        (None, Some(id)) => Some(cx.find::<Queue>(id)?),
        (None, None) => None,
    };
    let assignee = match (to.assignee_id, &queue) {
        (Some(user), queue) => {
            users::refer_active(cx, "/assignee_id", user)?;
            if let Some(queue) = queue.as_ref().filter(|q| !q.member_ids.contains(&user)) {
                return Err(NOT_A_MEMBER.field("/assignee_id", format!("The user does not work on {}.", queue.name)));
            }
            Some(user)
        }
        (None, Some(queue)) => queues::hand_out(cx, queue)?,
        (None, None) => None,
    };
    Ok((queue.map(|q| q.id), assignee))
}

pub(crate) fn assign(cx: &mut Cx, id: CaseId, to: AssignCase) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    if to.assignee_id.is_none() && to.queue_id.is_none() {
        return Err(NOTHING_TO_ASSIGN.field("/assignee_id", "Name a user or a queue."));
    }
    let (queue, assignee) = choose(cx, &before, to)?;
    let after = before.clone().assign(queue, assignee, cx.now)?;
    save(cx, &before, after, "assigned")
}

pub(crate) fn reply(cx: &mut Cx, id: CaseId, said: ReplyToCase) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    let mut said = said.tidied()?;
    if let Some(contact) = said.contact_id {
        said.contact_id = Some(cx.refer::<Contact>("/contact_id", contact)?.id);
    }
    if said.author == MessageAuthor::Customer {
        return customer_says(cx, before, said);
    }
    let verb = if said.visibility == MessageVisibility::Public { "replied" } else { "noted" };
    let after = before.clone().agent_wrote(&said, cx.now)?;
    if let Some(entitlement) = after.entitlement_id.filter(|_| said.spent_minutes > 0) {
        entitlements::count_minutes(cx, entitlement, said.spent_minutes)?;
    }
    cases::write(cx, &after, said)?;
    save(cx, &before, after, verb)
}

/// A message of the customer: it goes to the case, or begins one that follows when the case can no longer be opened.
fn customer_says(cx: &mut Cx, before: Case, said: ReplyToCase) -> Result<Case> {
    let terms = terms(cx, before.sla_policy_version_id)?;
    match before.clone().customer_wrote(terms.as_ref(), cx.now)? {
        Some(after) => {
            cases::write(cx, &after, said)?;
            save(cx, &before, after, "customer_replied")
        }
        None => follow(cx, &before, said),
    }
}

/// The case that follows, or else a new one of the same customer about the same thing, in the same queue. The earlier case
/// is locked, so that two messages at once begin one case.
fn follow(cx: &mut Cx, earlier: &Case, said: ReplyToCase) -> Result<Case> {
    if let Some(next) = rows::follow_up(cx.db(), earlier.id)? {
        let next = cx.load_for_update::<Case>(next)?;
        return customer_says(cx, next, said);
    }
    let company = cx.find::<Company>(earlier.company_id)?;
    let queue = match earlier.queue_id {
        Some(id) => Some(cx.find::<Queue>(id)?).filter(|q| q.archived_at.is_none()),
        None => None,
    };
    let new = NewCase {
        company_id: earlier.company_id,
        subject: earlier.subject.clone(),
        description: Some(said.body),
        channel: said.channel.unwrap_or(earlier.channel),
        category: earlier.category.clone(),
        impact: earlier.impact,
        urgency: earlier.urgency,
        party_id: earlier.party_id,
        contact_id: said.contact_id.or(earlier.contact_id),
        requester_name: earlier.requester_name.clone(),
        requester_email: earlier.requester_email.clone(),
        product_id: earlier.product_id,
        order_id: earlier.order_id,
        serial_number: earlier.serial_number.clone(),
        queue_id: queue.map(|q| q.id),
        assignee_id: None,
        follows_case_id: Some(earlier.id),
        entitlement_id: None,
        metadata: BTreeMap::new(),
    };
    let case = Case::new(cx.new_id(), &new, cx.now)?;
    let made = cases::begin(cx, &company, case, &new, MessageAuthor::Customer)?;
    cx.link(earlier.id, made.id, "followed_by")?;
    Ok(made)
}

pub(crate) fn hold(cx: &mut Cx, id: CaseId, why: HoldCase) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    let terms = terms(cx, before.sla_policy_version_id)?;
    let after = before.clone().hold(why, terms.as_ref(), cx.now)?;
    save(cx, &before, after, "held")
}

pub(crate) fn resume(cx: &mut Cx, id: CaseId) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    let terms = terms(cx, before.sla_policy_version_id)?;
    let after = before.clone().resume(terms.as_ref(), cx.now)?;
    save(cx, &before, after, "resumed")
}

pub(crate) fn resolve(cx: &mut Cx, id: CaseId, how: ResolveCase) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    let terms = terms(cx, before.sla_policy_version_id)?;
    let after = before.clone().resolve(&how, terms.as_ref(), cx.now)?;
    save(cx, &before, after, "resolved")
}

pub(crate) fn close(cx: &mut Cx, id: CaseId) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    let after = before.clone().close(cx.now)?;
    save(cx, &before, after, "closed")
}

pub(crate) fn reopen(cx: &mut Cx, id: CaseId) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    let terms = terms(cx, before.sla_policy_version_id)?;
    let after = before.clone().reopen(terms.as_ref(), cx.now)?;
    save(cx, &before, after, "reopened")
}

pub(crate) fn escalate(cx: &mut Cx, id: CaseId, why: EscalateCase) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    let mut after = before.clone().escalate(cx.now)?;
    if why.queue_id.is_some() || why.assignee_id.is_some() {
        let to = AssignCase { queue_id: why.queue_id, assignee_id: why.assignee_id };
        let (queue, assignee) = choose(cx, &before, to)?;
        after = after.assign(queue, assignee, cx.now)?;
    }
    let said = ReplyToCase {
        body: why.reason,
        author: MessageAuthor::Agent,
        visibility: MessageVisibility::Internal,
        channel: None,
        contact_id: None,
        spent_minutes: 0,
    };
    cases::write(cx, &after, said.tidied().map_err(|p| reason(&p))?)?;
    save(cx, &before, after, "escalated")
}

/// The reason is the text of the message; a refusal names it as the caller does.
fn reason(problem: &Problem) -> Problem {
    problem.code().field("/reason", problem.to_string())
}

pub(crate) fn merge(cx: &mut Cx, id: CaseId, what: MergeCase) -> Result<Case> {
    cx.find::<Case>(id)?;
    cx.refer::<Case>("/into_case_id", what.into_case_id)?;
    // the smaller id first, so that two merges of the same cases never wait for each other
    if what.into_case_id < id {
        cx.load_for_update::<Case>(what.into_case_id)?;
    }
    let before = cx.load_for_update::<Case>(id)?;
    let into = cx.load_for_update::<Case>(what.into_case_id)?;
    let after = before.clone().merge(&into, cx.now)?;
    if let Some(entitlement) = before.entitlement_id {
        entitlements::give_back(cx, entitlement)?;
    }
    // the customer who waits for an answer to this case waits for one to the other now
    if let Some(since) = before.open_question() {
        let terms = terms(cx, into.sla_policy_version_id)?;
        let waiting = into.clone().took_question(since, terms.as_ref(), cx.now)?;
        if waiting != into {
            save(cx, &into, waiting, "question_taken")?;
        }
    }
    // what was merged into this one goes on with the other, too
    for earlier in rows::merged_into(cx.db(), id, MOST_MERGED)? {
        let old = cx.load_for_update::<Case>(earlier)?;
        let moved = Case { merged_into_id: Some(into.id), updated_at: cx.now, ..old.clone() };
        clocks::save(cx, &old, moved, "merged")?;
    }
    cx.link(id, into.id, "merged_into")?;
    save(cx, &before, after, "merged")
}
