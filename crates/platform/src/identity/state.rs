//! What identity keeps in memory: hashing slots, log-ins in progress, signing keys, and who was let in a moment ago. All of it
//! may be lost at any time; the database has what counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::Result;
use domain::kernel::problems;
use parking_lot::{Mutex, RwLock};

use super::passwords::Hasher;
use super::signing_keys::Ring;
use super::throttle::Throttle;
use super::tokens::{Key, Names, seeds_of_pem};
use crate::caller::Caller;

/// How long a caller is let in by memory. Other replicas notice a lost right this late at most.
const TRUST: Duration = Duration::from_secs(2);
/// How many callers are remembered.
const CALLERS: usize = 20_000;

/// What an operator decides about tokens.
#[derive(Clone)]
pub struct Config {
    /// Who signs: `iss` of the tokens.
    pub issuer: String,
    /// For whom: `aud` of the tokens.
    pub audience: String,
    /// Ed25519 private keys in PEM (PKCS #8). The first signs, all verify. Without any, keys are made and kept in the
    /// database.
    pub signing_keys_pem: Option<String>,
    /// The page of the frontend that the link for a forgotten password leads to; a page of this server when there is none.
    pub password_reset_url: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { issuer: "tandem".into(), audience: "tandem".into(), signing_keys_pem: None, password_reset_url: None }
    }
}

pub(super) struct Settings {
    pub names: Names,
    /// The operator's own keys.
    pub keys: Vec<Key>,
    pub password_reset_url: Option<String>,
}

impl Settings {
    fn of(config: Config) -> Result<Self> {
        let wrong = |e: super::tokens::TokenRejected| {
            problems::internal.with(format!("The signing key that the operator gave cannot be used: {}.", e.0))
        };
        let seeds = config.signing_keys_pem.as_deref().map(seeds_of_pem).transpose().map_err(wrong)?.unwrap_or_default();
        let keys = seeds.iter().map(Key::from_seed).collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self { names: Names { issuer: config.issuer, audience: config.audience }, keys, password_reset_url: config.password_reset_url })
    }
}

struct Known {
    caller: Arc<Caller>,
    since: Instant,
    generation: u64,
    /// When the token itself is over.
    until: DateTime<Utc>,
}

/// What identity keeps in memory between requests.
#[derive(Default)]
pub struct State {
    settings: OnceLock<Settings>,
    pub(super) hasher: Hasher,
    pub(super) throttle: Throttle,
    pub(super) ring: RwLock<Option<Arc<Ring>>>,
    callers: Mutex<HashMap<[u8; 32], Known>>,
    generation: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl State {
    /// Takes the operator's settings, before the first request. Later ones are ignored.
    ///
    /// # Errors
    /// A signing key that is none.
    pub fn configure(&self, config: Config) -> Result<()> {
        let settings = Settings::of(config)?;
        self.settings.set(settings).unwrap_or_else(|_| log::warn!("identity is configured already"));
        Ok(())
    }
    pub(super) fn settings(&self) -> &Settings {
        self.settings.get_or_init(|| {
            let Config { issuer, audience, .. } = Config::default();
            Settings { names: Names { issuer, audience }, keys: Vec::new(), password_reset_url: None }
        })
    }
    pub(super) fn password_reset_url(&self) -> Option<String> {
        self.settings().password_reset_url.clone()
    }
    /// How many passwords were compared since the start; for tests of timing.
    pub fn comparisons(&self) -> u64 {
        self.hasher.comparisons()
    }

    // ---- who was let in a moment ago ----------------------------------------------------------

    /// Forgets who was let in: rights have changed.
    pub fn forget_callers(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        *self.ring.write() = None;
    }
    /// What a caller must be remembered with; taken before the database is asked.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }
    pub(super) fn known(&self, token: &[u8; 32], now: DateTime<Utc>) -> Option<Arc<Caller>> {
        let callers = self.callers.lock();
        let fresh = |k: &&Known| k.generation == self.generation() && k.since.elapsed() < TRUST && now < k.until;
        let found = callers.get(token).filter(fresh).map(|k| k.caller.clone());
        if found.is_some() { &self.hits } else { &self.misses }.fetch_add(1, Ordering::Relaxed);
        found
    }
    /// How many callers are remembered, and how often one was found in memory and was not.
    pub fn cache(&self) -> (usize, u64, u64) {
        (self.callers.lock().len(), self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
    pub(super) fn remember(&self, token: [u8; 32], caller: Arc<Caller>, generation: u64, until: DateTime<Utc>) {
        let mut callers = self.callers.lock();
        if callers.len() >= CALLERS {
            callers.retain(|_, k| k.since.elapsed() < TRUST);
            if callers.len() >= CALLERS {
                callers.clear();
            }
        }
        callers.insert(token, Known { caller, since: Instant::now(), generation, until });
    }
}
