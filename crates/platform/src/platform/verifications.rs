//! The verification of the books as a job: every check that the areas know, one after the other, and the audit chain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::platform::jobs::Job;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::jobs;
use crate::prelude::*;
use crate::questions::Check;
use crate::work::Work;

const KIND: &str = "verification";
/// How long one check may take: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A verification to run.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerification {}

/// The operations of this noun.
pub fn operations(t: &mut Table) {
    t.long_work(KIND, run);
    t.job(
        "run_verification",
        "platform/verifications",
        start,
        "Verify the books. Recomputes every balance, ledger and number series of the caller's companies and names what breaks; for who \
         has all companies, the audit chain and what companies share, too. The result of the job has `passed` and one entry for each check.",
    )
    .permission("platform.verifications.run");
}

fn start(cx: &mut Cx, body: NewVerification) -> Result<Job> {
    jobs::start(cx, KIND, &body)
}

fn run(work: &mut Work) -> Result<Value> {
    let app = work.app().clone();
    let looks = of_companies(work.caller());
    let total = app.questions.checks.len() as i64;
    let mut found: Vec<Check> = Vec::new();
    for done in 0..total {
        work.step(done, Some(total))?;
        found.extend(one(&app, &looks, done as usize)?);
    }
    Ok(json!({ "passed": found.iter().all(|c| c.passed), "checks": found }))
}

/// Recomputes the books and says what breaks.
pub fn verify(app: &Arc<App>) -> Result<Vec<Check>> {
    let system = Arc::new(Caller::system());
    let mut found = Vec::new();
    for i in 0..app.questions.checks.len() {
        found.extend(one(app, &system, i)?);
    }
    Ok(found)
}

/// One check in a snapshot of its own: each compares things that change together.
fn one(app: &Arc<App>, looks: &Arc<Caller>, i: usize) -> Result<Vec<Check>> {
    let check = app.questions.checks[i];
    persistence::within(Some(Instant::now() + PATIENCE), || match check.whole {
        // one audit chain for all companies
        Some(_) if !looks.companies.are_all() => Ok(Vec::new()),
        Some(whole) => whole(&app.origin_of(looks)),
        None => app.read(looks, check.usual),
    })
}

/// Looks at everything in the companies of a caller, and at nothing else.
fn of_companies(caller: &Caller) -> Arc<Caller> {
    Arc::new(Caller { companies: caller.companies.clone(), ..Caller::system() })
}
