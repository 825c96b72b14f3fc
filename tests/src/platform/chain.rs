//! The feed and its chain: nothing is missed, nothing is numbered twice, and nothing is changed unseen.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::Event;
use persistence::platform::events::{self, Origin};
use persistence::{Conn, Database, Engine, Error, Outcome, Statement, sql};
use platform::Sequencer;
use platform::chain::new_fact;
use platform::chain_check::{Anchor, Checked, verify_chain};
use serde_json::json;

use super::{Ground, keep};

fn fact(subject: String) -> Event {
    Event {
        kind: "test.happened".into(),
        subject,
        company: None,
        party: None,
        version: 1,
        data: json!({"text": "Größe \"L\"", "amount": "12.50", "list": [3, 2, 1], "a": null}),
        previous: Some(json!({"z": true, "b": {"y": 1, "x": 2}})),
    }
}

fn tell(c: &mut Conn<'_>, subjects: &[String]) -> Result<(), Error> {
    let at = DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).unwrap();
    let origin = Origin { at, actor: "usr_1", actor_name: "Ann", request_id: "req_1" };
    let facts: Vec<Event> = subjects.iter().cloned().map(fact).collect();
    events::insert(c, &origin, facts.iter().map(|f| new_fact(f, &origin)).collect(), &[])
}

/// Writes facts and waits until all have their number.
fn written(d: &Ground, count: i64) -> Sequencer {
    let sequencer = Sequencer::start(&d.db).unwrap();
    for i in 0..count {
        d.db.write(keep(move |c| tell(c, &[format!("s{i}")]))).unwrap();
    }
    wait_for(&d.db, count);
    sequencer
}

fn wait_for(db: &Database, count: i64) {
    let began = Instant::now();
    loop {
        let last = db.read(|c| sql!("SELECT COUNT(*) FROM event_links WHERE seq > 0").first::<(i64,)>(c)).unwrap().unwrap().0;
        if last == count {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{last} of {count} facts are numbered");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn check(db: &Database, from: Option<&Anchor>) -> Checked {
    db.read(|c| verify_chain(c, from, |_| {})).unwrap()
}

each_database! {
    /// Eight writers on two replicas, some of their transactions rolled back, while a reader follows the feed.
    fn a_reader_of_the_feed_misses_nothing_and_sees_no_gap(d) {
        let other = d.replica();
        let _sequencers = [Sequencer::start(&d.db).unwrap(), Sequencer::start(&other).unwrap()];
        const EACH: usize = 30;
        let mut seen = BTreeSet::new();
        std::thread::scope(|s| {
            let writers: Vec<_> = (0..8).map(|w| {
                let db = if w % 2 == 0 { &d.db } else { &other };
                s.spawn(move || for i in 0..EACH {
                    let subjects = [format!("{w}/{i}/a"), format!("{w}/{i}/b")];
                    let discard = i % 10 == 9;
                    db.write::<_, Error>(Box::new(move |c| {
                        tell(c, &subjects)?;
                        std::thread::sleep(Duration::from_micros(300 * (w as u64 % 3)));
                        Ok(if discard { Outcome::Discard(()) } else { Outcome::Keep(()) })
                    })).unwrap();
                })
            }).collect();
            let mut last = 0;
            let expected = 8 * (EACH - EACH / 10) * 2;
            let began = Instant::now();
            while seen.len() < expected {
                let page = d.db.read(|c| sql!("SELECT seq, subject FROM published_events WHERE seq > {} ORDER BY seq LIMIT 50", last).load::<(i64, String)>(c));
                for (seq, subject) in page.unwrap() {
                    assert_eq!(seq, last + 1, "a gap");
                    assert!(seen.insert(subject), "seen twice");
                    last = seq;
                }
                assert!(began.elapsed() < Duration::from_secs(30), "{} of {expected} were seen", seen.len());
            }
            writers.into_iter().for_each(|w| w.join().unwrap());
        });
        assert!(!seen.iter().any(|s| s.contains("/9/")), "what was rolled back is told to nobody");
        assert_eq!(check(&d.db, None).breach, None);
        assert_eq!(check(&d.db, None).links, seen.len() as i64);
    }

    fn facts_of_one_transaction_keep_their_order(d) {
        let _sequencer = Sequencer::start(&d.db).unwrap();
        let subjects: Vec<String> = (0..700).map(|i| format!("{i:03}")).collect();
        let told = subjects.clone();
        d.db.write(keep(move |c| tell(c, &told))).unwrap();
        wait_for(&d.db, 700);
        let read = d.db.read(|c| sql!("SELECT subject FROM published_events ORDER BY seq").load::<(String,)>(c)).unwrap();
        assert_eq!(read.into_iter().map(|r| r.0).collect::<Vec<_>>(), subjects);
    }

    fn facts_left_without_a_number_get_one_later(d) {
        d.db.write(keep(|c| tell(c, &["early".into()]))).unwrap();
        let _sequencer = written_after(d);
        assert_eq!(check(&d.db, None).links, 2);
    }

    fn facts_that_an_earlier_version_left_without_a_number_get_one(d) {
        d.db.write(keep(|c| tell(c, &["late".into()]))).unwrap();
        let id = if d.db.engine() == Engine::Postgres { "'00000000-0000-0000-0000-000000000001'" } else { "x'00000000000000000000000000000001'" };
        let columns = "at, kind, subject, version, data, actor, actor_name, request_id";
        d.run(Statement::new(format!("INSERT INTO events (id, {columns}) SELECT {id}, {columns} FROM events"))).unwrap();
        d.run(Statement::new(format!("INSERT INTO event_links (event_id) VALUES ({id})"))).unwrap();
        let _sequencer = Sequencer::start(&d.db).unwrap();
        d.db.write(keep(|c| tell(c, &["later".into()]))).unwrap();
        wait_for(&d.db, 3);
        let checked = check(&d.db, None);
        assert_eq!((checked.links, checked.breach), (3, None));
    }

    fn every_change_of_a_row_is_found_and_named(d) {
        let _sequencer = written(d, 40);
        let anchor = check(&d.db, None).anchor.unwrap();
        assert_eq!(anchor.seq, 40);
        let pg = d.db.engine() == Engine::Postgres;
        let json = if pg { "'{\"a\": 1}'::jsonb" } else { "'{\"a\":1}'" };
        let mut tries: Vec<(String, i64)> = Vec::new();
        for (i, column) in ["kind", "subject", "actor", "actor_name", "request_id", "reason"].iter().enumerate() {
            tries.push((format!("UPDATE events SET {column} = 'x' WHERE id = (SELECT event_id FROM event_links WHERE seq = {})", 3 + i), 3 + i as i64));
        }
        for (i, column) in ["data", "previous"].iter().enumerate() {
            tries.push((format!("UPDATE events SET {column} = {json} WHERE id = (SELECT event_id FROM event_links WHERE seq = {})", 11 + i), 11 + i as i64));
        }
        tries.push(("UPDATE events SET previous = NULL WHERE id = (SELECT event_id FROM event_links WHERE seq = 20)".into(), 20));
        tries.push(("UPDATE events SET version = 2 WHERE id = (SELECT event_id FROM event_links WHERE seq = 21)".into(), 21));
        tries.push((if pg { "UPDATE events SET at = at + interval '1 microsecond' WHERE id = (SELECT event_id FROM event_links WHERE seq = 22)" } else { "UPDATE events SET at = at + 1 WHERE id = (SELECT event_id FROM event_links WHERE seq = 22)" }.into(), 22));
        let other_id = if pg { "'00000000-0000-0000-0000-000000000001'" } else { "x'00000000000000000000000000000001'" };
        for (i, column) in ["id", "company_id", "party_id"].iter().enumerate() {
            tries.push((format!("UPDATE events SET {column} = {other_id} WHERE id = (SELECT event_id FROM event_links WHERE seq = {})", 25 + i), 25 + i as i64));
        }
        tries.push(("UPDATE event_links SET prev_hash = hash WHERE seq = 30".into(), 30));
        tries.push(("UPDATE event_links SET hash = prev_hash WHERE seq = 31".into(), 31));
        tries.push(("DELETE FROM events WHERE id = (SELECT event_id FROM event_links WHERE seq = 1)".into(), 1));
        tries.push(("DELETE FROM event_links WHERE seq = 33".into(), 33));
        tries.push(("UPDATE event_links SET digest = hash WHERE seq = 34".into(), 34));
        tries.push(("UPDATE event_links SET digest = NULL WHERE seq = 37".into(), 37));
        tries.push(("DELETE FROM events WHERE id = (SELECT event_id FROM event_links WHERE seq = 40)".into(), 40));
        tries.push(("UPDATE event_links SET seq = CASE seq WHEN 35 THEN -36 WHEN 36 THEN -35 END WHERE seq IN (35, 36); UPDATE event_links SET seq = -seq WHERE seq < 0".into(), 35));
        tries.push(("UPDATE event_links SET seq = 41 WHERE seq = 40".into(), 40));
        for (text, row) in tries {
            let found = tampered(d, &text, None).breach.unwrap_or_else(|| panic!("not found: {text}"));
            assert!(found.starts_with(&format!("event {row}: ")), "{text} → {found}");
            assert!(tampered(d, &text, Some(anchor.clone())).breach.is_some() || row < 40, "{text}");
        }
        assert_eq!(check(&d.db, None).anchor, Some(anchor), "nothing of it was kept");
    }

    fn a_tail_that_was_cut_off_is_found_by_its_anchor(d) {
        let _sequencer = written(d, 10);
        let anchor = check(&d.db, None).anchor.unwrap();
        let careless = tampered(d, "DELETE FROM event_links WHERE seq > 7", None).breach.unwrap();
        assert!(careless.contains("without a link"), "{careless}");
        let cut = "DELETE FROM events WHERE id IN (SELECT event_id FROM event_links WHERE seq > 7); DELETE FROM event_links WHERE seq > 7";
        assert_eq!(tampered(d, cut, None).breach, None, "what is left is a chain of its own");
        let found = tampered(d, cut, Some(anchor.clone())).breach.unwrap();
        assert!(found.starts_with("event 10: ") && found.contains("cut off"), "{found}");
        let forged = Anchor { hash: "00".repeat(32), ..anchor.clone() };
        assert!(check(&d.db, Some(&forged)).breach.is_some());
        let fine = check(&d.db, Some(&anchor));
        assert_eq!((fine.breach, fine.links, fine.anchor), (None, 0, Some(anchor)));
    }

    fn the_database_refuses_to_change_what_happened(d) {
        let _sequencer = written(d, 3);
        let mut statements = vec!["UPDATE events SET subject = 'x'", "UPDATE event_links SET seq = NULL", "UPDATE event_links SET hash = prev_hash", "DELETE FROM events", "DELETE FROM event_links"];
        if d.db.engine() == Engine::Postgres {
            statements.extend(["TRUNCATE events", "TRUNCATE event_links"]);
        }
        for text in statements {
            let said = d.run(Statement::new(text));
            assert!(matches!(said, Err(Error::Guard(_))), "{text}: {said:?}");
        }
        assert_eq!(check(&d.db, None).links, 3);
    }
}

fn written_after(d: &Ground) -> Sequencer {
    let sequencer = Sequencer::start(&d.db).unwrap();
    d.db.write(keep(|c| tell(c, &["late".into()]))).unwrap();
    wait_for(&d.db, 2);
    sequencer
}

/// What the check says after somebody with all rights did this; it is rolled back afterwards.
fn tampered(d: &Ground, text: &str, from: Option<Anchor>) -> Checked {
    let statements: Vec<String> = text.split("; ").map(String::from).collect();
    d.db.write::<_, Error>(Box::new(move |c| {
        match c.engine() {
            Engine::Postgres => {
                sql!("ALTER TABLE events DISABLE TRIGGER ALL").execute(c)?;
                sql!("ALTER TABLE event_links DISABLE TRIGGER ALL").execute(c)?;
            }
            Engine::Sqlite => {
                for trigger in ["events_update", "events_delete", "event_links_update", "event_links_delete"] {
                    Statement::new(format!("DROP TRIGGER {trigger}")).execute(c)?;
                }
            }
        }
        for statement in &statements {
            assert!(Statement::new(statement.clone()).execute(c)? > 0, "{statement} hit nothing");
        }
        Ok(Outcome::Discard(verify_chain(c, from.as_ref(), |_| {})?))
    }))
    .unwrap()
}
