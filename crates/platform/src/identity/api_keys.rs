//! How programs log in. A key is shown once; what is kept is its hash.

use domain::identity::api_keys::{ApiKey, INVALID_EXPIRY, Maker, NewApiKey, REVOKED, RotateApiKey, SECRET_PREFIX, TOO_WIDE};
use domain::identity::permissions::INVALID_PATTERN;
use domain::identity::sessions::NO_SESSION;
use domain::identity::users::OUT_OF_REACH;
use domain::ids::ApiKeyId;
use persistence::identity::api_keys as rows;

use super::secrets::{hash, secret};
use super::users::within_reach;
use crate::caller::Companies;
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    let mut n = t.noun::<ApiKey>("identity/api-keys", "Keys for programs, with a part of the rights of the user who made them.");
    n.list("List API keys.").filter(&["user_id", "status", "name", "expires_at", "last_used_at"]).sort(&[
        "name",
        "expires_at",
        "last_used_at",
    ]);
    n.create(
        create,
        "Create an API key. `key` is shown this once. It acts in your name, may at most what you may, and loses what you lose.",
    )
    .shown_once(&["key"])
    .fails(&[TOO_WIDE, INVALID_EXPIRY, INVALID_PATTERN, NO_SESSION]);
    n.read("Get an API key, without the key itself.");
    n.delete(delete, "Delete an API key. It is dead at once.").fails(&[OUT_OF_REACH]);
    n.action("revoke", revoke, "Revoke an API key. It is dead at once and for good.").fails(&[REVOKED, OUT_OF_REACH]);
    n.action_with("rotate", rotate, "Replace an API key by another with the same rights. `key` is shown this once; the old one dies at once, or after `overlap_seconds`.")
        .shown_once(&["key"])
        .fails(&[REVOKED, OUT_OF_REACH]);
}

fn end_of(key: &str) -> String {
    key.chars().skip(key.chars().count().saturating_sub(4)).collect()
}

fn create(cx: &mut Cx, mut new: NewApiKey) -> Result<ApiKey> {
    let caller = cx.caller.clone();
    let user_id = caller.user_id.ok_or_else(|| Problem::from(NO_SESSION))?;
    if let (Some(_), Companies::These(own)) = (caller.api_key_id, &caller.companies) {
        // a limited key makes no key that is less limited
        new.company_ids.get_or_insert_with(|| own.iter().copied().collect());
    }
    let key = secret(SECRET_PREFIX);
    let maker = Maker { user_id, permissions: &caller.permissions, has_companies: &|c| caller.companies.contain(c) };
    let now = cx.now;
    let made = cx.create(ApiKey::new(cx.new_id(), new, &maker, end_of(&key), now)?)?;
    rows::add_secret(cx.db(), uuid::Uuid::now_v7(), made.id, &hash(&key), now)?;
    Ok(ApiKey { key: Some(key), ..made })
}

/// The key to change, when the caller may touch its user.
fn to_change(cx: &mut Cx, id: ApiKeyId) -> Result<ApiKey> {
    let key = cx.load_for_update::<ApiKey>(id)?;
    within_reach(cx, key.user_id)?;
    Ok(key)
}

fn revoke(cx: &mut Cx, id: ApiKeyId) -> Result<ApiKey> {
    let before = to_change(cx, id)?;
    let now = cx.now;
    let after = before.clone().revoke()?;
    rows::end_secrets(cx.db(), id, now)?;
    cx.save(&before, after, "revoked")
}

fn rotate(cx: &mut Cx, id: ApiKeyId, how: RotateApiKey) -> Result<ApiKey> {
    let before = to_change(cx, id)?;
    let key = secret(SECRET_PREFIX);
    let now = cx.now;
    let after = before.clone().rotate(end_of(&key))?;
    rows::end_secrets(cx.db(), id, now + chrono::Duration::seconds(how.overlap_seconds.unwrap_or(0).into()))?;
    rows::add_secret(cx.db(), uuid::Uuid::now_v7(), id, &hash(&key), now)?;
    let saved = cx.save(&before, after, "rotated")?;
    Ok(ApiKey { key: Some(key), ..saved })
}

fn delete(cx: &mut Cx, id: ApiKeyId) -> Result<()> {
    let key = to_change(cx, id)?;
    cx.remove(key)
}
