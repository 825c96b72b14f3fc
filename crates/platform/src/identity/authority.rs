//! What the caller and others hold at this moment. Callers are let in by memory for up to two seconds; before anything is
//! changed about who may do what, the database is asked again. The rule itself is [`Authority::judge`].

use domain::identity::api_keys::ApiKey;
use domain::identity::authority::{Authority, Companies, LAST_OWNER};
use domain::identity::catalogue::OWNER;
use domain::identity::permissions::Permissions;
use domain::identity::roles::Role;
use domain::identity::sessions::Session;
use domain::identity::users::{OUT_OF_REACH, User, UserStatus};
use domain::ids::{ApiKeyId, CompanyId, RoleId, UserId};
use persistence::identity::{company_grants as grants, role_assignments, roles};
use persistence::record;

use super::authentication::rights_of;
use crate::prelude::*;

/// What the caller holds now. An API key holds what the key may, not what its user may.
///
/// # Errors
/// `unauthenticated` when the user, the session or the key has ended since the caller was let in.
pub fn held(cx: &mut Cx) -> Result<Authority> {
    let caller = cx.caller.clone();
    let known = Authority::new(caller.permissions.clone(), caller.companies.clone());
    // the program itself
    let Some(user) = caller.user_id else { return Ok(known) };
    let now = cx.now;
    let active = record::find::<User>(cx.db(), user.uuid())?.is_some_and(|u| u.status == UserStatus::Active);
    let session = match caller.session_id {
        Some(id) => record::find::<Session>(cx.db(), id)?.is_some_and(|s| s.is_alive(now)),
        None => true,
    };
    let key = match caller.api_key_id {
        Some(id) => record::find::<ApiKey>(cx.db(), id)?.is_some_and(|k| k.is_alive(now)),
        None => true,
    };
    if !(active && session && key) {
        return Err(problems::unauthenticated.with("The access token or API key is not valid any more."));
    }
    Ok(known.intersect(&of_user(cx, user)?))
}

/// What a user holds now, also while it is disabled.
pub fn of_user(cx: &mut Cx, user: UserId) -> Result<Authority> {
    let rights = rights_of(cx.db(), user)?;
    Ok(Authority::new(rights.permissions, rights.companies))
}

/// What a key may now: what it was made with, as far as its user holds it.
pub fn of_key(cx: &mut Cx, key: &ApiKey) -> Result<Authority> {
    let companies = key.company_ids.as_ref().map_or(Companies::All, |ids| Companies::These(ids.iter().copied().collect()));
    let made = Authority::new(Permissions::of(&key.permissions), companies);
    Ok(made.intersect(&of_user(cx, key.user_id)?))
}

/// Refuses to touch an account that holds what the caller does not.
pub fn judge_account(cx: &mut Cx, user: UserId) -> Result<()> {
    let (held, theirs) = (held(cx)?, of_user(cx, user)?);
    held.judge(&[&theirs], OUT_OF_REACH)
}

/// Refuses a change of something that every company shares to whoever does not have all.
///
/// # Errors
/// `company_grant.all_companies_needed`.
pub fn judge_shared(cx: &mut Cx) -> Result<()> {
    held(cx)?.judge_shared()
}

/// Whether somebody with the caller's companies may know details of a user's sessions and keys.
pub fn knows(cx: &mut Cx, user: UserId) -> Result<bool> {
    let caller = cx.caller.clone();
    if caller.companies == Companies::All || (caller.user_id == Some(user) && caller.api_key_id.is_none()) {
        return Ok(true);
    }
    let (all, ids) = grants::of_user(cx.db(), user)?;
    let theirs = if all { Companies::All } else { Companies::These(ids.into_iter().collect()) };
    Ok(caller.companies.cover(&theirs))
}

/// Runs a change that may take somebody's rights away, and refuses it when no owner would be left: nobody could give the
/// rights back. Of several at once each sees what the others did, because all of them lock the role `owner` first.
pub fn keep_an_owner<T>(cx: &mut Cx, change: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
    if let Some(owner) = roles::by_code(cx.db(), OWNER)? {
        record::find_to_change::<Role>(cx.db(), owner.id.uuid())?;
    }
    let before = owners(cx)?;
    let done = change(cx)?;
    if before > 0 && owners(cx)? == 0 { Err(LAST_OWNER.into()) } else { Ok(done) }
}

/// How many active users can do everything everywhere.
fn owners(cx: &mut Cx) -> Result<i64> {
    let roles = roles::all(cx.db())?;
    let all: Vec<RoleId> = roles.iter().filter(|r| permissions_of(r) == Permissions::everything()).map(|r| r.id).collect();
    Ok(role_assignments::owners(cx.db(), &all)?)
}

/// What a role grants.
pub fn permissions_of(role: &Role) -> Permissions {
    Permissions::of(&role.permissions)
}

/// The API key of the caller, when it uses one.
pub fn key_of(caller: &Caller) -> Option<ApiKeyId> {
    caller.api_key_id.map(ApiKeyId::from_uuid)
}

/// One company more.
pub fn with_company(of: &Companies, company: Option<CompanyId>) -> Companies {
    of.union(&company.map_or(Companies::All, |c| Companies::These([c].into())))
}
