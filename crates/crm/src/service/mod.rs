//! Service: cases, the queues they wait in, what was promised about them, articles and surveys.

pub mod cases;
pub mod entitlements;
pub mod kb_articles;
pub mod queues;
pub mod sla_policies;
pub mod surveys;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    queues::operations(t);
    sla_policies::operations(t);
    entitlements::operations(t);
    cases::operations(t);
    kb_articles::operations(t);
    surveys::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("calendar.updated", cases::recounts::calendar_changed);
}

/// What the area answers to the others.
pub fn questions(q: &mut Questions) {
    q.join_overview("cases", "service.cases.read", cases::overview::of_party);
    q.numbered::<domain::service::cases::Case>("CASE");
}
