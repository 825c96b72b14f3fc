//! Hostile tokens. The server signs with a key that the tests have too, so that every claim can be forged with a good
//! signature; all of them must be refused alike, and no address that a token names is ever asked.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use sha2::Sha256;

use super::try_login;
use crate::fixtures;
use crate::harness::Server;

/// The operator's key of these tests: the seed is 32 times 7.
pub const PEM: &str =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
/// Another key, which the server does not know: the seed is 32 times 8.
const FOREIGN: &str =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\n-----END PRIVATE KEY-----\n";

fn part(token: &str, n: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(n).unwrap()).unwrap()).unwrap()
}

pub fn header_of(token: &str) -> Value {
    part(token, 0)
}

fn encode(v: &Value) -> String {
    URL_SAFE_NO_PAD.encode(v.to_string())
}

/// A token with any head and any claims, signed with Ed25519.
fn signed(pem: &str, head: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encode(head), encode(claims));
    let key = EncodingKey::from_ed_pem(pem.as_bytes()).unwrap();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

/// The same with HMAC, the classic confusion: the public key as the shared secret.
fn hmac(secret: &[u8], head: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encode(head), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn put(v: &Value, name: &str, value: Value) -> Value {
    let mut v = v.clone();
    v[name] = value;
    v
}

fn without(v: &Value, name: &str) -> Value {
    let mut v = v.clone();
    v.as_object_mut().unwrap().remove(name);
    v
}

/// Heads that say another thing than ours, each with a good signature where that makes sense.
fn hostile_heads(head: &Value, claims: &Value, x: &str, url: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: &str, token: String| all.push((name.to_string(), token));
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS256", "ES256", "PS256", "EdDSA ", "eddsa", "Ed25519", "ES256K"] {
        add(&format!("alg {alg:?} with our signature"), signed(PEM, &put(head, "alg", json!(alg)), claims));
    }
    for alg in ["none", "None"] {
        let unsigned = format!("{}.{}", encode(&put(head, "alg", json!(alg))), encode(claims));
        add(&format!("alg {alg} and no signature"), format!("{unsigned}."));
        add(&format!("alg {alg} and two parts"), unsigned);
    }
    let public = URL_SAFE_NO_PAD.decode(x).unwrap();
    let hs = put(head, "alg", json!("HS256"));
    add("HS256 with the public key", hmac(&public, &hs, claims));
    add("HS256 with the public key as text", hmac(x.as_bytes(), &hs, claims));
    add("HS256 with nothing", hmac(b"", &hs, claims));
    add("EdDSA in the head, HMAC in the signature", hmac(&public, head, claims));
    for typ in ["JWT", "jwt", "AT+JWT", "application/at+jwt", "dpop+jwt", "id_token", ""] {
        add(&format!("typ {typ:?}"), signed(PEM, &put(head, "typ", json!(typ)), claims));
    }
    add("no typ", signed(PEM, &without(head, "typ"), claims));
    for kid in
        [json!("unknown"), json!(""), json!(null), json!(7), json!("../../etc/passwd"), json!("' OR 1=1 --"), json!(["a"]), json!("\u{0}")]
    {
        add(&format!("kid {kid}"), signed(PEM, &put(head, "kid", kid), claims));
    }
    add("no kid", signed(PEM, &without(head, "kid"), claims));
    add("no alg", signed(PEM, &without(head, "alg"), claims));
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "FOREIGN"});
    for (name, value) in [
        ("jku", json!(format!("{url}/jwks.json"))),
        ("x5u", json!(format!("{url}/cert.pem"))),
        ("jwk", jwk),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("cty", json!("JWT")),
        ("url", json!(url)),
        ("nonce", json!("n")),
        ("extra", json!(1)),
    ] {
        add(&format!("{name} with our signature"), signed(PEM, &put(head, name, value.clone()), claims));
        add(&format!("{name} with a foreign signature"), signed(FOREIGN, &put(head, name, value), claims));
    }
    add("a foreign signature under our name", signed(FOREIGN, head, claims));
    all
}

/// Claims that are not for us or not for now, each with a good signature.
fn hostile_claims(head: &Value, claims: &Value) -> Vec<(String, String)> {
    let now = claims["iat"].as_i64().unwrap();
    let mut all = Vec::new();
    let mut add = |name: String, claims: Value| all.push((name, signed(PEM, head, &claims)));
    for name in ["iss", "aud", "sub", "sid", "exp", "nbf", "iat", "jti", "client_id"] {
        add(format!("no {name}"), without(claims, name));
        add(format!("{name} null"), put(claims, name, Value::Null));
        add(format!("{name} an object"), put(claims, name, json!({})));
    }
    for (name, value) in [
        ("iss", json!("evil")),
        ("iss", json!("")),
        ("iss", json!("Tandem")),
        ("iss", json!(["tandem"])),
        ("aud", json!("evil")),
        ("aud", json!(["evil", "tandem"])),
        ("aud", json!([])),
        ("aud", json!("tandem ")),
        ("exp", json!(now - 1000)),
        ("exp", json!(now)),
        ("exp", json!(now + 901)),
        ("exp", json!(now + 10_000_000)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(-1)),
        ("exp", json!(0)),
        ("exp", json!("9999999999")),
        ("exp", json!(1e300)),
        ("nbf", json!(now + 61)),
        ("nbf", json!(now + 3600)),
        ("nbf", json!(i64::MAX)),
        ("nbf", json!("now")),
        ("iat", json!(now + 61)),
        ("iat", json!(now - 1)),
        ("iat", json!(i64::MIN)),
        ("sub", json!("usr_00000000000000000000000000")),
        ("sub", json!("admin")),
        ("sub", json!("")),
        ("sub", json!("key_00000000000000000000000000")),
        ("sid", json!("ses_00000000000000000000000000")),
        ("sid", json!("")),
        ("sid", json!(claims["sub"])),
    ] {
        add(format!("{name} {value}"), put(claims, name, value));
    }
    all
}

/// The same token, bent.
fn bent(token: &str) -> Vec<(String, String)> {
    let [head, claims, signature] = <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let flip = |i: usize| {
        let mut raw = raw.clone();
        raw[i] ^= 1;
        format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode(raw))
    };
    let mut high_s = raw.clone();
    high_s[63] |= 0xe0;
    let mut all = vec![
        ("first bit of the signature".to_string(), flip(0)),
        ("middle of the signature".into(), flip(32)),
        ("end of the signature".into(), flip(63)),
        ("a signature out of range".into(), format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode(high_s))),
        ("a signature of zeros".into(), format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("a short signature".into(), format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode(&raw[..63]))),
        ("a long signature".into(), format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode([&raw[..], &[0]].concat()))),
        ("no signature".into(), format!("{head}.{claims}.")),
        ("no claims".into(), format!("{head}..{signature}")),
        ("no head".into(), format!(".{claims}.{signature}")),
        ("two parts".into(), format!("{head}.{claims}")),
        ("four parts".into(), format!("{token}.AAAA")),
        ("five parts, like an encrypted one".into(), format!("{head}.{claims}.{signature}.AAAA.AAAA")),
        ("parts swapped".into(), format!("{claims}.{head}.{signature}")),
        ("padding".into(), format!("{}.{claims}.{signature}", URL_SAFE.encode(URL_SAFE_NO_PAD.decode(head).unwrap()) + "=")),
        ("another alphabet".into(), format!("{head}.{claims}.{}", STANDARD.encode(&raw))),
        ("cut in the middle".into(), token[..token.len() / 2].to_string()),
        ("one letter less".into(), token[..token.len() - 1].to_string()),
        ("dots alone".into(), "..".into()),
        ("a word".into(), "token".into()),
        ("very long".into(), format!("{head}.{}.{signature}", "A".repeat(5000))),
    ];
    let doubled = format!("{{\"alg\":\"none\",{}", &String::from_utf8(URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap()[1..]);
    all.push(("alg twice".into(), format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(doubled))));
    let spaced = format!(" {}", String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap());
    all.push(("claims written otherwise".into(), format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(spaced))));
    all
}

each_engine! {
    fn no_hostile_token_gets_in_and_no_address_is_asked(s) {
        let mut s = Server::start(s.engine);
        s.restart(|c| c.signing_keys = Some(gateway::Secret::new(PEM)));
        let (user, password) = fixtures::user(&s);
        let token = try_login(&s, user["email"].as_str().unwrap(), password).ok()["access_token"].as_str().unwrap().to_string();
        let (head, claims) = (part(&token, 0), part(&token, 1));
        // our own forgery of exactly the same token is good, so what is refused below is refused for its fault
        s.with_token(&signed(PEM, &head, &claims)).get("/v1/identity/me").ok();
        let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        trap.set_nonblocking(true).unwrap();
        let url = format!("http://{}", trap.local_addr().unwrap());
        let jwks = s.anonymous().get("/.well-known/jwks.json").ok();
        let x = jwks["keys"].as_array().unwrap().iter().find(|k| k["kid"] == head["kid"]).unwrap()["x"].as_str().unwrap().to_string();
        let mut cases = hostile_heads(&head, &claims, &x, &url);
        cases.extend(hostile_claims(&head, &claims));
        cases.extend(bent(&token));
        assert!(cases.len() >= 122, "only {} cases", cases.len());
        let mut wrong = Vec::new();
        let mut bodies = std::collections::BTreeSet::new();
        for (name, hostile) in &cases {
            let answer = s.with_token(hostile).get("/v1/identity/me");
            let mut problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if answer.status != 401 || problem["code"] != "unauthenticated" || answer.header("www-authenticate").is_none() {
                wrong.push(format!("{name}: {}", answer.status));
            }
            for own in ["request_id", "instance"] {
                problem.as_object_mut().map(|p| p.remove(own));
            }
            bodies.insert(problem.to_string());
        }
        assert!(wrong.is_empty(), "{} of {} got another answer than 401:\n  {}", wrong.len(), cases.len(), wrong.join("\n  "));
        assert_eq!(bodies.len(), 1, "refusals differ: {bodies:#?}");
        assert!(trap.accept().is_err(), "an address in a token was asked");
        s.with_token(&token).get("/v1/identity/me").ok();
    }

    fn a_token_is_over_after_its_quarter_of_an_hour(s) {
        let (user, password) = fixtures::user(s);
        let client = s.login(user["email"].as_str().unwrap(), password);
        s.at("2026-01-02T08:58:00Z");
        client.get("/v1/identity/me").problem(401, "unauthenticated");
        s.at("2026-01-02T09:15:00Z");
        client.get("/v1/identity/me").ok();
        s.at("2026-01-02T09:16:00Z");
        client.get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn credentials_travel_in_the_header_alone(s) {
        let token = s.token().unwrap();
        let me = || s.anonymous();
        me().get(&format!("/v1/identity/me?access_token={token}")).expect(401);
        me().request("GET", "/v1/identity/me").header("cookie", &format!("access_token={token}")).send().expect(401);
        me().request("GET", "/v1/identity/me").header("authorization", &format!("Basic {token}")).send().expect(401);
        me().request("GET", "/v1/identity/me").header("authorization", "Bearer").send().expect(401);
        me().request("GET", "/v1/identity/me").header("authorization", token).send().expect(401);
        me().request("GET", "/v1/identity/me").header("x-api-key", token).send().expect(401);
    }
}
