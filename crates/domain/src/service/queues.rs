//! Queues: where cases wait, who works on them, and how they are handed out. Which member is next is asked of the
//! database, so that two cases at once never get the same turn.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, QueueId, UserId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Code, Result, turns};

crate::words! {
    /// How a queue hands out its cases.
    pub enum QueueAssignment {
        /// Cases wait until somebody takes them.
        Manual = "manual",
        /// Each member in turn.
        RoundRobin = "round_robin",
        /// The member with the fewest cases at work; among equals the first in the list.
        LeastBusy = "least_busy",
    }
}

/// The queue is archived and takes no cases.
pub const ARCHIVED: Code = Code::conflict("queue.archived", "The queue is archived.");
/// A member is listed twice.
pub const DOUBLED_MEMBER: Code = Code::invalid("queue.doubled_member", "A member is listed twice.");

/// A queue of cases.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Queue {
    /// The id.
    pub id: QueueId,
    /// The company whose cases wait here.
    pub company_id: CompanyId,
    /// What it is called; once in a company.
    #[schema(max_length = 100, example = "Repairs")]
    pub name: String,
    /// What belongs here.
    #[schema(required, max_length = 2000)]
    pub description: Option<String>,
    /// How cases are handed out.
    pub assignment: QueueAssignment,
    /// The users who work on its cases, in the order of their turns.
    #[schema(max_items = 200)]
    pub member_ids: Vec<UserId>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was archived.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Queue, QueueId, "queue", company: |q| Some(q.company_id),
actions: |q| vec![if q.archived_at.is_some() { "restore" } else { "archive" }] }
crate::archivable! { Queue }

/// A queue to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQueue {
    /// The company whose cases wait here.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Repairs")]
    pub name: String,
    /// What belongs here.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// How cases are handed out; `manual` when left out.
    #[serde(default = "manual")]
    pub assignment: QueueAssignment,
    /// The users who work on its cases, in the order of their turns.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub member_ids: Vec<UserId>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

fn manual() -> QueueAssignment {
    QueueAssignment::Manual
}

crate::patch! {
    /// Changes to a queue.
    pub struct QueuePatch for Queue {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// What belongs here.
        clear description: String [max_length = 2000],
        /// How cases are handed out.
        set assignment: QueueAssignment,
        /// The users who work on its cases; replaced whole.
        set member_ids: Vec<UserId> [max_items = 200],
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Queue {
    /// A new queue.
    pub fn new(id: QueueId, new: NewQueue, now: DateTime<Utc>) -> Result<Self> {
        let queue = Self {
            id,
            company_id: new.company_id,
            name: new.name,
            description: new.description,
            assignment: new.assignment,
            member_ids: new.member_ids,
            metadata: new.metadata,
            archived_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        queue.tidied()
    }
    /// The queue with these changes.
    pub fn change(mut self, patch: QueuePatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    /// Refuses a queue that takes no cases.
    pub fn must_take_cases(&self) -> Result<()> {
        match self.archived_at {
            Some(_) => Err(ARCHIVED.with(format!("{} is archived.", self.name)).in_state("archived", &["restore"])),
            None => Ok(()),
        }
    }
    /// It takes no more cases.
    pub fn archive(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_take_cases()?;
        self.archived_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// Whose turn it is. `free` are the members who may log in, in the order of the list; `last` says which turn each had
    /// last, counted from 1; `at_work` are the cases that members have.
    pub fn next_member(&self, free: &[UserId], last: &BTreeMap<UserId, i64>, at_work: &[(UserId, i64)]) -> Option<UserId> {
        let cases = |m: &UserId| at_work.iter().find(|(u, _)| u == m).map_or(0, |(_, n)| *n);
        match self.assignment {
            QueueAssignment::Manual => None,
            QueueAssignment::RoundRobin => turns::next(free, last),
            QueueAssignment::LeastBusy => free.iter().min_by_key(|m| cases(m)).copied(),
        }
    }
    fn tidied(mut self) -> Result<Self> {
        self.name = filled(&self.name, "/name")?;
        self.description = trimmed(self.description);
        let twice = |(i, m): &(usize, &UserId)| self.member_ids[..*i].contains(m);
        if let Some((i, m)) = self.member_ids.iter().enumerate().find(twice) {
            return Err(DOUBLED_MEMBER.field(format!("/member_ids/{i}"), format!("{m} is listed before.")));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }
    fn queue(assignment: QueueAssignment, members: &[u128]) -> Result<Queue> {
        let new = NewQueue {
            company_id: CompanyId::from_uuid(Uuid::nil()),
            name: "Q".into(),
            description: None,
            assignment,
            member_ids: members.iter().map(|n| user(*n)).collect(),
            metadata: BTreeMap::new(),
        };
        Queue::new(QueueId::from_uuid(Uuid::nil()), new, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn turns_go_round_and_the_least_busy_is_the_first_among_equals() {
        let (all, none) = ([1, 2, 3].map(user), BTreeMap::new());
        let round = queue(QueueAssignment::RoundRobin, &[1, 2, 3]).expect("made");
        let mut last = BTreeMap::new();
        let mut turn = |t: i64, free: &[UserId]| {
            let next = round.next_member(free, &last, &[]).expect("somebody");
            last.insert(next, t);
            next
        };
        let turns: Vec<_> = (1..=4).map(|t| turn(t, &all)).collect();
        assert_eq!(turns, [1, 2, 3, 1].map(user));
        assert_eq!([turn(5, &[user(1), user(3)]), turn(6, &[user(1), user(3)])], [user(3), user(1)], "the second is passed over");
        assert_eq!(turn(7, &all), user(2), "who was away is next");
        let busy = queue(QueueAssignment::LeastBusy, &[1, 2, 3]).expect("made");
        assert_eq!(busy.next_member(&all, &none, &[(user(1), 2), (user(2), 1)]), Some(user(3)));
        assert_eq!(busy.next_member(&all, &none, &[(user(1), 1), (user(2), 1), (user(3), 1)]), Some(user(1)));
        assert_eq!(round.next_member(&[], &none, &[]), None);
        assert_eq!(queue(QueueAssignment::Manual, &[1]).expect("made").next_member(&all, &none, &[]), None);
        assert_eq!(queue(QueueAssignment::Manual, &[1, 2, 1]).expect_err("twice").code(), DOUBLED_MEMBER);
    }
}
