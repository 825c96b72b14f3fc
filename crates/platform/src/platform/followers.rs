//! Followers as operators see them: where each stands, what it failed on, and how it begins anew. How they run stands in
//! `crate::followers`.

use domain::ids::FollowerId;
use domain::platform::followers::{Follower, FollowerFailure, NOT_REBUILDABLE, NOTHING_SET_ASIDE, REBUILD_RUNNING};
use persistence::platform::followers as rows;

use crate::followers;
use crate::prelude::*;

/// The operations of this noun.
pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Follower>("platform/followers", "What is derived from events after their commit, and how far behind it is.");
    n.list_with(list, "List followers.").filter(&["name", "status"]);
    n.read_with(read, "Get a follower. With the number of the event that it has reached, and how far that is behind the latest.");
    n.action("rebuild", rebuild, REBUILD).fails(&[NOT_REBUILDABLE, REBUILD_RUNNING]);
    n.action("retry", retry, RETRY).fails(&[NOTHING_SET_ASIDE]);
    let mut n = t.noun::<FollowerFailure>("platform/follower-failures", "Events that a follower failed on.");
    n.list("List follower failures. They are tried again and then set aside; the follower goes on with later events meanwhile.")
        .filter(&["follower_id", "status", "kind", "subject"])
        .expand::<Follower>("follower", "follower_id");
    n.read("Get a follower failure.").expand::<Follower>("follower", "follower_id");
}

const REBUILD: &str = "Rebuild a follower. What it keeps is deleted and derived again from the first event; reports that rest on it are \
incomplete until its status is `following` again.";
const RETRY: &str =
    "Retry the events that are set aside. They are tried again within seconds, at the same growing intervals as the first time.";

fn list(cx: &mut Cx, list: List) -> Result<Page<Follower>> {
    let mut page = cx.page::<Follower>(list)?;
    for follower in &mut page.data {
        followers::complete(cx, follower)?;
    }
    Ok(page)
}

fn read(cx: &mut Cx, id: FollowerId) -> Result<Follower> {
    let mut follower = cx.find::<Follower>(id)?;
    followers::complete(cx, &mut follower)?;
    Ok(follower)
}

fn change(cx: &mut Cx, id: FollowerId) -> Result<Follower> {
    let mut follower = cx.load_for_update::<Follower>(id)?;
    followers::complete(cx, &mut follower)?;
    Ok(follower)
}

fn rebuild(cx: &mut Cx, id: FollowerId) -> Result<Follower> {
    let before = change(cx, id)?;
    let after = before.clone().rebuild(before.head_seq)?;
    let mut after = followers::keep(cx, &before, after)?;
    followers::complete(cx, &mut after)?;
    Ok(after)
}

fn retry(cx: &mut Cx, id: FollowerId) -> Result<Follower> {
    let before = change(cx, id)?;
    let now = persistence::now(cx.db())?;
    let taken_up = rows::retry(cx.db(), id, now)?;
    cx.ensure(taken_up > 0, NOTHING_SET_ASIDE, || format!("{} has nothing set aside.", before.name))?;
    let mut after = cx.save(&before, before.clone(), "retried")?;
    followers::complete(cx, &mut after)?;
    Ok(after)
}
