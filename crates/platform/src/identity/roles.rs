//! Roles, and the upkeep of the ready-made ones. Nobody makes a role, or changes one, that grants what they do not have.

use std::sync::Arc;

use domain::identity::authority::{Authority, LAST_OWNER};
use domain::identity::catalogue::ROLES;
use domain::identity::permissions::{INVALID_PATTERN, Permissions};
use domain::identity::roles::{ASSIGNED, NewRole, READY_MADE, ROLE_OUT_OF_REACH, Role, RolePatch, RoleSodConflicts};
use domain::identity::separation_of_duties::conflicts;
use domain::ids::RoleId;
use persistence::identity::{company_grants, roles as rows};

use super::authority::{held, keep_an_owner, permissions_of};
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    let mut n = t.noun::<Role>("identity/roles", "Named sets of permissions.");
    n.list("List roles.").filter(&["code", "ready_made"]).search(&["name", "code"]).sort(&["name", "code"]);
    n.create(create, "Create a role. `sales.orders.*` grants everything on orders, `*.*.read` reading everywhere. You need every permission that it grants.")
        .fails(&[INVALID_PATTERN, ROLE_OUT_OF_REACH]);
    n.read("Get a role.");
    n.update(update, "Change a role. It counts at once for everybody who has it. You need every permission that it grants, before and after, and every company of the users who have it. Ready-made roles do not change.")
        .fails(&[INVALID_PATTERN, READY_MADE, ROLE_OUT_OF_REACH, LAST_OWNER]);
    n.delete(delete, "Delete a role that is not assigned to any user.").fails(&[READY_MADE, ASSIGNED, ROLE_OUT_OF_REACH]);
    n.view("sod-conflicts", sod_conflicts, "Get the conflicts of a role. The pairs of duties that it alone puts into one hand.");
}

fn create(cx: &mut Cx, new: NewRole) -> Result<Role> {
    let given = new.permissions.clone();
    let role = Role::new(cx.new_id(), new, cx.now)?;
    held(cx)?.judge_given(&given, "/permissions", ROLE_OUT_OF_REACH)?;
    if rows::by_code(cx.db(), &role.code)?.is_some() {
        return Err(problems::already_exists.field("/code", "Another role has this code."));
    }
    cx.create(role)
}

fn update(cx: &mut Cx, id: RoleId, patch: RolePatch) -> Result<Role> {
    let before = cx.load_for_update::<Role>(id)?;
    let given = patch.permissions.clone().unwrap_or_default();
    let after = before.clone().updated(patch)?;
    keep_an_owner(cx, |cx| {
        let held = held(cx)?;
        held.judge_given(&given, "/permissions", ROLE_OUT_OF_REACH)?;
        let holders = company_grants::of_holders(cx.db(), id)?;
        let at_holders = |role: &Role| Authority::new(permissions_of(role), holders.clone());
        held.judge(&[&at_holders(&before), &at_holders(&after)], ROLE_OUT_OF_REACH)?;
        cx.save(&before, after, "updated")
    })
}

fn delete(cx: &mut Cx, id: RoleId) -> Result<()> {
    let role = cx.load_for_update::<Role>(id)?;
    role.check_own()?;
    if rows::is_assigned(cx.db(), id)? {
        return Err(ASSIGNED.into());
    }
    held(cx)?.judge(&[&Authority::anywhere(permissions_of(&role))], ROLE_OUT_OF_REACH)?;
    cx.remove(role)
}

fn sod_conflicts(cx: &mut Cx, id: RoleId, _: NoFilter) -> Result<RoleSodConflicts> {
    let role = cx.find::<Role>(id)?;
    Ok(RoleSodConflicts { role_id: role.id, conflicts: conflicts(&Permissions::of(&role.permissions)) })
}

/// Brings the ready-made roles in the database up to what this release ships.
pub(super) fn keep_up(app: &Arc<App>) -> Result<()> {
    match install(app) {
        // another replica that starts at the same moment was faster; what is left to do is seen now
        Err(p) if p.code() == problems::already_exists => install(app),
        done => done,
    }
}

fn install(app: &Arc<App>) -> Result<()> {
    let system = Arc::new(Caller::system());
    let behind = app.read(&system, |cx| {
        let there = rows::all(cx.db())?;
        Ok(ROLES.iter().any(|shipped| !there.iter().any(|r| r.code == shipped.code && (!r.ready_made || is_as_shipped(r)))))
    })?;
    if !behind {
        return Ok(());
    }
    app.write(&system, |cx| {
        for shipped in ROLES {
            let now = cx.now;
            let wanted = Role {
                id: cx.new_id(),
                version: 1,
                code: shipped.code.into(),
                name: shipped.name.into(),
                description: shipped.description.into(),
                permissions: Permissions::of(shipped.permissions).to_vec(),
                ready_made: true,
                created_at: now,
                updated_at: now,
            };
            match rows::by_code(cx.db(), shipped.code)? {
                None => drop(cx.create(wanted)?),
                Some(own) if !own.ready_made => log::warn!("the role {} is your own; the ready-made one is not installed", own.code),
                Some(there) if is_as_shipped(&there) => {}
                Some(there) => {
                    let there = cx.load_for_update::<Role>(there.id)?;
                    let wanted = Role { id: there.id, version: there.version, created_at: there.created_at, ..wanted };
                    cx.save(&there, wanted, "updated")?;
                }
            }
        }
        Ok(())
    })
}

fn is_as_shipped(role: &Role) -> bool {
    ROLES
        .iter()
        .filter(|s| s.code == role.code)
        .any(|s| role.name == s.name && role.description == s.description && role.permissions == Permissions::of(s.permissions).to_vec())
}
