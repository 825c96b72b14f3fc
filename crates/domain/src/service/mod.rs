//! Service: cases, the queues they wait in, what was promised about them, articles and surveys.

pub mod cases;
pub mod entitlements;
pub mod kb_articles;
pub mod queues;
pub mod sla_policies;
pub mod surveys;
