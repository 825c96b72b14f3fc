//! Sessions: refresh, reuse, log-out, revocation.

use serde_json::{Value, json};

use super::{member, try_login};
use crate::fixtures::{self, id};
use crate::harness::{Answer, Client};

fn refresh(c: &Client, tokens: &Value) -> Answer {
    c.anonymous().post("/v1/identity/refresh", json!({"refresh_token": tokens["refresh_token"]}))
}

fn with(c: &Client, tokens: &Value) -> Client {
    c.with_token(tokens["access_token"].as_str().unwrap())
}

each_engine! {
    fn a_refresh_token_is_good_once(s) {
        let (user, password) = fixtures::user(s);
        let first = try_login(s, user["email"].as_str().unwrap(), password).ok();
        let second = refresh(s, &first).ok();
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        with(s, &second).get("/v1/identity/me").ok();
        let third = refresh(s, &second).ok();
        // a thief, or the robbed one, comes with an old one: the whole session ends
        refresh(s, &first).problem(401, "unauthenticated");
        refresh(s, &third).problem(401, "unauthenticated");
        with(s, &third).get("/v1/identity/me").problem(401, "unauthenticated");
        let sessions = s.get(&format!("/v1/identity/sessions?user_id={}", id(&user))).ok();
        assert_eq!(sessions["data"][0]["revocation_reason"], "token_reused");
    }

    fn of_many_refreshes_at_once_one_wins_at_most(s) {
        let (user, password) = fixtures::user(s);
        let tokens = try_login(s, user["email"].as_str().unwrap(), password).ok();
        let statuses = s.parallel(8, |_, c| refresh(c, &tokens).status);
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|s| [200, 401].contains(s)), "{statuses:?}");
    }

    fn refresh_tokens_and_sessions_end_by_age(s) {
        let (user, password) = fixtures::user(s);
        let idle = try_login(s, user["email"].as_str().unwrap(), password).ok();
        s.at("2026-01-09T09:00:00Z");
        refresh(s, &idle).problem(401, "unauthenticated");
        let mut busy = try_login(s, user["email"].as_str().unwrap(), password).ok();
        for day in ["2026-01-15", "2026-01-21", "2026-01-27", "2026-02-02", "2026-02-07"] {
            s.at(&format!("{day}T09:00:00Z"));
            busy = refresh(s, &busy).ok();
        }
        s.at("2026-02-08T09:00:00Z");
        refresh(s, &busy).problem(401, "unauthenticated");
    }

    fn what_is_no_refresh_token_is_refused(s) {
        let (user, password) = fixtures::user(s);
        let tokens = try_login(s, user["email"].as_str().unwrap(), password).ok();
        for bad in ["x", "rt_", "rt_0000000000000000000000000000000000000000000000000000", tokens["access_token"].as_str().unwrap()] {
            let answer = s.anonymous().post("/v1/identity/refresh", json!({"refresh_token": bad}));
            assert!([401, 422].contains(&answer.status), "{}", answer.whole());
        }
        // a refresh token is no access token
        s.with_token(tokens["refresh_token"].as_str().unwrap()).get("/v1/identity/me").problem(401, "unauthenticated");
        refresh(s, &tokens).ok();
    }

    fn logging_out_kills_the_tokens_at_once(s) {
        let (user, password) = fixtures::user(s);
        let email = user["email"].as_str().unwrap();
        let (a, b, c) = (try_login(s, email, password).ok(), try_login(s, email, password).ok(), try_login(s, email, password).ok());
        with(s, &a).get("/v1/identity/me").ok();
        assert_eq!(with(s, &a).post("/v1/identity/logout", json!({})).ok()["sessions_ended"], 1);
        with(s, &a).get("/v1/identity/me").problem(401, "unauthenticated");
        refresh(s, &a).problem(401, "unauthenticated");
        assert_eq!(with(s, &b).get("/v1/identity/my-sessions?status=active").ok()["data"].as_array().unwrap().len(), 2);
        assert_eq!(with(s, &b).post("/v1/identity/logout-all", json!({})).ok()["sessions_ended"], 2);
        for dead in [&b, &c] {
            with(s, dead).get("/v1/identity/me").problem(401, "unauthenticated");
            refresh(s, dead).problem(401, "unauthenticated");
        }
        s.post("/v1/identity/logout", json!({})).problem(409, "session.none");
    }

    fn an_administrator_sees_and_ends_sessions(s) {
        let (user, client) = member(s, &["identity.users.read"]);
        let session = client.get("/v1/identity/me").ok()["session_id"].clone();
        let path = format!("/v1/identity/sessions/{}", session.as_str().unwrap());
        let seen = s.get(&path).ok();
        assert_eq!((&seen["user_id"], &seen["status"], &seen["address"]), (&user["id"], &json!("active"), &json!("127.0.0.1")));
        client.get(&path).problem(403, "missing_scope");
        s.act(&format!("{path}/revoke"), &seen, json!({})).ok();
        client.get("/v1/identity/me").problem(401, "unauthenticated");
        let (user, client) = member(s, &["identity.users.read"]);
        s.act(&format!("/v1/identity/users/{}/revoke-sessions", id(&user)), &user, json!({})).ok();
        client.get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn nobody_sees_the_sessions_of_others_among_the_own(s) {
        let (user, client) = member(s, &["identity.users.read"]);
        member(s, &["identity.users.read"]);
        let own = client.all("/v1/identity/my-sessions");
        assert!(!own.is_empty() && own.iter().all(|r| r["user_id"] == user["id"]));
    }
}
