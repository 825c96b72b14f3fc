//! What the platform itself has: work that outlives its request.

pub mod jobs;
