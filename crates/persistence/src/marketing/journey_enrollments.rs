//! Rows of people on the way through journeys. Two indexes keep anybody from being on the same way twice at once and from
//! being counted twice, whoever enters them at the same time.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{JourneyEnrollmentId, JourneyId};
use domain::kernel::{Id, StringEnum};
use domain::marketing::journey_enrollments::{JourneyEnrollment, JourneyOutcome, JourneyVisit};
use domain::marketing::journeys::{EntryKind, JourneyFact, JourneyVersion, ReentryKind};
use uuid::Uuid;

use crate::marketing::journeys::ids;
use crate::{Conn, Engine, Result, Statement, list, record, sql};

record! {
    journey_enrollments: JourneyEnrollment {
        id: uid, journey_id: uid, journey_version_id: uid, journey_version: int, company_id: uid, party_id: opt(uid),
        contact_id: opt(uid), lead_id: opt(uid), entered_by: word, entry_number: int, status: word, outcome: opt(word),
        step: opt(text), due_at: opt(instant), ended_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    unstored { path }
    complete = complete
}

fn complete(db: &mut Conn, rows: &mut [JourneyEnrollment]) -> Result<()> {
    let keys: Vec<Uuid> = rows.iter().map(|e| e.id.uuid()).collect();
    let found = sql!(
        "SELECT enrollment_id, step, result, visited_at FROM journey_visits WHERE enrollment_id IN ({}) ORDER BY visited_at, step",
        list(&keys)
    );
    let mut visits: HashMap<Uuid, Vec<JourneyVisit>> = HashMap::new();
    for (enrollment, step, result, visited_at) in found.load::<(Uuid, String, Option<String>, DateTime<Utc>)>(db)? {
        visits.entry(enrollment).or_default().push(JourneyVisit { step, visited_at, result });
    }
    for row in rows {
        row.path = visits.remove(&row.id.uuid()).unwrap_or_default();
    }
    Ok(())
}

/// Lets up to `limit` people enter: those for whom `condition` on the view `audience` holds, who are not on the way and
/// whom the re-entry policy lets in. In one statement; of two at the same time one does nothing.
pub fn enter(
    db: &mut Conn,
    version: &JourneyVersion,
    by: EntryKind,
    condition: Statement,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<JourneyEnrollment>> {
    let id = match db.engine() {
        Engine::Postgres => "gen_random_uuid()",
        Engine::Sqlite => "randomblob(16)",
    };
    let journey = version.journey_id.uuid();
    let mut s = Statement::new(format!(
        "INSERT INTO journey_enrollments (id, subject, entered_as, party_id, contact_id, lead_id, entry_number, status, version, \
         journey_id, journey_version_id, journey_version, company_id, entered_by, due_at, created_at, updated_at) \
         SELECT {id}, audience.id, audience.id, audience.party_id, audience.contact_id, audience.lead_id, \
         1 + COALESCE((SELECT MAX(p.entry_number) FROM journey_enrollments p WHERE p.journey_id = "
    ));
    s.append(sql!(
        "{} AND p.subject = audience.id), 0), 'active', 1, {}, {}, {}, {}, {}, {}, {}, {} FROM audience WHERE ",
        journey,
        journey,
        version.id.uuid(),
        version.number,
        version.company_id.uuid(),
        by.as_str(),
        now,
        now,
        now
    ));
    s.append(condition);
    s.append(sql!(
        " AND (audience.company_id IS NULL OR audience.company_id = {}) AND NOT EXISTS (SELECT 1 FROM journey_enrollments o \
         WHERE o.journey_id = {} AND o.subject = audience.id",
        version.company_id.uuid(),
        journey
    ));
    match version.reentry.kind {
        ReentryKind::Once => s.sql(")"),
        ReentryKind::Always => s.sql(" AND o.status IN ('active', 'waiting'))"),
        ReentryKind::AfterDays => s.append(sql!(
            " AND (o.status IN ('active', 'waiting') OR o.created_at > {}))",
            now - TimeDelta::days(version.reentry.days.unwrap_or_default().into())
        )),
    };
    s.append(sql!(" ORDER BY audience.id LIMIT {} ON CONFLICT DO NOTHING RETURNING id", limit));
    let entered = ids(db, &s)?;
    record::find_all(db, &entered)
}

/// The condition on `audience` that somebody is one of these.
pub fn is_one_of(people: &[Uuid]) -> Statement {
    sql!("audience.id IN ({})", list(people))
}

/// Those of these people who are in a segment, by the condition of the segment on `audience`.
pub fn among(db: &mut Conn, people: &[Uuid], condition: Statement) -> Result<Vec<Uuid>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let mut s = sql!("SELECT audience.id FROM audience WHERE audience.id IN ({}) AND ", list(people));
    s.append(condition);
    ids(db, &s)
}

/// Up to `limit` people whose next step is due, of journeys that are not paused, for this transaction alone.
pub fn due(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<JourneyEnrollment>> {
    let mut s = sql!(
        "SELECT e.id FROM journey_enrollments e WHERE e.status IN ('active', 'waiting') AND e.due_at <= {} \
         AND EXISTS (SELECT 1 FROM journeys j WHERE j.id = e.journey_id AND j.status <> 'paused') ORDER BY e.due_at, e.id LIMIT {}",
        now,
        limit
    );
    if db.engine() == Engine::Postgres {
        s.sql(" FOR NO KEY UPDATE SKIP LOCKED");
    }
    let found = ids(db, &s)?;
    let mut rows = record::find_all::<JourneyEnrollment>(db, &found)?;
    rows.sort_by_key(|e| (e.due_at, e.id.uuid()));
    Ok(rows)
}

/// Notes that somebody came to a step; whether it is the first time.
pub fn visit(db: &mut Conn, enrollment: JourneyEnrollmentId, step: &str, now: DateTime<Utc>) -> Result<bool> {
    let first = sql!(
        "INSERT INTO journey_visits (enrollment_id, step, visited_at) VALUES ({}, {}, {}) ON CONFLICT (enrollment_id, step) DO NOTHING",
        enrollment.uuid(),
        step,
        now
    );
    Ok(first.execute(db)? == 1)
}

/// Notes what came of a step.
pub fn note(db: &mut Conn, enrollment: JourneyEnrollmentId, step: &str, result: &str) -> Result<usize> {
    sql!("UPDATE journey_visits SET result = {} WHERE enrollment_id = {} AND step = {}", result, enrollment.uuid(), step).execute(db)
}

/// Whoever is on the way as this person.
pub fn open_of(db: &mut Conn, subject: Uuid) -> Result<Vec<JourneyEnrollment>> {
    found(db, sql!(" WHERE subject = {} AND status IN ('active', 'waiting') ORDER BY id", subject))
}

/// Whoever is on the way to a goal that is this fact, as this person or as a contact of this party.
pub fn bound_for(db: &mut Conn, fact: JourneyFact, subject: Uuid) -> Result<Vec<JourneyEnrollment>> {
    found(
        db,
        sql!(
            " WHERE status IN ('active', 'waiting') AND subject IN (SELECT {} UNION SELECT r.contact_id FROM relationships r WHERE r.party_id = {}) \
             AND EXISTS (SELECT 1 FROM journey_versions v WHERE v.id = journey_enrollments.journey_version_id AND v.goal_fact = {}) ORDER BY id",
            subject,
            subject,
            fact.as_str()
        ),
    )
}

/// Up to `limit` people on the way through a version who are in a segment now.
pub fn at_goal(db: &mut Conn, version: &JourneyVersion, condition: Statement, limit: i64) -> Result<Vec<JourneyEnrollment>> {
    let mut s = sql!(
        " WHERE journey_version_id = {} AND status IN ('active', 'waiting') AND subject IN (SELECT audience.id FROM audience WHERE ",
        version.id.uuid()
    );
    s.append(condition);
    s.append(sql!(") ORDER BY id LIMIT {}", limit));
    found(db, s)
}

/// Up to `limit` people on the way whose primary e-mail address is this one, in the form that compares.
pub fn reached_at(db: &mut Conn, address: &str, limit: i64) -> Result<Vec<JourneyEnrollment>> {
    found(
        db,
        sql!(
            " WHERE status IN ('active', 'waiting') AND subject IN (SELECT a.id FROM audience a WHERE lower(a.email) = {} AND a.id IN (\
             SELECT party_id FROM party_emails WHERE address = {} UNION ALL SELECT contact_id FROM contact_emails WHERE address = {} \
             UNION ALL SELECT id FROM leads WHERE lower(email) = {})) ORDER BY id LIMIT {}",
            address,
            address,
            address,
            address,
            limit
        ),
    )
}

fn found(db: &mut Conn, condition: Statement) -> Result<Vec<JourneyEnrollment>> {
    let mut s = record::select::<JourneyEnrollment>();
    s.append(condition);
    record::load(db, &s)
}

/// Makes everybody due who is on the way through a journey.
pub fn hurry(db: &mut Conn, journey: JourneyId, now: DateTime<Utc>) -> Result<usize> {
    sql!("UPDATE journey_enrollments SET due_at = {} WHERE journey_id = {} AND status IN ('active', 'waiting')", now, journey.uuid())
        .execute(db)
}

/// Whoever is on the way as the one who goes although the one who stays is on the same way.
pub fn doubled(db: &mut Conn, loser: Uuid, winner: Uuid) -> Result<Vec<JourneyEnrollment>> {
    found(
        db,
        sql!(
            " WHERE subject = {} AND status IN ('active', 'waiting') AND EXISTS (SELECT 1 FROM journey_enrollments w \
             WHERE w.subject = {} AND w.journey_id = journey_enrollments.journey_id AND w.status IN ('active', 'waiting')) ORDER BY id",
            loser,
            winner
        ),
    )
}

/// Who somebody is from now on: which column names the person.
#[derive(Debug, Clone, Copy)]
pub enum As {
    Party(Uuid),
    Contact(Uuid),
}

/// Everything of one person becomes that of another; the entries are counted on.
pub fn follow(db: &mut Conn, from: Uuid, to: As, now: DateTime<Utc>) -> Result<usize> {
    let (subject, columns) = match to {
        As::Party(id) => (id, sql!("party_id = {}, contact_id = NULL, lead_id = NULL", id)),
        As::Contact(id) => (id, sql!("contact_id = {}, party_id = NULL, lead_id = NULL", id)),
    };
    let mut s = sql!(
        "UPDATE journey_enrollments SET entry_number = entry_number + COALESCE((SELECT MAX(w.entry_number) FROM journey_enrollments w \
         WHERE w.journey_id = journey_enrollments.journey_id AND w.subject = {}), 0), version = version + 1, updated_at = {}, subject = {}, ",
        subject,
        now,
        subject
    );
    s.append(columns);
    s.append(sql!(" WHERE subject = {}", from));
    s.execute(db)
}

/// After a merge was taken back everybody has the own ways again.
pub fn go_back(db: &mut Conn, loser: As, winner: Uuid, now: DateTime<Utc>) -> Result<usize> {
    let (column, loser) = match loser {
        As::Party(id) => ("party_id", id),
        As::Contact(id) => ("contact_id", id),
    };
    let mut s = Statement::new(format!("UPDATE journey_enrollments SET {column} = "));
    s.append(sql!(
        "{}, subject = {}, version = version + 1, updated_at = {} WHERE subject = {} AND entered_as = {}",
        loser,
        loser,
        now,
        winner,
        loser
    ));
    s.execute(db)
}

/// How many stand so, by status and outcome.
pub fn tally(db: &mut Conn, journey: JourneyId) -> Result<Vec<(String, Option<String>, i64)>> {
    sql!(
        "SELECT status, outcome, COUNT(*) FROM journey_enrollments WHERE journey_id = {} GROUP BY status, outcome ORDER BY status, outcome",
        journey.uuid()
    )
    .load(db)
}

/// The outcome that a word of [`tally`] is.
pub fn outcome(word: &str) -> Result<JourneyOutcome> {
    JourneyOutcome::from_word(word).ok_or_else(|| crate::Error::Broken(format!("unknown outcome {word}")))
}

/// How many came to each step, by version; and how many wait there.
pub fn tally_steps(db: &mut Conn, journey: JourneyId) -> Result<Vec<(i64, String, i64, i64)>> {
    sql!(
        "SELECT e.journey_version, v.step, COUNT(*), SUM(CASE WHEN e.status = 'waiting' AND e.step = v.step THEN 1 ELSE 0 END) \
         FROM journey_visits v JOIN journey_enrollments e ON e.id = v.enrollment_id WHERE e.journey_id = {} \
         GROUP BY e.journey_version, v.step ORDER BY e.journey_version, v.step",
        journey.uuid()
    )
    .load(db)
}
