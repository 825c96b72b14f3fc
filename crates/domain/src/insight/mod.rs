//! Insight: figures over the front office, customer value and predictions.

pub mod clv;
pub mod clv_fits;
pub mod metrics;
