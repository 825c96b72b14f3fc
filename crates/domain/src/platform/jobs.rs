//! Jobs: work that outlives the request that asked for it. What the work is, is not known here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ids::JobId;
use crate::kernel::{Problem, Result, problems};

crate::words! {
    /// Where a job stands. The last three are final.
    pub enum JobStatus {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker is at it.
        Running = "running",
        /// Done; the result is there.
        Succeeded = "succeeded",
        /// Given up; the error says why.
        Failed = "failed",
        /// Ended on request.
        Cancelled = "cancelled",
    }
}

impl JobStatus {
    /// Nothing more happens to it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobProgress {
    /// Steps that are done.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub done: i64,
    /// Steps there are, when that is known.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub total: Option<i64>,
}

/// Why a job was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// The published problem code.
    #[schema(max_length = 100, example = "unavailable")]
    pub code: String,
    /// What the code means.
    #[schema(max_length = 500)]
    pub title: String,
    /// What happened this time.
    #[schema(required, max_length = 4000)]
    pub detail: Option<String>,
}

impl From<&Problem> for JobError {
    fn from(p: &Problem) -> Self {
        let cut = |s: &str| s.chars().take(4000).collect();
        Self { code: p.code().code.into(), title: p.code().title.into(), detail: p.detail().map(cut) }
    }
}

/// Work that goes on after its request was answered. Ask for it again until its status is final.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Job {
    /// The id.
    pub id: JobId,
    /// What is done. New kinds may appear.
    #[schema(max_length = 100, example = "verification")]
    pub kind: String,
    /// Where it stands.
    pub status: JobStatus,
    /// How far it is.
    pub progress: JobProgress,
    /// What came out, when it succeeded. Its members depend on the kind.
    #[schema(required, value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Where what came out can be fetched, when that is more than a few lines.
    #[schema(required, max_length = 500)]
    pub result_url: Option<String>,
    /// Why it was given up, when it failed.
    #[schema(required)]
    pub error: Option<JobError>,
    /// Somebody asked to end it; it ends at its next step.
    pub cancel_requested: bool,
    /// Counts the changes, from 1; progress is one too.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// What it was asked with.
    #[serde(skip)]
    #[schema(ignore)]
    pub input: Value,
    /// What it remembers between steps, so that it goes on after a restart where it was.
    #[serde(skip)]
    #[schema(ignore)]
    pub state: Value,
    /// Who asked for it.
    #[serde(skip)]
    #[schema(ignore)]
    pub owner: String,
    /// The rights it runs with.
    #[serde(skip)]
    #[schema(ignore)]
    pub caller: Value,
    /// How often a worker began it.
    #[serde(skip)]
    #[schema(ignore)]
    pub attempts: i64,
    /// The worker that is at it.
    #[serde(skip)]
    #[schema(ignore)]
    pub lease: Option<String>,
    /// When its worker is taken for dead unless it was heard of.
    #[serde(skip)]
    #[schema(ignore)]
    pub leased_until: Option<DateTime<Utc>>,
}

crate::entity! { Job, JobId, "job", actions: |j| if j.status.is_final() { vec![] } else { vec!["cancel"] } }

/// A job whose workers die is given up after this many.
pub const MAX_ATTEMPTS: i64 = 5;

impl Job {
    /// A job that waits for its first worker.
    pub fn new(id: JobId, kind: &str, input: Value, owner: &str, caller: Value, now: DateTime<Utc>) -> Self {
        Self {
            id,
            kind: kind.into(),
            status: JobStatus::Queued,
            progress: JobProgress::default(),
            result: None,
            result_url: None,
            error: None,
            cancel_requested: false,
            version: 1,
            created_at: now,
            updated_at: now,
            finished_at: None,
            input,
            state: Value::Object(Default::default()),
            owner: owner.into(),
            caller,
            attempts: 0,
            lease: None,
            leased_until: None,
        }
    }
    /// A worker takes it; after too many workers that died at it, it is given up instead.
    pub fn take(self, lease: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        if self.cancel_requested {
            return self.end(JobStatus::Cancelled, now);
        }
        if self.attempts >= MAX_ATTEMPTS {
            let problem = problems::internal.with(format!("The work stopped {MAX_ATTEMPTS} times without an end."));
            return self.fail(&problem, now);
        }
        let attempts = self.attempts + 1;
        Self { status: JobStatus::Running, lease: Some(lease.into()), leased_until: Some(until), updated_at: now, attempts, ..self }
    }
    /// Asks it to end. One that waits ends at once, one that runs at its next step.
    pub fn cancel(self, now: DateTime<Utc>) -> Result<Self> {
        match self.status {
            JobStatus::Queued => Ok(Self { cancel_requested: true, ..self.end(JobStatus::Cancelled, now) }),
            JobStatus::Running => Ok(Self { cancel_requested: true, updated_at: now, ..self }),
            _ => Err(problems::invalid_state.with("The job has ended.").in_state(self.status, &[])),
        }
    }
    /// It is done, with this result.
    pub fn succeed(self, result: Value, now: DateTime<Utc>) -> Self {
        let total = self.progress.total.unwrap_or(self.progress.done);
        let progress = JobProgress { done: total, total: Some(total) };
        Self { result: Some(result), progress, ..self.end(JobStatus::Succeeded, now) }
    }
    /// It is given up.
    pub fn fail(self, why: &Problem, now: DateTime<Utc>) -> Self {
        Self { error: Some(why.into()), ..self.end(JobStatus::Failed, now) }
    }
    /// It has ended on request.
    pub fn stop(self, now: DateTime<Utc>) -> Self {
        self.end(JobStatus::Cancelled, now)
    }
    /// It waits for a worker again, because its own had to leave; that attempt does not count.
    pub fn put_back(self, now: DateTime<Utc>) -> Self {
        Self { status: JobStatus::Queued, attempts: self.attempts - 1, lease: None, leased_until: None, updated_at: now, ..self }
    }
    /// It waits for a worker again, but not before a moment: what it needs was not there.
    pub fn postpone(self, until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { status: JobStatus::Queued, lease: None, leased_until: Some(until), updated_at: now, ..self }
    }
    fn end(self, status: JobStatus, now: DateTime<Utc>) -> Self {
        Self { status, lease: None, leased_until: None, finished_at: Some(now), updated_at: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entity;
    use crate::kernel::Id;

    fn job() -> Job {
        Job::new(JobId::from_uuid(Default::default()), "test", Value::Null, "system", Value::Null, DateTime::UNIX_EPOCH)
    }

    fn taken(job: Job) -> Job {
        job.take("me", DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_job_runs_and_ends_once() {
        let now = DateTime::UNIX_EPOCH;
        let done = taken(job()).succeed(Value::from(1), now);
        assert_eq!((done.status, done.lease.clone(), done.finished_at), (JobStatus::Succeeded, None, Some(now)));
        assert!(done.allowed_actions().is_empty());
        assert_eq!(done.cancel(now).unwrap_err().state().unwrap().0, "succeeded");
    }

    #[test]
    fn a_job_that_waits_is_cancelled_at_once_and_one_that_runs_at_its_next_step() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(job().cancel(now).unwrap().status, JobStatus::Cancelled);
        let running = taken(job()).cancel(now).unwrap();
        assert_eq!((running.status, running.cancel_requested), (JobStatus::Running, true));
        assert_eq!(taken(running).status, JobStatus::Cancelled, "its worker died meanwhile");
    }

    #[test]
    fn a_job_that_kills_its_workers_is_given_up() {
        let mut job = job();
        for _ in 0..MAX_ATTEMPTS {
            job = taken(job);
            assert_eq!(job.status, JobStatus::Running);
        }
        let given_up = taken(job);
        assert_eq!(given_up.status, JobStatus::Failed);
        assert_eq!(given_up.error.unwrap().code, "internal");
    }

    #[test]
    fn what_a_job_runs_with_is_not_on_the_wire() {
        let json = serde_json::to_value(job()).unwrap();
        for hidden in ["input", "state", "owner", "caller", "lease", "leased_until", "attempts"] {
            assert!(json.get(hidden).is_none(), "{hidden}");
        }
        assert!(json["result"].is_null() && json["progress"]["total"].is_null());
    }
}
