//! Writers that share commits, and what one of them may do to the others.

use super::*;
use crate::database::{Database, DatabaseConfig};
use crate::sql;

struct Bench {
    db: Database,
    _dir: tempfile::TempDir,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(&DatabaseConfig::new(format!("sqlite:{}/t.db", dir.path().display()))).unwrap();
    run(&db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER NULL) STRICT");
    run(&db, "CREATE TABLE child (a INTEGER PRIMARY KEY REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED) STRICT");
    Bench { db, _dir: dir }
}

fn run(db: &Database, text: &'static str) {
    db.write(job(move |c| crate::Statement::new(text).execute(c))).unwrap();
}

fn job<T: Send + 'static>(mut f: impl FnMut(&mut Conn<'_>) -> Result<T, Error> + Send + 'static) -> Job<T, Error> {
    Box::new(move |c| f(c).map(Outcome::Keep))
}

/// Holds the writer for a while.
fn slow(millis: u64) -> Job<(), Error> {
    Box::new(move |_| {
        std::thread::sleep(Duration::from_millis(millis));
        Ok(Outcome::Discard(()))
    })
}

fn add(db: &Database, a: i64) -> Result<usize, Error> {
    db.write(job(move |c| sql!("INSERT INTO t (a) VALUES ({})", a).execute(c)))
}

fn all(db: &Database) -> Vec<i64> {
    db.read(|c| sql!("SELECT a FROM t ORDER BY a").load::<(i64,)>(c)).unwrap().into_iter().map(|r| r.0).collect()
}

#[test]
fn sixteen_writers_share_commits_and_the_bad_ones_harm_nobody() {
    let b = bench();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {})); // two hundred expected panics are no news
    std::thread::scope(|s| {
        for n in 0..16i64 {
            let db = &b.db;
            s.spawn(move || {
                for i in 0..50 {
                    let a = n * 100 + i;
                    let add = move |c: &mut Conn<'_>| sql!("INSERT INTO t (a) VALUES ({})", a).execute(c);
                    match i % 5 {
                        0 => assert!(db.write(job(move |c| add(c).and(sql!("INSERT INTO none VALUES (1)").execute(c)))).is_err()),
                        1 => {
                            let panics: Job<usize, Error> = Box::new(move |c| {
                                c.savepoint(|c| -> Result<_, Error> {
                                    add(c)?;
                                    panic!("on purpose")
                                })
                            });
                            assert!(matches!(db.write(panics), Err(Error::Broken(text)) if text.contains("on purpose")));
                        }
                        2 => {
                            let said = db.write::<_, Error>(Box::new(move |c| Ok(Outcome::Discard(add(c)?))));
                            assert_eq!(said.unwrap(), 1);
                        }
                        _ => assert_eq!(super::tests::add(db, a).unwrap(), 1),
                    }
                }
            });
        }
    });
    std::panic::set_hook(before);
    let expected: Vec<i64> = (0..16).flat_map(|n| (0..50).filter(|i| i % 5 > 2).map(move |i| n * 100 + i)).collect();
    assert_eq!(all(&b.db), expected);
}

#[test]
fn an_answer_comes_after_the_commit() {
    let b = bench();
    let (tell, hear) = sync_channel(1);
    let db = b.db.clone();
    b.db.submit(job(|c| sql!("INSERT INTO t (a) VALUES (7)").execute(c)), move |said| {
        tell.send((said.is_ok(), all(&db))).unwrap();
    });
    assert_eq!(hear.recv().unwrap(), (true, vec![7]));
}

#[test]
fn who_breaks_a_deferred_constraint_pays_alone() {
    let b = bench();
    let (tell, hear) = sync_channel(10);
    // hold the writer so that the others form one group
    b.db.submit::<(), Error>(slow(100), |_| {});
    for a in 0..5i64 {
        let tell = tell.clone();
        let work = job(move |c| {
            if a == 3 {
                return sql!("INSERT INTO child (a) VALUES (99)").execute(c);
            }
            sql!("INSERT INTO t (a) VALUES ({})", a).execute(c)
        });
        b.db.submit(work, move |said| tell.send((a, said.is_ok())).unwrap());
    }
    let mut said: Vec<(i64, bool)> = hear.iter().take(5).collect();
    said.sort();
    assert_eq!(said, [(0, true), (1, true), (2, true), (3, false), (4, true)]);
    assert_eq!(all(&b.db), [0, 1, 2, 4]);
}

#[test]
fn the_hook_runs_once_for_a_group_and_may_fail() {
    let b = bench();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    b.db.on_group_commit(Box::new(move |c| {
        sql!("UPDATE t SET b = 1 WHERE b IS NULL").execute(c)?;
        match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::OutOfRange),
            1 => panic!("in the hook"),
            _ => Ok(()),
        }
    }));
    let marked = |db: &Database| db.read(|c| sql!("SELECT a FROM t WHERE b = 1").load::<(i64,)>(c)).unwrap().len();
    for a in 0..2 {
        add(&b.db, a).unwrap();
        assert_eq!(marked(&b.db), 0);
    }
    add(&b.db, 2).unwrap();
    assert_eq!(marked(&b.db), 3);
    b.db.write::<_, Error>(Box::new(|_| Ok(Outcome::Discard(())))).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 3, "nothing was kept, so there was nothing to hook into");
}

#[test]
fn readers_cannot_write_and_see_one_moment() {
    let b = bench();
    let refused = b.db.read(|c| sql!("INSERT INTO t (a) VALUES (1)").execute(c));
    assert!(refused.is_err());
    b.db.read(|c| {
        let before = sql!("SELECT a FROM t").load::<(i64,)>(c)?.len();
        add(&b.db, 5)?;
        assert_eq!(sql!("SELECT a FROM t").load::<(i64,)>(c)?.len(), before);
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(all(&b.db), [5]);
}

#[test]
fn a_full_queue_refuses_and_a_long_wait_too() {
    let b = bench();
    let (tell, hear) = sync_channel(QUEUE * 2);
    b.db.submit::<(), Error>(slow(2200), |_| {});
    for _ in 0..QUEUE + 10 {
        let tell = tell.clone();
        b.db.submit(job(|_| Ok(())), move |said| tell.send(matches!(said, Err(Error::Unavailable(_)))).unwrap());
    }
    assert!(hear.iter().take(QUEUE + 10).all(|refused| refused));
    assert_eq!(add(&b.db, 1).unwrap(), 1, "and goes on afterwards");
}

#[test]
fn ever_new_statements_do_not_pile_up() {
    let b = bench();
    for i in 0..1200i64 {
        let text = format!("SELECT a + {i} FROM t WHERE a = ");
        let ask = move |c: &mut Conn<'_>| crate::Statement::new(text.clone()).push(crate::Value::Int(1)).first::<(i64,)>(c);
        assert_eq!(b.db.read(|c| ask(c)).unwrap(), None);
        if i % 2 == 0 {
            b.db.write(job(ask)).unwrap();
        }
    }
    add(&b.db, 1).unwrap();
    assert_eq!(all(&b.db), [1]);
}

#[test]
fn lists_of_any_length_find_their_rows() {
    let b = bench();
    for a in 0..9 {
        add(&b.db, a).unwrap();
    }
    for n in 0..9i64 {
        let wanted: Vec<i64> = (0..n).collect();
        let found = b.db.read(|c| sql!("SELECT a FROM t WHERE a IN ({}) ORDER BY a", crate::list(&wanted)).load::<(i64,)>(c));
        assert_eq!(found.unwrap().into_iter().map(|r| r.0).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn a_job_that_waits_for_a_job_is_refused() {
    let b = bench();
    let db = b.db.clone();
    assert!(b.db.write(job(move |_| add(&db, 1))).is_err());
}

#[test]
fn a_backup_is_whole_and_private() {
    let b = bench();
    add(&b.db, 1).unwrap();
    let to = b._dir.path().join("it's a copy.db");
    b.db.backup(&to).unwrap();
    assert!(b.db.backup(&to).is_err(), "it exists already");
    let copy = Database::open(&DatabaseConfig::new(format!("sqlite:{}", to.display()))).unwrap();
    assert_eq!(all(&copy), [1]);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&to).unwrap().permissions()) & 0o77, 0);
}
