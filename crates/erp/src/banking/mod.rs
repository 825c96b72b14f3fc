//! Banking: money received and paid.

pub mod payments;
pub mod refunds;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    payments::operations(t);
}

/// What the area answers to the others.
pub fn questions(q: &mut Questions) {
    payments::questions(q);
}
