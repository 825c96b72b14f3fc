//! The keys that sign access tokens, and their change under load.

use serde_json::{Value, json};

use super::tokens::{PEM, header_of};
use super::try_login;
use crate::fixtures;

fn kids(jwks: &Value) -> Vec<String> {
    jwks["keys"].as_array().unwrap().iter().map(|k| k["kid"].as_str().unwrap().to_string()).collect()
}

each_engine! {
    fn the_published_keys_verify_our_tokens_with_another_library(s) {
        let jwks = s.anonymous().get("/.well-known/jwks.json").ok();
        assert!(!jwks.to_string().contains("\"d\""), "the private half is published");
        let (user, password) = fixtures::user(s);
        let token = try_login(s, user["email"].as_str().unwrap(), password).ok()["access_token"].as_str().unwrap().to_string();
        let header = header_of(&token);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
        let key = jwks["keys"].as_array().unwrap().iter().find(|k| k["kid"] == header["kid"]).unwrap();
        let key = jsonwebtoken::DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&["tandem"]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
        for name in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid"] {
            assert!(!claims[name].is_null(), "{name} is missing in {claims}");
        }
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    }

    fn a_key_change_refuses_nobody_and_the_old_key_dies(s) {
        let (user, password) = fixtures::user(s);
        let email = user["email"].as_str().unwrap();
        let login = || try_login(s, email, password).ok()["access_token"].as_str().unwrap().to_string();
        let other = s.replica();
        let old = login();
        // the replica has just read the keys, and its clock will be half a minute behind: both must not matter
        other.with_token(&old).get("/v1/identity/me").ok();
        let new = s.post("/v1/identity/signing-keys/rotate", json!({})).ok();
        let both = kids(&s.anonymous().get("/.well-known/jwks.json").ok());
        assert_eq!(both.len(), 2);
        assert!(both.contains(&new["kid"].as_str().unwrap().to_string()));
        // the new one is known everywhere before it signs
        assert_eq!(header_of(&login())["kid"], header_of(&old)["kid"]);
        s.at("2026-01-02T09:05:00Z");
        assert_eq!(header_of(&login())["kid"], header_of(&old)["kid"], "whoever read the keys five minutes ago does not know it yet");
        s.at("2026-01-02T09:05:30Z");
        other.at("2026-01-02T09:05:00Z");
        let young = login();
        assert_eq!(header_of(&young)["kid"], new["kid"]);
        for server in [&**s, &*other] {
            for token in [&old, &young] {
                server.with_token(token).get("/v1/identity/me").ok();
            }
        }
        // the last token of the old key is over after 15 minutes, and then the key is too
        s.at("2026-01-02T09:21:00Z");
        s.with_token(&old).get("/v1/identity/me").problem(401, "unauthenticated");
        assert_eq!(kids(&s.anonymous().get("/.well-known/jwks.json").ok()), [new["kid"].as_str().unwrap()]);
        assert_eq!(s.get("/v1/identity/signing-keys").ok()["keys"].as_array().unwrap().len(), 1);
    }

    fn no_key_signs_before_the_published_ones_must_be_read_again(s) {
        let answer = s.anonymous().get("/.well-known/jwks.json");
        let cached = answer.header("cache-control").unwrap().to_string();
        let max_age: i64 = cached.split("max-age=").nth(1).unwrap().parse().unwrap();
        let new = s.post("/v1/identity/signing-keys/rotate", json!({})).ok();
        let at = |name: &str| new[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert!((at("signs_from_at") - at("created_at")).num_seconds() >= max_age, "{new} {cached}");
    }

    fn an_operators_key_signs_and_the_old_ones_stay_good(s) {
        let mut own = crate::harness::Server::start(s.engine);
        let (user, password) = fixtures::user(&own);
        let email = user["email"].as_str().unwrap().to_string();
        let before = try_login(&own, &email, password).ok()["access_token"].as_str().unwrap().to_string();
        own.restart(|c| c.signing_keys = Some(gateway::Secret::new(PEM)));
        let after = try_login(&own, &email, password).ok()["access_token"].as_str().unwrap().to_string();
        assert_ne!(header_of(&before)["kid"], header_of(&after)["kid"]);
        own.with_token(&before).get("/v1/identity/me").ok();
        own.with_token(&after).get("/v1/identity/me").ok();
    }

    fn a_key_that_is_none_does_not_start_the_server(s) {
        for bad in ["secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            let config = gateway::Config { signing_keys: Some(gateway::Secret::new(bad)), database: s.database_url().into(), bind: "127.0.0.1:0".into(), ..Default::default() };
            assert!(gateway::start(config).is_err(), "{bad}");
        }
    }
}
