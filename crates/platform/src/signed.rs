//! Links for people without an account: to see and answer a quote, to unsubscribe, to be counted. A link says what it is
//! for, what it is about and how long it holds, and is signed with a key that the database keeps (HMAC-SHA-256). Nothing
//! of a link is stored: whoever holds it may do what it is for, and nobody can make one up.
//!
//! Keys can be replaced at any time. A link names the key that signed it, so links that are out stay good until somebody
//! says that they should not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::kernel::Failure;
use hmac::{Hmac, KeyInit, Mac};
use persistence::platform::settings;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::prelude::*;

/// The link was not made here, is for something else, or was revoked.
pub const LINK_INVALID: Code = Code::new(Failure::NotFound, "link.invalid", "The link leads to nothing.");
/// The link was good once.
pub const LINK_EXPIRED: Code = Code::new(Failure::NotFound, "link.expired", "The link has expired.");
/// What opening a link may answer.
pub const REFUSALS: &[Code] = &[LINK_INVALID, LINK_EXPIRED];

/// What every token looks like: enough to refuse the rest before anything is computed.
pub const TOKEN_PATTERN: &str = "^[A-Za-z0-9_-]{40,400}$";

/// The token of a link, in a path.
pub struct LinkToken;

impl utoipa::PartialSchema for LinkToken {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("The token of a signed link."))
            .pattern(Some(TOKEN_PATTERN))
            .min_length(Some(40))
            .max_length(Some(400))
            .examples(["AQAAAAEAAAAAagm8kHF1b18wMWh2MWczbTlyZnFxMXo5cTloNGQyazdhYZk0yX8WgK3F"])
            .into()
    }
}

impl utoipa::ToSchema for LinkToken {
    fn name() -> std::borrow::Cow<'static, str> {
        "LinkToken".into()
    }
}

/// The setting that holds the keys.
pub(crate) const SETTING: &str = "link_keys";

/// Keys that are kept after they were replaced; links of older ones lead to nothing.
const KEPT: usize = 16;
const FORM: u8 = 1;
const HEAD: usize = 1 + 4 + 8;
const MAC: usize = 16;
/// A link about more than this does not fit into a line of mail.
const LONGEST_SUBJECT: usize = 200;
const NEVER: i64 = i64::MAX;

/// The keys, read once to sign or to open many links.
pub struct Signer {
    /// By number; the last one signs.
    keys: Vec<(u32, Vec<u8>)>,
}

/// The keys as they are now.
///
/// # Errors
/// The database cannot be read, or the keys in it cannot.
pub fn signer(cx: &mut Cx) -> Result<Signer> {
    let kept = settings::get(cx.db(), SETTING)?;
    Signer::read(&kept.unwrap_or_default()).ok_or_else(|| {
        log::error!("the keys of links cannot be read");
        problems::internal.into()
    })
}

/// The token of a link: for this purpose, about this subject (an id), good until then or for ever.
///
/// # Errors
/// As [`signer`]; `internal` for a subject of more than 200 bytes.
pub fn sign(cx: &mut Cx, purpose: &str, subject: &str, until: Option<DateTime<Utc>>) -> Result<String> {
    signer(cx)?.sign(purpose, subject, until)
}

/// What a link for this purpose is about.
///
/// # Errors
/// [`LINK_INVALID`], [`LINK_EXPIRED`], and as [`signer`].
pub fn open(cx: &mut Cx, purpose: &str, token: &str) -> Result<String> {
    let now = cx.now;
    signer(cx)?.open(purpose, token, now)
}

/// The setting of a new deployment: one key.
pub(crate) fn fresh() -> Value {
    json!({ "keys": [key(1)] })
}

fn key(number: u32) -> Value {
    json!({ "number": number, "key": STANDARD_NO_PAD.encode(rand::random::<[u8; 32]>()) })
}

/// Makes a new key, which signs from now on, and forgets the others when told to: the number of the new key, and how many
/// are good.
pub(crate) fn rotate(cx: &mut Cx, revoke: bool) -> Result<(u32, usize)> {
    let now = cx.now;
    let kept = settings::get_to_change(cx.db(), SETTING)?.unwrap_or_default();
    let last = Signer::read(&kept).and_then(|s| s.keys.last().map(|k| k.0)).unwrap_or(0);
    let mut keys = kept["keys"].as_array().filter(|_| !revoke).cloned().unwrap_or_default();
    keys.push(key(last + 1));
    keys.drain(..keys.len().saturating_sub(KEPT));
    let good = keys.len();
    settings::set(cx.db(), SETTING, json!({ "keys": keys }), now)?;
    Ok((last + 1, good))
}

impl Signer {
    fn read(kept: &Value) -> Option<Self> {
        let one = |k: &Value| {
            let secret = STANDARD_NO_PAD.decode(k["key"].as_str()?).ok()?;
            Some((u32::try_from(k["number"].as_u64()?).ok()?, secret)).filter(|(_, secret)| secret.len() >= 32)
        };
        let keys = kept["keys"].as_array()?.iter().map(one).collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then_some(Self { keys })
    }
    /// As [`sign`], for many.
    ///
    /// # Errors
    /// `internal` for a subject of more than 200 bytes.
    pub fn sign(&self, purpose: &str, subject: &str, until: Option<DateTime<Utc>>) -> Result<String> {
        let (Some((number, secret)), true) = (self.keys.last(), subject.len() <= LONGEST_SUBJECT) else {
            log::error!("no link can be made for {purpose} about {subject:?}");
            return Err(problems::internal.into());
        };
        let mut token = vec![FORM];
        token.extend(number.to_be_bytes());
        token.extend(until.map_or(NEVER, |t| t.timestamp()).to_be_bytes());
        token.extend(subject.as_bytes());
        token.extend(seal(secret, purpose, &token)?.finalize().into_bytes().iter().take(MAC));
        Ok(URL_SAFE_NO_PAD.encode(token))
    }
    /// As [`open`], for many. The signature is judged before anything else, in the same time wherever it differs.
    ///
    /// # Errors
    /// [`LINK_INVALID`] and [`LINK_EXPIRED`].
    pub fn open(&self, purpose: &str, token: &str, now: DateTime<Utc>) -> Result<String> {
        let token = URL_SAFE_NO_PAD.decode(token).map_err(|_| LINK_INVALID)?;
        let (body, signature) = token.len().checked_sub(MAC).map(|at| token.split_at(at)).ok_or(LINK_INVALID)?;
        let (head, subject) = body.split_at_checked(HEAD).filter(|(head, _)| head[0] == FORM).ok_or(LINK_INVALID)?;
        let number = u32::from_be_bytes(fixed(&head[1..5])?);
        let until = i64::from_be_bytes(fixed(&head[5..])?);
        let (_, secret) = self.keys.iter().find(|k| k.0 == number).ok_or(LINK_INVALID)?;
        seal(secret, purpose, body)?.verify_truncated_left(signature).map_err(|_| LINK_INVALID)?;
        if until != NEVER && now.timestamp() >= until {
            return Err(LINK_EXPIRED.into());
        }
        Ok(String::from_utf8(subject.to_vec()).map_err(|_| LINK_INVALID)?)
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    Ok(bytes.try_into().map_err(|_| LINK_INVALID)?)
}

/// The purpose goes in with its length, so that no purpose and subject read like another pair.
fn seal(secret: &[u8], purpose: &str, body: &[u8]) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| problems::internal)?;
    mac.update(b"link");
    mac.update(&(purpose.len() as u64).to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(body);
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(keys: &[(u32, u8)]) -> Signer {
        Signer { keys: keys.iter().map(|(n, b)| (*n, vec![*b; 32])).collect() }
    }
    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a moment")
    }

    #[test]
    fn a_link_opens_for_its_purpose_until_its_end() {
        let s = with(&[(1, 7)]);
        let token = s.sign("quote", "quo_1", Some(at(100))).expect("signs");
        assert_eq!(s.open("quote", &token, at(99)).expect("opens"), "quo_1");
        assert_eq!(s.open("quote", &token, at(100)).expect_err("over").code(), LINK_EXPIRED);
        assert_eq!(s.open("unsubscribe", &token, at(0)).expect_err("another purpose").code(), LINK_INVALID);
        let forever = s.sign("quote", "quo_1", None).expect("signs");
        assert_eq!(s.open("quote", &forever, at(i64::from(u32::MAX))).expect("opens"), "quo_1");
    }

    #[test]
    fn no_changed_bit_is_believed() {
        let s = with(&[(1, 7)]);
        let token = URL_SAFE_NO_PAD.decode(s.sign("quote", "quo_1", Some(at(100))).expect("signs")).expect("base64");
        for bit in 0..token.len() * 8 {
            let mut changed = token.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let refused = s.open("quote", &URL_SAFE_NO_PAD.encode(changed), at(0)).expect_err("refused");
            assert_eq!(refused.code(), LINK_INVALID, "bit {bit}");
        }
        for cut in 0..token.len() {
            assert!(s.open("quote", &URL_SAFE_NO_PAD.encode(&token[..cut]), at(0)).is_err(), "cut to {cut}");
        }
        for junk in ["", "x", "not base64!", "AAAA"] {
            assert_eq!(s.open("quote", junk, at(0)).expect_err("refused").code(), LINK_INVALID, "{junk}");
        }
    }

    #[test]
    fn purpose_and_subject_do_not_run_into_each_other() {
        let s = with(&[(1, 7)]);
        let token = s.sign("ab", "c", None).expect("signs");
        assert!(s.open("a", &token, at(0)).is_err() && s.open("abc", &token, at(0)).is_err());
    }

    #[test]
    fn links_outlive_the_change_of_keys_until_they_are_revoked() {
        let old = with(&[(1, 7)]).sign("quote", "quo_1", None).expect("signs");
        let both = with(&[(1, 7), (2, 8)]);
        assert_eq!(both.open("quote", &old, at(0)).expect("opens"), "quo_1");
        let new = both.sign("quote", "quo_1", None).expect("signs");
        assert!(with(&[(1, 7)]).open("quote", &new, at(0)).is_err(), "the newest key signs");
        let after = with(&[(2, 8)]);
        assert_eq!(after.open("quote", &old, at(0)).expect_err("revoked").code(), LINK_INVALID);
        assert_eq!(after.open("quote", &new, at(0)).expect("opens"), "quo_1");
    }

    #[test]
    fn keys_are_read_as_they_were_kept() {
        let signer = Signer::read(&fresh()).expect("keys");
        assert_eq!(signer.keys.len(), 1);
        for broken in [json!({}), json!({ "keys": [] }), json!({ "keys": [{ "number": 1, "key": "c2hvcnQ" }] }), Value::Null] {
            assert!(Signer::read(&broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_subject_has_an_end() {
        let s = with(&[(1, 7)]);
        assert!(s.sign("p", &"x".repeat(200), None).is_ok_and(|t| t.len() <= 400));
        assert!(s.sign("p", &"x".repeat(201), None).is_err());
    }
}
