//! The server is killed with -9 while people go through a journey. Afterwards another one goes on where it was, and nobody
//! was written to twice.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixtures::id;
use crate::harness::{Database, Engine, Sink, Victim};
use crate::marketing::campaigns::crash::begin;
use crate::marketing::campaigns::reader;

const READERS: usize = 90;

fn story(engine: Engine) {
    if !engine.available() {
        return;
    }
    let (sink, database) = (Sink::start(), Database::empty(engine));
    let victim = Victim::start(&database, &sink.url());
    let (c, token, company) = begin(victim.client());
    let names: Vec<String> = (0..READERS).map(|i| format!("Reader{i:03}")).collect();
    let people: Vec<Value> = c.spread(4, &names, |name, c| reader(c, name, json!({}))["id"].clone());
    let template =
        json!({"company_id": company["id"], "name": "Letter", "subject": "Hi", "text": "{{ recipient.name }} {{ unsubscribe_url }}"});
    let template = c.post("/v1/marketing/templates", template).created();
    let steps = json!([
        {"key": "hello", "kind": "send", "template_id": template["id"]},
        {"key": "mark", "kind": "tag", "add_tag": "greeted"},
    ]);
    let journey = c.post("/v1/marketing/journeys", json!({"company_id": company["id"], "name": "Hello", "steps": steps})).created();
    let path = format!("/v1/marketing/journeys/{}", id(&journey));
    let journey = c.act(&format!("{path}/publish"), &journey, json!({})).ok();
    sink.slow(Duration::from_millis(15));
    c.act(&format!("{path}/enroll"), &journey, json!({ "party_ids": people })).ok();
    sink.wait_for(READERS / 4);
    victim.kill();
    let before = sink.letters().len();
    assert!(before < READERS, "everything was sent before the server was killed");

    victim.outlive_leases();
    victim.run();
    let c = victim.client().with_token(&token);
    let began = Instant::now();
    let counts = loop {
        let stats = c.get(&format!("{path}/stats")).ok();
        let counts = stats["steps"][0]["counts"].clone();
        if stats["completed"] == READERS && counts["queued"] == 0 && counts["sending"] == 0 {
            break counts;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "it does not go on: {stats:#}");
        std::thread::sleep(Duration::from_millis(100));
    };
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for letter in sink.letters() {
        *times.entry(letter.to).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "written to more than once: {twice:?}");
    let number = |name: &str| counts[name].as_u64().unwrap() as usize;
    assert_eq!(number("sent") + number("unknown"), READERS, "{counts}");
    assert!(number("unknown") <= 25, "{counts}");
}

#[test]
fn nobody_on_a_journey_is_written_to_twice_when_the_server_is_killed_on_sqlite() {
    story(Engine::Sqlite);
}

#[test]
fn nobody_on_a_journey_is_written_to_twice_when_the_server_is_killed_on_postgres() {
    story(Engine::Postgres);
}
