//! Features of the area `marketing`, one file for each noun.

mod attribution;
mod attribution_credits;
pub(crate) mod attribution_models;
pub(crate) mod campaigns;
pub mod consent_confirmations;
mod consents;
mod journey_enrollments;
pub(crate) mod journeys;
mod lead_form_submissions;
mod lead_forms;
mod segments;
mod suppressions;
mod templates;
mod touchpoints;
