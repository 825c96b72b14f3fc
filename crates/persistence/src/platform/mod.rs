//! Rows of what belongs to no business area: facts, keys, numbers, links.

pub mod events;
pub mod idempotency;
pub mod links;
pub mod numbers;
pub mod settings;
