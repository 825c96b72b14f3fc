//! The books: what is posted, what customers owe and pay, and the reports and proofs over it.

pub mod accounts;
pub mod periods;
pub mod posting;
mod seed;
mod setup;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of this area.
pub fn operations(t: &mut Table) {
    accounts::operations(t);
    setup::operations(t);
    periods::operations(t);
}

/// What this area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("company.created", seed::open_books);
}

/// What this area answers to the others.
pub fn questions(_q: &mut Questions) {}
