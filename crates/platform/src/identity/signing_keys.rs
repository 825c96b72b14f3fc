//! The keys that sign access tokens. A new key is published before it signs, and the old one lives as long as its last
//! token, so that no request is refused while keys change, on any replica.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::identity::authority::ALL_COMPANIES_NEEDED;
use domain::identity::signing_keys::{LEAD, SigningKey, SigningKeys, signing};
use domain::ids::SigningKeyId;
use persistence::identity::signing_keys as rows;
use serde_json::{Value, json};

use super::authority::judge_shared;
use super::secrets::random_bytes;
use super::tokens::{self, Claims, Key};
use crate::prelude::*;

/// The keys are read again this often.
const FRESH: Duration = Duration::from_secs(5);

/// The living keys as the database had them a moment ago.
pub struct Ring {
    keys: Vec<(SigningKey, Key)>,
    read: Instant,
}

pub(super) fn operations(t: &mut Table) {
    t.tag("identity/signing-keys", "The keys that sign access tokens.");
    t.report("identity/signing-keys", list, "List the signing keys. Those that still verify tokens, the newest first.");
    t.command_without_body(
        "rotate_signing_keys",
        "identity/signing-keys/rotate",
        rotate,
        "Replace the signing key. The new key is published at once and signs five and a half minutes later, when caches of the published keys have been refreshed; the old one stays valid until its last token has expired. Keys configured by the operator are not touched and continue to sign. It needs a grant on all companies.",
    )
    .fails(&[ALL_COMPANIES_NEEDED]);
}

fn list(cx: &mut Cx, _: NoFilter) -> Result<SigningKeys> {
    let now = cx.now;
    let mut keys = rows::alive(cx.db(), now)?;
    keys.reverse();
    Ok(SigningKeys { keys })
}

fn rotate(cx: &mut Cx) -> Result<SigningKey> {
    judge_shared(cx)?;
    let now = cx.now;
    let old = rows::alive(cx.db(), now)?;
    let new = make(cx, LEAD)?;
    for key in old.into_iter().filter(|k| k.expires_at.is_none()) {
        let key = cx.load_for_update::<SigningKey>(key.id)?;
        let retired = key.clone().retire(new.signs_from_at);
        cx.save(&key, retired, "retired")?;
    }
    rows::forget_dead(cx.db(), now)?;
    Ok(new)
}

fn make(cx: &mut Cx, lead: chrono::Duration) -> Result<SigningKey> {
    let seed = random_bytes();
    let key = Key::from_seed(&seed).map_err(broken)?;
    let made = SigningKey {
        id: cx.new_id::<SigningKeyId>(),
        version: 1,
        kid: key.kid,
        public_key: key.x,
        signs_from_at: cx.now + lead,
        expires_at: None,
        created_at: cx.now,
    };
    let made = cx.create(made)?;
    rows::add_seed(cx.db(), made.id, &seed)?;
    Ok(made)
}

fn broken(e: tokens::TokenRejected) -> Problem {
    log::error!("signing keys: {}", e.0);
    problems::internal.into()
}

/// Makes the first key when there is none and the operator gave none.
pub(super) fn ensure(app: &Arc<App>) -> Result<()> {
    if !app.identity.settings().keys.is_empty() || !ring(app, FRESH)?.keys.is_empty() {
        return Ok(());
    }
    app.write(&Arc::new(Caller::system()), |cx| {
        let now = cx.now;
        let none = rows::alive(cx.db(), now)?.is_empty();
        if none { make(cx, chrono::Duration::zero()).map(drop) } else { Ok(()) }
    })?;
    *app.identity.ring.write() = None;
    Ok(())
}

fn ring(app: &Arc<App>, age: Duration) -> Result<Arc<Ring>> {
    if let Some(ring) = app.identity.ring.read().as_ref().filter(|r| r.read.elapsed() < age) {
        return Ok(ring.clone());
    }
    let now = app.clock.now();
    let read = Instant::now();
    let keys = app.db.read_short(|conn| -> Result<_> {
        let mut keys = Vec::new();
        for row in rows::alive(conn, now)? {
            let seed = rows::seed(conn, row.id)?.and_then(|s| <[u8; 32]>::try_from(s).ok());
            let key = match seed {
                Some(seed) => Key::from_seed(&seed),
                None => Key::from_public(&row.public_key),
            };
            keys.push((row, key.map_err(broken)?));
        }
        Ok(keys)
    })?;
    let ring = Arc::new(Ring { keys, read });
    *app.identity.ring.write() = Some(ring.clone());
    Ok(ring)
}

/// The living key of this name.
pub(super) fn verifying(app: &Arc<App>, kid: &str) -> Result<Option<Key>> {
    if let Some(key) = app.identity.settings().keys.iter().find(|k| k.kid == kid) {
        return Ok(Some(key.clone()));
    }
    let now = app.clock.now();
    let find = |ring: &Ring| ring.keys.iter().find(|(row, _)| row.kid == kid && row.is_alive(now)).map(|(_, key)| key.clone());
    let known = find(&*ring(app, FRESH)?);
    if known.is_some() || !tokens::is_thumbprint(kid) {
        return Ok(known);
    }
    // Another replica may just have made it. However young our keys are, that is no reason to refuse a good token; and to
    // look up a name that somebody made up costs no more than to look up an API key that somebody made up.
    if !app.db.read_short(|conn| rows::is_alive(conn, kid, now))? {
        return Ok(None);
    }
    Ok(find(&*ring(app, Duration::ZERO)?))
}

/// A signed token.
pub(super) fn sign(app: &Arc<App>, claims: &Claims) -> Result<String> {
    if let Some(key) = app.identity.settings().keys.first() {
        return key.sign(claims).map_err(broken);
    }
    ensure(app)?;
    let ring = ring(app, FRESH)?;
    let rows: Vec<SigningKey> = ring.keys.iter().map(|(row, _)| row.clone()).collect();
    let chosen = signing(&rows, app.clock.now()).map(|row| row.id);
    let key = ring.keys.iter().find(|(row, _)| Some(row.id) == chosen).map(|(_, key)| key);
    let key = key.ok_or_else(|| broken(tokens::TokenRejected("there is no signing key")))?;
    key.sign(claims).map_err(broken)
}

/// The public halves of all living keys as a JSON Web Key Set (RFC 7517), for `/.well-known/jwks.json`.
pub fn jwks(app: &Arc<App>) -> Result<Value> {
    ensure(app)?;
    let now = app.clock.now();
    let own = ring(app, FRESH)?;
    let own = own.keys.iter().rev().filter(|(row, _)| row.is_alive(now)).map(|(_, key)| key.jwk());
    let given = app.identity.settings().keys.iter().map(Key::jwk);
    Ok(json!({ "keys": given.chain(own).collect::<Vec<_>>() }))
}
