//! Log-in and what follows from it. Unknown user, wrong password and disabled user get the same answer after the same
//! work. A session begins only while the password that was compared is still the password of an active user. A refresh
//! token is good once: a repetition by the same client is answered again for a moment, any other second use ends the
//! session, because one of the two users is a thief.

use std::sync::Arc;

use domain::identity::permissions::Permissions;
use domain::identity::second_factors::CODE_REQUIRED;
use domain::identity::sessions::{
    ACCESS_LIFETIME, LoggedOut, Login, NO_SESSION, REFRESH_LIFETIME, Refresh, RevocationReason, Session, TokenType, Tokens, is_repetition,
};
use domain::identity::users::{OUT_OF_REACH, User, UserStatus, normal_email};
use domain::ids::SessionId;
use persistence::identity::{credentials, sessions as rows, users};
use persistence::record;

use super::authentication::user_caller;
use super::authority::{judge_account, knows};
use super::secrets::{REFRESH_PREFIX, hash, secret};
use super::throttle::Attempt;
use super::tokens::Claims;
use super::{second_factors, signing_keys};
use crate::caller::Companies;
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    t.tag("identity", "Log-in and log-out.");
    t.command_outside(
        "login",
        "identity/login",
        login,
        "Log in with e-mail address and password, and with a code for an account that has a second factor. Answers an access token for 15 minutes and a refresh token. Ten failures from one address make it wait, longer with each further one.",
    )
    .public()
    .fails(&[problems::unauthenticated, CODE_REQUIRED]);
    t.command_outside(
        "refresh",
        "identity/refresh",
        refresh,
        "Exchange a refresh token for new tokens. Each refresh token is good once. The same client may repeat the exchange for ten seconds, when two of its windows refresh at once or an answer was lost; any other second use ends the session.",
    )
    .public()
    .fails(&[problems::unauthenticated]);
    t.command_without_body("logout", "identity/logout", logout, "Log out. Ends the session of the access token that the request carries.")
        .for_everybody()
        .fails(&[NO_SESSION]);
    t.command_without_body("logout_all", "identity/logout-all", logout_all, "Log out everywhere. Ends all your sessions.")
        .for_everybody()
        .fails(&[NO_SESSION]);
    t.rows("identity/my-sessions", mine, "List your own sessions.").for_everybody().filter(&["status"]).sort(&["refreshed_at"]);
    let mut n = t.noun::<Session>("identity/sessions", "Who is logged in, and from where.");
    n.list_with(list, "List sessions of all users. Those of users who have companies that you do not have are left out.")
        .filter(&["user_id", "status", "refreshed_at", "expires_at"])
        .sort(&["refreshed_at", "expires_at"]);
    n.read_with(read, "Get a session.");
    n.action("revoke", revoke, "End a session. Its tokens are invalid at once.").fails(&[OUT_OF_REACH]);
}

/// The one refusal of a log-in.
fn refused() -> Problem {
    problems::unauthenticated.with("The e-mail address, the password or the code is wrong, or the account may not log in.")
}

fn login(o: &Origin, body: Login) -> Result<Tokens> {
    let app = &o.app;
    let email = normal_email(&body.email);
    let address = o.address().unwrap_or_else(|| "unknown".into());
    let attempt = Attempt::begin(app, &email, &address)?;
    let (user, hash) = found(o, &email)?;
    let right = app.identity.hasher.verify(&body.password, hash.as_deref())?;
    let (Some(user), Some(hash)) = (user.filter(|u| right && u.status == UserStatus::Active), hash) else {
        attempt.failed()?;
        log::warn!("a log-in from {address} was refused");
        return Err(refused());
    };
    if user.second_factor_enabled {
        let code = body.code.ok_or(CODE_REQUIRED)?;
        if !second_factors::accepts(o, &author(&user), user.id, code)? {
            attempt.failed()?;
            return Err(refused());
        }
    }
    attempt.succeeded()?;
    begin(o, &user, hash)
}

fn found(o: &Origin, email: &str) -> Result<(Option<User>, Option<String>)> {
    o.read(|cx| {
        let Some(user) = users::by_email(cx.db(), email)? else { return Ok((None, None)) };
        let hash = credentials::hash_of(cx.db(), user.id)?;
        Ok((Some(user), hash))
    })
}

/// The user as the author of what a log-in writes; nothing is permitted to it.
pub(super) fn author(user: &User) -> Arc<Caller> {
    let rights = super::authentication::Rights {
        roles: vec![],
        permissions: Permissions::default(),
        companies: Companies::These(Default::default()),
    };
    Arc::new(user_caller(user, rights, None))
}

/// Begins a session and hands out its first tokens, if what was compared is still the hash of the password: a log-in that
/// began before the password changed or the user was disabled ends here.
pub(super) fn begin(o: &Origin, user: &User, compared: String) -> Result<Tokens> {
    let (id, address) = (user.id, o.address());
    let token = secret(REFRESH_PREFIX);
    let kept = hash(&token);
    let begun = o.write_as(&author(user), move |cx| {
        let now = cx.now;
        // whoever changes the password or disables the user locks this row first, too
        let user = cx.load_for_update::<User>(id)?;
        if user.status != UserStatus::Active || credentials::hash_of(cx.db(), id)?.as_deref() != Some(&compared) {
            return Ok(None);
        }
        let session = cx.create(Session::new(cx.new_id(), id, address.clone(), now))?;
        rows::add_refresh_token(cx.db(), uuid::Uuid::now_v7(), session.id, 0, &kept, now + REFRESH_LIFETIME, now)?;
        rows::forget_refresh_tokens(cx.db(), now - chrono::Duration::days(1))?;
        Ok(Some((user, session.id)))
    })?;
    let (user, session) = begun.ok_or_else(refused)?;
    hand_out(o, &user, session, token)
}

fn hand_out(o: &Origin, user: &User, session: SessionId, refresh_token: String) -> Result<Tokens> {
    let now = o.app.clock.now();
    let claims = Claims::new(&o.app.identity.settings().names, user.id, session, secret(""), now);
    Ok(Tokens {
        access_token: signing_keys::sign(&o.app, &claims)?,
        token_type: TokenType::Bearer,
        expires_in: i32::try_from(ACCESS_LIFETIME.num_seconds()).unwrap_or(i32::MAX),
        refresh_token,
        must_change_password: user.must_change_password,
    })
}

fn refresh(o: &Origin, body: Refresh) -> Result<Tokens> {
    let given = hash(&body.refresh_token);
    let user = o.read(|cx| {
        let Some(token) = rows::refresh_token(cx.db(), &given)? else { return Ok(None) };
        let Some(session) = record::find::<Session>(cx.db(), token.session_id.uuid())? else { return Ok(None) };
        Ok(record::find::<User>(cx.db(), session.user_id.uuid())?)
    })?;
    let refused = || problems::unauthenticated.with("The refresh token is not valid.");
    let user = user.filter(|u| u.status == UserStatus::Active).ok_or_else(refused)?;
    let next = secret(REFRESH_PREFIX);
    let kept = hash(&next);
    let client = client_of(o);
    let session = o.write_as(&author(&user), move |cx| exchange(cx, &given, &kept, &client))?;
    hand_out(o, &user, session.ok_or_else(refused)?, next)
}

/// What tells one client from another: its network address and what it calls itself. Only a hash is kept.
fn client_of(o: &Origin) -> [u8; 32] {
    let agent = o.caller.user_agent.as_deref().unwrap_or_default();
    hash(&format!("client {} {agent}", o.address().unwrap_or_default()))
}

/// Uses up a refresh token and keeps the next one. `None` when it is not good; that must be committed, because a second
/// use ends the session.
fn exchange(cx: &mut Cx, given: &[u8], next: &[u8], client: &[u8]) -> Result<Option<SessionId>> {
    let now = cx.now;
    let Some(found) = rows::refresh_token(cx.db(), given)? else { return Ok(None) };
    let session = cx.load_for_update::<Session>(found.session_id)?;
    // read again, now that nobody else uses a token of the session
    let Some(token) = rows::refresh_token(cx.db(), given)? else { return Ok(None) };
    if !session.is_alive(now) || token.expires_at <= now {
        return Ok(None);
    }
    let good = match token.used_at {
        None => rows::use_refresh_token(cx.db(), token.id, client, now)?,
        Some(used_at) => {
            let replacement_used = rows::later_token_used(cx.db(), session.id, token.generation)?;
            is_repetition(used_at, token.used_by.as_deref() == Some(client), replacement_used, now)
        }
    };
    if !good {
        let ended = session.clone().revoke(RevocationReason::TokenReused, now)?;
        cx.save(&session, ended, "revoked")?;
        log::warn!("a refresh token was used twice; the session {} has ended", session.id);
        return Ok(None);
    }
    let expires_at = (now + REFRESH_LIFETIME).min(session.expires_at);
    rows::add_refresh_token(cx.db(), uuid::Uuid::now_v7(), session.id, token.generation + 1, next, expires_at, now)?;
    let refreshed = Session { refreshed_at: now, ..session.clone() };
    Ok(Some(cx.save(&session, refreshed, "refreshed")?.id))
}

fn logout(cx: &mut Cx) -> Result<LoggedOut> {
    let id = cx.caller.session_id.map(SessionId::from_uuid).ok_or_else(|| Problem::from(NO_SESSION))?;
    let session = cx.load_for_update::<Session>(id)?;
    let ended = session.clone().revoke(RevocationReason::Logout, cx.now)?;
    cx.save(&session, ended, "revoked")?;
    Ok(LoggedOut { sessions_ended: 1 })
}

fn logout_all(cx: &mut Cx) -> Result<LoggedOut> {
    let id = cx.caller.user_id.filter(|_| cx.caller.api_key_id.is_none()).ok_or_else(|| Problem::from(NO_SESSION))?;
    let user = cx.find::<User>(id)?;
    Ok(LoggedOut { sessions_ended: end_all(cx, &user, RevocationReason::Logout)? })
}

/// Ends all sessions of a user and tells it; how many.
pub(super) fn end_all(cx: &mut Cx, user: &User, reason: RevocationReason) -> Result<i32> {
    let now = cx.now;
    let ended = rows::revoke_all(cx.db(), user.id, None, reason, now)?;
    cx.emit(Event::of("sessions_revoked", user));
    Ok(i32::try_from(ended).unwrap_or(i32::MAX))
}

fn list(cx: &mut Cx, mut list: List) -> Result<Page<Session>> {
    let caller = cx.caller.clone();
    let own = caller.user_id.filter(|_| caller.api_key_id.is_none());
    if let Some(known) = rows::known_to(&caller.companies, own) {
        list.condition(known);
    }
    cx.page(list)
}

fn read(cx: &mut Cx, id: SessionId) -> Result<Session> {
    cx.find_seen::<Session>(id, is_known)
}

/// Whether the caller may know of a session: by the companies of its user, as the list has it.
fn is_known(cx: &mut Cx, session: &Session) -> Result<bool> {
    knows(cx, session.user_id)
}

fn mine(cx: &mut Cx, mut list: List) -> Result<Page<Session>> {
    let id = cx.caller.user_id.map_or(uuid::Uuid::nil(), |u| u.uuid());
    list.only("user_id", id);
    cx.page(list)
}

fn revoke(cx: &mut Cx, id: SessionId) -> Result<Session> {
    let session = cx.load_seen_for_update::<Session>(id, is_known)?;
    judge_account(cx, session.user_id)?;
    let ended = session.clone().revoke(RevocationReason::Revoked, cx.now)?;
    cx.save(&session, ended, "revoked")
}
