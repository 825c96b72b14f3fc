//! Followers: what is derived from the events after their commit. Where each one stands, and the events it failed on. What a
//! follower does is not known here.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{EventId, FollowerFailureId, FollowerId};
use crate::kernel::{Code, Failure, Problem, Result};

crate::words! {
    /// What a follower is doing.
    pub enum FollowerStatus {
        /// Reading new events as they come.
        Following = "following",
        /// Deleting what it derived, to begin again with the first event.
        Clearing = "clearing",
        /// Reading the events again from the first.
        Rebuilding = "rebuilding",
    }
    /// What happens next to an event that a follower failed on.
    pub enum FollowerFailureStatus {
        /// It is tried again at `retry_at`.
        Waiting = "waiting",
        /// It was tried often enough; `retry` on the follower tries it again.
        SetAside = "set_aside",
    }
}

/// What the follower derives cannot be derived again.
pub const NOT_REBUILDABLE: Code = Code::conflict("follower.not_rebuildable", "The follower has effects that cannot be derived again.");
/// A rebuild is running.
pub const REBUILD_RUNNING: Code = Code::conflict("follower.rebuild_running", "The follower is being rebuilt.");
/// Nothing is set aside.
pub const NOTHING_SET_ASIDE: Code = Code::conflict("follower.nothing_set_aside", "No event of the follower is set aside.");
/// The event that `wait_for` names was not reached in time.
pub const NOT_REACHED: Code =
    Code::new(Failure::Unavailable, "follower.not_reached", "The follower has not reached the event that `wait_for` names.");

/// A follower: it reads the events in the order of `seq` and keeps what follows from them. Each event counts once.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Follower {
    /// The id.
    pub id: FollowerId,
    /// What it is called.
    #[schema(max_length = 100, example = "marketing.attribution")]
    pub name: String,
    /// What it keeps.
    #[schema(max_length = 500)]
    pub description: String,
    /// The kinds of events that it reads.
    #[schema(max_items = 200)]
    pub kinds: Vec<String>,
    /// What it is doing.
    pub status: FollowerStatus,
    /// All events up to this number have been taken into account, but for those in `waiting_failures` and `set_aside_failures`.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub as_of_seq: i64,
    /// The number of the latest event.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub head_seq: i64,
    /// Events that it has not looked at yet, those without a number included.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub lag_events: i64,
    /// How long the oldest event that it has yet to read has been waiting, in seconds.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub lag_seconds: i64,
    /// Events that it failed on and that are tried again.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub waiting_failures: i64,
    /// Events that it failed on too often.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub set_aside_failures: i64,
    /// Whether it has stopped because too many events failed. It goes on when failures are resolved.
    pub is_halted: bool,
    /// Whether what it keeps can be derived again from the first event.
    pub is_rebuildable: bool,
    /// When the last rebuild ended.
    #[schema(required)]
    pub rebuilt_at: Option<DateTime<Utc>>,
    /// Counts the changes of its status, from 1; reading events is none.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was first started.
    pub created_at: DateTime<Utc>,
    /// When its status last changed.
    pub updated_at: DateTime<Utc>,
    /// The event up to which it has read.
    #[serde(skip)]
    #[schema(ignore)]
    pub cursor_seq: i64,
    /// The latest event when the rebuild began.
    #[serde(skip)]
    #[schema(ignore)]
    pub rebuild_to: Option<i64>,
}

crate::entity! { Follower, FollowerId, "follower", actions: |f| f.actions() }

impl Follower {
    fn actions(&self) -> Vec<&'static str> {
        let mut out = Vec::new();
        if self.is_rebuildable && self.status == FollowerStatus::Following {
            out.push("rebuild");
        }
        if self.set_aside_failures > 0 {
            out.push("retry");
        }
        out
    }
    /// Begins a rebuild: first what it derived is deleted, then every event up to `head` and beyond is read again.
    ///
    /// # Errors
    /// `follower.not_rebuildable`, `follower.rebuild_running`.
    pub fn rebuild(mut self, head: i64) -> Result<Self> {
        if !self.is_rebuildable {
            return Err(NOT_REBUILDABLE.with(format!("What {} does is done once.", self.name)));
        }
        if self.status != FollowerStatus::Following {
            return Err(REBUILD_RUNNING.with(format!("{} is {}.", self.name, self.status)));
        }
        (self.status, self.cursor_seq, self.rebuild_to) = (FollowerStatus::Clearing, 0, Some(head));
        Ok(self)
    }
    /// Everything it derived is deleted.
    pub fn cleared(mut self) -> Self {
        self.status = FollowerStatus::Rebuilding;
        self
    }
    /// The follower after it has read up to `seq`; whether its status changed.
    pub fn advanced(mut self, seq: i64, now: DateTime<Utc>) -> (Self, bool) {
        self.cursor_seq = seq;
        let ends = self.status == FollowerStatus::Rebuilding && self.rebuild_to.is_none_or(|to| seq >= to);
        if ends {
            (self.status, self.rebuild_to, self.rebuilt_at) = (FollowerStatus::Following, None, Some(now));
        }
        (self, ends)
    }
}

/// An event that a follower failed on. Later events went on; this one is tried again, and set aside after the last attempt. It
/// is gone from this list when it was taken into account.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FollowerFailure {
    /// The id.
    pub id: FollowerFailureId,
    /// The follower.
    pub follower_id: FollowerId,
    /// The event.
    pub event_id: EventId,
    /// The number of the event.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub seq: i64,
    /// The kind of the event.
    #[schema(max_length = 100, example = "invoice.posted")]
    pub kind: String,
    /// The id of what the event is about.
    #[schema(max_length = 60)]
    pub subject: String,
    /// What happens next.
    pub status: FollowerFailureStatus,
    /// How often it was tried.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub attempts: i64,
    /// The code of the problem at the last attempt.
    #[schema(max_length = 100, example = "internal")]
    pub code: String,
    /// What happened at the last attempt.
    #[schema(required, max_length = 500)]
    pub detail: Option<String>,
    /// When it is tried again; null when it is set aside.
    #[schema(required)]
    pub retry_at: Option<DateTime<Utc>>,
    /// Counts the attempts and retries, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it failed first.
    pub created_at: DateTime<Utc>,
    /// When it failed last, or was taken up again.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { FollowerFailure, FollowerFailureId, "follower_failure" }

/// Seconds between one attempt and the next. After the last an event is set aside.
const PAUSES: [i64; 4] = [1, 10, 60, 600];

impl FollowerFailure {
    /// The same after another attempt that failed. `now` is the database's time.
    pub fn failed_again(mut self, p: &Problem, now: DateTime<Utc>) -> Self {
        self.attempts += 1;
        self.version += 1;
        self.why(p, now)
    }
    /// The first failure, whose `attempts` are 1: when it is tried again.
    pub fn why(mut self, p: &Problem, now: DateTime<Utc>) -> Self {
        let place = usize::try_from(self.attempts - 1).unwrap_or(usize::MAX);
        self.retry_at = PAUSES.get(place).map(|&seconds| now + TimeDelta::seconds(seconds));
        self.status = if self.retry_at.is_some() { FollowerFailureStatus::Waiting } else { FollowerFailureStatus::SetAside };
        self.code = p.code().code.into();
        self.detail = p.detail().map(|text| text.chars().take(500).collect());
        self.updated_at = now;
        self
    }
}

/// As of which event something is said that follows from events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AsOf {
    /// The number of the event; 0 before the first.
    pub seq: i64,
    /// When it happened.
    pub at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Id, problems};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn follower() -> Follower {
        Follower {
            id: Id::from_uuid(uuid::Uuid::nil()),
            name: "test".into(),
            description: String::new(),
            kinds: vec![],
            status: FollowerStatus::Following,
            as_of_seq: 0,
            head_seq: 0,
            lag_events: 0,
            lag_seconds: 0,
            waiting_failures: 0,
            set_aside_failures: 0,
            is_halted: false,
            is_rebuildable: true,
            rebuilt_at: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
            cursor_seq: 7,
            rebuild_to: None,
        }
    }

    #[test]
    fn a_rebuild_ends_when_it_has_read_what_there_was_at_its_beginning() {
        let begun = follower().rebuild(9).unwrap();
        assert_eq!((begun.status, begun.rebuild_to), (FollowerStatus::Clearing, Some(9)));
        assert_eq!(begun.clone().rebuild(9).unwrap_err().code(), REBUILD_RUNNING);
        let (behind, ended) = begun.cleared().advanced(8, at(1));
        assert_eq!((behind.status, ended), (FollowerStatus::Rebuilding, false));
        let (there, ended) = behind.advanced(9, at(2));
        assert_eq!((there.status, there.rebuild_to, there.rebuilt_at, ended), (FollowerStatus::Following, None, Some(at(2)), true));
        let fixed = Follower { is_rebuildable: false, ..follower() };
        assert_eq!(fixed.rebuild(9).unwrap_err().code(), NOT_REBUILDABLE);
    }

    #[test]
    fn an_event_is_tried_at_growing_intervals_and_then_set_aside() {
        let problem = problems::internal.with("no");
        let mut failure = FollowerFailure {
            id: Id::from_uuid(uuid::Uuid::nil()),
            follower_id: Id::from_uuid(uuid::Uuid::nil()),
            event_id: Id::from_uuid(uuid::Uuid::nil()),
            seq: 1,
            kind: "a.b".into(),
            subject: "a".into(),
            status: FollowerFailureStatus::Waiting,
            attempts: 1,
            code: String::new(),
            detail: None,
            retry_at: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        }
        .why(&problem, at(0));
        for seconds in PAUSES {
            assert_eq!((failure.status, failure.retry_at), (FollowerFailureStatus::Waiting, Some(at(seconds))));
            failure = failure.failed_again(&problem, at(0));
        }
        assert_eq!((failure.status, failure.retry_at, failure.attempts), (FollowerFailureStatus::SetAside, None, 5));
        assert_eq!((&*failure.code, failure.detail.as_deref()), ("internal", Some("no")));
    }
}
