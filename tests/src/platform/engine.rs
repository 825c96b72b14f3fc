//! The database engine: what is kept, what is repeated, what is refused, whatever happens to the transactions beside it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use persistence::{Conn, Database, DatabaseConfig, Engine, Error, Outcome, sql};

use super::{Ground, keep};

/// A small table that all of these use.
fn table(d: &Ground) {
    d.run(sql!("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT NOT NULL)")).unwrap();
}

fn add(c: &mut Conn<'_>, a: i64) -> Result<usize, Error> {
    sql!("INSERT INTO t (a, b) VALUES ({}, 0)", a).execute(c)
}

fn count(db: &Database) -> usize {
    db.read(|c| sql!("SELECT a FROM t").load::<(i64,)>(c)).unwrap().len()
}

each_database! {
    fn a_discarded_job_answers_and_leaves_nothing(d) {
        table(d);
        let said: Result<usize, Error> = d.db.write(Box::new(|c| Ok(Outcome::Discard(add(c, 1)?))));
        assert_eq!((said.unwrap(), count(&d.db)), (1, 0));
    }

    fn a_failed_job_leaves_nothing(d) {
        table(d);
        let said = d.db.write(keep(|c| add(c, 1).and(add(c, 1))));
        assert!(matches!(said, Err(Error::Unique(_))), "{said:?}");
        assert_eq!(count(&d.db), 0);
    }

    fn a_job_that_swallows_a_failure_is_refused(d) {
        table(d);
        let said = d.db.write(keep(|c| {
            add(c, 1)?;
            let _ = sql!("INSERT INTO none VALUES (1)").execute(c);
            Ok(())
        }));
        assert!(matches!(said, Err(Error::Broken(_))), "{said:?}");
        assert_eq!(count(&d.db), 0);
    }

    fn a_job_that_panics_is_an_error_and_costs_nothing(d) {
        table(d);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        for _ in 0..20 {
            let said = d.db.write(keep(|c| c.savepoint(|c| -> Result<(), Error> {
                add(c, 1)?;
                panic!("on purpose")
            })));
            assert!(matches!(&said, Err(Error::Broken(text)) if text.contains("on purpose")), "{said:?}");
        }
        std::panic::set_hook(before);
        d.db.write(keep(|c| add(c, 2))).unwrap();
        assert_eq!(count(&d.db), 1);
    }

    fn a_connection_that_keeps_too_many_statements_forgets_them_and_works_on(d) {
        table(d);
        for i in 0..1200 {
            let text = format!("SELECT a FROM t WHERE b = {i}");
            d.db.read(|c| persistence::Statement::new(text).load::<(i64,)>(c)).unwrap();
        }
        d.db.write(keep(|c| add(c, 2))).unwrap();
        assert_eq!(count(&d.db), 1);
    }

    fn a_savepoint_undoes_its_own_part_only(d) {
        table(d);
        d.db.write(keep(|c| {
            add(c, 1)?;
            let inner = c.savepoint(|c| add(c, 2).and(add(c, 1)));
            assert!(matches!(inner, Err(Error::Unique(_))));
            c.savepoint(|c| c.savepoint(|c| add(c, 3)))
        })).unwrap();
        let kept = d.db.read(|c| sql!("SELECT a FROM t ORDER BY a").load::<(i64,)>(c)).unwrap();
        assert_eq!(kept, [(1,), (3,)]);
    }

    fn a_reader_sees_one_moment_and_cannot_write(d) {
        table(d);
        d.db.read(|c| {
            let before = sql!("SELECT a FROM t").load::<(i64,)>(c)?.len();
            d.db.write(keep(|c| add(c, 1)))?;
            assert_eq!(sql!("SELECT a FROM t").load::<(i64,)>(c)?.len(), before);
            Ok::<_, Error>(())
        }).unwrap();
        assert!(d.db.read(|c| add(c, 2)).is_err());
        assert_eq!(count(&d.db), 1);
    }

    fn a_counter_under_many_writers_loses_no_step(d) {
        table(d);
        d.db.write(keep(|c| add(c, 1))).unwrap();
        std::thread::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| for _ in 0..25 {
                    d.db.write(keep(|c| sql!("UPDATE t SET b = b + 1 WHERE a = 1").execute(c))).unwrap();
                });
            }
        });
        assert_eq!(d.db.read(|c| sql!("SELECT b FROM t").first::<(i64,)>(c)).unwrap(), Some((200,)));
    }

    fn an_answer_can_be_called_for(d) {
        table(d);
        let (tell, hear) = std::sync::mpsc::channel();
        d.db.submit(keep(|c| add(c, 1)), move |said| tell.send(said.is_ok()).unwrap());
        assert!(hear.recv().unwrap());
        assert_eq!(count(&d.db), 1);
    }

    fn the_database_answers_when_asked(d) {
        assert!(d.db.ping().is_ok());
    }

    fn what_comes_after_the_deadline_is_refused_and_leaves_nothing(d) {
        table(d);
        let over = Some(Instant::now());
        let said = persistence::within(over, || d.db.read(|c| sql!("SELECT a FROM t").load::<(i64,)>(c)));
        assert!(matches!(said, Err(Error::Timeout(_))), "{said:?}");
        let swallows = keep(|c| {
            add(c, 1)?;
            let _ = persistence::within(Some(Instant::now()), || add(c, 2));
            Ok(())
        });
        assert!(d.db.write(swallows).is_err(), "half of the work is not kept");
        assert_eq!(count(&d.db), 0, "and the deadline is gone with its work");
        assert!(persistence::within(Some(Instant::now() + Duration::from_secs(60)), || d.db.write(keep(|c| add(c, 1)))).is_ok());
    }

    fn decimals_are_summed_exactly_and_never_rounded(d) {
        let decimal = if d.db.engine() == Engine::Postgres { "NUMERIC(18,4)" } else { "INTEGER" };
        d.run(persistence::Statement::new(format!("CREATE TABLE m (v {decimal} NOT NULL)"))).unwrap();
        let value: domain::kernel::Amount = "999999999999.9999".parse().unwrap();
        for _ in 0..3 {
            d.run(sql!("INSERT INTO m (v) VALUES ({})", value)).unwrap();
        }
        let sum = d.db.read(|c| sql!("SELECT SUM(v) FROM m").first::<(domain::kernel::Amount,)>(c)).unwrap().unwrap().0;
        assert_eq!(sum.to_string(), "2999999999999.9997");
    }
}

/// What only PostgreSQL can do to us.
fn postgres(story: fn(&Ground)) {
    super::ground(crate::harness::Engine::Postgres, story);
}

#[test]
fn a_deadlock_is_repeated_until_both_are_through() {
    postgres(|d| {
        table(d);
        d.db.write(keep(|c| add(c, 1).and(add(c, 2)))).unwrap();
        let both = Arc::new(Barrier::new(2));
        let tries = Arc::new(AtomicU32::new(0));
        std::thread::scope(|s| {
            for order in [[1i64, 2], [2, 1]] {
                let (both, tries, mut first) = (both.clone(), tries.clone(), true);
                s.spawn(move || {
                    let job = keep(move |c| {
                        tries.fetch_add(1, Ordering::Relaxed);
                        sql!("UPDATE t SET b = b + 1 WHERE a = {}", order[0]).execute(c)?;
                        if std::mem::take(&mut first) {
                            both.wait();
                        }
                        sql!("UPDATE t SET b = b + 1 WHERE a = {}", order[1]).execute(c)
                    });
                    assert_eq!(d.db.write(job).unwrap(), 1);
                });
            }
        });
        assert_eq!(tries.load(Ordering::Relaxed), 3, "one of them ran twice");
        assert_eq!(d.db.read(|c| sql!("SELECT b FROM t").load::<(i64,)>(c)).unwrap(), [(2,), (2,)]);
    });
}

#[test]
fn a_connection_lost_before_the_commit_is_replaced_once() {
    postgres(|d| {
        table(d);
        let mut first = true;
        let job = keep(move |c| {
            add(c, 1)?;
            if std::mem::take(&mut first) {
                sql!("SELECT pg_terminate_backend(pg_backend_pid())").first::<(bool,)>(c)?;
            }
            Ok(())
        });
        d.db.write(job).unwrap();
        assert_eq!(count(&d.db), 1);
        let always = keep(|c| sql!("SELECT pg_terminate_backend(pg_backend_pid())").first::<(bool,)>(c));
        assert!(matches!(d.db.write(always), Err(Error::Unavailable(_))));
    });
}

#[test]
fn dead_connections_in_the_pool_are_not_felt() {
    postgres(|d| {
        table(d);
        // fill the pool
        std::thread::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| d.db.read(|c| sql!("SELECT pg_sleep(0.05)::text").first::<(String,)>(c)).unwrap());
            }
        });
        let other = d.replica();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        other.read(|c| persistence::Statement::new(end).load::<(bool,)>(c)).unwrap();
        d.db.write(keep(|c| add(c, 1))).unwrap();
        assert_eq!(count(&d.db), 1);
    });
}

#[test]
fn a_lock_that_is_not_given_ends_in_time() {
    postgres(|d| {
        table(d);
        d.db.write(keep(|c| add(c, 1))).unwrap();
        let hasty = Database::open(&DatabaseConfig { lock_timeout: Duration::from_millis(200), ..DatabaseConfig::new(&d.url) }).unwrap();
        d.db.write(keep(move |c| {
            sql!("UPDATE t SET b = 1").execute(c)?;
            let began = Instant::now();
            let said = hasty.write(keep(|c| sql!("UPDATE t SET b = 2").execute(c)));
            assert!(matches!(said, Err(Error::Timeout(_))), "{said:?}");
            assert!(began.elapsed() < Duration::from_secs(4));
            Ok(())
        }))
        .unwrap();
    });
}

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    postgres(|d| {
        let hasty =
            Database::open(&DatabaseConfig { statement_timeout: Duration::from_millis(100), ..DatabaseConfig::new(&d.url) }).unwrap();
        let said = hasty.read(|c| sql!("SELECT pg_sleep(5)::text").first::<(String,)>(c));
        assert!(matches!(said, Err(Error::Timeout(_))), "{said:?}");
    });
}

#[test]
fn a_read_with_a_later_deadline_may_take_longer() {
    postgres(|d| {
        let config = DatabaseConfig { statement_timeout: Duration::from_millis(200), pool_size: 2, ..DatabaseConfig::new(&d.url) };
        let hasty = Database::open(&config).unwrap();
        let sleep = || hasty.read(|c| sql!("SELECT pg_sleep(0.5)::text").first::<(String,)>(c));
        persistence::within(Some(Instant::now() + Duration::from_secs(30)), sleep).unwrap();
        assert!(matches!(sleep(), Err(Error::Timeout(_))), "the connection keeps nothing of it");
    });
}

#[test]
fn a_conflict_is_repeated_five_times_and_then_answered_as_too_busy() {
    postgres(|d| {
        let tries = Arc::new(AtomicU32::new(0));
        let counted = tries.clone();
        let job = keep(move |c| {
            counted.fetch_add(1, Ordering::Relaxed);
            sql!("DO $$ BEGIN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END $$").execute(c)
        });
        let said = d.db.write(job);
        assert!(matches!(said, Err(Error::Retry(_) | Error::Unavailable(_))), "{said:?}");
        assert_eq!(tries.load(Ordering::Relaxed), 6);
    });
}

/// Diesel cannot interrupt SQLite, so a scan asks for itself.
#[test]
fn a_scan_that_takes_too_long_is_ended_on_sqlite() {
    super::ground(crate::harness::Engine::Sqlite, |d| {
        let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)";
        let scans = [sql!("SELECT COUNT(*) FROM n WHERE {} AND i < 0", persistence::in_time()), sql!("SELECT i FROM n WHERE i > 0")];
        for scan in scans {
            let mut whole = persistence::Statement::new(numbers);
            whole.sql(" ").append(scan);
            let began = Instant::now();
            let said = persistence::within(Some(began + Duration::from_millis(200)), || d.db.read(|c| whole.load::<(i64,)>(c)));
            assert!(matches!(said, Err(Error::Timeout(_))), "{said:?}");
            assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        }
        assert!(d.db.ping().is_ok(), "the connection works on");
    });
}

#[test]
fn waiting_for_a_connection_is_bounded() {
    postgres(|d| {
        let config = DatabaseConfig { pool_size: 2, acquire_timeout: Duration::from_millis(300), ..DatabaseConfig::new(&d.url) };
        let small = Database::open(&config).unwrap();
        std::thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| small.read(|c| sql!("SELECT pg_sleep(1.5)::text").first::<(String,)>(c)).unwrap());
            }
            std::thread::sleep(Duration::from_millis(200));
            let began = Instant::now();
            let said = small.read(|c| sql!("SELECT 1").first::<(i64,)>(c));
            assert!(matches!(said, Err(Error::Unavailable(_))), "{said:?}");
            assert!(began.elapsed() < Duration::from_millis(1200));
        });
    });
}

/// Long reports take every reader; who logs in and asks for health goes on.
#[test]
fn short_reads_do_not_wait_for_long_ones() {
    crate::platform::ground(crate::harness::Engine::Sqlite, |d| {
        let config = DatabaseConfig { readers: 2, acquire_timeout: Duration::from_millis(300), ..DatabaseConfig::new(&d.url) };
        let small = Database::open(&config).unwrap();
        let barrier = Barrier::new(3);
        std::thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    small
                        .read(|_| -> Result<(), Error> {
                            barrier.wait();
                            barrier.wait();
                            Ok(())
                        })
                        .unwrap();
                });
            }
            barrier.wait();
            let said = small.read(|c| sql!("SELECT 1").first::<(i64,)>(c));
            assert!(matches!(said, Err(Error::Unavailable(_))), "{said:?}");
            assert!(small.read_short(|c| sql!("SELECT 1").first::<(i64,)>(c)).is_ok() && small.ping().is_ok());
            barrier.wait();
        });
    });
}

#[test]
fn a_server_that_is_not_there_is_named_without_its_password() {
    let config = DatabaseConfig::new("postgres://someone:geheim@127.0.0.1:1/none");
    let Err(e) = Database::open(&config) else { panic!("there is nobody") };
    assert!(e.to_string().contains("cannot connect") && !e.to_string().contains("geheim"), "{e}");
}
