//! The keys that sign access tokens: when each signs and when it dies. The private half is not part of these types.

use crate::ids::SigningKeyId;
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::sessions::ACCESS_LIFETIME;

/// How long a client may keep the published keys without looking again: `max-age` of `/.well-known/jwks.json`.
pub const PUBLISHED_MAX_AGE: Duration = Duration::minutes(5);
/// How far the clocks of two machines may be apart.
pub const LEEWAY: Duration = Duration::seconds(30);
/// How long a new key is published before it signs. A client that read the keys just before knows it by then, also when
/// the replica that it asked noticed the new key a few seconds late.
pub const LEAD: Duration = Duration::seconds(PUBLISHED_MAX_AGE.num_seconds() + LEEWAY.num_seconds());

/// A key that signs access tokens (Ed25519).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SigningKey {
    pub id: SigningKeyId,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The name in the head of the tokens: the thumbprint of the public key (RFC 7638).
    #[schema(min_length = 43, max_length = 43)]
    pub kid: String,
    /// The public key, base64url.
    #[schema(min_length = 43, max_length = 43)]
    pub public_key: String,
    /// When it begins to sign.
    pub signs_from_at: DateTime<Utc>,
    /// When the last token signed with this key expires; null while the key is still signing.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}
crate::entity!(undated SigningKey, SigningKeyId, "signing_key");

/// The keys that verify tokens now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SigningKeys {
    /// The keys, the newest first.
    #[schema(max_items = 100)]
    pub keys: Vec<SigningKey>,
}

impl SigningKey {
    /// Whether tokens signed with it are still believed.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|t| now < t)
    }
    /// Retires it in favour of one that signs from `successor`: it dies when its last token is dead.
    pub fn retire(self, successor: DateTime<Utc>) -> Self {
        Self { expires_at: Some(successor + ACCESS_LIFETIME + LEEWAY), ..self }
    }
}

/// The key that signs now: the youngest that has begun, or the first one there is.
pub fn signing(keys: &[SigningKey], now: DateTime<Utc>) -> Option<&SigningKey> {
    let alive = || keys.iter().filter(|k| k.is_alive(now));
    alive().filter(|k| k.signs_from_at <= now).max_by_key(|k| (k.signs_from_at, k.id)).or_else(|| alive().min_by_key(|k| k.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    #[test]
    fn no_key_signs_before_every_client_has_looked_again() {
        assert!(LEAD >= PUBLISHED_MAX_AGE + LEEWAY);
    }

    fn key(n: u128, from: i64) -> SigningKey {
        SigningKey {
            id: SigningKeyId::from_uuid(uuid::Uuid::from_u128(n)),
            version: 1,
            kid: n.to_string(),
            public_key: String::new(),
            signs_from_at: DateTime::UNIX_EPOCH + Duration::seconds(from),
            expires_at: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_old_key_signs_until_the_new_one_begins_and_dies_with_its_last_token() {
        let at = |s| DateTime::UNIX_EPOCH + Duration::seconds(s);
        let new = key(2, 130);
        let old = key(1, 0).retire(new.signs_from_at);
        let keys = [old, new];
        let kid = |s| signing(&keys, at(s)).map(|k| k.kid.clone());
        assert_eq!(kid(100).as_deref(), Some("1"));
        assert_eq!(kid(130).as_deref(), Some("2"));
        assert!(keys[0].is_alive(at(130 + 15 * 60 + 29)) && !keys[0].is_alive(at(130 + 15 * 60 + 30)));
    }
}
