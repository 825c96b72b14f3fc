//! The front office: leads, opportunities, activities, timelines. It never imports the back office.

pub mod crm;

use platform::prelude::*;
use platform::questions::Questions;

/// Declares all operations of this crate.
pub fn operations(t: &mut Table) {
    crm::pipelines::operations(t);
    crm::leads::operations(t);
    crm::opportunities::operations(t);
    crm::activities::operations(t);
    crm::assignment_rules::operations(t);
    crm::touchpoints::operations(t);
    crm::lead_forms::operations(t);
    crm::lead_form_submissions::operations(t);
    crm::lead_scoring_models::operations(t);
    crm::lead_response::operations(t);
    crm::lead_scores::operations(t);
    crm::reports::operations(t);
}

/// Says which facts this crate hears.
pub fn reactions(r: &mut Reactions) {
    r.on("activity.completed", crm::leads::responded);
    r.on("activity.created", crm::leads::responded);
    r.on("company.created", crm::pipelines::seed);
}

/// Says which questions this crate answers.
pub fn questions(q: &mut Questions) {
    q.answer_crm_overview(crm::overview::of_party);
    q.explain("opp", crm::verification::explain);
    q.check(crm::verification::checks);
}
