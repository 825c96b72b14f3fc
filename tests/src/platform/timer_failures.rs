//! What happens by the clock goes on for all others when it fails for one; what failed is shown and tried again.

use std::time::{Duration, Instant};

use persistence::{Database, DatabaseConfig, Error, Outcome, Statement};
use serde_json::json;

use crate::crm::quotes::sent;
use crate::fixtures::{customer, user_with};
use crate::harness::Server;

/// Changes a quote behind the back of the program.
fn by_hand(s: &Server, set: &str, number: &str) {
    let text = format!("UPDATE quotes SET {set} WHERE number = '{number}'");
    let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
    let changed = db.write::<_, Error>(Box::new(move |c| Ok(Outcome::Keep(Statement::new(text.clone()).execute(c)?)))).unwrap();
    assert_eq!(changed, 1, "{set}");
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(15), "it does not come to that: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

each_engine! {
    fn one_bad_row_stops_nobody_else_and_is_tried_again_until_it_succeeds(s) {
        let party = customer(s, "Alfreds");
        let (bad, good) = (sent(s, &party, json!({"valid_until": "2026-01-10"})), sent(s, &party, json!({"valid_until": "2026-01-10"})));
        let (bad_id, number) = (bad["id"].as_str().unwrap(), bad["number"].as_str().unwrap());
        // what cannot be read is the fault of no request
        by_hand(s, "answer = '5'", number);
        let good = format!("/v1/crm/quotes/{}", good["id"].as_str().unwrap());
        s.at("2026-01-12T09:00:00Z");
        let failures = || s.get("/v1/platform/timer-failures?timer=crm.quotes.expire").ok()["data"].clone();
        until("the good one expires", || s.get(&good).ok()["status"] == "expired");
        until("the bad one is written down", || failures()[0]["subject"] == bad_id);
        let failure = failures()[0].clone();
        assert_eq!((&failure["code"], &failure["attempts"], &failure["retry_at"]), (&json!("internal"), &json!(1), &json!("2026-01-12T09:01:00Z")));
        s.at("2026-01-12T09:02:00Z");
        until("it fails again", || failures()[0]["attempts"] == 2);
        assert_eq!(failures()[0]["retry_at"], "2026-01-12T09:04:00Z");
        let some = user_with(s, &["platform.timer_failures.read"], &[s.company_id()]);
        assert_eq!(some.get("/v1/platform/timer-failures").ok()["data"], json!([]), "only who sees every company");

        by_hand(s, "answer = NULL", number);
        s.at("2026-01-12T09:10:00Z");
        until("it expires", || s.get(&format!("/v1/crm/quotes/{bad_id}")).ok()["status"] == "expired");
        until("nothing is left", || failures() == json!([]));
    }
}
