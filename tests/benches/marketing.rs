//! `cargo bench -p tests --bench marketing`: a dynamic segment over 100,000 parties, found by the database in one
//! statement, and the launch of a campaign to them, with a mail server of its own. `-- sqlite` or `-- postgres` measures
//! one engine; `--quick` takes a tenth of the parties. Times differ between machines; a bound that does not hold ends
//! with a failure.

#![allow(clippy::unwrap_used)]

#[path = "../src/harness/mod.rs"]
#[macro_use]
#[allow(dead_code, unused_imports, unused_macros)]
mod harness;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use harness::{Client, DURABLE, Engine, Server, Sink};

fn main() {
    let given = |name: &str| std::env::args().any(|a| a == name);
    let wanted = |name: &str| !(given("sqlite") || given("postgres")) || given(name);
    DURABLE.store(true, Ordering::Relaxed);
    let parties = if given("--quick") { 10_000 } else { 100_000 };
    let mut missed = Vec::new();
    for (engine, name) in [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")] {
        if wanted(name) && engine.available() {
            println!("\n== {name}, {parties} parties");
            measure(engine, parties, &mut missed);
        }
    }
    if !missed.is_empty() {
        println!("\nmissed:\n  {}", missed.join("\n  "));
        std::process::exit(1);
    }
}

fn check(what: &str, seconds: f64, most: f64, missed: &mut Vec<String>) {
    let holds = seconds <= most;
    println!("{what:<62} {seconds:>9.3} s  <= {most}  {}", if holds { "ok" } else { "MISSED" });
    if !holds {
        missed.push(format!("{what}: {seconds:.3} s, wanted {most}"));
    }
}

fn id(v: &Value) -> &str {
    v["id"].as_str().unwrap_or_else(|| panic!("no id in {v}"))
}

/// Creates many at once; their ids.
fn bulk(client: &Client, path: &str, items: &[Value]) -> Vec<String> {
    let chunks: Vec<&[Value]> = items.chunks(500).collect();
    let made = client.spread(4, &chunks, |items, c| {
        let answer = c.post(&format!("{path}/bulk"), json!({"mode": "atomic", "items": items})).ok();
        answer["items"].as_array().unwrap().iter().map(|i| id(i).to_string()).collect::<Vec<_>>()
    });
    made.into_iter().flatten().collect()
}

fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let done = f();
    (done, begin.elapsed().as_secs_f64())
}

fn measure(engine: Engine, parties: usize, missed: &mut Vec<String>) {
    let sink = Sink::start();
    let mut s = Server::start(engine);
    s.restart(|c| {
        c.smtp_url = Some(gateway::Secret::new(sink.url()));
        c.mail_from = Some("news@acme.example".into());
        c.public_url = Some("http://links.example".into());
        c.log = "warn".into();
    });
    let party = |i: usize| {
        let country = ["DE", "FR", "IT", "ES"][i % 4];
        json!({
            "name": format!("Party {i:06}"), "is_customer": true, "tags": [if i.is_multiple_of(2) { "even" } else { "odd" }],
            "emails": [{"address": format!("p{i:06}@example.org")}],
            "addresses": [{"purpose": "billing", "address": {"line1": "x", "country": country}}],
        })
    };
    let (ids, seconds) = timed(|| bulk(&s, "/v1/directory/parties", &(0..parties).map(party).collect::<Vec<_>>()));
    println!("{parties} parties made in {seconds:.0} s");
    let grant = |p: &String| json!({"party_id": p, "channel": "email", "status": "granted", "evidence": {"wording_version": "v1", "source": "bench"}});
    let willing: Vec<Value> = ids.iter().enumerate().filter(|(i, _)| i % 10 != 0).map(|(_, p)| grant(p)).collect();
    bulk(&s, "/v1/marketing/consents", &willing);

    let filter = json!({"all": [
        {"any": [{"field": "country", "op": "in", "value": ["DE", "FR"]}, {"field": "tag", "op": "equals", "value": "even"}]},
        {"not": {"field": "last_order_date", "op": "within_days", "value": 90}},
        {"field": "revenue", "op": "at_most", "value": "1000.00", "from_date": "2025-01-01"},
        {"field": "has_email", "op": "equals", "value": true},
    ]});
    let segment = |name: &str, filter: Value| {
        s.post("/v1/marketing/segments", json!({"company_id": s.company_id(), "name": name, "kind": "dynamic", "filter": filter})).created()
    };
    let some = segment("Some", filter);
    let (counted, seconds) = timed(|| s.act(&format!("/v1/marketing/segments/{}/evaluate", id(&some)), &some, json!({})).ok());
    assert_eq!(counted["member_count"].as_u64().unwrap() as usize, parties / 4 * 3);
    check("a segment of six tests, evaluated", seconds, 3.0, missed);
    let (page, seconds) = timed(|| s.get(&format!("/v1/marketing/segments/{}/members?limit=50", id(&some))).ok());
    assert_eq!(page["data"].as_array().unwrap().len(), 50);
    check("the first page of its members", seconds, 3.0, missed);

    let all = segment("All", json!({"field": "is_customer", "op": "equals", "value": true}));
    launch(&s, &sink, &all, parties, missed);
}

fn launch(s: &Server, sink: &Sink, segment: &Value, parties: usize, missed: &mut Vec<String>) {
    let template = json!({"company_id": s.company_id(), "name": "Letter", "subject": "Hi {{ recipient.name }}", "html": "<p>Hi {{ recipient.name }}</p><a href=\"https://shop.example\">New</a><a href=\"{{ unsubscribe_url }}\">Stop</a>"});
    let template = s.post("/v1/marketing/templates", template).created();
    let campaign = json!({"company_id": s.company_id(), "name": "All", "segment_id": segment["id"], "frequency_cap": {"messages": 2, "days": 7}, "quiet_hours": {"from": "22:00", "until": "06:00"}, "variants": [
        {"name": "a", "template_id": template["id"], "share_percent": 50}, {"name": "b", "template_id": template["id"], "share_percent": 50}]});
    let campaign = s.post("/v1/marketing/campaigns", campaign).created();
    let path = format!("/v1/marketing/campaigns/{}", id(&campaign));
    let begin = Instant::now();
    let (launched, seconds) = timed(|| s.act(&format!("{path}/launch"), &campaign, json!({})).ok());
    check("the request that launches", seconds, 0.5, missed);
    let mut slowest = 0.0f64;
    while s.get(&path).ok()["ready_at"].is_null() {
        // others are served while the audience is judged
        let (_, seconds) = timed(|| {
            s.patch(
                &format!("/v1/marketing/segments/{}", id(segment)),
                &s.get(&format!("/v1/marketing/segments/{}", id(segment))).ok(),
                json!({"name": "All"}),
            )
            .ok()
        });
        slowest = slowest.max(seconds);
        assert!(begin.elapsed() < Duration::from_secs(120), "the audience is not ready: {}", s.get(&format!("{path}/stats")).text());
        std::thread::sleep(Duration::from_millis(100));
    }
    check("the audience frozen and judged, with 100,000 in it", begin.elapsed().as_secs_f64(), 30.0, missed);
    check("the slowest write of somebody else meanwhile", slowest, 0.25, missed);
    let stats = s.get(&format!("{path}/stats")).ok();
    assert_eq!(
        (stats["counts"]["audience"].as_u64().unwrap(), stats["counts"]["excluded"].as_u64().unwrap()),
        (parties as u64, parties as u64 / 10)
    );
    let (before, time) = (sink.letters().len(), Duration::from_secs(10));
    std::thread::sleep(time);
    println!("{:.0} messages a second", (sink.letters().len() - before) as f64 / time.as_secs_f64());
    let now = s.get(&path).ok();
    s.act(&format!("{path}/cancel"), &now, json!({})).ok();
    let mut addresses = sink.addresses();
    let letters = addresses.len();
    addresses.dedup();
    assert_eq!(addresses.len(), letters, "somebody got two messages");
    drop(launched);
}
