//! Canaries: no password, token or key is ever told as a fact, answered in a list, or kept in the clear.

use serde_json::json;

use super::try_login;
use crate::fixtures::id;
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Database, Engine, Victim};

each_engine! {
    fn no_secret_is_told_or_listed(s) {
        let words = "canary birds sing in seven mines";
        let more = "canary birds fly over eight hills";
        let user = s.post("/v1/identity/users", json!({"email": "canary@example.com", "name": "C", "password": words, "must_change_password": false})).created();
        let tokens = try_login(s, "canary@example.com", words).ok();
        let client = s.with_token(tokens["access_token"].as_str().unwrap());
        let changed = client.post("/v1/identity/me/password", json!({"current_password": words, "new_password": more})).ok();
        let refreshed = s.anonymous().post("/v1/identity/refresh", json!({"refresh_token": changed["refresh_token"]})).ok();
        let key = s.request("POST", "/v1/identity/api-keys").key("canary").json(&json!({"name": "canary"})).send().created();
        let path = format!("/v1/identity/api-keys/{}", id(&key));
        let rotated = s.act(&format!("{path}/rotate"), &key, json!({})).ok();
        let version = s.get(&format!("/v1/identity/users/{}", id(&user))).ok();
        let reset = s.act(&format!("/v1/identity/users/{}/reset-password", id(&user)), &version, json!({})).ok();
        s.post("/v1/identity/signing-keys/rotate", json!({})).ok();
        let secrets: Vec<String> = [
            &tokens["access_token"], &tokens["refresh_token"], &changed["refresh_token"], &refreshed["refresh_token"], &refreshed["access_token"],
            &key["key"], &rotated["key"], &reset["password"],
        ].iter().map(|v| v.as_str().unwrap().to_string()).chain([words.to_string(), more.to_string(), "$argon2".to_string()]).collect();
        let mut seen = String::new();
        for list in ["platform/events", "platform/audit-log", "identity/users", "identity/sessions", "identity/api-keys", "identity/roles", "identity/signing-keys"] {
            let answer = s.get(&format!("/v1/{list}"));
            if answer.status == 404 {
                continue;
            }
            answer.ok();
            seen.push_str(&answer.text());
        }
        seen.push_str(&s.anonymous().get("/metrics").text());
        assert!(seen.contains("canary@example.com") || seen.contains("usr_"), "nothing was told at all");
        for secret in secrets {
            assert!(!seen.contains(&secret), "{} is told", &secret[..8.min(secret.len())]);
        }
        // nor kept in the clear
        if let Some(file) = s.database_url().strip_prefix("sqlite:") {
            let mut kept = std::fs::read(file).unwrap();
            kept.extend(std::fs::read(format!("{file}-wal")).unwrap_or_default());
            for secret in [key["key"].as_str().unwrap(), rotated["key"].as_str().unwrap(), words, more, tokens["refresh_token"].as_str().unwrap(), reset["password"].as_str().unwrap()] {
                assert!(!kept.windows(secret.len()).any(|w| w == secret.as_bytes()), "{} is in the file", &secret[..8]);
            }
        }
    }
}

/// The log at its most talkative says who called what and how it ended, and nothing of what was sent.
#[test]
fn the_log_holds_no_secret_and_nothing_personal() {
    let database = Database::empty(Engine::Sqlite);
    let victim = Victim::talking(&database, "", "trace");
    let c = victim.client();
    let tokens = try_login(&c, ADMIN_EMAIL, ADMIN_PASSWORD).ok();
    let admin = c.with_token(tokens["access_token"].as_str().unwrap());
    try_login(&c, ADMIN_EMAIL, "CANARY is no password").expect(401);
    c.post("/v1/identity/login", json!({"email": ADMIN_EMAIL, "password": {"CANARY": 1}})).expect(422);
    admin
        .post(
            "/v1/identity/users",
            json!({"email": "canary@example.com", "name": "CANARY", "password": "CANARY birds sing in seven mines"}),
        )
        .created();
    let key = admin.post("/v1/identity/api-keys", json!({"name": "x"})).created();
    let program = c.with_token(key["key"].as_str().unwrap());
    program.post("/v1/directory/parties", json!({"name": "CANARY", "metadata": {"iban": "CANARY DE89 3704"}})).created();
    program.post("/v1/directory/parties", json!({"name": "CANARY", "CANARY": "CANARY"})).expect(422);
    program.get("/v1/directory/parties?q=CANARY").ok();
    program.get("/v1/directory/parties?CANARY=CANARY");
    program.get("/v1/directory/parties/CANARY").expect(404);
    c.get(&format!("/v1/identity/me?access_token={}", tokens["access_token"].as_str().unwrap())).expect(401);
    let changed = c.post("/v1/identity/refresh", json!({"refresh_token": tokens["refresh_token"]})).ok();
    victim.kill();
    let said = victim.said();
    assert!(said.contains("/v1/directory/parties") && said.contains("unauthenticated"), "{said}");
    let secrets = [&tokens["access_token"], &tokens["refresh_token"], &changed["access_token"], &changed["refresh_token"], &key["key"]];
    for secret in secrets.map(|v| v.as_str().unwrap()).into_iter().chain(["CANARY", ADMIN_PASSWORD, "$argon2"]) {
        let found = said.lines().find(|l| l.contains(secret));
        assert_eq!(found, None, "the log tells {}", &secret[..6]);
    }
}
