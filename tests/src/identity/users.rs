//! Users: made, changed, disabled; passwords; log-in and its throttle.

use serde_json::json;

use super::{behind_proxy, member, try_login, try_login_from};
use crate::fixtures::{self, id};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Database, Server, serve};

const WORDS: &str = "seven grey herons cross the river";

each_engine! {
    fn a_user_is_made_read_changed_and_found(s) {
        let body = json!({"email": " Ada@Example.COM ", "name": "Ada Lovelace", "password": WORDS, "metadata": {"desk": "12"}});
        let user = s.post("/v1/identity/users", body).created();
        assert_eq!(user["email"], "ada@example.com");
        assert_eq!((&user["status"], &user["locale"], &user["must_change_password"]), (&json!("active"), &json!("en"), &json!(true)));
        let path = format!("/v1/identity/users/{}", id(&user));
        assert_eq!(s.get(&path).ok()["metadata"]["desk"], "12");
        let changed = s.patch(&path, &user, json!({"name": "Ada King", "locale": "de-AT"})).ok();
        assert_eq!((&changed["name"], &changed["version"]), (&json!("Ada King"), &json!(2)));
        s.patch(&path, 1, json!({"name": "x"})).problem(412, "precondition_failed");
        assert_eq!(s.get("/v1/identity/users?q=lovelace").ok()["data"], json!([]));
        assert_eq!(s.get("/v1/identity/users?q=KING").ok()["data"][0]["id"], user["id"]);
        assert_eq!(s.get("/v1/identity/users?email=ada@example.com").ok()["data"][0]["id"], user["id"]);
    }

    fn an_address_belongs_to_one_user(s) {
        s.post("/v1/identity/users", json!({"email": "ada@example.com", "name": "Ada"})).created();
        s.post("/v1/identity/users", json!({"email": "ADA@example.com", "name": "Eve"})).problem(409, "user.email_taken");
        let eve = s.post("/v1/identity/users", json!({"email": "eve@example.com", "name": "Eve"})).created();
        s.patch(&format!("/v1/identity/users/{}", id(&eve)), &eve, json!({"email": "Ada@example.com"})).problem(409, "user.email_taken");
        s.post("/v1/identity/users", json!({"email": "not an address", "name": "Eve"})).problem(422, "user.invalid_email");
    }

    fn only_long_and_unguessable_passwords_are_taken(s) {
        let with = |password: &str| s.post("/v1/identity/users", json!({"email": "a@example.com", "name": "Ada Lovelace", "password": password}));
        with("short one").problem(422, "password.too_short");
        let p = with("adalovelaceadalovelace").problem(422, "password.too_guessable");
        assert_eq!(p["errors"][0]["pointer"], "/password");
        for guessed in ["passwordpassword", "password password", "pass word pass word", "Password-password!", "a              b"] {
            with(guessed).problem(422, "password.too_guessable");
        }
        with(&"日本語".repeat(150)).problem(422, "password.too_long");
        with("日本語のとても長い合言葉です、はい。").created();
    }

    fn a_name_is_one_line(s) {
        for bad in ["Ada\r\nBcc: all@example.com", "Ada\u{1b}[31m", "Ada\tKing", "Ada\u{7f}", "Ada\u{2028}King"] {
            let p = s.post("/v1/identity/users", json!({"email": "ada@example.com", "name": bad})).problem(422, "invalid_body");
            assert_eq!((&p["errors"][0]["pointer"], &p["errors"][0]["code"]), (&json!("/name"), &json!("control_character")), "{bad:?}");
        }
        let user = s.post("/v1/identity/users", json!({"email": "ada@example.com", "name": "Ada"})).created();
        let path = format!("/v1/identity/users/{}", id(&user));
        s.patch(&path, &user, json!({"name": "Ada\nKing"})).problem(422, "invalid_body");
        s.patch(&path, &user, json!({"metadata": {"a\nb": "x"}})).problem(422, "invalid_body");
        s.patch(&path, &user, json!({"metadata": {"a": "several\nlines\tare fine"}})).ok();
    }

    fn a_first_password_must_be_changed_before_anything_else(s) {
        let user = s.post("/v1/identity/users", json!({"email": "ada@example.com", "name": "Ada", "password": WORDS})).created();
        let owner = s.get("/v1/identity/roles?code=owner").ok();
        s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": owner["data"][0]["id"]})).created();
        let login = try_login(s, "ada@example.com", WORDS).ok();
        assert_eq!(login["must_change_password"], true);
        let ada = s.with_token(login["access_token"].as_str().unwrap());
        let refused = ada.get("/v1/identity/users").problem(403, "missing_scope");
        assert!(refused["detail"].as_str().unwrap().contains("/v1/identity/me/password"), "{refused}");
        assert_eq!(ada.get("/v1/identity/me").ok()["permissions"], json!([]));
        let change = json!({"current_password": WORDS, "new_password": "eight white swans sleep on the lake"});
        let tokens = ada.post("/v1/identity/me/password", change).ok();
        ada.get("/v1/identity/me").problem(401, "unauthenticated");
        let ada = s.with_token(tokens["access_token"].as_str().unwrap());
        ada.get("/v1/identity/users").ok();
        try_login(s, "ada@example.com", WORDS).problem(401, "unauthenticated");
        try_login(s, "ada@example.com", "eight white swans sleep on the lake").ok();
    }

    fn a_password_change_asks_for_the_old_one_and_ends_all_sessions(s) {
        let (user, first) = member(s, &["identity.users.read"]);
        let email = user["email"].as_str().unwrap();
        let second = s.login(email, "quiet rivers run deep");
        let change = |old: &str, new: &str| first.post("/v1/identity/me/password", json!({"current_password": old, "new_password": new}));
        let wrong = change("some other rivers run", WORDS).problem(422, "password.wrong");
        assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
        change("quiet rivers run deep", "short").problem(422, "password.too_short");
        change("quiet rivers run deep", "quiet rivers run deep").problem(422, "password.unchanged");
        first.get("/v1/identity/me").ok();
        change("quiet rivers run deep", WORDS).ok();
        first.get("/v1/identity/me").problem(401, "unauthenticated");
        second.get("/v1/identity/me").problem(401, "unauthenticated");
        s.post("/v1/identity/me/password", json!({"current_password": "x", "new_password": WORDS})).problem(409, "session.none");
    }

    fn a_disabled_user_is_out_at_once(s) {
        let (user, client) = member(s, &["identity.*"]);
        let key = client.post("/v1/identity/api-keys", json!({"name": "own"})).created();
        let program = s.with_token(key["key"].as_str().unwrap());
        program.get("/v1/identity/users").ok();
        let path = format!("/v1/identity/users/{}", id(&user));
        client.act(&format!("{path}/disable"), &user, json!({})).problem(409, "user.own_account");
        let disabled = s.act(&format!("{path}/disable"), &user, json!({})).ok();
        assert_eq!(disabled["status"], "disabled");
        client.get("/v1/identity/me").problem(401, "unauthenticated");
        program.get("/v1/identity/users").problem(401, "unauthenticated");
        try_login(s, user["email"].as_str().unwrap(), "quiet rivers run deep").problem(401, "unauthenticated");
        s.act(&format!("{path}/disable"), &disabled, json!({})).problem(409, "invalid_state");
        s.act(&format!("{path}/enable"), &disabled, json!({})).ok();
        client.get("/v1/identity/me").problem(401, "unauthenticated");
        program.get("/v1/identity/users").ok();
        s.login(user["email"].as_str().unwrap(), "quiet rivers run deep").get("/v1/identity/me").ok();
    }

    fn a_reset_gives_a_password_for_one_log_in(s) {
        let (user, client) = member(s, &["identity.users.read"]);
        let path = format!("/v1/identity/users/{}/reset-password", id(&user));
        let answer = s.request("POST", &path).if_match(&user).key("reset-1").json(&json!({})).send();
        let made = answer.ok()["password"].as_str().unwrap().to_string();
        client.get("/v1/identity/me").problem(401, "unauthenticated");
        try_login(s, user["email"].as_str().unwrap(), "quiet rivers run deep").problem(401, "unauthenticated");
        let login = try_login(s, user["email"].as_str().unwrap(), &made).ok();
        assert_eq!(login["must_change_password"], true);
        // a repetition does not show it again
        let again = s.request("POST", &path).if_match(&user).key("reset-1").json(&json!({})).send();
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.ok()["password"], json!(null));
    }

    fn every_refused_log_in_looks_the_same_and_costs_a_comparison(s) {
        let (user, _) = member(s, &["identity.users.read"]);
        let (gone, password) = fixtures::user(s);
        s.act(&format!("/v1/identity/users/{}/disable", id(&gone)), &gone, json!({})).ok();
        let state = &s.running().app.identity;
        let mut seen = Vec::new();
        let nobody = s.post("/v1/identity/users", json!({"email": "no.password@example.com", "name": "X"})).created();
        for (email, password) in [
            (user["email"].as_str().unwrap(), "a wrong password it is"),
            ("nobody@example.com", "a wrong password it is"),
            (gone["email"].as_str().unwrap(), password),
            (nobody["email"].as_str().unwrap(), "a wrong password it is"),
            ("not an address at all", "x"),
        ] {
            let before = state.comparisons();
            let mut problem = try_login(s, email, password).problem(401, "unauthenticated");
            assert_eq!(state.comparisons(), before + 1, "{email}");
            for name in ["request_id", "instance"] {
                problem.as_object_mut().unwrap().remove(name);
            }
            seen.push(problem);
        }
        assert!(seen.iter().all(|p| *p == seen[0]), "{seen:#?}");
    }

    fn ten_failures_make_an_address_wait_and_nobody_else(s) {
        let s = behind_proxy(s);
        for i in 0..10 {
            try_login_from(&s, "203.0.113.5", ADMIN_EMAIL, &format!("wrong password number {i}")).problem(401, "unauthenticated");
        }
        let refused = try_login_from(&s, "203.0.113.5", ADMIN_EMAIL, ADMIN_PASSWORD);
        refused.problem(429, "too_many_requests");
        assert_eq!(refused.header("retry-after"), Some("30"));
        // whoever guesses from there guesses for no account
        try_login_from(&s, "203.0.113.5", "nobody@example.com", "x").problem(429, "too_many_requests");
        // the right user elsewhere gets in, and what a stranger writes before the proxy's own hop changes nothing
        try_login_from(&s, "203.0.113.6", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        try_login_from(&s, "198.51.100.1, 203.0.113.5", ADMIN_EMAIL, ADMIN_PASSWORD).problem(429, "too_many_requests");
        // each further failure doubles the wait
        s.at("2026-01-02T09:00:30Z");
        try_login_from(&s, "203.0.113.5", ADMIN_EMAIL, "wrong again").problem(401, "unauthenticated");
        let refused = try_login_from(&s, "203.0.113.5", ADMIN_EMAIL, ADMIN_PASSWORD);
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
        s.at("2026-01-02T09:02:00Z");
        try_login_from(&s, "203.0.113.5", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
    }

    fn a_forged_address_is_no_way_around_the_throttle(s) {
        for i in 0..10 {
            try_login_from(s, &format!("203.0.113.{i}"), ADMIN_EMAIL, "wrong").problem(401, "unauthenticated");
        }
        for i in 0..20 {
            try_login_from(s, &format!("198.51.100.{i}"), ADMIN_EMAIL, ADMIN_PASSWORD).problem(429, "too_many_requests");
        }
    }

    fn many_guesses_at_once_are_no_way_around_the_throttle(s) {
        let statuses = s.parallel(24, |i, c| try_login(c, ADMIN_EMAIL, &format!("wrong password {i}")).status);
        let tried = statuses.iter().filter(|s| **s == 401).count();
        assert!(tried <= 10, "{statuses:?}");
        assert!(statuses.iter().all(|s| [401, 429].contains(s)), "{statuses:?}");
    }

    fn the_first_start_makes_one_administrator_with_a_password_for_once(s) {
        let mut fresh = Server::fresh(s.engine);
        assert!(fresh.running().one_time_password.is_none());
        let login = try_login(&fresh, ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        assert_eq!(login["must_change_password"], false);
        assert_eq!((&login["token_type"], &login["expires_in"]), (&json!("Bearer"), &json!(900)));
        let me = fresh.with_token(login["access_token"].as_str().unwrap()).get("/v1/identity/me").ok();
        assert_eq!((&me["roles"], &me["permissions"], &me["all_companies"]), (&json!(["owner"]), &json!(["*"]), &json!(true)));
        // another password in the configuration changes nothing afterwards
        fresh.restart(|c| c.admin_email = "second@example.com".into());
        try_login(&fresh, "second@example.com", ADMIN_PASSWORD).problem(401, "unauthenticated");
        try_login(&fresh, ADMIN_EMAIL, ADMIN_PASSWORD).ok();
    }

    fn who_has_fewer_companies_cannot_touch_an_account_with_more(s) {
        let (boss, _) = member(s, &["identity.*"]);
        let limited = fixtures::user_with(s, &["identity.*"], &[s.company_id()]);
        let path = format!("/v1/identity/users/{}", id(&boss));
        limited.act(&format!("{path}/reset-password"), &boss, json!({})).problem(403, "user.out_of_reach");
        limited.patch(&path, &boss, json!({"email": "mine@example.com"})).problem(403, "user.out_of_reach");
        limited.act(&format!("{path}/disable"), &boss, json!({})).problem(403, "user.out_of_reach");
        let (small, _) = fixtures::user(s);
        limited.act(&format!("/v1/identity/users/{}/reset-password", id(&small)), &small, json!({})).ok();
    }

    fn replicas_that_start_at_once_on_an_empty_database_all_come_up(s) {
        let database = Database::empty(s.engine);
        persistence::Database::open(&persistence::DatabaseConfig::new(&database.url)).unwrap().migrate().unwrap();
        // each logs in as the one administrator
        let replicas = s.parallel(3, |_, _| serve(&database.url));
        let users = replicas[0].all("/v1/identity/users");
        assert_eq!(users.iter().filter(|u| u["email"] == ADMIN_EMAIL).count(), 1);
        for c in &replicas {
            c.get("/v1/identity/users").ok();
        }
    }

    fn an_operator_is_shown_every_account_with_its_roles_and_companies(s) {
        let (all, _) = member(s, &["identity.*"]);
        let (limited, _) = fixtures::user(s);
        s.post(&format!("/v1/identity/users/{}/grants", id(&limited)), json!({"company_id": s.company_id()})).created();
        let accounts = platform::identity::list_users(&s.running().app).unwrap();
        let of = |user: &serde_json::Value| accounts.iter().find(|a| user["email"] == a.user.email).unwrap();
        assert_eq!((of(&all).roles.len(), &of(&all).companies), (1, &None));
        assert_eq!((of(&limited).roles.len(), of(&limited).companies.as_ref().map(Vec::len)), (0, Some(1)));
        assert!(accounts.is_sorted_by_key(|a| &a.user.email));
    }
}
