//! What happens by the clock: once a period, whoever of the replicas does it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Client, Server};

fn unit(s: &Client, key: &str) -> (u16, serde_json::Value) {
    let body = json!({"code": "crate", "name": "Crate", "category": "count", "numerator": "12"});
    let answer = s.request("POST", "/v1/directory/units").key(key).json(&body).send();
    (answer.status, answer.json())
}

each_engine! {
    fn old_idempotency_keys_are_cleared_away_when_their_time_has_come_and_not_before(s) {
        let (status, made) = unit(s, "crate");
        assert_eq!(status, 201, "{made}");
        s.at("2026-01-03T09:30:00Z");
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(unit(s, "crate"), (201, made), "a day later the same answer");
        s.at("2026-01-04T10:00:00Z");
        let began = Instant::now();
        while unit(s, "crate").0 == 201 {
            assert!(began.elapsed() < Duration::from_secs(10), "the key is never forgotten");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(unit(s, "crate").0, 409, "without its key the code is taken");
    }

    fn a_clock_that_is_set_back_stops_nothing(s) {
        s.at("2027-06-01T09:00:00Z");
        std::thread::sleep(Duration::from_millis(700));
        old_keys_go(s);
    }
}

/// Back in January, what is two days old is cleared away.
fn old_keys_go(s: &Server) {
    s.at("2026-01-02T09:00:00Z");
    assert_eq!(unit(s, "back").0, 201);
    s.at("2026-01-05T09:00:00Z");
    let began = Instant::now();
    while unit(s, "back").0 == 201 {
        assert!(began.elapsed() < Duration::from_secs(10), "the sweep sleeps");
        std::thread::sleep(Duration::from_millis(50));
    }
}
