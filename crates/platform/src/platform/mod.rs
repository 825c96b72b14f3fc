//! The platform's own resources: files, jobs and the verification of the books. What runs in a job is said by its area.

pub mod files;
pub mod jobs;
pub mod verifications;

use crate::prelude::*;
use crate::questions::Questions;

/// The operations of this area.
pub fn operations(t: &mut Table) {
    files::operations(t);
    jobs::operations(t);
    verifications::operations(t);
}

/// What this area answers to the others.
pub fn answers(q: &mut Questions) {
    q.check(verifications::audit_chain);
}
