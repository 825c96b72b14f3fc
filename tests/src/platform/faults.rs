//! What callers see while PostgreSQL fails under them: only answers that say "come again", and afterwards everything that
//! was acknowledged, once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use persistence::{Database, DatabaseConfig, Error, Outcome, Statement};
use serde_json::json;

use crate::harness::{self, Engine, Server};

fn outside(s: &Server) -> Database {
    Database::open(&DatabaseConfig::new(s.database_url())).unwrap()
}

#[test]
fn writers_survive_the_end_of_every_connection() {
    harness::on(Engine::Postgres, |s| {
        let others = outside(s);
        let stop = AtomicBool::new(false);
        let made: Mutex<BTreeSet<String>> = Mutex::default();
        let statuses: Mutex<BTreeSet<u16>> = Mutex::default();
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (stop, made, statuses) = (&stop, &made, &statuses);
                scope.spawn(move || {
                    for i in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let name = format!("Party {n} {i}");
                        loop {
                            let answer =
                                s.request("POST", "/v1/directory/parties").key(&name.replace(' ', "-")).json(&json!({"name": name})).send();
                            statuses.lock().unwrap().insert(answer.status);
                            match answer.status {
                                201 => break,
                                503 | 409 => std::thread::sleep(Duration::from_millis(20)),
                                _ => panic!("{}", answer.whole()),
                            }
                        }
                        made.lock().unwrap().insert(name);
                    }
                });
            }
            let end =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            // at least 25 rounds, and as many more as a busy machine needs to write anything between them
            let begun = std::time::Instant::now();
            let mut rounds = 0;
            while rounds < 25 || (made.lock().unwrap().len() <= 10 && begun.elapsed() < Duration::from_secs(30)) {
                rounds += 1;
                std::thread::sleep(Duration::from_millis(60));
                // who terminates may be terminated by nobody, so this always works
                others.read(|c| Statement::new(end).load::<(bool,)>(c)).unwrap();
            }
            stop.store(true, Ordering::Relaxed);
        });
        let made = made.into_inner().unwrap();
        let kept: Vec<String> = s
            .all("/v1/directory/parties?sort=name")
            .iter()
            .map(|p| p["name"].as_str().unwrap().to_string())
            .filter(|n| n.starts_with("Party "))
            .collect();
        assert!(made.len() > 10, "the writers hardly wrote: {}", made.len());
        assert_eq!(kept.len(), made.len(), "each once");
        assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), made);
        eprintln!("{} parties, answers {:?}", made.len(), statuses.into_inner().unwrap());
    });
}

#[test]
fn a_table_that_is_locked_gives_503_in_time_and_nothing_is_stuck_afterwards() {
    harness::on(Engine::Postgres, |s| {
        let others = outside(s);
        std::thread::scope(|scope| {
            let (tell, locked) = std::sync::mpsc::channel();
            let (done, wait) = std::sync::mpsc::channel::<()>();
            let (tell, wait) = (tell, Mutex::new(wait));
            scope.spawn(move || {
                let lock = move |c: &mut persistence::Conn<'_>| {
                    Statement::new("LOCK TABLE parties IN ACCESS EXCLUSIVE MODE").execute(c)?;
                    tell.send(()).unwrap();
                    let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(12));
                    Ok(Outcome::Discard(()))
                };
                others.write::<(), Error>(Box::new(lock)).unwrap();
            });
            locked.recv().unwrap();
            let began = Instant::now();
            let answers = s.parallel(6, |i, c| {
                let answer = match i % 2 {
                    0 => c.get("/v1/directory/parties"),
                    _ => c.post("/v1/directory/parties", json!({"name": "Nobody"})),
                };
                (answer.status, answer.header("retry-after").is_some(), c.get("/livez").status)
            });
            let took = began.elapsed();
            done.send(()).unwrap();
            for (status, says_when, live) in answers {
                assert_eq!((status, says_when, live), (503, true, 200));
            }
            assert!(took < Duration::from_secs(10), "{took:?}");
        });
        let began = Instant::now();
        s.get("/v1/directory/parties").ok();
        s.post("/v1/directory/parties", json!({"name": "Somebody"})).created();
        assert!(began.elapsed() < Duration::from_secs(5));
    });
}
