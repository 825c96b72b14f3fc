//! The people who log in. Whoever holds less than another cannot touch that account, or they would take over what they
//! were not given.

use domain::identity::authority::LAST_OWNER;
use domain::identity::passwords::POLICY;
use domain::identity::second_factors::NOT_ENABLED;
use domain::identity::sessions::RevocationReason;
use domain::identity::users::{
    DISABLED, EMAIL_TAKEN, INVALID_EMAIL, NewUser, OUT_OF_REACH, OWN_ACCOUNT, OneTimePassword, ResetPassword, UNKNOWN_TIME_ZONE, User,
    UserPatch, UserStatus,
};
use domain::ids::UserId;
use persistence::identity::{credentials, users as rows};
use serde_json::Value;

use super::authority::{judge_account, keep_an_owner};
use super::{company_grants, me, passwords, role_assignments, second_factors, secrets, sessions};
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    let mut n = t.noun::<User>("identity/users", "The people who log in.");
    n.list("List users.").filter(&["status", "email"]).search(&["search"]).sort(&["name", "email"]);
    n.create(create, "Create a user. Roles and companies are given to it separately. With a password the user can log in and must change it at once, unless you say otherwise.")
        .before(hash_first)
        .fails(&[INVALID_EMAIL, EMAIL_TAKEN, UNKNOWN_TIME_ZONE])
        .fails(POLICY);
    n.read("Get a user.");
    n.update(update, "Change a user. Like everything that is done to an account, it needs every permission and company that the user has.")
        .fails(&[INVALID_EMAIL, EMAIL_TAKEN, UNKNOWN_TIME_ZONE, OUT_OF_REACH]);
    n.action("disable", disable, "Disable a user. All sessions end and all API keys are invalid at once.").fails(&[
        OWN_ACCOUNT,
        OUT_OF_REACH,
        LAST_OWNER,
    ]);
    n.action("enable", enable, "Enable a disabled user. API keys live again, sessions do not.").fails(&[OUT_OF_REACH]);
    n.action("revoke-sessions", revoke_sessions, "End all sessions of a user.").fails(&[OUT_OF_REACH]);
    n.command_on(
        "reset-password",
        reset_password,
        "Reset the password of a user. The answer shows, this once, a password that is valid for one log-in; the user must change it before anything else is allowed. All sessions end.",
    )
    .before(make_password)
    .shown_once(&["password"])
    .fails(&[OUT_OF_REACH])
    .fails(POLICY);
    n.action("remove-second-factor", remove_second_factor, REMOVE_SECOND_FACTOR).fails(&[OUT_OF_REACH, NOT_ENABLED]);
    company_grants::operations(&mut n);
    role_assignments::operations(&mut n);
}

const REMOVE_SECOND_FACTOR: &str = "Remove the second factor of a user who has lost the device and the recovery codes. Log-in needs the \
password alone until the user sets up another.";

/// The user whom a field of the body gives something to; `pointer` names the field.
///
/// # Errors
/// `unknown_reference`, or [`DISABLED`]: whoever may not log in works on nothing.
pub fn refer_active(cx: &mut Cx, pointer: &str, id: UserId) -> Result<User> {
    let user = cx.refer::<User>(pointer, id)?;
    match user.status {
        UserStatus::Active => Ok(user),
        UserStatus::Disabled => Err(DISABLED.field(pointer, format!("{} is disabled. Name another user.", user.name))),
    }
}

/// Those of these users who may log in, in the order given.
pub fn active(cx: &mut Cx, ids: &[UserId]) -> Result<Vec<UserId>> {
    let known = cx.find_all::<User>(ids)?;
    let may = |id: &UserId| known.iter().any(|u| u.id == *id && u.status == UserStatus::Active);
    Ok(ids.iter().copied().filter(may).collect())
}

/// This user, while they may log in.
pub fn if_active(cx: &mut Cx, id: Option<UserId>) -> Result<Option<UserId>> {
    Ok(active(cx, id.as_slice())?.pop())
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

/// The user to change, when the caller may touch the account.
pub(super) fn to_change(cx: &mut Cx, id: UserId) -> Result<User> {
    let user = cx.load_for_update::<User>(id)?;
    judge_account(cx, id)?;
    Ok(user)
}

fn update(cx: &mut Cx, id: UserId, patch: UserPatch) -> Result<User> {
    let before = to_change(cx, id)?;
    let after = before.clone().updated(patch)?;
    free_address(cx, &after)?;
    cx.save(&before, after, "updated")
}

pub(super) fn disable(cx: &mut Cx, id: UserId) -> Result<User> {
    keep_an_owner(cx, |cx| {
        let before = to_change(cx, id)?;
        let after = before.clone().disable(cx.caller.user_id)?;
        let now = cx.now;
        persistence::identity::sessions::revoke_all(cx.db(), id, None, RevocationReason::UserDisabled, now)?;
        cx.save(&before, after, "disabled")
    })
}

pub(super) fn enable(cx: &mut Cx, id: UserId) -> Result<User> {
    let before = to_change(cx, id)?;
    let after = before.clone().enable()?;
    cx.save(&before, after, "enabled")
}

fn revoke_sessions(cx: &mut Cx, id: UserId) -> Result<User> {
    let user = to_change(cx, id)?;
    sessions::end_all(cx, &user, RevocationReason::Revoked)?;
    Ok(user)
}

fn remove_second_factor(cx: &mut Cx, id: UserId) -> Result<User> {
    let user = to_change(cx, id)?;
    second_factors::without(cx, user)
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
