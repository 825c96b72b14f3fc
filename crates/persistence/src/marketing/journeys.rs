//! Rows of journeys and their versions, and the journeys that something is to be done about.

use chrono::{DateTime, Utc};
use domain::ids::{CompanyId, JourneyId, JourneyVersionId, SegmentId};
use domain::kernel::{Id, StringEnum};
use domain::marketing::journeys::{Journey, JourneyFact, JourneyVersion};
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

record! {
    journeys: Journey {
        id: uid, company_id: uid, name: text, description: opt(text), status: word, entry: json, reentry: json, goal: opt(json),
        steps: json, topic: opt(text), from_name: opt(text), reply_to: opt(text), quiet_hours: opt(json), frequency_cap: opt(json),
        published_version: opt(int), published_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |j| crate::search_text(&[&j.name, j.description.as_deref().unwrap_or_default()]) }
}
record! {
    journey_versions: JourneyVersion {
        id: uid, journey_id: uid, company_id: uid, number: int, entry: json, reentry: json, goal: opt(json), steps: json,
        topic: opt(text), messages: json, published_at: instant,
    }
    derived {
        entry_fact: text = |v| word(v.entry.fact),
        goal_fact: text = |v| word(v.goal.as_ref().and_then(|g| g.fact)),
    }
}

fn word(fact: Option<JourneyFact>) -> String {
    fact.map(|f| f.as_str().to_string()).unwrap_or_default()
}

/// Says which segments a version asks for.
pub fn uses(db: &mut Conn, version: JourneyVersionId, segments: &[SegmentId]) -> Result<()> {
    for segment in segments {
        sql!(
            "INSERT INTO journey_segments (journey_version_id, segment_id) VALUES ({}, {}) ON CONFLICT (journey_version_id, segment_id) DO NOTHING",
            version.uuid(),
            segment.uuid()
        )
        .execute(db)?;
    }
    Ok(())
}

/// The version of a journey that people enter.
pub fn current(db: &mut Conn, journey: &Journey) -> Result<Option<JourneyVersion>> {
    let Some(number) = journey.published_version else { return Ok(None) };
    let mut s = record::select::<JourneyVersion>();
    s.append(sql!(" WHERE journey_id = {} AND number = {}", journey.id.uuid(), number));
    Ok(record::load(db, &s)?.pop())
}

/// The versions that people enter by a fact now; those of one company, or of all.
pub fn entered_by(db: &mut Conn, fact: JourneyFact, company: Option<CompanyId>) -> Result<Vec<JourneyVersion>> {
    let mut s = record::select::<JourneyVersion>();
    s.append(sql!(
        " WHERE entry_fact = {} AND EXISTS (SELECT 1 FROM journeys j WHERE j.id = journey_versions.journey_id \
         AND j.status = 'published' AND j.published_version = journey_versions.number)",
        fact.as_str()
    ));
    if let Some(company) = company {
        s.append(sql!(" AND company_id = {}", company.uuid()));
    }
    s.sql(" ORDER BY id");
    record::load(db, &s)
}

/// Up to `limit` published journeys, those that were not looked at for the longest time first, that were not looked at
/// since `before`.
pub fn to_look_at(db: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<Vec<Journey>> {
    let mut s = record::select::<Journey>();
    s.append(sql!(
        " WHERE status = 'published' AND (looked_at IS NULL OR looked_at <= {}) ORDER BY CASE WHEN looked_at IS NULL THEN 0 ELSE 1 END, looked_at, id LIMIT {}",
        before,
        limit
    ));
    record::load(db, &s)
}

/// Notes that a journey was looked at; nothing lets it be looked at again at once. A note of ours: it does not count as a
/// change.
pub fn looked_at(db: &mut Conn, journey: JourneyId, at: Option<DateTime<Utc>>) -> Result<usize> {
    sql!("UPDATE journeys SET looked_at = {} WHERE id = {}", at, journey.uuid()).execute(db)
}

/// The versions of a journey, the oldest first.
pub fn versions(db: &mut Conn, journey: JourneyId) -> Result<Vec<JourneyVersion>> {
    let mut s = record::select::<JourneyVersion>();
    s.append(sql!(" WHERE journey_id = {} ORDER BY number", journey.uuid()));
    record::load(db, &s)
}

/// The versions with a segment for a goal that somebody is on the way through.
pub fn with_goal_segment(db: &mut Conn, journey: JourneyId) -> Result<Vec<JourneyVersion>> {
    let mut s = record::select::<JourneyVersion>();
    s.append(sql!(
        " WHERE journey_id = {} AND goal IS NOT NULL AND goal_fact = '' AND EXISTS (SELECT 1 FROM journey_enrollments e \
         WHERE e.journey_version_id = journey_versions.id AND e.status IN ('active', 'waiting')) ORDER BY id",
        journey.uuid()
    ));
    record::load(db, &s)
}

/// Ids of rows, as a statement finds them.
pub(crate) fn ids(db: &mut Conn, statement: &crate::Statement) -> Result<Vec<Uuid>> {
    Ok(statement.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}
