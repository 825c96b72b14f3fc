//! Second factors: set up, needed at log-in, each code once, lost and removed.

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::try_login;
use crate::fixtures::{self, id};
use crate::harness::{Answer, Client, Server};

const PLACE: &str = "/v1/identity/me/second-factor";
/// 2026-01-02T09:00:00Z, when the tests begin.
const BEGIN: u64 = 1_767_344_400;

/// The code that an authenticator app shows so many seconds after the beginning.
fn code(secret: &str, after: u64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).with_account_name("x").build().unwrap().generate(BEGIN + after).to_string()
}

fn log_in(c: &Client, email: &str, password: &str, code: &str) -> Answer {
    c.anonymous().post("/v1/identity/login", json!({"email": email, "password": password, "code": code}))
}

struct Guarded {
    email: String,
    password: &'static str,
    secret: String,
    recovery: Vec<String>,
    client: Client,
    user: Value,
}

/// A user whose second factor was confirmed at the beginning.
fn guarded(s: &Server) -> Guarded {
    let (user, password) = fixtures::user(s);
    let email = user["email"].as_str().unwrap().to_string();
    let tokens = try_login(s, &email, password).ok();
    let client = s.with_token(tokens["access_token"].as_str().unwrap());
    let begun = client.post(PLACE, json!({"current_password": password})).ok();
    let secret = begun["secret"].as_str().unwrap().to_string();
    let codes = client.post(&format!("{PLACE}/confirm"), json!({"code": code(&secret, 0)})).ok();
    let recovery = codes["recovery_codes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_string()).collect();
    Guarded { email, password, secret, recovery, client, user }
}

each_engine! {
    fn log_in_needs_a_code_once_the_first_was_confirmed(s) {
        let (user, password) = fixtures::user(s);
        let email = user["email"].as_str().unwrap();
        let c = s.with_token(try_login(s, email, password).ok()["access_token"].as_str().unwrap());
        assert_eq!(c.get(PLACE).ok(), json!({"enabled": false, "recovery_codes_left": 0}));
        c.post(&format!("{PLACE}/confirm"), json!({"code": "123456"})).problem(409, "second_factor.not_begun");
        c.post(PLACE, json!({"current_password": "not the password at all"})).problem(422, "password.wrong");
        let begun = c.post(PLACE, json!({"current_password": password})).ok();
        let secret = begun["secret"].as_str().unwrap();
        assert!(begun["otpauth_uri"].as_str().unwrap().contains(secret));
        // not before it is confirmed
        try_login(s, email, password).ok();
        c.post(&format!("{PLACE}/confirm"), json!({"code": code(secret, 300)})).problem(422, "second_factor.wrong_code");
        let codes = c.post(&format!("{PLACE}/confirm"), json!({"code": code(secret, 0)})).ok();
        assert_eq!(codes["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!(c.get(PLACE).ok(), json!({"enabled": true, "recovery_codes_left": 10}));
        assert_eq!(s.get(&format!("/v1/identity/users/{}", id(&user))).ok()["second_factor_enabled"], true);
        c.post(PLACE, json!({"current_password": password})).problem(409, "second_factor.enabled");
        try_login(s, email, password).problem(401, "second_factor.code_required");
        // a wrong password tells nothing of a second factor
        log_in(s, email, "not the password at all", &code(secret, 30)).problem(401, "unauthenticated");
        try_login(s, email, "not the password at all").problem(401, "unauthenticated");
        log_in(s, email, password, "000000").problem(401, "unauthenticated");
        // the code of the confirmation was used; the next step's is accepted early, once
        log_in(s, email, password, &code(secret, 0)).problem(401, "unauthenticated");
        log_in(s, email, password, &code(secret, 30)).ok();
        log_in(s, email, password, &code(secret, 30)).problem(401, "unauthenticated");
        s.at("2026-01-02T09:01:00Z");
        log_in(s, email, password, &code(secret, 60)).ok();
    }

    fn one_code_lets_one_of_many_in(s) {
        let g = guarded(s);
        let now = code(&g.secret, 30);
        let answers = s.parallel(8, |_, c| log_in(c, &g.email, g.password, &now).status);
        assert_eq!(answers.iter().filter(|a| **a == 200).count(), 1, "{answers:?}");
        let recovery = g.recovery[0].clone();
        let answers = s.parallel(4, |_, c| log_in(c, &g.email, g.password, &recovery).status);
        assert_eq!(answers.iter().filter(|a| **a == 200).count(), 1, "{answers:?}");
    }

    fn a_recovery_code_is_accepted_once_and_renewed_by_a_code(s) {
        let g = guarded(s);
        log_in(s, &g.email, g.password, &g.recovery[3].to_uppercase()).ok();
        log_in(s, &g.email, g.password, &g.recovery[3]).problem(401, "unauthenticated");
        assert_eq!(g.client.get(PLACE).ok()["recovery_codes_left"], 9);
        let fresh = g.client.post(&format!("{PLACE}/recovery-codes"), json!({"code": code(&g.secret, 30)})).ok();
        log_in(s, &g.email, g.password, &g.recovery[4]).problem(401, "unauthenticated");
        log_in(s, &g.email, g.password, fresh["recovery_codes"][0].as_str().unwrap()).ok();
        let told = s.get("/v1/platform/events?kind=user.second_factor_enabled").ok().to_string();
        assert!(!told.contains(&g.secret) && !told.contains(&g.recovery[0]) && told.contains(id(&g.user)));
    }

    fn guesses_of_codes_wait_like_guesses_of_passwords(s) {
        let g = guarded(s);
        for n in 0..10 {
            log_in(s, &g.email, g.password, &format!("00000{n}")).problem(401, "unauthenticated");
        }
        log_in(s, &g.email, g.password, &code(&g.secret, 30)).problem(429, "too_many_requests");
        g.client.post(&format!("{PLACE}/disable"), json!({"code": code(&g.secret, 30)})).problem(429, "too_many_requests");
    }

    fn its_user_disables_it_by_a_code_and_an_administrator_for_who_lost_it(s) {
        let g = guarded(s);
        g.client.post(&format!("{PLACE}/disable"), json!({"code": "999999"})).problem(422, "second_factor.wrong_code");
        assert_eq!(g.client.post(&format!("{PLACE}/disable"), json!({"code": g.recovery[0]})).ok()["enabled"], false);
        g.client.post(&format!("{PLACE}/disable"), json!({"code": g.recovery[1]})).problem(409, "second_factor.not_enabled");
        try_login(s, &g.email, g.password).ok();
        let other = guarded(s);
        let at = format!("/v1/identity/users/{}", id(&other.user));
        let now = s.get(&at).ok();
        assert!(now["allowed_actions"].as_array().unwrap().contains(&json!("remove-second-factor")));
        let clerk = fixtures::user_with(s, &["identity.users.read", "identity.users.update"], &[s.company_id()]);
        clerk.act(&format!("{at}/remove-second-factor"), &now, json!({})).problem(403, "missing_scope");
        let removed = s.act(&format!("{at}/remove-second-factor"), &now, json!({})).ok();
        assert_eq!(removed["second_factor_enabled"], false);
        s.act(&format!("{at}/remove-second-factor"), &removed, json!({})).problem(409, "second_factor.not_enabled");
        try_login(s, &other.email, other.password).ok();
    }

    fn an_api_key_has_no_second_factor_of_its_own(s) {
        let key = s.post("/v1/identity/api-keys", json!({"name": "Shop", "permissions": ["identity.users.read"]})).created();
        let shop = s.with_token(key["key"].as_str().unwrap());
        shop.post(PLACE, json!({"current_password": "whatever it may be"})).problem(409, "session.none");
        shop.post(&format!("{PLACE}/disable"), json!({"code": "123456"})).problem(409, "session.none");
    }
}
