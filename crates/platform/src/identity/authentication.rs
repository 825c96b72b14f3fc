//! Who is behind a token. Every refusal looks alike; why it was refused is for the log alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use domain::Result;
use domain::identity::api_keys::{ApiKey, SECRET_PREFIX};
use domain::identity::permissions::Permissions;
use domain::identity::roles::Role;
use domain::identity::sessions::Session;
use domain::identity::signing_keys::LEEWAY;
use domain::identity::users::{User, UserStatus};
use domain::ids::{SessionId, UserId};
use domain::kernel::labels::LabelLanguage;
use domain::kernel::{Id, Problem, problems};
use persistence::identity::{api_keys, company_grants, roles};
use persistence::{Conn, Outcome, record};

use super::secrets::hash;
use super::{signing_keys, tokens};
use crate::app::App;
use crate::caller::{Caller, Companies};

/// The last use of a key is written down no more often than this.
const USE_NOTED_EVERY: Duration = Duration::minutes(5);
const LONGEST_TOKEN: usize = 4096;

/// The one refusal.
fn refused(why: &'static str) -> Problem {
    log::debug!("a token was refused: {why}");
    problems::unauthenticated.with("The access token or API key is not valid.")
}

/// The caller behind a token, when they were let in a moment ago. Asks nobody, and so never waits.
pub fn known(app: &Arc<App>, bearer: &str) -> Option<Arc<Caller>> {
    let readable = !bearer.is_empty() && bearer.len() <= LONGEST_TOKEN && bearer.is_ascii();
    readable.then(|| app.identity.known(&hash(bearer), app.clock.now())).flatten()
}

/// The caller behind a bearer token: an access token or an API key.
///
/// # Errors
/// `unauthenticated`, always the same; `unavailable` when the database cannot be asked.
pub fn authenticate(app: &Arc<App>, bearer: &str) -> Result<Caller> {
    if bearer.is_empty() || bearer.len() > LONGEST_TOKEN || !bearer.is_ascii() {
        return Err(refused("not a token"));
    }
    let now = app.clock.now();
    let token = hash(bearer);
    if let Some(caller) = app.identity.known(&token, now) {
        return Ok(Caller::clone(&caller));
    }
    let generation = app.identity.generation();
    let (caller, until) = match bearer.starts_with(SECRET_PREFIX) {
        true => by_key(app, &token, now)?,
        false => by_token(app, bearer, now)?,
    };
    app.identity.remember(token, Arc::new(caller.clone()), generation, until);
    Ok(caller)
}

fn by_token(app: &Arc<App>, bearer: &str, now: DateTime<Utc>) -> Result<(Caller, DateTime<Utc>)> {
    let kid = tokens::kid_of(bearer).map_err(|e| refused(e.0))?;
    let key = signing_keys::verifying(app, &kid)?.ok_or_else(|| refused("an unknown or dead key"))?;
    let claims = tokens::verify(bearer, &key, &app.identity.settings().names, now).map_err(|e| refused(e.0))?;
    let (user_id, session_id) = claims.ids().map_err(|e| refused(e.0))?;
    let found = app.db.read_short(|conn| -> Result<_> {
        let session = record::find::<Session>(conn, session_id.uuid())?;
        let alive = session.is_some_and(|s| s.is_alive(now) && s.user_id == user_id);
        if alive { active_user(conn, user_id) } else { Ok(None) }
    })?;
    let (user, rights) = found.ok_or_else(|| refused("the session or the user is gone"))?;
    let until = DateTime::from_timestamp(claims.exp, 0).unwrap_or(now) + LEEWAY;
    Ok((user_caller(&user, rights, Some(session_id)), until))
}

fn by_key(app: &Arc<App>, token: &[u8; 32], now: DateTime<Utc>) -> Result<(Caller, DateTime<Utc>)> {
    let found = app.db.read_short(|conn| -> Result<_> {
        let Some(key) = api_keys::by_secret(conn, token, now)?.filter(|k| k.is_alive(now)) else { return Ok(None) };
        let owner = active_user(conn, key.user_id)?;
        Ok(owner.map(|(user, rights)| (key, user, rights)))
    })?;
    let (key, user, rights) = found.ok_or_else(|| refused("no such key, or its user is gone"))?;
    note_use(app, &key, now);
    let until = key.expires_at;
    let companies = match (&key.company_ids, rights.companies) {
        (None, all) => all,
        (Some(ids), Companies::All) => Companies::These(ids.iter().copied().collect()),
        (Some(ids), Companies::These(own)) => Companies::These(ids.iter().copied().filter(|c| own.contains(c)).collect()),
    };
    let caller = Caller {
        user_id: Some(key.user_id),
        api_key_id: Some(key.id.uuid()),
        session_id: None,
        id: key.id.to_string(),
        name: key.name,
        permissions: Permissions::of(&key.permissions).intersect(&rights.permissions),
        companies,
        user_agent: None,
        time_zone: time_zone_of(&user),
        language: LabelLanguage::English,
        must_change_password: false,
        address: None,
    };
    Ok((caller, until))
}

/// Writes down that a key was used, now and then, and without making the request wait or fail.
fn note_use(app: &Arc<App>, key: &ApiKey, now: DateTime<Utc>) {
    let limit = now - USE_NOTED_EVERY;
    if key.last_used_at.is_some_and(|t| t >= limit) {
        return;
    }
    let id = key.id;
    let job = move |conn: &mut Conn<'_>| api_keys::touch(conn, id, now, limit).map(Outcome::Keep);
    app.db.submit(Box::new(job), |done: Result<(), persistence::Error>| {
        if let Err(e) = done {
            log::debug!("the use of a key was not noted: {e}");
        }
    });
}

/// What a user may, and where.
pub(super) struct Rights {
    /// By code.
    pub roles: Vec<Role>,
    pub permissions: Permissions,
    pub companies: Companies,
}

/// The rights of a user as the database has them now.
pub(super) fn rights_of(conn: &mut Conn<'_>, user: UserId) -> Result<Rights> {
    let roles = roles::of_user(conn, user)?;
    let permissions = Permissions::of(roles.iter().flat_map(|r| &r.permissions));
    let companies = match company_grants::of_user(conn, user)? {
        (true, _) => Companies::All,
        (false, ids) => Companies::These(ids.into_iter().collect::<BTreeSet<_>>()),
    };
    Ok(Rights { roles, permissions, companies })
}

fn active_user(conn: &mut Conn<'_>, id: UserId) -> Result<Option<(User, Rights)>> {
    let user = record::find::<User>(conn, id.uuid())?.filter(|u| u.status == UserStatus::Active);
    user.map(|u| Ok((u, rights_of(conn, id)?))).transpose()
}

fn time_zone_of(user: &User) -> Option<chrono_tz::Tz> {
    user.time_zone.as_deref().and_then(|name| name.parse().ok())
}

/// A user as a caller, with the rights of this moment; nothing for one who may not log in. For what is done on a user's behalf, or
/// only if the user may see it.
pub(crate) fn caller_of(conn: &mut Conn<'_>, id: UserId) -> Result<Option<Caller>> {
    Ok(active_user(conn, id)?.map(|(user, rights)| user_caller(&user, rights, None)))
}

/// A user who logged in.
pub(super) fn user_caller(user: &User, rights: Rights, session: Option<SessionId>) -> Caller {
    Caller {
        user_id: Some(user.id),
        api_key_id: None,
        session_id: session.map(Id::uuid),
        id: user.id.to_string(),
        name: user.name.clone(),
        permissions: if user.must_change_password { Permissions::default() } else { rights.permissions },
        companies: rights.companies,
        user_agent: None,
        time_zone: time_zone_of(user),
        language: LabelLanguage::English,
        must_change_password: user.must_change_password,
        address: None,
    }
}
