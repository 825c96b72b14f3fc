//! The same request twice, many at once, over several replicas: one effect, one answer. And two who change the same thing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::fixtures::{self, id};
use crate::harness::{Answer, Client};

const PARTIES: &str = "/v1/directory/parties";

fn make(c: &Client, key: &str, name: &str) -> Answer {
    c.request("POST", PARTIES).key(key).json(&json!({"name": name})).send()
}

/// Repeats while another request with the key is being worked on.
fn made(c: &Client, key: &str, name: &str) -> Answer {
    loop {
        let answer = make(c, key, name);
        if answer.status != 409 {
            return answer;
        }
        answer.problem(409, "idempotency_in_progress");
        assert!(answer.header("retry-after").is_some());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

each_engine! {
    fn thirty_two_at_once_over_two_replicas_have_one_effect_and_one_answer(s) {
        let other = s.replica();
        let places: [&Client; 2] = [s, &other];
        let answers = s.parallel(32, |i, _| made(places[i % 2], "once", "Only One"));
        let bodies: BTreeSet<Vec<u8>> = answers.iter().map(|a| a.body.clone()).collect();
        assert!(answers.iter().all(|a| a.status == 201), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
        assert_eq!(bodies.len(), 1, "the answers differ");
        assert_eq!(answers.iter().filter(|a| a.header("idempotency-replayed").is_none()).count(), 1, "one of them did it");
        let headers: BTreeSet<_> = answers.iter().map(|a| ["etag", "location"].map(|h| a.header(h).map(String::from))).collect();
        assert_eq!(headers.len(), 1, "{headers:?}");
        assert_eq!(s.all(PARTIES).iter().filter(|p| p["name"] == "Only One").count(), 1);
        // a day less a minute later it is still known, and to everybody
        s.at("2026-01-03T08:59:00Z");
        assert_eq!(make(s, "once", "Only One").body, answers[0].body);
    }

    fn a_key_belongs_to_its_caller_its_operation_and_its_content(s) {
        let first = make(s, "k", "First").created();
        make(s, "k", "Second").problem(422, "idempotency_key_reused");
        s.request("POST", &format!("{PARTIES}?dry_run=true")).key("k").json(&json!({"name": "Dry"})).send().ok();
        let colleague = fixtures::user_with(s, &["directory.*"], &[s.company_id()]);
        assert_ne!(make(&colleague, "k", "First").created()["id"], first["id"]);
        let crates = json!({"code": "crate", "name": "Crate", "category": "count", "numerator": "12"});
        s.request("POST", "/v1/directory/units").key("k").json(&crates).send().created();
        make(s, &"k".repeat(255), "Long").created();
        make(s, &"k".repeat(256), "Longer").problem(400, "invalid_header");
        // what was refused is not kept: a mended request may use its key
        make(s, "again", "").expect(422);
        make(s, "again", "Mended").created();
    }

    /// Eight at once on two replicas count one up by reading and writing with If-Match: as many steps as were acknowledged.
    fn no_update_is_lost_between_two_who_change_the_same_thing(s) {
        let other = s.replica();
        let places: [&Client; 2] = [s, &other];
        let path = format!("{PARTIES}/{}", id(&fixtures::customer(s, "0")));
        let counted: Vec<usize> = s.parallel(8, |i, _| {
            let c = places[i % 2];
            (0..12).filter(|_| {
                let seen = c.get(&path).ok();
                let next = seen["name"].as_str().unwrap().parse::<usize>().unwrap() + 1;
                let answer = c.patch(&path, &seen, json!({"name": next.to_string()}));
                assert!([200, 412].contains(&answer.status), "{}", answer.whole());
                answer.status == 200
            }).count()
        });
        let end: Value = s.get(&path).ok();
        assert_eq!(end["name"], counted.iter().sum::<usize>().to_string());
        assert_eq!(end["version"], counted.iter().sum::<usize>() + 1);
    }
}
