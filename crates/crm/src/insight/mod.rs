//! Insight: figures over the front office, customer value and predictions.

pub mod clv;
pub mod clv_fits;
pub mod metrics;

use platform::prelude::*;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    metrics::operations(t);
    metrics::productivity::operations(t);
    metrics::customers::operations(t);
    clv::operations(t);
    clv_fits::operations(t);
}
