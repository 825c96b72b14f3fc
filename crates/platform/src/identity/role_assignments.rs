//! Who has which role. Duties that should not be in one hand are named in the answer; they are not refused.

use domain::identity::permissions::Permissions;
use domain::identity::role_assignments::{ALREADY_ASSIGNED, NewRoleAssignment, RoleAssignment};
use domain::identity::roles::Role;
use domain::identity::separation_of_duties::conflicts;
use domain::identity::users::{OUT_OF_REACH, User};
use domain::ids::{RoleAssignmentId, UserId};
use persistence::identity::{role_assignments as rows, roles};

use super::users::{to_change, within_reach};
use crate::prelude::*;
use crate::table::Noun;

pub(super) fn operations(users: &mut Noun<'_, User>) {
    let mut p = users.part::<RoleAssignment>("roles");
    p.list_with(list, "List the roles of a user.");
    p.create(create, "Give a user a role. It counts at once. `sod_conflicts` names pairs of duties that are now in one hand.")
        .fails(&[ALREADY_ASSIGNED, OUT_OF_REACH]);
    p.delete(delete, "Take a role from a user. It counts at once. If-Match is the version of the user.").fails(&[OUT_OF_REACH]);
}

fn list(cx: &mut Cx, user: UserId, mut list: List) -> Result<Page<RoleAssignment>> {
    cx.find::<User>(user)?;
    list.only("user_id", user.uuid());
    cx.page(list)
}

fn create(cx: &mut Cx, user: UserId, new: NewRoleAssignment) -> Result<RoleAssignment> {
    cx.find::<User>(user)?;
    within_reach(cx, user)?;
    let role = cx.refer::<Role>("/role_id", new.role_id)?;
    assign(cx, user, &role)
}

/// Gives a role, and says which duties that brings together.
pub(super) fn assign(cx: &mut Cx, user: UserId, role: &Role) -> Result<RoleAssignment> {
    if rows::exists(cx.db(), user, role.id)? {
        return Err(ALREADY_ASSIGNED.with(format!("The user has the role {} already.", role.code)));
    }
    let made = RoleAssignment { id: cx.new_id(), version: 1, user_id: user, role_id: role.id, sod_conflicts: vec![], created_at: cx.now };
    let made = cx.create(made)?;
    let all = roles::of_user(cx.db(), user)?;
    let sod_conflicts = conflicts(&Permissions::of(all.iter().flat_map(|r| &r.permissions)));
    Ok(RoleAssignment { sod_conflicts, ..made })
}

fn delete(cx: &mut Cx, user: UserId, id: RoleAssignmentId) -> Result<()> {
    to_change(cx, user)?;
    let assignment = cx.find::<RoleAssignment>(id)?;
    if assignment.user_id != user {
        return Err(problems::not_found.into());
    }
    cx.remove(assignment)
}
