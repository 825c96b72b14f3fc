//! Sessions: refresh, reuse, log-out, revocation.

use serde_json::{Value, json};

use super::{behind_proxy, member, try_login, try_login_from};
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

    fn windows_of_one_client_that_refresh_at_once_all_go_on(s) {
        let (user, password) = fixtures::user(s);
        let tokens = try_login(s, user["email"].as_str().unwrap(), password).ok();
        let answers = s.parallel(8, |_, c| refresh(c, &tokens));
        let all: Vec<Value> = answers.iter().map(Answer::ok).collect();
        for answer in &all {
            with(s, answer).get("/v1/identity/me").ok();
        }
        assert_eq!(s.all(&format!("/v1/identity/sessions?user_id={}&status=active", id(&user))).len(), 1);
        // an answer arrived, so nobody honest comes with the old token any more
        refresh(s, &all[3]).ok();
        refresh(s, &tokens).problem(401, "unauthenticated");
        with(s, &all[3]).get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn a_lost_answer_is_asked_for_again_for_ten_seconds(s) {
        let (user, password) = fixtures::user(s);
        let tokens = try_login(s, user["email"].as_str().unwrap(), password).ok();
        refresh(s, &tokens).ok();
        s.at("2026-01-02T09:00:10Z");
        let second = refresh(s, &tokens).ok();
        s.at("2026-01-02T09:00:11Z");
        refresh(s, &tokens).problem(401, "unauthenticated");
        refresh(s, &second).problem(401, "unauthenticated");
        with(s, &second).get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn another_client_that_comes_with_a_used_token_ends_the_session(s) {
        let (user, password) = fixtures::user(s);
        let email = user["email"].as_str().unwrap();
        let from = |c: &Client, address: &str, agent: &str, tokens: &Value| {
            let body = json!({"refresh_token": tokens["refresh_token"]});
            let rq = c.anonymous();
            rq.request("POST", "/v1/identity/refresh").header("x-forwarded-for", address).header("user-agent", agent).json(&body).send()
        };
        let tokens = try_login(s, email, password).ok();
        let next = from(s, "203.0.113.5", "Browser", &tokens).ok();
        from(s, "203.0.113.5", "Thief", &tokens).problem(401, "unauthenticated");
        from(s, "203.0.113.5", "Browser", &next).problem(401, "unauthenticated");
        let s = &behind_proxy(s);
        let (user, password) = fixtures::user(s);
        let tokens = try_login_from(s, "203.0.113.5", user["email"].as_str().unwrap(), password).ok();
        let next = from(s, "203.0.113.5", "Browser", &tokens).ok();
        from(s, "203.0.113.6", "Browser", &tokens).problem(401, "unauthenticated");
        from(s, "203.0.113.5", "Browser", &next).problem(401, "unauthenticated");
    }

    fn of_strangers_who_share_a_token_one_wins_at_most(s) {
        let (user, password) = fixtures::user(s);
        let tokens = try_login(s, user["email"].as_str().unwrap(), password).ok();
        let body = json!({"refresh_token": tokens["refresh_token"]});
        let statuses = s.parallel(8, |i, c| {
            c.anonymous().request("POST", "/v1/identity/refresh").header("user-agent", &format!("Client {i}")).json(&body).send().status
        });
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|s| [200, 401].contains(s)), "{statuses:?}");
        assert_eq!(s.all(&format!("/v1/identity/sessions?user_id={}&status=active", id(&user))).len(), 0);
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
