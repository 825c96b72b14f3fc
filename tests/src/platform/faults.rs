//! What callers see while PostgreSQL fails under them: only answers that say "come again", and afterwards everything that
//! was acknowledged, once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use persistence::{Database, DatabaseConfig, Error, Outcome, Statement};
use serde_json::json;

use crate::harness::{self, Client, Engine, Private, Server};

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

/// What the writers of the test below have seen.
#[derive(Default)]
struct Seen {
    acknowledged: BTreeSet<String>,
    statuses: BTreeSet<u16>,
    slowest: Duration,
}

impl Seen {
    fn note(&mut self, status: u16, began: Instant) {
        self.statuses.insert(status);
        self.slowest = self.slowest.max(began.elapsed());
    }
}

/// Makes parties one after the other, and looks at the list, until told to stop.
fn write_and_read(c: &Client, n: usize, stop: &AtomicBool, seen: &Mutex<Seen>) {
    for i in 0.. {
        let name = format!("Party {n} {i}");
        loop {
            let began = Instant::now();
            let answer = c.request("POST", "/v1/directory/parties").key(&name.replace(' ', "-")).json(&json!({"name": name})).send();
            seen.lock().unwrap().note(answer.status, began);
            if answer.status == 201 {
                break;
            }
            if stop.load(Ordering::Relaxed) {
                return; // never acknowledged
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        seen.lock().unwrap().acknowledged.insert(name);
        let began = Instant::now();
        let status = c.get("/v1/directory/parties?limit=5").status;
        seen.lock().unwrap().note(status, began);
        if stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// Backends ended and killed, everything frozen for four seconds, an immediate stop, a restart, no connection left: one
/// after the other, under load. Callers are told to come again, soon, and nothing that was acknowledged is lost.
#[test]
fn a_server_outlives_everything_that_happens_to_postgres() {
    if !Engine::Postgres.available() {
        return;
    }
    let mut pg = match Private::start() {
        Ok(pg) => pg,
        Err(why) => return eprintln!("SKIPPED: {why}"),
    };
    let server = harness::serve(&pg.url("postgres"));
    let (stop, seen) = (AtomicBool::new(false), Mutex::new(Seen::default()));
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (c, stop, seen) = ((*server).clone(), &stop, &seen);
            scope.spawn(move || write_and_read(&c, n, stop, seen));
        }
        let count = || seen.lock().unwrap().acknowledged.len();
        let back = |fault: &str| {
            let (began, before) = (Instant::now(), count());
            while count() < before + 8 {
                assert!(began.elapsed() < Duration::from_secs(20), "no service after: {fault}");
                std::thread::sleep(Duration::from_millis(20));
            }
            eprintln!("{fault}: back after {} ms", began.elapsed().as_millis());
        };
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            back("the start");
            let outside = Database::open(&DatabaseConfig::new(pg.url("template1"))).unwrap();
            let end =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'client backend'";
            outside.read(|c| Statement::new(end).load::<(bool,)>(c)).unwrap();
            back("all backends terminated");

            let pids = "SELECT pid::bigint FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'client backend' LIMIT 1";
            let one = outside.read(|c| Statement::new(pids).first::<(i64,)>(c)).unwrap().unwrap().0;
            pg.signal("KILL", &[u32::try_from(one).unwrap()]);
            drop(outside);
            back("a backend killed, and with it all others");

            let all = pg.pids();
            pg.signal("STOP", &all);
            std::thread::sleep(Duration::from_secs(4));
            pg.signal("CONT", &all);
            back("frozen for four seconds");

            pg.stop("QUIT");
            std::thread::sleep(Duration::from_secs(1));
            pg.run().unwrap();
            back("an immediate stop");

            pg.stop("INT");
            pg.run().unwrap();
            back("a restart");

            // the server has to get new connections, and there are none
            let outside = Database::open(&DatabaseConfig::new(pg.url("template1"))).unwrap();
            let mut held = Vec::new();
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(3) {
                outside.read(|c| Statement::new(end).load::<(bool,)>(c)).unwrap();
                while let Ok(c) = <diesel::PgConnection as diesel::Connection>::establish(&pg.url("template1")) {
                    held.push(c);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            assert!(held.len() > 20, "only {} connections were held", held.len());
            drop(held);
            back("connections filled");
        }));
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = run {
            std::panic::resume_unwind(panic);
        }
    });
    let seen = seen.into_inner().unwrap();
    eprintln!("{} acknowledged, answers {:?}, the slowest after {} ms", seen.acknowledged.len(), seen.statuses, seen.slowest.as_millis());
    assert!(seen.statuses.iter().all(|s| [200, 201, 409, 429, 503].contains(s)), "{:?}", seen.statuses);
    assert!(seen.slowest < Duration::from_secs(11), "{:?}", seen.slowest);
    let kept: Vec<String> = server.all("/v1/directory/parties").iter().map(|p| p["name"].as_str().unwrap().to_string()).collect();
    let once: BTreeSet<String> = kept.iter().cloned().collect();
    assert_eq!(once.len(), kept.len(), "each once");
    let lost: Vec<_> = seen.acknowledged.difference(&once).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(once.difference(&seen.acknowledged).count() <= 4, "a ghost");
}
