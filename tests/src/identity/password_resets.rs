//! Forgotten passwords: a link by mail sets a new one, once, and shows to nobody who has an account.

use serde_json::{Value, json};

use super::try_login;
use crate::fixtures::{self, id};
use crate::harness::{Answer, Client, LINKS, Letter, Server, Sink};
use crate::marketing::consent_confirmations::browse;

const RESETS: &str = "/v1/identity/password-resets";
const LINK: &str = "/v1/identity/links/password-reset";
const NEW: &str = "eleven violet kites above the dunes";

fn ask(c: &Client, email: &str) -> Answer {
    c.anonymous().post(RESETS, json!({"email": email}))
}

fn token_of(letter: &Letter) -> String {
    let link = letter.link(&format!("{LINKS}{LINK}?link=")).expect("a link");
    link.rsplit('=').next().unwrap().to_string()
}

/// A user, and the token of a link that was mailed.
fn asked(s: &Server, sink: &Sink) -> (Value, String, &'static str, String) {
    let (user, password) = fixtures::user(s);
    let email = user["email"].as_str().unwrap().to_string();
    assert_eq!(ask(s, &email.to_uppercase()).ok(), json!({"valid_for": 1800}));
    sink.wait_for(1);
    let token = token_of(&sink.letter(&email));
    (user, email, password, token)
}

fn set(c: &Client, token: &str, password: &str) -> Answer {
    c.anonymous().post(LINK, json!({"link": token, "password": password}))
}

each_engine! {
    fn a_link_sets_a_new_password_once_and_ends_all_sessions(s, sink) {
        let (user, email, password, token) = asked(s, sink);
        let session = s.with_token(try_login(s, &email, password).ok()["access_token"].as_str().unwrap());
        let seen = s.anonymous().get(&format!("{LINK}?link={token}")).ok();
        assert_eq!((&seen["done"], &seen["language"], seen["address"].as_str().unwrap().contains("…@")), (&json!(false), &json!("en"), true));
        set(s, &token, "short").problem(422, "password.too_short");
        set(s, &token, "passwordpassword").problem(422, "password.too_guessable");
        assert_eq!(set(s, &token, NEW).ok()["done"], true);
        session.get("/v1/identity/me").problem(401, "unauthenticated");
        try_login(s, &email, password).problem(401, "unauthenticated");
        let tokens = try_login(s, &email, NEW).ok();
        assert_eq!(tokens["must_change_password"], false);
        set(s, &token, "another phrase that nobody would guess").problem(404, "link.expired");
        let told = s.all(&format!("/v1/platform/events?kind=user.password_reset&subject={}", id(&user)));
        assert_eq!(told.len(), 1);
        assert!(!told[0].to_string().contains(NEW));
    }

    fn a_link_is_valid_for_half_an_hour_and_for_the_password_it_replaces(s, sink) {
        let (user, _, _, token) = asked(s, sink);
        s.at("2026-01-02T09:31:00Z");
        set(s, &token, NEW).problem(404, "link.expired");
        set(s, &"A".repeat(60), NEW).problem(404, "link.invalid");
        s.at("2026-01-02T09:00:00Z");
        s.act(&format!("/v1/identity/users/{}/reset-password", id(&user)), &s.get(&format!("/v1/identity/users/{}", id(&user))).ok(), json!({})).ok();
        set(s, &token, NEW).problem(404, "link.expired");
    }

    fn nobody_learns_who_has_an_account_and_nobody_is_flooded(s, sink) {
        let (user, email, _, token) = asked(s, sink);
        assert_eq!(ask(s, "nobody.at.all@example.com").ok(), json!({"valid_for": 1800}));
        for _ in 0..4 {
            ask(s, &email).ok();
        }
        // the third message is the last
        sink.wait_for(3);
        let jobs = s.all("/v1/platform/jobs?kind=password_reset_mail");
        assert!(jobs.len() == 6 && !jobs.iter().any(|j| j.to_string().contains(&email)), "{jobs:#?}");
        for _ in 0..4 {
            ask(s, "nobody.at.all@example.com").ok();
        }
        ask(s, &email).problem(429, "too_many_requests");
        // a disabled account gets no message, and its link is worth nothing
        let at = format!("/v1/identity/users/{}", id(&user));
        s.act(&format!("{at}/disable"), &s.get(&at).ok(), json!({})).ok();
        set(s, &token, NEW).problem(404, "link.invalid");
    }

    fn a_browser_gets_a_page_that_works_without_scripts(s, sink) {
        let (_, email, _, token) = asked(s, sink);
        let page = browse(s, "GET", &format!("{LINK}?link={token}"), "de", "");
        assert_eq!(page.expect(200).header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.text().contains("method=\"post\"") && page.text().contains(&token), "{}", page.text());
        let refused = browse(s, "POST", LINK, "en", &format!("link={token}&password=short"));
        assert!(refused.text().contains("role=\"alert\"") && refused.text().contains("Try again"), "{}", refused.text());
        let done = browse(s, "POST", LINK, "en", &format!("link={token}&password={}", NEW.replace(' ', "+")));
        assert!(done.expect(200).text().contains("The new password is set."), "{}", done.text());
        try_login(s, &email, NEW).ok();
    }
}

each_engine! {
    fn without_a_mail_server_there_are_no_links(s) {
        ask(s, "ada@example.com").problem(409, "password_reset.no_mail_server");
    }
}
