//! Rows of what belongs to no business area: facts, keys, numbers, links.

pub mod calendars;
pub mod event_days;
pub mod events;
pub mod files;
pub mod followers;
pub mod idempotency;
pub mod jobs;
pub mod links;
pub mod numbers;
pub mod redactions;
pub mod sequence;
pub mod settings;
pub mod timer_failures;
