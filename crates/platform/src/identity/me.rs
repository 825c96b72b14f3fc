//! What everybody may do with the own account.

use domain::directory::companies::Company;
use domain::identity::me::{MOST_NAMED, Me, NO_PICTURE, OwnCompany, judge_picture};
use domain::identity::passwords::{POLICY, PasswordChange, UNCHANGED, WRONG};
use domain::identity::sessions::{NO_SESSION, RevocationReason, Tokens};
use domain::identity::users::{OwnPatch, UNKNOWN_TIME_ZONE, User};
use domain::ids::{ApiKeyId, SessionId};
use domain::platform::files::StoredFile;
use persistence::identity::{credentials, people};

use super::authentication::rights_of;
use super::authority::held;
use super::throttle::Attempt;
use super::{passwords, sessions};
use crate::caller::Companies;
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    t.read_own("identity/me", me, "Get yourself. Who you are, what you may do and in which companies.").for_everybody();
    t.update_own("identity/me", update, "Change yourself: name, language, time zone and picture. Only in a session.").for_users().fails(&[
        NO_SESSION,
        UNKNOWN_TIME_ZONE,
        NO_PICTURE,
    ]);
    t.command_outside(
        "change_own_password",
        "identity/me/password",
        change_password,
        "Change your password. All your sessions end; the answer has the tokens of a new one. A password is 15 to 1024 characters that are hard to guess; there are no other rules.",
    )
    .for_everybody()
    .fails(&[NO_SESSION, WRONG, UNCHANGED])
    .fails(POLICY);
}

fn update(cx: &mut Cx, patch: OwnPatch) -> Result<(Me, i64)> {
    let id = cx.caller.user_id.filter(|_| cx.caller.session_id.is_some()).ok_or_else(|| Problem::from(NO_SESSION))?;
    let before = cx.load_for_update::<User>(id)?;
    let after = before.clone().changed_by_itself(patch)?;
    if let Some(file) = after.picture_id.filter(|_| after.picture_id != before.picture_id) {
        let file = cx.refer::<StoredFile>("/picture_id", file)?;
        judge_picture(file.id, &file.media_type, file.size)?;
    }
    cx.save(&before, after, "updated")?;
    me(cx)
}

fn me(cx: &mut Cx) -> Result<(Me, i64)> {
    let caller = cx.caller.clone();
    let id = caller.user_id.ok_or_else(|| Problem::from(problems::not_found))?;
    let user = cx.find::<User>(id)?;
    let rights = rights_of(cx.db(), id)?;
    let (all_companies, company_ids) = match &caller.companies {
        Companies::All => (true, vec![]),
        Companies::These(ids) => (false, ids.iter().copied().collect()),
    };
    let mut first = List::first(MOST_NAMED as i64);
    first.query.order.insert(0, persistence::Order { column: "name", descending: false, nullable: false });
    let companies = cx.page::<Company>(first)?.data.into_iter();
    let companies = companies.map(|c| OwnCompany { id: c.id, code: c.code, name: c.name, currency: c.currency, time_zone: c.time_zone });
    let mut teams = people::teams_of(cx.db(), &[id])?.remove(&id).unwrap_or_default();
    teams.retain(|team| caller.companies.contain(team.company_id));
    teams.truncate(MOST_NAMED);
    let version = user.version;
    let me = Me {
        companies: companies.collect(),
        teams,
        user,
        roles: rights.roles.into_iter().map(|r| r.code).collect(),
        permissions: caller.permissions.to_vec(),
        all_companies,
        company_ids,
        session_id: caller.session_id.map(SessionId::from_uuid),
        api_key_id: caller.api_key_id.map(ApiKeyId::from_uuid),
    };
    Ok((me, version))
}

fn change_password(o: &Origin, body: PasswordChange) -> Result<Tokens> {
    let state = &o.app.identity;
    let id = o.caller.user_id.filter(|_| o.caller.session_id.is_some()).ok_or_else(|| Problem::from(NO_SESSION))?;
    let (user, known) = o.read(|cx| {
        let user = cx.find::<User>(id)?;
        Ok((user, credentials::hash_of(cx.db(), id)?))
    })?;
    passwords::judge(&body.new_password, &[&user.email, &user.name], "/new_password")?;
    // guessing the current password in a stolen session is slowed down like a log-in
    let address = o.address().unwrap_or_else(|| "unknown".into());
    let attempt = Attempt::begin(&o.app, &user.email, &address)?;
    if !state.hasher.verify(&body.current_password, known.as_deref())? {
        attempt.failed()?;
        return Err(WRONG.field("/current_password", "The current password is wrong."));
    }
    attempt.succeeded()?;
    if passwords::same(&body.current_password, &body.new_password) {
        return Err(UNCHANGED.field("/new_password", "The new password is the current one."));
    }
    let hash = state.hasher.hash(&body.new_password)?;
    let new = hash.clone();
    let user = o.write_as(&o.caller, move |cx| {
        // locked before it is judged: the password that was compared may have been replaced meanwhile, and the session ended
        cx.load_for_update::<User>(id)?;
        held(cx)?;
        if credentials::hash_of(cx.db(), id)? != known {
            return Err(WRONG.field("/current_password", "The current password is wrong."));
        }
        set(cx, id, &new, false, "password_changed")
    })?;
    sessions::begin(o, &user, hash)
}

/// Sets the hash of a password and ends all sessions that came of the old one.
pub(super) fn set(cx: &mut Cx, id: domain::ids::UserId, hash: &str, must_change: bool, verb: &str) -> Result<User> {
    let now = cx.now;
    let user = cx.load_for_update::<User>(id)?;
    credentials::set(cx.db(), id, hash, now)?;
    persistence::identity::sessions::revoke_all(cx.db(), id, None, RevocationReason::PasswordChanged, now)?;
    let changed = User { must_change_password: must_change, ..user.clone() };
    cx.save(&user, changed, verb)
}
