//! API keys: shown once, limited, rotated, dead at once.

use serde_json::{Value, json};

use super::member;
use crate::fixtures::{self, id};
use crate::harness::{Client, Server};

fn with(s: &Server, key: &Value) -> Client {
    s.with_token(key["key"].as_str().unwrap())
}

each_engine! {
    fn a_key_is_shown_once_and_works(s) {
        let key = s.post("/v1/identity/api-keys", json!({"name": "Shop", "permissions": ["identity.users.read"]})).created();
        let secret = key["key"].as_str().unwrap();
        assert!(secret.starts_with("sk_live_") && secret.ends_with(key["ends_with"].as_str().unwrap()));
        let shop = with(s, &key);
        shop.get("/v1/identity/users").ok();
        shop.get("/v1/identity/roles").problem(403, "missing_scope");
        let me = shop.get("/v1/identity/me").ok();
        assert_eq!((&me["api_key_id"], &me["session_id"]), (&key["id"], &Value::Null));
        let path = format!("/v1/identity/api-keys/{}", id(&key));
        assert_eq!(s.get(&path).ok()["key"], Value::Null);
        assert!(!s.get("/v1/identity/api-keys").text().contains(secret));
    }

    fn a_repeated_creation_does_not_show_the_key_again(s) {
        let create = || s.request("POST", "/v1/identity/api-keys").key("k1").json(&json!({"name": "Shop"})).send();
        let (first, second) = (create(), create());
        assert!(first.created()["key"].is_string());
        assert_eq!(second.header("idempotency-replayed"), Some("true"));
        assert_eq!((&second.created()["key"], &second.created()["id"]), (&Value::Null, &first.created()["id"]));
        assert_eq!(s.get("/v1/identity/api-keys?name=Shop").ok()["data"].as_array().unwrap().len(), 1);
    }

    fn a_key_may_no_more_than_its_maker_and_loses_with_him(s) {
        let (user, client) = member(s, &["identity.api_keys.*", "identity.users.read"]);
        let p = client.post("/v1/identity/api-keys", json!({"name": "x", "permissions": ["identity.users.read", "identity.*", "*"]})).problem(422, "api_key.too_wide");
        assert_eq!(p["errors"].as_array().unwrap().len(), 2);
        let key = client.post("/v1/identity/api-keys", json!({"name": "x"})).created();
        assert_eq!(key["permissions"], json!(["identity.api_keys.*", "identity.users.read"]));
        let program = with(s, &key);
        program.get("/v1/identity/users").ok();
        // not even through another key
        program.post("/v1/identity/api-keys", json!({"name": "y", "permissions": ["*"]})).problem(422, "api_key.too_wide");
        let roles = s.get(&format!("/v1/identity/users/{}/roles", id(&user))).ok();
        s.delete(&format!("/v1/identity/users/{}/roles/{}", id(&user), id(&roles["data"][0])), &user).no_content();
        program.get("/v1/identity/users").problem(403, "missing_scope");
    }

    fn a_key_is_limited_to_companies(s) {
        let p = s.post("/v1/identity/api-keys", json!({"name": "x", "company_ids": ["co_00000000000000000000000000"]}));
        // who has all companies may name any; the key then has none that exists
        let nowhere = with(s, &p.created());
        nowhere.get(&format!("/v1/directory/companies/{}", s.company_id())).problem(404, "not_found");
        let here = s.post("/v1/identity/api-keys", json!({"name": "x", "company_ids": [s.company_id()]})).created();
        with(s, &here).get(&format!("/v1/directory/companies/{}", s.company_id())).ok();
        let limited = fixtures::user_with(s, &["identity.*"], &[]);
        limited.post("/v1/identity/api-keys", json!({"name": "x", "company_ids": [s.company_id()]})).problem(422, "unknown_reference");
        // a limited key makes no key that is less limited
        let child = with(s, &here).post("/v1/identity/api-keys", json!({"name": "child"})).created();
        assert_eq!(child["company_ids"], json!([s.company_id()]));
    }

    fn a_key_expires(s) {
        s.post("/v1/identity/api-keys", json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"})).problem(422, "api_key.invalid_expiry");
        let key = s.post("/v1/identity/api-keys", json!({"name": "x", "expires_at": "2026-01-02T10:00:00Z"})).created();
        let program = with(s, &key);
        program.get("/v1/identity/me").ok();
        s.at("2026-01-02T10:00:00Z");
        program.get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn a_rotated_key_replaces_the_old_one(s) {
        let key = s.post("/v1/identity/api-keys", json!({"name": "x"})).created();
        let old = with(s, &key);
        let path = format!("/v1/identity/api-keys/{}", id(&key));
        let rotated = s.act(&format!("{path}/rotate"), &key, json!({"overlap_seconds": 60})).ok();
        assert_ne!(rotated["key"], key["key"]);
        let new = with(s, &rotated);
        new.get("/v1/identity/me").ok();
        old.get("/v1/identity/me").ok();
        s.at("2026-01-02T09:01:01Z");
        // what was let in a moment ago is remembered for two seconds of real time
        std::thread::sleep(std::time::Duration::from_millis(2100));
        old.get("/v1/identity/me").problem(401, "unauthenticated");
        let again = s.act(&format!("{path}/rotate"), &rotated, json!({})).ok();
        new.get("/v1/identity/me").problem(401, "unauthenticated");
        with(s, &again).get("/v1/identity/me").ok();
    }

    fn a_revoked_or_deleted_key_is_dead_at_once(s) {
        let key = s.post("/v1/identity/api-keys", json!({"name": "x"})).created();
        let program = with(s, &key);
        program.get("/v1/identity/me").ok();
        let path = format!("/v1/identity/api-keys/{}", id(&key));
        let revoked = s.act(&format!("{path}/revoke"), &key, json!({})).ok();
        assert_eq!(revoked["status"], "revoked");
        program.get("/v1/identity/me").problem(401, "unauthenticated");
        s.act(&format!("{path}/rotate"), &revoked, json!({})).problem(409, "api_key.revoked");
        s.delete(&path, &revoked).no_content();
        let key = s.post("/v1/identity/api-keys", json!({"name": "y"})).created();
        let program = with(s, &key);
        program.get("/v1/identity/me").ok();
        s.delete(&format!("/v1/identity/api-keys/{}", id(&key)), &key).no_content();
        program.get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn the_last_use_is_noted_about_every_five_minutes(s) {
        let key = s.post("/v1/identity/api-keys", json!({"name": "x"})).created();
        let program = with(s, &key);
        let path = format!("/v1/identity/api-keys/{}", id(&key));
        let noted = |expected: &str| {
            let begun = std::time::Instant::now();
            while s.get(&path).ok()["last_used_at"] != expected {
                assert!(begun.elapsed().as_secs() < 5, "{}", s.get(&path).text());
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        };
        assert_eq!(s.get(&path).ok()["last_used_at"], Value::Null);
        program.get("/v1/identity/me").ok();
        noted("2026-01-02T09:00:00Z");
        s.at("2026-01-02T09:06:00Z");
        std::thread::sleep(std::time::Duration::from_millis(2100));
        program.get("/v1/identity/me").ok();
        noted("2026-01-02T09:06:00Z");
        assert_eq!(s.get(&path).ok()["version"], 1);
    }

    fn what_is_no_key_is_refused(s) {
        let real = s.token().unwrap();
        let cut = &real[..real.len() - 1];
        let longer = format!("{real}0");
        let other = format!("{}{}", cut, if real.ends_with('0') { '1' } else { '0' });
        for bad in ["sk_live_", "sk_test_0000", cut, &longer, &other, &real.to_uppercase(), "sk_live_' OR 1=1 --"] {
            s.with_token(bad).get("/v1/identity/me").problem(401, "unauthenticated");
        }
    }
}
