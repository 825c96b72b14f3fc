//! Marketing: capture forms, touches, segments, campaigns, journeys, consent and attribution.

pub mod attribution;
pub mod attribution_credits;
pub mod attribution_models;
pub mod attribution_restatements;
pub mod campaigns;
pub mod consent_confirmations;
pub mod consents;
pub mod journey_enrollments;
pub mod journeys;
pub mod lead_form_submissions;
pub mod lead_forms;
pub mod links;
mod messages;
mod pages;
mod people;
pub mod segments;
pub mod suppressions;
pub mod templates;
pub mod touchpoints;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    touchpoints::operations(t);
    lead_forms::operations(t);
    lead_form_submissions::operations(t);
    journeys::operations(t);
    journey_enrollments::operations(t);
    campaigns::operations(t);
    attribution_models::operations(t);
    attribution::operations(t);
    attribution_credits::operations(t);
    consents::operations(t);
    consent_confirmations::operations(t);
    consents::links::operations(t);
    segments::operations(t);
    suppressions::operations(t);
    templates::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("company.created", attribution_models::seed);
    for named in ["campaign.created", "campaign.updated", "campaign.deleted"] {
        r.on(named, attribution::call);
    }
    r.on("contact.erased", consents::forget);
    r.on("contact.merged", consents::keep_strictest);
    r.on("contact.unmerged", consents::part_again);
    r.on("lead.converted", consents::carry_over);
    r.on("lead_form.submitted", consents::forms::heard);
    r.on("lead.erased", consents::forget);
    r.on("party.erased", consents::forget);
    r.on("consent.recorded", journey_enrollments::opted_out);
    r.on("suppression.created", journey_enrollments::suppressed);
    r.on("contact.erased", journey_enrollments::erased);
    r.on("lead.erased", journey_enrollments::erased);
    r.on("party.erased", journey_enrollments::erased);
    r.on("contact.merged", journey_enrollments::merged);
    r.on("contact.unmerged", journey_enrollments::parted);
    r.on("lead.converted", journey_enrollments::carry_over);
    r.on("party.merged", journey_enrollments::merged);
    r.on("party.unmerged", journey_enrollments::parted);
    r.on("party.merged", consents::keep_strictest);
    r.on("party.unmerged", consents::part_again);
}

/// What the area answers to the others.
pub fn questions(q: &mut Questions) {
    q.answer::<domain::crm::leads::RecordLeadOrigin>(touchpoints::of_new_lead);
    q.check(consents::checks);
    q.check(attribution_credits::checks);
}
