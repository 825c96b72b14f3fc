//! Operations on queues, and how they hand out cases.

use std::collections::BTreeMap;

use domain::identity::users::User;
use domain::ids::{QueueId, UserId};
use domain::service::queues::{ARCHIVED, DOUBLED_MEMBER, NewQueue, Queue, QueueAssignment, QueuePatch};
use persistence::service::queues as rows;
use platform::identity::users;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Queue>("service/queues", "Where cases wait, who works on them, and how they are handed out.");
    n.list("List queues with their members.").filter(&["name", "assignment"]).search(&["name"]).sort(&["name"]);
    n.create(create, "Create a queue with its members.").fails(&[DOUBLED_MEMBER]);
    n.read("Get a queue with its members.");
    n.update(update, "Change a queue. Members are replaced whole.").fails(&[DOUBLED_MEMBER]);
    n.action("archive", archive, "Archive a queue. It takes no more cases; those in it stay.").fails(&[ARCHIVED]);
    n.action("restore", restore, "Restore an archived queue.");
}

fn create(cx: &mut Cx, new: NewQueue) -> Result<Queue> {
    cx.company(new.company_id)?;
    check_members(cx, &new.member_ids)?;
    let made = Queue::new(cx.new_id(), new, cx.now)?;
    let made = cx.create(made)?;
    rows::write_members(cx.db(), made.id, &made.member_ids)?;
    Ok(made)
}

fn update(cx: &mut Cx, id: QueueId, patch: QueuePatch) -> Result<Queue> {
    let before = cx.load_for_update::<Queue>(id)?;
    check_members(cx, patch.member_ids.as_deref().unwrap_or_default())?;
    let after = before.clone().change(patch, cx.now)?;
    let after = cx.save(&before, after, "updated")?;
    if after.member_ids != before.member_ids {
        rows::write_members(cx.db(), id, &after.member_ids)?;
    }
    Ok(after)
}

fn archive(cx: &mut Cx, id: QueueId) -> Result<Queue> {
    let before = cx.load_for_update::<Queue>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: QueueId) -> Result<Queue> {
    let before = cx.load_for_update::<Queue>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

fn check_members(cx: &mut Cx, members: &[UserId]) -> Result<()> {
    let known = cx.find_all::<User>(members)?;
    match members.iter().position(|m| known.iter().all(|u| u.id != *m)) {
        Some(i) => Err(problems::unknown_reference.field(format!("/member_ids/{i}"), format!("There is no user {}.", members[i]))),
        None => Ok(()),
    }
}

/// Whose turn it is, of the members who may log in; nobody's in a queue that is not handed out. Whoever asks next waits
/// until this transaction ends, so that no turn is given twice.
pub(crate) fn hand_out(cx: &mut Cx, queue: &Queue) -> Result<Option<UserId>> {
    if queue.assignment == QueueAssignment::Manual || queue.member_ids.is_empty() {
        return Ok(None);
    }
    let turn = rows::take_turn(cx.db(), queue.id)?;
    let free = users::active(cx, &queue.member_ids)?;
    let (last, busy) = match queue.assignment {
        QueueAssignment::LeastBusy => (BTreeMap::new(), rows::at_work(cx.db(), &free)?),
        _ => (rows::last_turns(cx.db(), queue.id)?, Vec::new()),
    };
    let chosen = queue.next_member(&free, &last, &busy);
    if let Some(user) = chosen {
        rows::remember_turn(cx.db(), queue.id, user, turn)?;
    }
    Ok(chosen)
}
