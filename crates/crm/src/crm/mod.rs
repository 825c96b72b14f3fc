//! Operations of the front office, and what it hears and answers.

pub mod activities;
pub mod assignment_rules;
pub mod competitors;
pub mod forecast_snapshots;
pub mod forecast_submissions;
pub mod forecasts;
pub mod integrity;
pub mod lead_scoring_models;
pub mod leads;
pub mod loss_reasons;
pub mod opportunities;
pub mod pipelines;
pub mod quotas;
pub mod quote_links;
pub mod quotes;
pub mod reports;
pub mod timeline;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    competitors::operations(t);
    loss_reasons::operations(t);
    pipelines::operations(t);
    leads::operations(t);
    opportunities::operations(t);
    activities::operations(t);
    assignment_rules::operations(t);
    lead_scoring_models::operations(t);
    leads::response::operations(t);
    leads::scores::operations(t);
    forecasts::operations(t);
    forecast_snapshots::operations(t);
    forecast_submissions::operations(t);
    quotas::operations(t);
    quotes::operations(t);
    quote_links::operations(t);
    reports::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("activity.completed", leads::responded);
    r.on("activity.created", leads::responded);
    r.on("activity.completed", opportunities::stalling::worked_on);
    r.on("activity.created", opportunities::stalling::worked_on);
    // what was done about a lead moves to its deal when it is converted
    r.on("activity.moved", opportunities::stalling::worked_on);
    r.on("company.created", pipelines::seed);
    // before the back office, which drafts an order from the lines of the deal where no quote became one
    r.first("opportunity.won", quotes::steps::convert_with_deal);
}

/// What the area answers to the others.
pub fn questions(q: &mut Questions) {
    q.answer::<domain::crm::quotes::IsQuoted>(quotes::steps::quoted);
    q.explain("opp", integrity::explain);
    q.explain("quo", integrity::explain_quote);
    q.check(integrity::checks);
    q.check(integrity::quote_checks);
    q.numbered_by("QUO", integrity::quote_numbers);
}
