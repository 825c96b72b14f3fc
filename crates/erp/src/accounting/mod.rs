//! The books: what is posted, what customers owe and pay, and the reports and proofs over it.

pub mod accounts;
mod campaign_costs;
pub mod integrity;
pub mod journal_entries;
pub mod periods;
pub mod posting;
mod reports;
mod seed;
mod setup;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of this area.
pub fn operations(t: &mut Table) {
    accounts::operations(t);
    setup::operations(t);
    periods::operations(t);
    journal_entries::operations(t);
    taxes::operations(t);
    invoices::operations(t);
    credit_notes::operations(t);
    payments::operations(t);
    receivables::operations(t);
    reports::operations(t);
}

/// What this area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("company.created", seed::open_books);
}

/// What this area answers to the others.
pub fn questions(q: &mut Questions) {
    proofs::questions(q);
    q.answer_campaign_costs(campaign_costs::spent);
    q.answer_finance_overview(receivables::overview);
    q.answer_finance_as_of(receivables::overview_as_of);
}
