//! The verification of the books as a job: every check that the areas know, one after the other, and the audit chain.

use domain::platform::jobs::Job;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::jobs;
use crate::prelude::*;
use crate::questions::Check;
use crate::sequence;
use crate::work::Work;

const KIND: &str = "verification";

/// A verification to run.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerification {}

/// The operations of this noun.
pub fn operations(t: &mut Table) {
    t.work(KIND, run);
    t.job(
        "run_verification",
        "platform/verifications",
        start,
        "Verify the books. Recomputes every balance, ledger, number series and the audit chain, and names what breaks. \
         The result of the job has `passed` and one entry for each check.",
    )
    .permission("platform.verifications.run");
}

fn start(cx: &mut Cx, body: NewVerification) -> Result<Job> {
    jobs::start(cx, KIND, &body)
}

fn run(work: &mut Work) -> Result<Value> {
    let app = work.app().clone();
    let total = app.questions.checks.len() as i64;
    let system = std::sync::Arc::new(Caller::system());
    let mut found: Vec<Check> = Vec::new();
    for (done, check) in app.questions.checks.iter().enumerate() {
        work.step(done as i64, Some(total))?;
        found.extend(app.read(&system, |cx| check(cx))?);
    }
    Ok(json!({ "passed": found.iter().all(|c| c.passed), "checks": found }))
}

/// Recomputes the hash chain over all facts.
pub(crate) fn audit_chain(cx: &mut Cx) -> Result<Vec<Check>> {
    let checked = sequence::verify_chain(cx.db(), None, |_| {})?;
    let rule = "Every event follows from the one before it and is as it was written.";
    Ok(vec![Check::of("audit_chain", rule, checked.links, checked.breach.into_iter().collect())])
}
