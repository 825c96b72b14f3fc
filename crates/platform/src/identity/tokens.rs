//! Access tokens: JWTs (RFC 9068) signed with Ed25519 and nothing else. The head of a token may say which of our keys
//! signed it and no more: any other member is refused, so that no token can bring or point to a key of its own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use domain::identity::sessions::ACCESS_LIFETIME;
use domain::identity::signing_keys::LEEWAY;
use domain::ids::{SessionId, UserId};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const TYPE: &str = "at+jwt";
/// The longest token looked at, in bytes.
const MAX_LENGTH: usize = 4096;

/// Who signs for whom.
#[derive(Debug, Clone)]
pub struct Names {
    pub issuer: String,
    pub audience: String,
}

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: String,
    pub sid: String,
    pub client_id: String,
    pub jti: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
}

/// The only head there is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    alg: String,
    typ: String,
    kid: String,
}

/// A key to verify with, perhaps also to sign with.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    /// The public half, base64url.
    pub x: String,
    verify: DecodingKey,
    sign: Option<EncodingKey>,
}

/// A token that is not believed; the reason is for the log of a developer, never for the caller.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenRejected(pub &'static str);

impl Key {
    /// From the private half.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, TokenRejected> {
        let pair = SigningKey::from_bytes(seed);
        let der = pair.to_pkcs8_der().map_err(|_| TokenRejected("the key cannot be encoded"))?;
        let x = URL_SAFE_NO_PAD.encode(pair.verifying_key().as_bytes());
        Ok(Self { sign: Some(EncodingKey::from_ed_der(der.as_bytes())), ..Self::from_public(&x)? })
    }
    /// From the public half, base64url.
    pub fn from_public(x: &str) -> Result<Self, TokenRejected> {
        super::token_crypto::install();
        let verify = DecodingKey::from_ed_components(x).map_err(|_| TokenRejected("no public key"))?;
        Ok(Self { kid: thumbprint(x), x: x.to_string(), verify, sign: None })
    }
    /// The public half as a JSON Web Key (RFC 8037).
    pub fn jwk(&self) -> serde_json::Value {
        serde_json::json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": self.x})
    }
    /// A signed token.
    pub fn sign(&self, claims: &Claims) -> Result<String, TokenRejected> {
        let key = self.sign.as_ref().ok_or(TokenRejected("only the public half is here"))?;
        let header = Header { typ: Some(TYPE.into()), kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, key).map_err(|_| TokenRejected("signing failed"))
    }
}

/// The name of a key: its thumbprint (RFC 7638).
fn thumbprint(x: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes()))
}

/// Whether a text could be the name of a key. Nothing else is worth a look into the database, and not every other text
/// may be handed to one.
pub fn is_thumbprint(kid: &str) -> bool {
    kid.len() == 43 && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl Claims {
    /// What a token for a session says now.
    pub fn new(names: &Names, user: UserId, session: SessionId, jti: String, now: DateTime<Utc>) -> Self {
        let iat = now.timestamp();
        Self {
            iss: names.issuer.clone(),
            aud: names.audience.clone(),
            sub: user.to_string(),
            sid: session.to_string(),
            client_id: "tandem".into(),
            jti,
            iat,
            nbf: iat,
            exp: iat + ACCESS_LIFETIME.num_seconds(),
        }
    }
    /// Whether its time has come and is not over.
    pub fn in_time(&self, now: DateTime<Utc>) -> bool {
        let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
        let soon = now.saturating_add(leeway);
        let short = self.exp.checked_sub(self.iat).is_some_and(|s| s > 0 && s <= ACCESS_LIFETIME.num_seconds());
        short && self.iat <= soon && self.nbf <= soon && self.exp.saturating_add(leeway) > now
    }
    pub fn ids(&self) -> Result<(UserId, SessionId), TokenRejected> {
        let ids = (self.sub.parse(), self.sid.parse());
        let (Ok(user), Ok(session)) = ids else { return Err(TokenRejected("foreign ids")) };
        Ok((user, session))
    }
}

/// The name of the key that a token says it was signed with. Everything else about its head is judged here too.
pub fn kid_of(token: &str) -> Result<String, TokenRejected> {
    if token.len() > MAX_LENGTH {
        return Err(TokenRejected("too long"));
    }
    let parts: Vec<&str> = token.split('.').collect();
    if parts.len() != 3 || parts.iter().any(|p| p.is_empty()) {
        return Err(TokenRejected("not three parts"));
    }
    let head = URL_SAFE_NO_PAD.decode(parts[0]).map_err(|_| TokenRejected("the head is not base64url"))?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| TokenRejected("the head says other things than alg, typ and kid"))?;
    if head.alg != "EdDSA" {
        return Err(TokenRejected("another algorithm"));
    }
    if head.typ != TYPE {
        return Err(TokenRejected("another type of token"));
    }
    Ok(head.kid)
}

/// What a token says, when it was signed with this key, for us, and is in time.
pub fn verify(token: &str, key: &Key, names: &Names, now: DateTime<Utc>) -> Result<Claims, TokenRejected> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&names.issuer]);
    validation.set_audience(&[&names.audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    // the times are judged below, by the clock of the server and not of the library
    validation.validate_exp = false;
    let data = jsonwebtoken::decode::<Claims>(token, &key.verify, &validation).map_err(|_| TokenRejected("signature or claims"))?;
    // the library takes lists of names too; ours are single ones, compared whole
    let claims = data.claims;
    if claims.iss != names.issuer || claims.aud != names.audience {
        return Err(TokenRejected("for somebody else"));
    }
    if !claims.in_time(now) {
        return Err(TokenRejected("out of time"));
    }
    Ok(claims)
}

/// The private keys in a PEM text, in their order.
pub fn seeds_of_pem(text: &str) -> Result<Vec<[u8; 32]>, TokenRejected> {
    use ed25519_dalek::pkcs8::DecodePrivateKey;
    let mut seeds = Vec::new();
    for block in text.split_inclusive("-----END PRIVATE KEY-----").filter(|b| b.contains("-----BEGIN PRIVATE KEY-----")) {
        let start = block.find("-----BEGIN").unwrap_or_default();
        let key = SigningKey::from_pkcs8_pem(block[start..].trim()).map_err(|_| TokenRejected("not an Ed25519 private key in PKCS #8"))?;
        seeds.push(key.to_bytes());
    }
    if seeds.is_empty() { Err(TokenRejected("there is no private key in it")) } else { Ok(seeds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::kernel::Id;

    fn names() -> Names {
        Names { issuer: "tandem".into(), audience: "tandem".into() }
    }
    fn claims(now: DateTime<Utc>) -> Claims {
        let id = uuid::Uuid::from_u128(3);
        Claims::new(&names(), UserId::from_uuid(id), SessionId::from_uuid(id), "j".into(), now)
    }

    #[test]
    fn a_token_is_believed_until_it_is_over() {
        let key = Key::from_seed(&[7; 32]).expect("a key");
        let now = Utc::now();
        let token = key.sign(&claims(now)).expect("signed");
        assert_eq!(kid_of(&token), Ok(key.kid.clone()));
        let public = Key::from_public(&key.x).expect("the public half");
        assert!(verify(&token, &public, &names(), now).is_ok());
        assert!(verify(&token, &public, &names(), now + ACCESS_LIFETIME + LEEWAY + chrono::Duration::seconds(1)).is_err());
        assert!(verify(&token, &public, &names(), now - LEEWAY - chrono::Duration::seconds(2)).is_err());
        assert!(verify(&token, &Key::from_seed(&[8; 32]).expect("another"), &names(), now).is_err());
    }

    #[test]
    fn a_token_that_lives_too_long_is_not_ours() {
        let key = Key::from_seed(&[7; 32]).expect("a key");
        let now = Utc::now();
        let long = Claims { exp: now.timestamp() + 86_400, ..claims(now) };
        assert_eq!(verify(&key.sign(&long).expect("signed"), &key, &names(), now).expect_err("long"), TokenRejected("out of time"));
        let extreme = Claims { exp: i64::MAX, iat: i64::MIN, ..claims(now) };
        assert!(verify(&key.sign(&extreme).expect("signed"), &key, &names(), now).is_err());
    }

    #[test]
    fn the_name_of_a_key_is_its_thumbprint() {
        // the example of RFC 8037, appendix A.3
        assert_eq!(thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(is_thumbprint(&thumbprint("x")));
        for other in ["", "unknown", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4\0", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k="] {
            assert!(!is_thumbprint(other), "{other:?}");
        }
    }

    #[test]
    fn an_operator_gives_one_or_more_keys() {
        use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
        let pem = |b: u8| SigningKey::from_bytes(&[b; 32]).to_pkcs8_pem(LineEnding::LF).expect("pem").to_string();
        assert_eq!(seeds_of_pem(&format!("{}{}", pem(1), pem(2))), Ok(vec![[1; 32], [2; 32]]));
        assert!(seeds_of_pem("secret").is_err());
        assert!(seeds_of_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").is_err());
    }
}
