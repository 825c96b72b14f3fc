//! What happens by the clock and failed for one record: kept until it succeeds, tried again at growing intervals.

use crate::ids::TimerFailureId;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Scheduled work that failed for one record. The work goes on for all other records; this one is tried again at `retry_at`,
/// and the entry disappears when it succeeds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimerFailure {
    /// The id.
    pub id: TimerFailureId,
    /// The scheduled work.
    #[schema(max_length = 100, example = "crm.quotes.expire")]
    pub timer: String,
    /// The id of the record for which it failed.
    #[schema(max_length = 40)]
    pub subject: String,
    /// Stable code of the problem.
    #[schema(max_length = 100, example = "invalid_state")]
    pub code: String,
    /// What happened.
    #[schema(max_length = 2000)]
    pub detail: String,
    /// How often it has failed.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub attempts: i64,
    /// When it is tried again.
    pub retry_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it first failed.
    pub created_at: DateTime<Utc>,
    /// When it last failed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { TimerFailure, TimerFailureId, "timer_failure" }

/// How long the next attempt waits after so many failures: a minute, doubled each time, at most six hours.
pub fn wait(attempts: i64) -> TimeDelta {
    TimeDelta::minutes(1 << attempts.saturating_sub(1).clamp(0, 9)).min(TimeDelta::hours(6))
}

impl TimerFailure {
    /// It failed for the first time.
    pub fn first(id: TimerFailureId, timer: &str, subject: &str, code: &str, detail: &str, now: DateTime<Utc>) -> Self {
        Self {
            id,
            timer: timer.into(),
            subject: subject.into(),
            code: code.into(),
            detail: detail.chars().take(2000).collect(),
            attempts: 1,
            retry_at: now + wait(1),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
    /// It failed again.
    pub fn again(self, code: &str, detail: &str, now: DateTime<Utc>) -> Self {
        let (attempts, version) = (self.attempts + 1, self.version + 1);
        let detail = detail.chars().take(2000).collect();
        Self { code: code.into(), detail, attempts, retry_at: now + wait(attempts), version, updated_at: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_waits_longer_and_never_too_long() {
        let minutes: Vec<i64> = (1..=12).map(|n| wait(n).num_minutes()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
    }
}
