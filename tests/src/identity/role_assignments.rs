//! Who has which role.

use std::time::{Duration, Instant};

use serde_json::json;

use super::member;
use crate::fixtures::{self, id};
use crate::harness::Client;

/// Waits until the answer has this status, five seconds at most.
fn soon(client: &Client, path: &str, status: u16) {
    let begun = Instant::now();
    while client.get(path).status != status {
        assert!(begun.elapsed() < Duration::from_secs(5), "{path} is not {status} after five seconds");
        std::thread::sleep(Duration::from_millis(50));
    }
}

each_engine! {
    fn a_role_is_given_once_and_taken_at_once(s) {
        let role = fixtures::role(s, &["identity.users.read"]);
        let (user, password) = fixtures::user(s);
        let path = format!("/v1/identity/users/{}/roles", id(&user));
        let client = s.login(user["email"].as_str().unwrap(), password);
        client.get("/v1/identity/users").problem(403, "missing_scope");
        let given = s.post(&path, json!({"role_id": role["id"]})).created();
        assert_eq!(given["sod_conflicts"], json!([]));
        client.get("/v1/identity/users").ok();
        s.post(&path, json!({"role_id": role["id"]})).problem(409, "role_assignment.exists");
        assert_eq!(s.get(&path).ok()["data"][0]["role_id"], role["id"]);
        s.delete(&format!("{path}/{}", id(&given)), 99).problem(412, "precondition_failed");
        s.delete(&format!("{path}/{}", id(&given)), &user).no_content();
        client.get("/v1/identity/users").problem(403, "missing_scope");
    }

    fn duties_that_come_together_are_named(s) {
        let (user, _) = fixtures::user(s);
        let path = format!("/v1/identity/users/{}/roles", id(&user));
        let give = |permission: &str| s.post(&path, json!({"role_id": fixtures::role(s, &[permission])["id"]})).created();
        assert_eq!(give("accounting.journal_entries.create")["sod_conflicts"], json!([]));
        assert_eq!(give("accounting.journal_entries.post")["sod_conflicts"][0]["code"], "journal_and_approval");
        let report = s.get("/v1/identity/sod-conflicts").ok();
        let named = report["users"].as_array().unwrap().iter().find(|u| u["user_id"] == user["id"]).unwrap();
        assert_eq!(named["conflicts"][0]["code"], "journal_and_approval");
        assert_eq!(named["roles"].as_array().unwrap().len(), 2);
    }

    fn a_role_that_is_not_there_cannot_be_given(s) {
        let (user, _) = fixtures::user(s);
        let path = format!("/v1/identity/users/{}/roles", id(&user));
        let p = s.post(&path, json!({"role_id": "rol_00000000000000000000000000"})).problem(422, "unknown_reference");
        assert_eq!(p["errors"][0]["pointer"], "/role_id");
        s.post("/v1/identity/users/usr_00000000000000000000000000/roles", json!({"role_id": "rol_00000000000000000000000000"})).problem(404, "not_found");
    }

    fn another_replica_notices_within_five_seconds(s) {
        let (user, client) = member(s, &["identity.users.read"]);
        let other = s.replica();
        let there = other.with_token(client.token().unwrap());
        there.get("/v1/identity/users").ok();
        let roles = s.get(&format!("/v1/identity/users/{}/roles", id(&user))).ok();
        let given = &roles["data"][0];
        s.delete(&format!("/v1/identity/users/{}/roles/{}", id(&user), id(given)), &user).no_content();
        soon(&there, "/v1/identity/users", 403);
        s.act(&format!("/v1/identity/users/{}/revoke-sessions", id(&user)), &user, json!({})).ok();
        soon(&there, "/v1/identity/me", 401);
    }
}
