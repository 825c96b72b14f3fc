//! Insight: figures over the front office, customer value and predictions.

pub mod clv;
pub mod clv_fits;
pub mod metrics;
pub mod overview;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    metrics::operations(t);
    metrics::productivity::operations(t);
    metrics::customers::operations(t);
    clv::operations(t);
    clv_fits::operations(t);
}

/// What the area answers to the others.
pub fn questions(q: &mut Questions) {
    q.answer::<domain::directory::overview::FrontOfParty>(overview::of_party);
    q.join_overview("quotes", "crm.quotes.read", overview::quotes_of);
}
