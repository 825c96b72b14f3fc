//! Service: cases, the queues they wait in, what was promised about them, articles and surveys.

pub(crate) mod cases;
pub(crate) mod entitlements;
pub(crate) mod kb_articles;
pub(crate) mod queues;
pub(crate) mod sla_policies;
pub(crate) mod surveys;
