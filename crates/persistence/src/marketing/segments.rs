//! Rows of segments and their members. Whoever can be written to is in the view `audience`: parties, contacts and leads
//! with their primary e-mail address.

pub mod filters;

use domain::directory::companies::Company;
use domain::kernel::{Id, StringEnum};
use domain::marketing::segments::filters::SegmentFilter;
use domain::marketing::segments::{Segment, SegmentMember};
use uuid::Uuid;

use crate::marketing::segments::filters::Ground;
use crate::{Conn, Engine, Result, Statement, list, record, sql};

record! {
    segments: Segment {
        id: uid, company_id: uid, name: text, kind: word, audience: word, filter: opt(json), member_count: opt(int),
        evaluated_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |s| crate::search_text(&[&s.name]) }
}
record! {
    audience: SegmentMember {
        id: uid, kind: word, company_id: opt(uid), party_id: opt(uid), contact_id: opt(uid), lead_id: opt(uid), name: text,
        email: opt(text), country: opt(text),
    }
}

/// Whether another segment of the company has this name.
pub fn name_taken(db: &mut Conn, segment: &Segment) -> Result<bool> {
    let rows = sql!(
        "SELECT id FROM segments WHERE company_id = {} AND name = {} AND id <> {} LIMIT 1",
        segment.company_id.uuid(),
        &segment.name,
        segment.id.uuid()
    );
    Ok(rows.first::<(Uuid,)>(db)?.is_some())
}

/// The condition on `audience` that somebody is in a segment; `filter` is that of a dynamic one.
pub fn is_member(segment: &Segment, filter: Option<&SegmentFilter>, ground: &Ground) -> Statement {
    let mut s = sql!("audience.kind = {} AND audience.id IN (", segment.audience.member().as_str());
    s.append(ids(segment, filter, ground)).sql(")");
    s
}

/// The ids of those in a segment.
fn ids(segment: &Segment, filter: Option<&SegmentFilter>, ground: &Ground) -> Statement {
    match filter {
        Some(filter) => filters::ids(filter, segment.audience, ground),
        None => sql!("SELECT subject FROM segment_members WHERE segment_id = {}", segment.id.uuid()),
    }
}

/// Those in a segment.
pub fn all(db: &mut Conn, segment: &Segment, filter: Option<&SegmentFilter>, ground: &Ground) -> Result<Vec<Uuid>> {
    let mut s = Statement::new("SELECT id FROM audience WHERE ");
    s.append(is_member(segment, filter, ground));
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// How many are in a segment.
pub fn count(db: &mut Conn, segment: &Segment, filter: Option<&SegmentFilter>, ground: &Ground) -> Result<i64> {
    let members = match filter {
        // the filter alone knows who is archived
        Some(_) => sql!("SELECT COUNT(*) FROM ({}) AS m", ids(segment, filter, ground)),
        None => sql!("SELECT COUNT(*) FROM audience WHERE {}", is_member(segment, filter, ground)),
    };
    Ok(members.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Those of these ids that are in the segment's audience and visible to its company.
pub fn known(db: &mut Conn, segment: &Segment, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let rows = sql!(
        "SELECT id FROM audience WHERE kind = {} AND (company_id IS NULL OR company_id = {}) AND id IN ({})",
        segment.audience.member().as_str(),
        segment.company_id.uuid(),
        list(ids)
    );
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Adds members; those who are in already stay.
pub fn add(db: &mut Conn, segment: &Segment, ids: &[Uuid]) -> Result<usize> {
    let mut added = 0;
    for chunk in ids.chunks(500) {
        let mut s = Statement::new("INSERT INTO segment_members (segment_id, subject) VALUES ");
        for (i, id) in chunk.iter().enumerate() {
            s.sql(if i == 0 { "(" } else { ", (" });
            s.append(sql!("{}, {})", segment.id.uuid(), *id));
        }
        s.sql(" ON CONFLICT (segment_id, subject) DO NOTHING");
        added += s.execute(db)?;
    }
    Ok(added)
}

/// Removes members; ids that are not in are no mistake.
pub fn remove(db: &mut Conn, segment: &Segment, ids: &[Uuid]) -> Result<usize> {
    sql!("DELETE FROM segment_members WHERE segment_id = {} AND subject IN ({})", segment.id.uuid(), list(ids)).execute(db)
}

/// Removes all members of a segment.
pub fn clear(db: &mut Conn, segment: &Segment) -> Result<usize> {
    sql!("DELETE FROM segment_members WHERE segment_id = {}", segment.id.uuid()).execute(db)
}

/// The ground of a filter on this connection.
pub fn ground(engine: Engine, segment: &Segment, company: &Company, today: chrono::NaiveDate) -> Ground {
    Ground { engine, company: segment.company_id.uuid(), today, time_zone: company.time_zone.clone() }
}

/// After a merge the winner is in the static segments of the loser.
pub fn follow(db: &mut Conn, loser: Uuid, winner: Uuid) -> Result<usize> {
    sql!(
        "INSERT INTO segment_members (segment_id, subject) SELECT segment_id, {} FROM segment_members WHERE subject = {} \
         ON CONFLICT (segment_id, subject) DO NOTHING",
        winner,
        loser
    )
    .execute(db)
}

/// Takes somebody out of all static segments, for an erasure.
pub fn erase(db: &mut Conn, subject: Uuid) -> Result<usize> {
    sql!("DELETE FROM segment_members WHERE subject = {}", subject).execute(db)
}
