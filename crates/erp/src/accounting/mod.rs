//! The books: accounts, periods, journal entries, and the reports and checks over them.

pub mod account_determinations;
pub mod accounts;
pub mod campaign_costs;
pub mod integrity;
pub mod journal_entries;
pub mod periods;
pub mod policies;
pub mod posting;
pub mod reports;
pub mod seed;

use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    accounts::operations(t);
    account_determinations::operations(t);
    policies::operations(t);
    periods::operations(t);
    journal_entries::operations(t);
    reports::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("company.created", seed::open_books);
}

/// What the area answers to the others.
pub fn questions(q: &mut Questions) {
    integrity::questions(q);
    q.answer::<domain::marketing::attribution::CampaignCosts>(campaign_costs::spent);
}
