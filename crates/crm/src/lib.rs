//! The front office: leads, opportunities, activities, timelines. It never imports the back office.

pub mod crm;
pub mod insight;
pub mod marketing;
pub mod service;

use platform::prelude::*;
use platform::questions::Questions;

/// Declares all operations of this crate.
pub fn operations(t: &mut Table) {
    crm::competitors::operations(t);
    crm::loss_reasons::operations(t);
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
    crm::forecasts::operations(t);
    crm::forecast_snapshots::operations(t);
    crm::forecast_submissions::operations(t);
    crm::metrics::operations(t);
    crm::productivity::operations(t);
    crm::customer_metrics::operations(t);
    crm::clv::operations(t);
    crm::clv_fits::operations(t);
    crm::quotas::operations(t);
    crm::queues::operations(t);
    crm::sla_policies::operations(t);
    crm::entitlements::operations(t);
    crm::cases::operations(t);
    crm::quotes::operations(t);
    crm::kb_articles::operations(t);
    crm::surveys::operations(t);
    crm::reports::operations(t);
    crm::journeys::operations(t);
    crm::journey_enrollments::operations(t);
    crm::campaigns::operations(t);
    crm::attribution_models::operations(t);
    crm::attribution::operations(t);
    crm::attribution_credits::operations(t);
    crm::consents::operations(t);
    crm::consent_confirmations::operations(t);
    crm::consent_links::operations(t);
    crm::segments::operations(t);
    crm::suppressions::operations(t);
    crm::teams::operations(t);
    crm::templates::operations(t);
    crm::territories::operations(t);
}

/// The facts that journeys begin or end with.
const JOURNEY_FACTS: [&str; 13] = [
    "party.created",
    "party.updated",
    "lead.created",
    "lead.qualified",
    "lead.converted",
    "lead_form.submitted",
    "opportunity.won",
    "opportunity.lost",
    "quote.accepted",
    "sales_order.confirmed",
    "delivery.shipped",
    "invoice.posted",
    "case.resolved",
];

/// Says which facts this crate hears.
pub fn reactions(r: &mut Reactions) {
    r.on("activity.completed", crm::leads::responded);
    r.on("activity.created", crm::leads::responded);
    r.on("activity.completed", crm::stalling::worked_on);
    r.on("activity.created", crm::stalling::worked_on);
    r.on("calendar.updated", crm::case_recounts::calendar_changed);
    r.on("company.created", crm::pipelines::seed);
    r.on("company.created", crm::attribution_models::seed);
    for named in ["campaign.created", "campaign.updated", "campaign.deleted"] {
        r.on(named, crm::attribution::call);
    }
    r.on("opportunity.won", crm::quote_steps::convert_with_deal);
    // before the back office, which drafts an order from the lines of the deal where no quote became one
    r.first("opportunity.won", crm::quote_steps::convert_with_deal);
    r.on("contact.erased", crm::consents::forget);
    r.on("contact.merged", crm::consents::keep_strictest);
    r.on("contact.unmerged", crm::consents::part_again);
    r.on("lead.converted", crm::consents::carry_over);
    r.on("lead_form.submitted", crm::consents::from_form);
    r.on("party.erased", crm::consents::forget);
    for fact in JOURNEY_FACTS {
        r.on(fact, crm::journey_runs::heard);
    }
    r.on("consent.recorded", crm::journey_enrollments::opted_out);
    r.on("suppression.created", crm::journey_enrollments::suppressed);
    r.on("contact.erased", crm::journey_enrollments::erased);
    r.on("party.erased", crm::journey_enrollments::erased);
    r.on("lead.converted", crm::journey_enrollments::carry_over);
    r.on("party.merged", crm::journey_enrollments::merged);
    r.on("party.unmerged", crm::journey_enrollments::parted);
    r.on("party.merged", crm::consents::keep_strictest);
    r.on("party.unmerged", crm::consents::part_again);
    crm::attribution_credits::reactions(r);
}

/// Says which questions this crate answers.
pub fn questions(q: &mut Questions) {
    q.answer_crm_overview(crm::overview::of_party);
    q.answer_quoted(crm::quote_steps::quoted);
    q.join_overview("cases", "service.cases.read", crm::case_overview::of_party);
    q.join_overview("quotes", "crm.quotes.read", crm::overview::quotes_of);
    q.numbered::<domain::service::cases::Case>("CASE");
    q.explain("opp", crm::verification::explain);
    q.explain("quo", crm::verification::explain_quote);
    q.check(crm::verification::checks);
    q.check(crm::verification::quote_checks);
    q.numbered_by("QUO", crm::verification::quote_numbers);
    q.check(crm::consents::checks);
    q.check(crm::attribution_credits::checks);
}
