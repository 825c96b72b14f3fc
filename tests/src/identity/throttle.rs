//! Those who guess passwords wait, on every replica, and nobody else does.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use persistence::identity::throttle as rows;
use persistence::{Conn, Database, DatabaseConfig, Error, Outcome, sql};
use platform::identity::secrets::hash;
use serde_json::json;

use super::{behind_proxy, try_login, try_login_from};
use crate::fixtures::{self, id};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, BEGIN, Client, Server};

fn outside(s: &Server) -> Database {
    Database::open(&DatabaseConfig::new(s.database_url())).unwrap()
}

fn begin() -> DateTime<Utc> {
    BEGIN.parse().unwrap()
}

/// All failures that are written down.
fn failures(s: &Server) -> i64 {
    outside(s).read(|c| sql!("SELECT CAST(SUM(failures) AS BIGINT) FROM login_failures").first::<(i64,)>(c)).unwrap().unwrap().0
}

each_engine! {
    fn every_replica_knows_who_must_wait_and_a_restart_forgets_nothing(s) {
        let mut s = behind_proxy(s);
        let other = s.replica();
        let places: [&Client; 2] = [&s, &other];
        for i in 0..10 {
            try_login_from(places[i % 2], "203.0.113.5", ADMIN_EMAIL, &format!("wrong password number {i}")).problem(401, "unauthenticated");
        }
        for c in places {
            let refused = try_login_from(c, "203.0.113.5", ADMIN_EMAIL, ADMIN_PASSWORD);
            refused.problem(429, "too_many_requests");
            assert_eq!(refused.header("retry-after"), Some("30"));
            // the right user elsewhere gets in
            try_login_from(c, "203.0.113.6", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        }
        // who waits costs nothing: each failure counts for its address and its account, and a refusal is none
        assert_eq!(failures(&s), 20);
        for _ in 0..20 {
            try_login_from(&s, "203.0.113.5", "nobody@example.com", "x").expect(429);
        }
        assert_eq!(failures(&s), 20);
        drop(other);
        s.restart(|_| {});
        try_login_from(&s, "203.0.113.5", ADMIN_EMAIL, ADMIN_PASSWORD).problem(429, "too_many_requests");
    }

    fn a_proxy_that_writes_ports_holds_up_the_guesser_alone(s) {
        let s = behind_proxy(s);
        for i in 0..10 {
            try_login_from(&s, &format!("203.0.113.9:{}", 50_000 + i), ADMIN_EMAIL, &format!("wrong password number {i}")).problem(401, "unauthenticated");
        }
        try_login_from(&s, "203.0.113.9:51234", ADMIN_EMAIL, ADMIN_PASSWORD).problem(429, "too_many_requests");
        try_login_from(&s, "203.0.113.10:51234", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        try_login_from(&s, "[2001:db8::1]:1234", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        let sessions = s.all("/v1/identity/sessions?sort=-refreshed_at");
        assert!(sessions.iter().any(|r| r["address"] == "203.0.113.10") && sessions.iter().any(|r| r["address"] == "2001:db8::1"), "{sessions:?}");
    }

    fn many_addresses_against_one_account_wait_and_the_known_one_does_not(s) {
        let s = behind_proxy(s);
        try_login_from(&s, "9.9.9.9", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        // a hundred failures from a hundred addresses, as their log-ins would have written them
        outside(&s).write(Box::new(|c: &mut Conn<'_>| -> Result<_, Error> {
            for _ in 0..100 {
                rows::fail(c, &hash(&format!("account {ADMIN_EMAIL}")), begin(), begin() - chrono::TimeDelta::minutes(30))?;
            }
            Ok(Outcome::Keep(()))
        })).unwrap();
        try_login_from(&s, "10.1.1.1", ADMIN_EMAIL, ADMIN_PASSWORD).problem(429, "too_many_requests");
        try_login_from(&s, "10.1.1.1", "nobody@example.com", "a wrong password it is").problem(401, "unauthenticated");
        try_login_from(&s, "9.9.9.9", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        s.at("2026-01-02T09:00:31Z");
        try_login_from(&s, "10.1.1.1", ADMIN_EMAIL, ADMIN_PASSWORD).ok();
    }

    fn what_was_forgotten_takes_no_room(s) {
        try_login(s, ADMIN_EMAIL, "a wrong password it is").problem(401, "unauthenticated");
        try_login(s, ADMIN_EMAIL, ADMIN_PASSWORD).ok();
        let forget = |minutes: i64| {
            let now = begin() + chrono::TimeDelta::minutes(minutes);
            let job = move |c: &mut Conn<'_>| rows::forget(c, now - chrono::TimeDelta::minutes(30), now - chrono::TimeDelta::days(90), 100).map(Outcome::Keep);
            outside(s).write(Box::new(job)).unwrap()
        };
        assert_eq!(forget(29), 0);
        assert_eq!(forget(31), 2, "address and account");
        assert_eq!(forget(91 * 24 * 60), 1, "the place");
    }

    fn nobody_learns_from_the_time_whether_a_user_exists(s) {
        let s = behind_proxy(s);
        let (gone, password) = fixtures::user(&s);
        s.act(&format!("/v1/identity/users/{}/disable", id(&gone)), &gone, json!({})).ok();
        let cases: [(&str, &str); 3] = [
            ("nobody@example.com", "a wrong password it is"),
            (ADMIN_EMAIL, "a wrong password it is"),
            (gone["email"].as_str().unwrap(), password),
        ];
        let mut tries = 0;
        let mut took = |(email, password): (&str, &str)| {
            tries += 1;
            let begun = Instant::now();
            try_login_from(&s, &format!("198.51.{}.{}", tries / 200, tries % 200 + 1), email, password).problem(401, "unauthenticated");
            begun.elapsed()
        };
        // other work only ever adds to a time, so the shortest of many are compared; a hash left out would be a factor of fifty
        let mut shortest = [Duration::MAX; 3];
        let mut ratio = f64::MAX;
        for _ in 0..12 {
            for _ in 0..8 {
                cases.iter().zip(&mut shortest).for_each(|(case, shortest)| *shortest = took(*case).min(*shortest));
            }
            let (least, most) = (*shortest.iter().min().unwrap(), *shortest.iter().max().unwrap());
            ratio = most.as_secs_f64() / least.as_secs_f64();
            if ratio <= 1.1 {
                return;
            }
        }
        assert!(ratio <= 1.5, "unknown user, wrong password and locked user took: {shortest:?}");
    }
}
