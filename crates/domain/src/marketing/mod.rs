//! Marketing: capture forms, touches, segments, campaigns, journeys, consent and attribution.

pub mod attribution;
pub mod attribution_credits;
pub mod attribution_models;
pub mod campaigns;
pub mod consent_confirmations;
pub mod consents;
pub mod journey_enrollments;
pub mod journeys;
pub mod lead_form_submissions;
pub mod lead_forms;
pub mod segments;
pub mod suppressions;
pub mod templates;
pub mod touchpoints;
