//! Marketing: capture forms, touches, segments, campaigns, journeys, consent and attribution.

pub(crate) mod attribution;
pub(crate) mod attribution_credits;
pub(crate) mod attribution_models;
pub(crate) mod campaigns;
pub(crate) mod consent_confirmations;
pub(crate) mod consents;
pub(crate) mod journey_enrollments;
pub(crate) mod journeys;
pub(crate) mod lead_form_submissions;
pub(crate) mod lead_forms;
pub(crate) mod segments;
pub(crate) mod suppressions;
pub(crate) mod templates;
pub(crate) mod touchpoints;
