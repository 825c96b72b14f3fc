//! Receivables: what customers owe, from invoice to settlement.

pub mod credit_notes;
pub mod integrity;
pub mod invoices;
pub mod open_items;
pub mod payment_terms;
pub mod settlement;

use domain::directory::overview::{FinanceOfParty, FinanceOfPartyAsOf};
use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    payment_terms::operations(t);
    invoices::operations(t);
    credit_notes::operations(t);
    open_items::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("company.created", payment_terms::seed);
}

/// What the area answers to the others.
pub fn questions(q: &mut Questions) {
    integrity::questions(q);
    q.answer::<FinanceOfParty>(open_items::overview);
    q.answer::<FinanceOfPartyAsOf>(open_items::overview_as_of);
}
