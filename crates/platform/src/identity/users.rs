//! The people who log in. Whoever has fewer companies than another cannot touch that account, or he would take over
//! what he was not given.

use domain::identity::passwords::POLICY;
use domain::identity::sessions::RevocationReason;
use domain::identity::users::{
    EMAIL_TAKEN, INVALID_EMAIL, NewUser, OUT_OF_REACH, OWN_ACCOUNT, OneTimePassword, ResetPassword, User, UserPatch,
};
use domain::ids::UserId;
use persistence::identity::{company_grants as grants, credentials, users as rows};
use serde_json::Value;

use super::{company_grants, me, passwords, role_assignments, secrets, sessions};
use crate::caller::Companies;
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    let mut n = t.noun::<User>("identity/users", "The people who log in.");
    n.list("List users.").filter(&["status", "email"]).search(&["search"]).sort(&["name", "email"]);
    n.create(create, "Create a user. Roles and companies are given to it separately. With a password the user can log in and must change it at once, unless you say otherwise.")
        .before(hash_first)
        .fails(&[INVALID_EMAIL, EMAIL_TAKEN])
        .fails(POLICY);
    n.read("Get a user.");
    n.update(update, "Change a user.").fails(&[INVALID_EMAIL, EMAIL_TAKEN, OUT_OF_REACH]);
    n.action("disable", disable, "Disable a user. All sessions end and all API keys are dead at once.").fails(&[OWN_ACCOUNT, OUT_OF_REACH]);
    n.action("enable", enable, "Enable a disabled user. API keys live again, sessions do not.").fails(&[OUT_OF_REACH]);
    n.action("revoke-sessions", revoke_sessions, "End all sessions of a user.").fails(&[OUT_OF_REACH]);
    n.command_on(
        "reset-password",
        reset_password,
        "Reset the password of a user. The answer shows a password that is good for one log-in, this once; the user must change it before anything else is allowed. All sessions end.",
    )
    .before(make_password)
    .shown_once(&["password"])
    .fails(&[OUT_OF_REACH])
    .fails(POLICY);
    company_grants::operations(&mut n);
    role_assignments::operations(&mut n);
}

/// The hash of the password in the body, when there is one.
struct Hashed(Option<String>);

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

fn hash_first(o: &Origin, body: &Value) -> Result<Hashed> {
    let Some(password) = body["password"].as_str() else { return Ok(Hashed(None)) };
    passwords::judge(password, &[text(body, "email"), text(body, "name")], "/password")?;
    o.app.identity.hasher.hash(password).map(|h| Hashed(Some(h)))
}

fn create(cx: &mut Cx, new: NewUser) -> Result<User> {
    let hashed = cx.prepared::<Hashed>()?;
    let must_change = new.must_change_password.unwrap_or(true);
    store(cx, new, must_change, hashed.0.as_deref())
}

/// Stores a new user with the hash of the password.
pub(super) fn store(cx: &mut Cx, new: NewUser, must_change: bool, hash: Option<&str>) -> Result<User> {
    let now = cx.now;
    let user = User::new(cx.new_id(), new, must_change, now)?;
    free_address(cx, &user)?;
    let user = cx.create(user)?;
    if let Some(hash) = hash {
        credentials::set(cx.db(), user.id, hash, now)?;
    }
    Ok(user)
}

fn free_address(cx: &mut Cx, user: &User) -> Result<()> {
    match rows::by_email(cx.db(), &user.email)? {
        Some(other) if other.id != user.id => Err(EMAIL_TAKEN.field("/email", "Another user has this e-mail address.")),
        _ => Ok(()),
    }
}

/// Refuses to touch the account of somebody who has companies that the caller has not.
pub(super) fn within_reach(cx: &mut Cx, user: UserId) -> Result<()> {
    let caller = cx.caller.clone();
    let Companies::These(own) = &caller.companies else { return Ok(()) };
    let (all, ids) = grants::of_user(cx.db(), user)?;
    let within = caller.user_id == Some(user) || (!all && ids.iter().all(|c| own.contains(c)));
    if within { Ok(()) } else { Err(OUT_OF_REACH.into()) }
}

/// The user to change, when the caller may touch the account.
pub(super) fn to_change(cx: &mut Cx, id: UserId) -> Result<User> {
    let user = cx.load_for_update::<User>(id)?;
    within_reach(cx, id)?;
    Ok(user)
}

fn update(cx: &mut Cx, id: UserId, patch: UserPatch) -> Result<User> {
    let before = to_change(cx, id)?;
    let after = before.clone().updated(patch)?;
    free_address(cx, &after)?;
    cx.save(&before, after, "updated")
}

fn disable(cx: &mut Cx, id: UserId) -> Result<User> {
    let before = to_change(cx, id)?;
    let after = before.clone().disable(cx.caller.user_id)?;
    let now = cx.now;
    persistence::identity::sessions::revoke_all(cx.db(), id, None, RevocationReason::UserDisabled, now)?;
    cx.save(&before, after, "disabled")
}

fn enable(cx: &mut Cx, id: UserId) -> Result<User> {
    let before = to_change(cx, id)?;
    let after = before.clone().enable()?;
    cx.save(&before, after, "enabled")
}

fn revoke_sessions(cx: &mut Cx, id: UserId) -> Result<User> {
    let user = to_change(cx, id)?;
    sessions::end_all(cx, &user, RevocationReason::Revoked)?;
    Ok(user)
}

/// A password, in the clear when it was made up, and its hash.
struct Made {
    shown: Option<String>,
    hash: String,
}

fn make_password(o: &Origin, body: &Value) -> Result<Made> {
    let hasher = &o.app.identity.hasher;
    match body["password"].as_str() {
        Some(given) => {
            passwords::judge(given, &[], "/password")?;
            Ok(Made { shown: None, hash: hasher.hash(given)? })
        }
        None => {
            let made = secrets::one_time_password();
            Ok(Made { hash: hasher.hash(&made)?, shown: Some(made) })
        }
    }
}

fn reset_password(cx: &mut Cx, id: UserId, _: ResetPassword) -> Result<OneTimePassword> {
    let made = cx.prepared::<Made>()?;
    let user = to_change(cx, id)?;
    let user = me::set(cx, user.id, &made.hash, true, "password_reset")?;
    Ok(OneTimePassword { user_id: user.id, password: made.shown.clone() })
}
