//! Features of the area `insight`, one file for each noun.

mod clv;
mod clv_fits;
mod metrics;
