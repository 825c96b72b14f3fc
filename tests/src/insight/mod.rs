//! Insight: figures over the front office, customer value and predictions.

pub(crate) mod clv;
pub(crate) mod clv_fits;
pub(crate) mod metrics;
