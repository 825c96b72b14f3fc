//! How programs log in. A key is shown once, to its own user; what is kept is its hash. A key acts within itself: it makes
//! no key that may more or lives longer, and what it made ends with it.

use domain::identity::api_keys::{
    ApiKey, ApiKeyStatus, INVALID_EXPIRY, KEY_OUT_OF_REACH, Maker, NOT_THE_OWNER, NewApiKey, REVOKED, RotateApiKey, SECRET_PREFIX, TOO_WIDE,
};
use domain::identity::permissions::INVALID_PATTERN;
use domain::identity::sessions::NO_SESSION;
use domain::ids::ApiKeyId;
use persistence::identity::api_keys as rows;
use persistence::record;

use super::authority::{held, key_of, knows, of_key};
use super::secrets::{hash, secret};
use crate::caller::Companies;
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    let mut n = t.noun::<ApiKey>("identity/api-keys", "Keys for programs, with a part of the rights of the user who made them.");
    n.list_with(list, "List API keys. Keys of users who have companies that you do not have are left out.")
        .filter(&["user_id", "status", "name", "expires_at", "last_used_at"])
        .sort(&["name", "expires_at", "last_used_at"]);
    n.create(
        create,
        "Create an API key. `key` is shown this once. It acts in your name, may at most what you may, and loses what you lose. A key that is created by a key ends with it.",
    )
    .shown_once(&["key"])
    .fails(&[TOO_WIDE, INVALID_EXPIRY, INVALID_PATTERN, NO_SESSION]);
    n.read_with(read, "Get an API key, without the key itself.");
    n.delete(delete, "Delete an API key. It is invalid at once, and so are the keys that it created.").fails(&[KEY_OUT_OF_REACH]);
    n.action("revoke", revoke, "Revoke an API key. It is invalid at once and permanently, and so are the keys that it created.")
        .fails(&[REVOKED, KEY_OUT_OF_REACH]);
    n.action_with("rotate", rotate, "Replace an API key of your own by another with the same rights. `key` is shown this once; the old one becomes invalid at once, or after `overlap_seconds`. A key can replace itself and the keys that it created.")
        .shown_once(&["key"])
        .fails(&[REVOKED, NOT_THE_OWNER, KEY_OUT_OF_REACH]);
}

fn end_of(key: &str) -> String {
    key.chars().skip(key.chars().count().saturating_sub(4)).collect()
}

fn list(cx: &mut Cx, mut list: List) -> Result<Page<ApiKey>> {
    let caller = cx.caller.clone();
    if let Some(known) = rows::known_to(&caller.companies, caller.user_id, key_of(&caller)) {
        list.condition(known);
    }
    cx.page(list)
}

fn read(cx: &mut Cx, id: ApiKeyId) -> Result<ApiKey> {
    cx.find_seen::<ApiKey>(id, is_known)
}

/// Whether the caller may know of a key: by the companies of its user, as the list has it.
fn is_known(cx: &mut Cx, key: &ApiKey) -> Result<bool> {
    let own = key_of(&cx.caller).is_some_and(|own| own == key.id || Some(own) == key.parent_id);
    Ok(own || knows(cx, key.user_id)?)
}

fn create(cx: &mut Cx, mut new: NewApiKey) -> Result<ApiKey> {
    let caller = cx.caller.clone();
    let user_id = caller.user_id.ok_or_else(|| Problem::from(NO_SESSION))?;
    // locked, so that it does not end while it makes another
    let parent = match key_of(&caller) {
        Some(id) => Some(record::find_to_change::<ApiKey>(cx.db(), id.uuid())?.ok_or(problems::unauthenticated)?),
        None => None,
    };
    let held = held(cx)?;
    if let (Some(_), Companies::These(own)) = (&parent, &held.companies) {
        // a limited key makes no key that is less limited
        new.company_ids.get_or_insert_with(|| own.iter().copied().collect());
    }
    let key = secret(SECRET_PREFIX);
    let maker = Maker {
        user_id,
        key: parent.map(|k| (k.id, k.expires_at)),
        permissions: &held.permissions,
        has_companies: &|c| held.companies.contain(c),
    };
    let now = cx.now;
    let made = cx.create(ApiKey::new(cx.new_id(), new, &maker, end_of(&key), now)?)?;
    rows::add_secret(cx.db(), uuid::Uuid::now_v7(), made.id, &hash(&key), now)?;
    Ok(ApiKey { key: Some(key), ..made })
}

/// The key to end, when the caller holds what it may.
fn to_end(cx: &mut Cx, id: ApiKeyId) -> Result<ApiKey> {
    let key = cx.load_seen_for_update::<ApiKey>(id, is_known)?;
    let (held, theirs) = (held(cx)?, of_key(cx, &key)?);
    held.judge(&[&theirs], KEY_OUT_OF_REACH)?;
    Ok(key)
}

fn revoke(cx: &mut Cx, id: ApiKeyId) -> Result<ApiKey> {
    let before = to_end(cx, id)?;
    let after = before.clone().revoke()?;
    end_with(cx, id)?;
    let now = cx.now;
    rows::end_secrets(cx.db(), id, now)?;
    cx.save(&before, after, "revoked")
}

/// Revokes what a key that ends has created.
fn end_with(cx: &mut Cx, parent: ApiKeyId) -> Result<()> {
    let now = cx.now;
    for id in rows::descendants(cx.db(), parent)? {
        let Some(key) = record::find_to_change::<ApiKey>(cx.db(), id.uuid())?.filter(|k| k.status == ApiKeyStatus::Active) else {
            continue;
        };
        let dead = key.clone().revoke()?;
        rows::end_secrets(cx.db(), id, now)?;
        cx.save(&key, dead, "revoked")?;
    }
    Ok(())
}

fn rotate(cx: &mut Cx, id: ApiKeyId, how: RotateApiKey) -> Result<ApiKey> {
    let before = cx.load_seen_for_update::<ApiKey>(id, is_known)?;
    owned(cx, &before)?;
    let key = secret(SECRET_PREFIX);
    let now = cx.now;
    let after = before.clone().rotate(end_of(&key))?;
    rows::end_secrets(cx.db(), id, now + chrono::Duration::seconds(how.overlap_seconds.unwrap_or(0).into()))?;
    rows::add_secret(cx.db(), uuid::Uuid::now_v7(), id, &hash(&key), now)?;
    let saved = cx.save(&before, after, "rotated")?;
    Ok(ApiKey { key: Some(key), ..saved })
}

/// Refuses to show the secret of a key to anybody but its user; and to a key those of keys that may more or live longer,
/// which are all but itself and what it made.
fn owned(cx: &mut Cx, key: &ApiKey) -> Result<()> {
    let caller = cx.caller.clone();
    cx.ensure(caller.user_id == Some(key.user_id), NOT_THE_OWNER, || {
        "Only the user of the key gets its secret; revoke it instead.".into()
    })?;
    let held = held(cx)?;
    if let Some(own) = key_of(&caller)
        && own != key.id
        && !rows::descendants(cx.db(), own)?.contains(&key.id)
    {
        return Err(KEY_OUT_OF_REACH.with("A key replaces itself and the keys that it created."));
    }
    let theirs = of_key(cx, key)?;
    held.judge(&[&theirs], KEY_OUT_OF_REACH)
}

fn delete(cx: &mut Cx, id: ApiKeyId) -> Result<()> {
    let key = to_end(cx, id)?;
    end_with(cx, id)?;
    cx.remove(key)
}
