//! Rows of queues, with their members read along, and whose turn it is.

use std::collections::{BTreeMap, HashMap};

use domain::ids::{QueueId, UserId};
use domain::kernel::Id;
use domain::service::queues::Queue;
use uuid::Uuid;

use crate::{Conn, Result, Statement, Value, list, sql};

crate::record! {
    queues: Queue {
        id: uid, company_id: uid, name: text, description: opt(text), assignment: word, metadata: json, archived_at: opt(instant),
        created_at: instant, updated_at: instant, version: int,
    }
    unstored { member_ids }
    complete = complete
}

fn complete(db: &mut Conn, rows: &mut [Queue]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|q| q.id.uuid()).collect();
    let found = sql!("SELECT queue_id, user_id FROM queue_members WHERE queue_id IN ({}) ORDER BY queue_id, position", list(&ids));
    let mut members: HashMap<Uuid, Vec<UserId>> = HashMap::new();
    for (queue, user) in found.load::<(Uuid, Uuid)>(db)? {
        members.entry(queue).or_default().push(UserId::from_uuid(user));
    }
    for queue in rows {
        queue.member_ids = members.remove(&queue.id.uuid()).unwrap_or_default();
    }
    Ok(())
}

/// Replaces the members of a queue.
pub fn write_members(db: &mut Conn, queue: QueueId, members: &[UserId]) -> Result<()> {
    sql!("DELETE FROM queue_members WHERE queue_id = {}", queue.uuid()).execute(db)?;
    if members.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::new("INSERT INTO queue_members (queue_id, user_id, position) VALUES ");
    for (i, member) in members.iter().enumerate() {
        statement.sql(if i == 0 { "(" } else { ", (" });
        let position = i64::try_from(i).unwrap_or(i64::MAX);
        statement.values([Value::Uid(queue.uuid()), Value::Uid(member.uuid()), Value::Int(position)]).sql(")");
    }
    statement.execute(db).map(drop)
}

/// Takes the next turn of a queue, counted from 1. Others who want one wait until the transaction ends.
pub fn take_turn(db: &mut Conn, queue: QueueId) -> Result<i64> {
    let taken = sql!("UPDATE queues SET turns = turns + 1 WHERE id = {} RETURNING turns", queue.uuid());
    Ok(taken.first::<(i64,)>(db)?.map_or(1, |r| r.0))
}

/// Which turn each user had last in a queue.
pub fn last_turns(db: &mut Conn, queue: QueueId) -> Result<BTreeMap<UserId, i64>> {
    let found = sql!("SELECT user_id, turn FROM queue_turns WHERE queue_id = {}", queue.uuid());
    Ok(found.load::<(Uuid, i64)>(db)?.into_iter().map(|(u, n)| (UserId::from_uuid(u), n)).collect())
}

/// Remembers which turn a user had; the turn is held.
pub fn remember_turn(db: &mut Conn, queue: QueueId, user: UserId, turn: i64) -> Result<()> {
    sql!(
        "INSERT INTO queue_turns (queue_id, user_id, turn) VALUES ({}, {}, {}) ON CONFLICT (queue_id, user_id) DO UPDATE SET turn = excluded.turn",
        queue.uuid(),
        user.uuid(),
        turn
    )
    .execute(db)?;
    Ok(())
}

/// How many cases each of these users has at work.
pub fn at_work(db: &mut Conn, users: &[UserId]) -> Result<Vec<(UserId, i64)>> {
    let ids: Vec<Uuid> = users.iter().map(|u| u.uuid()).collect();
    let found = sql!(
        "SELECT assignee_id, COUNT(*) FROM cases WHERE assignee_id IN ({}) AND status IN ('new', 'open', 'pending') GROUP BY assignee_id",
        list(&ids)
    );
    Ok(found.load::<(Uuid, i64)>(db)?.into_iter().map(|(u, n)| (UserId::from_uuid(u), n)).collect())
}
