//! Insight: figures over the front office, customer value and predictions.

pub mod clv_fits;
pub mod metrics;
pub mod overview;

use crate::personal::Plain;

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[("clv_fits", &["purchases", "margins"])];
