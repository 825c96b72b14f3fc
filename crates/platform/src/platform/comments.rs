//! Operations on comments. Whoever may not read a record neither reads nor writes comments on it.

use std::collections::BTreeSet;

use domain::identity::users::DISABLED;
use domain::ids::{CommentId, UserId};
use domain::platform::comments::{Comment, CommentPatch, DELETED, MODERATE, NOT_YOURS, NewComment, TOO_MANY_MENTIONS};

use crate::identity::users;
use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Comment>("platform/comments", "What users say about records of any noun, with mentions.");
    n.seen_by(|cx| cx.beside_visible(Comment::TABLE));
    n.list(
        "List comments on records that the caller may read. With `record_id` those on one record, in the order in which they were written.",
    )
    .filter(&["record_id", "record_kind", "author_id", "party_id", "deleted_at"])
    .search(&["search"]);
    n.create(create, CREATE).fails(&[TOO_MANY_MENTIONS, DISABLED]);
    n.read("Get a comment.");
    n.update(update, "Change a comment of one's own.").permission(WRITE).fails(&[NOT_YOURS, DELETED, TOO_MANY_MENTIONS, DISABLED]);
    n.delete(delete, DELETE).permission(WRITE).fails(&[NOT_YOURS, DELETED]);
}

/// Whoever may write comments may change and delete the own ones.
const WRITE: &str = "platform.comments.create";
const CREATE: &str = "Comment on a record of any noun that the caller may read. `mention_ids`, and `@usr_…` in the text, mention users. A \
comment on a record that was merged into another belongs to the other.";
const DELETE: &str = "Delete a comment of one's own. It stays in its place without its text. Comments of others need the permission \
`platform.comments.moderate`.";

fn create(cx: &mut Cx, new: NewComment) -> Result<Comment> {
    let about = cx.refer_record("/record_id", &new.record_id)?;
    let made = Comment::new(cx.new_id(), cx.caller.user_id, &about, new, cx.now)?;
    must_be_known(cx, &made.mention_ids, &[])?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: CommentId, patch: CommentPatch) -> Result<Comment> {
    let before = cx.load_for_update::<Comment>(id)?;
    let after = before.clone().change(cx.caller.user_id, patch, cx.now)?;
    must_be_known(cx, &after.mention_ids, &before.mention_ids)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: CommentId) -> Result<()> {
    let before = cx.load_for_update::<Comment>(id)?;
    let after = before.clone().delete(cx.caller.user_id, cx.caller.may(MODERATE), cx.now)?;
    cx.save(&before, after, "deleted").map(drop)
}

/// Who is mentioned anew must be there and able to log in.
fn must_be_known(cx: &mut Cx, mentioned: &[UserId], before: &[UserId]) -> Result<()> {
    let new: BTreeSet<UserId> = mentioned.iter().copied().filter(|m| !before.contains(m)).collect();
    for (i, user) in mentioned.iter().enumerate().filter(|(_, u)| new.contains(u)) {
        users::refer_active(cx, &format!("/mention_ids/{i}"), *user)?;
    }
    Ok(())
}
