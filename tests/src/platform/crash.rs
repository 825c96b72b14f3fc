//! The server is killed with -9 at random moments, again and again, while eight writers post to the books. Afterwards
//! every write that was acknowledged is there, once, with the number that was told; nothing else is; the numbers have no
//! gap; and the books prove themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt;
use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Database, Engine, Victim};

const WRITERS: usize = 8;

/// Somebody who does not give up: a request is sent again, with its key, until it has an answer.
pub(super) struct Stubborn<'a> {
    victim: &'a Victim,
    agent: ureq::Agent,
    token: String,
}

impl<'a> Stubborn<'a> {
    pub(super) fn new(victim: &'a Victim, token: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(15))).build();
        Self { victim, agent: agent.into(), token: token.into() }
    }
    fn ask(&self, method: &str, path: &str, key: &str, version: Option<i64>, body: Option<&Value>) -> Value {
        let began = Instant::now();
        loop {
            match self.once(method, path, key, version, body) {
                Some((200..=299, answer)) => return answer,
                Some((503, _)) | None => {}
                Some((status, answer)) => panic!("{method} {path} {key}: {status} {answer:#}"),
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{method} {path} gets no answer");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    fn once(&self, method: &str, path: &str, key: &str, version: Option<i64>, body: Option<&Value>) -> Option<(u16, Value)> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.victim.address()))
            .header("Authorization", format!("Bearer {}", self.token));
        if !key.is_empty() {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        let text = body.map(Value::to_string);
        if text.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let mut answer = self.agent.run(request.body(text.unwrap_or_default()).unwrap()).ok()?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
    pub(super) fn post(&self, path: &str, key: &str, version: Option<i64>, body: &Value) -> Value {
        self.ask("POST", path, key, version, Some(body))
    }
    pub(super) fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "", None, None)
    }
    pub(super) fn all(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{join}limit=200{cursor}"));
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }
}

/// The books that the writers write to.
struct Books {
    company: String,
    cash: String,
    other: String,
}

fn open_books(owner: &Stubborn<'_>) -> Books {
    let company = json!({"code": "ACME", "name": "Acme Trading", "currency": "EUR"});
    let company = owner.post("/v1/directory/companies", "company", None, &company)["id"].as_str().unwrap().to_string();
    let mut postable = owner
        .all(&format!("/v1/accounting/accounts?company_id={company}"))
        .into_iter()
        .filter(|a| a["account_type"] == "expense" && a["control"] == false && a["heading"] == false)
        .map(|a| a["id"].as_str().unwrap().to_string());
    let (cash, other) = (postable.next().unwrap(), postable.next().unwrap());
    Books { company, cash, other }
}

/// Writes and posts entries until told to stop; the ids and numbers that were acknowledged.
fn write(writer: &Stubborn<'_>, books: &Books, n: usize, stop: &AtomicBool) -> BTreeMap<String, String> {
    let mut acknowledged = BTreeMap::new();
    let today = chrono::Utc::now().date_naive();
    for i in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let amount = format!("{}.{:02}", i + 1, n);
        let entry = json!({
            "company_id": books.company, "posting_date": today, "description": format!("writer {n} entry {i}"),
            "lines": [{"account_id": books.cash, "debit": amount}, {"account_id": books.other, "credit": amount}],
        });
        let draft = writer.post("/v1/accounting/journal-entries", &format!("new-{n}-{i}"), None, &entry);
        let id = draft["id"].as_str().unwrap();
        let posted = writer.post(
            &format!("/v1/accounting/journal-entries/{id}/post"),
            &format!("post-{n}-{i}"),
            draft["version"].as_i64(),
            &json!({}),
        );
        assert_eq!(posted["status"], "posted", "{posted:#}");
        let before = acknowledged.insert(id.to_string(), posted["number"].as_str().unwrap().to_string());
        assert!(before.is_none(), "one entry for two requests");
    }
    acknowledged
}

fn story(engine: Engine, kills: usize) {
    if !engine.available() {
        return;
    }
    let database = Database::empty(engine);
    let victim = Victim::start(&database, "");
    let stranger = Stubborn::new(&victim, "");
    let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let token = stranger.post("/v1/identity/login", "", None, &login)["access_token"].as_str().unwrap().to_string();
    let owner = Stubborn::new(&victim, &token);
    let books = open_books(&owner);

    let stop = AtomicBool::new(false);
    let mut slowest = Duration::ZERO;
    let acknowledged: BTreeMap<String, String> = std::thread::scope(|s| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let (victim, token, books, stop) = (&victim, &token, &books, &stop);
                s.spawn(move || write(&Stubborn::new(victim, token), books, n, stop))
            })
            .collect();
        for _ in 0..kills {
            std::thread::sleep(Duration::from_millis(rand::rng().random_range(100..900)));
            victim.kill();
            slowest = slowest.max(victim.run());
        }
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    eprintln!("{engine:?}: {kills} kills, {} entries acknowledged, up again after at most {} ms", acknowledged.len(), slowest.as_millis());
    assert!(acknowledged.len() > kills, "the writers hardly wrote");
    // three seconds for the program as it is released, on a machine that does nothing else
    assert!(slowest < Duration::from_secs(15), "up again after {slowest:?}");

    let entries = owner.all(&format!("/v1/accounting/journal-entries?company_id={}", books.company));
    let kept: BTreeMap<String, String> =
        entries.iter().map(|e| (e["id"].as_str().unwrap().to_string(), e["number"].as_str().unwrap_or("not posted").to_string())).collect();
    assert_eq!(kept, acknowledged, "what is there is what was acknowledged");
    let numbers: BTreeSet<u64> = kept.values().map(|n| n.rsplit('-').next().unwrap().parse().unwrap()).collect();
    assert_eq!((numbers.len(), numbers.last().copied()), (kept.len(), Some(kept.len() as u64)), "the numbers have no gap");
    // the last facts may still wait for their place
    std::thread::sleep(Duration::from_millis(500));
    let report = owner.get("/v1/platform/integrity");
    assert!(report["checks"].as_array().is_some_and(|c| !c.is_empty() && c.iter().all(|c| c["passed"] == true)), "{report:#}");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_on_sqlite() {
    story(Engine::Sqlite, 10);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_on_postgres() {
    story(Engine::Postgres, 8);
}
