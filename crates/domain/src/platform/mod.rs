//! What belongs to no business area: facts, jobs, files.

pub mod files;
pub mod jobs;
