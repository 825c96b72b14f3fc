//! Features of the area `service`, one file for each noun.

pub(crate) mod cases;
mod entitlements;
mod kb_articles;
mod queues;
mod sla_policies;
mod surveys;
