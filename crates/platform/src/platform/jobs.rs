//! Jobs as callers see them, and the starting of one. How a job is worked off stands in `crate::work`.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::ids::JobId;
use domain::platform::jobs::Job;
use persistence::platform::{idempotency, jobs as rows};
use persistence::record;
use serde::Serialize;
use serde_json::{Value, json};

use crate::caller::{Caller, Companies, Permissions};
use crate::prelude::*;

/// Answers under idempotency keys are promised for a day; ended jobs for a week.
const KEEP_KEYS: TimeDelta = TimeDelta::hours(48);
const KEEP_JOBS: TimeDelta = TimeDelta::days(30);
/// How many of each are cleared away in one transaction.
const SWEEP: i64 = 500;

/// The operations of this noun.
pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Job>("platform/jobs", "Work that goes on after its request was answered.");
    n.seen_by(seen);
    n.list("List jobs. Callers with a grant on every company see all, others see their own.").filter(&["status", "kind", "created_at"]);
    n.read("Get a job. Ask again until its status is `succeeded`, `failed` or `cancelled`.");
    n.action(
        "cancel",
        cancel,
        "Cancel a job. One that waits ends at once, one that runs at its next step; what its earlier steps did stays done.",
    );
    t.parts("platform.sweep", TimeDelta::hours(1), sweep);
}

/// Clears away some old idempotency keys and jobs; whether there are more.
fn sweep(cx: &mut Cx) -> Result<bool> {
    let now = cx.now;
    let (keys, jobs) = (idempotency::forget(cx.db(), now - KEEP_KEYS, SWEEP)?, rows::forget(cx.db(), now - KEEP_JOBS, SWEEP)?);
    if keys + jobs > 0 {
        log::info!("cleared away {keys} idempotency keys and {jobs} jobs");
    }
    Ok(keys.max(jobs) as i64 == SWEEP)
}

/// Starts a job of a kind that `Table::work` knows; it runs when this transaction is committed, with the rights of the
/// caller.
pub fn start(cx: &mut Cx, kind: &str, input: &impl Serialize) -> Result<Job> {
    let known = cx.app().table.works.contains_key(kind);
    cx.ensure(known, problems::internal, || format!("nobody works on jobs of the kind {kind}"))?;
    let input = serde_json::to_value(input).map_err(|e| problems::internal.with(e.to_string()))?;
    let job = Job::new(cx.new_id(), kind, input, &cx.caller.id, rights(&cx.caller), cx.now);
    cx.create(job)
}

/// Who has all companies sees all jobs, others see their own.
fn seen(cx: &mut Cx) -> Result<Option<Condition>> {
    match cx.caller.companies.are_all() {
        true => Ok(None),
        false => Ok(Some(rows::of_owner(&cx.caller.id))),
    }
}

fn cancel(cx: &mut Cx, id: JobId) -> Result<Job> {
    let before = cx.load_for_update::<Job>(id)?;
    let after = before.clone().cancel(cx.now)?;
    cx.save(&before, after, "cancelled")
}

/// The rights that a job keeps while it waits.
fn rights(caller: &Caller) -> Value {
    let companies = match &caller.companies {
        Companies::All => Value::Null,
        Companies::These(ids) => json!(ids),
    };
    json!({
        "user_id": caller.user_id,
        "id": caller.id,
        "name": caller.name,
        "permissions": caller.permissions.iter().collect::<Vec<_>>(),
        "companies": companies,
    })
}

/// The caller in whose name a job runs.
pub(crate) fn caller_of(job: &Job) -> Arc<Caller> {
    let kept = &job.caller;
    let text = |name: &str| kept[name].as_str().unwrap_or_default().to_string();
    let words = |name: &str| kept[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    let companies = match kept.get("companies") {
        Some(Value::Null) => Companies::All,
        _ => Companies::These(words("companies").into_iter().filter_map(|id| id.parse().ok()).collect()),
    };
    let user_id = kept["user_id"].as_str().and_then(|id| id.parse().ok());
    Arc::new(Caller {
        user_id,
        id: text("id"),
        name: text("name"),
        permissions: Permissions::of(words("permissions")),
        companies,
        ..Caller::anonymous()
    })
}

/// The job as it is in the database, whoever asks.
pub(crate) fn any(cx: &mut Cx, id: JobId) -> Result<Option<Job>> {
    Ok(record::find_to_change::<Job>(cx.db(), id.uuid())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_runs_with_the_rights_of_its_owner_and_no_more() {
        let company: domain::ids::CompanyId = Id::from_uuid(uuid::Uuid::from_u128(1));
        let owner = Caller {
            id: "usr_1".into(),
            name: "Ann".into(),
            permissions: Permissions::of(["sales.*"]),
            companies: Companies::These([company].into()),
            ..Caller::anonymous()
        };
        let job = Job::new(Id::from_uuid(uuid::Uuid::nil()), "test", Value::Null, &owner.id, rights(&owner), Default::default());
        let again = caller_of(&job);
        assert_eq!((&*again.id, &*again.name), ("usr_1", "Ann"));
        assert!(again.may("sales.orders.read") && !again.may("crm.leads.read"));
        assert_eq!(again.companies, owner.companies);
        assert_eq!(caller_of(&Job { caller: rights(&Caller::system()), ..job.clone() }).companies, Companies::All);
        let nothing = caller_of(&Job { caller: Value::Null, ..job });
        assert!(!nothing.may("sales.orders.read") && nothing.companies == Companies::These(Default::default()));
    }
}
