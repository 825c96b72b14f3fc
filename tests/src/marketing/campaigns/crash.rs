//! The server is killed with -9 while a campaign goes out. Afterwards everybody was written to at most once, and those
//! whose message was on its way are called unknown and not written to again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{crowd, reader, stats, until};
use crate::fixtures::id;
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Client, Database, Engine, Sink, Victim};

const READERS: usize = 240;

/// The administrator's client, its token, and a company.
pub fn begin(client: Client) -> (Client, String, Value) {
    let login = client.post("/v1/identity/login", json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})).ok();
    let token = login["access_token"].as_str().unwrap().to_string();
    let c = client.with_token(&token);
    let company = c.post("/v1/directory/companies", json!({"code": "ACME", "name": "Acme", "currency": "EUR"})).created();
    (c, token, company)
}

/// A draft to all readers.
fn draft(c: &Client, company: &Value) -> Value {
    let filter = json!({"field": "tag", "op": "equals", "value": "readers"});
    let segment = json!({"company_id": company["id"], "name": "Readers", "kind": "dynamic", "filter": filter});
    let segment = c.post("/v1/marketing/segments", segment).created();
    let template =
        json!({"company_id": company["id"], "name": "Letter", "subject": "Hi", "text": "{{ recipient.name }} {{ unsubscribe_url }}"});
    let template = c.post("/v1/marketing/templates", template).created();
    let variants = json!([{"name": "a", "template_id": template["id"], "share_percent": 100}]);
    let campaign = json!({"company_id": company["id"], "name": "All", "segment_id": segment["id"], "variants": variants});
    c.post("/v1/marketing/campaigns", campaign).created()
}

/// The server is killed again and again while it makes members of an audience and judges them.
fn frozen_while_killed(engine: Engine) {
    const CROWD: usize = 4_100;
    if !engine.available() {
        return;
    }
    let (sink, database) = (Sink::start(), Database::empty(engine));
    let victim = Victim::start(&database, &sink.url());
    let (mut c, token, company) = begin(victim.client());
    reader(&c, "Ana", json!({}));
    crowd(&c, CROWD);
    let campaign = draft(&c, &company);
    c.act(&format!("/v1/marketing/campaigns/{}/launch", id(&campaign)), &campaign, json!({})).ok();
    for at_least in [1, CROWD / 2] {
        let began = Instant::now();
        let frozen = |c: &Client| stats(c, &campaign)["counts"]["audience"].as_u64().unwrap() as usize;
        while frozen(&c) < at_least && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        victim.kill();
        victim.outlive_leases();
        victim.run();
        c = victim.client().with_token(&token);
    }
    let done = until(&c, &campaign, "completed", |now| now["status"] == "completed");
    let counts = stats(&c, &campaign)["counts"].clone();
    assert_eq!((&done["audience_count"], &counts["audience"]), (&json!(CROWD + 1), &json!(CROWD + 1)), "{counts}");
    assert_eq!((&counts["excluded"], &counts["sent"]), (&json!(CROWD), &json!(1)), "{counts}");
    assert_eq!(sink.addresses(), ["ana@example.org"]);
    let told = c.all(&format!("/v1/platform/events?subject={}&kind=campaign.audience_frozen", id(&campaign)));
    assert_eq!(told.len(), 1, "found once");
}

fn story(engine: Engine) {
    if !engine.available() {
        return;
    }
    let (sink, database) = (Sink::start(), Database::empty(engine));
    let victim = Victim::start(&database, &sink.url());
    let (c, token, company) = begin(victim.client());
    let names: Vec<String> = (0..READERS).map(|i| format!("Reader{i:03}")).collect();
    c.spread(4, &names, |name, c| reader(c, name, json!({})));
    let campaign = draft(&c, &company);
    sink.slow(Duration::from_millis(15));
    c.act(&format!("/v1/marketing/campaigns/{}/launch", id(&campaign)), &campaign, json!({})).ok();
    sink.wait_for(READERS / 4);
    // from now on answers are held back, so that some messages are certainly on their way when the server dies
    sink.slow(Duration::from_secs(2));
    sink.wait_until_slow();
    victim.kill();
    sink.slow(Duration::from_millis(15));
    let before = sink.letters().len();
    assert!(before < READERS, "everything was sent before the server was killed");

    // another one takes the job over when the lease of the dead one has run out
    victim.run();
    let c = victim.client().with_token(&token);
    until(&c, &campaign, "completed", |now| now["status"] == "completed");
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for letter in sink.letters() {
        *times.entry(letter.to).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "written to more than once: {twice:?}");
    let counts = stats(&c, &campaign)["counts"].clone();
    let number = |name: &str| counts[name].as_u64().unwrap() as usize;
    assert_eq!(number("sent") + number("unknown"), READERS, "{counts}");
    assert!((1..=25).contains(&number("unknown")), "{counts}");
    assert!(times.len() >= number("sent") && times.len() <= READERS, "{} got it, {counts}", times.len());
    let unknown: Vec<Value> = c.all(&format!("/v1/marketing/campaigns/{}/members?status=unknown", id(&campaign)));
    assert!(unknown.iter().all(|m| m["note"].is_string() && m["sent_at"].is_null()), "{unknown:#?}");
}

#[test]
fn nobody_is_written_to_twice_when_the_server_is_killed_on_sqlite() {
    story(Engine::Sqlite);
}

#[test]
fn nobody_is_written_to_twice_when_the_server_is_killed_on_postgres() {
    story(Engine::Postgres);
}

#[test]
fn an_audience_is_frozen_once_however_often_the_server_is_killed_on_sqlite() {
    frozen_while_killed(Engine::Sqlite);
}

#[test]
fn an_audience_is_frozen_once_however_often_the_server_is_killed_on_postgres() {
    frozen_while_killed(Engine::Postgres);
}
