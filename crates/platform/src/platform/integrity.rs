//! The proof of the books on demand: every check that the areas have registered, in one snapshot.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::prelude::*;
use crate::questions::{Check, run_checks};

pub fn operations(t: &mut Table) {
    t.tag("platform/integrity", "The proof that the books are in order.");
    t.report("platform/integrity", integrity, INTEGRITY);
}

const INTEGRITY: &str = "Check the books. Recomputes ledgers, balances and number series in one snapshot, and the audit chain since its \
last checkpoint, and names what breaks. Only the caller's companies are looked at; what all of them share, such as the audit chain, is \
checked for callers who have all companies. A verification, which runs as a job, recomputes the audit chain from its first event.";

/// Whether the books are in order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IntegrityReport {
    /// Whether all checks passed.
    pub passed: bool,
    /// The moment that was looked at.
    pub checked_at: DateTime<Utc>,
    /// Each check and what breaks it.
    #[schema(max_items = 200)]
    pub checks: Vec<Check>,
}

fn integrity(cx: &mut Cx, _: NoFilter) -> Result<IntegrityReport> {
    let checks = run_checks(cx)?;
    Ok(IntegrityReport { passed: checks.iter().all(|c| c.passed), checked_at: cx.now, checks })
}
